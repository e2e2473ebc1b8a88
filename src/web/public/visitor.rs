//! Who comes: their language, and whether it is a person as far as one can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use ipnet::IpNet;

use crate::domain::language::Language;
use crate::domain::tap::Sign;

/// Most fields that are read from a query or a form: a hundred questions, some of them with rows.
const FIELDS_MAX: usize = 2_500;

/// What a request says of its sender. Nothing of it is kept.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    chosen: Option<Language>,
    accepted: Vec<Language>,
    /// The query's fields.
    pub(super) query: BTreeMap<String, Vec<String>>,
    /// Where the request comes from: a proxy, or the visitor.
    peer: Option<IpAddr>,
    /// For whom proxies say that they ask, the nearest last.
    forwarded: Vec<IpAddr>,
    /// The pages' cookies.
    cookies: String,
    /// What tells that no person opened the page, but a robot, or a browser looking ahead.
    pub(super) signs: BTreeSet<Sign>,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let query = fields(parts.uri.query().unwrap_or_default().as_bytes());
        let chosen = query.get("lang").and_then(|given| Language::parse(given.first()?).ok());
        let signs = signs(&parts.method, &parts.headers);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
        let (accepted, forwarded) = (accepted(&parts.headers), forwarded(&parts.headers));
        let cookies = parts.headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self { chosen, accepted, query, peer, forwarded, cookies: cookies.to_owned(), signs })
    }
}

impl Visitor {
    /// Whether a person seems to have opened the page.
    pub(super) fn is_person(&self) -> bool {
        self.signs.is_empty()
    }

    /// The language chosen on the page, else the one known, else `default`.
    pub(super) fn language(&self, default: &Language) -> Language {
        self.chosen.clone().or_else(|| self.accepted.first().cloned()).unwrap_or_else(|| default.clone())
    }

    /// The language chosen on the page, else `known` of the contact, else what the browser asks for, else `default`.
    pub(super) fn language_of(&self, known: Option<&Language>, default: &Language) -> Language {
        self.chosen.clone().or_else(|| known.cloned()).unwrap_or_else(|| self.language(default))
    }

    /// The visitor's network: the first 24 bits of an IPv4 address, 56 of another; `None` where it is not known, as behind a
    /// proxy that does not say for whom it asks. `proxies` are those that are believed.
    pub(super) fn network(&self, proxies: &[IpNet]) -> Option<Vec<u8>> {
        let is_proxy = |address: &IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
        let mut way = self.peer.into_iter().chain(self.forwarded.iter().rev().copied());
        match way.find(|address| !is_proxy(address))? {
            address if address.is_loopback() => None,
            IpAddr::V4(address) => Some(address.octets().split_at(3).0.to_vec()),
            IpAddr::V6(address) => Some(address.octets().split_at(7).0.to_vec()),
        }
    }

    /// The value of a cookie.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let mut cookies = self.cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
        cookies.find(|(given, _)| *given == name).map(|(_, value)| value)
    }

    /// The language chosen on the page itself, to be carried along.
    pub(super) fn chosen(&self) -> Option<&Language> {
        self.chosen.as_ref()
    }
}

/// Name → values of a query or a form.
pub(super) fn fields(encoded: &[u8]) -> BTreeMap<String, Vec<String>> {
    let mut fields = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in form_urlencoded::parse(encoded).take(FIELDS_MAX) {
        fields.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    fields
}

/// Languages of `Accept-Language`, the most wanted first.
fn accepted(headers: &HeaderMap) -> Vec<Language> {
    let given = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut wanted: Vec<(f32, Language)> = given
        .split(',')
        .take(20)
        .filter_map(|entry| {
            let (tag, weight) = entry.split_once(";q=").unwrap_or((entry, "1"));
            Some((weight.trim().parse().ok()?, Language::parse(tag.trim()).ok()?))
        })
        .collect();
    wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
    wanted.into_iter().map(|(_, language)| language).collect()
}

/// Addresses of `X-Forwarded-For`: each proxy adds the one that it was asked by.
fn forwarded(headers: &HeaderMap) -> Vec<IpAddr> {
    let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let addresses = values.flat_map(|value| value.split(','));
    // What cannot be read ends the chain of those who are believed, as an address that is no proxy's does.
    let address =
        |text: &str| text.trim().parse().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |at: IpAddr| at.to_canonical());
    addresses.map(address).collect()
}

