//! The configuration that comes with the program.

use std::path::Path;

use super::*;
use crate::config::shipped::SHIPPED;
use crate::domain::journey::Ask;

#[test]
fn the_shipped_configuration_has_no_problem_in_memory_nor_on_disk() {
    let in_memory = load_from(&SHIPPED, &BTreeMap::new(), now()).map_err(|problems| format!("{problems:#?}")).unwrap();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let on_disk = load(&dir, &BTreeMap::new(), now()).map_err(|problems| format!("{problems:#?}")).unwrap();
    assert_eq!(in_memory.config.journeys, on_disk.config.journeys);
    assert_eq!(in_memory.config.surveys, on_disk.config.surveys);
    assert_eq!(in_memory.config.branches, on_disk.config.branches);
    assert_eq!(in_memory.tests.len(), on_disk.tests.len());
}

#[test]
fn every_file_on_disk_is_compiled_in() {
    let dir = Folder::at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config"));
    for folder in ["", "surveys", "journeys"] {
        assert_eq!(dir.list(folder).unwrap(), SHIPPED.list(folder).unwrap(), "{folder}");
    }
}

#[test]
fn the_shipped_configuration_shows_every_kind_of_stage() {
    let config = load_from(&SHIPPED, &BTreeMap::new(), now()).unwrap().config;
    assert_eq!(config.branches.len(), 3);
    assert!(config.branches.values().all(|branch| branch.touchpoints.len() == 12));
    let stages = || config.journeys.values().flat_map(|journey| &journey.stages);
    assert_eq!(stages().count(), 5);
    assert_eq!(stages().filter(|stage| matches!(stage.ask, Ask::Pull(_))).count(), 1);
    assert_eq!(config.pushes().count(), 4);
}

#[test]
fn what_is_commented_out_in_the_shipped_file_is_right_as_well() {
    let commented = SHIPPED.files.iter().find(|(path, _)| *path == "canvass.toml").unwrap().1;
    let uncommented: String = commented
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_toml(rest)).unwrap_or(line))
        .filter(|line| !line.starts_with("templates") && !line.starts_with("ca_file"))
        .fold(String::new(), |text, line| text + line + "\n");
    let files = [
        ("canvass.toml", uncommented.as_str()),
        ("admin.token", "t0ken"),
        ("dkim-rsa.pem", include_str!("../../channel/email/dkim/tests/keys/rsa.pem")),
        ("dkim-ed25519.pem", include_str!("../../channel/email/dkim/tests/keys/ed25519.pem")),
        ("smtp.password", "hush"),
        ("bounces.password", "hush"),
        ("kannel.password", "hush"),
        ("twilio.token", "hush"),
        ("twilio.key", "hush"),
        ("mailgun.key", "hush"),
        ("postmark.password", "hush"),
        ("logo.svg", r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>"#),
        ("menu.svg", "<svg/>"),
    ];
    let rest = SHIPPED.files.iter().filter(|(path, _)| *path != "canvass.toml");
    let files: Vec<_> = files.into_iter().chain(rest.copied()).collect();
    let loaded = load_from(&InMemory { name: "config", files: &files }, &BTreeMap::new(), now());
    let settings = loaded.map_err(|problems| format!("{problems:#?}\n{uncommented}")).unwrap().config.settings;
    assert!(settings.admin.token.is_some());
    assert_eq!(settings.email.unwrap().dkim.unwrap().keys().len(), 2);
}

/// Whether a comment's text is a header or a key with a value, and not a sentence.
fn is_toml(text: &str) -> bool {
    text.starts_with('[') || text.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
}
