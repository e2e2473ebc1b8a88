//! What a request carries: a form, a JSON tree, or a text of the operator's own.
//!
//! Form and JSON are written by their encoders from finished pieces. In a raw body every value is escaped by what the
//! content type says it is; a type with no known escape is refused.

use reqwest::header::HeaderValue;
use serde_json::Value as Json;
use toml::Value;

use super::reader::{Reader, quoted};
use super::template::{Template, Values};

/// Fields in order; one with an empty template is left out.
pub(super) type Fields = Vec<(String, Template)>;

/// What a request carries.
#[derive(Clone, Debug)]
pub(super) enum Body {
    /// Nothing.
    None,
    /// `application/x-www-form-urlencoded`.
    Form(Fields),
    /// `application/json`.
    Json(JsonTemplate),
    /// A text with its own content type.
    Raw {
        /// The text.
        template: Template,
        /// As it goes into the header.
        content_type: HeaderValue,
        /// How values are escaped in it.
        escape: Escape,
    },
}

/// A JSON tree whose texts are templates.
#[derive(Clone, Debug)]
pub(super) enum JsonTemplate {
    /// A text.
    Text(Template),
    /// A number or a truth value.
    Fixed(Json),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object, its keys in order.
    Object(Vec<(String, JsonTemplate)>),
}

/// How a value is escaped in a raw body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// Not at all.
    Plain,
    /// For the inside of a JSON string.
    Json,
    /// For XML text and attributes.
    Xml,
    /// For a form's name or value.
    Form,
}

/// What a form takes, mostly.
const FORM_BYTES: usize = 1_024;

impl Body {
    /// Reads the key `body`.
    pub(super) fn read(table: &Reader<'_>) -> Option<Self> {
        if table.value("body").is_none() {
            return Some(Self::None);
        }
        let body = table.table("body")?;
        body.allow_keys(&["form", "json", "raw", "content_type"]);
        let kinds = ["form", "json", "raw"].into_iter().filter(|kind| body.value(kind).is_some());
        match kinds.collect::<Vec<_>>().as_slice() {
            ["form"] => Some(Self::Form(read_fields(&body, "form"))),
            ["json"] => Some(Self::Json(read_json(&body, "json", body.value("json")?)?)),
            ["raw"] => read_raw(&body),
            _ => {
                table
                    .problem("body", "a body is one of `form`, `json` and `raw`: write for example `{ form = { … } }`");
                None
            }
        }
    }

    /// The content type and the text for one message.
    pub(super) fn render(&self, values: &Values<'_>) -> Option<(HeaderValue, String)> {
        match self {
            Self::None => None,
            Self::Form(fields) => {
                let mut form = form_urlencoded::Serializer::new(String::with_capacity(FORM_BYTES));
                form.extend_pairs(render_fields(fields, values));
                Some((HeaderValue::from_static("application/x-www-form-urlencoded"), form.finish()))
            }
            Self::Json(tree) => {
                let json = tree.render(values).unwrap_or(Json::Null);
                Some((HeaderValue::from_static("application/json"), json.to_string()))
            }
            Self::Raw { template, content_type, escape } => {
                Some((content_type.clone(), template.render_escaped(values, |value| escape.apply(value))))
            }
        }
    }
}

impl JsonTemplate {
    fn render(&self, values: &Values<'_>) -> Option<Json> {
        Some(match self {
            Self::Text(template) => Json::String(template.render(values)?),
            Self::Fixed(value) => value.clone(),
            Self::List(items) => Json::Array(items.iter().filter_map(|item| item.render(values)).collect()),
            Self::Object(fields) => Json::Object(
                fields.iter().filter_map(|(key, field)| Some((key.clone(), field.render(values)?))).collect(),
            ),
        })
    }
}

