//! The request that carries one message.

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::auth::Auth;
use super::body::{Body, Fields, read_fields, render_fields};
use super::reader::{Reader, quoted};
use super::template::{Template, Values};
use super::url::UrlTemplate;
use crate::channel::reach::Door;

/// A header.
pub(super) type HeaderPair = (HeaderName, HeaderValue);

/// Headers that belong to the connection, or that another key writes.
const NOT_OURS: [(&str, &str); 8] = [
    ("host", "it follows from `url`"),
    ("content-length", "it follows from `body`"),
    ("content-type", "it follows from `body`"),
    ("transfer-encoding", "it belongs to the connection"),
    ("connection", "it belongs to the connection"),
    ("upgrade", "it belongs to the connection"),
    ("authorization", "use `auth`, which keeps the secret out of this file"),
    ("proxy-authorization", "there is no proxy"),
];

/// Why a message cannot be put into a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RenderError {
    /// A value would leave its segment of the path.
    #[error("a value cannot stand in the path of the gateway's address")]
    Path,
    /// A header holds one line.
    #[error("the value of the header `{name}` has a line break or another control character in it")]
    Header {
        /// The header.
        name: String,
    },
    /// The number plan has no national form of the number.
    #[error("the number has no national form")]
    NoNationalForm,
}

/// What every request of a gateway looks like.
#[derive(Clone, Debug)]
pub(super) struct RequestTemplate {
    method: Method,
    url: UrlTemplate,
    query: Fields,
    headers: Vec<(HeaderName, Template)>,
    auth: Auth,
    body: Body,
    idempotency: Option<HeaderName>,
}

/// One request, finished.
#[derive(Debug)]
pub(super) struct Request {
    /// Its method.
    pub(super) method: Method,
    /// Its address with the query.
    pub(super) url: Url,
    /// Its headers, those that follow from body and connection left to the client.
    pub(super) headers: Vec<HeaderPair>,
    /// Its body.
    pub(super) body: Option<String>,
}

impl RequestTemplate {
    /// Reads the keys that say what a request looks like.
    pub(super) fn read(table: &Reader<'_>) -> Option<Self> {
        let (url, auth) = (UrlTemplate::read(table), Auth::read(table));
        let (query, headers, body) = (read_fields(table, "query"), read_headers(table), Body::read(table));
        let method = read_method(table, body.as_ref());
        let key = "idempotency_header";
        let idempotency = table.text(key).and_then(|name| read_header_name(table, key, name));
        Some(Self { method: method?, url: url?, query, headers, auth: auth?, body: body?, idempotency })
    }

    /// With all written that is the same for every message.
    #[must_use]
    pub(super) fn settled(self, settings: &Values<'_>) -> Self {
        Self { url: self.url.settled(settings), ..self }
    }

    /// The request for one message.
    pub(super) fn render(&self, values: &Values<'_>) -> Result<Request, RenderError> {
        let mut url = self.url.render(values)?;
        let mut pairs = render_fields(&self.query, values).peekable();
        if pairs.peek().is_some() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        self.auth.add_query(&mut url, values);
        let mut headers = Vec::new();
        for (name, template) in &self.headers {
            if let Some(value) = template.render(values) {
                headers.push((name.clone(), header_value(name, &value)?));
            }
        }
        headers.extend(self.auth.header(values)?);
        if let Some(name) = &self.idempotency {
            headers.push((name.clone(), header_value(name, values.get("reference").copied().unwrap_or_default())?));
        }
        let body = self.body.render(values).map(|(content_type, body)| {
            headers.push((CONTENT_TYPE, content_type));
            body
        });
        Ok(Request { method: self.method.clone(), url, headers, body })
    }

    /// Whether the gateway drops a message that it was given before.
    pub(super) fn is_idempotent(&self) -> bool {
        self.idempotency.is_some()
    }

    /// Whether the connection is protected.
    pub(super) fn is_https(&self) -> bool {
        self.url.is_https()
    }

    /// Where it is sent to.
    pub(super) fn door(&self) -> Option<Door> {
        self.url.door()
    }
}

/// Reads the name of a header that we may set.
pub(super) fn read_header_name(table: &Reader<'_>, key: &str, name: &str) -> Option<HeaderName> {
    let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
        table.problem(key, format!("`{name}` is no header name: write letters, digits and `-`"));
        return None;
    };
    if let Some((_, why)) = NOT_OURS.iter().find(|(known, _)| header == *known) {
        table.problem(key, format!("`{name}` cannot be set: {why}"));
        return None;
    }
    Some(header)
}

/// A header's value. A line break would begin another header, so control characters are refused, not cut out.
pub(super) fn header_value(name: &HeaderName, value: &str) -> Result<HeaderValue, RenderError> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| RenderError::Header { name: name.to_string() })
}

fn read_headers(table: &Reader<'_>) -> Vec<(HeaderName, Template)> {
    let fields = read_fields(table, "headers");
    let Some(inner) = table.value("headers").and_then(|_| table.table("headers")) else { return Vec::new() };
    let read = |(name, template): (String, Template)| {
        let header = read_header_name(&inner, &name, &name)?;
        if header_value(&header, &template.literals()).is_err() {
            inner.problem(&name, "a header holds one line: it has a line break or another control character in it");
        }
        Some((header, template))
    };
    fields.into_iter().filter_map(read).collect()
}

fn read_method(table: &Reader<'_>, body: Option<&Body>) -> Option<Method> {
    const METHODS: [(&str, Method); 3] = [("GET", Method::GET), ("POST", Method::POST), ("PUT", Method::PUT)];
    let has_body = !matches!(body, Some(Body::None));
    let Some(word) = table.text("method") else {
        return table.value("method").is_none().then_some(if has_body { Method::POST } else { Method::GET });
    };
    let Some((_, method)) = METHODS.iter().find(|(known, _)| *known == word) else {
        let known = METHODS.map(|(known, _)| known);
        table.problem("method", format!("`{word}` is no method for this: write one of {}", quoted(&known)));
        return None;
    };
    if has_body && *method == Method::GET {
        table.problem("method", "`GET` carries no body: write `method = \"POST\"`, or put the fields under `query`");
    }
    Some(method.clone())
}

#[cfg(test)]
mod tests;
