//! Declarations that come with the program, and how a table is laid over one.

use toml::{Table, Value};

/// What comes with the program, by name.
const PRESETS: [(&str, &str); 5] = [
    ("kannel", include_str!("presets/kannel.toml")),
    ("messagebird", include_str!("presets/messagebird.toml")),
    ("plivo", include_str!("presets/plivo.toml")),
    ("twilio", include_str!("presets/twilio.toml")),
    ("vonage", include_str!("presets/vonage.toml")),
];

/// Tables of which only one form can stand: laid over by another, they are replaced and not mixed.
const WHOLE: [&str; 12] =
    ["auth", "message_id", "segments", "state", "code", "reply", "from", "to", "text", "id", "charset", "answered"];

/// The names of all presets.
pub(super) fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|(name, _)| *name).collect()
}

/// The preset of that name.
pub(super) fn preset(name: &str) -> Option<Table> {
    let (_, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
    Some(text.parse().expect("the presets are read by a test"))
}

/// Lays `over` on top of `under`: a table within a table is laid over key by key, anything else replaces. A body of
/// another kind replaces the one below.
pub(super) fn lay_over(mut under: Table, over: &Table) -> Table {
    for (key, value) in over {
        let laid = match (under.remove(key), value) {
            (Some(Value::Table(below)), Value::Table(above)) if mixes(key, &below, above) => {
                Value::Table(lay_over(below, above))
            }
            (_, above) => above.clone(),
        };
        under.insert(key.clone(), laid);
    }
    under
}

fn mixes(key: &str, below: &Table, above: &Table) -> bool {
    const KINDS: [&str; 3] = ["form", "json", "raw"];
    let kind = |table: &Table| KINDS.into_iter().find(|kind| table.contains_key(*kind));
    !WHOLE.contains(&key) && (key != "body" || kind(above).is_none() || kind(above) == kind(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(under: &str, over: &str, expected: &str) {
        let table = |text: &str| text.parse::<Table>().unwrap();
        assert_eq!(lay_over(table(under), &table(over)), table(expected));
    }

    #[test]
    fn every_preset_is_toml() {
        for name in names() {
            assert!(preset(name).is_some_and(|table| table.contains_key("success")), "{name}");
        }
        assert_eq!(preset("carrier-pigeon"), None);
    }

    #[test]
    fn tables_are_laid_over_key_by_key() {
        check(
            "a = 1\nq = { x = '1', y = '2' }",
            "q = { y = '3', z = '4' }",
            "a = 1\nq = { x = '1', y = '3', z = '4' }",
        );
        check("s = { status = [200, 201] }", "s = { status = [202] }", "s = { status = [202] }");
        check("q = { x = '1' }", "q = 'none'", "q = 'none'");
    }

    #[test]
    fn what_has_one_form_only_is_replaced_whole() {
        check("auth = { kind = 'basic', username = 'u' }", "auth = { kind = 'bearer' }", "auth = { kind = 'bearer' }");
        check("message_id = { json = 'sid' }", "message_id = { header = 'X-Id' }", "message_id = { header = 'X-Id' }");
        check(
            "receipts = { state = { query = 'st' }, failed = [2] }",
            "receipts = { state = { form = 'state' } }",
            "receipts = { state = { form = 'state' }, failed = [2] }",
        );
        check("body = { form = { a = '1' } }", "body = { json = { b = '2' } }", "body = { json = { b = '2' } }");
        check(
            "body = { form = { a = '1' } }",
            "body = { form = { b = '2' } }",
            "body = { form = { a = '1', b = '2' } }",
        );
    }
}
