//! Files over files, the environment over all, and each value still knows where it stands.

use super::*;
use crate::config::settings::{EmailTransport, Secret};

#[test]
fn later_files_win_over_earlier_ones_and_the_environment_over_all() {
    let sample = Sample::sound().and("canvass.toml", "[daemon]\ngrace = \"1s\"\nlog = \"warn\"\n");
    let grace = |sample: &Sample| sample.settings().daemon.grace.as_secs();
    assert_eq!(grace(&sample), 1);
    let sample = sample.with("canvass.d/20.toml", "[daemon]\ngrace = \"3s\"\n");
    let sample = sample.with("canvass.d/10.toml", "[daemon]\ngrace = \"2s\"\n");
    assert_eq!(grace(&sample), 3);
    let sample = sample.env("CANVASS__DAEMON__GRACE", "4s");
    assert_eq!(grace(&sample), 4);
    assert_eq!(sample.settings().daemon.log, "warn");
}

#[test]
fn a_problem_names_the_layer_that_set_the_value() {
    let sample = Sample::sound()
        .and("canvass.toml", "[daemon]\ngrace = \"1s\"\nlog = 3\n")
        .with("canvass.d/10.toml", "[daemon]\n\ngrace = \"soon\"\n")
        .env("CANVASS__STORE__CACHE", "much")
        .env("CANVASS__DAEMON__LOGG", "info");
    assert_eq!(
        sample.problems(),
        "config/canvass.d/10.toml:3:9: daemon.grace: `soon` has no whole number before `soon`: write for example 90s, \
         15m, 2h, 3d, 2w or 1d12h\n\
         config/canvass.toml:10:7: daemon.log: a text in quotes belongs here, found the number 3\n\
         environment CANVASS__DAEMON__LOGG: daemon.logg: `logg` is not a key of [daemon], did you mean `log`? (its \
         keys: grace, language, log, state_dir, templates, time_zone)\n\
         environment CANVASS__STORE__CACHE: store.cache: a size from \"1 MiB\" to \"64 GiB\" belongs here, found the \
         text `much`"
    );
}

#[test]
fn the_environment_is_read_as_what_the_key_wants_and_reaches_names_with_hyphens() {
    let sample = Sample::sound()
        .and("canvass.toml", "[sms.gateways.Own-One]\nurl = \"http://127.0.0.1\"\n")
        .env("CANVASS__CONSENT__REQUIRED", "true")
        .env("CANVASS__EMAIL__SMTP__HOST", "mail.sole.example")
        .env("CANVASS__EMAIL__SMTP__PORT", "2525")
        .env("CANVASS__EMAIL__TRANSPORT", "smtp")
        .env("CANVASS__SMS__GATEWAYS__OWN_ONE__URL", "http://127.0.0.2");
    let problems = sample.problems();
    assert_eq!(
        problems,
        "config/canvass.toml:8:1: sms.gateways.Own-One: a gateway's name has at most 40 lower-case letters, digits, \
         `-` \
         and `_`"
    );
    let mut sample = sample.with("canvass.toml", CANVASS);
    sample.env.remove("CANVASS__SMS__GATEWAYS__OWN_ONE__URL");
    let settings = sample.settings();
    assert!(settings.consent_required);
    assert!(matches!(settings.email.unwrap().transport, EmailTransport::Smtp(smtp) if smtp.port == 2525));
}

#[test]
fn keys_with_dots_in_quotes_are_keys_and_not_paths() {
    let sample = Sample::sound().with("canvass.d/1.toml", "\"daemon.grace\" = \"1s\"\n");
    assert!(sample.problems().starts_with("config/canvass.d/1.toml:1:1: daemon.grace: `daemon.grace` is not a key"));
}

#[test]
fn systemd_says_where_things_lie_unless_the_file_does() {
    let sample = Sample::sound().env("STATE_DIRECTORY", "/var/lib/canvass:/x").env("RUNTIME_DIRECTORY", "/run/canvass");
    let settings = sample.settings();
    assert_eq!(settings.daemon.state_dir.to_str(), Some("/var/lib/canvass"));
    assert_eq!(settings.admin.socket.to_str(), Some("/run/canvass/canvass.sock"));
    let settings = sample.and("canvass.toml", "[daemon]\nstate_dir = \"/srv\"\n").settings();
    assert_eq!(settings.daemon.state_dir.to_str(), Some("/srv"));
    let settings = Sample::sound().settings();
    assert_eq!(settings.admin.socket.to_str(), Some("canvass-state/canvass.sock"));
}

const SMTP: &str = r#"[public]
url = "https://s.sole.example"
[sms]
transport = "file"
[email]
from = "hello@sole.example"
[email.smtp]
host = "mail.sole.example"
username = "canvass"
"#;

fn login(sample: &Sample) -> Option<(String, Secret)> {
    match sample.settings().email?.transport {
        EmailTransport::Smtp(smtp) => smtp.login,
        EmailTransport::File => None,
    }
}

#[test]
fn a_secret_comes_from_its_file_or_from_systemd() {
    let expected = Some(("canvass".to_owned(), Secret::new("hush")));
    let of_file = Sample::sound()
        .with("canvass.toml", &format!("{SMTP}password_file = \"smtp.password\"\n"))
        .with("smtp.password", "hush\n");
    assert_eq!(login(&of_file), expected);
    let of_systemd = Sample::sound()
        .with("canvass.toml", SMTP)
        .env("CREDENTIALS_DIRECTORY", "/run/credentials/canvass")
        .with("/run/credentials/canvass/smtp-password", "hush");
    assert_eq!(login(&of_systemd), expected);
}

#[test]
fn a_secret_that_is_missing_empty_or_in_the_open_is_a_problem_that_does_not_repeat_it() {
    let check = |line: &str, expected: &str| {
        let sample = Sample::sound().with("canvass.toml", &format!("{SMTP}{line}\n")).with("empty", "\n");
        assert_eq!(sample.problems(), expected);
    };
    check(
        "",
        "config/canvass.toml:9:12: email.smtp.username: there is no password for this user: name its file in \
         `password_file`, or hand it over as systemd credential `smtp-password`",
    );
    check(
        "password = \"hunter2\"",
        "config/canvass.toml:10:12: email.smtp.password: a secret may not stand in the configuration: put it into a \
         file \
         of its own and name that file with `password_file`, or hand it over as systemd credential `smtp-password`",
    );
    check(
        "password_file = \"nowhere\"",
        "config/canvass.toml:10:17: email.smtp.password_file: there is no file `config/nowhere`",
    );
    check(
        "password_file = \"empty\"",
        "config/canvass.toml:10:17: email.smtp.password_file: `config/empty` is empty; it must hold the secret and \
         nothing \
         else",
    );
    let sample = Sample::sound().env("CANVASS__ADMIN__TOKEN", "hunter2");
    assert!(sample.problems().starts_with("environment CANVASS__ADMIN__TOKEN: admin.token: a secret may not"));
    assert!(!sample.problems().contains("hunter2"));
}
