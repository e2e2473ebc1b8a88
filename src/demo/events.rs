//! What happens in the restaurants on a day: bookings, visits, deliveries, and guests at tables with a card.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use super::chance::Chance;
use super::people::Person;
use crate::domain::event::{Event, Value};
use crate::domain::id::EventId;
use crate::domain::place::Branch;

/// How often a guest does something on an ordinary day.
const BOOKS: f64 = 0.022;
const VISITS: f64 = 0.055;
const ORDERS: f64 = 0.03;
/// Guests at tables who look at the card, per branch and ordinary day.
const SITTINGS: f64 = 2.6;

/// What a guest does on a day, as the house's systems tell it.
pub(super) fn of_guest(person: &Person, branch: &Branch, day: NaiveDate, seed: u64) -> Vec<Event> {
    let mut events = Vec::new();
    let happenings = [
        ("booking", "booking.confirmed", BOOKS),
        ("visit", "visit.completed", VISITS),
        ("order", "order.delivered", ORDERS),
    ];
    for (what, kind, usual) in happenings {
        let id = format!("{what}-{day}-{}", person.id());
        let chance = Chance::about(seed, &[&id]);
        if !chance.hits(usual * person.habit * busy(day)) {
            continue;
        }
        let at = match what {
            "booking" => moment(person.zone, day, 9 * 60 + chance.between(0, 12 * 60)),
            "visit" => meal(branch, day, &chance, (19 * 60 + 15, 23 * 60)),
            _ => meal(branch, day, &chance, (18 * 60, 21 * 60 + 45)),
        };
        let (Some(at), Ok(id)) = (at, EventId::parse(&id)) else { continue };
        events.push(Event {
            id,
            kind: kind.to_owned(),
            at,
            contact: person.id().clone(),
            branch: Some(branch.id.clone()),
            data: data(what, &chance),
        });
    }
    events
}

/// When guests at tables take the card of a branch into their hands on a day.
pub(super) fn sittings(branch: &Branch, day: NaiveDate, seed: u64) -> Vec<DateTime<Utc>> {
    let name = format!("sittings-{day}-{}", branch.id);
    let chance = Chance::about(seed, &[&name]);
    let expected = SITTINGS * busy(day);
    // Six tables, each of which may: that is nearly a Poisson number of them.
    (0..6)
        .filter(|_| chance.hits(expected / 6.0))
        .filter_map(|_| meal(branch, day, &chance, (19 * 60, 22 * 60)))
        .collect()
}

fn data(what: &str, chance: &Chance) -> BTreeMap<String, Value> {
    let field = |name: &str, number: u32| (name.to_owned(), Value::Number(f64::from(number)));
    let fields = match what {
        // A few tables stay empty: whoever did not come is not asked.
        "visit" if chance.hits(0.03) => vec![field("covers", 0)],
        "visit" => vec![field("covers", chance.between(1, 6))],
        "booking" => vec![field("covers", chance.between(2, 8))],
        _ => vec![field("minutes", chance.between(25, 70))],
    };
    fields.into_iter().collect()
}

/// The end of a lunch, or a time in the evening, when the branch is open; minutes of the day.
fn meal(branch: &Branch, day: NaiveDate, chance: &Chance, evening: (u32, u32)) -> Option<DateTime<Utc>> {
    let (from, to) = if chance.hits(0.3) { (12 * 60 + 30, 14 * 60 + 25) } else { evening };
    let at = moment(branch.time_zone, day, chance.between(from, to))?;
    branch.open.is_open(branch.time_zone, at - TimeDelta::minutes(5)).then_some(at)
}

/// Weekends are busy, Mondays are not.
fn busy(day: NaiveDate) -> f64 {
    match day.weekday() {
        Weekday::Fri | Weekday::Sat => 1.6,
        Weekday::Sun => 1.1,
        Weekday::Mon => 0.5,
        Weekday::Tue | Weekday::Wed | Weekday::Thu => 0.8,
    }
}

fn moment(zone: Tz, day: NaiveDate, minute: u32) -> Option<DateTime<Utc>> {
    let time = NaiveTime::from_num_seconds_from_midnight_opt((minute % (24 * 60)) * 60, 0)?;
    Some(zone.from_local_datetime(&day.and_time(time)).earliest()?.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::people::people;
    use super::*;
    use crate::config::load_from;
    use crate::config::shipped::SHIPPED;

    #[test]
    fn four_weeks_have_believable_numbers_at_believable_hours() {
        let config = load_from(&SHIPPED, &BTreeMap::new(), DateTime::UNIX_EPOCH).unwrap().config;
        let people = people(200, 7, &config.branches);
        let days: Vec<_> = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap().iter_days().take(28).collect();
        let mut by_kind = BTreeMap::<String, usize>::new();
        for (day, person) in days.iter().flat_map(|day| people.values().map(move |person| (day, person))) {
            let branch = &config.branches[&person.branch];
            for event in of_guest(person, branch, *day, 7) {
                let minute = event.at.with_timezone(&person.zone).format("%H%M").to_string();
                assert!(("0900".."2305").contains(&minute.as_str()), "{minute}");
                *by_kind.entry(event.kind).or_default() += 1;
            }
        }
        let n = |kind: &str| by_kind.get(kind).copied().unwrap_or_default();
        assert!((150..600).contains(&n("visit.completed")), "{by_kind:?}");
        assert!(
            (60..300).contains(&n("booking.confirmed")) && (60..300).contains(&n("order.delivered")),
            "{by_kind:?}"
        );
        let n_sittings: usize = days
            .iter()
            .flat_map(|day| config.branches.values().map(move |branch| sittings(branch, *day, 7).len()))
            .sum();
        assert!((100..400).contains(&n_sittings), "{n_sittings}");
    }
}
