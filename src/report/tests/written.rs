//! What is written down: the JSON frame that others rely on, the CSV and the table.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::example::example;
use super::story::day;
use crate::domain::id::{BranchId, JourneyId, TouchpointId};
use crate::domain::place::Surface;
use crate::report::by::By;
use crate::report::csv::csv;
use crate::report::json::{SURFACES_LEFT_OUT, json as to_json};
use crate::report::rates::{RatesQuery, RatesReport, rates};
use crate::report::table::{Bars, table};
use crate::report::tally::{SurfaceCell, SurfaceTally};

fn visits(branch: &str, touchpoint: &str, surface: Surface, tally: [i64; 3]) -> (SurfaceCell, SurfaceTally) {
    let cell = SurfaceCell {
        day: NaiveDate::from_ymd_opt(2026, 3, 7).unwrap(),
        branch: BranchId::parse(branch).unwrap(),
        touchpoint: TouchpointId::parse(touchpoint).unwrap(),
        surface,
    };
    let [sessions, complete, partial] = tally;
    (cell, SurfaceTally { sessions, complete, partial, flagged: 0 })
}

fn with_surfaces(by: &[By], until_day: i64) -> RatesReport {
    let surfaces = [
        visits("mitte", "table-1", Surface::Card, [30, 20, 1]),
        visits("mitte", "table-2", Surface::Card, [24, 11, 3]),
        visits("nord", "checkout", Surface::Web, [3, 1, 0]),
    ];
    let pushed = example(by, until_day);
    let beside = rates(&pushed.query, &[], &surfaces);
    RatesReport { surfaces: beside.surfaces, ..pushed }
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[track_caller]
fn check_share(share: &Value, n: u64, [value, lo, hi]: [f64; 3]) {
    assert_eq!(keys(share), ["value", "n", "lo", "hi", "method", "kind"]);
    assert_eq!((&share["n"], &share["method"], &share["kind"]), (&json!(n), &json!("wilson"), &json!("sampling")));
    for (key, expected) in [("value", value), ("lo", lo), ("hi", hi)] {
        let found = share[key].as_f64().unwrap();
        assert!((found - expected).abs() < 0.000_05, "{key}: {found} is not {expected}");
    }
}

#[test]
fn the_json_has_the_frame_that_others_rely_on() {
    let report = to_json(&with_surfaces(&[By::Channel], 40));
    let frame = ["report", "definition_version", "by", "from", "to", "basis"];
    assert_eq!(keys(&report)[..6], frame);
    let expected = json!({
        "report": "rates", "definition_version": 1, "by": ["channel"], "from": "2026-03-01", "to": "2026-04-01",
        "basis": "cohort of first send",
    });
    for key in frame {
        assert_eq!(report[key], expected[key]);
    }
    assert_eq!(keys(&report)[6..], ["as_of", "filters", "total", "rows", "surfaces", "surfaces_basis", "note"]);
    assert_eq!(report["as_of"], "2026-04-09T09:00:00Z");
    assert_eq!(keys(&report["total"]), keys(&report["rows"][0])[1..]);
    assert_eq!(report["total"]["cases"], 16);
    assert_eq!(report["rows"][1]["channel"], "sms");
}

#[test]
fn the_row_of_a_channel_is_the_published_one() {
    let report = to_json(&example(&[By::Channel], 40));
    let row = &report["rows"][0];
    let counts = json!({
        "channel": "email", "cases": 10, "delivered": 10, "undelivered": 0, "complete": 4, "partial": 1, "break_off": 1,
        "refusal": 1, "no_response": 3, "late": 1, "ineligible": 1, "suppressed": 0, "unknown": 0, "provisional": false,
    });
    assert_eq!(keys(row)[..14], keys(&counts));
    for key in keys(&counts) {
        assert_eq!(row[key], counts[key], "{key}");
    }
    assert_eq!(keys(row)[14..16], ["rr_delivered", "rr_sent"]);
    check_share(&row["rr_delivered"], 10, [0.5, 0.2366, 0.7634]);
    assert_eq!(row["rr_sent"]["n"], 13);
    assert_eq!(row["first_contact"], json!({ "n": 9, "answered": 4 }));
    assert_eq!(row["fallback"], json!({ "n": 1, "answered": 1 }));
    assert_eq!((&row["attempted"], &row["not_delivered"], &row["base"]), (&json!(13), &json!(3), &json!("low")));
    assert_eq!(row["detail"]["coverage"], Value::Null);
}

#[test]
fn the_total_carries_the_further_rates() {
    let report = to_json(&example(&[], 40));
    assert_eq!(report["rows"], json!([]));
    let detail = &report["total"]["detail"];
    check_share(&detail["coverage"], 18, [0.9444, 0.7424, 0.9901]);
    assert_eq!(detail["deliverability"]["value"], 0.875);
    assert_eq!(detail["rr_complete"]["value"], 0.4375);
    assert_eq!(detail["con1"]["value"], 0.625);
    assert_eq!(detail["coop2"]["value"], 0.8);
    assert_eq!(detail["ref1"]["value"], 0.125);
    assert!((detail["rr4"]["value"].as_f64().unwrap() - 0.5042).abs() < 0.000_05);
    assert_eq!(report["total"]["first_contact"], Value::Null);
}

#[test]
fn a_rate_of_nothing_is_null() {
    let query = RatesQuery { branch: BranchId::parse("nowhere").ok(), ..example(&[By::Branch], 40).query };
    let report = to_json(&rates(&query, &[], &[]));
    let share = &report["total"]["rr_delivered"];
    let nothing = json!({"value": null, "n": 0, "lo": null, "hi": null, "method": "wilson", "kind": "sampling"});
    assert_eq!(*share, nothing);
    assert_eq!(report["filters"], json!({ "journey": null, "stage": null, "branch": "nowhere" }));
}

#[test]
fn surfaces_stand_apart_with_a_completion_and_no_response_rate() {
    let report = to_json(&with_surfaces(&[By::Channel], 40));
    let card = &report["surfaces"][0];
    assert_eq!((&card["surface"], &card["sessions"]), (&json!("card"), &json!(54)));
    assert_eq!((&card["complete"], &card["partial"]), (&json!(31), &json!(4)));
    assert!((card["completion"]["value"].as_f64().unwrap() - 0.6481).abs() < 0.000_05);
    assert_eq!(card["completion"]["kind"], "nominal");
    assert_eq!(card["participation"], Value::Null);
    assert_eq!(card["participation_note"], "not available: no exposure recorded");
    assert_eq!(report["surfaces"][1]["surface"], "web");
    assert_eq!(report["total"]["cases"], 16);

    let by_branch = to_json(&with_surfaces(&[By::Branch], 40));
    assert_eq!(by_branch["surfaces"][1]["branch"], "nord");
}

#[test]
fn visits_belong_to_no_journey() {
    let query = RatesQuery { journey: JourneyId::parse("dine-in").ok(), ..with_surfaces(&[By::Branch], 40).query };
    let report = rates(&query, &[], &[visits("mitte", "table-1", Surface::Card, [30, 20, 1])]);
    assert_eq!(report.surfaces, []);
    assert_eq!(to_json(&report)["surfaces_basis"], SURFACES_LEFT_OUT);
}

fn lines(report: &RatesReport) -> Vec<Vec<String>> {
    let mut bytes = Vec::new();
    csv(report, &mut bytes).unwrap();
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    reader.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn the_csv_is_one_table_in_which_cases_and_visits_share_no_column() {
    let lines = lines(&with_surfaces(&[By::Channel, By::Branch], 40));
    let kinds: Vec<&str> = lines.iter().map(|line| line[0].as_str()).collect();
    assert_eq!(kinds, ["kind", "total", "row", "row", "surface", "surface"]);
    let column = |name: &str| lines[0].iter().position(|known| known == name).unwrap();
    assert_eq!(lines[2][..4], ["row", "email", "mitte", "10"]);
    assert_eq!(lines[4][..4], ["surface", "", "mitte", ""]);
    assert_eq!(lines[2][column("rr_delivered")], "0.5");
    assert_eq!(lines[2][column("rr_delivered_n")], "10");
    let lo: f64 = lines[2][column("rr_delivered_lo")].parse().unwrap();
    assert!((lo - 0.2366).abs() < 0.000_05, "{lo}");
    assert_eq!(lines[1][column("first_contact_n")], "");
    assert_eq!(lines[4][column("completion_n")], "54");
    for (name, total, surface) in lines[0].iter().zip(&lines[1]).zip(&lines[4]).map(|((a, b), c)| (a, b, c)) {
        let shared = ["kind", "branch", "from", "to", "as_of", "definition_version"].contains(&name.as_str());
        assert!(shared || total.is_empty() || surface.is_empty(), "{name}");
    }
}

#[test]
fn the_csv_holds_what_the_json_holds() {
    let report = with_surfaces(&[By::Channel], 5);
    let (lines, json) = (lines(&report), to_json(&report));
    for name in ["cases", "no_response", "late", "provisional", "base", "attempted", "not_delivered"] {
        let column = lines[0].iter().position(|known| known == name).unwrap();
        let written = json["total"][name].as_str().map_or_else(|| json["total"][name].to_string(), str::to_owned);
        assert_eq!(lines[1][column], written, "{name}");
    }
}

#[test]
fn the_table_says_what_each_figure_rests_on() {
    insta::assert_snapshot!(table(&with_surfaces(&[By::Channel], 40), Bars::Hidden), @r"
    Response rates by channel, first sent 2026-03-01 to 2026-03-31, as of 2026-04-09 09:00 UTC
    Basis: cases by the day of their first message; a case counts once.

    channel  sent  delivered  complete  partial  break-off  refusal  no response  late  of delivered  95% interval  of sent
    -------  ----  ---------  --------  -------  ---------  -------  -----------  ----  ------------  ------------  -------
    email      13         10         4        1          1        1            3     1         50.0%  [23.7-76.3]     38.5%  ~
    sms         8          7         3        0          0        0            4     1         42.9%  [15.8-75.0]     37.5%  ~
    -------  ----  ---------  --------  -------  ---------  -------  -----------  ----  ------------  ------------  -------
    total      16         14         7        1          1        1            4     1         57.1%  [32.6-78.6]     50.0%  ~

    Not delivered 2, delivery unknown 0, ineligible 1, never asked 1.
    Deliverability 87.5% of 16, coverage 94.4% of 18.
    ~ low base: fewer than 30
    Channels: a case reached by two channels is in the base of both and its answer is in one: numerators add up, denominators do not.

    Surfaces
    Basis: visits of people to surfaces; nobody was invited, so there is no response rate.

    surface  visits  complete  partial  flagged  of visits  95% interval
    -------  ------  --------  -------  -------  ---------  ------------
    card         54        31        4        0      64.8%  [51.5-76.2]
    web           3         1        0        0      33.3%  [6.1-79.2]    !

    ! very low base: fewer than 5, single cases rather than a rate
    Intervals: the spread of these answers only; they say nothing about people who did not answer.
    Participation: not available: no exposure recorded.
    ");
}

#[test]
fn what_may_be_misread_is_marked() {
    insta::assert_snapshot!(table(&with_surfaces(&[By::Branch, By::Day], 5), Bars::Shown), @r"
    Response rates by branch, day, first sent 2026-03-01 to 2026-03-31, as of 2026-03-05 09:00 UTC
    Basis: cases by the day of their first message; a case counts once.

    branch  day         sent  delivered  complete  partial  break-off  refusal  no response  late  of delivered  95% interval  of sent
    ------  ----------  ----  ---------  --------  -------  ---------  -------  -----------  ----  ------------  ------------  -------
    mitte   2026-03-01    12         10         3        1          1        1            4     0         40.0%  [16.8-68.7]     33.3%  *~  ########............
    mitte   2026-03-02     4          4         2        0          0        0            2     0         50.0%  [15.0-85.0]     50.0%  *!  ##########..........
    ------  ----------  ----  ---------  --------  -------  ---------  -------  -----------  ----  ------------  ------------  -------
    total                 16         14         5        1          1        1            6     0         42.9%  [21.4-67.4]     37.5%  *~  #########...........

    Not delivered 2, delivery unknown 0, ineligible 1, never asked 1.
    Deliverability 87.5% of 16, coverage 94.4% of 18.
    * provisional: some answers may still come in time
    ~ low base: fewer than 30
    ! very low base: fewer than 5, single cases rather than a rate

    Surfaces
    Basis: visits of people to surfaces; nobody was invited, so there is no response rate.

    surface  branch  day         visits  complete  partial  flagged  of visits  95% interval
    -------  ------  ----------  ------  --------  -------  -------  ---------  ------------
    card     mitte   2026-03-07      54        31        4        0      64.8%  [51.5-76.2]
    web      nord    2026-03-07       3         1        0        0      33.3%  [6.1-79.2]    !

    ! very low base: fewer than 5, single cases rather than a rate
    Intervals: the spread of these answers only; they say nothing about people who did not answer.
    Participation: not available: no exposure recorded.
    ");
}

#[test]
fn a_table_of_nothing_shows_no_rate() {
    let query = RatesQuery { as_of: day(1), journey: JourneyId::parse("dine-in").ok(), ..example(&[], 40).query };
    insta::assert_snapshot!(table(&rates(&query, &[], &[]), Bars::Shown), @r"
    Response rates, first sent 2026-03-01 to 2026-03-31, as of 2026-03-01 09:00 UTC
    Basis: cases by the day of their first message; a case counts once.

           sent  delivered  complete  partial  break-off  refusal  no response  late  of delivered  95% interval  of sent
           ----  ---------  --------  -------  ---------  -------  -----------  ----  ------------  ------------  -------
    total     0          0         0        0          0        0            0     0             -                      -

    Not delivered 0, delivery unknown 0, ineligible 0, never asked 0.
    Deliverability - of 0, coverage - of 0.

    Surfaces: left out: visits to surfaces belong to no journey and no stage.
    ");
}
