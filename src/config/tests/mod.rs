//! The configuration as a whole: what is right loads, what is wrong is told with its place.

use std::collections::BTreeMap;

use super::*;

mod cards;
mod contract;
mod layering;
mod mistakes;
mod mistakes_in_journeys;
mod mistakes_in_places;
mod mistakes_in_settings;
mod mistakes_in_surveys;
mod mistakes_in_webhooks;
mod shipped_files;
mod signatures;
mod the_bounce_mailbox;

/// The time at which all tests read.
fn now() -> chrono::DateTime<chrono::Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

const CANVASS: &str = r#"[public]
url = "https://s.sole.example"
[email]
transport = "file"
from = "Sole <hello@sole.example>"
[sms]
transport = "file"
"#;

/// A gateway, from line 8 of `canvass.toml` on.
const GATEWAY: &str = r#"[sms.gateways.kannel]
preset = "kannel"
url = "http://127.0.0.1:13013/cgi-bin/sendsms"
username = "survey"
password_file = "kannel.password"
from = "SOLE"
"#;

const PLACES: &str = r#"[branches.mitte]
title = "Sole Mitte"
"#;

const SURVEY: &str = r#"[survey]
id = "visit"
title = "Your visit"
[[question]]
id = "overall"
kind = "csat"
key = true
text = "How was it?"
"#;

const JOURNEY: &str = r#"[journey]
id = "dine-in"
title = "Dine-in guest"
[[stage]]
id = "visit"
survey = "visit"
on = { event = "visit.completed" }
line_up = [{ channel = "email" }]
"#;

/// A small configuration without a mistake, in which some files are replaced, added, or left out (`None`).
#[derive(Clone)]
struct Sample {
    files: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
}

impl Sample {
    fn sound() -> Self {
        let files = [
            ("canvass.toml", CANVASS),
            ("places.toml", PLACES),
            ("surveys/visit.toml", SURVEY),
            ("journeys/dine-in.toml", JOURNEY),
        ];
        Self { files: files.map(|(path, text)| (path.to_owned(), text.to_owned())).into(), env: BTreeMap::new() }
    }

    fn with(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    fn without(mut self, path: &str) -> Self {
        self.files.remove(path);
        self
    }

    /// With further lines at the end of a file.
    fn and(mut self, path: &str, text: &str) -> Self {
        self.files.entry(path.to_owned()).or_default().push_str(text);
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn load(&self) -> Result<Loaded, Vec<Problem>> {
        let files: Vec<_> = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        load_from(&InMemory { name: "config", files: &files }, &self.env, now())
    }

    fn settings(&self) -> Settings {
        self.load().unwrap().config.settings
    }

    /// Every problem in one line each; "none" for a sound configuration.
    #[track_caller]
    fn problems(&self) -> String {
        match self.load() {
            Ok(_) => "none".to_owned(),
            Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// A sound configuration with one file changed has these problems.
#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    assert_eq!(Sample::sound().with(path, text).problems(), expected.join("\n"));
}
