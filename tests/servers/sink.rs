//! `smtp-sink` of the Postfix package: takes messages, and misbehaves on request.
//!
//! It writes each message to a file before it answers the dot, so a message is seen also where the client never got
//! an answer. That is what the tests of an unknown outcome need: they count how often one Message-ID arrived.

use std::{fs, os::unix::fs::chown, path::PathBuf};

use tempfile::TempDir;

use crate::{
    port,
    process::{self, NOBODY, Process},
};

const PROGRAM: &str = "/usr/sbin/smtp-sink";

/// A running `smtp-sink`.
pub(crate) struct Sink {
    port: u16,
    // Before the folder: fields are dropped in this order, and the process writes into it.
    process: Process,
    dir: TempDir,
}

impl Sink {
    /// Starts one with further options of smtp-sink(1), such as `["-q", "."]` to hang up instead of answering the dot,
    /// or `["-r", "RCPT"]` to put off every recipient.
    pub(crate) fn start(options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let dump = format!("{}/mail.", dir.path().display());
        Self::start_in(dir, &[&["-d", &dump], options].concat())
    }

    /// Starts one that keeps nothing, and so is as fast as it can be.
    pub(crate) fn start_forgetful() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), &[])
    }

    fn start_in(dir: TempDir, options: &[&str]) -> Self {
        let port = port::free();
        let mut args: Vec<String> = Vec::new();
        if process::is_root() {
            // It refuses to serve as root.
            chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            args.extend(["-u".to_owned(), "nobody".to_owned()]);
        }
        args.extend(options.iter().map(|&option| option.to_owned()));
        args.extend([format!("127.0.0.1:{port}"), "64".to_owned()]);
        let mut process = Process::spawn(PROGRAM, args, dir.path().join("log"));
        process.wait_for_port(port);
        Self { port, process, dir }
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The port of 127.0.0.1 that it listens on.
    pub(crate) fn smtp_port(&self) -> u16 {
        self.port
    }

    /// All messages that it has seen to the dot, in no order, with LF line ends. Each begins with the envelope as
    /// `X-Mail-Args` and `X-Rcpt-Args` lines.
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        // A message still on its way has not yet got its empty last line.
        self.dumps().map(|path| fs::read(path).unwrap()).filter(|message| message.ends_with(b"\n\n")).collect()
    }

    /// How many messages have begun to arrive.
    pub(crate) fn n_begun(&self) -> usize {
        self.dumps().count()
    }

    fn dumps(&self) -> impl Iterator<Item = PathBuf> {
        let files = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.file_name().is_some_and(|name| name != "log"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Sink;
    use crate::smtp::Conversation;

    const MESSAGE: &str = "Message-ID: <inv.1@sole.example>\r\nSubject: Hello\r\n\r\nHow was it?\r\n";

    #[track_caller]
    fn check(options: &[&str], expected_reply: &str, expected_messages: usize) {
        let sink = Sink::start(options);
        let reply = Conversation::open(sink.smtp_port()).send("b@bounce.example", "a@guests.example", MESSAGE);
        assert_eq!(reply, expected_reply);
        let messages = sink.messages();
        assert_eq!(messages.len(), expected_messages);
        for message in messages {
            let message = String::from_utf8(message).unwrap();
            assert!(message.contains("X-Rcpt-Args: <a@guests.example>\n"), "{message}");
            assert!(message.contains("\nMessage-ID: <inv.1@sole.example>\n"), "{message}");
        }
    }

    #[test]
    fn a_message_is_taken_and_kept() {
        check(&[], "250 2.0.0 Ok", 1);
    }

    #[test]
    fn a_message_can_be_taken_and_forgotten() {
        let sink = Sink::start_forgetful();
        let reply = Conversation::open(sink.smtp_port()).send("b@bounce.example", "a@guests.example", MESSAGE);
        assert_eq!((reply.as_str(), sink.n_begun()), ("250 2.0.0 Ok", 0));
        assert!(Path::new(&format!("/proc/{}", sink.id())).exists());
    }

    #[test]
    fn a_connection_dropped_after_the_dot_still_shows_the_message() {
        check(&["-q", "."], "", 1);
    }

    #[test]
    fn a_recipient_that_is_put_off_gives_no_message() {
        check(&["-r", "RCPT"], "450 4.3.0 Error: command failed", 0);
    }
}
