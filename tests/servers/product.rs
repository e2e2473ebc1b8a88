//! The product as operations install it: a configuration and a state folder of its own, and the binary.
//!
//! `CANVASS_BIN` names the binary, so that what is shipped can be tested; left out, it is the one that cargo has built.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use tempfile::TempDir;

use crate::{http, kannel, port, process::Process, wait};

/// A journey that asks by mail, at once and at any hour.
pub(crate) const MAIL_AT_ONCE: &str = r#"
[journey]
id = "evening"
title = "An evening with us"

[[stage]]
id = "visit"
survey = "visit"
on = { event = "visit.completed" }
after = "0s"
line_up = [{ channel = "email" }]
"#;

/// A journey that asks by text message, at once and at any hour.
pub(crate) const TEXT_AT_ONCE: &str = r#"
[journey]
id = "evening"
title = "An evening with us"

[[stage]]
id = "visit"
survey = "visit"
on = { event = "visit.completed" }
after = "0s"
line_up = [{ channel = "sms" }]
"#;

/// A journey that asks by mail, at once and at any hour. Who has no address gets a text message, and so does whom no mail
/// reaches, at once.
pub(crate) const MAIL_THEN_TEXT: &str = r#"
[journey]
id = "evening"
title = "An evening with us"

[[stage]]
id = "visit"
survey = "visit"
on = { event = "visit.completed" }
after = "0s"
line_up = [{ channel = "email" }, { channel = "sms", when = "undelivered" }]
"#;

/// A configuration, and the state of the daemon that runs on it.
pub(crate) struct Installation {
    dir: TempDir,
    public: u16,
    admin: u16,
}

impl Installation {
    /// The shipped configuration with this journey in place of its own ones, and `settings` laid over it.
    pub(crate) fn with(journey: &str, settings: &str) -> Self {
        let installation = Self { dir: tempfile::tempdir().unwrap(), public: port::free(), admin: port::free() };
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config"), &installation.path("config"));
        fs::remove_dir_all(installation.path("config/journeys")).unwrap();
        // The tests run at any hour and on any day.
        let places = fs::read_to_string(installation.path("config/places.toml")).unwrap();
        let workdays = places.lines().filter(|line| !line.starts_with("holidays")).collect::<Vec<_>>().join("\n");
        installation.write("config/places.toml", &workdays);
        installation.write("config/journeys/test.toml", journey);
        let Self { public, admin, .. } = installation;
        let places = format!(
            "[daemon]\nstate_dir = \"{}\"\n[public]\nlisten = \"127.0.0.1:{public}\"\nurl = \"http://127.0.0.1:{public}\"\n\
             [admin]\nlisten = \"127.0.0.1:{admin}\"\n[quiet_hours]\ndefaults = false\n",
            installation.path("state").display()
        );
        installation.write("config/canvass.d/50-places.toml", &places);
        installation.write("config/canvass.d/60-settings.toml", settings);
        installation
    }

    /// A path in its folder, in which `config` and `state` are.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file in its folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The port that customers reach.
    pub(crate) fn public_port(&self) -> u16 {
        self.public
    }

    /// The port of the API.
    pub(crate) fn admin_port(&self) -> u16 {
        self.admin
    }

