//! `[[test]]`: what operations say should happen, played by `canvass check`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::contact::{Consent, Contact, Phone};
use crate::domain::event::{Event, FIELDS_MAX};
use crate::domain::id::{BranchId, ContactId, EventId, JourneyId, StageId};
use crate::domain::journey::Channel;
use crate::domain::language::Language;
use crate::domain::reason::SkipReason;

use super::problem::Spot;
use super::reader::{Field, Reader};
use super::references::{Ledger, Target};
use super::values;

/// One expectation of the operator.
#[derive(Clone, Debug)]
pub struct JourneyTest {
    /// Where it stands.
    pub spot: Spot,
    /// What it claims.
    pub name: String,
    /// The journey that it belongs to.
    pub journey: JourneyId,
    /// What happens.
    pub event: Event,
    /// To whom.
    pub contact: Contact,
    /// When the daemon learns of it; the event's own time where nothing is said.
    pub now: DateTime<Utc>,
    /// The stage that is spoken of.
    pub stage: StageId,
    /// What must come of it.
    pub expected: Expected,
}

/// What must come of an event at a stage. What is `None` may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The contact is invited.
    Planned {
        /// By this channel first.
        channel: Option<Channel>,
        /// At this time.
        at: Option<DateTime<Utc>>,
    },
    /// The contact is not invited.
    Skipped {
        /// For this reason.
        reason: Option<SkipReason>,
    },
}

/// The contact and the event of a test, where it names none.
const ANYBODY: &str = "test";

/// Reads a block.
pub(super) fn read(field: Field<'_, '_>, journey: Option<&JourneyId>, ledger: &Ledger<'_>) -> Option<JourneyTest> {
    let mut table = field.table()?;
    let name = table.required("name", values::line);
    table.require("event");
    let event = table.table("event").and_then(|table| event(table, ledger));
    let now = table.optional("now", values::instant);
    table.require("expect");
    let expected = table.table("expect").and_then(|table| expectation(table, journey, ledger));
    table.finish("a test");
    let ((event, contact), (stage, expected)) = (event?, expected?);
    let now = now.unwrap_or(event.at);
    Some(JourneyTest {
        spot: field.spot(),
        name: name?,
        journey: journey?.clone(),
        event,
        contact,
        now,
        stage,
        expected,
    })
}

fn event(mut table: Reader<'_>, ledger: &Ledger<'_>) -> Option<(Event, Contact)> {
    let id = table.or("id", EventId::parse(ANYBODY).ok(), |node| values::parsed(EventId::parse)(node).map(Some));
    let kind = table.required("type", values::event_kind);
    let at = table.required("at", values::instant);
    let branch = table.optional("branch", values::parsed(BranchId::parse));
    if let Some(branch) = &branch {
        ledger.refer(table.spot("branch"), Target::Branch(branch.clone()));
    }
    let data = table.field("data", |field| {
        let fields = field.entries(|name, field| Some((name.to_owned(), field.read(values::event_value)?)))?;
        if fields.len() > FIELDS_MAX {
            return field.wrong(format!("an event has at most {FIELDS_MAX} fields"));
        }
        Some(fields.into_iter().collect::<BTreeMap<_, _>>())
    });
    table.require("contact");
    let contact = table.table("contact").and_then(|table| contact(table, ledger));
    table.finish("an event");
    let contact = contact?;
    let data = data.unwrap_or_default();
    Some((Event { id: id?, kind: kind?, at: at?, contact: contact.id.clone(), branch, data }, contact))
}

fn contact(mut table: Reader<'_>, ledger: &Ledger<'_>) -> Option<Contact> {
    let id = table.or("id", ContactId::parse(ANYBODY).ok(), |node| values::parsed(ContactId::parse)(node).map(Some));
    let mut contact = Contact::unknown(id?);
    contact.name = table.or("name", String::new(), values::line);
    contact.email = table.optional("email", values::email);
    contact.phone = table.optional("phone", values::parsed(|text| Phone::parse(text, None)));
    contact.locale = table.optional("locale", values::parsed(Language::parse));
    contact.time_zone = table.optional("time_zone", values::time_zone);
    contact.branch = table.optional("branch", values::parsed(BranchId::parse));
    if let Some(branch) = &contact.branch {
        ledger.refer(table.spot("branch"), Target::Branch(branch.clone()));
    }
    let consents = [Consent::Unknown, Consent::Granted, Consent::Refused].map(|consent| (consent.as_str(), consent));
    contact.consent_email = table.or("consent_email", Consent::Unknown, values::one_of("a consent", &consents));
    contact.consent_sms = table.or("consent_sms", Consent::Unknown, values::one_of("a consent", &consents));
    table.finish("a contact");
    Some(contact)
}

fn expectation(mut table: Reader<'_>, journey: Option<&JourneyId>, ledger: &Ledger<'_>) -> Option<(StageId, Expected)> {
    let stage = table.required("stage", values::parsed(StageId::parse));
    if let Some((journey, stage)) = journey.zip(stage.as_ref()) {
        ledger.refer(table.spot("stage"), Target::Stage(journey.clone(), stage.clone()));
    }
    let decisions = [("planned", true), ("skipped", false)];
    let planned = table.or("decision", true, values::one_of("a decision", &decisions));
    let expected = if planned {
        let channels = Channel::ALL.map(|channel| (channel.as_str(), channel));
        let channel = table.optional("channel", values::one_of("a channel", &channels));
        let expected = Expected::Planned { channel, at: table.optional("at", values::instant) };
        table.asks_for(&["reason"]);
        if table.has("reason") {
            table.wrong::<()>("reason", "only what is skipped has a reason; add decision = \"skipped\"");
        }
        expected
    } else {
        let reasons = SkipReason::ALL.map(|reason| (reason.as_str(), reason));
        Expected::Skipped { reason: table.optional("reason", values::one_of("a reason", &reasons)) }
    };
    table.finish(if planned { "what is expected" } else { "what is expected when nothing is sent" });
    Some((stage?, expected))
}
