//! `journeys/*.toml`: one journey a file, with its stages and tests.

use crate::domain::id::SurveyId;
use crate::domain::id::{JourneyId, StageId};
use crate::domain::journey::{Ask, Channel, Journey, LATE_MAX, Level, Push, Stage, WritesOn};
use crate::domain::send_window::SendWindow;
use crate::domain::tap::OneTap;

use super::node::Node;
use super::reader::{Field, Reader};
use super::references::{Ledger, Target};
use super::settings_file::cap;
use super::tests_block::{self, JourneyTest};
use super::{line_up, places, triggers, values};

use chrono::TimeDelta;

/// Most stages of one journey.
const STAGES_MAX: usize = 100;
/// The longest that answers count, and that a stage may wait.
pub(super) const WINDOW_MAX: TimeDelta = TimeDelta::days(180);
/// How soon another stage goes first, where nothing is said.
const PRIORITY: u8 = 5;

/// What a file holds, as far as it is sound.
#[derive(Clone, Debug, Default)]
pub(super) struct JourneyFile {
    /// The journey.
    pub(super) journey: Option<Journey>,
    /// Its tests.
    pub(super) tests: Vec<JourneyTest>,
}

/// Reads a file.
pub(super) fn read(root: &Node, ledger: &Ledger<'_>) -> JourneyFile {
    let Some(mut root) = Reader::root(root, ledger.problems) else { return JourneyFile::default() };
    root.require("journey");
    let head = root.table("journey").and_then(|head| read_head(head, ledger));
    if !root.has("stage") {
        root.wrong::<()>("stage", "this journey has no stage; add a [[stage]]");
    }
    let id = head.as_ref().map(|(id, _)| id.clone());
    let scope = id.as_ref().map_or("", JourneyId::as_str);
    let mut n_stages = 0;
    let stages = root.field("stage", |field| {
        let stages = field.list(|field| {
            n_stages += 1;
            stage(field, scope, ledger)
        })?;
        if n_stages > STAGES_MAX {
            return field.wrong(format!("{n_stages} stages are too many; a journey has at most {STAGES_MAX}"));
        }
        Some(stages)
    });
    let tests = root.field("test", |field| field.list(|field| tests_block::read(field, id.as_ref(), ledger)));
    root.finish("a journey file");
    let journey = head.zip(stages).map(|((id, title), stages)| Journey { id, title, stages });
    JourneyFile { journey, tests: tests.unwrap_or_default() }
}

fn read_head(mut head: Reader<'_>, ledger: &Ledger<'_>) -> Option<(JourneyId, String)> {
    let id = head.required("id", values::parsed(JourneyId::parse));
    if let Some(id) = &id {
        ledger.declare("journey", id.as_str(), head.spot("id"));
    }
    let title = head.required("title", values::line);
    head.finish("[journey]");
    Some((id?, title?))
}

fn stage(field: Field<'_, '_>, scope: &str, ledger: &Ledger<'_>) -> Option<Stage> {
    let mut table = field.table()?;
    let id = table.required("id", values::parsed(StageId::parse));
    if let Some(id) = &id {
        ledger.declare("stage", &format!("{scope}/{id}"), table.spot("id"));
    }
    let title = table.optional("title", values::line);
    let survey = table.required("survey", values::parsed(SurveyId::parse));
    if let Some(survey) = &survey {
        ledger.refer(table.spot("survey"), Target::Survey(survey.clone()));
    }
    let given = table.optional("level", values::one_of("a level", &LEVELS));
    let (ask, level) = if table.has("surface") {
        let surface = table.required("surface", places::surface);
        check_level(&table, given, Level::Interaction, "whoever comes by is asked about that one contact");
        table.finish("a stage with a `surface`, which invites nobody");
        (surface.map(Ask::Pull), Level::Interaction)
    } else {
        push(table, given, ledger)
    };
    let id = id?;
    let title = title.unwrap_or_else(|| id.as_str().to_owned());
    Some(Stage { id, title, level, survey: survey?, ask: ask? })
}

const ONE_TAPS: [(&str, OneTap); 2] = [("confirm", OneTap::Confirm), ("provisional", OneTap::Provisional)];
const LEVELS: [(&str, Level); 2] = [("interaction", Level::Interaction), ("relationship", Level::Relationship)];

/// The level may be written down, but the trigger decides it.
fn check_level(table: &Reader<'_>, given: Option<Level>, decided: Level, because: &str) {
    if given.is_some_and(|given| given != decided) {
        table.wrong::<()>("level", format!("the level of this stage is `{}`: {because}", decided.as_str()));
    }
}

/// Reads what a stage that invites people has beside what all stages have.
fn push(mut table: Reader<'_>, given: Option<Level>, ledger: &Ledger<'_>) -> (Option<Ask>, Level) {
    if !table.has("on") {
        table.wrong::<()>(
            "on",
            "`on` is missing: say which event or clock sets the stage off, or where it waits with `surface`",
        );
    }
    let trigger = table.field("on", |field| triggers::read(field, ledger));
    let level = trigger.as_ref().map_or(given.unwrap_or(Level::Interaction), triggers::level_of);
    let because = match level {
        Level::Interaction => "an event asks about one contact",
        Level::Relationship => "a clock asks about the whole relationship",
    };
    check_level(&table, given, level, because);
    let after = table.or("after", TimeDelta::zero(), values::duration(TimeDelta::zero()..=WINDOW_MAX));
    let send = table.field("send", line_up::send);
    let window = table.optional("window", values::duration(TimeDelta::hours(1)..=WINDOW_MAX));
    table.require("line_up");
    let line_up = table.field("line_up", |field| line_up::read(field, window, ledger));
    if let Some(((send, _), (steps, _))) = send.zip(line_up.as_ref()) {
        for channel in Channel::ALL.into_iter().filter(|channel| steps.iter().any(|step| step.channel == *channel)) {
            ledger.refer(table.spot("send"), Target::Hours { channel, send });
        }
    }
    let sample = table.or("sample", 1.0, values::number_in(0.0..=1.0));
    let priority = table.or("priority", PRIORITY, values::whole(0..=10));
    let cap = table.table("cap").and_then(cap);
    let late_max = table.or("late_max", LATE_MAX, values::duration(TimeDelta::minutes(10)..=WINDOW_MAX));
    let one_tap = table.or("one_tap", OneTap::Confirm, values::one_of("what a tap does", &ONE_TAPS));
    table.finish("a stage that invites");
    let push = || {
        let (steps, window) = line_up?;
        let (send, writes_on) = send.unwrap_or((SendWindow::always(), WritesOn::USUAL));
        Some(Push {
            trigger: trigger?,
            after,
            send,
            writes_on,
            window,
            line_up: steps,
            sample,
            priority,
            cap,
            late_max,
            one_tap,
        })
    };
    (push().map(Ask::Push), level)
}
