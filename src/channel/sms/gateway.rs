//! A gateway's declaration: read, checked whole, and ready to say what to send and what an answer means.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use toml::Table;

use self::costs::Costs;
use super::encoding::EncodingParameters;
use super::inbound::InboundRules;
use super::limits::Limits;
use super::mask::Mask;
use super::number::{NumberFormat, is_name, sender_problem};
use super::place::Report;
use super::preset::{self, lay_over, preset};
use super::reader::{Reader, quoted};
use super::reconcile::ReconcileRules;
use super::reply::Reply;
use super::report::{ReportError, ReportRules};
use super::request::{RenderError, Request, RequestTemplate};
use super::rule::ReplyRules;
use super::signature::Signed;
use super::template::{Names, Values, nearest};
use crate::channel::OutboundSms;
use crate::channel::reach::Door;
use crate::config::settings::Secret;
use crate::domain::attempt::Outcome;
use crate::domain::receipt::Receipt;

/// Every key of a declaration. `password`, `signing_key` and `token` are read in order to be refused.
const KEYS: [&str; 39] = [
    "preset",
    "method",
    "url",
    "query",
    "headers",
    "auth",
    "body",
    "number_format",
    "encoding",
    "success",
    "message_id",
    "segments",
    "retry_on",
    "throttled_on",
    "account_on",
    "permanent_on",
    "dead_on",
    "receipts",
    "inbound",
    "invite_replies",
    "reconcile",
    "timeout",
    "rate",
    "max_inflight",
    "price",
    "daily_limit",
    "daily_segments",
    "idempotency_header",
    "needs_one_of",
    "from",
    "username",
    "account_sid",
    "messaging_service_sid",
    "password_file",
    "signing_key_file",
    "token_file",
    "password",
    "signing_key",
    "token",
];
/// Placeholders that are keys of the declaration.
const SETTINGS: [&str; 4] = ["account_sid", "from", "messaging_service_sid", "username"];
/// Placeholders that are secrets.
const SECRETS: [&str; 3] = ["password", "signing_key", "token"];
/// Placeholders of the message. `status_url_more` is `status_url` with what further parameters begin with.
const OF_MESSAGE: [&str; 5] = ["reference", "status_url", "status_url_more", "text", "to"];
/// What stands for a secret where a request is shown.
const HIDDEN: &str = "********";

/// A gateway, as its declaration says it. `Debug` shows its name only.
#[derive(Clone)]
pub struct Gateway {
    name: String,
    preset: Option<String>,
    settings: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
    encoding: EncodingParameters,
    number_format: NumberFormat,
    request: RequestTemplate,
    rules: ReplyRules,
    reports: Option<ReportRules>,
    inbound: Option<InboundRules>,
    invites_replies: bool,
    reconcile: Option<ReconcileRules>,
    costs: Costs,
    pub(super) limits: Limits,
}

/// What is wrong with a declaration, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayProblem {
    /// Keys from the gateway's own table down to the one that is meant; empty for the table itself. A key that is
    /// missing, or that a preset set, does not stand in the table.
    pub path: Vec<String>,
    /// One sentence that names the offending value.
    pub message: String,
}

