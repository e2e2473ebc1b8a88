//! A store in which everything is due, as often as it is needed.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{BufRead as _, BufReader, Seek as _, SeekFrom},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    mail::TEMPLATE,
    port,
    process::{self, Process},
    product::Installation,
};

/// An installation whose events are in the store, and nothing has been sent of them.
pub(crate) struct Scene {
    installation: Installation,
    pub(crate) n_messages: usize,
    /// How long the import took.
    pub(crate) import: Duration,
}

impl Scene {
    /// Lets the shipped command import the events, without a daemon.
    pub(crate) fn prepare(journey: &str, settings: &str, events: impl Iterator<Item = Value>) -> Self {
        let installation = Installation::with(journey, settings);
        // Of the gateway of this process, which lets everybody in.
        installation.write("config/local.token", "secret");
        // In place of the shipped one where settings say so.
        installation.write("config/templates/mail/invitation.html", TEMPLATE);
        let (mut lines, mut n_messages) = (String::new(), 0);
        for event in events {
            writeln!(lines, "{event}").unwrap();
            n_messages += 1;
        }
        let file = installation.write("events.jsonl", &lines);
        let begun = Instant::now();
        let said = installation.ok(&["events", "import", file.to_str().unwrap()]);
        let import = begun.elapsed();
        assert!(said.contains(&format!("{n_messages}  evening/visit: planned")), "{said}");
        fs::rename(installation.path("state"), installation.path("state.due")).unwrap();
        Self { installation, n_messages, import }
    }

    /// Starts a daemon in which everything is due, and waits for nothing.
    pub(crate) fn start(&self) -> Process {
        let (due, state) = (self.installation.path("state.due"), self.installation.path("state"));
        if state.exists() {
            fs::remove_dir_all(&state).unwrap();
        }
        copy(&due, &state);
        self.installation.begin()
    }

    /// How many messages of a channel were accepted, as the running daemon counts them.
    pub(crate) fn n_accepted(&self, channel: &str) -> u64 {
        let series = format!("canvass_invitations_total{{channel=\"{channel}\",outcome=\"accepted\"}}");
        if port::is_open(self.installation.admin_port()) { self.installation.metric(&series) } else { 0 }
    }

    /// Follows what the daemon says it has sent by a channel, from now on.
    pub(crate) fn follow(&self, channel: &str) -> Follower {
        let path = self.installation.path("daemon.log");
        let mut log = File::options().create(true).append(true).read(true).open(path).unwrap();
        log.seek(SeekFrom::End(0)).unwrap();
        Follower { log: BufReader::new(log), words: format!(" by {channel}: accepted"), line: String::new(), n: 0 }
    }
}

/// Counts messages in a log that grows.
pub(crate) struct Follower {
    log: BufReader<File>,
    words: String,
    /// The last one may be written in part.
    line: String,
    n: u64,
}

impl Follower {
    /// How many messages have been accepted.
    pub(crate) fn n_accepted(&mut self) -> u64 {
        while self.log.read_line(&mut self.line).unwrap() > 0 && self.line.ends_with('\n') {
            self.n += u64::from(self.line.contains(&self.words));
            self.line.clear();
        }
        self.n
    }
}

/// Copies a folder, and waits until it is on the disk: else that would be done while others are measured.
fn copy(from: &Path, to: &Path) {
    process::run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to));
    process::run(&mut Command::new("sync"));
}
