//! Keys: one ordered space, the first byte says the kind.
//!
//! Numbers are big-endian so that keys sort as the numbers do, and signed times have their sign bit flipped. Texts inside
//! a key end with a zero byte, which no id contains. Due keys of messages sort by priority and then by time: when more is
//! due than can leave, what matters most goes first.

use chrono::{DateTime, Datelike, NaiveDate, SubsecRound as _, TimeDelta, Utc};

use crate::domain::card_code::CardCode;
use crate::domain::id::{BranchId, ContactId, EventId, InvitationId, JourneyId, ResponseId, StageId};
use crate::domain::invitation::{Due, Lane};
use crate::domain::journey::Channel;
use crate::domain::place::Surface;
use crate::domain::route::Room;
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
    pub const DUE: u8 = b'w';
    /// The due index of layout 1, in which the time came before the priority.
    pub const DUE_BY_TIME: u8 = b'd';
    /// What is remembered of routes.
    pub const ROUTE: u8 = b'b';
    /// Leases that were granted and not yet given back.
    pub const LEASE: u8 = b'l';
    /// Invitations with an attempt of unknown outcome.
    pub const UNKNOWN: u8 = b'u';
    /// Contents of surveys.
    pub const SURVEY: u8 = b's';
    /// Responses.
    pub const RESPONSE: u8 = b'p';
    /// Cards.
    pub const CARD: u8 = b'k';
    /// What operators hold.
    pub const HOLD: u8 = b'h';
    /// Suppressed addresses.
    pub const SUPPRESSED: u8 = b'x';
    /// Counters of cohorts.
    pub const TALLY: u8 = b'r';
    /// Counters of surfaces.
    pub const SURFACE: u8 = b'q';
    /// Clocks that fired.
    pub const FIRE: u8 = b'f';
    /// Contacts by address.
    pub const ADDRESS: u8 = b'a';
    /// First messages of a branch on a day.
    pub const BRANCH_DAY: u8 = b'n';
    /// What was spent by a gateway on a day.
    pub const GATEWAY_DAY: u8 = b'g';
    /// Telephones that write to us.
    pub const CONVERSATION: u8 = b't';
    /// Ratings in mails whose links were followed.
    pub const TAPS: u8 = b'z';
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

/// What was claimed under a lease.
pub fn lease(lease: u64) -> Vec<u8> {
    key(kind::LEASE, &[&lease.to_be_bytes()])
}

/// The lease of a key of what was claimed.
pub fn read_lease(key: &[u8]) -> Option<u64> {
    key.get(1..)?.try_into().ok().map(u64::from_be_bytes)
}

/// The mark of an unknown outcome.
pub fn unknown(id: &InvitationId) -> Vec<u8> {
    key(kind::UNKNOWN, &[id.as_bytes()])
}

/// A response.
pub fn response(id: &ResponseId) -> Vec<u8> {
    key(kind::RESPONSE, &[id.as_bytes()])
}