impl Gateway {
    /// Reads what stands under `[sms.gateways.NAME]`.
    ///
    /// `secret` gives the value of `password`, `signing_key` and `token`, wherever they were found: the keys
    /// `password_file` and so on are known here and not looked at.
    pub fn from_table(
        name: &str,
        table: &Table,
        secret: &dyn Fn(&str) -> Option<Secret>,
    ) -> Result<Self, Vec<GatewayProblem>> {
        let (problems, no_names) = (RefCell::default(), Names::default());
        let table = with_preset(&Reader::of(table, &no_names, &problems), table);
        let outer = Reader::of(&table, &no_names, &problems);
        outer.allow_keys(&KEYS);
        let settings = read_settings(&outer);
        let secrets = read_secrets(&outer, secret);
        let taken = [SETTINGS.as_slice(), &SECRETS, &OF_MESSAGE].concat();
        let encoding = EncodingParameters::read(&outer, &taken);
        let names = names::of_sending(&settings, &secrets, &encoding);

        let inner = Reader::of(&table, &names, &problems);
        let (request, rules) = (RequestTemplate::read(&inner), ReplyRules::read(&inner));
        let (number_format, limits) = (NumberFormat::read(&inner), Limits::read(&inner));
        let (reports, inbound) = (ReportRules::read(&inner), InboundRules::read(&inner));
        let (costs, invites_replies) = (Costs::read(&outer), hearing::read_invites(&outer));
        let reconcile = asking::read(&table, (&settings, &secrets), &problems);
        names::check_use(&inner, &names);
        let problems = problems.take();
        let (Some(request), Some(rules), true) = (request, rules, problems.is_empty()) else { return Err(problems) };
        let settled: Values<'_> = by_name(&settings).collect();
        let request = request.settled(&settled);
        let reconcile = reconcile.map(|rules| rules.settled(&settled));
        Ok(Self {
            name: name.to_owned(),
            preset: outer.text("preset").map(str::to_owned),
            settings,
            secrets,
            encoding,
            number_format,
            request,
            rules,
            reports,
            inbound,
            invites_replies,
            reconcile,
            costs,
            limits,
        })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The preset that its declaration lies over, if it names one.
    pub fn preset(&self) -> Option<&str> {
        self.preset.as_deref()
    }

    /// Messages a second that it takes, if limited.
    pub fn per_second(&self) -> Option<f64> {
        self.limits.per_second
    }

    /// Messages that it takes at once.
    pub fn connections(&self) -> usize {
        self.limits.inflight_max
    }

    /// Whether it drops a message that it was given before, by our reference. Only then may a message of unknown fate
    /// be sent again.
    pub fn is_idempotent(&self) -> bool {
        self.request.is_idempotent()
    }

    /// Whether the sender shown is a name, which several countries do not take: the United States and Canada do not.
    pub fn sender_is_name(&self) -> bool {
        self.settings.get("from").is_some_and(|from| is_name(from))
    }

    /// The request that would carry a message, for people to read, with secrets masked. Nothing is sent.
    pub fn preview(&self, message: &OutboundSms) -> String {
        let rendered = self.with_values(message, &|_| HIDDEN, |values| self.request.render(values));
        match rendered {
            Ok(request) => shown(&request),
            Err(error) => format!("no request can be made of this message: {error}"),
        }
    }

    /// Whether it is the gateway who reports, as far as its declaration says how to tell.
    pub fn is_sender_of(&self, signed: &Signed<'_, '_>) -> bool {
        let secret = |name: &str| self.secrets.get(name);
        self.reports.as_ref().is_none_or(|rules| rules.signature.is_right(signed, &secret))
    }

    /// What a report says of the message that it is on; `None` when that is nothing that would count.
    pub fn receipt(&self, report: &Report<'_>) -> Result<Option<Receipt>, ReportError> {
        self.reports.as_ref().map_or(Ok(None), |rules| rules.receipt(report, &self.name))
    }

    /// Where it listens.
    pub fn door(&self) -> Option<Door> {
        self.request.door()
    }

    /// The request that carries a message.
    pub(super) fn request(&self, message: &OutboundSms) -> Result<Request, RenderError> {
        self.with_values(message, &Secret::expose, |values| self.request.render(values))
    }

    /// What an answer does to the message that it answers.
    pub(super) fn outcome(&self, message: &OutboundSms, reply: &Reply, now: DateTime<Utc>) -> Outcome {
        reply.outcome(&self.rules, &self.mask(message), now)
    }

    /// Whether the connection is protected.
    pub(super) fn is_https(&self) -> bool {
        self.request.is_https()
    }

    fn mask<'a>(&'a self, message: &'a OutboundSms) -> Mask<'a> {
        let secrets = self.secrets.values().map(Secret::expose);
        Mask::of(secrets, [message.text.as_str(), &message.status_url], message.to.as_str())
    }

    fn with_values<T>(
        &self,
        message: &OutboundSms,
        expose: &dyn for<'a> Fn(&'a Secret) -> &'a str,
        act: impl FnOnce(&Values<'_>) -> Result<T, RenderError>,
    ) -> Result<T, RenderError> {
        let to = self.number_format.write(&message.to)?;
        let more = if message.status_url.contains('?') { '&' } else { '?' };
        let status_url_more = format!("{}{more}", message.status_url);
        let mut values = self.own_values(expose);
        values.extend(by_name(self.encoding.of_text(&message.text)));
        values.extend([
            ("to", to.as_str()),
            ("text", &message.text),
            ("reference", &message.reference),
            ("status_url", &message.status_url),
            ("status_url_more", &status_url_more),
        ]);
        act(&values)
    }

    /// What its declaration says for every request.
    fn own_values<'a>(&'a self, expose: &dyn Fn(&'a Secret) -> &'a str) -> Values<'a> {
        let secrets = self.secrets.iter().map(|(name, secret)| (name.as_str(), expose(secret)));
        by_name(&self.settings).chain(secrets).collect()
    }
}

