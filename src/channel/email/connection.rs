//! One conversation with the relay, message by message, each step with its own time limit.
//!
//! Lettre's client cannot be used: it does not pipeline, its time limit covers the TCP connect only, and it does not say
//! in which phase it failed. Where the relay offers PIPELINING (RFC 2920), MAIL, RCPT and DATA leave in one write, which
//! saves two of four round trips; the answers come back in the order of the commands and each is judged by itself. While
//! other messages wait, the commands of the next one leave with the final dot of this one (§3.1), which saves the third. The
//! message itself waits for its 354 in any case, and a flag says whether its final dot was begun: before that no server may
//! take it, after that any may have.
//!
//! A connection that met anything but a clean refusal is never used again.

use std::time::Duration;

use tokio::time::Instant;

use super::SmtpTimeouts;
use super::dial::{Relay, dial};
use super::letter::{COMMANDS, Commands, Letter};
use super::offers::{Offer, Offers};
use super::reply::{Phase, Reply, Trouble};
use super::wire::{Wire, within};

/// The longest that a refused message is kept waiting for its connection to become usable again.
const CLEARING_MAX: Duration = Duration::from_secs(10);
/// Messages refused in a row before a connection is given up. Servers count the mistakes of a client and hang up on it
/// (Postfix at 20), and a refused recipient that DATA was pipelined with makes two.
const REFUSALS_MAX: u32 = 5;

/// An open connection, between two messages.
pub(super) struct Connection {
    wire: Wire,
    offers: Offers,
    limits: SmtpTimeouts,
    n_messages: u32,
    n_refusals: u32,
    idle_since: Instant,
    /// Whether the last message was answered quickly.
    is_brisk: bool,
    usable: bool,
}

impl Connection {
    /// Connects, encrypts, greets and logs in.
    pub(super) async fn open(relay: &Relay) -> Result<Self, Trouble> {
        let (wire, offers) = dial(relay).await?;
        Ok(Self {
            wire,
            offers,
            limits: relay.limits,
            n_messages: 0,
            n_refusals: 0,
            idle_since: Instant::now(),
            is_brisk: false,
            usable: true,
        })
    }

    /// Sends one message. `next` is asked for another whose commands may be said with its final dot; it is given back when
    /// they were, and that message must be the next. On an error the phase says how far the message came.
    pub(super) async fn carry<N: AsRef<Commands>>(
        &mut self,
        letter: &Letter<'_>,
        next: impl FnOnce(&Self) -> Option<N>,
    ) -> (Result<Reply, (Phase, Trouble)>, Option<N>) {
        self.usable = false;
        self.n_messages += 1;
        let (done, next) = match self.open_data(letter.commands()).await {
            Ok(()) => {
                let next = if self.is_brisk && self.offers.has(Offer::Pipelining) { next(self) } else { None };
                self.message(letter, next).await
            }
            Err(err) => (Err(err), None),
        };
        self.usable = match &done {
            Ok(_) => {
                self.n_refusals = 0;
                true
            }
            Err((phase, trouble)) => {
                self.n_refusals += 1;
                self.n_refusals < REFUSALS_MAX && is_clean_refusal(trouble) && self.clear(*phase).await
            }
        };
        self.idle_since = Instant::now();
        (done, next.filter(|_| self.usable))
    }

