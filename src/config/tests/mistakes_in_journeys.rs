//! Mistakes in journeys.

use super::*;

/// One line of the first stage is put in the place of `line_up`, which is line 8 of the file.
#[track_caller]
fn check_stage(lines: &str, expected: &[&str]) {
    check("journeys/dine-in.toml", &JOURNEY.replace("line_up = [{ channel = \"email\" }]", lines), expected);
}

#[test]
fn a_trigger_is_checked() {
    let on = |on: &str, expected: &str| {
        let journey = JOURNEY.replace("{ event = \"visit.completed\" }", on);
        check("journeys/dine-in.toml", &journey, &[&format!("config/journeys/dine-in.toml:7:{expected}")]);
    };
    on("{ cron = \"0 9 30 2 *\" }", "15: stage.visit.on.cron: `0 9 30 2 *` never fires: no year has such a day");
    on(
        "{ cron = \"0 0 9 1 1 * 2050\" }",
        "15: stage.visit.on.cron: `0 0 9 1 1 * 2050` fires next at 2050-01-01 09:00:00 UTC, more than a year away: a \
         schedule fires at least once a year",
    );
    on(
        "{ event = \"a b\" }",
        "16: stage.visit.on.event: `a b` is no event; use at most 100 letters, digits and `.-_:/`, as in \
         `visit.completed`",
    );
    on(
        "{ event = \"a\", where = { covers = { mn = 1 } } }",
        "42: stage.visit.on.where.covers.mn: `mn` is not a key of a condition, did you mean `min`? (its keys: any_of, \
         max, min, none_of)",
    );
    on(
        "{ cron = \"0 9 * * Mon\", audience = { branch = \"mite\" } }",
        "52: stage.visit.on.audience.branch: there is no branch `mite`, did you mean `mitte`? (known: mitte)",
    );
    on(
        "{ event = \"a\", cron = \"0 9 * * Mon\" }",
        "28: stage.visit.on.cron: a stage is set off by an event or by a clock, not by both",
    );
    on(
        "{}",
        "6: stage.visit.on: say what sets the stage off: { event = \"visit.completed\" } or { cron = \"0 9 * * Mon\" }",
    );
}

#[test]
fn a_stage_is_checked() {
    let ok = "line_up = [{ channel = \"email\" }]\n";
    check_stage(
        &format!("{ok}aftr = \"2h\""),
        &["config/journeys/dine-in.toml:9:1: stage.visit.aftr: `aftr` is not a key of a stage that invites, did you \
             mean `after`? (its keys: after, cap, id, late_max, level, line_up, on, one_tap, priority, sample, send, \
             survey, title, window)"],
    );
    check_stage(
        &format!("{ok}sample = 1.5"),
        &["config/journeys/dine-in.toml:9:10: stage.visit.sample: a number from 0 to 1 belongs here, found the \
             number 1.5"],
    );
    check_stage(
        &format!("{ok}one_tap = \"count\""),
        &["config/journeys/dine-in.toml:9:11: stage.visit.one_tap: `count` is not what a tap does; use `confirm` or \
             `provisional`"],
    );
    check_stage(
        &format!("{ok}late_max = \"5m\""),
        &["config/journeys/dine-in.toml:9:12: stage.visit.late_max: `5m` is out of bounds: from 10m to 180d is \
             possible"],
    );
    check_stage(
        &format!("{ok}level = \"relationship\""),
        &["config/journeys/dine-in.toml:9:9: stage.visit.level: the level of this stage is `interaction`: an event \
             asks about one contact"],
    );
    check_stage(
        &format!("{ok}window = \"14x\""),
        &["config/journeys/dine-in.toml:9:10: stage.visit.window: `14x` has the unknown unit `x`: the units are s, \
             m (minutes), h, d and w"],
    );
    check_stage(
        &format!("{ok}send = {{ between = \"10:00-20:00\", days = \"Mon-Sax\" }}"),
        &["config/journeys/dine-in.toml:9:42: stage.visit.send.days: `Sax` in `Mon-Sax` is no weekday: write days \
             like Mon-Sat or Mon,Wed,Fri"],
    );
    check_stage(
        "surface = \"card\"",
        &["config/journeys/dine-in.toml:7:1: stage.visit.on: `on` is not a key of a stage with a `surface`, which \
             invites nobody (its keys: id, level, surface, survey, title)"],
    );
    check(
        "journeys/dine-in.toml",
        &JOURNEY.replace("survey = \"visit\"", "survey = \"vist\""),
        &["config/journeys/dine-in.toml:6:10: stage.visit.survey: there is no survey `vist`, did you mean `visit`? \
             (known: visit)"],
    );
    check(
        "journeys/dine-in.toml",
        &JOURNEY.replace("on = { event = \"visit.completed\" }", ""),
        &["config/journeys/dine-in.toml:4:1: stage.visit.on: `on` is missing: say which event or clock sets the \
             stage off, or where it waits with `surface`"],
    );
}

