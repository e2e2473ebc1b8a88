//! `canvass.toml`: the daemon's own settings.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use ipnet::IpNet;

use crate::domain::journey::{Cap, Fatigue, Keep};
use crate::domain::language::Language;
use crate::domain::quiet_hours::QuietHours;

use super::files::Files;
use super::node::{Content, Node, shown};
use super::problem::Problems;
use super::reader::Reader;
use super::secrets::{Names, Secrets};
use super::settings::{AdminSettings, DaemonSettings, PublicSettings, Settings, StoreSettings};
use super::{abuse, breaker, cards_section, email_section, quiet_hours, sms_section, values};

/// The cache of the store, where nothing else is said.
const CACHE_BYTES: u64 = 40 << 20;

/// What settings are read with.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The configuration's folder.
    pub(super) files: &'a dyn Files,
    /// The environment.
    pub(super) env: &'a BTreeMap<String, String>,
    /// The time.
    pub(super) now: DateTime<Utc>,
}

impl<'a> Surroundings<'a> {
    /// Where secrets come from.
    pub(super) fn secrets(&self) -> Secrets<'a> {
        Secrets { files: self.files, credentials: self.env.get("CREDENTIALS_DIRECTORY").map(String::as_str) }
    }

    /// A folder that systemd made for us. It may name several, separated by colons; the first is ours.
    fn directory(&self, variable: &str) -> Option<PathBuf> {
        self.env.get(variable)?.split(':').next().filter(|path| !path.is_empty()).map(PathBuf::from)
    }
}

/// What was read, whether right or wrong.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// The settings, unless something in them is wrong.
    pub(super) settings: Option<Settings>,
    /// What the other files refer to.
    pub(super) known: Known,
    /// The language of plain texts.
    pub(super) language: Language,
    /// The time zone of branches that name none.
    pub(super) time_zone: Tz,
}

/// What the other files may refer to.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Whether there is an `[email]` section.
    pub(super) email: bool,
    /// Whether there is an `[sms]` section.
    pub(super) sms: bool,
    /// The gateways and what they send as.
    pub(super) gateways: BTreeMap<String, sms_section::SenderId>,
    /// The gateway of branches that name none.
    pub(super) gateway: Option<String>,
    /// The hours of messages by country.
    pub(super) quiet_hours: QuietHours,
}

/// Reads the merged layers.
pub(super) fn read(root: &Node, surroundings: &Surroundings<'_>, problems: &Problems) -> Option<Draft> {
    let n_problems = problems.n();
    let mut root = Reader::root(root, problems)?;
    let daemon = daemon(root.section("daemon"), surroundings);
    let store = store(root.section("store"));
    let public = public(root.section("public"));
    let admin = admin(root.section("admin"), surroundings, &daemon);
    let mut known = Known { email: root.has("email"), sms: root.has("sms"), ..Known::default() };
    let email = root.table("email").and_then(|section| email_section::read(section, surroundings, &admin.socket));
    let sms = root.table("sms").and_then(|section| sms_section::read(section, surroundings, &mut known));
    let fatigue = root.table("fatigue").and_then(fatigue);
    let breaker = breaker::read(&mut root);
    let abuse = abuse::read(root.section("abuse"));
    let quiet_hours = quiet_hours::read(root.section("quiet_hours"), surroundings.now, problems);
    known.quiet_hours.clone_from(&quiet_hours);
    let cards = cards_section::read(root.section("cards"), surroundings.files);
    let mut consent = root.section("consent");
    let consent_required = consent.or("required", false, values::flag);
    consent.finish("[consent]");
    root.finish("canvass.toml");

    let (language, time_zone) = (daemon.language.clone(), daemon.time_zone);
    // What could not be read has been reported; without a problem, what is not there was left out.
    let settings = public
        .map(|public| Settings {
            daemon,
            store,
            public,
            admin,
            email,
            sms,
            fatigue,
            breaker,
            abuse,
            quiet_hours,
            cards,
            consent_required,
        })
        .filter(|_| problems.n() == n_problems);
    Some(Draft { settings, known, language, time_zone })
}

fn daemon(mut section: Reader<'_>, surroundings: &Surroundings<'_>) -> DaemonSettings {
    let state_dir = || surroundings.directory("STATE_DIRECTORY").unwrap_or_else(|| PathBuf::from("canvass-state"));
    let settings = DaemonSettings {
        state_dir: section.optional("state_dir", values::line).map_or_else(state_dir, PathBuf::from),
        time_zone: section.or("time_zone", Tz::UTC, values::time_zone),
        language: section.or("language", Language::english(), values::parsed(Language::parse)),
        templates: section.optional("templates", |node| folder(node, surroundings.files)),
        log: section.or("log", "info".to_owned(), log_filter),
        grace: section
            .or("grace", TimeDelta::seconds(30), values::duration(TimeDelta::zero()..=TimeDelta::minutes(10)))
            .to_std()
            .unwrap_or(Duration::ZERO),
    };
    section.finish("[daemon]");
    settings
}

fn folder(node: &Node, files: &dyn Files) -> Result<PathBuf, String> {
    let name = values::line(node)?;
    match files.list(&name) {
        Ok(_) => Ok(files.path(&name)),
        Err(error) => Err(format!("the folder `{}` cannot be read: {error}", shown(&files.label(&name)))),
    }
}

/// A level, or levels of parts: `info,canvass::store=debug`.
fn log_filter(node: &Node) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let given = values::line(node)?;
    for part in given.split(',') {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level).trim();
        if !LEVELS.contains(&level) {
            return Err(format!(
                "`{}` is not a log level; write `error`, `warn`, `info`, `debug`, `trace`, or levels of parts as in \
                 `info,canvass::store=debug`",
                shown(level)
            ));
        }
    }
    Ok(given)
}

