//! Keys sort as what they stand for, and read back.

use proptest::prelude::*;

use super::*;

fn at(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

proptest! {
    #[test]
    fn due_keys_sort_as_their_times_and_read_back(
        a in -4_000_000_000_000_000_i64..4_000_000_000_000_000,
        b in -4_000_000_000_000_000_i64..4_000_000_000_000_000,
        priority in 0_u8..=255,
    ) {
        let id = InvitationId::from_bytes([3; 16]);
        let sms = Lane::Send(Channel::Sms);
        let key_of = |micros| message(Channel::Sms, at(micros), priority, &id);
        prop_assert_eq!(key_of(a).cmp(&key_of(b)), a.cmp(&b));
        prop_assert_eq!(read_due(&key_of(a)), Some((at(a), id)));
        prop_assert_eq!(due_later(&key_of(a), at(b)), Some(key_of(b)));
        let rank = read_rank(&key_of(a)).unwrap();
        prop_assert!(at_rank(&lane(sms), rank) < key_of(a) && key_of(a) < at_rank_after(&lane(sms), rank, at(a)));
    }

    #[test]
    fn windows_stand_by_the_whole_second_and_never_before_their_end(
        micros in -4_000_000_000_000_000_i64..4_000_000_000_000_000, after in 0_i64..3_000_000,
    ) {
        let id = InvitationId::from_bytes([3; 16]);
        let key = windows(at(micros), &id);
        let (stands_at, named_after) = read_due(&key).unwrap();
        prop_assert_eq!((stands_at.timestamp_subsec_micros(), named_after), (0, id));
        let late = (stands_at - at(micros)).num_microseconds().unwrap();
        prop_assert!((0..1_000_000).contains(&late));
        let (from, to) = windows_until(at(micros + after));
        prop_assert_eq!(from <= key && key < to, late <= after);
    }

    #[test]
    fn an_entry_goes_into_a_room_and_comes_back(micros in 0_i64..4_000_000_000_000_000, priority in 0_u8..=255) {
        let id = InvitationId::from_bytes([3; 16]);
        let (key, of) = (message(Channel::Email, at(micros), priority, &id), Room::of("domain", "a"));
        let moved = moved_into(Channel::Email, of, &key).unwrap();
        prop_assert_eq!((read_room(&moved), read_room(&key)), (Some(of), None));
        prop_assert_eq!(read_due(&moved), read_due(&key));
        prop_assert_eq!(on_its_lane(&moved), Some(key.clone()));
        prop_assert_eq!(on_its_lane(&key), Some(key));
    }
}

#[test]
fn a_message_of_higher_priority_goes_first_also_when_it_is_due_later() {
    let id = InvitationId::from_bytes([3; 16]);
    let key_of = |at, priority| message(Channel::Email, at, priority, &id);
    assert!(key_of(at(9), 9) < key_of(at(0), 1));
}

#[test]
fn cells_read_back_with_and_without_a_branch() {
    for branch in [None, Some(BranchId::parse("mitte").unwrap())] {
        let cell = Cell {
            day: NaiveDate::from_ymd_opt(2026, 3, 1).unwrap(),
            journey: JourneyId::parse("dine-in").unwrap(),
            stage: StageId::parse("visit").unwrap(),
            branch,
        };
        assert_eq!(read_tally(&tally(&cell)), Some(cell));
    }
}

#[test]
fn the_end_of_a_prefix_is_after_all_its_keys() {
    assert_eq!(after_prefix(b"ab"), b"ac");
    assert_eq!(after_prefix(&[1, 255]), [2]);
}

#[test]
fn every_message_stands_between_the_first_and_the_last_and_nothing_else_does() {
    let (first, end) = messages();
    let id = InvitationId::from_bytes([255; 16]);
    let last = Room::from_bytes([255; Room::LEN]);
    for channel in Channel::ALL {
        let key = message(channel, at(0), 5, &id);
        let in_room = moved_into(channel, last, &key).unwrap();
        assert!([key, in_room].iter().all(|key| first <= *key && *key < end));
    }
    assert!(windows(at(0), &id) < first);
}
