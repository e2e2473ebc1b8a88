//! Server programs that end with the value that started them.
//!
//! A server left behind by a failed test would hold its port and its folder, so `Drop` ends it: first politely, then by
//! force, because a bearerbox with undelivered messages does not heed the polite signal.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    os::unix::{
        fs::MetadataExt,
        process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::{port, wait};

/// The Debian packages with the programs that these tests start.
pub(crate) const PACKAGES: &str = "postfix dovecot-imapd kannel kannel-extras openssl faketime python3-dkim spamassassin nsd poppler-utils zbar-tools python3-pil systemd";

/// The user and group `nobody` of Debian, who owns what the servers write.
pub(crate) const NOBODY: u32 = 65_534;

/// Looks, 25 ms apart, at a process that was asked to end before it is killed.
const LOOKS_MAX: usize = 80;

/// A running server.
pub(crate) struct Process {
    child: Child,
    program: String,
    log: PathBuf,
}

impl Process {
    /// Starts `program`, an absolute path, and appends what it says to `log`.
    pub(crate) fn spawn<A: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = A>, log: PathBuf) -> Self {
        let mut command = command(program);
        command.args(args);
        Self::start(command, log)
    }

    /// Starts the command and appends what it says to `log`.
    pub(crate) fn start(mut command: Command, log: PathBuf) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        let file = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            // Postfix signals its whole process group when it ends; ours must not be in it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|err| panic!("`{program}` does not start: {err}"));
        Self { child, program, log }
    }

    /// Its id, by which the kernel tells what it has used.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until somebody listens on `port` of 127.0.0.1. Panics with what the server said when it ends instead.
    #[track_caller]
    pub(crate) fn wait_for_port(&mut self, port: u16) {
        wait::until(&format!("`{}` on port {port}", self.program), || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("`{}` ended ({status}): {}", self.program, self.said());
            }
            port::is_open(port).then_some(())
        });
    }

    /// Sends it a signal, such as `HUP`.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        assert!(signal(name, self.child.id()), "`{}` is gone: {}", self.program, self.said());
    }

    /// Ends it as a power cut would. Panics with what it said when it had ended already.
    #[track_caller]
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "`{}` had ended ({status}): {}", self.program, self.said());
    }

    /// Waits until it has ended by itself, and gives its exit code: `None` when a signal ended it.
    #[track_caller]
    pub(crate) fn wait_for_end(&mut self) -> Option<i32> {
        wait::until(&format!("the end of `{}`", self.program), || self.child.try_wait().unwrap()).code()
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut gone = signal("TERM", self.child.id());
        for _ in 0..LOOKS_MAX {
            gone = gone && matches!(self.child.try_wait(), Ok(None));
            if !gone {
                break;
            }
            thread::sleep(Duration::from_millis(25));
        }
        // Both fail only when the process is gone already, which is what we want.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The command `program`. Panics when it is not installed, and says what to install.
#[track_caller]
pub(crate) fn command(program: &str) -> Command {
    assert!(Path::new(program).exists(), "`{program}` is missing: apt-get install {PACKAGES}");
    Command::new(program)
}

/// Runs the command to its end, with nothing to read, and gives what it printed. Panics with what it said when it
/// fails.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?} failed ({}): {}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Whether this process is run by the superuser, whom some servers need and others refuse.
pub(crate) fn is_root() -> bool {
    File::open("/proc/self/status").unwrap().metadata().unwrap().uid() == 0
}

/// Sends the signal, and says whether there was a process to take it. The shell does it, because the standard library
/// has no call for it and unsafe code is forbidden here.
fn signal(name: &str, pid: u32) -> bool {
    let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {pid} 2>/dev/null")).status();
    sent.is_ok_and(|status| status.success())
}

#[test]
fn a_process_ends_with_its_value() {
    let dir = tempfile::tempdir().unwrap();
    let process = Process::spawn("/bin/sleep", ["600"], dir.path().join("log"));
    let entry = format!("/proc/{}", process.id());
    assert!(Path::new(&entry).exists());
    drop(process);
    assert!(!Path::new(&entry).exists());
}
