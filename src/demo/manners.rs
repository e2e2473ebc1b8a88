//! How guests take a message: most leave it, some look, some answer, a few want no more.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::chance::Chance;
use crate::domain::answer;
use crate::domain::journey::{Channel, StepKind};
use crate::domain::language::Language;
use crate::domain::survey::{Kind, Question, Row, Scale, Survey};

/// What a guest does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Follows the link, and leaves.
    Look,
    /// Fills the form in.
    Answer,
    /// Hands the form in without the answer that it needs, and leaves.
    BreakOff,
    /// Wants no more.
    Unsubscribe,
    /// Says that they were never there.
    NeverThere,
}

/// What becomes of a message, if anything, and how long that takes.
pub(super) fn reaction(chance: &Chance, channel: Channel, kind: StepKind) -> Option<(TimeDelta, Deed)> {
    let answers = match (channel, kind) {
        (Channel::Email, StepKind::Initial) => 0.24,
        (Channel::Email, StepKind::Reminder) => 0.12,
        (Channel::Sms, StepKind::Initial) => 0.5,
        (Channel::Email | Channel::Sms, StepKind::Fallback) | (Channel::Sms, StepKind::Reminder) => 0.34,
    };
    let deeds = [
        (answers, Deed::Answer),
        (0.03, Deed::BreakOff),
        (0.02, Deed::Unsubscribe),
        (0.005, Deed::NeverThere),
        (0.12, Deed::Look),
    ];
    let mut left = chance.fraction();
    let deed = deeds.into_iter().find_map(|(share, deed)| {
        left -= share;
        (left < 0.0).then_some(deed)
    })?;
    Some((delay(chance, channel), deed))
}

/// Text messages are read at once, mails in the evening or the day after.
fn delay(chance: &Chance, channel: Channel) -> TimeDelta {
    let patience = chance.fraction() * chance.fraction();
    let minutes_max = match channel {
        Channel::Email => 48.0 * 60.0,
        Channel::Sms => 10.0 * 60.0,
    };
    TimeDelta::seconds(120) + TimeDelta::milliseconds(whole(patience * minutes_max * 60_000.0))
}

/// A time at which people are awake: the night is slept through.
pub(super) fn awake(zone: Tz, at: DateTime<Utc>, chance: &Chance) -> DateTime<Utc> {
    let hour = at.with_timezone(&zone).hour();
    if (7..23).contains(&hour) {
        return at;
    }
    let hours = (24 + 7 - hour) % 24;
    at + TimeDelta::hours(hours.into()) + TimeDelta::minutes(chance.between(5, 90).into())
}

/// A filled-in form for any survey: fields by question. `cheer` in `0..1` is how pleased the guest is.
pub(super) fn form(survey: &Survey, language: &Language, cheer: f64, chance: &Chance) -> Vec<(String, String)> {
    let mut form = BTreeMap::<String, Vec<String>>::new();
    for question in &survey.questions {
        let known = answer::read(survey, &form).answers;
        if answer::is_asked(question, &known) {
            let row = |row: &Row| (answer::row_field(&question.id, &row.id), value(question, language, cheer, chance));
            let fields = question.kind.rows().iter().map(row);
            let own = || (question.id.to_string(), value(question, language, cheer, chance));
            let own = question.kind.rows().is_empty().then(own);
            form.extend(fields.chain(own).filter_map(|(field, value)| Some((field, vec![value?]))));
        }
    }
    form.into_iter().filter_map(|(name, values)| Some((name, values.into_iter().next()?))).collect()
}

fn value(question: &Question, language: &Language, cheer: f64, chance: &Chance) -> Option<String> {
    match &question.kind {
        Kind::Nps
        | Kind::Csat(_)
        | Kind::Ces(_)
        | Kind::Smiley(_)
        | Kind::Stars(_)
        | Kind::Thumbs
        | Kind::Matrix { .. } => Some(point(question.kind.shown_scale()?, cheer, chance).to_string()),
        Kind::Choice(options) | Kind::Multi(options) => Some(chance.pick(options)?.id.as_str().to_owned()),
        Kind::Consent => Some(if chance.hits(0.3) { answer::YES } else { answer::NO }.to_owned()),
        Kind::Text { chars_max, lines: _ } => {
            // Who is unhappy has more to say.
            let says = chance.hits(if cheer < 0.5 { 0.6 } else { 0.25 });
            let words = comment(language, cheer, chance).filter(|words| says && words.chars().count() <= *chars_max);
            words.map(str::to_owned)
        }
    }
}

