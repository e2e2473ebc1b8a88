//! What an answer of a gateway means, as its declaration says it.

use std::ops::RangeInclusive;

use regex::{Regex, RegexBuilder};
use reqwest::header::HeaderName;
use toml::Value;

use super::json_path::{JsonPath, scalar};
use super::reader::{Reader, quoted};
use super::reply::Reply;
use super::request::read_header_name;

/// Most bytes that a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Longest name of a message that is kept.
const MESSAGE_ID_CHARS_MAX: usize = 200;

/// Everything a declaration says about answers. Whoever reads one refuses it when there was a problem, so a part that
/// could not be read may be missing until then.
#[derive(Clone, Debug)]
pub(super) struct ReplyRules {
    /// The gateway took the message.
    pub(super) success: Rule,
    /// Where its name for the message stands.
    pub(super) message_id: InAnswer,
    /// Where the number of segments stands that it charged.
    pub(super) segments: InAnswer,
    /// It will never take a message for this number.
    pub(super) dead_on: Vec<Rule>,
    /// It will never take this message.
    pub(super) permanent_on: Vec<Rule>,
    /// It did not take it, and may later.
    pub(super) retry_on: Vec<Rule>,
    /// It takes no more for now.
    pub(super) throttled_on: Vec<Rule>,
    /// It does not take any, for there is something wrong with our account or our declaration.
    pub(super) account_on: Vec<Rule>,
}

/// Conditions on an answer. All that are given must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    status: Option<Vec<RangeInclusive<u16>>>,
    body: Option<Regex>,
    json: Option<JsonTest>,
}

#[derive(Clone, Debug)]
struct JsonTest {
    path: JsonPath,
    any_of: Vec<String>,
    /// Whether every value at the path must be one of them, rather than one.
    all_parts: bool,
}

/// Where in an answer something stands that is said once: the gateway's own name for the message, the segments it charged.
#[derive(Clone, Debug)]
pub(super) enum InAnswer {
    /// It gives none.
    None,
    /// In a JSON answer; the first where there are several.
    Json(JsonPath),
    /// In the text of the answer: the first group of a pattern.
    Body(Regex),
    /// In a header.
    Header(HeaderName),
}

impl ReplyRules {
    /// Reads the keys that say what answers mean.
    pub(super) fn read(table: &Reader<'_>) -> Option<Self> {
        let rules = |key| table.tables(key).iter().map(|table| Rule::read(table, false)).collect();
        let (success, message_id) = (read_success(table), InAnswer::read(table, "message_id"));
        let segments = InAnswer::read(table, "segments");
        let (dead_on, permanent_on, retry_on) = (rules("dead_on"), rules("permanent_on"), rules("retry_on"));
        let (throttled_on, account_on) = (rules("throttled_on"), rules("account_on"));
        let (success, message_id, segments) = (success?, message_id?, segments?);
        Some(Self { success, message_id, segments, dead_on, permanent_on, retry_on, throttled_on, account_on })
    }
}

impl Rule {
    /// Whether all its conditions hold.
    pub(super) fn holds(&self, reply: &Reply) -> bool {
        let status = self.status.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(&reply.status)));
        let body = || self.body.as_ref().is_none_or(|pattern| reply.text().is_some_and(|text| pattern.is_match(text)));
        let json = || self.json.as_ref().is_none_or(|test| test.holds(reply));
        status && body() && json()
    }

    fn read(table: &Reader<'_>, is_success: bool) -> Self {
        const CONDITIONS: [&str; 3] = ["status", "body_matches", "json"];
        table.allow_keys(&["status", "body_matches", "json", "all_parts"]);
        if CONDITIONS.iter().all(|key| table.value(key).is_none()) {
            table.problem_here(format!("nothing is said about the answer: write some of {}", quoted(&CONDITIONS)));
        }
        // One part that did not get through is enough to fail; but where some may have, it is for the declaration to say.
        let all_parts = table.truth("all_parts").unwrap_or(is_success);
        Self {
            status: table.list("status").map(|list| read_status(table, list)),
            body: table.text("body_matches").and_then(|text| read_pattern(table, "body_matches", text)),
            json: table.table("json").and_then(|json| JsonTest::read(&json, all_parts)),
        }
    }
}

impl JsonTest {
    fn holds(&self, reply: &Reply) -> bool {
        let Some(json) = reply.json() else { return false };
        let values = self.path.values(json);
        let fits = |value: &&serde_json::Value| scalar(value).is_some_and(|value| self.any_of.contains(&value));
        if self.all_parts { !values.is_empty() && values.iter().all(fits) } else { values.iter().any(fits) }
    }

