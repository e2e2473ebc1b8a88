//! Everything that can be checked before anything runs: the files, the templates, and what operations expect of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::cards::{self, CardFace, Sheet, SheetJob};
use crate::chain::Chain;
use crate::channel::sms::Gateway;
use crate::channel::sms::segments::segments;
use crate::config::{self, Config, Expected, JourneyTest, Loaded, Place, Problem};
use crate::domain::card_code::CardCode;
use crate::domain::language::Language;
use crate::domain::place::{Branch, Surface};
use crate::domain::seal::{SECRET_BYTES, Seal};
use crate::plan::{Facts, Occasion, PlanInput, Verdict, plan};
use crate::render::{RenderError, Stop, Templates, WorstCase};

/// Reads a configuration and checks all of it. Gives every problem there is, not only the first.
pub fn whole(folder: &Path, env: &BTreeMap<String, String>, now: DateTime<Utc>) -> Result<Loaded, Vec<Problem>> {
    let loaded = config::load(folder, env, now)?;
    let mut problems = loaded.run_tests(&play);
    problems.extend(template_problems(&loaded.config));
    if problems.is_empty() { Ok(loaded) } else { Err(problems) }
}

/// The templates that a configuration names.
pub fn templates(config: &Config) -> Result<Templates, RenderError> {
    match &config.settings.daemon.templates {
        Some(folder) => Templates::with_overrides(folder),
        None => Ok(Templates::built_in()),
    }
}

/// A problem of the templates, which belong to no file of the configuration.
fn template_problem(message: String) -> Problem {
    Problem { place: Place::whole("templates"), key: String::new(), message }
}

fn template_problems(config: &Config) -> Vec<Problem> {
    let templates = match templates(config) {
        Ok(templates) => templates,
        Err(err) => return vec![template_problem(Chain(&err).to_string())],
    };
    let url = &config.settings.public.url;
    // As long as a token is.
    let [survey_url, stop] = ["s", "u"].map(|path| format!("{url}/{path}/{}", "x".repeat(34)));
    let business = config.settings.email.as_ref().map(|email| email.from.name.as_str()).unwrap_or_default();
    let count = |text: &str| {
        let counted = segments(text);
        (counted.parts, counted.forced_by)
    };
    // Of the words of all gateways the longest.
    let replies = config.gateways().any(Gateway::invites_replies);
    let stop = if config.gateways().all(Gateway::invites_replies) && replies { Stop::Reply } else { Stop::Link(stop) };
    let worst = WorstCase { business, survey_url: &survey_url, stop: &stop, replies, segments: &count };
    let found = templates.check(config.surveys.values(), &worst);
    let found = found.into_iter().filter(|problem| !problem.is_warning()).map(|problem| problem.to_string());
    found.chain(card_problems(config, &templates)).map(template_problem).collect()
}

/// Draws a card in every language in which there are cards: what staff order must come out of the printer.
fn card_problems(config: &Config, templates: &Templates) -> Vec<String> {
    let code = CardCode::from_random_bits(u64::MAX);
    let draw = |language: &Language, sheet: &Sheet| {
        let face = CardFace {
            url: format!("{}/Q/{code}", config.settings.public.url.to_uppercase()),
            headline: "?".to_owned(),
            invitation: templates.card_invitation(language).to_owned(),
            label: "12".to_owned(),
            branch: String::new(),
            code: code.grouped(),
            serial: "1".to_owned(),
            language: language.to_string(),
        };
        let designs = &config.settings.cards.designs;
        let template = templates.card_design(designs, &designs.default);
        let (logo, marks, bleed_mm, offset_mm) = (designs.logo.as_deref(), false, 0.0, (0.0, 0.0));
        let job = SheetJob { faces: &[face], sheet, template, logo, marks, bleed_mm, offset_mm, title: "" };
        cards::render_sheet(&job).map(drop)
    };
    let usual = Sheet::by_name("L7165").ok();
    let failed =
        |language: &Language| Some(format!("the card in {language}: {}", Chain(&draw(language, usual?).err()?)));
    let has_cards = |branch: &&Branch| branch.touchpoints.values().any(|at| at.surface == Surface::Card);
    let languages: BTreeSet<_> = config.branches.values().filter(has_cards).map(|branch| &branch.language).collect();
    let in_language = languages.into_iter().filter_map(failed);
    let failed = |sheet: &Sheet| {
        let err = draw(&Language::english(), sheet).err()?;
        Some(format!("the card on the format `{}`: {}", sheet.name(), Chain(&err)))
    };
    in_language.chain(config.settings.cards.sheets.own().iter().filter_map(failed)).collect()
}

/// Plays one `[[test]]` block through the planner, for somebody of whom nothing else is known.
fn play(config: &Config, test: &JourneyTest) -> Result<(), String> {
    let seal = Seal::new(&[0; SECRET_BYTES]);
    let (facts, rules) = (Facts::default(), config.plan_rules());
    let occasion = Occasion::Event(&test.event);
    let input =
        PlanInput { now: test.now, occasion, contact: &test.contact, facts: &facts, rules: &rules, seal: &seal };
    let planned = plan(&input);
    let decision = planned
        .decisions
        .iter()
        .find(|decision| decision.journey == test.journey && decision.stage == test.stage)
        .ok_or_else(|| format!("the stage `{}` does not listen to `{}`", test.stage, test.event.kind))?;
    match (test.expected, decision.verdict) {
        (Expected::Planned { channel, at }, Verdict::Planned { channel: by, due_at, .. }) => {
            if let Some(channel) = channel.filter(|channel| *channel != by) {
                return Err(format!("expected {} first, but it is {}", channel.as_str(), by.as_str()));
            }
            match at.filter(|at| *at != due_at) {
                Some(at) => Err(format!("expected at {}, but it is {}", at.to_rfc3339(), due_at.to_rfc3339())),
                None => Ok(()),
            }
        }
        (Expected::Skipped { reason }, Verdict::Skipped { reason: why }) => {
            match reason.filter(|reason| *reason != why) {
                Some(reason) => Err(format!("expected the reason {}, but it is {}", reason.as_str(), why.as_str())),
                None => Ok(()),
            }
        }
        (Expected::Planned { .. }, Verdict::Skipped { reason }) => {
            Err(format!("expected an invitation, but the contact is skipped: {}", reason.as_str()))
        }
        (Expected::Skipped { .. }, Verdict::Planned { due_at, .. }) => {
            Err(format!("expected no invitation, but one is planned for {}", due_at.to_rfc3339()))
        }
    }
}
