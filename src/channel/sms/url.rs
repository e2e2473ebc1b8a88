//! The address of a gateway: scheme and host as they stand, then a path with placeholders.
//!
//! Each segment of the path is a template of its own, and the URL writer escapes what comes out of it. So a value can
//! neither leave its segment nor begin a query.

use std::net::IpAddr;

use reqwest::Url;

use super::reader::Reader;
use super::request::RenderError;
use super::template::{Template, Values};
use crate::channel::reach::Door;

/// What may stand in the path: it is written to logs and proxies more often than the rest of a request.
const IN_PATH: [&str; 8] =
    ["to", "reference", "from", "username", "account_sid", "messaging_service_sid", "password", "token"];

/// A gateway's address.
#[derive(Clone, Debug)]
pub(super) struct UrlTemplate {
    /// What stands before the segments; the whole address where there are none.
    origin: Url,
    segments: Vec<Template>,
}

impl UrlTemplate {
    /// Where the gateway listens.
    pub(super) fn door(&self) -> Option<Door> {
        let host = self.origin.host_str()?.trim_matches(['[', ']']).to_owned();
        Some(Door { host, port: self.origin.port_or_known_default()?, encrypted: self.is_https() })
    }

    /// Reads the key `url`.
    pub(super) fn read(table: &Reader<'_>) -> Option<Self> {
        let Some(text) = table.text("url") else {
            if table.value("url").is_none() {
                table.problem("url", "there is no `url`: write the address that messages are sent to, without a query");
            }
            return None;
        };
        let (origin, path) = split(text);
        let origin = read_origin(table, text, origin)?;
        let segments: Option<Vec<Template>> =
            path.split('/').skip(1).map(|segment| table.parse_whole_template("url", segment)).collect();
        let segments = segments?;
        if let Some(letter) = segments.iter().flat_map(reserved).next() {
            let right = match letter {
                '?' => "put parameters under `query`",
                '#' => "a fragment is never sent",
                _ => "write the path without escapes",
            };
            table.problem("url", format!("`{text}` contains `{letter}`: {right}"));
        }
        for slot in segments.iter().flat_map(Template::slots).filter(|slot| !IN_PATH.contains(slot)) {
            table.problem(
                "url",
                format!("`{{{slot}}}` cannot stand in a path: put it under `query`, `headers` or `body`"),
            );
        }
        Some(Self { origin, segments })
    }

    /// Writes the address now where nothing but these settings stands in it: it is the same for every message.
    #[must_use]
    pub(super) fn settled(self, settings: &Values<'_>) -> Self {
        let is_settled = self.segments.iter().flat_map(Template::slots).all(|slot| settings.contains_key(slot));
        match self.render(settings) {
            Ok(origin) if is_settled => Self { origin, segments: Vec::new() },
            Ok(_) | Err(_) => self,
        }
    }

    /// The address for one message.
    pub(super) fn render(&self, values: &Values<'_>) -> Result<Url, RenderError> {
        let mut url = self.origin.clone();
        if self.segments.is_empty() {
            return Ok(url);
        }
        let mut path = url.path_segments_mut().map_err(|()| RenderError::Path)?;
        path.clear();
        for segment in &self.segments {
            let segment = segment.render(values).ok_or(RenderError::Path)?;
            // The URL writer would drop these two without a word.
            if segment == "." || segment == ".." {
                return Err(RenderError::Path);
            }
            path.push(&segment);
        }
        drop(path);
        Ok(url)
    }

    /// Whether the connection is protected.
    pub(super) fn is_https(&self) -> bool {
        self.origin.scheme() == "https"
    }
}

/// Characters of a segment that would mean something else in an address.
fn reserved(segment: &Template) -> Vec<char> {
    segment.literals().chars().filter(|letter| "?#%".contains(*letter)).collect()
}

/// Splits an address before its path.
fn split(text: &str) -> (&str, &str) {
    let after_scheme = text.find("://").map_or(0, |at| at + 3);
    let (_, rest) = text.split_at(after_scheme);
    let host_length = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    text.split_at(after_scheme + host_length)
}

fn read_origin(table: &Reader<'_>, text: &str, origin: &str) -> Option<Url> {
    let refuse = |message: String| {
        table.problem("url", message);
        None
    };
    if origin.contains(['{', '}']) {
        return refuse(format!("`{text}` has a placeholder in its host: only the path may have some"));
    }
    if origin.contains('@') {
        return refuse("a user name or password cannot stand in the address: use `auth`".to_owned());
    }
    let url = match Url::parse(origin) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() => url,
        Ok(_) | Err(_) => return refuse(format!("`{text}` is no web address: write `https://host/path`")),
    };
    if url.scheme() == "http" && !is_near(&url) {
        return refuse(format!(
            "`{text}` would carry passwords and numbers over the internet in the clear: write `https://…` (`http://` is \
             for this machine and the local network)"
        ));
    }
    Some(url)
}

/// Whether a host is this machine or on the local network, as far as its name tells.
fn is_near(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        Err(_) => {
            const NEAR: [&str; 5] = [".localhost", ".local", ".internal", ".lan", ".home.arpa"];
            !host.contains('.') || NEAR.iter().any(|ending| host.ends_with(ending))
        }
    }
}
