//! A request that a gateway makes, in its parts, and where in it something stands.

use mail_parser::decoders::charsets::map::charset_decoder;
use percent_encoding::percent_decode;
use serde_json::Value as Json;

use super::json_path::{JsonPath, scalar};
use super::reader::Reader;
use super::rule::read_path;

/// Most fields that are read from a query or a form.
const FIELDS_MAX: usize = 500;

/// A request as it came, in its parts. `Debug` is left out: it names people.
pub struct Report<'a> {
    query: Fields,
    raw_query: &'a [u8],
    form: Fields,
    raw_form: &'a [u8],
    json: Option<Json>,
    is_json: bool,
    body: &'a [u8],
}

type Fields = Vec<(String, String)>;

/// Where in a request something stands.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In a field of the query.
    Query(String),
    /// In a field of the form.
    Form(String),
    /// In the JSON body, with the path as it was written.
    Json(JsonPath, String),
    /// Wherever fields stand: in the query, in the form, or at the top of the JSON.
    Field(String),
}

impl<'a> Report<'a> {
    /// Takes a request apart. A body is JSON where its type says so, and a form otherwise.
    pub fn of(query: &'a str, content_type: Option<&str>, body: &'a [u8]) -> Self {
        let is_json = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
        let json = if is_json { serde_json::from_slice(body).ok() } else { None };
        let raw_form = if is_json { &[] } else { body };
        let raw_query = query.as_bytes();
        Self { query: fields(raw_query), raw_query, form: fields(raw_form), raw_form, json, is_json, body }
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

impl Place {
    pub(super) fn read(table: &Reader<'_>, key: &str) -> Option<Self> {
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
    pub(super) fn find(&self, report: &Report<'_>) -> Option<String> {
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

    /// What stands there in this charset, which a gateway may name beside it. JSON has no other than UTF-8; a name that
    /// nobody knows stands for that too: Kannel calls the alphabet of telephones so when it has made UTF-8 of it.
    pub(super) fn find_in(&self, report: &Report<'_>, charset: Option<&str>) -> Option<String> {
        let charset = charset.filter(|name| !["utf-8", "utf8"].contains(&name.to_ascii_lowercase().as_str()));
        let decode = charset.and_then(|name| charset_decoder(name.as_bytes()));
        let raw = match self {
            Self::Query(name) => raw_field(report.raw_query, name),
            Self::Form(name) => raw_field(report.raw_form, name),
            Self::Field(name) => raw_field(report.raw_query, name).or_else(|| raw_field(report.raw_form, name)),
            Self::Json(..) => None,
        };
        match (decode, raw) {
            (Some(decode), Some(raw)) => Some(decode(&raw)).filter(|value| !value.is_empty()),
            (None, _) | (_, None) => self.find(report),
        }
    }

    pub(super) fn shown(&self) -> String {
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

/// The bytes of the first field of that name, whatever alphabet they are in.
fn raw_field(encoded: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let mut pairs = encoded.split(|byte| *byte == b'&').take(FIELDS_MAX);
    pairs.find_map(|pair| {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let [name, value] = [parts.next()?, parts.next().unwrap_or_default()].map(|part| {
            let part: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
            percent_decode(&part).collect::<Vec<u8>>()
        });
        (name == wanted.as_bytes()).then_some(value)
    })
}
