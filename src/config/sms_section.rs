//! `[sms]`: how text messages leave, and the gateways that carry them.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::channel::sms::{Gateway, GatewayProblem};
use crate::domain::text_words::{Keyword, TextWords};

use super::email_section::GIVE_UP_AFTER_MAX;
use super::node::shown;
use super::problem::{Problem, Spot};
use super::reader::{Field, Reader, closest};
use super::settings::{Secret, SmsSettings, SmsTransport};
use super::settings_file::{Known, Surroundings};
use super::values;

/// What a gateway sends as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SenderId {
    /// A name of letters, which some countries forbid.
    Letters,
    /// A number, a short code, or whatever the gateway itself decides.
    Other,
}

/// The secrets of a gateway, and the keys that name their files.
const SECRETS: [(&str, &str); 3] =
    [("password", "password_file"), ("signing_key", "signing_key_file"), ("token", "token_file")];

/// Which transport is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Gateway,
    File,
}

/// Reads the section and notes its gateways. `None` when something in it is wrong.
pub(super) fn read(mut section: Reader<'_>, surroundings: &Surroundings<'_>, known: &mut Known) -> Option<SmsSettings> {
    let words = [("gateway", Wanted::Gateway), ("file", Wanted::File)];
    let wanted = section.or("transport", Wanted::Gateway, values::one_of("a transport", &words));
    let bounds = TimeDelta::minutes(5)..=GIVE_UP_AFTER_MAX;
    let give_up_after = section.or("give_up_after", TimeDelta::hours(24), values::duration(bounds));
    let gateways = section.field("gateways", |field| {
        field.entries(|name, field| Some((name.to_owned(), gateway(name, field, surroundings, known))))
    });
    let gateways: BTreeMap<_, _> = gateways.unwrap_or_default().into_iter().collect();
    let default = default_gateway(&mut section, &gateways, wanted);
    known.gateway.clone_from(&default);
    let words = text_words(&mut section);
    let contact = section.optional("contact", values::line);
    section.finish("[sms]");
    let transport = match wanted {
        Wanted::File => SmsTransport::File,
        Wanted::Gateway => SmsTransport::Gateways {
            default: default?,
            gateways: gateways.into_iter().map(|(name, gateway)| Some((name, gateway?))).collect::<Option<_>>()?,
        },
    };
    Some(SmsSettings { transport, give_up_after, words, contact })
}

/// The words that come with the program, and those that are added to them.
fn text_words(section: &mut Reader<'_>) -> TextWords {
    let mut words = TextWords::default();
    let keys = [("stop_words", Keyword::Stop), ("start_words", Keyword::Start), ("help_words", Keyword::Help)];
    for (key, keyword) in keys {
        section.field(key, |field| {
            field.list(|field| {
                let word = field.read(values::line)?;
                field.accept(words.add(keyword, &word))
            })
        });
    }
    words
}

/// The gateway of branches that name none; it may be left out when there is only one.
fn default_gateway(
    section: &mut Reader<'_>,
    gateways: &BTreeMap<String, Option<Gateway>>,
    wanted: Wanted,
) -> Option<String> {
    let given = section.optional("gateway", |node| {
        let name = values::line(node)?;
        if gateways.contains_key(&name) { Ok(name) } else { Err(no_such_gateway(&name, gateways.keys())) }
    });
    if section.has("gateway") || wanted == Wanted::File {
        return given;
    }
    let mut names = gateways.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => Some(only.clone()),
        (None, _) => {
            section.wrong("gateways", "no gateway is declared: add [sms.gateways.NAME], or set transport = \"file\"")
        }
        (Some(_), Some(_)) => {
            section.wrong("gateway", "`gateway` is missing: say which of the gateways is the default")
        }
    }
}

/// That a gateway does not exist, and which do.
pub(super) fn no_such_gateway<'k>(name: &str, known: impl Iterator<Item = &'k String>) -> String {
    let known: Vec<_> = known.map(String::as_str).collect();
    let meant =
        closest(name, known.iter().copied()).map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
    let known =
        if known.is_empty() { "none is declared".to_owned() } else { format!("declared: {}", known.join(", ")) };
    format!("there is no gateway `{}`{meant} ({known} in [sms.gateways])", shown(name))
}

fn gateway(name: &str, field: Field<'_, '_>, surroundings: &Surroundings<'_>, known: &mut Known) -> Option<Gateway> {
    known.gateways.insert(name.to_owned(), SenderId::Other);
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    if name.is_empty() || name.len() > 40 || !name.chars().all(fits) {
        return field.wrong("a gateway's name has at most 40 lower-case letters, digits, `-` and `_`");
    }
    let toml::Value::Table(table) = field.node.to_toml() else { return field.table().and(None) };
    let files = SECRETS.map(|names| (names.0, secret_file(field, names, surroundings)));
    let secret = |wanted: &str| -> Option<Secret> {
        let from_file = files.iter().find(|(secret, _)| *secret == wanted).and_then(|(_, file)| file.clone());
        from_file.or_else(|| surroundings.secrets().credential(&format!("sms-{name}-{wanted}")))
    };
    match Gateway::from_table(name, &table, &secret) {
        Ok(gateway) => {
            if gateway.sender_is_name() {
                known.gateways.insert(name.to_owned(), SenderId::Letters);
            }
            Some(gateway)
        }
        Err(problems) => {
            for problem in &problems {
                field.problems.report(locate(field, problem));
            }
            None
        }
    }
}

/// The secret in the file that a gateway's key names. One that cannot be read, or that stands in the open, is reported
/// once: something takes its place, so that the gateway does not miss it as well.
fn secret_file(field: Field<'_, '_>, (inline, key): (&str, &str), surroundings: &Surroundings<'_>) -> Option<Secret> {
    let unusable = || Secret::new("unusable");
    let Some(node) = field.node.get(key) else { return field.node.get(inline).map(|_| unusable()) };
    let path = format!("{}.{key}", field.path);
    let field = Field { node, path: &path, problems: field.problems };
    Some(field.read(|node| surroundings.secrets().in_file(node)).unwrap_or_else(unusable))
}

/// Where a gateway's problem stands: the key it names, else the nearest table around it.
fn locate(field: Field<'_, '_>, problem: &GatewayProblem) -> Problem {
    let mut node = field.node;
    for key in &problem.path {
        match node.get(key) {
            Some(inner) => node = inner,
            None => break,
        }
    }
    let key = std::iter::once(field.path).chain(problem.path.iter().map(String::as_str)).collect::<Vec<_>>().join(".");
    Spot { place: node.place.clone(), key }.problem(problem.message.clone())
}
