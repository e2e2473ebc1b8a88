//! One conversation of the catching server.

use std::io;
use std::time::Duration;

use data_encoding::BASE64;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::wire::{Line, command, line, path, refusal};
use super::{Act, CONNECTIONS_MAX, MESSAGE_BYTES_MAX, Moment, Server};

/// Longest line with its CRLF, in bytes (RFC 5321 §4.5.3.1.6); commands may be shorter still, which is not checked.
const LINE_BYTES_MAX: usize = 1000;
/// Most recipients of one message.
const RECIPIENTS_MAX: usize = 100;
/// How long a client may say nothing.
const SILENCE_MAX: Duration = Duration::from_mins(5);

/// Holds one conversation. `n` is the number of the connection, `n_open` how many there are with it.
pub(super) async fn converse(server: Server, tcp: TcpStream, n: u64, n_open: usize) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let has_login = server.script.login().is_some();
    let mut session = Session {
        server,
        stream: BufReader::new(tcp),
        is_greeted: false,
        is_welcome: !has_login,
        from: None,
        to: Vec::new(),
    };
    if n_open > CONNECTIONS_MAX {
        return session.say("421 4.7.0 too many connections").await;
    }
    let act = session.server.script.act(Moment::Greeting { connection: n });
    if session.play(act, "220 catcher ESMTP").await? != Played::Accepted {
        return Ok(());
    }
    while session.step().await? {}
    Ok(())
}

struct Session {
    server: Server,
    stream: BufReader<TcpStream>,
    is_greeted: bool,
    is_welcome: bool,
    from: Option<String>,
    to: Vec<String>,
}

/// How a moment went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Played {
    Accepted,
    Refused,
    Over,
}

impl Session {
    /// Reads one command and answers it; whether the conversation goes on.
    async fn step(&mut self) -> io::Result<bool> {
        let Ok(line) = timeout(SILENCE_MAX, line(&mut self.stream, LINE_BYTES_MAX)).await else {
            self.say("421 4.4.2 you said nothing for too long").await?;
            return Ok(false);
        };
        let command = match command(line?) {
            Ok(Some(command)) => command,
            Ok(None) => return Ok(false),
            Err(reply) => return self.answer(reply).await,
        };
        let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
        let verb = verb.to_ascii_uppercase();
        if !self.stream.buffer().is_empty() && !self.may_be_followed(&verb) {
            return self.answer("503 5.5.0 wait for the answer to this").await;
        }
        match verb.as_str() {
            "EHLO" | "HELO" if rest.is_empty() => self.answer("501 5.5.4 say who you are").await,
            "EHLO" => self.ehlo().await,
            "HELO" => {
                self.is_greeted = true;
                self.answer("250 catcher").await
            }
            "AUTH" => self.auth(rest).await,
            "MAIL" => self.mail(rest).await,
            "RCPT" => self.rcpt(rest).await,
            "DATA" if rest.is_empty() => self.data().await,
            "RSET" => {
                self.clear();
                self.answer("250 2.0.0 cleared").await
            }
            "NOOP" => self.answer("250 2.0.0 nothing done").await,
            "QUIT" => {
                self.say("221 2.0.0 bye").await?;
                Ok(false)
            }
            _ => self.answer("500 5.5.1 no such command").await,
        }
    }

    /// Whether more may be sent before the answer is there: RFC 2920 §3.1 names what must be last.
    fn may_be_followed(&self, verb: &str) -> bool {
        self.server.script.takes_pipelining() && matches!(verb, "MAIL" | "RCPT" | "RSET")
    }

    async fn ehlo(&mut self) -> io::Result<bool> {
        self.is_greeted = true;
        self.clear();
        let mut reply = format!("250-catcher\r\n250-SIZE {MESSAGE_BYTES_MAX}\r\n250-8BITMIME\r\n");
        if self.server.script.takes_pipelining() {
            reply.push_str("250-PIPELINING\r\n");
        }
        if self.server.script.takes_smtputf8() {
            reply.push_str("250-SMTPUTF8\r\n");
        }
        if self.server.script.login().is_some() {
            reply.push_str("250-AUTH PLAIN\r\n");
        }
        reply.push_str("250 ENHANCEDSTATUSCODES");
        self.answer(&reply).await
    }

    /// AUTH PLAIN (RFC 4616), with or without an initial response.
    async fn auth(&mut self, rest: &str) -> io::Result<bool> {
        let Some((user, password)) = self.server.script.login() else {
            return self.answer("502 5.5.1 nobody need log in").await;
        };
        let expected = format!("\0{user}\0{password}");
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        if !mechanism.eq_ignore_ascii_case("PLAIN") {
            return self.answer("504 5.5.4 only PLAIN").await;
        }
        let mut response = initial.as_bytes().to_vec();
        if response.is_empty() {
            self.say("334 ").await?;
            let Line::Whole(line) = line(&mut self.stream, LINE_BYTES_MAX).await? else { return Ok(false) };
            response = line;
        }
        self.is_welcome = BASE64.decode(&response).is_ok_and(|given| given == expected.as_bytes());
        self.answer(if self.is_welcome { "235 2.7.0 welcome" } else { "535 5.7.8 wrong password" }).await
    }

