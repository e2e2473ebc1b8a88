//! `[email]`: how mail leaves.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;

use crate::channel::email::{SmtpSettings, SmtpTimeouts, Tls};

use super::dkim_section;
use super::node::{Node, shown};
use super::reader::{Field, Reader};
use super::secrets::Names;
use super::settings::{EmailSettings, EmailTransport};
use super::settings_file::Surroundings;
use super::{mailbox, values, webhooks};

/// The longest that tries may go on: a survey is stale long before.
pub(super) const GIVE_UP_AFTER_MAX: TimeDelta = TimeDelta::days(7);

/// The longest path of a Unix socket: `sun_path` less its final zero.
const SOCKET_BYTES_MAX: usize = 107;

/// Which transport is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Smtp,
    File,
}

/// Reads the section. `None` when something in it is wrong.
pub(super) fn read(
    mut section: Reader<'_>,
    surroundings: &Surroundings<'_>,
    admin_socket: &Path,
) -> Option<EmailSettings> {
    let words = [("smtp", Wanted::Smtp), ("file", Wanted::File)];
    let wanted = section.or("transport", Wanted::Smtp, values::one_of("a transport", &words));
    let from = section.required("from", values::sender);
    let reply_to = section.optional("reply_to", values::sender);
    let bounce_domain = section.optional("bounce_domain", domain);
    let bounce_socket = section.optional("bounce_socket", |node| socket(node, admin_socket));
    let from_domain = from.as_ref().map(|from| from.email.domain());
    let dkim = section.field("dkim", |field| dkim_section::read(field, surroundings, from_domain));
    let postal_address = section.optional("postal_address", values::text);
    let bounds = TimeDelta::minutes(5)..=GIVE_UP_AFTER_MAX;
    let give_up_after = section.or("give_up_after", TimeDelta::hours(48), values::duration(bounds));
    let domains = section.field("domains", domains).unwrap_or_default();
    let bounce_mailbox = section.table("bounce_mailbox").and_then(|table| mailbox::read(table, surroundings));
    let webhooks = section.table("webhooks").map(|section| webhooks::read(section, surroundings)).unwrap_or_default();
    // Read also when mail goes into files: it will not be sent wrong on the day that it is switched on.
    if wanted == Wanted::Smtp {
        section.require("smtp");
    }
    let smtp = section.table("smtp").map(|section| smtp(section, surroundings));
    section.finish("[email]");
    let transport = match wanted {
        Wanted::File => EmailTransport::File,
        Wanted::Smtp => EmailTransport::Smtp(smtp??),
    };
    let from = from?;
    let bounce_domain = bounce_domain.unwrap_or_else(|| from.email.domain().to_owned());
    Some(EmailSettings {
        transport,
        from,
        reply_to,
        bounce_domain,
        bounce_socket,
        dkim,
        bounce_mailbox,
        postal_address,
        give_up_after,
        domains,
        webhooks,
    })
}

pub(super) fn domain(node: &Node) -> Result<String, String> {
    let given = values::line(node)?;
    match idna::domain_to_ascii_strict(&given) {
        Ok(domain) if domain.contains('.') => Ok(domain),
        Ok(_) | Err(_) => Err(format!("`{}` is not a domain; write one such as `bounce.sole.example`", shown(&given))),
    }
}

/// A mail server is told the whole path, and its folder is not ours.
fn socket(node: &Node, admin_socket: &Path) -> Result<PathBuf, String> {
    let given = values::line(node)?;
    let path = PathBuf::from(&given);
    if !path.is_absolute() {
        let given = shown(&given);
        return Err(format!("`{given}` is not a whole path; write one such as `/run/canvass/bounces.lmtp`"));
    }
    if given.len() > SOCKET_BYTES_MAX {
        return Err(format!("`{}` is too long; a socket has at most {SOCKET_BYTES_MAX} bytes", shown(&given)));
    }
    if path == admin_socket {
        return Err(format!("`{}` is the socket that the command line talks to; write another", shown(&given)));
    }
    Ok(path)
}

/// `[email.domains."example.com"]`: what a recipient's domain puts up with.
fn domains(field: Field<'_, '_>) -> Option<BTreeMap<String, f64>> {
    let limits = field.entries(|name, field| {
        let ascii = idna::domain_to_ascii_strict(name).ok().filter(|domain| domain.contains('.'));
        let Some(domain) = ascii else {
            return field.wrong(format!("`{}` is not a domain; write one such as `example.com`", shown(name)));
        };
        let mut section = field.table()?;
        let per_second = section.required("rate", rate);
        section.finish("a domain");
        Some((domain, per_second?))
    })?;
    Some(limits.into_iter().collect())
}