    /// The path on the public port that a link leads to.
    #[track_caller]
    pub(crate) fn path_of<'a>(&self, link: &'a str) -> &'a str {
        let host = format!("http://127.0.0.1:{}", self.public);
        link.strip_prefix(&host).unwrap_or_else(|| panic!("{link} does not begin with {host}"))
    }

    /// The binary with this configuration.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.arg("--config").arg(self.path("config")).current_dir(self.dir.path());
        // What the tests' own surroundings say must not reach it.
        for name in
            ["NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "JOURNAL_STREAM", "STATE_DIRECTORY", "RUNTIME_DIRECTORY"]
        {
            command.env_remove(name);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Output {
        self.command().args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a command that must succeed, and gives what it printed.
    #[track_caller]
    pub(crate) fn ok<A: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[A]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {}\n{said}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must succeed and print JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [&["--format", "json"], arguments].concat();
        serde_json::from_str(&self.ok(&arguments)).unwrap()
    }

    /// The report of response rates, by channel.
    #[track_caller]
    pub(crate) fn rates(&self) -> Rates {
        Rates(self.json(&["report", "rates", "--by", "channel"]))
    }

    /// Starts the daemon and waits until it answers.
    #[track_caller]
    pub(crate) fn start(&self) -> Daemon {
        self.up(self.begin())
    }

    /// Starts the daemon and waits for nothing.
    pub(crate) fn begin(&self) -> Process {
        let mut command = self.command();
        command.arg("run");
        self.begin_by(command)
    }

    /// Starts the daemon by a command that [`Self::command`] began, and waits until it answers.
    #[track_caller]
    pub(crate) fn start_by(&self, command: Command) -> Daemon {
        self.up(self.begin_by(command))
    }

    fn begin_by(&self, command: Command) -> Process {
        Process::start(command, self.path("daemon.log"))
    }

    #[track_caller]
    fn up(&self, mut process: Process) -> Daemon {
        process.wait_for_port(self.admin);
        assert_eq!(http::get(self.admin, "/readyz").0, 200, "{}", process.said());
        Daemon { process }
    }

    /// The value of a series of the running daemon's metrics; one that is not there yet has counted nothing.
    pub(crate) fn metric(&self, series: &str) -> u64 {
        let (status, text) = http::get(self.admin, "/metrics");
        assert_eq!(status, 200, "{text}");
        let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        found.map_or(0, |value| value.parse().unwrap())
    }

    /// Waits until nothing is on its way and nothing waits but `n_mails_later`, which are due some other time.
    #[track_caller]
    pub(crate) fn wait_until_drained(&self, n_mails_later: impl Fn() -> u64) {
        let depth = |lane: &str| self.metric(&format!("canvass_queue_depth{{lane=\"{lane}\"}}"));
        let is_drained = || depth("leased") == 0 && depth("sms") == 0 && depth("email") == n_mails_later();
        // Looks at lanes are no snapshot: a message may slip from one to the other in between, but not twice.
        wait::until("an empty queue", || (is_drained() && is_drained()).then_some(()));
    }
}

/// The running daemon. It ends with the value.
pub(crate) struct Daemon {
    process: Process,
}

impl Daemon {
    /// Sends it a signal, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Asks it to stop, as systemd does, and gives its exit code.
    #[track_caller]
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.process.signal("TERM");
        self.process.wait_for_end()
    }

    /// Ends it as a power cut would.
    #[track_caller]
    pub(crate) fn kill(self) {
        self.process.kill();
    }

    /// What it has logged, in this run and in those before it.
    pub(crate) fn log(&self) -> String {
        self.process.said()
    }
}

/// A report of response rates by channel.
pub(crate) struct Rates(Value);

impl Rates {
    /// All cases, each once.
    pub(crate) fn total(&self) -> &Value {
        &self.0["total"]
    }

    /// The cases of a channel.
    #[track_caller]
    pub(crate) fn of(&self, channel: &str) -> &Value {
        let rows = self.0["rows"].as_array().unwrap();
        rows.iter().find(|row| row["channel"] == channel).unwrap_or_else(|| panic!("no {channel} in {:#}", self.0))
    }

    /// The visits to surfaces.
    pub(crate) fn surfaces(&self) -> &Value {
        &self.0["surfaces"]
    }
}

/// Checks counters of a row by their names. All that are not named must be 0.
#[track_caller]
pub(crate) fn check_counts(row: &Value, expected: &[(&str, u64)]) {
    const COUNTERS: [&str; 12] = [
        "cases",
        "delivered",
        "undelivered",
        "complete",
        "partial",
        "break_off",
        "refusal",
        "no_response",
        "late",
        "ineligible",
        "suppressed",
        "unknown",
    ];
    let found = COUNTERS.map(|name| (name, row[name].as_u64().unwrap()));
    let expected = COUNTERS
        .map(|name| (name, expected.iter().find(|(expected, _)| *expected == name).map_or(0, |(_, count)| *count)));
    assert_eq!(found, expected);
}

/// Settings for mail through a relay on this machine.
pub(crate) fn mail_through(port: u16, tls: &str) -> String {
    format!("[email]\ntransport = \"smtp\"\n[email.smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"{tls}\"\n")
}

/// Settings for text messages through Kannel, whose password is to stand in `config/kannel.password`.
pub(crate) fn texts_through(kannel: &kannel::Kannel) -> String {
    texts_through_url(&kannel.sendsms_url())
}

/// The same for a Kannel that is to take them there.
pub(crate) fn texts_through_url(url: &str) -> String {
    format!(
        "[sms]\ntransport = \"gateway\"\ngateway = \"kannel\"\n[sms.gateways.kannel]\npreset = \"kannel\"\n\
         url = \"{url}\"\nusername = \"{}\"\npassword_file = \"kannel.password\"\nfrom = \"SOLE\"\n",
        kannel::USERNAME
    )
}

/// The present, in which the daemon lives too.
#[expect(clippy::disallowed_methods, reason = "the daemon under test has the wall clock, and events must be due by it")]
pub(crate) fn present() -> DateTime<Utc> {
    Utc::now()
}

/// The present, as an event says it.
pub(crate) fn now() -> String {
    present().to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn binary() -> PathBuf {
    env::var_os("CANVASS_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_canvass")), PathBuf::from)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