    async fn mail(&mut self, rest: &str) -> io::Result<bool> {
        if !self.is_greeted || self.from.is_some() {
            return self.answer("503 5.5.1 say EHLO first, and MAIL once").await;
        }
        if !self.is_welcome {
            return self.answer("530 5.7.0 log in first").await;
        }
        let Some((from, parameters)) = path(rest, "FROM:") else {
            return self.answer("501 5.5.4 write MAIL FROM:<address>").await;
        };
        let takes_utf8 = self.server.script.takes_smtputf8();
        if let Some(refusal) =
            parameters.split_whitespace().find_map(|parameter| refusal(parameter, takes_utf8, MESSAGE_BYTES_MAX))
        {
            return self.answer(refusal).await;
        }
        if !from.is_ascii() && !takes_utf8 {
            return self.answer("553 5.6.7 no SMTPUTF8 here").await;
        }
        let act = self.server.script.act(Moment::Mail { from });
        let played = self.play(act, "250 2.1.0 sender ok").await?;
        if played == Played::Accepted {
            self.from = Some(from.to_owned());
        }
        Ok(played != Played::Over)
    }

    async fn rcpt(&mut self, rest: &str) -> io::Result<bool> {
        if self.from.is_none() {
            return self.answer("503 5.5.1 say MAIL first").await;
        }
        let Some((to, "")) = path(rest, "TO:") else {
            return self.answer("501 5.5.4 write RCPT TO:<address>").await;
        };
        if to.is_empty() || !to.is_ascii() && !self.server.script.takes_smtputf8() {
            return self.answer("553 5.6.7 no such address here").await;
        }
        if self.to.len() >= RECIPIENTS_MAX {
            return self.answer("452 4.5.3 too many recipients").await;
        }
        let act = self.server.script.act(Moment::Rcpt { to });
        let played = self.play(act, "250 2.1.5 recipient ok").await?;
        if played == Played::Accepted {
            self.to.push(to.to_owned());
        }
        Ok(played != Played::Over)
    }

    async fn data(&mut self) -> io::Result<bool> {
        if self.to.is_empty() {
            return self.answer("503 5.5.1 say RCPT first").await;
        }
        let act = self.server.script.act(Moment::Data);
        match self.play(act, "354 end with a dot").await? {
            Played::Refused => return Ok(true),
            Played::Over => return Ok(false),
            Played::Accepted => (),
        }
        // There is nothing to say before the message is here, so `Accept` is all that does not end the conversation.
        match self.server.script.act(Moment::Body) {
            Act::Accept => (),
            Act::Hang => {
                self.server.stop.cancelled().await;
                return Ok(false);
            }
            Act::Reply(code, text) => {
                self.say(&format!("{code} {text}")).await?;
                return Ok(false);
            }
            Act::AcceptThenClose | Act::TakeThenClose | Act::Close => return Ok(false),
        }
        match self.body().await? {
            None => Ok(false),
            Some(Err(fault)) => {
                self.clear();
                self.answer(fault).await
            }
            Some(Ok(message)) => self.dot(message).await,
        }
    }

    /// The message is here: keeps it or not, as the script says.
    async fn dot(&mut self, message: Vec<u8>) -> io::Result<bool> {
        let act = self.server.script.act(Moment::Dot { message: &message });
        let is_taken = match &act {
            Act::Accept | Act::AcceptThenClose | Act::TakeThenClose => true,
            Act::Reply(code, _) => (200..300).contains(code),
            Act::Close | Act::Hang => false,
        };
        let mut n = 0;
        if is_taken {
            n = self.server.inbox.catch_mail(self.from.as_deref().unwrap_or_default(), &self.to, message);
        }
        self.clear();
        let played = self.play(act, &format!("250 2.0.0 caught as {n}")).await?;
        Ok(played != Played::Over)
    }

    /// Reads to the final dot. `None` when the client hung up before it; the reason to refuse the message where there
    /// is one.
    async fn body(&mut self) -> io::Result<Option<Result<Vec<u8>, &'static str>>> {
        let mut message = Vec::new();
        let mut fault = None;
        loop {
            let line = match line(&mut self.stream, LINE_BYTES_MAX).await? {
                Line::End => return Ok(None),
                Line::TooLong => {
                    fault = Some("554 5.6.0 a line is over 998 bytes");
                    continue;
                }
                Line::BareLineEnd => {
                    fault = Some("554 5.6.0 a line does not end with CRLF");
                    continue;
                }
                Line::Whole(line) => line,
            };
            if line == b"." {
                return Ok(Some(fault.map_or(Ok(message), Err)));
            }
            if message.len() + line.len() + 2 > MESSAGE_BYTES_MAX {
                fault = Some("552 5.3.4 the message is too large");
            }
            if fault.is_none() {
                message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                message.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Does what the script says; `friendly` is the answer of `Accept`.
    async fn play(&mut self, act: Act, friendly: &str) -> io::Result<Played> {
        match act {
            Act::Accept => {
                self.say(friendly).await?;
                Ok(Played::Accepted)
            }
            Act::AcceptThenClose => {
                self.say(friendly).await?;
                Ok(Played::Over)
            }
            Act::TakeThenClose | Act::Close => Ok(Played::Over),
            Act::Hang => {
                self.server.stop.cancelled().await;
                Ok(Played::Over)
            }
            Act::Reply(code, text) => {
                self.say(&format!("{code} {text}")).await?;
                Ok(match code {
                    421 => Played::Over,
                    ..400 => Played::Accepted,
                    400.. => Played::Refused,
                })
            }
        }
    }

    /// Answers, and the conversation goes on.
    async fn answer(&mut self, reply: &str) -> io::Result<bool> {
        self.say(reply).await?;
        Ok(true)
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await
    }

    fn clear(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

#[cfg(test)]
mod tests;
