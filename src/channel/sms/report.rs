//! What a gateway reports of a message later, and what of it counts, as its declaration says it under `[receipts]`.

use serde_json::Value as Json;
use toml::Value;

use super::json_path::{JsonPath, scalar};
use super::reader::{Reader, quoted};
use super::rule::read_path;
use super::signature::Signature;
use crate::domain::receipt::{Bounce, News, Receipt};

/// Most fields that are read from a query or a form.
const FIELDS_MAX: usize = 500;
/// Every key of the table.
const KEYS: [&str; 8] = ["state", "delivered", "failed", "code", "dead_on", "policy_on", "reply", "signature"];

/// A report as it came, in its parts. `Debug` is left out: it names people.
pub struct Report<'a> {
    query: Fields,
    form: Fields,
    json: Option<Json>,
    is_json: bool,
    body: &'a [u8],
}

type Fields = Vec<(String, String)>;

/// What a gateway's reports mean.
#[derive(Clone, Debug)]
pub(super) struct ReportRules {
    state: Place,
    delivered: Vec<String>,
    failed: Vec<String>,
    code: Option<Place>,
    dead_on: Vec<String>,
    policy_on: Vec<String>,
    reply: Option<Place>,
    pub(super) signature: Signature,
}

/// Where in a report something stands.
#[derive(Clone, Debug)]
enum Place {
    Query(String),
    Form(String),
    Json(JsonPath, String),
    /// Wherever fields stand: in the query, in the form, or at the top of the JSON.
    Field(String),
}

/// Why a report cannot be read. It says nothing of what was in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The state of the message does not stand where the declaration says.
    #[error("there is no state in it: `receipts.state` of the gateway says that it stands in the {place}")]
    NoState {
        /// Where it ought to stand.
        place: String,
    },
}

impl<'a> Report<'a> {
    /// Takes a request apart. A body is JSON where its type says so, and a form otherwise.
    pub fn of(query: &str, content_type: Option<&str>, body: &'a [u8]) -> Self {
        let is_json = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
        let json = if is_json { serde_json::from_slice(body).ok() } else { None };
        let form = if is_json { Fields::new() } else { fields(body) };
        Self { query: fields(query.as_bytes()), form, json, is_json, body }
    }

    /// The fields of the query.
    pub(super) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The fields of the form.
    pub(super) fn form(&self) -> &[(String, String)] {
        &self.form
    }

    /// The fields at the top of the JSON, those that are no lists and no objects.
    pub(super) fn json_fields(&self) -> impl Iterator<Item = (&str, String)> {
        let fields = self.json.as_ref().and_then(Json::as_object).into_iter().flatten();
        fields.filter_map(|(name, value)| Some((name.as_str(), scalar(value)?)))
    }

    /// The body as it came.
    pub(super) fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The body as it came, if it is JSON.
    pub(super) fn json_body(&self) -> Option<&'a [u8]> {
        self.is_json.then_some(self.body)
    }

    /// A field of the query; the first where there are several.
    pub(super) fn in_query(&self, wanted: &str) -> Option<&str> {
        first(&self.query, wanted)
    }
}

impl ReportRules {
    /// Reads the table `receipts`, if it is there.
    pub(super) fn read(table: &Reader<'_>) -> Option<Self> {
        let table = table.table("receipts")?;
        table.allow_keys(&KEYS);
        if table.value("state").is_none() {
            table.problem_here(
                "there is no `state`: say where it stands in a report, like `state = { query = \"st\" }`",
            );
        }
        let state = Place::read(&table, "state");
        let words = |key| read_words(&table, key);
        let (delivered, failed) = (words("delivered"), words("failed"));
        if delivered.is_empty() && failed.is_empty() {
            table.problem_here("no state means anything: write those of arrived messages into `delivered = [ … ]`, those of lost ones into `failed = [ … ]`");
        }
        only_in_one(&table, ("delivered", &delivered), ("failed", &failed));
        let (dead_on, policy_on) = (words("dead_on"), words("policy_on"));
        only_in_one(&table, ("dead_on", &dead_on), ("policy_on", &policy_on));
        let code = Place::read(&table, "code");
        for (key, codes) in [("dead_on", &dead_on), ("policy_on", &policy_on)] {
            if table.value("code").is_none() && !codes.is_empty() {
                table.problem(
                    key,
                    "it is not said where a code stands: write for example `code = { form = \"ErrorCode\" }`",
                );
            }
        }
        let (reply, signature) = (Place::read(&table, "reply"), Signature::read(&table));
        Some(Self { state: state?, delivered, failed, code, dead_on, policy_on, reply, signature: signature? })
    }

