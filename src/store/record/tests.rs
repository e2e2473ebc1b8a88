//! Every stored form reads back as it was, and what cannot be read says so.

mod invitations;
mod strategies;

use proptest::prelude::*;

use super::super::StoreError;
use super::super::keys::kind;
use super::super::migrate::Layout;
use super::{
    address, branch_day, card, contact, conversation, event, gateway_day, hold, invitation, layout, response,
    suppression, survey, tally, taps, windows,
};
use crate::plan::limits::DaySends;
use crate::report::tally::{Counts, SurfaceTally, Tally};

/// Each kind, and what its reader says of these bytes.
type Readers = [(u8, fn(&[u8]) -> Result<(), StoreError>); 18];

const READERS: Readers = [
    (kind::CONTACT, |bytes| contact::read(bytes).map(drop)),
    (kind::CONVERSATION, |bytes| conversation::read(bytes).map(drop)),
    (kind::INVITATION, |bytes| invitation::read(bytes).map(drop)),
    (kind::EVENT, |bytes| event::read(bytes).map(drop)),
    (kind::SURVEY, |bytes| survey::read(bytes).map(drop)),
    (kind::RESPONSE, |bytes| response::read(bytes).map(drop)),
    (kind::CARD, |bytes| card::read(bytes).map(drop)),
    (kind::HOLD, |bytes| hold::read(bytes).map(drop)),
    (kind::TAPS, |bytes| taps::read(bytes).map(drop)),
    (kind::TALLY, |bytes| tally::read(bytes).map(drop)),
    (kind::SURFACE, |bytes| tally::read_surface(bytes).map(drop)),
    (kind::ADDRESS, |bytes| address::read(bytes).map(drop)),
    (kind::BRANCH_DAY, |bytes| branch_day::read(bytes).map(drop)),
    (kind::GATEWAY_DAY, |bytes| gateway_day::read(bytes).map(drop)),
    (kind::SUPPRESSED, |bytes| suppression::read(bytes).map(drop)),
    (kind::DUE, |bytes| windows::read(bytes).map(drop)),
    (kind::META, |bytes| tally::read_queue(bytes).map(drop)),
    (kind::META, |bytes| layout::read(bytes).map(drop)),
];

#[track_caller]
fn check_unreadable(kind: u8, read: Result<(), StoreError>) -> String {
    match read {
        Err(StoreError::Unreadable { kind: named, reason }) if named == char::from(kind) => reason,
        other => panic!("{:?} of kind {:?}", other, char::from(kind)),
    }
}

