//! From files to a checked configuration.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::language::Language;
use crate::domain::text_turn::ByText;

use super::check::{Complete, check};
use super::files::{FILE_BYTES_MAX, FILES_MAX, Files, Folder};
use super::node::{self, Node};
use super::problem::{Place, Problem, Problems};
use super::references::Ledger;
use super::settings_file::{self, Draft, Known, Surroundings};
use super::tests_block::JourneyTest;
use super::{Config, journeys, layers, places, surveys};

/// A configuration and the tests that came with it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What to run.
    pub config: Config,
    /// What operations say should happen, in the order of the files.
    pub tests: Vec<JourneyTest>,
}

impl Loaded {
    /// Plays every test and reports each that does not hold, at its place.
    pub fn run_tests(&self, play: &dyn Fn(&Config, &JourneyTest) -> Result<(), String>) -> Vec<Problem> {
        let run = |test: &JourneyTest| {
            let message = play(&self.config, test).err()?;
            Some(test.spot.problem(format!("`{}` does not hold: {message}", test.name)))
        };
        self.tests.iter().filter_map(run).collect()
    }
}

/// Reads the configuration in a folder, or says everything that is wrong with it, sorted by file and line.
///
/// `env` is the environment: `CANVASS__SECTION__KEY` and what systemd sets. `now` is where schedules are looked at
/// from: one that does not fire within a year is a mistake.
pub fn load(dir: &Path, env: &BTreeMap<String, String>, now: DateTime<Utc>) -> Result<Loaded, Vec<Problem>> {
    load_from(&Folder::at(dir), env, now)
}

/// Reads the configuration in these files, as [`load`] does.
pub fn load_from(
    files: &dyn Files,
    env: &BTreeMap<String, String>,
    now: DateTime<Utc>,
) -> Result<Loaded, Vec<Problem>> {
    let problems = Problems::default();
    let loaded = Loading { files, problems: &problems }.everything(env, now);
    match (loaded, problems.n()) {
        (Some(loaded), 0) => Ok(loaded),
        (Some(_) | None, _) => Err(problems.into_sorted()),
    }
}

struct Loading<'a> {
    files: &'a dyn Files,
    problems: &'a Problems,
}

impl Loading<'_> {
    fn everything(&self, env: &BTreeMap<String, String>, now: DateTime<Utc>) -> Option<Loaded> {
        if let Err(error) = self.files.list("") {
            let (folder, help) = (self.files.label(""), "name the folder that holds canvass.toml with --config");
            let message = if error.kind() == ErrorKind::NotFound {
                format!("there is no such folder; {help}")
            } else {
                format!("this folder cannot be read: {error}")
            };
            self.problems.report(Problem { place: Place::whole(folder), key: String::new(), message });
            return None;
        }
        let draft = self.settings(&Surroundings { files: self.files, env, now });
        let places = self.file("places.toml");
        let (surveys, all_surveys) = self.folder("surveys");
        let (journeys, _) = self.folder("journeys");
        let mut complete = Complete { settings: draft.is_some(), places: places.is_some(), surveys: all_surveys };
        let draft = draft.unwrap_or_else(|| {
            complete.settings = false;
            Draft { settings: None, known: Known::default(), language: Language::english(), time_zone: Tz::UTC }
        });

        let ledger = Ledger::new(self.problems, draft.language, draft.time_zone, now);
        let branches = places.map(|root| places::read(&root, &ledger));
        let surveys: Vec<_> = surveys.iter().filter_map(|root| surveys::read(root, &ledger)).collect();
        let mut tests = Vec::new();
        let mut read_journey = |root| {
            let file = journeys::read(root, &ledger);
            tests.extend(file.tests);
            file.journey
        };
        let journeys: Vec<_> = journeys.iter().filter_map(&mut read_journey).collect();
        check(ledger, &draft.known, branches.as_ref().unwrap_or(&BTreeMap::new()), complete);
        let config = Config {
            settings: draft.settings?,
            branches: branches?,
            asked_whole: surveys
                .iter()
                .filter(|(_, by)| *by == ByText::All)
                .map(|(survey, _)| survey.id.clone())
                .collect(),
            surveys: surveys.into_iter().map(|(survey, _)| (survey.id.clone(), survey)).collect(),
            journeys: journeys.into_iter().map(|journey| (journey.id.clone(), journey)).collect(),
        };
        Some(Loaded { config, tests })
    }

    /// `canvass.toml`, then `canvass.d/*.toml`, then the environment.
    fn settings(&self, surroundings: &Surroundings<'_>) -> Option<Draft> {
        let main = self.file("canvass.toml");
        let drop_ins: Option<Vec<_>> = match self.files.list("canvass.d") {
            Ok(names) => names.iter().map(|name| self.file(&format!("canvass.d/{name}"))).collect(),
            Err(_) => Some(Vec::new()),
        };
        let mut nodes = vec![main?];
        nodes.extend(drop_ins?);
        let merged = layers::merge(&nodes).and_then(|below| {
            nodes.push(layers::environment(surroundings.env, &below));
            layers::merge(&nodes)
        });
        match merged {
            Ok(root) => settings_file::read(&root, surroundings, self.problems),
            Err(error) => {
                self.report("canvass.toml", format!("this cannot be laid over the other files: {error}"));
                None
            }
        }
    }

    /// The files of a folder that can be read, and whether that is all of them.
    fn folder(&self, folder: &str) -> (Vec<Node>, bool) {
        let names = match self.files.list(folder) {
            Ok(names) if !names.is_empty() => names,
            Ok(_) | Err(_) => {
                self.report(folder, format!("there is no file {folder}/*.toml"));
                return (Vec::new(), false);
            }
        };
        if names.len() > FILES_MAX {
            self.report(folder, format!("{} files are too many; at most {FILES_MAX} are read", names.len()));
            return (Vec::new(), false);
        }
        let nodes: Vec<_> = names.iter().filter_map(|name| self.file(&format!("{folder}/{name}"))).collect();
        let complete = nodes.len() == names.len();
        (nodes, complete)
    }

    fn file(&self, path: &str) -> Option<Node> {
        let text = self.text(path).map_err(|message| self.report(path, message)).ok()?;
        let file: Arc<str> = self.files.label(path).into();
        node::parse(&file, &text).map_err(|found| found.into_iter().for_each(|one| self.problems.report(one))).ok()
    }

    fn text(&self, path: &str) -> Result<String, String> {
        let bytes = self.files.read(path).map_err(|error| {
            let is_missing = error.kind() == ErrorKind::NotFound;
            if is_missing { "there is no such file".to_owned() } else { format!("this file cannot be read: {error}") }
        })?;
        if bytes.len() > FILE_BYTES_MAX {
            return Err(format!("this file is larger than {FILE_BYTES_MAX} bytes"));
        }
        String::from_utf8(bytes).map_err(|_| "this file is not UTF-8 text".to_owned())
    }

    fn report(&self, path: &str, message: String) {
        let place = Place::whole(self.files.label(path));
        self.problems.report(Problem { place, key: String::new(), message });
    }
}
