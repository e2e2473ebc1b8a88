//! Resolves wall-clock times of a zone to instants.
//!
//! A zone's clock jumps: some local times never happen (a *gap*), some happen twice (an *overlap*), and a zone can skip
//! a whole day. One rule for all of canvass: a local time in a gap means the first valid instant after the gap, one in
//! an overlap means its first occurrence. Every function here is total: it answers for every zone and every time.

use chrono::{DateTime, FixedOffset, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

/// No zone was ever further than this from UTC, local mean times included (the widest is about 16 hours).
const OFFSET_SECONDS_MAX: i64 = 26 * 3_600;

/// How far the search for a change of offset jumps. The two closest changes of any zone are 167 hours apart.
const STEP_SECONDS: i64 = 48 * 3_600;

/// No zone changed its clock before 1800, and none is known to change it after 2100, in seconds from the epoch.
const CHANGES_SECONDS: (i64, i64) = (-5_364_662_400, 4_133_894_400);

/// The instant at which `local` happens in `tz`.
///
/// In a gap: the first valid instant after the gap. In an overlap: the first occurrence. A time so extreme that its
/// instant cannot be represented gives the nearest representable instant.
///
/// ```
/// use canvass::domain::civil::first_instant;
/// let skipped = "2026-03-29T02:30:00".parse()?;
/// assert_eq!(first_instant(chrono_tz::Europe::Berlin, skipped).to_rfc3339(), "2026-03-29T01:00:00+00:00");
/// # Ok::<(), chrono::ParseError>(())
/// ```
pub fn first_instant(tz: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match tz.from_local_datetime(&local).earliest() {
        Some(at) => at.with_timezone(&Utc),
        None => gap_end(tz, local),
    }
}

/// What the wall clock of `tz` shows at `at`.
pub fn local_time(tz: Tz, at: DateTime<Utc>) -> NaiveDateTime {
    let utc = at.naive_utc();
    utc.checked_add_offset(offset_at(tz, at)).unwrap_or(utc)
}

/// The first instant in `(after, until]` at which the offset of `tz` becomes another one.
pub fn next_offset_change(tz: Tz, after: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (mut from, until) = (after.timestamp().max(CHANGES_SECONDS.0), until.timestamp().min(CHANGES_SECONDS.1));
    let offset = offset_at(tz, after);
    while from < until {
        let to = from.saturating_add(STEP_SECONDS).min(until);
        if offset_at(tz, instant(to)) != offset {
            return Some(instant(first_second(from, to, |second| offset_at(tz, instant(second)) != offset)));
        }
        from = to;
    }
    None
}

/// The first instant at or after `from` at which the wall clock of `tz` shows a wanted time.
///
/// `wanted` names the first wanted local time at or after the one it is given, on a clock that never jumps. Time is
/// followed as it really passes: a wanted time in a gap is passed over, one in an overlap counts in both passes.
/// `None` when `wanted` runs out.
pub fn first_shown(
    tz: Tz,
    from: DateTime<Utc>,
    wanted: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>,
) -> Option<DateTime<Utc>> {
    let mut start = from;
    // Ends: every turn starts at a later change of offset, and a zone has finitely many.
    loop {
        let at = wanted(local_time(tz, start))?.checked_sub_offset(offset_at(tz, start))?.and_utc();
        match next_offset_change(tz, start, at) {
            None => return Some(at),
            Some(change) => start = change,
        }
    }
}

/// The first instant after `at` at which the calendar of `tz` shows a later day than at `at`. `None` at the end of time.
///
/// Days are followed as they really pass: a skipped day has no instants, and where the clock goes back over midnight
/// the day before goes on.
pub fn next_day(tz: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let today = local_time(tz, at).date();
    let tomorrow = today.succ_opt()?.and_time(NaiveTime::MIN);
    first_shown(tz, at, |local| Some(local.max(tomorrow)))
}

/// The first instant whose local time lies after `local`, which must be in a gap (or beyond what chrono represents).
fn gap_end(tz: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    let wanted = local.and_utc().timestamp();
    let reached = |second: i64| second + i64::from(offset_at(tz, instant(second)).local_minus_utc()) >= wanted;
    instant(first_second(wanted - OFFSET_SECONDS_MAX, wanted + OFFSET_SECONDS_MAX, reached))
}

/// The first second in `(from, to]` for which `holds`, which must hold at `to`, not at `from`, and switch once.
fn first_second(from: i64, to: i64, holds: impl Fn(i64) -> bool) -> i64 {
    let (mut before, mut after) = (from, to);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if holds(middle) { after = middle } else { before = middle }
    }
    after
}

fn offset_at(tz: Tz, at: DateTime<Utc>) -> FixedOffset {
    tz.offset_from_utc_datetime(&at.naive_utc()).fix()
}

/// The instant `seconds` after the epoch, or the nearest that can be represented.
fn instant(seconds: i64) -> DateTime<Utc> {
    let edge = if seconds < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    DateTime::from_timestamp(seconds, 0).unwrap_or(edge)
}

#[cfg(test)]
pub(crate) mod changes;
#[cfg(test)]
mod tests;