fn tallies() -> impl Strategy<Value = Tally> {
    let counts = || any::<[i64; Counts::LEN]>().prop_map(Counts::from_array);
    (counts(), counts(), counts(), prop::option::of(strategies::instant()))
        .prop_map(|(all, email, sms, closes_at)| Tally { all, email, sms, closes_at })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn contacts_read_back_as_they_were(given in strategies::contact()) {
        prop_assert!(contact::read(&contact::write(&given).unwrap()).unwrap() == given);
    }

    #[test]
    fn conversations_read_back_as_they_were(given in invitations::conversation()) {
        prop_assert_eq!(conversation::read(&conversation::write(&given).unwrap()).unwrap(), given);
    }

    #[test]
    fn invitations_read_back_as_they_were(given in invitations::invitation()) {
        let read = invitation::read(&invitation::write(&given).unwrap()).unwrap();
        prop_assert_eq!(read, given);
    }

    #[test]
    fn events_read_back_as_they_were(given in strategies::event()) {
        prop_assert_eq!(event::read(&event::write(&given).unwrap()).unwrap(), given);
    }

    #[test]
    fn surveys_read_back_as_they_were_and_in_the_same_version(given in strategies::survey()) {
        let read = survey::read(&survey::write(&given).unwrap()).unwrap();
        prop_assert_eq!(read.version(), given.version());
        prop_assert_eq!(read, given);
    }

    #[test]
    fn responses_read_back_as_they_were(given in strategies::response()) {
        prop_assert_eq!(response::read(&response::write(&given).unwrap()).unwrap(), given);
    }

    #[test]
    fn holds_read_back_as_they_were(given in invitations::hold()) {
        prop_assert_eq!(hold::read(&hold::write(&given).unwrap()).unwrap(), given);
    }

    #[test]
    fn cards_read_back_as_they_were(given in strategies::card()) {
        prop_assert_eq!(card::read(&card::write(&given).unwrap()).unwrap(), given);
    }

    #[test]
    fn taps_read_back_as_they_were(given in strategies::taps()) {
        prop_assert_eq!(taps::read(&taps::write(&given).unwrap()).unwrap(), given);
    }

    #[test]
    fn counters_read_back_as_they_were(
        given in tallies(), surface in any::<[i64; 4]>(), queue in any::<[u64; 4]>(), [email, sms] in any::<[u32; 2]>(),
    ) {
        let day = DaySends { email, sms };
        prop_assert_eq!(tally::read(&tally::write(&given).unwrap()).unwrap(), given);
        let [sessions, complete, partial, flagged] = surface;
        let surface = SurfaceTally { sessions, complete, partial, flagged };
        prop_assert_eq!(tally::read_surface(&tally::write_surface(&surface).unwrap()).unwrap(), surface);
        prop_assert_eq!(tally::read_queue(&tally::write_queue(queue).unwrap()).unwrap(), queue);
        prop_assert_eq!(branch_day::read(&branch_day::write(day).unwrap()).unwrap(), day);
    }

    #[test]
    fn holders_of_an_address_read_back_as_they_were(ids in prop::collection::vec(strategies::contact_id(), 0..4)) {
        for given in [address::Holders::Known(ids), address::Holders::Crowd] {
            prop_assert_eq!(address::read(&address::write(&given).unwrap()).unwrap(), given);
        }
    }

    #[test]
    fn windows_that_end_together_read_back_as_they_were(ids in prop::collection::vec(strategies::invitation_id(), 0..4)) {
        let written = windows::write(&ids);
        prop_assert_eq!(&windows::read(&written).unwrap(), &ids);
        let is_cut = windows::read(&written[..written.len() - 1]);
        check_unreadable(kind::DUE, is_cut.map(drop));
    }

    #[test]
    fn layouts_read_back_as_they_were(number in any::<u32>(), under_way in prop::option::of(any::<Vec<u8>>())) {
        let given = Layout { number, under_way };
        prop_assert_eq!(layout::read(&layout::write(&given).unwrap()).unwrap(), given);
    }

    #[test]
    fn no_bytes_make_a_reader_panic_and_what_it_refuses_is_named(
        bytes in prop::collection::vec(any::<u8>(), 0..200), version in 0_u8..3,
    ) {
        let versioned: Vec<u8> = std::iter::once(version).chain(bytes.iter().copied()).collect();
        for (kind, read) in READERS {
            for record in [&bytes, &versioned] {
                let result = read(record);
                if result.is_err() || !matches!(record.first(), Some(1 | 2)) {
                    check_unreadable(kind, result);
                }
            }
        }
    }

    #[test]
    fn a_damaged_invitation_never_makes_the_reader_panic(
        given in invitations::invitation(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut record = invitation::write(&given).unwrap();
        let at = at.index(record.len());
        record[at] = byte;
        if let Err(err) = invitation::read(&record) {
            check_unreadable(kind::INVITATION, Err(err));
        }
    }

    #[test]
    fn a_record_cut_short_or_with_something_after_it_is_unreadable(
        given in invitations::invitation(), keep in any::<prop::sample::Index>(), more in any::<u8>(),
    ) {
        let mut record = invitation::write(&given).unwrap();
        check_unreadable(kind::INVITATION, invitation::read(&record[..keep.index(record.len())]).map(drop));
        record.push(more);
        check_unreadable(kind::INVITATION, invitation::read(&record).map(drop));
    }
}

#[test]
fn a_record_of_a_newer_version_says_so() {
    for (kind, read) in READERS {
        for newer in [4, u8::MAX] {
            let reason = check_unreadable(kind, read(&[newer, 1, 2, 3]));
            assert!(reason.contains("newer"), "{reason}");
        }
        check_unreadable(kind, read(&[]));
        // There never was a version 0.
        check_unreadable(kind, read(&[0, 1, 2, 3]));
    }
}

#[test]
fn a_planned_invitation_of_the_usual_shape_is_small() {
    let planned = super::super::contract::world::planned_visit();
    let record = invitation::write(&planned).unwrap();
    assert!(record.len() <= 200, "{} bytes", record.len());
}
