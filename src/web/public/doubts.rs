//! Whether an answer that nobody was invited to is what it seems: one honest guest's word on one occasion.
//!
//! Nothing is asked of a guest to prove it, and nobody else is asked about them. What is odd is flagged with the reason,
//! kept, and counted apart; operators let it count, or keep it out, many at a time.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};

use super::visitor::Visitor;
use super::walk_in::{Shown, WalkIn};
use crate::daemon::core::Core;
use crate::domain::answer::Form;
use crate::domain::response::Flag;

/// A field that people do not see and machines fill in. No question can be called so.
pub(super) const HONEYPOT: &str = ".website";
/// Nobody reads a form and answers it in less.
const READING_MIN: TimeDelta = TimeDelta::seconds(2);
/// How long after closing time guests are still at their tables.
const LINGERING: TimeDelta = TimeDelta::hours(1);
/// The cookie by which a device is known again. Its path is that of the card or link, and it holds the number of a form.
const COOKIE: &str = "canvass-answered";

/// What is odd about a form that was handed in, for the first time or again.
pub(super) fn flags(
    core: &Core,
    at: &WalkIn,
    who: &Visitor,
    (form, is_new): (&Shown, bool),
    given: &Form,
) -> BTreeSet<Flag> {
    let (now, rules) = (core.clock.now(), &at.live.config.settings.abuse);
    let mut flags = BTreeSet::new();
    let mut flag = |is_so: bool, flag: Flag| {
        if is_so {
            flags.insert(flag);
        }
    };
    let is_filled = |values: &Vec<String>| values.iter().any(|value| !value.trim().is_empty());
    flag(given.get(HONEYPOT).is_some_and(is_filled), Flag::Honeypot);
    // What follows was told of the response when it came in first.
    if !is_new {
        return flags;
    }
    flag(now - form.at < READING_MIN, Flag::Hasty);
    flag(rules.once_per_device.is_some_and(|length| has_answered(core, at, who, (form, length))), Flag::SameDevice);
    let is_open = |then: DateTime<Utc>| at.branch.open.is_open(at.branch.time_zone, then);
    flag(rules.opening_hours && !is_open(now) && !is_open(now - LINGERING), Flag::Closed);
    // Only what would count takes from what is believed, so that a flood leaves it to those who come after.
    if !flags.is_empty() {
        return flags;
    }
    match in_the_crowd(core, at, who) {
        Ok(()) => BTreeSet::new(),
        Err(flag) => [flag].into(),
    }
}

/// Whether no more came from the visitor's network and by this code than is believed.
fn in_the_crowd(core: &Core, at: &WalkIn, who: &Visitor) -> Result<(), Flag> {
    let (settings, seal, now) = (&at.live.config.settings, core.store.seal(), core.clock.now());
    let mark = |kind, place: &[u8]| seal.crowd_mark(kind, place, now.date_naive());
    let network = settings.abuse.per_network.zip(who.network(&settings.public.proxies));
    let network = network.map(|(n, network)| (Flag::NetworkBurst, (mark("network", &network), n)));
    let code = settings.abuse.per_code.map(|n| (Flag::CodeBurst, (mark("code", at.path.as_bytes()), n)));
    let (flags, places): (Vec<_>, Vec<_>) = network.into_iter().chain(code).unzip();
    let mut crowd = core.crowd.lock().unwrap_or_else(PoisonError::into_inner);
    crowd.take(&places, now).map_err(|over| flags.get(over).copied().unwrap_or(Flag::CodeBurst))
}

/// Whether the device handed in another form here, within this time.
fn has_answered(core: &Core, at: &WalkIn, who: &Visitor, (form, length): (&Shown, TimeDelta)) -> bool {
    let Some(number) = who.cookie(COOKIE) else { return false };
    let Some((id, shown_at)) = core.store.seal().open_form(&at.path, number) else { return false };
    id != form.id && core.clock.now() - shown_at < length
}

/// Lets the device be known again, where that is wanted.
pub(super) fn remember_device(at: &WalkIn, form: &Shown, response: &mut Response) {
    let settings = &at.live.config.settings;
    let Some(length) = settings.abuse.once_per_device else { return };
    let secure = if settings.public.url.starts_with("https:") { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={}; Path={}; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
        form.number,
        at.path,
        length.num_seconds()
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}