/// A rating: of five steps, half of the guests give the best and few the worst.
fn point(scale: Scale, cheer: f64, chance: &Chance) -> i32 {
    let mood = 0.45 * cheer + 0.55 * chance.fraction();
    // Bent upwards, so that of five steps one guest in twenty takes the lowest and nearly half of them the highest.
    let height = 1.0 - (1.145 * (1.0 - mood)).powf(3.4);
    let steps = f64::from(scale.best.abs_diff(scale.worst));
    let step = i32::try_from(whole((height.clamp(0.0, 1.0) * steps).round())).unwrap_or(0);
    if scale.worst <= scale.best { scale.worst + step } else { scale.worst - step }
}

fn comment(language: &Language, cheer: f64, chance: &Chance) -> Option<&'static str> {
    const PLEASED: [&str; 4] =
        ["Lovely evening, thank you!", "The pasta was perfect.", "Very friendly team.", "We will come again."];
    const CROSS: [&str; 4] =
        ["We waited far too long.", "It was cold.", "Too loud to talk.", "Nobody asked us for dessert."];
    const ZUFRIEDEN: [&str; 4] =
        ["Ein schöner Abend, danke!", "Die Pasta war perfekt.", "Sehr freundliches Team.", "Wir kommen wieder."];
    const VERSTIMMT: [&str; 4] = ["Wir haben viel zu lange gewartet.", "Es war kalt.", "Zu laut.", "Niemand kam mehr."];
    let german = language.base().as_str() == "de";
    chance
        .pick(match (german, cheer < 0.4) {
            (false, false) => &PLEASED,
            (false, true) => &CROSS,
            (true, false) => &ZUFRIEDEN,
            (true, true) => &VERSTIMMT,
        })
        .copied()
}

#[expect(clippy::cast_possible_truncation, reason = "made of small numbers; a cast of a float saturates in any case")]
fn whole(number: f64) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_from;
    use crate::config::shipped::SHIPPED;

    #[test]
    fn every_shipped_survey_can_be_filled_in() {
        let config = load_from(&SHIPPED, &BTreeMap::new(), DateTime::UNIX_EPOCH).unwrap().config;
        for (survey, n) in config.surveys.values().flat_map(|survey| (0..50).map(move |n: u32| (survey, n))) {
            let chance = Chance::about(n.into(), &[survey.id.as_str()]);
            let form = form(survey, &Language::english(), f64::from(n) / 50.0, &chance);
            let form = form.into_iter().map(|(name, value)| (name, vec![value])).collect();
            let reading = answer::read(survey, &form);
            assert_eq!(reading.completeness, answer::Completeness::Complete, "{} {form:?}", survey.id);
        }
    }

    #[test]
    fn most_guests_are_pleased_and_some_are_not() {
        let scale = Scale { worst: 1, best: 5 };
        let mut n_by_point = [0_u32; 6];
        for n in 0..1_000_u32 {
            let chance = Chance::about(n.into(), &[]);
            n_by_point[usize::try_from(point(scale, chance.fraction(), &chance)).unwrap()] += 1;
        }
        assert_eq!(n_by_point[0], 0);
        assert!(
            n_by_point[1] > 5 && n_by_point[2] > n_by_point[1] && n_by_point[5] + n_by_point[4] > 600,
            "{n_by_point:?}"
        );
    }

    #[test]
    fn nobody_answers_at_night() {
        let chance = Chance::about(1, &[]);
        let night = DateTime::parse_from_rfc3339("2026-03-06T03:00:00+01:00").unwrap().to_utc();
        let morning = awake(Tz::Europe__Berlin, night, &chance).with_timezone(&Tz::Europe__Berlin);
        assert!((7..9).contains(&morning.hour()), "{morning}");
    }
}
