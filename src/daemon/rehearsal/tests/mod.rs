mod day_limit;
mod house;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::Value;

use super::*;
use crate::daemon::simulation::script::Handed;
use crate::report::rehearsal::json::json;
use house::{House, shipped_but};

/// How long is rehearsed.
const DAYS: u16 = 30;

#[tokio::test]
async fn what_is_rehearsed_is_what_then_happens_and_nothing_happens_by_it() {
    let house = House::after_five_days().await;
    let (from, before) = (house.core.clock.now(), house.invitations().await);
    let rehearsed = plan(&house.core, DAYS, None).await.unwrap().outlook;
    assert_eq!(house.invitations().await, before, "a rehearsal changes nothing");
    assert!(house.handed_since(from).is_empty(), "and sends nothing");

    let to = from + TimeDelta::days(DAYS.into());
    house.live_until(to).await;
    let lived = house.account(&before, (from, to)).await;
    assert_eq!(rehearsed.rows, lived.rows);
    assert_eq!(rehearsed.total.n_sends, house.handed_since(from).len() as u64);
    let total = &rehearsed.total;
    assert!(total.n_sends > 40 && !total.deferrals.is_empty() && total.n_segments > 0, "{total:?} is no trial");
}

/// A delay, a cap and a line-up that differ from the shipped ones.
fn changed() -> Config {
    shipped_but(&[
        ("journeys/regulars.toml", "survey = \"nps\"\n", "survey = \"nps\"\nafter = \"26h\"\n"),
        ("canvass.toml", "at_most = 2\nper = \"30d\"\n", "at_most = 1\nper = \"30d\"\n"),
        (
            "journeys/regulars.toml",
            "channel = \"email\"\n",
            "channel = \"email\"\n\n[[stage.line_up]]\nchannel = \"sms\"\nafter = \"3d\"\nwhen = \"either\"\n",
        ),
    ])
}

/// A message, and what is told of where it goes: when and by which channel.
type Told = BTreeMap<(String, u64), (Option<(String, String)>, Option<(String, String)>)>;

/// What an account says of each message that differs.
fn told(account: &Account) -> Told {
    let account = json(account);
    let mut told = Told::new();
    for row in account["against"]["difference"]["rows"].as_array().unwrap() {
        for (side, sending) in [("before", &row["before"]), ("after", &row["after"])] {
            let text = |name: &str| sending[name].as_str().map(str::to_owned);
            let (Some(invitation), Some(at), Some(channel)) = (text("invitation"), text("at"), text("channel")) else {
                assert_eq!(*sending, Value::Null);
                continue;
            };
            let (before, after) = told.entry((invitation, row["message"].as_u64().unwrap())).or_default();
            let place = if side == "before" { before } else { after };
            *place = Some((at, channel));
        }
    }
    told
}

/// What differs between what two houses handed to their channels.
fn differing(first: &[Handed], second: &[Handed]) -> Told {
    let read = |handed: &Handed| {
        let is_sms = handed.n_segments.is_some();
        let (invitation, rest) = handed.name.split_once(if is_sms { '-' } else { '.' }).unwrap();
        let number = rest.split('@').next().unwrap().parse().unwrap();
        let at = handed.at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        ((invitation.to_owned(), number), (at, if is_sms { "sms" } else { "email" }.to_owned()))
    };
    let mut differing = Told::new();
    for (message, sending) in first.iter().map(read) {
        differing.entry(message).or_default().0 = Some(sending);
    }
    for (message, sending) in second.iter().map(read) {
        differing.entry(message).or_default().1 = Some(sending);
    }
    differing.retain(|_, (before, after)| before != after);
    differing
}

