//! What a single value may be: each function reads one kind of value, or says what would be right.
//!
//! Nothing is coerced: `"5"` is no number and `5` no text, because a password 007 is not 7. Only the environment, where
//! everything is text, is read as what the key wants.

use std::fmt::Display;
use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::domain::contact::Email;
use crate::domain::duration::{format_duration, parse_duration};
use crate::domain::event;

use super::node::{Content, Node, shown};
use super::reader::closest;
use super::settings::Sender;

/// Longest text, in characters, where a key does not say less.
const TEXT_CHARS_MAX: usize = 2_000;

fn expected<T>(what: &str, node: &Node) -> Result<T, String> {
    Err(format!("{what} belongs here, found {}", node.describe()))
}

/// A text that is not blank.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other values are wrong alike")]
pub(super) fn text(node: &Node) -> Result<String, String> {
    match &node.content {
        Content::Text(text) | Content::Untyped(text) if text.trim().is_empty() => Err("this is empty".to_owned()),
        Content::Text(text) | Content::Untyped(text) if text.chars().count() > TEXT_CHARS_MAX => {
            Err(format!("this is longer than {TEXT_CHARS_MAX} characters"))
        }
        Content::Text(text) | Content::Untyped(text) => Ok(text.clone()),
        _ => expected("a text in quotes", node),
    }
}

/// A text on one line.
pub(super) fn line(node: &Node) -> Result<String, String> {
    let text = text(node)?;
    match text.chars().find(|letter| letter.is_control()) {
        None => Ok(text.trim().to_owned()),
        Some(found) => Err(format!("{found:?} may not stand in this text: write it on one line")),
    }
}

/// A text that `read` understands; its error must name the text.
pub(super) fn parsed<T, E: Display>(
    read: impl FnOnce(&str) -> Result<T, E>,
) -> impl FnOnce(&Node) -> Result<T, String> {
    move |node| read(&text(node)?).map_err(|error| error.to_string())
}

/// `true` or `false`.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other values are wrong alike")]
pub(super) fn flag(node: &Node) -> Result<bool, String> {
    match &node.content {
        Content::Flag(flag) => Ok(*flag),
        Content::Untyped(text) => text.parse().or_else(|_| expected("true or false", node)),
        _ => expected("true or false", node),
    }
}

/// A whole number in a range.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other values are wrong alike")]
pub(super) fn whole<N>(range: RangeInclusive<N>) -> impl FnOnce(&Node) -> Result<N, String>
where
    N: TryFrom<i64> + PartialOrd + Display,
{
    move |node| {
        let what = format!("a whole number from {} to {}", range.start(), range.end());
        let number = match &node.content {
            Content::Integer(number) => *number,
            Content::Untyped(text) => text.parse().or_else(|_| expected(&what, node))?,
            _ => return expected(&what, node),
        };
        N::try_from(number).ok().filter(|number| range.contains(number)).map_or_else(|| expected(&what, node), Ok)
    }
}

/// Any number.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other values are wrong alike")]
pub(super) fn number(node: &Node) -> Result<f64, String> {
    match &node.content {
        #[expect(clippy::cast_precision_loss, reason = "numbers that people write are far below 2^53")]
        Content::Integer(number) => Ok(*number as f64),
        Content::Float(number) => Ok(*number),
        Content::Untyped(text) => text.parse().or_else(|_| expected("a number", node)),
        _ => expected("a number", node),
    }
}

/// A number in a range.
pub(super) fn number_in(range: RangeInclusive<f64>) -> impl FnOnce(&Node) -> Result<f64, String> {
    move |node| {
        let found = number(node)?;
        let what = format!("a number from {} to {}", range.start(), range.end());
        if range.contains(&found) { Ok(found) } else { expected(&what, node) }
    }
}

