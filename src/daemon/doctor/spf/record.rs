//! The words of an SPF record (RFC 7208 §4.5, §5, §6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A record without a mistake in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// What it says, in order.
    pub(super) terms: Vec<Term>,
    /// The domain whose record goes on where no term fits.
    pub(super) redirect: Option<String>,
}

impl Record {
    /// What is said of those whom no other term names.
    pub(super) fn all_others(&self) -> Option<Qualifier> {
        self.terms.iter().find(|term| term.mechanism == Mechanism::All).map(|term| term.qualifier)
    }
}

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) qualifier: Qualifier,
    pub(super) mechanism: Mechanism,
    /// As it stands there.
    pub(super) text: String,
}

/// What follows when a term fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Qualifier {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

/// Whom a term is about. Domains may hold macros (`%`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(String),
    A(Option<String>, Lengths),
    Mx(Option<String>, Lengths),
    Ptr,
    Net(IpNet),
    Exists,
}

/// How much of an address counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lengths {
    v4: u8,
    v6: u8,
}

impl Lengths {
    const WHOLE: Self = Self { v4: 32, v6: 128 };

    /// Whether the network around `found` holds the address.
    pub(super) fn covers(self, found: IpAddr, address: IpAddr) -> bool {
        let length = if found.is_ipv4() { self.v4 } else { self.v6 };
        IpNet::new(found, length).is_ok_and(|net| net.contains(&address))
    }
}

/// Whether a text is an SPF record, right or wrong.
pub(super) fn is_spf(text: &str) -> bool {
    text.split(' ').next().is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"))
}

/// Reads a record.
pub(super) fn read(text: &str) -> Result<Record, String> {
    let mut record = Record { terms: Vec::new(), redirect: None };
    for word in text.split_ascii_whitespace().skip(1) {
        let wrong = || format!("`{}` is none of its words", word.chars().take(60).collect::<String>());
        let name_end = word.find([':', '=', '/']).unwrap_or(word.len());
        if let Some((name, value)) = word.split_once('=').filter(|(name, _)| name.len() == name_end) {
            match name.to_ascii_lowercase().as_str() {
                "redirect" if record.redirect.is_some() || value.is_empty() => return Err(wrong()),
                "redirect" => record.redirect = Some(value.to_owned()),
                // `exp`, and those that are still to be invented.
                _ => (),
            }
            continue;
        }
        let (qualifier, rest) = qualified(word);
        let mechanism = mechanism(rest).ok_or_else(wrong)?;
        record.terms.push(Term { qualifier, mechanism, text: word.to_owned() });
    }
    Ok(record)
}

fn qualified(word: &str) -> (Qualifier, &str) {
    let signs = [('+', Qualifier::Pass), ('-', Qualifier::Fail), ('~', Qualifier::SoftFail), ('?', Qualifier::Neutral)];
    let found = signs.into_iter().find_map(|(sign, qualifier)| Some((qualifier, word.strip_prefix(sign)?)));
    found.unwrap_or((Qualifier::Pass, word))
}

fn mechanism(word: &str) -> Option<Mechanism> {
    let (name, value) = match word.find([':', '/']) {
        Some(at) => word.split_at_checked(at)?,
        None => (word, ""),
    };
    let target = value.strip_prefix(':').filter(|target| !target.is_empty());
    match (name.to_ascii_lowercase().as_str(), target) {
        ("all", None) if value.is_empty() => Some(Mechanism::All),
        ("include", Some(target)) => Some(Mechanism::Include(target.to_owned())),
        ("exists", Some(_)) => Some(Mechanism::Exists),
        ("ptr", _) => Some(Mechanism::Ptr),
        ("a", _) => with_lengths(value).map(|(target, lengths)| Mechanism::A(target, lengths)),
        ("mx", _) => with_lengths(value).map(|(target, lengths)| Mechanism::Mx(target, lengths)),
        ("ip4", Some(target)) => {
            let (address, length) = target.split_once('/').unwrap_or((target, "32"));
            let net = Ipv4Net::new(address.parse::<Ipv4Addr>().ok()?, length.parse().ok()?).ok()?;
            Some(Mechanism::Net(net.into()))
        }
        ("ip6", Some(target)) => {
            let (address, length) = target.split_once('/').unwrap_or((target, "128"));
            let net = Ipv6Net::new(address.parse::<Ipv6Addr>().ok()?, length.parse().ok()?).ok()?;
            Some(Mechanism::Net(net.into()))
        }
        _ => None,
    }
}

/// `:domain/24//64`, each part of which may be missing.
fn with_lengths(value: &str) -> Option<(Option<String>, Lengths)> {
    let (target, lengths) = match value.find('/') {
        Some(at) => value.split_at_checked(at)?,
        None => (value, ""),
    };
    let target = match target.strip_prefix(':') {
        Some("") => return None,
        target => target.map(str::to_owned),
    };
    let (v4, v6) = lengths.split_once("//").map_or((lengths, None), |(v4, v6)| (v4, Some(v6)));
    let mut found = Lengths::WHOLE;
    if !v4.is_empty() {
        found.v4 = v4.strip_prefix('/')?.parse().ok().filter(|length| *length <= 32)?;
    }
    if let Some(v6) = v6 {
        found.v6 = v6.parse().ok().filter(|length| *length <= 128)?;
    }
    Some((target, found))
}
