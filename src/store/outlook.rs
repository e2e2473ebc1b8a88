//! What planning has to know of many arrivals at once, so that planning them together comes to what planning them one after
//! the other would.
//!
//! What is planned for one contact changes what is known of that contact, and of those who share an address with them, before
//! or after the news: they count as one person. So an arrival that has an earlier one's event id, its contact or an address
//! of that contact waits: what it is to be planned on is not there yet. All others know nothing of each other, and their
//! plans can be stored in any order.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::record::address::Holders;
use super::view::Reading;
use super::work::addresses;
use super::work::leases::Leases;
use super::{StoreError, reads};
use crate::domain::contact::Contact;
use crate::domain::contact_change::ContactChange;
use crate::domain::id::{ContactId, EventId};
use crate::domain::journey::Channel;
use crate::domain::seal::Seal;
use crate::plan::{Facts, RecordedEvent};

/// Something that is to be planned for.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The event's id, if it is one; a clock that fires is none.
    pub event: Option<EventId>,
    /// Whom it is about, with the news that came with it.
    pub news: ContactChange,
}

/// What is known before an arrival is planned for.
#[derive(Clone, Debug)]
pub enum Outlook {
    /// The event was recorded before, with these decisions.
    Recorded(RecordedEvent),
    /// It can be planned for.
    Known(Box<Known>),
    /// What it is to be planned on is not there yet.
    Waits,
}

/// What an arrival is planned on.
#[derive(Clone, Debug)]
pub struct Known {
    /// What was known before the news; which addresses are suppressed, and who shares one, is said of those after it.
    pub facts: Facts,
    /// The contact after the news.
    pub contact: Contact,
}

/// Arrivals to be looked up.
#[derive(Clone, Debug)]
pub struct LookUp {
    /// The arrivals.
    pub arrivals: Vec<Arc<Arrival>>,
    /// Earlier ones whose plans are being stored meanwhile.
    pub under_way: Vec<Arc<Arrival>>,
    /// How many that can be planned for are wanted.
    pub n_max: usize,
}

/// What is known of each arrival, in their order.
pub(super) fn look_up(
    db: &dyn Reading,
    seal: &Seal,
    LookUp { arrivals, under_way, n_max }: &LookUp,
) -> Vec<Result<Outlook, StoreError>> {
    let (mut ahead, mut n_known) = (Ahead::default(), 0);
    if under_way.iter().any(|arrival| ahead.see(db, seal, arrival).is_err()) {
        // Nobody can tell what hangs on that one, until it is done.
        return arrivals.iter().map(|_| Ok(Outlook::Waits)).collect();
    }
    let outlooks = arrivals.iter().map(|arrival| {
        if n_known == *n_max {
            return Ok(Outlook::Waits);
        }
        let outlook = ahead.look_at(db, seal, arrival);
        n_known += usize::from(matches!(outlook, Ok(Outlook::Known(_))));
        outlook
    });
    outlooks.collect()
}

/// What the arrivals before have to do with.
#[derive(Default)]
struct Ahead<'a> {
    events: BTreeSet<&'a EventId>,
    contacts: BTreeSet<&'a ContactId>,
    addresses: BTreeSet<[u8; 16]>,
}

impl<'a> Ahead<'a> {
    fn look_at(&mut self, db: &dyn Reading, seal: &Seal, arrival: &'a Arrival) -> Result<Outlook, StoreError> {
        let new_event = arrival.event.as_ref().filter(|id| !self.events.contains(id));
        if let Some(recorded) = new_event.map(|id| reads::event(db, id)).transpose()?.flatten() {
            return Ok(Outlook::Recorded(recorded));
        }
        let Some(Seen { before, after, kin, suppressed }) = self.see(db, seal, arrival)? else {
            return Ok(Outlook::Waits);
        };
        let history = reads::invitations_of(db, seal, &after.id)?;
        let kin = reads::invitations_of_all(db, seal, &kin, &mut Leases::default())?;
        let facts = Facts { contact: before, history, kin, suppressed, ..Facts::default() };
        Ok(Outlook::Known(Box::new(Known { facts, contact: after })))
    }

    /// Notes what an arrival has to do with, and gives whom it is about, unless it hangs on one before.
    fn see(&mut self, db: &dyn Reading, seal: &Seal, arrival: &'a Arrival) -> Result<Option<Seen>, StoreError> {
        let is_new = arrival.event.as_ref().is_none_or(|id| self.events.insert(id));
        let news = &arrival.news;
        if !self.contacts.insert(&news.id) {
            // The other addresses that the contact will have by then are those of the earlier arrivals.
            self.addresses.extend(given_addresses(seal, news));
            return Ok(None);
        }
        let before = reads::contact(db, &news.id)?;
        let (after, _) = news.clone().applied_to(before.clone());
        let Around { kin, suppressed, marks } = Around::of(db, seal, (before.as_ref(), &after))?;
        let is_alone = self.addresses.is_disjoint(&marks);
        self.addresses.extend(marks);
        Ok((is_new && is_alone).then_some(Seen { before, after, kin, suppressed }))
    }
}

/// Whom an arrival is about.
struct Seen {
    before: Option<Contact>,
    after: Contact,
    kin: BTreeSet<ContactId>,
    suppressed: Vec<Channel>,
}

/// The addresses that come with the news.
fn given_addresses(seal: &Seal, news: &ContactChange) -> impl Iterator<Item = [u8; 16]> {
    let email = news.email.as_ref().map(|email| seal.address_mark(Channel::Email, email.as_str()));
    let phone = news.phone.as_ref().map(|phone| seal.address_mark(Channel::Sms, phone.as_str()));
    email.into_iter().chain(phone)
}

/// What the addresses of a contact tell.
#[derive(Default)]
struct Around {
    /// The others who have one of those after the news.
    kin: BTreeSet<ContactId>,
    /// The channels on which the one after the news is suppressed.
    suppressed: Vec<Channel>,
    /// Those before and after the news that say who a person is.
    marks: BTreeSet<[u8; 16]>,
}

impl Around {
    fn of(db: &dyn Reading, seal: &Seal, (before, after): (Option<&Contact>, &Contact)) -> Result<Self, StoreError> {
        let mut around = Self::default();
        for channel in Channel::ALL {
            let new = after.address(channel);
            let old = before.and_then(|before| before.address(channel)).filter(|old| Some(*old) != new);
            if let Some(old) = old {
                around.see(db, seal.address_mark(channel, old))?;
            }
            if let Some(new) = new {
                let mark = seal.address_mark(channel, new);
                let holders = around.see(db, mark)?;
                around.kin.extend(holders);
                if reads::is_suppressed(db, mark)? {
                    around.suppressed.push(channel);
                }
            }
        }
        around.kin.remove(&after.id);
        Ok(around)
    }

    /// Gives who has an address. One that a crowd has joins nobody, whoever comes or goes.
    fn see(&mut self, db: &dyn Reading, mark: [u8; 16]) -> Result<Vec<ContactId>, StoreError> {
        let ids = match addresses::read(db, mark)? {
            Some(Holders::Crowd) => return Ok(Vec::new()),
            Some(Holders::Known(ids)) => ids,
            None => Vec::new(),
        };
        self.marks.insert(mark);
        Ok(ids)
    }
}
