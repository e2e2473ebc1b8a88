//! Counts everything anew and compares with what the store says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::domain::contact::Contact;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Invitation, Lane};
use crate::domain::journey::Channel;
use crate::report::tally::{Cell, Tally, contribution};
use crate::store::Store;

/// Every invitation, read in pages.
pub(crate) async fn every_invitation(store: &dyn Store) -> Vec<Invitation> {
    let (mut all, mut after) = (Vec::<Invitation>::new(), None);
    loop {
        let page = store.invitations_after(after, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        all.extend(page);
    }
    assert!(all.iter().map(|invitation| invitation.id).is_sorted());
    all
}

/// Counters, lanes, the list of unknown outcomes and responses are what the invitations come to.
pub(crate) async fn check(store: &dyn Store) {
    let all = every_invitation(store).await;
    check_tallies(store, &all).await;
    check_lanes(store, &all).await;
    check_kin(store, &all).await;
    let unknown = store.unknown_after(None, usize::MAX).await.unwrap();
    let was_unknown = |invitation: &&Invitation| invitation.attempts.iter().any(|attempt| attempt.was_unknown);
    let expected: Vec<InvitationId> = all.iter().filter(was_unknown).map(|invitation| invitation.id).collect();
    assert_eq!(unknown.iter().map(|invitation| invitation.id).collect::<Vec<_>>(), expected);
    for invitation in &all {
        let response = store.response(&store.seal().response_id(&invitation.id)).await.unwrap();
        let stored = response.as_ref().map(|response| (response.first_at, response.late));
        assert_eq!(stored, invitation.answer.map(|mark| (mark.first_at, mark.late)));
        // What is added after the window is kept, and does not count.
        let said = response.map(|response| response.completeness);
        assert!(said >= invitation.answer.map(|mark| mark.completeness));
        assert!(store.invitations_of(&invitation.contact).await.unwrap().contains(invitation));
    }
}

/// Whose invitations count for a person's budgets is what a look at every pair of contacts gives.
async fn check_kin(store: &dyn Store, all: &[Invitation]) {
    let contacts = store.contacts_after(None, usize::MAX).await.unwrap();
    let folded = |contact: &Contact, channel| contact.address(channel).map(str::to_lowercase);
    for contact in &contacts {
        let shares = |other: &Contact| {
            let same = |channel| folded(contact, channel).is_some_and(|own| Some(own) == folded(other, channel));
            other.id != contact.id && Channel::ALL.into_iter().any(same)
        };
        let kin: BTreeSet<_> = contacts.iter().filter(|other| shares(other)).map(|other| &other.id).collect();
        let expected: BTreeSet<_> = all.iter().filter(|it| kin.contains(&it.contact)).map(|it| it.id).collect();
        let facts = store.facts(&contact.id).await.unwrap();
        assert_eq!(facts.kin.iter().map(|it| it.id).collect::<BTreeSet<_>>(), expected, "{}", contact.id);
    }
}

async fn check_tallies(store: &dyn Store, all: &[Invitation]) {
    let mut expected = BTreeMap::<Cell, Tally>::new();
    for (cell, tally) in all.iter().filter_map(contribution) {
        *expected.entry(cell).or_default() += tally;
    }
    let kept = store.tallies(NaiveDate::MIN, NaiveDate::MAX).await.unwrap();
    for (cell, kept) in &kept {
        let naive = expected.remove(cell).unwrap_or_default();
        assert_eq!((kept.all, kept.email, kept.sms), (naive.all, naive.email, naive.sms), "{cell:?}");
        // A closing time never comes nearer: it may have been that of a case which is being tried again.
        assert!(kept.closes_at >= naive.closes_at, "{cell:?}");
    }
    assert_eq!(expected, BTreeMap::new());
}

async fn check_lanes(store: &dyn Store, all: &[Invitation]) {
    let due = || all.iter().filter_map(Invitation::due);
    let lengths = Lane::ALL.map(|lane| due().filter(|due| due.lane == lane).count() as u64);
    assert_eq!(store.queue().await.unwrap(), lengths);
    for lane in Lane::ALL {
        let first = due().filter(|due| due.lane == lane).map(|due| due.at).min();
        assert_eq!(store.next_due(lane).await.unwrap(), first, "{lane:?}");
    }
}
