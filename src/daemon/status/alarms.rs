//! What is wrong, in sentences, the most alarming first.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::super::collector::MailboxTrouble;
use super::{GatewayDay, Standing, Status, kind_of, name_of, reason, span};
use crate::domain::hold::Hold;
use crate::domain::journey::Channel;
use crate::domain::route::Route;
use crate::plan::pace::RouteState;
use crate::store::{Backlog, ChannelBacklog, Health};

/// Messages that are due for longer than this are late: a dispatcher that works sends them within moments.
const LATE: TimeDelta = TimeDelta::minutes(10);
/// Routes of a kind that are told of one by one; the others are counted.
const ROUTES_MAX: usize = 5;

impl Status {
    /// What is wrong, the most alarming first: what concerns everything, then a route, then a message.
    pub fn alarms(&self) -> Vec<String> {
        let mut alarms = Vec::new();
        if let Health::ReadOnly(reason) = self.health {
            alarms.push(format!("the store is read-only, because {reason}"));
        }
        let backlog = match &self.backlog {
            Ok(backlog) => Some(backlog),
            Err(err) => {
                alarms.push(format!("what is to be sent cannot be read: {}", crate::chain::Chain(err)));
                None
            }
        };
        if self.begun_at.is_none() {
            alarms.push("no daemon runs, so nothing is sent".to_owned());
        }
        if let Some(backlog) = backlog {
            alarms.extend(self.routes(backlog, &[Standing::Rests, Standing::OnTrial]));
            alarms.extend(self.gateway_days.iter().filter_map(stopped));
            alarms.extend(backlog.channels.iter().filter_map(for_operator));
            alarms.extend(backlog.channels.iter().filter_map(|channel| late(channel, self.now)));
            alarms.extend(backlog.holds.iter().map(held));
        }
        if let Some(MailboxTrouble { since, n, why }) = &self.mailbox {
            let visits = if *n == 1 { "1 visit failed".to_owned() } else { format!("{n} visits failed in a row") };
            alarms.push(format!("the bounce mailbox cannot be read since {}, because {why} ({visits})", time(*since)));
        }
        if self.reload_refused {
            alarms.push("the last reload was refused, see the log; an older configuration is in force".to_owned());
        }
        if let Some(backlog) = backlog {
            alarms.extend(self.routes(backlog, &[Standing::Slowed]));
        }
        alarms
    }

    fn routes(&self, backlog: &Backlog, standings: &[Standing]) -> Vec<String> {
        let meant = |(_, state): &&(Route, RouteState)| standings.contains(&Standing::of(state, self.now));
        let meant: Vec<_> = backlog.routes.iter().filter(meant).collect();
        let mut told: Vec<_> = meant.iter().take(ROUTES_MAX).map(|(route, state)| self.route(route, state)).collect();
        if let n @ 1.. = meant.len() - told.len() {
            told.push(format!("so it is with {n} more routes"));
        }
        told
    }

    fn route(&self, route: &Route, state: &RouteState) -> String {
        let name = match route {
            Route::Account => "the mail relay".to_owned(),
            Route::Gateway(_) | Route::Domain(_) => format!("{} {}", kind_of(route), name_of(route)),
        };
        let does = match (state.rests(self.now), state.slowed) {
            (Some(until), _) => format!("rests for {}, until {}", span(until - self.now), time(until)),
            (None, _) if state.is_on_trial() => "is tried with one message at a time".to_owned(),
            (None, Some(slowed)) => format!("is slowed to {}", per_second(slowed.per_second, slowed.from)),
            (None, None) => "is out of order".to_owned(),
        };
        let failed = match state.n_failures {
            0 => None,
            1 => Some("1 failure".to_owned()),
            n => Some(format!("{n} failures in a row")),
        };
        let slowed = state.slowed.filter(|_| state.rests(self.now).is_some());
        let slowed = slowed.map(|slowed| format!("then {}", per_second(slowed.per_second, slowed.from)));
        let why = reason(&self.errors, route).map(|what| format!("last: {what}"));
        let more: Vec<_> = [failed, slowed, why].into_iter().flatten().collect();
        if more.is_empty() { format!("{name} {does}") } else { format!("{name} {does} ({})", more.join(", ")) }
    }
}

fn stopped(day: &GatewayDay) -> Option<String> {
    let (name, until) = (&day.gateway, time(day.stopped_until?));
    Some(format!("gateway {name} has spent what it may cost today ({}): its messages wait until {until}", day.shown()))
}

fn for_operator(channel: &ChannelBacklog) -> Option<String> {
    let is_or_are = match channel.n_for_operator {
        0 => return None,
        1 => format!("1 {} is", noun(channel.channel, false)),
        n => format!("{n} {} are", noun(channel.channel, true)),
    };
    Some(format!("{is_or_are} of unknown outcome and for you to decide about: canvass unknown list --open"))
}

fn late(channel: &ChannelBacklog, now: DateTime<Utc>) -> Option<String> {
    let oldest = channel.oldest_due.filter(|at| now - *at > LATE)?;
    let plus = if channel.due.at_least { "+" } else { "" };
    let (n, noun) = (channel.due.n, noun(channel.channel, channel.due.n != 1));
    Some(format!("late: {n}{plus} {noun} due, the oldest for {}, since {}", span(now - oldest), time(oldest)))
}

fn held(hold: &Hold) -> String {
    let note = if hold.note.is_empty() { String::new() } else { format!(": {}", hold.note) };
    format!("held since {} by {}: {}{note}", time(hold.since), hold.by, hold.scope)
}

fn noun(channel: Channel, many: bool) -> &'static str {
    match (channel, many) {
        (Channel::Email, false) => "email",
        (Channel::Email, true) => "emails",
        (Channel::Sms, false) => "text message",
        (Channel::Sms, true) => "text messages",
    }
}

fn per_second(now: f64, wished: f64) -> String {
    format!("{now:.2} of {wished:.2} messages a second")
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
