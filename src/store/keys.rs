//! Keys: one ordered space, the first byte says the kind.
//!
//! Numbers are big-endian so that keys sort as the numbers do, and signed times have their sign bit flipped. Texts inside
//! a key end with a zero byte, which no id contains. Due keys sort by time and, at the same instant, by priority.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::domain::card_code::CardCode;
use crate::domain::id::{ContactId, EventId, InvitationId, JourneyId, ResponseId, StageId};
use crate::domain::invitation::{Due, Lane};
use crate::domain::journey::Channel;
use crate::domain::place::Surface;
use crate::domain::survey::SurveyVersion;
use crate::report::tally::{Cell, SurfaceCell};

/// The kinds of records: the first byte of their keys.
pub mod kind {
    /// Facts about the store itself.
    pub const META: u8 = b'm';
    /// Contacts.
    pub const CONTACT: u8 = b'c';
    /// Invitations.
    pub const INVITATION: u8 = b'i';
    /// Events with their decisions.
    pub const EVENT: u8 = b'e';
    /// The due index.
    pub const DUE: u8 = b'd';
    /// Invitations with an attempt of unknown outcome.
    pub const UNKNOWN: u8 = b'u';
    /// Contents of surveys.
    pub const SURVEY: u8 = b's';
    /// Responses.
    pub const RESPONSE: u8 = b'p';
    /// Cards.
    pub const CARD: u8 = b'k';
    /// Suppressed addresses.
    pub const SUPPRESSED: u8 = b'x';
    /// Counters of cohorts.
    pub const TALLY: u8 = b'r';
    /// Counters of surfaces.
    pub const SURFACE: u8 = b'q';
    /// Clocks that fired.
    pub const FIRE: u8 = b'f';
}

/// The secret of the store.
pub const SECRET: &[u8] = b"msecret";
/// How many invitations stand on each lane.
pub const QUEUE: &[u8] = b"mqueue";

