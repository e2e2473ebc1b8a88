//! `on`: what sets a stage off.

use chrono::TimeDelta;

use crate::domain::event::{Condition, FIELDS_MAX};
use crate::domain::id::BranchId;
use crate::domain::journey::{CronTrigger, Level, Trigger};
use crate::domain::schedule::Schedule;

use super::node::Content;
use super::reader::{Field, Reader};
use super::references::{Ledger, Target};
use super::values;

/// How late a missed fire is still caught up on, where nothing is said.
const CATCH_UP: TimeDelta = TimeDelta::days(1);

/// Reads the trigger.
pub(super) fn read(field: Field<'_, '_>, ledger: &Ledger<'_>) -> Option<Trigger> {
    let mut table = field.table()?;
    match (table.has("event"), table.has("cron")) {
        (true, false) => event(table),
        (false, true) => cron(table, ledger),
        (true, true) => table.wrong("cron", "a stage is set off by an event or by a clock, not by both"),
        (false, false) => {
            table.asks_for(&["event", "cron"]);
            field.wrong("say what sets the stage off: { event = \"visit.completed\" } or { cron = \"0 9 * * Mon\" }")
        }
    }
}

/// The trigger decides what the answers speak of.
pub(super) fn level_of(trigger: &Trigger) -> Level {
    match trigger {
        Trigger::Event { .. } => Level::Interaction,
        Trigger::Cron(_) => Level::Relationship,
    }
}

fn event(mut table: Reader<'_>) -> Option<Trigger> {
    let kind = table.required("event", values::event_kind);
    let conditions = table.field("where", conditions);
    table.finish("a trigger by event");
    Some(Trigger::Event { kind: kind?, conditions: conditions.unwrap_or_default() })
}

/// Conditions on fields, by their names.
pub(super) fn conditions(field: Field<'_, '_>) -> Option<Vec<Condition>> {
    let conditions = field.entries(condition)?;
    if conditions.len() > FIELDS_MAX {
        return field.wrong(format!("an event has at most {FIELDS_MAX} fields"));
    }
    Some(conditions)
}

/// `covers = { min = 1 }`, or a value alone for a field that must be just that.
fn condition(name: &str, field: Field<'_, '_>) -> Option<Condition> {
    let condition = Condition { field: name.to_owned(), ..Condition::default() };
    if !matches!(field.node.content, Content::Table(_)) {
        return Some(Condition { any_of: vec![field.read(values::event_value)?], ..condition });
    }
    let mut table = field.table()?;
    let (min, max) = (table.optional("min", values::number), table.optional("max", values::number));
    let mut list = |key| table.field(key, |field| field.list(|field| field.read(values::event_value)));
    let (any_of, none_of) = (list("any_of"), list("none_of"));
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        table.wrong::<()>("max", "`max` is below `min`, so no event could meet this");
    }
    table.finish("a condition");
    let (any_of, none_of) = (any_of.unwrap_or_default(), none_of.unwrap_or_default());
    Some(Condition { min, max, any_of, none_of, ..condition })
}

fn cron(mut table: Reader<'_>, ledger: &Ledger<'_>) -> Option<Trigger> {
    let schedule = table.required("cron", values::parsed(Schedule::parse));
    let time_zone = table.or("time_zone", ledger.time_zone, values::time_zone);
    if let Some(Err(error)) = schedule.as_ref().map(|schedule| schedule.first_fire_within_a_year(time_zone, ledger.now))
    {
        table.wrong::<()>("cron", error.to_string());
    }
    let mut audience = table.section("audience");
    let seen_within = audience.optional("seen", values::duration(TimeDelta::hours(1)..=TimeDelta::days(3_650)));
    let branch = audience.optional("branch", values::parsed(BranchId::parse));
    if let Some(branch) = &branch {
        ledger.refer(audience.spot("branch"), Target::Branch(branch.clone()));
    }
    audience.finish("an audience");
    let spread = table.optional("spread", values::duration(TimeDelta::days(1)..=TimeDelta::days(730)));
    let catch_up_within = table.or("catch_up", CATCH_UP, values::duration(TimeDelta::zero()..=TimeDelta::days(7)));
    table.finish("a trigger by clock");
    Some(Trigger::Cron(CronTrigger { schedule: schedule?, time_zone, seen_within, branch, spread, catch_up_within }))
}
