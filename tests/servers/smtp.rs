//! An SMTP conversation by hand.
//!
//! The harness must not share code with the product that it checks: what lettre gets wrong would look right.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

/// A client that has read the greeting.
pub(crate) struct Conversation {
    reader: BufReader<TcpStream>,
}

impl Conversation {
    /// Connects to `port` of 127.0.0.1 and says EHLO.
    pub(crate) fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        // Else each line waits for the acknowledgement of the one before it.
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut client = Self { reader: BufReader::new(stream) };
        let greeting = client.reply();
        assert!(greeting.starts_with("220 "), "no greeting: {greeting:?}");
        let hello = client.say("EHLO client.example");
        assert!(hello.starts_with("250"), "no hello: {hello:?}");
        client
    }

    /// Says one line and gives the last line of the reply, without its line end: empty when the server hung up.
    pub(crate) fn say(&mut self, line: &str) -> String {
        self.write(&format!("{line}\r\n"));
        self.reply()
    }

    /// Sends a message with CRLF line ends, and the final dot. Gives the reply to the dot.
    pub(crate) fn send(&mut self, from: &str, to: &str, message: &str) -> String {
        for command in [format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>"), "DATA".to_owned()] {
            let reply = self.say(&command);
            if !reply.starts_with(['2', '3']) {
                return reply;
            }
        }
        // A line that begins with a dot gets a second one (RFC 5321, 4.5.2).
        for line in message.lines() {
            let dot = if line.starts_with('.') { "." } else { "" };
            self.write(&format!("{dot}{line}\r\n"));
        }
        self.say(".")
    }

    fn write(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            // The hyphen after the code says that more lines follow.
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }
}
