//! What cannot happen through the port: records that this canvass cannot read.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::{dispatch, invitations, windows};
use crate::domain::id::InvitationId;
use crate::domain::invitation::Lane;
use crate::domain::journey::Channel::{Email, Sms};
use crate::domain::route::{Room, Route};
use crate::plan::pace::RouteState;
use crate::store::contract::unit::Unit;
use crate::store::contract::world::{WINDOW, accepted, contact_id, days, event, guest, hours, noon, retry};
use crate::store::memory::Map;
use crate::store::view::{Pairs, Reading, View};
use crate::store::{Arrival, Expiry, LookUp, Outlook, StoreError, keys, outlook, reads, record};

/// A record of a version that is not known yet.
const NEWER: [u8; 3] = [200, 1, 2];

#[test]
fn a_due_invitation_that_cannot_be_read_does_not_hold_up_the_others_and_comes_again_when_it_can() {
    let empty = Map(BTreeMap::new());
    let mut view = View::of(&empty);
    let mut unit = Unit::new(&mut view);
    let ids = ["ada", "bob", "cyd"].map(|who| unit.invite(&event("renewal", &contact_id(who), who, noon())));
    let key = keys::invitation(&ids[1]);
    let readable = view.get(&key).unwrap().unwrap();
    view.put(key.clone(), NEWER.to_vec());

    let leased = Unit::new(&mut view).lease_due(Email, 10, noon());
    assert_eq!((leased.leases.len(), leased.n_withheld, leased.n_unreadable), (2, 0, 1));
    assert!(leased.leases.iter().all(|lease| lease.invitation.id != ids[1]));
    let leased = Unit::new(&mut view).lease_due(Email, 10, noon());
    assert_eq!((leased.leases.len(), leased.n_unreadable), (0, 0));
    assert_eq!(reads::queue(&view).unwrap(), [0, 2, 1, 0]);
    assert_eq!(reads::next_due(&view, Lane::Send(Email)).unwrap(), Some(noon() + hours(1)));

    // A canvass that can read it comes back.
    view.put(key, readable);
    let leased = Unit::new(&mut view).lease_due(Email, 10, noon() + hours(1));
    assert_eq!((leased.leases.len(), leased.n_withheld), (0, 1));
    let leased = Unit::new(&mut view).lease_due(Email, 10, noon() + hours(1));
    assert_eq!(leased.leases.first().map(|lease| lease.invitation.id), Some(ids[1]));
    assert_eq!(reads::queue(&view).unwrap(), [0, 3, 0, 0]);
    assert_eq!(reads::next_due(&view, Lane::Send(Email)).unwrap(), None);
}

#[test]
fn nobody_is_written_to_while_something_of_them_cannot_be_read() {
    let empty = Map(BTreeMap::new());
    let mut view = View::of(&empty);
    let mut unit = Unit::new(&mut view);
    let due = unit.invite(&event("renewal", &contact_id("ada"), "e-1", noon()));
    let other = unit.invite(&event("delivery", &contact_id("ada"), "e-2", noon()));
    // Whether the budget is used up, nobody can tell.
    view.put(keys::invitation(&other), NEWER.to_vec());
    let leased = Unit::new(&mut view).lease_due(Email, 10, noon());
    assert_eq!((leased.leases.len(), leased.n_unreadable), (0, 1));
    assert!(reads::invitation(&view, &due).unwrap().unwrap().attempts.is_empty());
}

#[test]
fn leases_end_beside_those_that_cannot_be_read() {
    let empty = Map(BTreeMap::new());
    let mut view = View::of(&empty);
    let mut unit = Unit::new(&mut view);
    let ids = ["ada", "bob"].map(|who| unit.invite(&event("renewal", &contact_id(who), who, noon())));
    let until = unit.lease(Email).until;
    unit.lease(Email);
    view.put(keys::invitation(&ids[0]), NEWER.to_vec());
    let expiry = Expiry { now: until, before: until, email: retry(Email, until), sms: retry(Sms, until) };
    assert_eq!(dispatch::expire_leases(&mut view, &expiry).unwrap(), 1);
    assert_eq!(dispatch::expire_leases(&mut view, &expiry).unwrap(), 0);
}

/// Guests whose windows end at once, in one entry.
fn asked<const N: usize>(view: &mut View<'_>, whose: [&str; N]) -> [InvitationId; N] {
    let mut unit = Unit::new(view);
    let ids = whose.map(|who| unit.invite(&event("renewal", &contact_id(who), who, noon())));
    unit.send_together([(); N].map(|()| (Email, accepted())));
    assert_eq!(view.prefix(&keys::lane(Lane::Close)).count(), 1);
    ids
}

