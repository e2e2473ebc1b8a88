//! What a server's answer means for the message: the outcome table.
//!
//! A pure function of the phase and of [what the codes mean](crate::domain::status_code). Three questions
//! decide. May the message have been taken? Then nobody may say it was not. Whose fault is it? What is wrong with the
//! sender, the relay or the network must cost no recipient anything. Is the address dead? Only a code that says so in
//! so many words makes it so: a bare 550 or 553 stands for a policy as often as for an unknown mailbox (RFC 5321
//! §4.2.3), a wrong suppression is silent and lasts until a person lifts it, while the next occasion will ask again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::answer::Answer;
use crate::domain::attempt::{Obstacle, Outcome, REPLY_CHARS_MAX};
use crate::domain::status_code::StatusCode;

/// Longest pause that a server's words can ask for.
const PAUSE_SECONDS_MAX: i64 = 3600;

/// How far a message had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Connecting, TLS, greeting, EHLO, AUTH.
    Hello,
    /// MAIL.
    Mail,
    /// RCPT: from here on the conversation is about the recipient.
    Rcpt,
    /// DATA.
    Data,
    /// Writing the message; not one byte of the final dot is written.
    Body,
    /// The final dot is written, at least in part.
    Dot,
}

/// Why a step did not end as hoped.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server answered something else.
    Answer(Reply),
    /// No answer could be read.
    Lost(String),
    /// No answer came in time.
    Late(Duration),
}

/// A server's answer.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// The three digits.
    pub(super) code: u16,
    status: StatusCode,
    text: String,
}

/// A reply may name an address, so `Debug` shows the code only.
impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reply({})", self.code)
    }
}

impl Reply {
    /// An answer with the lines of its text joined.
    pub(super) fn read(code: u16, text: &str) -> Self {
        let text: String = text.chars().filter(|c| !c.is_control()).take(REPLY_CHARS_MAX).collect();
        Self { code, status: StatusCode::of_reply(code, &text), text }
    }

    /// Code and text, as the server sent them.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.code, self.text).trim_end().to_owned()
    }

    /// Whether it is about who we are: user name and password (RFC 4954 §6), or that there were none.
    pub(super) fn refuses_login(&self) -> bool {
        self.status.wants_login()
    }

    /// The pause that the server asked for in words: greylisting and rate limits say `300 seconds` or `5 minutes`.
    fn pause(&self) -> Option<TimeDelta> {
        let words: Vec<_> = self.text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        words.windows(2).find_map(|pair| {
            let [number, unit] = pair else { return None };
            let number: i64 = number.parse().ok()?;
            let seconds = match unit.to_ascii_lowercase().as_str() {
                "s" | "sec" | "secs" | "second" | "seconds" => number,
                "min" | "mins" | "minute" | "minutes" => number.checked_mul(60)?,
                _ => return None,
            };
            (1..=PAUSE_SECONDS_MAX).contains(&seconds).then(|| TimeDelta::seconds(seconds))
        })
    }
}

/// The lines are joined. What is not ASCII is not shown: nobody says which character set it is in.
impl From<Answer<'_>> for Reply {
    fn from(answer: Answer<'_>) -> Self {
        let mut text = String::new();
        for line in answer.texts() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.extend(line.iter().map(|&byte| if byte.is_ascii() { char::from(byte) } else { '?' }));
        }
        Self::read(answer.code, &text)
    }
}

/// The outcome of a message that met trouble in `phase`.
pub(super) fn outcome(phase: Phase, trouble: &Trouble, now: DateTime<Utc>) -> Outcome {
    match trouble {
        Trouble::Answer(reply) => answered(phase, reply, now),
        Trouble::Lost(what) => unanswered(phase, what.clone()),
        Trouble::Late(limit) => unanswered(phase, format!("no answer within {limit:?}")),
    }
}

fn answered(phase: Phase, reply: &Reply, now: DateTime<Utc>) -> Outcome {
    let not_before = reply.pause().and_then(|pause| now.checked_add_signed(pause));
    let deferred = |obstacle| Outcome::Deferred { not_before, reply: reply.words(), obstacle };
    let refused = |address_dead| Outcome::Refused { reply: reply.words(), address_dead };
    if phase == Phase::Hello || reply.status.wants_login() {
        return deferred(Obstacle::Route { slow_down: false });
    }
    match reply.code {
        // A message that is too large stays so.
        500..=599 if phase == Phase::Mail && reply.status.says_too_large() => refused(false),
        // MAIL names nobody but us, so no recipient and no domain may pay for it.
        400..=599 if phase == Phase::Mail => deferred(Obstacle::Route { slow_down: false }),
        400..=499 => deferred(reply.status.obstacle()),
        500..=599 if reply.status.blames_sender() => deferred(Obstacle::Sender),
        // A route that is missing today may be there tomorrow. Some say this of one mailbox, so it says nothing of others.
        500..=599 if reply.status.says_no_way() => deferred(Obstacle::Recipient),
        // One recipient a message: what is said of the mailbox is said of this one, at RCPT or after the dot.
        500..=599 => refused(reply.status.says_dead()),
        // Neither yes nor no, after the dot.
        _ if phase == Phase::Dot => Outcome::Unknown { reply: reply.words() },
        _ => deferred(Obstacle::Route { slow_down: false }),
    }
}