    fn read(table: &Reader<'_>, all_parts: bool) -> Option<Self> {
        table.allow_keys(&["path", "equals", "any_of"]);
        if table.value("path").is_none() {
            table.problem_here("there is no `path`: write where the value stands, like `messages[*].status`");
        }
        let path = table.text("path").and_then(|text| read_path(table, "path", text));
        let wanted = match (table.value("equals"), table.list("any_of")) {
            (Some(value), None) => vec![("equals", value)],
            (None, Some(list)) => list.iter().map(|value| ("any_of", value)).collect(),
            (Some(_), Some(_)) | (None, None) => {
                table.problem_here("write either `equals = …` or `any_of = [ … ]`");
                return None;
            }
        };
        let read = |(key, value): (&str, &Value)| match value {
            Value::String(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Boolean(truth) => Some(truth.to_string()),
            Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                table.wrong_type(key, value, "a text, a whole number, `true` or `false`");
                None
            }
        };
        let any_of = wanted.into_iter().filter_map(read).collect();
        Some(Self { path: path?, any_of, all_parts })
    }
}

impl InAnswer {
    /// What stands there, if the answer has it.
    pub(super) fn find(&self, reply: &Reply) -> Option<String> {
        let found = match self {
            Self::None => None,
            Self::Json(path) => path.values(reply.json()?).into_iter().find_map(scalar),
            Self::Body(pattern) => Some(pattern.captures(reply.text()?)?.get(1)?.as_str().to_owned()),
            Self::Header(name) => reply.header(name.as_str()).map(str::to_owned),
        };
        found
            .filter(|id| !id.is_empty() && id.chars().count() <= MESSAGE_ID_CHARS_MAX && !id.contains(char::is_control))
    }

    fn read(table: &Reader<'_>, key: &str) -> Option<Self> {
        const RIGHT: &str =
            "write \"none\", `{ json = \"sid\" }`, `{ regex = \"id=(\\\\w+)\" }` or `{ header = \"X-Message-Id\" }`";
        match table.value(key) {
            None => return Some(Self::None),
            Some(Value::String(word)) if word == "none" => return Some(Self::None),
            Some(value) if !value.is_table() => {
                table.wrong_type(key, value, RIGHT.trim_start_matches("write "));
                return None;
            }
            Some(_) => {}
        }
        let inner = table.table(key)?;
        inner.allow_keys(&["json", "regex", "header"]);
        let given: Vec<_> = ["json", "regex", "header"].into_iter().filter(|key| inner.value(key).is_some()).collect();
        match given.as_slice() {
            ["json"] => Some(Self::Json(read_path(&inner, "json", inner.text("json")?)?)),
            ["header"] => Some(Self::Header(read_header_name(&inner, "header", inner.text("header")?)?)),
            ["regex"] => {
                let pattern = read_pattern(&inner, "regex", inner.text("regex")?)?;
                if pattern.captures_len() < 2 {
                    inner.problem(
                        "regex",
                        format!("`{pattern}` has no group: put brackets around the id, like `id=(\\w+)`"),
                    );
                    return None;
                }
                Some(Self::Body(pattern))
            }
            _ => {
                table.problem(key, format!("`{key}` stands in one place: {RIGHT}"));
                None
            }
        }
    }
}

fn read_success(table: &Reader<'_>) -> Option<Rule> {
    if table.value("success").is_none() {
        let right = "write for example `success = { status = [200, 201] }`";
        table.problem("success", format!("there is no `success`, so no answer could ever count as one: {right}"));
        return None;
    }
    let success = table.table("success")?;
    if success.value("status").is_none() {
        success.problem_here("there is no `status`: write for example `status = [200, 201]`");
    }
    Some(Rule::read(&success, true))
}

/// Reads `[200, 201, "5xx"]`.
fn read_status(table: &Reader<'_>, list: &[Value]) -> Vec<RangeInclusive<u16>> {
    if list.is_empty() {
        table.problem("status", "the list is empty: write for example `[200, 201]`");
    }
    let read = |value: &Value| {
        let exact =
            value.as_integer().filter(|code| (100..=599).contains(code)).and_then(|code| u16::try_from(code).ok());
        let hundred =
            || value.as_str()?.strip_suffix("xx")?.parse::<u16>().ok().filter(|digit| (1..=5).contains(digit));
        let range = exact.map(|code| code..=code).or_else(|| hundred().map(|digit| digit * 100..=digit * 100 + 99));
        if range.is_none() {
            table.wrong_type("status", value, "an HTTP status from 100 to 599, or a class like \"5xx\"");
        }
        range
    };
    list.iter().filter_map(read).collect()
}

fn read_pattern(table: &Reader<'_>, key: &str, text: &str) -> Option<Regex> {
    let pattern = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
    pattern
        .map_err(|error| {
            let reason = error.to_string();
            let last = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            table.problem(key, format!("`{text}` is no regular expression: {last}"));
        })
        .ok()
}

/// Reads a path into JSON.
pub(super) fn read_path(table: &Reader<'_>, key: &str, text: &str) -> Option<JsonPath> {
    JsonPath::parse(text).map_err(|error| table.problem(key, format!("`{text}` {error}"))).ok()
}