    /// What a report of the gateway `source` says of its message; `None` when that is nothing that would count.
    pub(super) fn receipt(&self, report: &Report<'_>, source: &str) -> Result<Option<Receipt>, ReportError> {
        let Some(state) = self.state.find(report) else {
            return Err(ReportError::NoState { place: self.state.shown() });
        };
        let found = |place: &Option<Place>| place.as_ref().and_then(|place| place.find(report));
        let code = found(&self.code);
        let news = if self.delivered.contains(&state) {
            News::Delivered
        } else if self.failed.contains(&state) {
            News::Bounced(self.class(code.as_deref()))
        } else {
            return Ok(None);
        };
        let said: Vec<String> = [Some(state), code, found(&self.reply)].into_iter().flatten().collect();
        Ok(Some(Receipt::of(news, source, &said.join(" "))))
    }

    fn class(&self, code: Option<&str>) -> Bounce {
        let is_among = |codes: &[String]| code.is_some_and(|code| codes.iter().any(|known| known == code));
        if is_among(&self.dead_on) {
            Bounce::Hard
        } else if is_among(&self.policy_on) {
            Bounce::Policy
        } else {
            Bounce::Soft
        }
    }
}

impl Place {
    fn read(table: &Reader<'_>, key: &str) -> Option<Self> {
        const KINDS: [&str; 4] = ["query", "form", "json", "field"];
        table.value(key)?;
        let inner = table.table(key)?;
        inner.allow_keys(&KINDS);
        let given: Vec<_> = KINDS.into_iter().filter(|kind| inner.value(kind).is_some()).collect();
        let [kind] = given.as_slice() else {
            let right = "`{ query = \"st\" }`, `{ form = \"MessageStatus\" }` or `{ json = \"data.status\" }`, or, where it \
                         comes now in one and now in another, `{ field = \"status\" }`";
            table.problem(key, format!("it stands in one place: write {right}"));
            return None;
        };
        let name = inner.text(kind)?;
        if *kind == "json" {
            return Some(Self::Json(read_path(&inner, kind, name)?, name.to_owned()));
        }
        if name.is_empty() {
            inner.problem(kind, "the name is empty: write that of a field");
            return None;
        }
        let name = name.to_owned();
        Some(match *kind {
            "query" => Self::Query(name),
            "form" => Self::Form(name),
            _ => Self::Field(name),
        })
    }

    /// What stands there: the first where there are several, and nothing where it is empty.
    fn find(&self, report: &Report<'_>) -> Option<String> {
        let found = match self {
            Self::Query(name) => report.in_query(name).map(str::to_owned),
            Self::Form(name) => first(&report.form, name).map(str::to_owned),
            Self::Json(path, _) => path.values(report.json.as_ref()?).into_iter().find_map(scalar),
            Self::Field(name) => {
                let in_form = || first(&report.form, name).map(str::to_owned);
                let in_json = || report.json_fields().find(|(known, _)| known == name).map(|(_, value)| value);
                report.in_query(name).map(str::to_owned).or_else(in_form).or_else(in_json)
            }
        };
        found.filter(|value| !value.is_empty())
    }

    fn shown(&self) -> String {
        match self {
            Self::Query(name) => format!("query, as `{name}`"),
            Self::Form(name) => format!("form, as `{name}`"),
            Self::Json(_, path) => format!("JSON, at `{path}`"),
            Self::Field(name) => format!("query, the form or the JSON, as `{name}`"),
        }
    }
}

fn first<'f>(fields: &'f Fields, wanted: &str) -> Option<&'f str> {
    fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
}

fn fields(encoded: &[u8]) -> Fields {
    form_urlencoded::parse(encoded).into_owned().take(FIELDS_MAX).collect()
}

/// States and codes, which people write as texts or as numbers.
fn read_words(table: &Reader<'_>, key: &str) -> Vec<String> {
    let read = |value: &Value| {
        let word = value.as_str().map(str::to_owned).or_else(|| value.as_integer().map(|number| number.to_string()));
        let word = word.filter(|word| !word.is_empty());
        if word.is_none() {
            table.wrong_type(key, value, "texts or whole numbers, like `[\"undelivered\", 30005]`");
        }
        word
    };
    table.list(key).unwrap_or_default().iter().filter_map(read).collect()
}

fn only_in_one(table: &Reader<'_>, (key, words): (&str, &[String]), (other, others): (&str, &[String])) {
    let both: Vec<_> = words.iter().filter(|word| others.contains(word)).map(String::as_str).collect();
    if !both.is_empty() {
        table.problem(other, format!("{} stands in `{key}` as well: leave it in one of the two", quoted(&both)));
    }
}

#[cfg(test)]
mod tests;
