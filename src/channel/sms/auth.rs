//! How a gateway knows us.

use data_encoding::BASE64;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::reader::{Reader, quoted};
use super::request::{HeaderPair, RenderError, header_value, read_header_name};
use super::template::{Template, Values};

const KINDS: [&str; 5] = ["none", "basic", "bearer", "header", "query"];

/// What proves who we are.
#[derive(Clone, Debug)]
pub(super) enum Auth {
    /// Nothing, or something that stands among query and body.
    None,
    /// RFC 7617.
    Basic { username: Template, password: Template },
    /// RFC 6750.
    Bearer { token: Template },
    /// A header of the gateway's own.
    Header { name: HeaderName, value: Template },
    /// A parameter.
    Query { name: String, value: Template },
}

impl Auth {
    /// Reads the key `auth`: a word, or a table with `kind`.
    pub(super) fn read(table: &Reader<'_>) -> Option<Self> {
        let Some(value) = table.value("auth") else { return Some(Self::None) };
        let (kind, inner) = if let Some(kind) = value.as_str() {
            (kind, None)
        } else {
            let inner = table.table("auth")?;
            (read_kind(&inner)?, Some(inner))
        };
        let part = |key, usual| match inner.as_ref().filter(|inner| inner.value(key).is_some()) {
            Some(inner) => inner.text(key).and_then(|text| inner.parse_whole_template(key, text)),
            None => table.parse_whole_template("auth", usual),
        };
        match kind {
            "none" => Some(Self::None),
            "basic" => {
                let (username, password) = (part("username", "{username}"), part("password", "{password}"));
                Some(Self::Basic { username: username?, password: password? })
            }
            "bearer" => Some(Self::Bearer { token: part("token", "{token}")? }),
            "header" | "query" => read_named(table, inner.as_ref(), kind),
            other => {
                table.problem("auth", format!("`{other}` is no kind of `auth`: the kinds are {}", quoted(&KINDS)));
                None
            }
        }
    }

    /// The header it makes, if it makes one. Every such header is marked as not to be shown.
    pub(super) fn header(&self, values: &Values<'_>) -> Result<Option<HeaderPair>, RenderError> {
        let (name, value) = match self {
            Self::None | Self::Query { .. } => return Ok(None),
            Self::Basic { username, password } => {
                let pair = format!("{}:{}", plain(username, values), plain(password, values));
                (AUTHORIZATION, format!("Basic {}", BASE64.encode(pair.as_bytes())))
            }
            Self::Bearer { token } => (AUTHORIZATION, format!("Bearer {}", plain(token, values))),
            Self::Header { name, value } => (name.clone(), plain(value, values)),
        };
        let mut value: HeaderValue = header_value(&name, &value)?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }

    /// Adds the parameter it makes, if it makes one.
    pub(super) fn add_query(&self, url: &mut Url, values: &Values<'_>) {
        if let Self::Query { name, value } = self {
            url.query_pairs_mut().append_pair(name, &plain(value, values));
        }
    }
}

/// All its values are there: that was seen to when it was read.
fn plain(template: &Template, values: &Values<'_>) -> String {
    template.render_escaped(values, str::to_owned)
}

fn read_kind<'a>(inner: &Reader<'a>) -> Option<&'a str> {
    if inner.value("kind").is_none() {
        inner.problem_here(format!("there is no `kind`: write one of {}", quoted(&KINDS)));
    }
    let kind = inner.text("kind")?;
    match kind {
        "basic" => inner.allow_keys(&["kind", "username", "password"]),
        "bearer" => inner.allow_keys(&["kind", "token"]),
        "header" | "query" => inner.allow_keys(&["kind", "name", "value"]),
        _ => {}
    }
    Some(kind)
}

fn read_named(table: &Reader<'_>, inner: Option<&Reader<'_>>, kind: &str) -> Option<Auth> {
    let named = inner.filter(|inner| inner.value("name").is_some() && inner.value("value").is_some());
    let Some(inner) = named else {
        let right = format!("{{ kind = \"{kind}\", name = \"api-key\", value = \"{{token}}\" }}");
        table.problem("auth", format!("`{kind}` needs a name and a value: write `{right}`"));
        return None;
    };
    let value = inner.text("value").and_then(|text| inner.parse_whole_template("value", text));
    if kind == "header" {
        // Some gateways have a scheme of their own in the header that everybody uses.
        let given = inner.text("name")?;
        let is_usual = given.eq_ignore_ascii_case(AUTHORIZATION.as_str());
        let name = if is_usual { Some(AUTHORIZATION) } else { read_header_name(inner, "name", given) };
        return Some(Auth::Header { name: name?, value: value? });
    }
    Some(Auth::Query { name: inner.text("name")?.to_owned(), value: value? })
}
