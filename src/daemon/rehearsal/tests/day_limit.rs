//! A gateway that may take so much a day: what is over waits for the next, and nothing is lost by it.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};

use super::house::{House, shipped_but};
use super::*;
use crate::config::Config;
use crate::daemon::planner;
use crate::daemon::simulation::start;
use crate::domain::attempt::Fate;
use crate::domain::contact::Phone;
use crate::domain::contact_change::ContactChange;
use crate::domain::event::Event;
use crate::domain::id::{BranchId, ContactId, EventId};

const N_GUESTS: u32 = 30;

/// The shipped configuration, with a gateway that may take so many segments a day.
fn limited(n_segments: u64) -> Config {
    let gateway = format!(
        "\ngateway = \"own\"\ngateways.own = {{ url = \"http://127.0.0.1:1/send\", success = {{ status = [200] }}, \
         body = {{ json = {{ to = \"{{to}}\", text = \"{{text}}\" }} }}, price = \"0.10 EUR\", \
         daily_segments = {n_segments} }}\n# How long a text"
    );
    shipped_but(&[
        ("canvass.toml", "\ntransport = \"file\"\n# How long a text", &gateway),
        ("journeys/delivery.toml", "late_max = \"12h\"", "late_max = \"6d\""),
    ])
}

/// Thirty guests had something brought on the same morning.
async fn thirty_deliveries(house: &House) {
    for n in 0..N_GUESTS {
        let contact = ContactId::parse(&format!("guest-{n}")).unwrap();
        let phone = Some(Phone::trusted(&format!("+4915112{:06}", 100_000 + n)));
        let news = ContactChange { phone, ..ContactChange::none(contact.clone()) };
        let event = Event {
            id: EventId::parse(&format!("order-{n}")).unwrap(),
            kind: "order.delivered".to_owned(),
            at: start(),
            contact,
            branch: BranchId::parse("mitte").ok(),
            data: BTreeMap::new(),
        };
        planner::take_event(&house.core, event, news).await.unwrap();
    }
}

/// The segments that left on each day, in the order of the days.
fn by_day(handed: &[Handed]) -> BTreeMap<NaiveDate, u32> {
    let mut days = BTreeMap::new();
    for message in handed {
        let day = message.at.with_timezone(&chrono_tz::Europe::Berlin).date_naive();
        *days.entry(day).or_default() += message.n_segments.unwrap();
    }
    days
}

#[tokio::test]
async fn what_is_over_the_limit_of_a_day_leaves_on_the_next_and_none_twice() {
    let house = House::open(limited(20)).await;
    thirty_deliveries(&house).await;
    let (from, before) = (house.core.clock.now(), house.invitations().await);
    let rehearsed = plan(&house.core, 6, None).await.unwrap().outlook;
    let to = from + TimeDelta::days(6);
    house.live_until(to).await;

    let handed = house.handed_since(from);
    let per_message = handed[0].n_segments.unwrap();
    assert!(handed.iter().all(|message| message.outcome == "accepted" && message.n_segments == Some(per_message)));
    let names: std::collections::BTreeSet<_> = handed.iter().map(|message| &message.name).collect();
    assert_eq!((names.len(), handed.len()), (30, 30), "none is lost, and none leaves twice");
    let (days, per_day) = (by_day(&handed), 20 / per_message * per_message);
    let all_but_last: Vec<_> = days.values().copied().take(days.len() - 1).collect();
    assert!(!all_but_last.is_empty() && all_but_last.iter().all(|n| *n == per_day), "{days:?}");
    let invitations = house.invitations().await;
    let attempts: Vec<_> = invitations.values().flat_map(|invitation| &invitation.attempts).collect();
    assert_eq!(attempts.len(), 30);
    for attempt in attempts {
        assert!(matches!(attempt.fate, Fate::Accepted { .. }));
        assert_eq!(u32::from(attempt.cost.unwrap().n_segments), per_message);
    }
    let lived = house.account(&before, (from, to)).await;
    assert_eq!(rehearsed.total.n_sends, lived.total.n_sends, "a rehearsal knows of it");
}

#[tokio::test]
async fn a_limit_that_is_raised_counts_at_once() {
    let house = House::open(limited(20)).await;
    thirty_deliveries(&house).await;
    let noon = start() + TimeDelta::hours(3);
    house.live_until(noon).await;
    let n_before = house.handed_since(start()).len();
    assert!(n_before < 30, "{n_before}");
    house.adopt(limited(1_000)).await;
    house.live_until(noon + TimeDelta::minutes(1)).await;
    assert_eq!(house.handed_since(start()).len(), 30);
}
