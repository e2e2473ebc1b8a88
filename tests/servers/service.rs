//! What systemd sees of the daemon, without systemd: a socket that is told, signals, and a socket that is handed over.

use std::{os::unix::net::UnixDatagram, path::Path, time::Duration};

use crate::{
    http, port,
    process::{Process, command},
    product::{Installation, MAIL_AT_ONCE, mail_through},
};

/// The socket that systemd would listen on.
struct Notified {
    socket: UnixDatagram,
}

impl Notified {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { socket }
    }

    /// The next message that says more than how long the queues are.
    #[track_caller]
    fn next(&self) -> Vec<String> {
        loop {
            let mut bytes = [0; 4_096];
            let n = self.socket.recv(&mut bytes).unwrap();
            let text = str::from_utf8(bytes.get(..n).unwrap()).unwrap();
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            if !lines.iter().any(|line| line == "WATCHDOG=1") {
                return lines;
            }
        }
    }

    /// Checks that a reload is announced, ended, and told of in these words.
    #[track_caller]
    fn check_reload(&self, words: &str) {
        let begun = self.next();
        assert!(begun.contains(&"RELOADING=1".to_owned()), "{begun:?}");
        // Without the time systemd would not believe it (sd_notify(3)).
        let at = begun.iter().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).unwrap();
        assert!(at.parse::<u64>().unwrap() > 0);
        let done = self.next();
        assert!(done.contains(&"READY=1".to_owned()), "{done:?}");
        let status = done.iter().find_map(|line| line.strip_prefix("STATUS=")).unwrap();
        assert!(status.contains(words), "{status}");
    }
}

#[test]
fn systemd_is_told_of_start_reload_and_stop() {
    let installation = Installation::with(MAIL_AT_ONCE, &mail_through(port::free(), "none"));
    let notified = Notified::at(&installation.path("notify"));
    let mut run = installation.command();
    run.arg("run").env("NOTIFY_SOCKET", installation.path("notify"));
    let daemon = installation.start_by(run);
    assert_eq!(notified.next(), ["READY=1", "STATUS=serving"]);

    let title = |title: &str| {
        installation.write("config/journeys/test.toml", &MAIL_AT_ONCE.replace("An evening with us", title))
    };
    title("A night with us");
    daemon.signal("HUP");
    notified.check_reload("serving with the new configuration");
    assert_eq!(installation.metric("canvass_config_last_reload_successful"), 1);

    installation.write("config/journeys/test.toml", &MAIL_AT_ONCE.replace("line_up", "lineup"));
    daemon.signal("HUP");
    notified.check_reload("reload refused (");
    assert_eq!(installation.metric("canvass_config_last_reload_successful"), 0);
    assert!(daemon.log().contains("journeys/test.toml"), "{}", daemon.log());
    assert_eq!(http::get(installation.admin_port(), "/readyz").0, 200);

    title("Another night");
    daemon.signal("HUP");
    notified.check_reload("serving with the new configuration");

    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(notified.next(), ["STOPPING=1", "STATUS=finishing what is on its way"]);
}

#[test]
fn a_configuration_with_problems_does_not_start() {
    let installation = Installation::with(&MAIL_AT_ONCE.replace("line_up", "lineup"), "");
    let output = installation.run(&["run"]);
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("journeys/test.toml") && said.contains("lineup"), "{said}");
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused() {
    let installation = Installation::with(MAIL_AT_ONCE, &mail_through(port::free(), "none"));
    let _daemon = installation.start();
    let output = installation.run(&["run"]);
    assert_eq!(output.status.code(), Some(69), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_socket_that_is_handed_over_is_served() {
    let installation = Installation::with(MAIL_AT_ONCE, &mail_through(port::free(), "none"));
    let public = port::free();
    let mut activate = command("/usr/bin/systemd-socket-activate");
    activate.arg("--listen").arg(format!("127.0.0.1:{public}")).arg("--");
    let canvass = installation.command();
    activate.arg(canvass.get_program()).args(canvass.get_args()).arg("run").current_dir(installation.path(""));
    let mut process = Process::start(activate, installation.path("daemon.log"));
    // The first connection starts the daemon, and is answered by it.
    process.wait_for_port(public);
    process.wait_for_port(installation.admin_port());
    let (status, page) = http::get(public, "/robots.txt");
    assert_eq!((status, page.as_str()), (200, "User-agent: *\nDisallow: /\n"));
    assert!(!port::is_open(installation.public_port()), "it listens on its own port as well");
    process.signal("TERM");
    assert_eq!(process.wait_for_end(), Some(0));
}
