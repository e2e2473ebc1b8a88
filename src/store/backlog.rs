//! How much there is to do, for those who look after the daemon.
//!
//! How many messages stand on each lane is counted as it changes, so it is exact and costs nothing. How many of them are
//! due changes with the time alone and has to be looked up: key by key, at most as many as the caller says. What goes
//! beyond is not looked at, and a count that stopped there says so. So a queue of a million costs no more than a short one.

use chrono::{DateTime, Utc};

use super::view::Reading;
use super::work::due;
use super::work::leases::{self, Leases};
use super::{StoreError, keys, reads, record};
use crate::domain::attempt::{Attempt, Fate};
use crate::domain::hold::Hold;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Invitation, Lane, State};
use crate::domain::journey::Channel;
use crate::domain::route::{Room, Route};
use crate::plan::pace::RouteState;

/// A count that may have stopped at a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many were counted.
    pub n: u64,
    /// Whether there may be more.
    pub at_least: bool,
}

impl Counted {
    fn add(&mut self, other: Self) {
        self.n += other.n;
        self.at_least |= other.at_least;
    }
}

/// What a channel has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelBacklog {
    /// The channel.
    pub channel: Channel,
    /// Messages that wait to be sent, due or not, held or not.
    pub n_queued: u64,
    /// Those of them that are due and not held. What was held a moment ago counts here until the dispatcher came by it.
    pub due: Counted,
    /// Those of them that are due and held.
    pub held: Counted,
    /// Since when the longest due has been due, leaving out what is held.
    pub oldest_due: Option<DateTime<Utc>>,
    /// Messages on their way.
    pub n_in_flight: u64,
    /// Messages of unknown outcome.
    pub unknown: Counted,
    /// Those of them that wait for an operator.
    pub n_for_operator: u64,
}

/// What there is to do, and what stands in the way.
#[derive(Clone, Debug)]
pub struct Backlog {
    /// Each channel, in the order of [`Channel::ALL`].
    pub channels: [ChannelBacklog; 2],
    /// Invitations whose answers are awaited.
    pub n_windows: u64,
    /// What is held.
    pub holds: Vec<Hold>,
    /// The routes that rest, are slowed down, or are on trial after a failure.
    pub routes: Vec<(Route, RouteState)>,
    /// Whether there are more routes of which something is remembered than were looked at.
    pub more_routes: bool,
}

impl ChannelBacklog {
    /// A channel of which nothing is known but how many of its messages wait.
    pub fn idle(channel: Channel, n_queued: u64) -> Self {
        Self {
            channel,
            n_queued,
            due: Counted::default(),
            held: Counted::default(),
            oldest_due: None,
            n_in_flight: 0,
            unknown: Counted::default(),
            n_for_operator: 0,
        }
    }

    /// Messages whose time has not come, as far as was counted.
    pub fn n_waiting(&self) -> u64 {
        self.n_queued.saturating_sub(self.due.n + self.held.n)
    }
}

/// What there is to do at `now`. Looks at no more than `n_max` due messages of each channel, `n_max` messages that are or
/// were of unknown outcome, and `n_max` routes.
pub(super) fn backlog(db: &dyn Reading, now: DateTime<Utc>, n_max: usize) -> Result<Backlog, StoreError> {
    let [n_windows, _, n_email, n_sms] = reads::queue(db)?;
    let holds = reads::holds(db)?;
    let mut channels = [ChannelBacklog::idle(Channel::Email, n_email), ChannelBacklog::idle(Channel::Sms, n_sms)];
    for channel in &mut channels {
        count_due(db, channel, &holds, (now, n_max))?;
    }
    count_in_flight(db, &mut channels)?;
    count_unknown(db, &mut channels, n_max)?;
    let (routes, more_routes) = troubled(db, now, n_max)?;
    Ok(Backlog { channels, n_windows, holds, routes, more_routes })
}

fn count_due(
    db: &dyn Reading,
    channel: &mut ChannelBacklog,
    holds: &[Hold],
    (now, n_max): (DateTime<Utc>, usize),
) -> Result<(), StoreError> {
    let all_held = holds.iter().any(|hold| hold.scope.covers_channel(channel.channel));
    let rooms = due::rooms(db, channel.channel, Room::from_bytes([0; Room::LEN]))?;
    let places = rooms.iter().map(|room| {
        let is_held = holds.iter().any(|hold| hold.room() == *room);
        (keys::room(channel.channel, *room), is_held)
    });
    let lane = (keys::lane(Lane::Send(channel.channel)), false);
    let mut n_left = n_max;
    for (prefix, is_held) in std::iter::once(lane).chain(places) {
        let (counted, oldest) = due_under(db, &prefix, now, n_left)?;
        n_left = n_left.saturating_sub(usize::try_from(counted.n).unwrap_or(usize::MAX));
        if is_held || all_held {
            channel.held.add(counted);
        } else {
            channel.due.add(counted);
            channel.oldest_due = [channel.oldest_due, oldest].into_iter().flatten().min();
        }
    }
    channel.due.at_least |= rooms.len() == due::ROOMS_MAX;
    Ok(())
}

