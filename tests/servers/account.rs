//! What became of every invitation: what the product says, held against what its servers were given.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Display},
};

use serde_json::Value;

use crate::{
    arrivals::{Arrived, MessageName},
    http,
    ordeal::Prepared,
    product::Installation,
};

/// Every invitation and every message, counted; and each that must not be, by name.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) n_kills: usize,
    pub(crate) n_invitations: usize,
    /// Mails and text messages that a server was given whole, each once however often it came.
    pub(crate) n_arrived: usize,
    /// Invitations by what they are now. Refused ones are at an end: no server wanted their messages.
    pub(crate) n_accepted: usize,
    pub(crate) n_waiting: usize,
    pub(crate) n_held: usize,
    pub(crate) n_refused: usize,
    /// Invitations whose answer is still awaited, because the message may have come before it was refused: a kill left its
    /// first outcome unknown.
    pub(crate) n_unclear: usize,
    /// Attempts that are in the list of unknown outcomes.
    pub(crate) n_unknown: usize,
    /// Mails that came more than once and are in that list.
    pub(crate) n_doubled_and_listed: usize,
    /// Invitations that nobody will hear of any more, although no server refused their messages, with what is
    /// recorded of them.
    pub(crate) lost: Vec<String>,
    /// Mails that came more than once and are not in the list.
    pub(crate) doubled_mails: Vec<String>,
    /// Text messages that came more than once.
    pub(crate) doubled_texts: Vec<String>,
    /// Messages that came, and of which the record says that they did not.
    pub(crate) denied: Vec<String>,
}

/// What is recorded of an attempt.
struct Recorded {
    outcome: String,
    was_unknown: bool,
}

impl Account {
    /// Asks the running daemon and the servers. Retries may fall due meanwhile, so what came is looked up twice: before
    /// the records, which must admit to it, and after them, where they must have told the truth.
    pub(crate) fn of(prepared: &Prepared, n_kills: usize) -> Self {
        let Prepared { installation, servers, planned, .. } = prepared;
        let before = [servers.mails(), servers.texts()];
        let mut invitations = Vec::new();
        each_invitation(installation, |invitation| invitations.push(invitation.clone()));
        let [mails, texts] = [servers.mails(), servers.texts()];
        let listed = listed(installation);
        let mut account = Self {
            n_kills,
            n_invitations: planned.len(),
            n_arrived: mails.len() + texts.len(),
            n_unknown: listed.len(),
            ..Self::default()
        };
        let mut missing = planned.clone();
        for invitation in &invitations {
            missing.remove(invitation["id"].as_str().unwrap());
            account.count(invitation, &mails, &texts);
        }
        account.lost.extend(missing.into_iter().map(|id| format!("{id} is not in the store")));
        let attempts: BTreeMap<_, _> = invitations.iter().flat_map(recorded).collect();
        for name in before.iter().flat_map(BTreeMap::keys) {
            account.check_arrived(name, attempts.get(name), &listed);
        }
        account.check_doubled(&mails, &texts, &listed);
        account
    }

    /// Panics, with the table and the stories, when an invitation is lost, or a message doubled that is not listed.
    #[track_caller]
    pub(crate) fn check(&self) {
        assert!(self.is_good(), "{self}");
    }

    /// Whether nothing is lost, and nothing doubled that is not listed.
    pub(crate) fn is_good(&self) -> bool {
        self.faults().iter().all(|(_, names)| names.is_empty())
    }