fn key(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(kind);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

/// A contact.
pub fn contact(id: &ContactId) -> Vec<u8> {
    key(kind::CONTACT, &[id.as_str().as_bytes()])
}

/// An event.
pub fn event(id: &EventId) -> Vec<u8> {
    key(kind::EVENT, &[id.as_str().as_bytes()])
}

/// An invitation.
pub fn invitation(id: &InvitationId) -> Vec<u8> {
    key(kind::INVITATION, &[id.as_bytes()])
}

/// What the keys of a contact's invitations begin with.
pub fn invitations_of(contact_half: [u8; 8]) -> Vec<u8> {
    key(kind::INVITATION, &[&contact_half])
}

/// The mark of an unknown outcome.
pub fn unknown(id: &InvitationId) -> Vec<u8> {
    key(kind::UNKNOWN, &[id.as_bytes()])
}

/// A response.
pub fn response(id: &ResponseId) -> Vec<u8> {
    key(kind::RESPONSE, &[id.as_bytes()])
}

/// A survey's content.
pub fn survey(version: SurveyVersion) -> Vec<u8> {
    key(kind::SURVEY, &[version.as_bytes()])
}

/// A card.
pub fn card(code: CardCode) -> Vec<u8> {
    key(kind::CARD, &[&code.bits().to_be_bytes()])
}

/// A suppressed address.
pub fn suppressed(mark: [u8; 16]) -> Vec<u8> {
    key(kind::SUPPRESSED, &[&mark])
}

/// A stage's clock.
pub fn fire(journey: &JourneyId, stage: &StageId) -> Vec<u8> {
    key(kind::FIRE, &[journey.as_str().as_bytes(), &[0], stage.as_str().as_bytes()])
}

fn lane_byte(lane: Lane) -> u8 {
    match lane {
        Lane::Close => 0,
        Lane::Leased => 1,
        Lane::Send(Channel::Email) => 2,
        Lane::Send(Channel::Sms) => 3,
    }
}

fn instant(at: DateTime<Utc>) -> [u8; 8] {
    at.timestamp_micros().cast_unsigned().wrapping_add(1 << 63).to_be_bytes()
}

/// A place on the due index.
pub fn due(due: Due, priority: u8, id: &InvitationId) -> Vec<u8> {
    key(kind::DUE, &[&[lane_byte(due.lane)], &instant(due.at), &[u8::MAX - priority], id.as_bytes()])
}

/// What the keys of a lane begin with.
pub fn lane(lane: Lane) -> Vec<u8> {
    key(kind::DUE, &[&[lane_byte(lane)]])
}

/// The first key of a lane that is later than everything due at `at`.
pub fn lane_after(lane: Lane, at: DateTime<Utc>) -> Vec<u8> {
    key(kind::DUE, &[&[lane_byte(lane)], &instant(at), &[u8::MAX; 18]])
}

/// The instant and the invitation of a due key.
pub fn read_due(key: &[u8]) -> Option<(DateTime<Utc>, InvitationId)> {
    let rest = key.get(2..)?;
    let micros = u64::from_be_bytes(rest.get(..8)?.try_into().ok()?).wrapping_sub(1 << 63).cast_signed();
    let id = InvitationId::from_bytes(rest.get(9..25)?.try_into().ok()?);
    Some((DateTime::from_timestamp_micros(micros)?, id))
}

/// The same entry of the due index at another time.
pub fn due_later(key: &[u8], at: DateTime<Utc>) -> Option<Vec<u8>> {
    Some([key.get(..2)?, &instant(at), key.get(10..)?].concat())
}

/// The id at the end of a key of `kind` and 16 bytes.
pub fn read_number(key: &[u8]) -> Option<[u8; 16]> {
    key.get(1..)?.try_into().ok()
}

fn day_bytes(day: NaiveDate) -> [u8; 4] {
    day.num_days_from_ce().cast_unsigned().wrapping_add(1 << 31).to_be_bytes()
}

/// What the keys of a day's counters begin with.
pub fn day(kind: u8, day: NaiveDate) -> Vec<u8> {
    key(kind, &[&day_bytes(day)])
}

fn read_day(bytes: &[u8]) -> Option<NaiveDate> {
    let days = u32::from_be_bytes(bytes.try_into().ok()?).wrapping_sub(1 << 31).cast_signed();
    NaiveDate::from_num_days_from_ce_opt(days)
}

/// Counters of a cohort.
pub fn tally(cell: &Cell) -> Vec<u8> {
    let branch = cell.branch.as_ref().map_or("", |branch| branch.as_str());
    let [journey, stage] = [cell.journey.as_str(), cell.stage.as_str()].map(str::as_bytes);
    key(kind::TALLY, &[&day_bytes(cell.day), journey, &[0], stage, &[0], branch.as_bytes()])
}

/// The cell of a key of counters.
pub fn read_tally(key: &[u8]) -> Option<Cell> {
    let mut texts = key.get(5..)?.split(|&byte| byte == 0).map(std::str::from_utf8);
    let [journey, stage, branch] = [texts.next()?.ok()?, texts.next()?.ok()?, texts.next()?.ok()?];
    Some(Cell {
        day: read_day(key.get(1..5)?)?,
        journey: JourneyId::parse(journey).ok()?,
        stage: StageId::parse(stage).ok()?,
        branch: crate::domain::id::BranchId::parse(branch).ok(),
    })
}

/// Counters of a surface.
pub fn surface(cell: &SurfaceCell) -> Vec<u8> {
    let [branch, touchpoint] = [cell.branch.as_str(), cell.touchpoint.as_str()].map(str::as_bytes);
    let surface = cell.surface.as_str().as_bytes();
    key(kind::SURFACE, &[&day_bytes(cell.day), branch, &[0], touchpoint, &[0], surface])
}

/// The cell of a key of a surface's counters.
pub fn read_surface(key: &[u8]) -> Option<SurfaceCell> {
    let mut texts = key.get(5..)?.split(|&byte| byte == 0).map(std::str::from_utf8);
    let [branch, touchpoint, surface] = [texts.next()?.ok()?, texts.next()?.ok()?, texts.next()?.ok()?];
    Some(SurfaceCell {
        day: read_day(key.get(1..5)?)?,
        branch: crate::domain::id::BranchId::parse(branch).ok()?,
        touchpoint: crate::domain::id::TouchpointId::parse(touchpoint).ok()?,
        surface: Surface::ALL.into_iter().find(|known| known.as_str() == surface)?,
    })
}

/// The end of the keys that begin with `prefix`: the first key after all of them.
pub fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; 64]
}

#[cfg(test)]
mod tests {
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
            let key_of = |micros| due(Due { lane: Lane::Send(Channel::Sms), at: at(micros) }, priority, &id);
            prop_assert_eq!(key_of(a).cmp(&key_of(b)), a.cmp(&b));
            prop_assert_eq!(read_due(&key_of(a)), Some((at(a), id)));
            prop_assert!(key_of(a) < lane_after(Lane::Send(Channel::Sms), at(a)));
        }
    }

    #[test]
    fn higher_priority_goes_first_at_the_same_instant() {
        let id = InvitationId::from_bytes([3; 16]);
        let key_of = |priority| due(Due { lane: Lane::Close, at: at(0) }, priority, &id);
        assert!(key_of(9) < key_of(1));
    }

    #[test]
    fn cells_read_back_with_and_without_a_branch() {
        for branch in [None, Some(crate::domain::id::BranchId::parse("mitte").unwrap())] {
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
}