    /// What a message needs that the relay does not offer; `None` when it can be sent.
    pub(super) fn lacks(&self, commands: &Commands) -> Option<&'static str> {
        commands.lack(&self.offers)
    }

    /// Whether any message may follow.
    pub(super) fn is_usable(&self) -> bool {
        self.usable && !self.is_told()
    }

    /// Whether the commands of the next message have been said, so that it must be this one.
    pub(super) fn is_told(&self) -> bool {
        self.wire.n_owed() > 0
    }

    /// Messages begun on it.
    pub(super) fn n_messages(&self) -> u32 {
        self.n_messages
    }

    /// When it was last used.
    pub(super) fn idle_since(&self) -> Instant {
        self.idle_since
    }

    /// Takes leave and closes.
    pub(super) async fn quit(mut self) {
        // What the server says to this changes nothing: the connection is closed either way.
        drop(self.wire.ask(self.limits.command, b"QUIT\r\n", is_done).await);
    }

    /// MAIL, RCPT and DATA, up to the 354. The first of them that is not answered as hoped is the one that counts.
    async fn open_data(&mut self, commands: &Commands) -> Result<(), (Phase, Trouble)> {
        let (limits, is_pipelined) = (self.limits, self.offers.has(Offer::Pipelining));
        if is_pipelined && !self.is_told() {
            let said = within(limits.command, self.wire.say(commands.all(), COMMANDS)).await;
            said.map_err(|trouble| (Phase::Mail, trouble))?;
        }
        for (phase, command) in [Phase::Mail, Phase::Rcpt, Phase::Data].into_iter().zip(commands.each()) {
            let is_data = phase == Phase::Data;
            let limit = if is_data { limits.data } else { limits.command };
            let is_expected = if is_data { is_go_ahead } else { is_done };
            let answered = if is_pipelined {
                self.wire.expect(limit, is_expected).await
            } else {
                self.wire.ask(limit, command, is_expected).await
            };
            answered.map_err(|trouble| (phase, trouble))?;
        }
        Ok(())
    }

    /// Writes the message, the dot and what comes before the next message, and hears the answer to this one. Where that
    /// takes long the next is let go: it may be sooner on another connection.
    async fn message<N: AsRef<Commands>>(
        &mut self,
        letter: &Letter<'_>,
        mut next: Option<N>,
    ) -> (Result<Reply, (Phase, Trouble)>, Option<N>) {
        let ahead = next.as_ref().map_or((&[][..], 0), |next| (next.as_ref().all(), COMMANDS));
        let mut is_dotted = false;
        let poured = within(self.limits.transfer, self.wire.pour(letter.content(), ahead, &mut is_dotted)).await;
        if let Err(trouble) = poured {
            return (Err((if is_dotted { Phase::Dot } else { Phase::Body }, trouble)), None);
        }
        let (begun, limit) = (Instant::now(), self.limits.after_dot);
        let patience = if next.is_some() { limit.min(self.limits.ahead) } else { limit };
        let mut answer = self.wire.expect(patience, is_done).await.map(Reply::from);
        if patience < limit && matches!(answer, Err(Trouble::Late(_))) {
            next = None;
            answer = self.wire.expect(limit.saturating_sub(patience), is_done).await.map(Reply::from);
        }
        self.is_brisk = begun.elapsed() <= self.limits.ahead / 2;
        (answer.map_err(|trouble| (Phase::Dot, trouble)), next)
    }

    /// Whether another message may follow one that was refused in this phase: what the server still owes is heard, so
    /// that no answer is left over for the next message, and what it was told is taken back.
    async fn clear(&mut self, refused: Phase) -> bool {
        if refused == Phase::Dot {
            // The transaction ended with it.
            return true;
        }
        let limit = self.limits.command.min(CLEARING_MAX);
        within(limit, self.take_back(refused)).await.is_ok()
    }

    async fn take_back(&mut self, refused: Phase) -> Result<(), Trouble> {
        let limits = self.limits;
        while self.wire.n_owed() > 0 {
            let is_last = self.wire.n_owed() == 1;
            match self.wire.hear().await? {
                answer if is_refusal(answer.code) => (),
                // DATA was taken though its only recipient was not. The lone dot ends it, and must be refused as well (RFC
                // 2920 §3.1); the other end is not trusted any further if it takes an empty message for nobody.
                answer if is_last && is_go_ahead(answer.code) && refused == Phase::Rcpt => {
                    self.wire.ask(limits.after_dot, b".\r\n", is_refusal).await?;
                }
                answer => return Err(Trouble::Answer(Reply::from(answer))),
            }
        }
        self.wire.ask(limits.command, b"RSET\r\n", is_done).await.map(drop)
    }
}

/// An answer after which the conversation may go on.
fn is_clean_refusal(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Answer(reply) if is_refusal(reply.code))
}

/// A no; 421 announces that the server hangs up, and is none.
fn is_refusal(code: u16) -> bool {
    (400..600).contains(&code) && code != 421
}

fn is_done(code: u16) -> bool {
    (200..300).contains(&code)
}

fn is_go_ahead(code: u16) -> bool {
    code == 354
}