/// How many are due under a prefix, of `n_max` at most, and since when the first of them.
fn due_under(
    db: &dyn Reading,
    prefix: &[u8],
    now: DateTime<Utc>,
    n_max: usize,
) -> Result<(Counted, Option<DateTime<Utc>>), StoreError> {
    let (end, mut from) = (keys::after_prefix(prefix), prefix.to_vec());
    let (mut counted, mut oldest, mut n_left) = (Counted::default(), None, n_max);
    // Rank by rank: within one, what is due first comes first.
    while let Some((key, _)) = db.first(&from, &end)?
        && let Some(((at, _), rank)) = keys::read_due(&key).zip(keys::read_rank(&key))
    {
        if at <= now {
            oldest = [oldest, Some(at)].into_iter().flatten().min();
        }
        let until = keys::at_rank_after(prefix, rank, now);
        let looked_at = db.range(&keys::at_rank(prefix, rank), &until).take(n_left + 1);
        let n = looked_at.map(|pair| pair.map(|_| 1_usize)).sum::<Result<usize, _>>()?;
        counted.at_least |= n > n_left;
        counted.n += n.min(n_left) as u64;
        n_left -= n.min(n_left);
        from = keys::after_prefix(&keys::at_rank(prefix, rank));
    }
    Ok((counted, oldest))
}

/// There are no more leases than messages that can be on their way at once.
fn count_in_flight(db: &dyn Reading, channels: &mut [ChannelBacklog; 2]) -> Result<(), StoreError> {
    for id in leases::claims(db)?.into_iter().flat_map(|(_, claim)| claim.invitations) {
        let Some(invitation) = readable(reads::stored_invitation(db, &id))? else { continue };
        // The record is as it was when the lease was granted.
        let lane = invitation.due().map(|due| due.lane);
        for channel in channels.iter_mut().filter(|channel| lane == Some(Lane::Send(channel.channel))) {
            channel.n_in_flight += 1;
        }
    }
    Ok(())
}

fn count_unknown(db: &dyn Reading, channels: &mut [ChannelBacklog; 2], n_max: usize) -> Result<(), StoreError> {
    let mut leases = Leases::default();
    for (n_looks, pair) in db.prefix(&[keys::kind::UNKNOWN]).take(n_max + 1).enumerate() {
        if n_looks == n_max {
            for channel in channels.iter_mut() {
                channel.unknown.at_least = true;
            }
            break;
        }
        let Some(id) = keys::read_number(&pair?.0).map(InvitationId::from_bytes) else { continue };
        let Some(stored) = readable(reads::stored_invitation(db, &id))? else { continue };
        let invitation = leases.see(db, stored)?;
        let waits = waits_for_operator(&invitation);
        for attempt in invitation.attempts.iter().filter(|attempt| matches!(attempt.fate, Fate::Unknown { .. })) {
            for channel in channels.iter_mut().filter(|channel| channel.channel == attempt.channel) {
                channel.unknown.n += 1;
                channel.n_for_operator += u64::from(waits == Some(attempt.number));
            }
        }
    }
    Ok(())
}

/// The number of the message that an operator is to decide about.
fn waits_for_operator(invitation: &Invitation) -> Option<u8> {
    let is_unknown = |attempt: &&Attempt| matches!(attempt.fate, Fate::Unknown { .. });
    let last = invitation.attempts.last().filter(is_unknown)?;
    matches!(invitation.state, State::Held { .. }).then_some(last.number)
}

/// One record that cannot be read must not hide everything else from whoever looks for what is wrong.
fn readable<T>(read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Unreadable { .. }) => Ok(None),
        read => read,
    }
}

fn troubled(
    db: &dyn Reading,
    now: DateTime<Utc>,
    n_max: usize,
) -> Result<(Vec<(Route, RouteState)>, bool), StoreError> {
    let mut found = Vec::new();
    for (n_looks, pair) in db.prefix(&[keys::kind::ROUTE]).take(n_max + 1).enumerate() {
        if n_looks == n_max {
            return Ok((found, true));
        }
        let read = record::route::read(&pair?.1).map(Some);
        found.extend(readable(read)?.filter(|(_, state)| state.is_out_of_order(now)));
    }
    Ok((found, false))
}
