//! `smtp-source` of Postfix: the fastest client for mail there is, and it does nothing else.

use std::time::Instant;

use crate::{figures::Run, meter, process};

const PROGRAM: &str = "/usr/sbin/smtp-source";
/// What it sends as a body.
pub(crate) const BODY_BYTES: usize = 4_800;

/// Sends so many messages to `port` of 127.0.0.1 over connections that it keeps, with these options beside ours.
pub(crate) fn run(options: &[&str], port: u16, sessions: usize, n_messages: usize) -> Run {
    let mut command = process::command(PROGRAM);
    command.args(["-4", "-d", "-f", "a@b.example", "-t", "c@d.example"]).args(options);
    command.args(["-s", &sessions.to_string(), "-l", &BODY_BYTES.to_string(), "-m", &n_messages.to_string()]);
    command.arg(format!("127.0.0.1:{port}"));
    let begun = Instant::now();
    let cpu = meter::cpu_of_child(|| drop(process::run(&mut command)));
    Run { n_messages, took: begun.elapsed(), cpu, resident_mb: None, n_bytes_each: None }
}

/// How it was called, to be shown.
pub(crate) fn name(options: &[&str], sessions: usize) -> String {
    format!("{} -d -s {sessions} -l {BODY_BYTES}", [&["smtp-source"], options].concat().join(" "))
}
