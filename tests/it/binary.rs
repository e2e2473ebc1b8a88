//! The binary, run as operations run it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A journey that asks by text message at once and at any hour.
const TEXT_AT_ONCE: &str = r#"
[journey]
id = "now"
title = "Asks at once"

[[stage]]
id = "text"
survey = "delivery"
on = { event = "text.now" }
line_up = [{ channel = "sms" }]
"#;

/// A configuration and a state folder of their own, on ports of their own.
pub(crate) struct Installation {
    folder: TempDir,
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// A port that was free a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Installation {
    /// The shipped configuration, with what makes it this installation's own laid over it.
    pub(crate) fn shipped() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config"), &folder.path().join("config"));
        let (public, admin) = (free_address(), free_address());
        let installation = Self { folder, public, admin };
        let overlay = format!(
            "[daemon]\nstate_dir = {:?}\n[public]\nlisten = \"{public}\"\nurl = \"http://{public}\"\n[admin]\nlisten = \"{admin}\"\n",
            installation.path("state")
        );
        let drop_ins = installation.path("config/canvass.d");
        std::fs::create_dir_all(&drop_ins).unwrap();
        std::fs::write(drop_ins.join("50-test.toml"), overlay).unwrap();
        installation
    }

    /// The same with [`TEXT_AT_ONCE`] as its only journey, which asks at any hour and on any day that the tests run.
    pub(crate) fn asking_at_once() -> Self {
        let installation = Self::shipped();
        std::fs::remove_dir_all(installation.path("config/journeys")).unwrap();
        std::fs::create_dir(installation.path("config/journeys")).unwrap();
        installation.write("config/journeys/now.toml", TEXT_AT_ONCE);
        let places = std::fs::read_to_string(installation.path("config/places.toml")).unwrap();
        let workdays = places.lines().filter(|line| !line.starts_with("holidays")).collect::<Vec<_>>().join("\n");
        installation.write("config/places.toml", &workdays);
        installation.write("config/canvass.d/55-hours.toml", "[quiet_hours]\ndefaults = false\n");
        installation
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_canvass"));
        command.arg("--config").arg(self.path("config")).current_dir(self.folder.path());
        command
    }

    /// The command in the folder that holds `config`, as a person would call it.
    pub(crate) fn plain(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_canvass"));
        command.current_dir(self.folder.path());
        command
    }

    /// Runs a command to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Runs a command that must succeed, and gives what it printed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {:?}\n{err}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts the daemon and waits until it says that it is ready.
    pub(crate) fn start(&self) -> Daemon {
        let mut child = self.command().arg("run").stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut daemon = Daemon { child, log, said: String::new() };
        daemon.wait_for("is ready");
        daemon
    }
}

/// A running daemon. Killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    said: String,
}

impl Daemon {
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Reads the log until a line holds these words.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(
                self.log.read_line(&mut line).unwrap() > 0,
                "the daemon ended before it said `{words}`:\n{}",
                self.said
            );
            self.said.push_str(&line);
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Asks it to stop; gives its exit code and everything it logged.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        let code = self.child.wait().unwrap().code();
        (code, format!("{}{rest}", self.said))
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// One request over a connection of its own: status, header block and body.
pub(crate) fn http(address: SocketAddr, method: &str, path: &str, body: Option<(&str, &str)>) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let (kind, body) = body.unwrap_or(("text/plain", ""));
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: Mozilla/5.0\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

#[test]
fn a_command_line_that_is_not_understood_ends_with_64_and_help_with_0() {
    let installation = Installation::shipped();
    assert_eq!(installation.run(&["no-such-command"]).status.code(), Some(64));
    assert_eq!(installation.run(&["--help"]).status.code(), Some(0));
    let version = installation.ok(&["--version"]);
    assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
}