fn by_name(values: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gateway({})", self.name)
    }
}

impl fmt::Display for GatewayProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path.join("."), self.message)
        }
    }
}

/// The table laid over the preset that it names.
fn with_preset(reader: &Reader<'_>, table: &Table) -> Table {
    let Some(name) = reader.text("preset") else { return table.clone() };
    if let Some(below) = preset(name) {
        return lay_over(below, table);
    }
    let known = preset::names();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", quoted(&known)),
    };
    reader.problem("preset", format!("there is no preset `{name}`; {hint}"));
    table.clone()
}

fn read_settings(table: &Reader<'_>) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for key in SETTINGS {
        let Some(text) = table.text(key) else { continue };
        if text.is_empty() || text.contains(char::is_control) {
            table.problem(
                key,
                format!("{text:?} is empty or has a control character in it: write it in one line, or leave it out"),
            );
        } else if let Some(problem) = sender_problem(text).filter(|_| key == "from") {
            table.problem(key, problem);
        }
        settings.insert(key.to_owned(), text.to_owned());
    }
    for key in needed(table) {
        let known = SETTINGS.contains(&key);
        if !known {
            table.problem("needs_one_of", format!("`{key}` cannot be needed: the keys are {}", quoted(&SETTINGS)));
        }
    }
    let needed = needed(table);
    if !needed.is_empty() && !needed.iter().any(|key| settings.contains_key(*key)) {
        table.problem_here(format!("one of {} is needed: the gateway must know who the sender is", quoted(&needed)));
    }
    settings
}

fn needed<'a>(table: &Reader<'a>) -> Vec<&'a str> {
    table.list("needs_one_of").unwrap_or_default().iter().filter_map(toml::Value::as_str).collect()
}

fn read_secrets(table: &Reader<'_>, secret: &dyn Fn(&str) -> Option<Secret>) -> BTreeMap<String, Secret> {
    let mut secrets = BTreeMap::new();
    for key in SECRETS {
        if table.value(key).is_some() {
            table.problem(
                key,
                format!("a secret cannot stand in this file: put it into one of its own and name that in `{key}_file`"),
            );
        }
        let Some(secret) = secret(key) else { continue };
        if secret.expose().is_empty() || secret.expose().contains(char::is_control) {
            table.problem(
                &format!("{key}_file"),
                "the secret is empty or has a control character in it: write it in one line",
            );
        }
        secrets.insert(key.to_owned(), secret);
    }
    secrets
}

/// A request as it would go over the line, more or less.
fn shown(request: &Request) -> String {
    let mut lines = vec![format!("{} {}", request.method, request.url)];
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        // What follows holds no secret by now, but nobody could tell by looking at it.
        let value = if value.starts_with("Basic ") { format!("Basic {HIDDEN}").into() } else { value };
        lines.push(format!("{name}: {value}"));
    }
    if let Some(body) = &request.body {
        lines.extend([String::new(), body.clone()]);
    }
    lines.push(String::new());
    lines.join("\n")
}

mod asking;
mod costs;
mod hearing;
mod names;

#[cfg(test)]
mod tests;
