//! `[breaker]`: when too much goes wrong.

use chrono::TimeDelta;

use super::node::Content;
use super::reader::{Field, Reader};
use super::values;
use crate::plan::breaker::{BreakerRules, Limit};

/// Reads the section, or `breaker = "off"`. Keys that are left out are as usual.
pub(super) fn read(root: &mut Reader<'_>) -> Option<BreakerRules> {
    const USUAL: BreakerRules = BreakerRules::USUAL;
    root.asks_for(&["breaker"]);
    if !root.has("breaker") {
        return Some(USUAL);
    }
    let mut section = root.field("breaker", |field| if is_off(&field) { None } else { field.table() })?;
    let mut shares = |key, usual| or_off(&mut section, key, usual, limit);
    let (bounced, complained) = (shares("bounced", USUAL.bounced), shares("complained", USUAL.complained));
    let (opted_out, worst) = (shares("opted_out", USUAL.opted_out), shares("worst", USUAL.worst));
    let whole = |field: Field<'_, '_>| field.read(values::whole(1..=1_000_000));
    let sender_faults = or_off(&mut section, "sender_faults", USUAL.sender_faults, whole);
    let bounds = TimeDelta::minutes(10)..=TimeDelta::days(30);
    let within = section.or("within", USUAL.within, values::duration(bounds));
    section.finish("[breaker]");
    Some(BreakerRules { within, bounced, complained, opted_out, worst, sender_faults })
}

fn is_off(field: &Field<'_, '_>) -> bool {
    matches!(&field.node.content, Content::Text(word) | Content::Untyped(word) if word == "off")
}

/// The value of a key that is as usual when it is left out or wrong, and nothing where the key is "off".
pub(super) fn or_off<'a, T>(
    section: &mut Reader<'a>,
    key: &'static str,
    usual: Option<T>,
    read: impl FnOnce(Field<'a, '_>) -> Option<T>,
) -> Option<T> {
    let mut off = false;
    let given = section.field(key, |field| {
        off = is_off(&field);
        if off { None } else { read(field) }
    });
    if off { None } else { given.or(usual) }
}

/// `{ share = 0.1, at_least = 20 }`.
fn limit(field: Field<'_, '_>) -> Option<Limit> {
    let mut table = field.table()?;
    let share = table.required("share", values::number_in(0.0..=1.0));
    let at_least = table.required("at_least", values::whole(1..=1_000_000));
    table.finish("a limit");
    Some(Limit { share: share?, at_least: at_least? })
}