#[test]
fn an_invitation_that_cannot_be_read_is_left_for_an_hour_and_those_beside_it_are_closed() {
    let empty = Map(BTreeMap::new());
    let mut view = View::of(&empty);
    let [_, other, _] = asked(&mut view, ["ada", "bob", "cyd"]);
    let key = keys::invitation(&other);
    let readable = view.get(&key).unwrap().unwrap();
    view.put(key.clone(), NEWER.to_vec());
    let ends_at = noon() + WINDOW;
    assert_eq!(windows::close(&mut view, ends_at, 10).unwrap(), 2);
    assert_eq!(windows::close(&mut view, ends_at, 10).unwrap(), 0);
    assert_eq!(reads::next_due(&view, Lane::Close).unwrap(), Some(ends_at + hours(1)));
    view.put(key, readable);
    assert_eq!(windows::close(&mut view, ends_at + hours(1), 10).unwrap(), 1);
    assert_eq!((reads::queue(&view).unwrap(), reads::next_due(&view, Lane::Close).unwrap()), ([0; 4], None));
}

#[test]
fn windows_whose_entry_cannot_be_read_wait_an_hour_and_take_nobodys_place() {
    let empty = Map(BTreeMap::new());
    let mut view = View::of(&empty);
    let [ada, bob, cyd, dan] = asked(&mut view, ["ada", "bob", "cyd", "dan"]);
    let ends_at = noon() + WINDOW;
    let (entry, _) = view.prefix(&keys::lane(Lane::Close)).next().unwrap().unwrap();
    view.remove(entry);
    let entries = [(ada, ends_at, [200]), (ada, ends_at - hours(1), [201]), (dan, ends_at, [1])];
    for (id, at, value) in entries {
        view.put(keys::windows(at, &id), value.to_vec());
    }
    assert_eq!(windows::close(&mut view, ends_at, 10).unwrap(), 1);
    assert_eq!(windows::close(&mut view, ends_at, 10).unwrap(), 0);
    let aside: Vec<_> = view.prefix(&keys::lane(Lane::Close)).map(Result::unwrap).collect();
    let (first, second) = (ends_at + hours(1), ends_at + hours(1) + TimeDelta::seconds(1));
    let expected = [(keys::windows(first, &ada), vec![201]), (keys::windows(second, &ada), vec![200])];
    assert_eq!(aside, expected);

    // A canvass that can read them comes back.
    view.put(keys::windows(first, &ada), record::windows::write(&[bob]));
    view.put(keys::windows(second, &ada), record::windows::write(&[cyd]));
    assert_eq!(windows::close(&mut view, second, 10).unwrap(), 3);
    assert_eq!((reads::queue(&view).unwrap(), reads::next_due(&view, Lane::Close).unwrap()), ([0; 4], None));
}

#[test]
fn a_window_that_ends_later_than_its_entry_says_is_looked_at_again_at_its_end_and_one_of_nobody_is_forgotten() {
    let empty = Map(BTreeMap::new());
    let mut view = View::of(&empty);
    let [ada, bob] = asked(&mut view, ["ada", "bob"]);
    let (entry, _) = view.prefix(&keys::lane(Lane::Close)).next().unwrap().unwrap();
    view.remove(entry);
    let nobody = InvitationId::from_bytes([7; 16]);
    view.put(keys::windows(noon(), &nobody), record::windows::write(&[ada, bob]));
    assert_eq!(windows::close(&mut view, noon() + hours(1), 10).unwrap(), 0);
    let ends_at = noon() + WINDOW;
    assert_eq!((view.prefix(&keys::lane(Lane::Close)).count(), reads::queue(&view).unwrap()), (1, [2, 0, 0, 0]));
    assert_eq!(reads::next_due(&view, Lane::Close).unwrap(), Some(ends_at));
    assert_eq!(windows::close(&mut view, ends_at, 10).unwrap(), 2);
    assert_eq!((reads::queue(&view).unwrap(), reads::next_due(&view, Lane::Close).unwrap()), ([0; 4], None));
}

