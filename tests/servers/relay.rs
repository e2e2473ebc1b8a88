//! A mail relay in this process, for what `smtp-sink` does not do: it treats each mail as it is told to.

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::local::Local;

/// Longest line of a conversation, in bytes.
const LINE_BYTES_MAX: usize = 4 * 1024;

/// What the client has just said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// RCPT, with this address.
    Recipient(&'a str),
    /// The final dot of a mail to this address, and all before it.
    Mail { to: &'a str, text: &'a str },
}

/// What is said to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 250.
    Taken,
    /// Another reply. One that begins with 421 ends the conversation.
    Reply(&'static str),
    /// Nothing, and the connection stays open.
    Silence,
    /// Nothing, and the connection is closed.
    HangUp,
}

/// A running relay.
pub(crate) struct Relay {
    local: Local,
}

impl Relay {
    /// Starts one that answers what `answer` says.
    pub(crate) fn start(answer: impl Fn(Asked<'_>) -> Answer + Clone + Send + 'static) -> Self {
        let serve = move |stream| {
            let session = Session { stream: BufReader::new(stream), line: Vec::new(), answer: answer.clone() };
            async move { drop(session.serve().await) }
        };
        Self { local: Local::start(serve) }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.local.port()
    }
}

struct Session<A> {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
    answer: A,
}

/// A conversation that has ended, by whomever.
struct Ended;

impl<A: Fn(Asked<'_>) -> Answer> Session<A> {
    async fn serve(mut self) -> Result<(), Ended> {
        let mut recipient = None;
        self.say("220 relay.localdomain ESMTP").await?;
        loop {
            let line = self.hear().await?.trim_end().to_owned();
            let (verb, argument) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.say("250-relay.localdomain\r\n250-PIPELINING\r\n250 8BITMIME").await?,
                "RCPT" => {
                    let to = argument.split(['<', '>']).nth(1).unwrap_or_default();
                    if self.reply(Asked::Recipient(to)).await? {
                        recipient = Some(to.to_owned());
                    }
                }
                "DATA" => match recipient.take() {
                    Some(to) => {
                        self.say("354 go on").await?;
                        let text = self.hear_mail().await?;
                        self.reply(Asked::Mail { to: &to, text: &text }).await?;
                    }
                    None => self.say("554 5.5.1 no recipient").await?,
                },
                "QUIT" => return self.say("221 2.0.0 bye").await,
                "MAIL" | "RSET" => {
                    recipient = None;
                    self.say("250 2.1.0 ok").await?;
                }
                _ => self.say("502 5.5.1 not here").await?,
            }
        }
    }

    /// Says what is to be said, and whether that was yes.
    async fn reply(&mut self, asked: Asked<'_>) -> Result<bool, Ended> {
        match (self.answer)(asked) {
            Answer::Taken => self.say("250 2.0.0 ok").await.map(|()| true),
            Answer::Reply(words) => {
                self.say(words).await?;
                if words.starts_with("421") { Err(Ended) } else { Ok(false) }
            }
            Answer::Silence => std::future::pending().await,
            Answer::HangUp => Err(Ended),
        }
    }

    async fn say(&mut self, words: &str) -> Result<(), Ended> {
        self.stream.get_mut().write_all(format!("{words}\r\n").as_bytes()).await.map_err(|_| Ended)
    }

    /// The next line, with its end.
    async fn hear(&mut self) -> Result<&str, Ended> {
        self.line.clear();
        let read = self.stream.read_until(b'\n', &mut self.line).await;
        // Whoever is killed says no goodbye.
        if !self.line.ends_with(b"\n") || read.is_err() {
            return Err(Ended);
        }
        assert!(self.line.len() <= LINE_BYTES_MAX, "a line of {} bytes", self.line.len());
        Ok(str::from_utf8(&self.line).unwrap())
    }

    /// The mail up to the final dot, which must come.
    async fn hear_mail(&mut self) -> Result<String, Ended> {
        let mut text = String::new();
        loop {
            match self.hear().await? {
                ".\r\n" => return Ok(text),
                line => text.push_str(line.strip_prefix('.').unwrap_or(line)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{Answer, Asked, Relay};
    use crate::smtp::Conversation;

    const MESSAGE: &str = "Message-ID: <inv.1@sole.example>\r\n\r\n.hidden\r\n";

    #[track_caller]
    fn check(answer: fn(Asked<'_>) -> Answer, expected_reply: &str, expected_mails: usize) {
        let mails = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&mails);
        let relay = Relay::start(move |asked| {
            if let Asked::Mail { to, text } = asked {
                seen.lock().unwrap().push(format!("{to}\n{text}"));
            }
            answer(asked)
        });
        let reply = Conversation::open(relay.port()).send("b@bounce.example", "a@guests.example", MESSAGE);
        let mails = mails.lock().unwrap();
        assert_eq!((reply.as_str(), mails.len()), (expected_reply, expected_mails));
        assert!(mails.iter().all(|mail| *mail == format!("a@guests.example\n{MESSAGE}")), "{mails:?}");
    }

    #[test]
    fn a_mail_is_heard_whole_and_answered_as_told() {
        check(|_| Answer::Taken, "250 2.0.0 ok", 1);
        let no = |asked: Asked<'_>| match asked {
            Asked::Recipient(_) => Answer::Taken,
            Asked::Mail { .. } => Answer::Reply("451 4.3.0 not now"),
        };
        check(no, "451 4.3.0 not now", 1);
    }

    #[test]
    fn a_recipient_can_be_put_off_and_the_conversation_with_it() {
        let later = |asked: Asked<'_>| match asked {
            Asked::Recipient("a@guests.example") => Answer::Reply("450 4.2.0 later"),
            Asked::Recipient(_) | Asked::Mail { .. } => Answer::Taken,
        };
        check(later, "450 4.2.0 later", 0);
        check(|_| Answer::Reply("421 4.7.0 too many"), "421 4.7.0 too many", 0);
    }

    #[test]
    fn a_mail_can_be_taken_without_a_word() {
        let hang_up = |asked: Asked<'_>| match asked {
            Asked::Recipient(_) => Answer::Taken,
            Asked::Mail { .. } => Answer::HangUp,
        };
        check(hang_up, "", 1);
    }
}