fn signs(method: &Method, headers: &HeaderMap) -> BTreeSet<Sign> {
    const ROBOTS: [&str; 10] =
        ["bot", "crawl", "spider", "preview", "scan", "curl", "wget", "python", "monitor", "headlesschrome-lighthouse"];
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_lowercase();
    let looks_ahead = ["sec-purpose", "purpose", "x-moz"].iter().any(|name| text(name).contains("prefetch"));
    let agent = text("user-agent");
    let is_robot = agent.is_empty() || ROBOTS.iter().any(|robot| agent.contains(robot));
    let signs = [(Sign::HeadOnly, *method == Method::HEAD), (Sign::LooksAhead, looks_ahead), (Sign::Robot, is_robot)];
    signs.into_iter().filter(|(_, is_there)| *is_there).map(|(sign, _)| sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn the_most_wanted_language_comes_first() {
        let wanted = accepted(&headers(header::ACCEPT_LANGUAGE, "fr;q=0.5, de-AT, *;q=0.1, en;q=0.9"));
        assert_eq!(wanted.iter().map(Language::as_str).collect::<Vec<_>>(), ["de-AT", "en", "fr"]);
        assert!(accepted(&headers(header::ACCEPT_LANGUAGE, ";;q=,,q")).is_empty());
    }

    #[test]
    fn robots_and_browsers_that_look_ahead_are_no_persons() {
        let get = |headers: &HeaderMap| signs(&Method::GET, headers).into_iter().collect::<Vec<_>>();
        assert_eq!(get(&HeaderMap::new()), [Sign::Robot]);
        assert_eq!(get(&headers(header::USER_AGENT, "Slackbot-LinkExpanding 1.0")), [Sign::Robot]);
        let mut phone = headers(header::USER_AGENT, "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)");
        assert_eq!(get(&phone), []);
        phone.insert("sec-purpose", "prefetch;prerender".parse().unwrap());
        assert_eq!(signs(&Method::HEAD, &phone), [Sign::HeadOnly, Sign::LooksAhead].into());
    }

    #[test]
    fn only_proxies_that_are_known_say_for_whom_they_ask() {
        let visitor = |peer: &str, forwarded_for: &str| Visitor {
            chosen: None,
            accepted: Vec::new(),
            query: BTreeMap::new(),
            peer: Some(peer.parse().unwrap()),
            forwarded: forwarded(&HeaderMap::from_iter([(
                header::HeaderName::from_static("x-forwarded-for"),
                forwarded_for.parse().unwrap(),
            )])),
            cookies: String::new(),
            signs: BTreeSet::new(),
        };
        let proxies = ["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        for (peer, said, network) in [
            ("203.0.113.9", "192.0.2.1", Some(vec![203, 0, 113])),
            ("127.0.0.1", "192.0.2.1", Some(vec![192, 0, 2])),
            ("127.0.0.1", "198.51.100.1, 192.0.2.1, 10.1.2.3", Some(vec![192, 0, 2])),
            ("127.0.0.1", "2001:db8:1:203:405::1", Some(vec![0x20, 1, 0xd, 0xb8, 0, 1, 2])),
            ("127.0.0.1", "::ffff:192.0.2.1", Some(vec![192, 0, 2])),
            ("127.0.0.1", "192.0.2.1, unknown", Some(vec![0, 0, 0])),
            ("::1", "", None),
        ] {
            assert_eq!(visitor(peer, said).network(&proxies), network, "{peer} for {said}");
        }
        assert_eq!(visitor("127.0.0.1", "127.0.0.1").network(&proxies), None);
    }
}