#[test]
fn the_hours_of_a_stage_are_checked() {
    let ok = "line_up = [{ channel = \"email\" }]\n";
    check_stage(
        &format!("{ok}send = {{ holidays = \"no\" }}"),
        &[
            "config/journeys/dine-in.toml:9:21: stage.visit.send.holidays: true or false belongs here, found the text `no`",
        ],
    );
    check_stage(
        &format!("{ok}send = {{}}"),
        &["config/journeys/dine-in.toml:9:8: stage.visit.send: say when messages may be sent: { between = \
             \"10:00-20:00\", days = \"Mon-Sat\" }"],
    );
    check_stage(
        &format!("{ok}send = {{ holiday = true }}"),
        &[
            "config/journeys/dine-in.toml:9:8: stage.visit.send: say when messages may be sent: { between = \
             \"10:00-20:00\", days = \"Mon-Sat\" }",
            "config/journeys/dine-in.toml:9:10: stage.visit.send.holiday: `holiday` is not a key of `send`, did you mean \
             `holidays`? (its keys: between, days, holidays, weekends)",
        ],
    );
    check_stage(
        "line_up = [{ channel = \"sms\" }]\nsend = { between = \"20:30-23:00\" }",
        &[
            "config/journeys/dine-in.toml:9:8: stage.visit.send: no message by sms could ever leave for branch `mitte`: these \
             hours and the quiet hours of `other` countries never meet",
        ],
    );
}

#[test]
fn a_line_up_is_checked() {
    let steps = |steps: &str, expected: &str| {
        check_stage(&format!("line_up = [{steps}]"), &[&format!("config/journeys/dine-in.toml:8:{expected}")]);
    };
    steps("{ channel = \"fax\" }", "24: stage.visit.line_up[0].channel: `fax` is not a channel; use `email` or `sms`");
    steps(
        "{ channel = \"email\", kind = \"reminder\" }",
        "40: stage.visit.line_up[0].kind: the first step is the `initial` one: nothing went before it",
    );
    steps(
        "{ channel = \"email\", after = \"1d\" }",
        "41: stage.visit.line_up[0].after: the first step has nothing before it; the stage's own `after` says when it \
         goes out",
    );
    steps(
        "{ channel = \"email\" }, { channel = \"email\" }",
        "35: stage.visit.line_up[1].after: `after` is missing: say how long after the first message this step comes, \
         such as \"3d\"",
    );
    steps(
        "{ channel = \"email\" }, { channel = \"sms\", after = \"20d\" }",
        "62: stage.visit.line_up[1].after: this step comes after 20d, when the window of 14d has closed",
    );
    steps("", "11: stage.visit.line_up: a line-up has 1 to 10 steps, found 0");
    let sample = Sample::sound().with("canvass.toml", "[public]\nurl = \"https://s.sole.example\"\n");
    assert_eq!(
        sample.problems(),
        "config/journeys/dine-in.toml:8:24: stage.visit.line_up[0].channel: `email` is not set up: add [email] with \
         `from` to canvass.toml"
    );
}

#[test]
fn defaults_follow_from_what_is_given() {
    use crate::domain::journey::{Ask, Level, StepKind, When};
    let steps = "line_up = [{ channel = \"email\" }, { channel = \"email\", after = \"3d\" }, { channel = \"sms\", \
     after = \"5d\" }]";
    let journey = JOURNEY.replace("line_up = [{ channel = \"email\" }]", steps);
    let config = Sample::sound().with("journeys/dine-in.toml", &journey).load().unwrap().config;
    let stage = &config.journeys["dine-in"].stages[0];
    let Ask::Push(push) = &stage.ask else { panic!("a stage that invites") };
    assert_eq!((stage.level, stage.title.as_str()), (Level::Interaction, "visit"));
    assert_eq!((push.window.num_days(), push.priority, push.after.num_seconds()), (14, 5, 0));
    let kinds: Vec<_> = push.line_up.iter().map(|step| (step.kind, step.when)).collect();
    let expected =
        [(StepKind::Initial, When::Either), (StepKind::Reminder, When::Silent), (StepKind::Fallback, When::Either)];
    assert_eq!(kinds, expected);
    let config = Sample::sound().with("journeys/dine-in.toml", &JOURNEY.replace("email", "sms")).load().unwrap().config;
    assert_eq!(config.pushes().map(|(_, _, push)| push.window.num_days()).collect::<Vec<_>>(), [7]);
}

#[test]
fn a_test_block_is_checked_and_reported_where_it_stands() {
    let block = |expect: &str| {
        format!(
            "{JOURNEY}[[test]]\nname = \"n\"\nevent = {{ type = \"visit.completed\", at = 2026-03-06T22:30:00+01:00, \
             contact = {{ phone = \"+49 1512 3456789\" }} }}\nexpect = {{ {expect} }}\n"
        )
    };
    let loaded = Sample::sound().with("journeys/dine-in.toml", &block("stage = \"visit\"")).load().unwrap();
    assert!(loaded.run_tests(&|_, _| Ok(())).is_empty());
    let problems = loaded.run_tests(&|_, test| Err(format!("{:?}", test.expected)));
    assert_eq!(
        problems[0].to_string(),
        "config/journeys/dine-in.toml:9:1: test[0]: `n` does not hold: Planned { channel: None, at: None }"
    );
    check(
        "journeys/dine-in.toml",
        &block("stage = \"vist\""),
        &["config/journeys/dine-in.toml:12:20: test[0].expect.stage: there is no stage `vist`, did you mean \
             `visit`? (known: visit)"],
    );
    check(
        "journeys/dine-in.toml",
        &block("stage = \"visit\", reason = \"no_consent\""),
        &["config/journeys/dine-in.toml:12:38: test[0].expect.reason: only what is skipped has a reason; add \
             decision = \"skipped\""],
    );
}