    fn faults(&self) -> [(&'static str, &[String]); 4] {
        [
            ("invitations lost", &self.lost),
            ("mails that came twice and are not listed", &self.doubled_mails),
            ("text messages that came twice", &self.doubled_texts),
            ("messages that came and are said not to have", &self.denied),
        ]
    }

    fn count(&mut self, invitation: &Value, mails: &Arrived, texts: &Arrived) {
        let attempts: Vec<_> = recorded(invitation).collect();
        let last = attempts.last().map(|(name, recorded)| (name, recorded.outcome.as_str()));
        let has_arrived = |name: &MessageName| mails.contains_key(name) || texts.contains_key(name);
        let was_unknown = || attempts.iter().any(|(_, recorded)| recorded.was_unknown);
        let all_refused = || attempts.iter().all(|(_, recorded)| recorded.outcome == "refused");
        match (invitation["state"].as_str().unwrap(), last) {
            ("asked", Some((name, "accepted"))) if has_arrived(name) => self.n_accepted += 1,
            ("asked", Some((_, "refused"))) if was_unknown() => self.n_unclear += 1,
            ("waiting", _) if invitation["due_at"].is_string() => self.n_waiting += 1,
            ("sending", Some(_)) => self.n_waiting += 1,
            ("held", Some((_, "unknown"))) => self.n_held += 1,
            ("closed", Some(_)) if all_refused() => self.n_refused += 1,
            _ => self.lost.push(invitation.to_string()),
        }
    }

    /// What came was either accepted, or nobody can say what it was, or nobody can say so yet.
    fn check_arrived(&mut self, name: &MessageName, recorded: Option<&Recorded>, listed: &BTreeSet<MessageName>) {
        let is_listed = || listed.contains(name);
        let is_admitted = recorded.is_some_and(|recorded| {
            matches!(recorded.outcome.as_str(), "accepted" | "sending") || recorded.was_unknown && is_listed()
        });
        if !is_admitted {
            let outcome = recorded.map_or("not recorded", |recorded| recorded.outcome.as_str());
            self.denied.push(format!("{name:?} is {outcome}"));
        }
    }

    fn check_doubled(&mut self, mails: &Arrived, texts: &Arrived, listed: &BTreeSet<MessageName>) {
        let doubled =
            |arrived: &Arrived| arrived.iter().filter(|(_, n)| 1 < **n).map(|(name, _)| name.clone()).collect();
        let (doubled_mails, doubled_texts): (Vec<_>, Vec<_>) = (doubled(mails), doubled(texts));
        let (and_listed, unlisted): (Vec<_>, Vec<_>) =
            doubled_mails.into_iter().partition(|name| listed.contains(name));
        self.n_doubled_and_listed = and_listed.len();
        self.doubled_mails = unlisted.iter().map(|name| format!("{name:?}")).collect();
        self.doubled_texts = doubled_texts.iter().map(|name: &MessageName| format!("{name:?}")).collect();
    }
}

impl Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            ("kills", self.n_kills),
            ("invitations planned", self.n_invitations),
            ("  accepted", self.n_accepted),
            ("  waiting for their time, or on their way", self.n_waiting),
            ("  held, because their outcome is unknown", self.n_held),
            ("  refused by all servers", self.n_refused),
            ("  refused, but unknown before and so awaited", self.n_unclear),
            ("messages that came", self.n_arrived),
            ("messages listed as unknown", self.n_unknown),
            ("mails that came twice and are listed", self.n_doubled_and_listed),
        ];
        let faults = self.faults();
        for (what, n) in counts.into_iter().chain(faults.map(|(what, names)| (what, names.len()))) {
            writeln!(f, "{what:<48}{n:>8}")?;
        }
        for (what, names) in faults {
            names.iter().try_for_each(|name| writeln!(f, "{what}: {name}"))?;
        }
        Ok(())
    }
}

fn recorded(invitation: &Value) -> impl Iterator<Item = (MessageName, Recorded)> {
    let id = invitation["id"].as_str().unwrap();
    invitation["attempts"].as_array().unwrap().iter().map(|attempt| {
        let outcome = attempt["outcome"].as_str().unwrap().to_owned();
        let was_unknown = attempt["was_unknown"].as_bool().unwrap();
        ((id.to_owned(), attempt["number"].as_u64().unwrap()), Recorded { outcome, was_unknown })
    })
}

/// The messages that the list of unknown outcomes names.
fn listed(installation: &Installation) -> BTreeSet<MessageName> {
    let listed = installation.json(&["unknown", "list"]);
    let rows = listed["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["invitation"].as_str().unwrap().to_owned(), row["attempt"].as_u64().unwrap())).collect()
}

fn each_invitation(installation: &Installation, mut take: impl FnMut(&Value)) {
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/invitations?limit=1000{after}");
        let page: Value = serde_json::from_str(&http::get(installation.admin_port(), &path).1).unwrap();
        page["rows"].as_array().unwrap().iter().for_each(&mut take);
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return,
        }
    }
}