fn unanswered(phase: Phase, reply: String) -> Outcome {
    let deferred = |reply, obstacle| Outcome::Deferred { not_before: None, reply, obstacle };
    match phase {
        Phase::Hello | Phase::Mail => deferred(reply, Obstacle::Route { slow_down: false }),
        // A message that breaks its server must not stop all others. If it was the relay, the next connect will tell.
        Phase::Rcpt | Phase::Data | Phase::Body => deferred(reply, Obstacle::Recipient),
        Phase::Dot => Outcome::Unknown { reply },
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::shape;
    use super::Phase::{Body, Data, Dot, Hello, Mail, Rcpt};
    use super::*;

    #[track_caller]
    fn check(phase: Phase, code: u16, text: &str, expected: &str) {
        let reply = Reply::read(code, text);
        let found = shape(&outcome(phase, &Trouble::Answer(reply), DateTime::UNIX_EPOCH));
        assert_eq!(found, expected, "{phase:?} {code} {text}");
    }

    #[test]
    fn only_codes_that_say_so_make_an_address_dead() {
        for text in ["5.1.1 no such user", "5.1.2 no such host", "5.1.10 null mx", "5.2.1 disabled"] {
            check(Rcpt, 550, text, "refused dead=true");
            check(Dot, 550, text, "refused dead=true");
        }
        check(Rcpt, 552, "5.2.2 mailbox full", "refused dead=false");
        check(Rcpt, 550, "5.7.1 blocked", "refused dead=false");
        check(Rcpt, 550, "user unknown", "refused dead=false");
        check(Rcpt, 553, "mailbox name not allowed", "refused dead=false");
        check(Rcpt, 550, "4.1.1 classes that disagree", "refused dead=false");
        check(Data, 554, "no valid recipients", "refused dead=false");
        check(Dot, 554, "5.7.1 spam", "refused dead=false");
    }

    #[test]
    fn what_may_pass_is_deferred_by_the_recipient_unless_it_clearly_is_not() {
        for phase in [Rcpt, Data, Dot] {
            for text in ["4.2.0 greylisted", "4.7.1 greylisted", "4.2.1 busy", "4.2.2 full", "4.3.0 later", "later"] {
                check(phase, 450, text, "deferred by Recipient");
            }
        }
        check(Rcpt, 452, "4.5.3 too many recipients", "deferred by Recipient");
        check(Rcpt, 450, "4.1.2 domain not found", "deferred by Recipient");
        check(Rcpt, 550, "5.4.1 access denied", "deferred by Recipient");
    }

    #[test]
    fn a_domain_that_wants_less_is_told_from_one_that_is_out_of_order() {
        for phase in [Rcpt, Data, Dot] {
            check(phase, 421, "4.3.2 shutting down", "deferred by Domain { slow_down: true }");
            check(phase, 421, "too many", "deferred by Domain { slow_down: true }");
            for detail in ["4.7.0", "4.7.28", "4.7.26", "4.7.500", "4.7.650", "4.7.651", "4.4.5"] {
                check(phase, 451, &format!("{detail} not so fast"), "deferred by Domain { slow_down: true }");
            }
            for detail in ["4.3.1", "4.3.2", "4.4.1", "4.4.3"] {
                check(phase, 451, &format!("{detail} not now"), "deferred by Domain { slow_down: false }");
            }
            for detail in ["5.7.9", "5.7.26", "5.7.515"] {
                check(phase, 550, &format!("{detail} not you"), "deferred by Sender");
            }
        }
    }

    #[test]
    fn before_a_recipient_is_named_only_the_route_can_be_at_fault() {
        for phase in [Hello, Mail] {
            check(phase, 421, "4.3.2 shutting down", "deferred by Route { slow_down: false }");
            check(phase, 451, "4.7.28 not so fast", "deferred by Route { slow_down: false }");
            check(phase, 454, "4.7.0 no tls today", "deferred by Route { slow_down: false }");
            check(phase, 554, "5.7.1 go away", "deferred by Route { slow_down: false }");
            check(phase, 550, "5.7.26 unauthenticated", "deferred by Route { slow_down: false }");
        }
        for phase in [Hello, Mail, Rcpt, Data, Dot] {
            check(phase, 530, "5.7.0 log in first", "deferred by Route { slow_down: false }");
            check(phase, 535, "5.7.8 wrong password", "deferred by Route { slow_down: false }");
        }
        check(Mail, 553, "5.1.8 sender rejected", "deferred by Route { slow_down: false }");
        check(Mail, 552, "5.3.4 too large", "refused dead=false");
        check(Data, 250, "ok", "deferred by Route { slow_down: false }");
        check(Dot, 354, "go on", "unknown");
    }

    #[test]
    fn without_an_answer_the_phase_decides() {
        let of = |phase| shape(&outcome(phase, &Trouble::Lost("reset".to_owned()), DateTime::UNIX_EPOCH));
        assert_eq!(
            [Hello, Mail].map(of),
            ["deferred by Route { slow_down: false }", "deferred by Route { slow_down: false }"]
        );
        assert_eq!([Rcpt, Data, Body].map(of), ["deferred by Recipient"; 3]);
        assert_eq!(of(Dot), "unknown");
    }

    #[test]
    fn a_pause_is_read_from_the_words_of_a_greylist() {
        let pause = |text| Reply::read(450, text).pause().map(|pause| pause.num_seconds());
        assert_eq!(pause("4.2.0 Greylisted, try again in 300 seconds"), Some(300));
        assert_eq!(pause("4.7.1 please come back in 5 minutes."), Some(300));
        assert_eq!(pause("4.2.0 try again later"), None);
        assert_eq!(pause("4.2.0 try again in 99999999999999999999 seconds"), None);
        assert_eq!(pause("4.2.0 try again in 90000 minutes"), None);
    }

    #[test]
    fn the_servers_words_are_kept_without_line_ends_and_bounded() {
        let reply = Reply::read(550, &format!("5.1.1 no\r\n such user {}", "x".repeat(1_000)));
        assert!(reply.words().starts_with("550 5.1.1 no such user x"));
        assert!(reply.words().chars().count() <= REPLY_CHARS_MAX + 4);
        assert_eq!(Reply::read(250, "").words(), "250");
    }
}
