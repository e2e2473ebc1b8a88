//! `line_up` and `send`: by which steps and at which hours a stage writes.

use chrono::TimeDelta;

use crate::domain::duration::format_duration;
use crate::domain::journey::{Channel, STEPS_MAX, Step, StepKind, When, WritesOn};
use crate::domain::send_window::SendWindow;

use super::journeys::WINDOW_MAX;
use super::node::Content;
use super::problem::Spot;
use super::reader::{Field, Reader};
use super::references::{Ledger, Target};
use super::values;

/// How long answers count by default (METRICS §4.2) ...
const WINDOW: TimeDelta = TimeDelta::days(14);
/// ... and where only text messages are sent, which are answered at once or never.
const WINDOW_OF_SMS: TimeDelta = TimeDelta::days(7);

/// Reads `send = { between = "10:00-20:00", days = "Mon-Sat", weekends = false, holidays = true }`.
pub(super) fn send(field: Field<'_, '_>) -> Option<(SendWindow, WritesOn)> {
    let mut table = field.table()?;
    let writes_on = WritesOn {
        weekends: table.or("weekends", WritesOn::USUAL.weekends, values::flag),
        holidays: table.or("holidays", WritesOn::USUAL.holidays, values::flag),
    };
    let window = window(&mut table);
    if !["between", "days", "weekends", "holidays"].into_iter().any(|key| table.has(key)) {
        field.wrong::<()>("say when messages may be sent: { between = \"10:00-20:00\", days = \"Mon-Sat\" }");
    }
    table.finish("`send`");
    Some((window?, writes_on))
}

/// Reads the `between` and `days` of a table; what is left out is always.
pub(super) fn window(table: &mut Reader<'_>) -> Option<SendWindow> {
    let between = table.optional("between", values::line);
    let days = table.optional("days", values::line);
    let given = |key| table.has(key);
    // What could not be read has been reported; it must not be read as "always".
    let sound = (between.is_some() || !given("between")) && (days.is_some() || !given("days"));
    let hours = between.as_deref().unwrap_or("00:00-24:00");
    let window = SendWindow::parse(hours, days.as_deref());
    if let Err(error) = window.as_ref().map_err(ToString::to_string) {
        // The hours alone tell which of the two is wrong.
        let key = if SendWindow::parse(hours, None).is_err() { "between" } else { "days" };
        table.wrong::<()>(key, error);
    }
    window.ok().filter(|_| sound)
}

/// Reads the steps, and how long answers count.
pub(super) fn read(
    field: Field<'_, '_>,
    window: Option<TimeDelta>,
    ledger: &Ledger<'_>,
) -> Option<(Vec<Step>, TimeDelta)> {
    let Content::List(given) = &field.node.content else { return field.list(|_| None::<()>).and(None) };
    if given.is_empty() || given.len() > STEPS_MAX {
        return field.wrong(format!("a line-up has 1 to {STEPS_MAX} steps, found {}", given.len()));
    }
    let n_given = given.len();
    let mut steps: Vec<(Step, Spot)> = Vec::new();
    field.list(|field| {
        let table = field.table()?;
        let spot = table.spot("after");
        steps.push((step(table, &steps, ledger)?, spot));
        Some(())
    })?;
    let only_sms = steps.iter().all(|(step, _)| step.channel == Channel::Sms);
    let window = window.unwrap_or(if only_sms { WINDOW_OF_SMS } else { WINDOW });
    for (step, spot) in steps.iter().filter(|(step, _)| step.after >= window) {
        let (after, window) = (format_duration(step.after), format_duration(window));
        let message = format!("this step comes after {after}, when the window of {window} has closed");
        ledger.problems.report(spot.problem(message));
    }
    (steps.len() == n_given).then(|| (steps.into_iter().map(|(step, _)| step).collect(), window))
}

const KINDS: [(&str, StepKind); 3] =
    [("initial", StepKind::Initial), ("reminder", StepKind::Reminder), ("fallback", StepKind::Fallback)];
const WHENS: [(&str, When); 3] =
    [("undelivered", When::Undelivered), ("silent", When::Silent), ("either", When::Either)];

fn step(mut table: Reader<'_>, before: &[(Step, Spot)], ledger: &Ledger<'_>) -> Option<Step> {
    let channels = Channel::ALL.map(|channel| (channel.as_str(), channel));
    let channel = table.required("channel", values::one_of("a channel", &channels));
    if let Some(channel) = channel {
        ledger.refer(table.spot("channel"), Target::Channel(channel));
    }
    let first = before.is_empty();
    let repeated = before.iter().any(|(step, _)| Some(step.channel) == channel);
    let natural = match (first, repeated) {
        (true, _) => StepKind::Initial,
        (false, true) => StepKind::Reminder,
        (false, false) => StepKind::Fallback,
    };
    let kind = table.or("kind", natural, values::one_of("a kind of step", &KINDS));
    let fault = match (kind, first) {
        (StepKind::Initial, false) => Some("only the first step is `initial`; use `reminder` or `fallback`"),
        (StepKind::Reminder | StepKind::Fallback, true) => {
            Some("the first step is the `initial` one: nothing went before it")
        }
        (StepKind::Reminder, false) if !repeated => {
            Some("nothing went out on this channel before, so this is a `fallback`")
        }
        (StepKind::Initial, true) | (StepKind::Reminder | StepKind::Fallback, false) => None,
    };
    if let Some(fault) = fault {
        table.wrong::<()>("kind", fault);
    }
    let natural = if kind == StepKind::Reminder { When::Silent } else { When::Either };
    let when = table.or("when", natural, values::one_of("a condition", &WHENS));
    let after = table.or("after", TimeDelta::zero(), values::duration(TimeDelta::zero()..=WINDOW_MAX));
    if first {
        for key in ["after", "when"].into_iter().filter(|key| table.has(key)) {
            table.wrong::<()>(
                key,
                "the first step has nothing before it; the stage's own `after` says when it goes out",
            );
        }
    } else {
        check_after(&table, after, when, before);
    }
    table.finish("a step");
    Some(Step { channel: channel?, after, kind, when })
}

fn check_after(table: &Reader<'_>, after: TimeDelta, when: When, before: &[(Step, Spot)]) {
    let latest = before.iter().map(|(step, _)| step.after).max().unwrap_or_default();
    if !table.has("after") && when != When::Undelivered {
        table.wrong::<()>(
            "after",
            "`after` is missing: say how long after the first message this step comes, such as \"3d\"",
        );
    } else if table.has("after") && after < latest {
        let (after, latest) = (format_duration(after), format_duration(latest));
        table.wrong::<()>(
            "after",
            format!("{after} is before the step above, at {latest}; both count from the first message"),
        );
    }
}
