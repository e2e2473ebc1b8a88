//! Counts everything anew and compares with what the store says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::contact::Contact;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Invitation, Lane};
use crate::domain::journey::Channel;
use crate::report::tally::{Cell, Tally, contribution};
use crate::store::dump::{DumpReader, Record};
use crate::store::work::windows::TOGETHER_MAX;
use crate::store::{Store, keys, record};

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

/// The entries of windows on the due index: when they are looked at, and the invitations in them.
pub(crate) async fn windows(store: &dyn Store) -> Vec<(DateTime<Utc>, Vec<InvitationId>)> {
    let (mut dump, mut bytes) = (store.begin_dump(DateTime::UNIX_EPOCH).await.unwrap(), Vec::new());
    while let Some(more) = store.next_of_dump(&mut dump).await.unwrap() {
        bytes.extend(more);
    }
    let (mut reader, mut entries) = (DumpReader::open(&bytes[..]).unwrap(), BTreeMap::new());
    while let Some(Record { key, value }) = reader.record().unwrap() {
        match value {
            Some(value) => entries.insert(key, value),
            None => entries.remove(&key),
        };
    }
    let on_lane = entries.into_iter().filter(|(key, _)| key.starts_with(&keys::lane(Lane::Close)));
    let read = on_lane.map(|(key, value)| {
        let (at, first) = keys::read_due(&key).unwrap();
        (at, std::iter::once(first).chain(record::windows::read(&value).unwrap()).collect())
    });
    read.collect()
}

/// Counters, lanes, the list of unknown outcomes and responses are what the invitations come to.
pub(crate) async fn check(store: &dyn Store) {
    let all = every_invitation(store).await;
    check_tallies(store, &all).await;
    check_lanes(store, &all).await;
    check_windows(store, &all).await;
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
    for lane in Lane::ALL.into_iter().filter(|lane| *lane != Lane::Close) {
        let first = due().filter(|due| due.lane == lane).map(|due| due.at).min();
        assert_eq!(store.next_due(lane).await.unwrap(), first, "{lane:?}");
    }
}

/// Nobody's window ends unseen: each has an entry that is looked at by its end, rounded up to a whole second.
async fn check_windows(store: &dyn Store, all: &[Invitation]) {
    let entries = windows(store).await;
    assert_eq!(store.next_due(Lane::Close).await.unwrap(), entries.first().map(|(at, _)| *at));
    assert!(entries.iter().all(|(_, ids)| (1..=TOGETHER_MAX).contains(&ids.len())));
    // Latest first, so that the earliest stays.
    let earliest: BTreeMap<_, _> =
        entries.iter().rev().flat_map(|(at, ids)| ids.iter().map(move |id| (*id, *at))).collect();
    for invitation in all {
        let ends_at = invitation.due().filter(|due| due.lane == Lane::Close).map(|due| keys::whole_second(due.at));
        let looked_at = earliest.get(&invitation.id).copied();
        assert!(ends_at.is_none() || looked_at.is_some_and(|at| Some(at) <= ends_at), "{looked_at:?}: {invitation:?}");
    }
}