#[tokio::test]
async fn what_another_configuration_would_change_is_what_it_then_changes_event_for_event() {
    let (first, second) = (House::after_five_days().await, House::after_five_days().await);
    let from = first.core.clock.now();
    let other = Other { folder: "config.new".to_owned(), config: changed(), migrate: false };
    let account = plan(&first.core, DAYS, Some(other)).await.unwrap();

    second.adopt(changed()).await;
    let to = from + TimeDelta::days(DAYS.into());
    first.live_until(to).await;
    second.live_until(to).await;
    let lived = differing(&first.handed_since(from), &second.handed_since(from));
    assert_eq!(told(&account), lived);

    let Against { outlook, difference, .. } = account.against.unwrap();
    assert_eq!(outlook.total.n_sends, second.handed_since(from).len() as u64);
    let counts = [difference.gains, difference.losses, difference.moves].map(|count| count.n_messages);
    assert!(counts.iter().all(|n| *n > 0) && counts.iter().sum::<u64>() > 40, "{counts:?} is no trial");
}

/// The same, and another delay and another line-up for what guests are asked about already.
fn changed_for_all() -> Config {
    shipped_but(&[
        ("journeys/dine-in.toml", "after = \"2h\"\n", "after = \"50h\"\n"),
        ("journeys/delivery.toml", "line_up = [{ channel = \"sms\" }]", "line_up = [{ channel = \"email\" }]"),
        ("canvass.toml", "at_most = 2\nper = \"30d\"\n", "at_most = 1\nper = \"12d\"\n"),
    ])
}

#[tokio::test]
async fn so_is_what_it_would_change_for_running_invitations_that_move_to_it() {
    let (first, second) = (House::after_five_days().await, House::after_five_days().await);
    let from = first.core.clock.now();
    let other = Other { folder: "config.new".to_owned(), config: changed_for_all(), migrate: true };
    let account = plan(&first.core, DAYS, Some(other)).await.unwrap();

    second.adopt(changed_for_all()).await;
    let live = second.core.live.load_full();
    let counts = migrate(&*second.core.store, &live, from).await.unwrap();
    let to = from + TimeDelta::days(DAYS.into());
    first.live_until(to).await;
    second.live_until(to).await;
    let lived = differing(&first.handed_since(from), &second.handed_since(from));
    assert_eq!(told(&account), lived);
    assert_eq!(account.against.unwrap().migrated, Some(counts));
    assert!(counts.n_moved > 0, "{counts:?} is no trial");
}

#[tokio::test]
async fn what_text_messages_cost_is_told_where_the_gateway_has_a_price() {
    let house = House::after_five_days().await;
    let gateway = |name: &str, price: &str| {
        format!(
            "[sms.gateways.{name}]\nurl = \"http://127.0.0.1:1/\"\nsuccess = {{ status = [200] }}\n\
             query = {{ to = \"{{to}}\", text = \"{{text}}\" }}\n{price}"
        )
    };
    let gateways = gateway("a", "price = \"0.079 EUR\"\n") + &gateway("b", "");
    let comment = "# The gateway of all branches that name no other, for transport = \"gateway\".\n";
    let config = shipped_but(&[
        ("canvass.toml", "give_up_after = \"24h\"\n", "give_up_after = \"24h\"\ngateway = \"a\"\n"),
        ("canvass.toml", "below.\ntransport = \"file\"\n", "below.\ntransport = \"gateway\"\n"),
        ("canvass.toml", comment, &gateways),
        ("places.toml", "title = \"Sole Altona\"\n", "title = \"Sole Altona\"\nsms_gateway = \"b\"\n"),
    ]);
    let other = Other { folder: "config.new".to_owned(), config, migrate: false };
    let account = plan(&house.core, DAYS, Some(other)).await.unwrap();
    let total = account.against.unwrap().outlook.total;
    let n_priced = total.n_segments - total.n_segments_unpriced;
    assert!(n_priced > 0 && total.n_segments_unpriced > 0, "{total:?} is no trial");
    let expected = crate::domain::price::Price::parse("0.079 EUR").unwrap().times(n_priced);
    assert_eq!(total.costs().collect::<Vec<_>>(), [expected]);
    assert_eq!(account.outlook.total.n_segments, account.outlook.total.n_segments_unpriced);
}