/// The taps on the messages of an invitation.
pub fn taps(id: &InvitationId) -> Vec<u8> {
    key(kind::TAPS, &[id.as_bytes()])
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

/// Those who have an address. Half of its mark tells addresses apart well enough: where two of them were taken for one,
/// once in a thousand stores of ten million, two people would share a budget.
pub fn address(mark: [u8; 16]) -> Vec<u8> {
    key(kind::ADDRESS, &[mark.split_at(8).0])
}

/// What is remembered of a telephone that writes to us, by the mark of its number.
pub fn conversation(mark: [u8; 16]) -> Vec<u8> {
    key(kind::CONVERSATION, &[&mark])
}

/// A stage's clock.
pub fn fire(journey: &JourneyId, stage: &StageId) -> Vec<u8> {
    key(kind::FIRE, &[journey.as_str().as_bytes(), &[0], stage.as_str().as_bytes()])
}

/// What an operator holds, by the room that it waits in.
pub fn hold(room: Room) -> Vec<u8> {
    key(kind::HOLD, &[room.as_bytes()])
}

/// What is remembered of a route.
pub fn route(room: Room) -> Vec<u8> {
    key(kind::ROUTE, &[room.as_bytes()])
}

fn lane_byte(lane: Lane) -> u8 {
    match lane {
        Lane::Close => 0,
        Lane::Leased => 1,
        Lane::Send(Channel::Email) => 2,
        Lane::Send(Channel::Sms) => 3,
    }
}

/// The rooms beside a lane of messages.
fn rooms_byte(channel: Channel) -> u8 {
    match channel {
        Channel::Email => 4,
        Channel::Sms => 5,
    }
}

fn instant(at: DateTime<Utc>) -> [u8; 8] {
    at.timestamp_micros().cast_unsigned().wrapping_add(1 << 63).to_be_bytes()
}

fn read_instant(bytes: &[u8]) -> Option<DateTime<Utc>> {
    let micros = u64::from_be_bytes(bytes.try_into().ok()?).wrapping_sub(1 << 63).cast_signed();
    DateTime::from_timestamp_micros(micros)
}

/// Bytes at the end of a due key that say who is due when: rank, time, invitation.
const DUE_TAIL: usize = 1 + 8 + 16;
/// The rank of all windows.
const WINDOWS_RANK: u8 = 0;

/// Where a message that waits stands on the due index. Higher priorities sort before lower ones.
pub fn message(channel: Channel, at: DateTime<Utc>, priority: u8, id: &InvitationId) -> Vec<u8> {
    key(kind::DUE, &[&[lane_byte(Lane::Send(channel)), u8::MAX - priority], &instant(at), id.as_bytes()])
}

/// Where windows stand on the due index that end by the same whole second; the entry is named after one of them. They have
/// no priority: they end when they end.
pub fn windows(at: DateTime<Utc>, id: &InvitationId) -> Vec<u8> {
    key(kind::DUE, &[&[lane_byte(Lane::Close), WINDOWS_RANK], &instant(whole_second(at)), id.as_bytes()])
}

/// From the first entry of windows to after all that ended by `at`.
pub fn windows_until(at: DateTime<Utc>) -> (Vec<u8>, Vec<u8>) {
    let lane = lane(Lane::Close);
    let end = at_rank_after(&lane, WINDOWS_RANK, at);
    (lane, end)
}

/// The first whole second at or after `at`.
pub fn whole_second(at: DateTime<Utc>) -> DateTime<Utc> {
    let before = at.trunc_subsecs(0);
    if before == at { at } else { before.checked_add_signed(TimeDelta::seconds(1)).unwrap_or(at) }
}

/// What the keys of a lane begin with.
pub fn lane(lane: Lane) -> Vec<u8> {
    key(kind::DUE, &[&[lane_byte(lane)]])
}

/// What the keys of all rooms beside a channel's lane begin with.
pub fn rooms(channel: Channel) -> Vec<u8> {
    key(kind::DUE, &[&[rooms_byte(channel)]])
}

/// What the keys of a room begin with.
pub fn room(channel: Channel, room: Room) -> Vec<u8> {
    key(kind::DUE, &[&[rooms_byte(channel)], room.as_bytes()])
}

/// From the first key of a message on the due index, on its lane or in a room, to after the last.
pub fn messages() -> (Vec<u8>, Vec<u8>) {
    (lane(Lane::Send(Channel::Email)), after_prefix(&rooms(Channel::Sms)))
}

/// The room that a key of the due index stands in, if it stands in one.
pub fn read_room(key: &[u8]) -> Option<Room> {
    let in_room = key.len() == 2 + Room::LEN + DUE_TAIL;
    key.get(2..2 + Room::LEN).filter(|_| in_room)?.try_into().ok().map(Room::from_bytes)
}

/// The same entry of a channel's lane, moved into a room.
pub fn moved_into(channel: Channel, into: Room, key: &[u8]) -> Option<Vec<u8>> {
    Some([&room(channel, into), tail(key)?].concat())
}

/// The same entry of a room, back on its channel's lane; any other entry as it is.
pub fn on_its_lane(key: &[u8]) -> Option<Vec<u8>> {
    if read_room(key).is_none() {
        return Some(key.to_vec());
    }
    let channel = Channel::ALL.into_iter().find(|channel| key.get(1) == Some(&rooms_byte(*channel)))?;
    Some([&lane(Lane::Send(channel)), tail(key)?].concat())
}

fn tail(key: &[u8]) -> Option<&[u8]> {
    key.get(key.len().checked_sub(DUE_TAIL)?..)
}

/// The rank that an entry of the due index stands at, under a prefix of a lane or a room.
pub fn read_rank(key: &[u8]) -> Option<u8> {
    tail(key)?.first().copied()
}

/// The first key under `prefix` that has this rank.
pub fn at_rank(prefix: &[u8], rank: u8) -> Vec<u8> {
    [prefix, &[rank]].concat()
}

/// The first key under `prefix` of this rank that is later than everything due at `at`.
pub fn at_rank_after(prefix: &[u8], rank: u8, at: DateTime<Utc>) -> Vec<u8> {
    [prefix, &[rank], &instant(at), &[u8::MAX; 17]].concat()
}

/// The instant and the invitation of a due key.
pub fn read_due(key: &[u8]) -> Option<(DateTime<Utc>, InvitationId)> {
    let tail = tail(key)?;
    Some((read_instant(tail.get(1..9)?)?, InvitationId::from_bytes(tail.get(9..)?.try_into().ok()?)))
}

/// The same entry of the due index at another time.
pub fn due_later(key: &[u8], at: DateTime<Utc>) -> Option<Vec<u8>> {
    let time = key.len().checked_sub(DUE_TAIL)? + 1;
    Some([key.get(..time)?, &instant(at), key.get(time + 8..)?].concat())
}

/// What an entry of layout 1 said: lane, time, priority, invitation.
pub fn read_due_of_layout_1(key: &[u8]) -> Option<(Due, u8, InvitationId)> {
    let lane = Lane::ALL.into_iter().find(|lane| key.get(1) == Some(&lane_byte(*lane)))?;
    let at = read_instant(key.get(2..10)?)?;
    Some((Due { lane, at }, u8::MAX - key.get(10)?, InvitationId::from_bytes(key.get(11..27)?.try_into().ok()?)))
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

/// The first messages of a branch on one of its days.
pub fn branch_day(day: NaiveDate, branch: &BranchId) -> Vec<u8> {
    key(kind::BRANCH_DAY, &[&day_bytes(day), branch.as_str().as_bytes()])
}

/// What was spent by a gateway on a day.
pub fn gateway_day(day: NaiveDate, gateway: &str) -> Vec<u8> {
    key(kind::GATEWAY_DAY, &[&day_bytes(day), gateway.as_bytes()])
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
        branch: BranchId::parse(branch).ok(),
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
        branch: BranchId::parse(branch).ok()?,
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
mod tests;
