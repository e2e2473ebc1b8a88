//! Where in a JSON reply a value stands: `sid`, `error.code`, `messages[*].message-id`, `message_uuid[0]`.
//!
//! Keys are separated by dots, `[n]` is the n-th of a list counted from 0, `[*]` all of it; a leading `$.` is ignored.

use serde_json::Value;

/// A path that was read without a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Every,
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonPathError {
    /// Nothing between two dots, or nothing at all.
    #[error("has an empty step: write keys with dots between them, like `error.code` or `messages[*].status`")]
    Empty,
    /// What stands in brackets is neither a number nor a star.
    #[error("has `[{found}]`: in brackets stands a number counted from 0, or `*` for all")]
    Index {
        /// What stands there.
        found: String,
    },
    /// A bracket is left open, or something follows it.
    #[error("has a bracket that is not closed, or something other than a dot after it: write `messages[*].status`")]
    Bracket,
}

impl JsonPath {
    /// Reads a path.
    pub(super) fn parse(text: &str) -> Result<Self, JsonPathError> {
        let text = text.strip_prefix("$.").unwrap_or(text);
        let mut steps = Vec::new();
        for (position, piece) in text.split('.').enumerate() {
            let (key, brackets) = piece.split_once('[').map_or((piece, None), |(key, rest)| (key, Some(rest)));
            let begins_with_list = position == 0 && brackets.is_some();
            match key {
                "" if begins_with_list => {}
                "" => return Err(JsonPathError::Empty),
                key if key.contains(']') => return Err(JsonPathError::Bracket),
                key => steps.push(Step::Key(key.to_owned())),
            }
            if let Some(brackets) = brackets {
                let inside = brackets.strip_suffix(']').ok_or(JsonPathError::Bracket)?;
                for index in inside.split("][") {
                    steps.push(index_step(index)?);
                }
            }
        }
        Ok(Self { steps })
    }

    /// All values at the path, in order. Empty when one step leads nowhere.
    pub(super) fn values<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![root];
        for step in &self.steps {
            found = found
                .into_iter()
                .flat_map(|value| match step {
                    Step::Key(key) => value.get(key).into_iter().collect::<Vec<_>>(),
                    Step::Index(index) => value.get(*index).into_iter().collect(),
                    Step::Every => value.as_array().into_iter().flatten().collect(),
                })
                .collect();
        }
        found
    }
}

/// A value as people write it in a declaration: a text without its quotes; `None` for lists, objects and `null`.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn index_step(index: &str) -> Result<Step, JsonPathError> {
    if index == "*" {
        return Ok(Step::Every);
    }
    let is_number = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    match index.parse() {
        Ok(index) if is_number => Ok(Step::Index(index)),
        _ => Err(JsonPathError::Index { found: index.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &[&str]) {
        let reply = json!({
            "sid": "SM1", "error": {"code": 21211}, "uuid": ["a", "b"], "grid": [["x"], ["y", "z"]],
            "messages": [{"status": "0", "message-id": "m1"}, {"status": "1"}],
        });
        let path = JsonPath::parse(path).unwrap();
        let found: Vec<String> = path.values(&reply).into_iter().filter_map(scalar).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_path_leads_to_all_its_values() {
        check("sid", &["SM1"]);
        check("$.sid", &["SM1"]);
        check("error.code", &["21211"]);
        check("uuid[1]", &["b"]);
        check("uuid[7]", &[]);
        check("grid[*][0]", &["x", "y"]);
        check("messages[*].status", &["0", "1"]);
        check("messages[*].message-id", &["m1"]);
        check("sid.deeper", &[]);
        check("messages", &[]);
    }

    #[test]
    fn a_list_may_be_the_root() {
        let path = JsonPath::parse("[0].id").unwrap();
        assert_eq!(path.values(&json!([{"id": 7}])), [&json!(7)]);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for (path, expected) in [
            ("", JsonPathError::Empty),
            ("a..b", JsonPathError::Empty),
            ("a.", JsonPathError::Empty),
            ("a[", JsonPathError::Bracket),
            ("a[0]b", JsonPathError::Bracket),
            ("a]", JsonPathError::Bracket),
            ("a[x]", JsonPathError::Index { found: "x".to_owned() }),
            ("a[+1]", JsonPathError::Index { found: "+1".to_owned() }),
            ("a[]", JsonPathError::Index { found: String::new() }),
        ] {
            assert_eq!(JsonPath::parse(path), Err(expected), "{path}");
        }
    }
}