#[test]
fn the_counts_of_days_that_are_over_are_removed_and_nothing_else() {
    let empty = Map(BTreeMap::new());
    let mut view = View::of(&empty);
    // Rooms are hashes, so some sort before any day.
    let domain = Route::Domain("guests.example".to_owned());
    let (low, state) = (keys::route(Room::from_bytes([0; 8])), RouteState { n_failures: 1, ..RouteState::default() });
    view.put(low.clone(), record::route::write(&domain, state).unwrap());
    for n in 0..10 {
        let now = noon() + days(n);
        let mut unit = Unit::new(&mut view);
        unit.cap();
        unit.invite(&event("renewal", &contact_id("ada"), &format!("e-{n}"), now));
        assert_eq!(unit.lease_due(Email, 1, now).leases.len(), 1);
        let counts = view.prefix(&[keys::kind::BRANCH_DAY]).count();
        assert!((1..=4).contains(&counts), "{counts} on day {n}");
    }
    assert!(view.get(&low).unwrap().is_some());
}

/// A store in which a unit of work is done before anybody reads a run of pairs.
struct Moving {
    before: Map,
    after: Map,
    has_moved: Cell<bool>,
}

impl Moving {
    fn now(&self) -> &Map {
        if self.has_moved.get() { &self.after } else { &self.before }
    }
}

impl Reading for Moving {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.now().get(key)
    }

    fn range(&self, from: &[u8], to: &[u8]) -> Pairs<'_> {
        self.has_moved.set(true);
        self.now().range(from, to)
    }
}

#[test]
fn an_invitation_whose_lease_ends_while_it_is_looked_at_is_seen_as_it_is_then() {
    let map = |act: &dyn Fn(&mut Unit<'_, '_>)| {
        let empty = Map(BTreeMap::new());
        let mut view = View::of(&empty);
        let mut unit = Unit::new(&mut view);
        let id = unit.invite(&event("renewal", &contact_id("ada"), "e-1", noon()));
        act(&mut unit);
        let pairs = view.into_changes().into_iter().filter_map(|(key, value)| Some((key, value?)));
        (id, Map(pairs.collect()))
    };
    let (id, before) = map(&|unit| drop(unit.lease(Email)));
    let (_, after) = map(&|unit| unit.send(Email, accepted()));
    let moving = Moving { before, after, has_moved: Cell::new(false) };
    let seen = reads::invitation(&moving, &id).unwrap().unwrap();
    assert_eq!(seen.attempts.len(), 1);
    assert!(moving.has_moved.get());
}

#[test]
fn of_many_plans_one_that_fails_half_way_leaves_nothing_behind_and_the_others_are_stored() {
    let empty = Map(BTreeMap::new());
    let seal = Unit::new(&mut View::of(&empty)).seal();
    let stored = |whose: &[&str]| {
        let mut view = View::of(&empty);
        let number = guest("bob").phone.unwrap();
        // By then their mail address is noted down.
        view.put(keys::address(seal.address_mark(Sms, number.as_str())), NEWER.to_vec());
        let unit = Unit::new(&mut view);
        let plans: Vec<_> = whose.iter().map(|who| unit.plan(&event("visit", &contact_id(who), who, noon()))).collect();
        let applied = invitations::apply_plans(&mut view, &seal, &plans);
        (applied.iter().map(Result::is_ok).collect::<Vec<_>>(), view.into_changes())
    };
    let (applied, with) = stored(&["ada", "bob", "cyd"]);
    assert_eq!(applied, [true, false, true]);
    assert_eq!(with, stored(&["ada", "cyd"]).1);
}

#[test]
fn of_many_arrivals_one_that_cannot_be_read_fails_by_itself() {
    let empty = Map(BTreeMap::new());
    let mut view = View::of(&empty);
    view.put(keys::contact(&contact_id("bob")), NEWER.to_vec());
    let arrivals = |whose: &[&str]| -> Vec<_> {
        whose.iter().map(|who| Arc::new(Arrival { event: None, news: guest(who) })).collect()
    };
    let request = |under_way: &[&str], whose: &[&str]| LookUp {
        arrivals: arrivals(whose),
        under_way: arrivals(under_way),
        n_max: 10,
    };
    let seal = Unit::new(&mut view).seal();
    let outlooks = outlook::look_up(&view, &seal, &request(&[], &["ada", "bob", "cyd"]));
    assert!(matches!(outlooks[..], [Ok(Outlook::Known(_)), Err(_), Ok(Outlook::Known(_))]), "{outlooks:?}");
    // As long as one is under way of whom nothing can be said, all others wait.
    let outlooks = outlook::look_up(&view, &seal, &request(&["ada", "bob"], &["cyd", "dan"]));
    assert!(matches!(outlooks[..], [Ok(Outlook::Waits), Ok(Outlook::Waits)]), "{outlooks:?}");
}