/// A duration in a range.
pub(super) fn duration(range: RangeInclusive<TimeDelta>) -> impl FnOnce(&Node) -> Result<TimeDelta, String> {
    move |node| {
        if !matches!(node.content, Content::Text(_) | Content::Untyped(_)) {
            return expected("a duration in quotes such as \"90s\", \"2h\" or \"3d\"", node);
        }
        let text = text(node)?;
        let duration = parse_duration(&text).map_err(|error| error.to_string())?;
        if range.contains(&duration) {
            return Ok(duration);
        }
        let (least, most) = (format_duration(*range.start()), format_duration(*range.end()));
        Err(format!("`{}` is out of bounds: from {least} to {most} is possible", shown(&text)))
    }
}

/// One of some words. `what` says what they are: "a channel".
pub(super) fn one_of<T: Copy>(what: &str, words: &[(&str, T)]) -> impl FnOnce(&Node) -> Result<T, String> {
    move |node| {
        let given = text(node)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
            return Ok(*value);
        }
        let meant = closest(&given, words.iter().map(|(word, _)| *word));
        let known: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let known = match known.split_last() {
            Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
            Some(_) | None => known.concat(),
        };
        let meant = meant.map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
        Err(format!("`{}` is not {what}; use {known}{meant}", shown(&given)))
    }
}

/// An IANA time zone.
pub(super) fn time_zone(node: &Node) -> Result<Tz, String> {
    let given = text(node)?;
    given.parse().map_err(|_| {
        let meant = closest(&given, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let meant = meant.map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
        format!("`{}` is not a time zone; write one such as `Europe/Berlin`{meant}", shown(&given))
    })
}

/// An instant in RFC 3339, with or without quotes.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other values are wrong alike")]
pub(super) fn instant(node: &Node) -> Result<DateTime<Utc>, String> {
    let what = "a time with its offset such as \"2026-03-06T22:30:00+01:00\"";
    match &node.content {
        Content::Text(text) | Content::Untyped(text) | Content::Time(text) => {
            DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc)).or_else(|_| expected(what, node))
        }
        _ => expected(what, node),
    }
}

/// An email address.
pub(super) fn email(node: &Node) -> Result<Email, String> {
    let given = text(node)?;
    Email::parse(&given).map_err(|error| format!("`{}` does not work: {error}", shown(&given)))
}

/// A name and an address, `Trattoria Sole <hello@sole.example>`, or an address alone.
pub(super) fn sender(node: &Node) -> Result<Sender, String> {
    let given = line(node)?;
    let (name, address) = match given.strip_suffix('>').and_then(|given| given.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').to_owned(), address),
        None => (String::new(), given.as_str()),
    };
    if name.contains(['<', '>', '"']) {
        return Err(format!("`{}` is no sender; write it like `Trattoria Sole <hello@sole.example>`", shown(&given)));
    }
    let email = Email::parse(address).map_err(|error| format!("`{}` does not work: {error}", shown(&given)))?;
    Ok(Sender { name, email })
}

/// A field of an event's data.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other values are wrong alike")]
pub(super) fn event_value(node: &Node) -> Result<event::Value, String> {
    match &node.content {
        Content::Text(text) if text.len() <= event::FIELD_BYTES_MAX => Ok(event::Value::Text(text.clone())),
        Content::Text(_) => Err(format!("this is longer than the {} bytes of a field", event::FIELD_BYTES_MAX)),
        Content::Flag(flag) => Ok(event::Value::Flag(*flag)),
        Content::Integer(_) | Content::Float(_) => number(node).map(event::Value::Number),
        _ => expected("a text, a number, true or false", node),
    }
}

/// The kind of an event, such as `visit.completed`.
pub(super) fn event_kind(node: &Node) -> Result<String, String> {
    const BYTES_MAX: usize = 100;
    let given = text(node)?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || ".-_:/".contains(letter);
    if given.len() <= BYTES_MAX && given.chars().all(fits) {
        return Ok(given);
    }
    let shown = shown(&given);
    Err(format!("`{shown}` is no event; use at most {BYTES_MAX} letters, digits and `.-_:/`, as in `visit.completed`"))
}
