//! Every change of every zone's clock from 2020 to 2040, for tests that look at all of them.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use chrono_tz::TZ_VARIANTS;

use super::*;

/// A change of a zone's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    /// The zone.
    pub(crate) tz: Tz,
    /// The first instant of the new offset.
    pub(crate) at: DateTime<Utc>,
    /// The seconds that the clock jumps forward; negative where it goes back.
    pub(crate) jump: i64,
}

impl Change {
    /// What the clock would show at the change, had it not jumped.
    pub(crate) fn local_before(&self) -> NaiveDateTime {
        local_time(self.tz, self.at) - chrono::TimeDelta::seconds(self.jump)
    }
}

/// The changes of 2020 to 2040 in all zones of the database. Of zones whose clocks show the same all the time, which have
/// the same rules under several names, one stands for the others.
pub(crate) fn changes() -> &'static [Change] {
    static CHANGES: OnceLock<Vec<Change>> = OnceLock::new();
    CHANGES.get_or_init(|| {
        let [from, until] = ["2020-01-01T00:00:00Z", "2041-01-01T00:00:00Z"].map(|text| text.parse().unwrap());
        let mut seen = BTreeSet::new();
        let mut all = Vec::new();
        for tz in TZ_VARIANTS {
            let found =
                std::iter::successors(next_offset_change(tz, from, until), |at| next_offset_change(tz, *at, until));
            let change = |at: DateTime<Utc>| {
                let offset = |at| i64::from(offset_at(tz, at).local_minus_utc());
                Change { tz, at, jump: offset(at) - offset(at - chrono::TimeDelta::seconds(1)) }
            };
            let found: Vec<_> = found.map(change).collect();
            let clock: Vec<_> = found.iter().map(|change| (change.at, change.jump)).collect();
            if seen.insert((offset_at(tz, from).local_minus_utc(), clock)) {
                all.extend(found);
            }
        }
        all
    })
}

#[test]
fn the_database_has_many_clocks_and_many_kinds_of_change() {
    let all = changes();
    let zones: BTreeSet<_> = all.iter().map(|change| change.tz.name()).collect();
    let jumps: BTreeSet<_> = all.iter().map(|change| change.jump).collect();
    assert!(all.len() > 1_000 && zones.len() > 40, "{} changes of {} clocks", all.len(), zones.len());
    // Half hours of Lord Howe, hours of most, and what was moved for good.
    assert!([-3_600, -1_800, 1_800, 3_600].iter().all(|jump| jumps.contains(jump)), "{jumps:?}");
}

#[test]
fn each_local_time_around_each_change_is_resolved_by_the_rule() {
    for change in changes() {
        let (before, after) = (change.local_before(), local_time(change.tz, change.at));
        let minute = chrono::TimeDelta::minutes(1);
        if change.jump > 0 {
            for skipped in [before, before + minute, after - minute] {
                assert_eq!(first_instant(change.tz, skipped), change.at, "{change:?} {skipped}");
            }
            assert_eq!(first_instant(change.tz, after), change.at, "{change:?}");
        } else {
            // What is shown twice is meant the first time, and what the clock goes on with is shown once.
            for twice in [after, before - minute] {
                let first = change.at - (before - twice);
                assert_eq!(first_instant(change.tz, twice), first, "{change:?} {twice}");
            }
            assert_eq!(first_instant(change.tz, before), change.at + (before - after), "{change:?}");
        }
    }
}

#[test]
fn a_day_ends_when_the_calendar_says_so_around_each_change() {
    for change in changes() {
        for hours in [-30, -1, 0, 1, 30] {
            let at = change.at + chrono::TimeDelta::hours(hours);
            let day = |at| local_time(change.tz, at).date();
            let next = next_day(change.tz, at).unwrap();
            assert!(day(at) < day(next), "{change:?} {at}");
            let quarters = (0..).map(|n| at + chrono::TimeDelta::minutes(15 * n)).take_while(|quarter| *quarter < next);
            let last = next - chrono::TimeDelta::seconds(1);
            assert!(quarters.chain([last]).all(|at_ago| day(at_ago) <= day(at)), "{change:?} {at}");
            assert!((next - at).num_hours() <= 49, "{change:?} {at}");
        }
    }
}
