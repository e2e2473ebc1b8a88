use proptest::prelude::*;
use proptest::sample::subsequence;

use super::by::By;
use super::*;
use crate::domain::attempt::{Outcome, TextCost};
use crate::domain::invitation::tests::{BERLIN, accepted, at, day, deferred, invitation, receipt, refused, unknown};
use crate::domain::receipt::{News, Receipt};

fn query(by: &[By]) -> DeliveryQuery {
    let day = |text: &str| text.parse().unwrap();
    DeliveryQuery {
        by: by.to_vec(),
        from: day("2026-03-01"),
        to: day("2026-04-01"),
        as_of: at("2026-03-20T12:00:00Z"),
        journey: None,
        stage: None,
        branch: None,
    }
}

fn came_back(news: News, reply: &str) -> Invitation {
    let receipt = Receipt::of(news, "a returned mail", reply);
    invitation().sent(day(0), &accepted()).heard(1, &receipt, day(1), BERLIN).unwrap()
}

/// A mail of every kind that there is.
fn mails() -> Vec<Invitation> {
    let refused_with = |reply: &str| Outcome::Refused { reply: reply.to_owned(), address_dead: true };
    vec![
        invitation().sent(day(0), &accepted()),
        invitation().sent(day(0), &accepted()).opted_out(day(1), Some(1)),
        invitation().sent(day(0), &refused()),
        invitation().sent(day(0), &refused_with("550 5.1.1 no <a.guest@example.org> here")),
        invitation().sent(day(0), &unknown()),
        invitation().sent(day(0), &deferred()),
        invitation().sent(day(0), &deferred()).window_closed(day(14)),
        invitation().sending(day(0)),
        invitation().sent(day(0), &accepted()).heard(1, &receipt(News::Delivered), day(1), BERLIN).unwrap(),
        came_back(News::Bounced(Bounce::Soft), "4.2.2"),
        came_back(News::Bounced(Bounce::Policy), "554 5.7.1 not wanted"),
        came_back(News::Bounced(Bounce::Sender), "550 5.7.26"),
        came_back(News::Bounced(Bounce::Hard), "5.1.1"),
        came_back(News::Complained, ""),
    ]
}

fn report_of(by: &[By], invitations: &[Invitation]) -> DeliveryReport {
    let mut delivery = Delivery::of(query(by));
    for invitation in invitations {
        for attempt in &invitation.attempts {
            delivery.add(&Message { invitation, attempt, domain: Some("example.org"), gateway: None });
        }
    }
    delivery.report()
}

#[test]
fn every_message_counts_where_it_stands() {
    let total = report_of(&[], &mails()).total;
    let expected = Counts {
        sent: 14,
        accepted: 8,
        refused: 3,
        unknown: 1,
        under_way: 2,
        delivered: 1,
        bounced_soft: 1,
        bounced_policy: 1,
        bounced_sender: 1,
        bounced_hard: 1,
        complained: 1,
        // Whoever complains says no more, too.
        opted_out: 2,
        ..Counts::default()
    };
    assert_eq!(total, expected);
    assert_eq!((total.failure_rate().hits, total.failure_rate().n), (7, 11));
    assert_eq!((total.complaint_rate().hits, total.complaint_rate().n), (1, 8));
}

#[test]
fn reasons_are_codes_and_name_nobody() {
    let report = report_of(&[By::Channel, By::Reason], &mails());
    let rows: Vec<_> = report.rows.iter().map(|(labels, counts)| (labels[1].as_deref(), counts.sent)).collect();
    let expected = [
        (None, 4),
        (Some("5.1.1"), 2),
        (Some("451"), 2),
        (Some("4.2.2"), 1),
        (Some("5.7.1"), 1),
        (Some("5.7.26"), 1),
        (Some("550"), 1),
        (Some("complaint"), 1),
        (Some("no code (unknown)"), 1),
    ];
    let sorted = |rows: &[(Option<&str>, u64)]| {
        let mut rows: Vec<_> = rows.iter().map(|(label, n)| (label.map(str::to_owned), *n)).collect();
        rows.sort();
        rows
    };
    assert_eq!(sorted(&rows), sorted(&expected));
    assert!(rows.is_sorted_by(|a, b| a.1 >= b.1));
}

#[test]
fn what_is_not_asked_for_does_not_count() {
    let n = |query: DeliveryQuery| {
        let mut delivery = Delivery::of(query);
        let invitation = invitation().sent(at("2026-03-31T22:30:00Z"), &accepted());
        let attempt = &invitation.attempts[0];
        delivery.add(&Message { invitation: &invitation, attempt, domain: None, gateway: None });
        delivery.report().total.sent
    };
    assert_eq!(n(query(&[])), 0, "it is April in Berlin");
    let april = DeliveryQuery { to: "2026-04-02".parse().unwrap(), ..query(&[]) };
    assert_eq!(n(april.clone()), 1);
    assert_eq!(n(DeliveryQuery { branch: Some(BranchId::parse("altona").unwrap()), ..april }), 0);
}

#[test]
fn the_table_and_the_csv_say_the_same() {
    let report = report_of(&[By::Domain], &mails());
    insta::assert_snapshot!("table", write::table(&report));
    let mut csv = Vec::new();
    write::csv(&report, &mut csv).unwrap();
    insta::assert_snapshot!("csv", String::from_utf8(csv).unwrap());
    assert_eq!(write::json(&report)["rows"][0]["domain"], "example.org");
}

#[test]
fn what_text_messages_cost_is_summed_by_currency() {
    let paid = |n_segments, price: Option<&str>| {
        let price = price.map(|price| Price::parse(price).unwrap());
        let mut invitation = invitation().sent(day(0), &accepted());
        invitation.attempts[0].cost = Some(TextCost { n_segments, price });
        invitation
    };
    let texts = [paid(2, Some("0.079 EUR")), paid(1, Some("0.079 EUR")), paid(3, Some("0.01 USD")), paid(4, None)];
    let report = report_of(&[By::Channel], &[texts.to_vec(), mails()].concat());
    assert_eq!(report.total.segments, 10);
    assert_eq!(report.total.cost().map(|sum| sum.to_string()).collect::<Vec<_>>(), ["0.237 EUR", "0.03 USD"]);
    let json = write::json(&report);
    assert_eq!(json["total"]["segments"], 10);
    assert_eq!(json["rows"][0]["cost"][0], serde_json::json!({ "currency": "EUR", "amount": "0.237" }));
    assert!(write::table(&report).contains("0.237 EUR + 0.03 USD"), "{}", write::table(&report));
    let mut csv = Vec::new();
    write::csv(&report, &mut csv).unwrap();
    assert!(String::from_utf8(csv).unwrap().contains(",10,0.237 EUR + 0.03 USD,"));
}

proptest! {
    #[test]
    fn parts_add_up_in_any_order(mails in subsequence(mails(), 0..=14).prop_shuffle()) {
        let report = report_of(&[By::Reason, By::Day], &mails);
        let total = report.total.clone();
        prop_assert_eq!(total.sent, total.accepted + total.refused + total.unknown + total.under_way);
        prop_assert!(total.delivered + total.bounced() + total.complained <= total.accepted);
        let sums = report.rows.iter().fold([0; 13], |mut sums, (_, counts)| {
            counts.counters().iter().zip(&mut sums).for_each(|((_, count), sum)| *sum += count);
            sums
        });
        prop_assert_eq!(sums, total.counters().map(|(_, count)| count));
        let mut back = mails;
        back.reverse();
        prop_assert_eq!(report_of(&[By::Reason, By::Day], &back), report);
    }
}
