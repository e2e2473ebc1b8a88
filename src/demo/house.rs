//! The house and its guests: what each of them does, through the doors that everybody uses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::DemoError;
use super::browser::Browser;
use super::chance::Chance;
use super::manners::{self, Deed};
use super::people::{self, Person};
use super::{events, links};
use crate::catcher::mailbox::Caught;
use crate::daemon::core::Core;
use crate::daemon::planner;
use crate::domain::event::Event;
use crate::domain::id::{BranchId, ContactId};
use crate::domain::invitation::Invitation;
use crate::domain::language::Language;
use crate::domain::seal::LinkTarget;
use crate::web;

/// Of those who look at a card, those who answer.
const ANSWER_AT_TABLE: f64 = 0.62;
/// The cards of the demo are made for this sheet.
const SHEET: &str = "L7165";

/// What somebody does at a time.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// The house's systems tell that something happened to a guest.
    Tell(Box<Event>),
    /// A guest takes notice of a message.
    React(Box<React>),
    /// A guest at a table looks at the card.
    Sit {
        /// Where.
        branch: BranchId,
        /// When: sets one guest apart from the other.
        at: DateTime<Utc>,
    },
}

/// What a guest does with a message.
#[derive(Clone, Debug)]
pub(super) struct React {
    guest: ContactId,
    deed: Deed,
    target: LinkTarget,
    survey: String,
    stop: Option<String>,
}

impl Act {
    /// Whom it is about. Two acts of one guest are done one after the other.
    pub(super) fn guest(&self) -> Option<&ContactId> {
        match self {
            Self::Tell(event) => Some(&event.contact),
            Self::React(react) => Some(&react.guest),
            Self::Sit { .. } => None,
        }
    }
}

/// The restaurants, their guests, and the cards on their tables.
pub(super) struct House {
    pub(super) core: Arc<Core>,
    /// The door for staff.
    pub(super) staff: Browser,
    guests: Browser,
    people: BTreeMap<ContactId, Person>,
    cards: Vec<(BranchId, String)>,
    seed: u64,
    n_events: AtomicU64,
    n_answers: AtomicU64,
}