fn smtp(mut section: Reader<'_>, surroundings: &Surroundings<'_>) -> Option<SmtpSettings> {
    let host = section.required("host", host);
    let words = [("implicit", Tls::Implicit), ("starttls", Tls::StartTls), ("none", Tls::None)];
    let tls = section.or("tls", Tls::Implicit, values::one_of("a kind of protection", &words));
    if let Some(host) = host.as_deref().filter(|host| tls == Tls::None && !is_loopback(host)) {
        let message = format!(
            "mail to `{host}` would cross the network in the open; use `implicit` or `starttls` (`none` is for a relay \
             on this machine)"
        );
        section.wrong::<()>("tls", message);
    }
    let port = section.or("port", default_port(tls), values::whole(1..=u16::MAX));
    let ca_file = section.optional("ca_file", |node| ca_file(node, surroundings));
    let login = login(&mut section, surroundings);
    let settings = SmtpSettings {
        host: host.unwrap_or_default(),
        port,
        tls,
        ca_file,
        login,
        connections: section.or("connections", 16, values::whole::<u16>(1..=256)).into(),
        messages_per_connection: section.or("messages_per_connection", 1_000, values::whole(1..=100_000)),
        per_second: section.optional("rate", rate),
        timeouts: timeouts(section.section("timeouts")),
    };
    section.finish("[email.smtp]");
    Some(settings).filter(|settings| !settings.host.is_empty())
}

/// A file of certificate authorities.
pub(super) fn ca_file(node: &Node, surroundings: &Surroundings<'_>) -> Result<PathBuf, String> {
    let name = values::line(node)?;
    let label = surroundings.files.label(&name);
    surroundings.files.read(&name).map_err(|error| format!("`{}` cannot be read: {error}", shown(&label)))?;
    Ok(surroundings.files.path(&name))
}

/// A name or an address.
pub(super) fn host(node: &Node) -> Result<String, String> {
    let given = values::line(node)?;
    let is_host = given.parse::<IpAddr>().is_ok() || idna::domain_to_ascii_strict(&given).is_ok();
    if is_host && !given.contains([':', '/', '@', ' ']) || given.parse::<IpAddr>().is_ok() {
        return Ok(given);
    }
    Err(format!("`{}` is not a host; write a name such as `mail.sole.example` or an address", shown(&given)))
}

/// Whether mail to this host stays on this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn default_port(tls: Tls) -> u16 {
    match tls {
        Tls::Implicit => 465,
        Tls::StartTls => 587,
        Tls::None => 25,
    }
}

fn login(section: &mut Reader<'_>, surroundings: &Surroundings<'_>) -> Option<(String, super::settings::Secret)> {
    let names = Names { inline: "password", file: "password_file", credential: "smtp-password" };
    let password_given = section.has(names.inline) || section.has(names.file);
    let username = section.optional("username", values::line);
    let password = surroundings.secrets().of(section, names);
    match (username, password) {
        (Some(username), Some(password)) => Some((username, password)),
        (Some(_), None) if !password_given => section.wrong(
            "username",
            "there is no password for this user: name its file in `password_file`, or hand it over as systemd \
             credential `smtp-password`",
        ),
        (None, Some(_)) if password_given && !section.has("username") => {
            section.wrong("password_file", "there is no `username` that this password belongs to")
        }
        (Some(_) | None, _) => None,
    }
}

/// Messages per second, written `50/s`, `600/m` or `5000/h`.
fn rate(node: &Node) -> Result<f64, String> {
    const PER_SECOND_MAX: f64 = 10_000.0;
    let given = values::text(node)?;
    let seconds = |unit: &str| match unit.trim() {
        "s" => Some(1.0),
        "m" => Some(60.0),
        "h" => Some(3_600.0),
        _ => None,
    };
    given
        .split_once('/')
        .and_then(|(count, unit)| Some(f64::from(count.trim().parse::<u32>().ok()?) / seconds(unit)?))
        .filter(|rate| *rate > 0.0 && *rate <= PER_SECOND_MAX)
        .ok_or_else(|| format!("`{}` is not a rate; write one such as `50/s`, `600/m` or `5000/h`", shown(&given)))
}

/// How long each phase may take; the defaults are those of RFC 5321 §4.5.3.2, but for the connection itself.
fn timeouts(mut section: Reader<'_>) -> SmtpTimeouts {
    let mut phase = |key, default| {
        let bounds = TimeDelta::seconds(1)..=TimeDelta::minutes(30);
        section.or(key, default, values::duration(bounds)).to_std().unwrap_or(Duration::ZERO)
    };
    let timeouts = SmtpTimeouts {
        connect: phase("connect", TimeDelta::seconds(30)),
        command: phase("command", TimeDelta::minutes(5)),
        data: phase("data", TimeDelta::minutes(2)),
        transfer: phase("transfer", TimeDelta::minutes(3)),
        after_dot: phase("after_dot", TimeDelta::minutes(10)),
        ahead: SmtpTimeouts::AHEAD,
    };
    section.finish("[email.smtp.timeouts]");
    timeouts
}
