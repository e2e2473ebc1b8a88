//! What the servers of a crash have been given: the truth that the product's records are held against.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::{gateway, relay, sink::Sink};

/// An invitation's id, and the number of the attempt.
pub(crate) type MessageName = (String, u64);

/// How servers treat messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Manners {
    /// They take each.
    WellBehaved,
    /// They refuse some and put others off, before and after they were given whole.
    Failing,
    /// They say nothing to some, before and after they were given whole, and hold the connection.
    Hanging,
    /// They close the connection when they have been given a message whole, and say nothing to it.
    ClosingAfterBody,
}

/// Messages that were given whole, and how often, where they may have been taken.
pub(crate) type Arrived = BTreeMap<MessageName, usize>;

/// What the servers in this process keep.
#[derive(Debug)]
struct Ledger {
    mails: Arrived,
    texts: Arrived,
    chance: StdRng,
}

/// A mail server and an SMS gateway, and what they were given.
pub(crate) struct Servers {
    mail: MailServer,
    gateway: gateway::Gateway,
    ledger: Arc<Mutex<Ledger>>,
}

enum MailServer {
    /// A real one, as long as it is only to take mail.
    Sink(Sink),
    Relay(relay::Relay),
}

impl Servers {
    /// Starts both.
    pub(crate) fn start(manners: Manners, seed: u64) -> Self {
        let chance = StdRng::seed_from_u64(seed);
        let ledger = Arc::new(Mutex::new(Ledger { mails: Arrived::new(), texts: Arrived::new(), chance }));
        let (of_mail, of_text) = (Arc::clone(&ledger), Arc::clone(&ledger));
        let mail = match manners {
            Manners::WellBehaved => MailServer::Sink(Sink::start(&[])),
            Manners::Failing | Manners::Hanging | Manners::ClosingAfterBody => {
                MailServer::Relay(relay::Relay::start(move |asked| lock(&of_mail).answer_mail(manners, asked)))
            }
        };
        let gateway = gateway::Gateway::start(move |body| lock(&of_text).answer_text(manners, body));
        Self { mail, gateway, ledger }
    }

    /// The port of 127.0.0.1 that takes mail.
    pub(crate) fn smtp_port(&self) -> u16 {
        match &self.mail {
            MailServer::Sink(sink) => sink.smtp_port(),
            MailServer::Relay(relay) => relay.port(),
        }
    }

    pub(crate) fn gateway(&self) -> &gateway::Gateway {
        &self.gateway
    }

    /// How many mails have begun to arrive.
    pub(crate) fn n_mails(&self) -> usize {
        match &self.mail {
            MailServer::Sink(sink) => sink.n_begun(),
            MailServer::Relay(_) => lock(&self.ledger).mails.len(),
        }
    }

    /// How many text messages have arrived.
    pub(crate) fn n_texts(&self) -> usize {
        lock(&self.ledger).texts.len()
    }

    /// All mails.
    pub(crate) fn mails(&self) -> Arrived {
        let sink = match &self.mail {
            MailServer::Sink(sink) => sink,
            MailServer::Relay(_) => return lock(&self.ledger).mails.clone(),
        };
        let mut mails = Arrived::new();
        for message in sink.messages() {
            *mails.entry(name_of_mail(str::from_utf8(&message).unwrap())).or_default() += 1;
        }
        mails
    }

    /// All text messages.
    pub(crate) fn texts(&self) -> Arrived {
        lock(&self.ledger).texts.clone()
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap()
}

impl Ledger {
    fn answer_mail(&mut self, manners: Manners, asked: relay::Asked<'_>) -> relay::Answer {
        use relay::{Answer, Asked};
        let lot = self.chance.random_range(0..100);
        let answer = match (manners, asked) {
            (Manners::Failing, Asked::Recipient(_)) => match lot {
                0..10 => Answer::Reply("450 4.2.0 try again later"),
                10..15 => Answer::Reply("550 5.1.1 no such guest"),
                15..17 => Answer::Reply("421 4.7.0 too many at once"),
                _ => Answer::Taken,
            },
            (Manners::Failing, Asked::Mail { .. }) => match lot {
                0..10 => Answer::Reply("451 4.3.0 try again later"),
                10..15 => Answer::Reply("554 5.7.1 not wanted"),
                _ => Answer::Taken,
            },
            (Manners::Hanging, Asked::Recipient(_)) if lot < 2 => Answer::Silence,
            (Manners::Hanging, Asked::Mail { .. }) if lot < 4 => Answer::Silence,
            (Manners::ClosingAfterBody, Asked::Mail { .. }) if lot < 20 => Answer::HangUp,
            (Manners::WellBehaved | Manners::Hanging | Manners::ClosingAfterBody, _) => Answer::Taken,
        };
        if let Asked::Mail { text, .. } = asked
            && !matches!(answer, Answer::Reply(_))
        {
            *self.mails.entry(name_of_mail(text)).or_default() += 1;
        }
        answer
    }

    fn answer_text(&mut self, manners: Manners, body: &str) -> gateway::Answer {
        use gateway::Answer;
        let lot = self.chance.random_range(0..100);
        let answer = match manners {
            Manners::Failing => match lot {
                0..10 => Answer::Status(503),
                10..15 => Answer::Status(400),
                15..20 => Answer::Status(500),
                _ => Answer::Taken,
            },
            Manners::Hanging if lot < 4 => Answer::Silence,
            Manners::ClosingAfterBody if lot < 20 => Answer::HangUp,
            Manners::WellBehaved | Manners::Hanging | Manners::ClosingAfterBody => Answer::Taken,
        };
        if !matches!(answer, Answer::Status(_)) {
            *self.texts.entry(name_of_text(body)).or_default() += 1;
        }
        answer
    }
}

/// The id of a mail is made of the invitation, the number of the attempt and a domain.
fn name_of_mail(text: &str) -> MessageName {
    let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: <")).unwrap();
    let (id, _) = id.split_once('@').unwrap();
    name(id.split_once('.').unwrap())
}

/// The reference of a text message is made of the invitation and the number of the attempt.
fn name_of_text(body: &str) -> MessageName {
    let mut fields = form_urlencoded::parse(body.as_bytes());
    let (_, reference) = fields.find(|(field, _)| field == "Reference").unwrap();
    name(reference.rsplit_once('-').unwrap())
}

fn name((invitation, attempt): (&str, &str)) -> MessageName {
    (invitation.to_owned(), attempt.parse().unwrap())
}