impl House {
    /// Prints the cards, and lets the guests be.
    pub(super) async fn open(core: Arc<Core>, n_people: u32, seed: u64) -> Result<Self, DemoError> {
        let staff = Browser::of(web::admin(Arc::clone(&core)));
        let guests = Browser::of(web::public(Arc::clone(&core)));
        let branches = core.live.load().config.branches.clone();
        let people = people::people(n_people, seed, &branches);
        for branch in branches.values().filter(|branch| !branch.touchpoints.is_empty()) {
            let printed = staff.post_json("/api/v1/cards/print", &card_order(&branch.id)).await?;
            expect(printed.status, StatusCode::OK, "/api/v1/cards/print")?;
        }
        let listed: Value =
            serde_json::from_str(&staff.get("/api/v1/cards?limit=1000").await?.text).unwrap_or_default();
        let card = |row: &Value| {
            let branch = BranchId::parse(row.get("branch")?.as_str()?).ok()?;
            Some((branch, row.get("code")?.as_str()?.to_owned()))
        };
        let cards = listed.get("rows").and_then(Value::as_array).into_iter().flatten().filter_map(card).collect();
        let (n_events, n_answers) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { core, staff, guests, people, cards, seed, n_events, n_answers })
    }

    /// How many guests there are.
    pub(super) fn n_people(&self) -> usize {
        self.people.len()
    }

    /// How many events were told.
    pub(super) fn n_events(&self) -> u64 {
        self.n_events.load(Ordering::SeqCst)
    }

    /// How many forms were handed in by the guests of the demo.
    pub(super) fn n_answers(&self) -> u64 {
        self.n_answers.load(Ordering::SeqCst)
    }

    /// A branch and the code of a card that lies there.
    pub(super) fn a_card(&self) -> Option<&(BranchId, String)> {
        self.cards.get(self.cards.len() / 2)
    }

    /// What happens on a day, by the time at which it does.
    pub(super) fn day(&self, day: NaiveDate) -> Vec<(DateTime<Utc>, Act)> {
        let live = self.core.live.load();
        let branches = &live.config.branches;
        let told = self.people.values().filter_map(|person| Some((person, branches.get(&person.branch)?)));
        let told = told.flat_map(|(person, branch)| events::of_guest(person, branch, day, self.seed));
        let told = told.map(|event| (event.at, Act::Tell(Box::new(event))));
        let sittings = branches.values().flat_map(|branch| {
            let times = events::sittings(branch, day, self.seed).into_iter();
            times.map(|at| (at, Act::Sit { branch: branch.id.clone(), at }))
        });
        told.chain(sittings).collect()
    }

    /// What becomes of a message that was caught, if anything: guests who are played by whoever looks answer themselves.
    pub(super) async fn notice(&self, message: &Caught) -> Result<Option<(DateTime<Utc>, Act)>, DemoError> {
        let url = self.core.live.load().config.settings.public.url.clone();
        let Some(target) = links::target(message, &url, self.core.store.seal()) else { return Ok(None) };
        let Some(survey) = links::path_to(message, &url, 's') else { return Ok(None) };
        let Some(invitation) = self.core.store.invitation(&target.invitation).await? else { return Ok(None) };
        let Some(attempt) = invitation.attempt(target.attempt) else { return Ok(None) };
        if people::is_visitor(&invitation.contact) {
            return Ok(None);
        }
        let chance = Chance::about(self.seed, &["reaction", &survey]);
        let Some((delay, deed)) = manners::reaction(&chance, attempt.channel, attempt.kind) else { return Ok(None) };
        let at = manners::awake(invitation.zone, message.at + delay, &chance);
        let stop = links::path_to(message, &url, 'u');
        let react = React { guest: invitation.contact.clone(), deed, target, survey, stop };
        Ok(Some((at, Act::React(Box::new(react)))))
    }

    /// Does it.
    pub(super) async fn perform(&self, act: Act) -> Result<(), DemoError> {
        match act {
            Act::Tell(event) => self.tell(&event).await,
            Act::React(react) => self.react(&react).await,
            Act::Sit { branch, at } => self.sit(&branch, at).await,
        }
    }

    async fn tell(&self, event: &Event) -> Result<(), DemoError> {
        let Some(person) = self.people.get(&event.contact) else { return Ok(()) };
        planner::take_event(&self.core, event.clone(), person.known.clone()).await?;
        self.n_events.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn react(&self, react: &React) -> Result<(), DemoError> {
        match react.deed {
            Deed::Look => self.guests.get(&react.survey).await.map(drop),
            Deed::Answer => self.answer(react).await,
            Deed::BreakOff => {
                let seen = self.guests.post(&react.survey, &[]).await?;
                expect(seen.status, StatusCode::UNPROCESSABLE_ENTITY, &react.survey)
            }
            Deed::Unsubscribe => self.refuse(react, ("List-Unsubscribe", "One-Click")).await,
            Deed::NeverThere => self.refuse(react, ("choice", "ineligible")).await,
        }
    }

    async fn answer(&self, react: &React) -> Result<(), DemoError> {
        let Some(invitation) = self.core.store.invitation(&react.target.invitation).await? else { return Ok(()) };
        let Some(person) = self.people.get(&react.guest).filter(|_| invitation.answer.is_none()) else { return Ok(()) };
        let form = self.form(person, &invitation, &react.survey);
        let opened = self.guests.get(&react.survey).await?;
        expect(opened.status, StatusCode::OK, &react.survey)?;
        let taken = self.guests.post(&react.survey, &form).await?;
        self.n_answers.fetch_add(1, Ordering::SeqCst);
        expect(taken.status, StatusCode::SEE_OTHER, &react.survey)
    }

    fn form(&self, person: &Person, invitation: &Invitation, link: &str) -> Vec<(String, String)> {
        let live = self.core.live.load();
        let chance = Chance::about(self.seed, &["answer", link]);
        let survey = live.config.surveys.get(&invitation.survey);
        survey.map(|survey| manners::form(survey, &person.language, person.cheer, &chance)).unwrap_or_default()
    }

    async fn refuse(&self, react: &React, (name, value): (&str, &str)) -> Result<(), DemoError> {
        let Some(stop) = &react.stop else { return Ok(()) };
        let seen = self.guests.post(stop, &[(name.to_owned(), value.to_owned())]).await?;
        expect(seen.status, StatusCode::OK, stop)
    }

    async fn sit(&self, branch: &BranchId, at: DateTime<Utc>) -> Result<(), DemoError> {
        let chance = Chance::about(self.seed, &["sit", branch.as_str(), &at.to_rfc3339()]);
        let here: Vec<&String> = self.cards.iter().filter(|(known, _)| known == branch).map(|(_, code)| code).collect();
        let Some(code) = chance.pick(&here) else { return Ok(()) };
        let link = format!("/Q/{code}");
        let page = self.guests.get(&link).await?;
        expect(page.status, StatusCode::OK, &link)?;
        if !chance.hits(ANSWER_AT_TABLE) {
            return Ok(());
        }
        let live = self.core.live.load_full();
        let survey = live.config.branches.get(branch).and_then(|branch| branch.touchpoints.values().next());
        let Some(survey) = survey.and_then(|touchpoint| live.config.surveys.get(&touchpoint.survey)) else {
            return Ok(());
        };
        let mut form = manners::form(survey, &Language::english(), chance.fraction(), &chance);
        form.extend(hidden(&page.text, "form").map(|number| ("form".to_owned(), number.to_owned())));
        let taken = self.guests.post(&link, &form).await?;
        self.n_answers.fetch_add(1, Ordering::SeqCst);
        expect(taken.status, StatusCode::SEE_OTHER, &link)
    }
}

/// The order for the cards of a branch. Ordered again, the same cards are printed.
pub(super) fn card_order(branch: &BranchId) -> Value {
    json!({ "branch": branch.as_str(), "touchpoint": "*", "sheet": SHEET, "print_run": format!("demo-{branch}") })
}

/// The value of a hidden field of a page.
fn hidden<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split_once('"')?.0)
}

/// A page that does something else than it should is a fault that the demo must not hide.
fn expect(status: StatusCode, expected: StatusCode, path: &str) -> Result<(), DemoError> {
    if status == expected {
        return Ok(());
    }
    Err(DemoError::page(path, format!("it answered {status} instead of {expected}")))
}