fn store(mut section: Reader<'_>) -> StoreSettings {
    section.or("url", (), values::one_of("a store", &[("sled", ())]));
    let cache_bytes = section.or("cache", CACHE_BYTES, size);
    section.finish("[store]");
    StoreSettings { cache_bytes }
}

/// A size such as `64 MiB`; a number alone means MiB.
fn size(node: &Node) -> Result<u64, String> {
    const MIB: u64 = 1 << 20;
    const MIB_MAX: u64 = 64 << 10;
    let mib = if let Content::Integer(number) = node.content {
        u64::try_from(number).ok()
    } else {
        let given = values::text(node)?;
        let (number, unit) = given.split_at(given.find(|c: char| !c.is_ascii_digit()).unwrap_or(given.len()));
        let factor = match unit.trim() {
            "" | "MiB" => Some(1),
            "GiB" => Some(1_024),
            _ => None,
        };
        number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor))
    };
    mib.filter(|mib| (1..=MIB_MAX).contains(mib))
        .map(|mib| mib * MIB)
        .ok_or_else(|| format!("a size from \"1 MiB\" to \"64 GiB\" belongs here, found {}", node.describe()))
}

fn public(mut section: Reader<'_>) -> Option<PublicSettings> {
    let default = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
    let listen = section.or("listen", default, listen);
    let url = section.required("url", public_url);
    let loopback = || [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].map(IpNet::from).into();
    let proxies = section.field("proxies", |field| field.list(|proxy| proxy.read(abuse::network)));
    section.finish("[public]");
    Some(PublicSettings { listen, url: url?, proxies: proxies.unwrap_or_else(loopback) })
}

fn listen(node: &Node) -> Result<SocketAddr, String> {
    let given = values::text(node)?;
    given.parse().map_err(|_| {
        format!("`{}` is not an address to listen on; write one such as `127.0.0.1:8080` or `[::]:8080`", shown(&given))
    })
}

/// Links are made by putting `/s/…` behind it, so it is a scheme, a host and perhaps a port.
fn public_url(node: &Node) -> Result<String, String> {
    let given = values::line(node)?;
    let shown = shown(&given);
    let like = "write it like `https://s.sole.example`";
    let Some(rest) = given.strip_prefix("https://").or_else(|| given.strip_prefix("http://")) else {
        return Err(format!("`{shown}` must begin with `https://` or `http://`; {like}"));
    };
    if rest.ends_with('/') {
        return Err(format!("`{shown}` must not end with a slash; {like}"));
    }
    if rest.contains(['/', '?', '#', '@']) {
        return Err(format!("`{shown}` may name a host and a port and nothing else; {like}"));
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (rest, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_right = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => idna::domain_to_ascii_strict(host).is_ok_and(|host| !host.is_empty() && !host.contains("..")),
    };
    let port_is_right = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if host_is_right && port_is_right {
        Ok(given)
    } else {
        Err(format!("`{shown}` has no valid host and port; {like}"))
    }
}

fn admin(mut section: Reader<'_>, surroundings: &Surroundings<'_>, daemon: &DaemonSettings) -> AdminSettings {
    let listen = section.optional("listen", listen);
    let socket = section.optional("socket", values::line).map_or_else(
        || surroundings.directory("RUNTIME_DIRECTORY").unwrap_or_else(|| daemon.state_dir.clone()).join("canvass.sock"),
        PathBuf::from,
    );
    let names = Names { inline: "token", file: "token_file", credential: "admin-token" };
    let token_given = section.has(names.inline) || section.has(names.file);
    let token = surroundings.secrets().of(&mut section, names);
    if let Some(address) = listen.filter(|address| !address.ip().is_loopback() && token.is_none() && !token_given) {
        section.wrong::<()>(
            "listen",
            format!(
                "`{address}` can be reached from other machines: name a file with a token in `token_file` (or the \
                 systemd credential `admin-token`), or listen on 127.0.0.1"
            ),
        );
    }
    section.finish("[admin]");
    AdminSettings { listen, socket, token }
}

/// The `cap` of a stage.
pub(super) fn cap(mut section: Reader<'_>) -> Option<Cap> {
    let cap = at_most_per(&mut section);
    section.finish("a cap");
    cap
}

/// At most so many per so much time.
fn at_most_per(section: &mut Reader<'_>) -> Option<Cap> {
    let at_most = section.required("at_most", values::whole(1..=1_000));
    let per = section.required("per", values::duration(TimeDelta::hours(1)..=TimeDelta::days(730)));
    Some(Cap { at_most: at_most?, per: per? })
}

/// `[fatigue]`: a cap, and the room in it that is kept.
fn fatigue(mut section: Reader<'_>) -> Option<Fatigue> {
    let cap = at_most_per(&mut section);
    let keep = section.table("keep").and_then(keep);
    if let Some((cap, keep)) = cap.zip(keep).filter(|(cap, keep)| cap.at_most <= keep.n) {
        section.wrong::<()>(
            "keep",
            format!("this keeps {} of {} and leaves nothing for all other surveys; keep fewer", keep.n, cap.at_most),
        );
    }
    section.finish("[fatigue]");
    Some(Fatigue { cap: cap?, keep })
}

fn keep(mut table: Reader<'_>) -> Option<Keep> {
    let n = table.required("n", values::whole(1..=999));
    let for_priority = table.required("for_priority", values::whole(1..=10));
    table.finish("`keep`");
    Some(Keep { n: n?, for_priority: for_priority? })
}