impl Escape {
    /// What a content type asks for, if that is known.
    fn of(content_type: &str) -> Option<Self> {
        let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "text/plain" => Some(Self::Plain),
            "application/x-www-form-urlencoded" => Some(Self::Form),
            media if media.ends_with("/json") || media.ends_with("+json") => Some(Self::Json),
            media if media.ends_with("/xml") || media.ends_with("+xml") => Some(Self::Xml),
            _ => None,
        }
    }

    fn apply(self, value: &str) -> String {
        match self {
            Self::Plain => value.to_owned(),
            Self::Form => form_urlencoded::byte_serialize(value.as_bytes()).collect(),
            Self::Json => {
                let quoted = Json::String(value.to_owned()).to_string();
                let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                inside.unwrap_or_default().to_owned()
            }
            Self::Xml => value.chars().filter(|&letter| is_xml(letter)).fold(String::new(), |mut text, letter| {
                match letter {
                    '&' => text.push_str("&amp;"),
                    '<' => text.push_str("&lt;"),
                    '>' => text.push_str("&gt;"),
                    '"' => text.push_str("&quot;"),
                    '\'' => text.push_str("&apos;"),
                    '\r' => text.push_str("&#13;"),
                    '\n' => text.push_str("&#10;"),
                    letter => text.push(letter),
                }
                text
            }),
        }
    }
}

/// Reads a table of fields: query, headers or a form. Numbers may stand without quotes; an empty text leaves the field
/// out, which is how a field of a preset is taken away.
pub(super) fn read_fields(table: &Reader<'_>, key: &str) -> Fields {
    let Some(fields) = table.table(key) else { return Vec::new() };
    let read = |(name, value): (&str, &Value)| {
        let template = match value {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => fields.parse_template(name, text),
            Value::Integer(number) => fields.parse_template(name, &number.to_string()),
            Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                fields.wrong_type(name, value, "a text in quotes");
                None
            }
        };
        Some((name.to_owned(), template?))
    };
    fields.entries().filter_map(read).collect()
}

/// The fields that have a value for this message.
pub(super) fn render_fields<'a>(fields: &'a Fields, values: &Values<'_>) -> impl Iterator<Item = (&'a String, String)> {
    fields.iter().filter_map(|(name, template)| Some((name, template.render(values)?)))
}

fn read_json(reader: &Reader<'_>, key: &str, value: &Value) -> Option<JsonTemplate> {
    Some(match value {
        Value::String(text) => JsonTemplate::Text(reader.parse_template(key, text)?),
        Value::Integer(number) => JsonTemplate::Fixed((*number).into()),
        Value::Boolean(truth) => JsonTemplate::Fixed((*truth).into()),
        Value::Float(number) if number.is_finite() => JsonTemplate::Fixed((*number).into()),
        Value::Float(_) | Value::Datetime(_) => {
            reader.wrong_type(key, value, "what JSON has: a text, a number, `true`, `false`, a list or a table");
            return None;
        }
        Value::Array(items) => {
            JsonTemplate::List(items.iter().filter_map(|item| read_json(reader, key, item)).collect())
        }
        Value::Table(table) => {
            let read = |(name, field): (&String, &Value)| Some((name.clone(), read_json(reader, key, field)?));
            JsonTemplate::Object(table.iter().filter_map(read).collect())
        }
    })
}

fn read_raw(body: &Reader<'_>) -> Option<Body> {
    let template = body.template("raw");
    if body.value("content_type").is_none() {
        body.problem_here("`raw` needs a `content_type`, like \"application/xml\": it says how values are escaped");
    }
    let text = body.text("content_type")?;
    let escape = Escape::of(text);
    if escape.is_none() {
        let known = quoted(&["application/json", "application/xml", "application/x-www-form-urlencoded", "text/plain"]);
        body.problem("content_type", format!("it is not known how to escape values in `{text}`; known are {known}"));
    }
    let content_type = HeaderValue::from_str(text);
    if content_type.is_err() {
        body.problem("content_type", format!("{text:?} cannot stand in a header"));
    }
    Some(Body::Raw { template: template?, content_type: content_type.ok()?, escape: escape? })
}

/// XML 1.0 §2.2: what may stand in a document at all.
fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
