//! Messages from telephones: a survey is answered, ended or begun again by text message.
//!
//! One unit of work notes the message, what it changes and what is said to it, so that the same message, brought again by a
//! gateway that got no answer, finds all of it done or nothing. Whose message it is the number says, and which survey it
//! is about the last text message that went there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::view::{Reading, View};
use super::super::{StoreError, keys, reads, record};
use super::answers::{InvitationAnswer, Recorded, Way};
use super::{addresses, answers, invitations, suppressions};
use crate::domain::attempt::{Attempt, Fate};
use crate::domain::contact::{Consent, Contact};
use crate::domain::conversation::{Conversation, Line};
use crate::domain::id::{BranchId, ContactId, SurveyId};
use crate::domain::invitation::{Invitation, Replied};
use crate::domain::journey::Channel;
use crate::domain::language::Language;
use crate::domain::seal::{LinkTarget, Seal};
use crate::domain::suppression::{Suppression, SuppressionReason};
use crate::domain::survey::Survey;
use crate::domain::survey::occasion::Occasion;
use crate::domain::text_turn::{self, ByText, Next, Turn};
use crate::domain::text_words::Keyword;

/// How long after the end of its window an answer to an invitation is still taken for one.
const LATE_FOR: TimeDelta = TimeDelta::days(30);
/// What the source of an entry of the suppression list begins with that a message put there.
const REPLY_TO: &str = "reply to ";

/// A message from a telephone. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Inbound {
    /// The gateway that brought it.
    pub gateway: String,
    /// The mark of the number that it came from.
    pub from: [u8; 16],
    /// The mark of its id, or of its words where the gateway gives none.
    pub message: [u8; 8],
    /// Whether it has an id.
    pub has_id: bool,
    /// What it says.
    pub text: String,
    /// What it wants, if it is one of the words for that.
    pub keyword: Option<Keyword>,
    /// Whether the gateway takes an answer.
    pub can_reply: bool,
    /// The surveys of which more is asked by text message than one question.
    pub whole: BTreeSet<SurveyId>,
    /// What people read.
    pub languages: Languages,
    /// When it came.
    pub now: DateTime<Utc>,
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbound({})", self.gateway)
    }
}

/// What people read, where it is not known of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Languages {
    /// By branch.
    pub branches: BTreeMap<BranchId, Language>,
    /// Everywhere else.
    pub default: Language,
}

impl Languages {
    fn of(&self, contact: &Contact, invitation: &Invitation) -> Language {
        let branch = invitation.branch.as_ref().and_then(|branch| self.branches.get(branch));
        contact.locale.as_ref().or(branch).unwrap_or(&self.default).clone()
    }
}

/// What a message meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// An answer, or words added to one.
    Answer(Recorded),
    /// To an invitation, but nobody knows what.
    Unclear,
    /// No more surveys.
    Stop,
    /// Surveys again.
    Start,
    /// A question who that is.
    Help,
    /// To no invitation.
    Unmatched,
    /// The same as before.
    Repeat,
}

/// What came of a message.
#[derive(Clone, Debug)]
pub struct Understood {
    /// What it meant.
    pub meant: Meant,
    /// What is said to it.
    pub say: Option<Line>,
    /// The invitation that it was about.
    pub about: Option<About>,
}

/// What a message is about.
#[derive(Clone, Debug)]
pub struct About {
    /// The invitation.
    pub invitation: Invitation,
    /// The attempt that was answered.
    pub attempt: u8,
    /// What the contact reads.
    pub language: Language,
    /// What was asked.
    pub survey: Survey,
}

/// Takes a message in.
pub(in super::super) fn hear(view: &mut View<'_>, seal: &Seal, inbound: &Inbound) -> Result<Understood, StoreError> {
    let known = view.get(&keys::conversation(inbound.from))?.map(|value| record::conversation::read(&value));
    let mut conversation = known.transpose()?.unwrap_or_default();
    let holders = addresses::holders(view, inbound.from)?;
    let about = about(view, seal, &holders, inbound)?;
    if let Some(say) = conversation.repeats(inbound.message, inbound.has_id, inbound.now) {
        return Ok(Understood { meant: Meant::Repeat, say, about });
    }
    conversation.hear(inbound.message, inbound.now);
    let (meant, say) = match (inbound.keyword, &about) {
        (Some(Keyword::Stop), _) => (Meant::Stop, stop(view, seal, (&holders, about.as_ref()), inbound)?),
        (Some(Keyword::Start), _) => (Meant::Start, start(view, about.as_ref(), inbound)?),
        (Some(Keyword::Help), about) => {
            note(view, about.as_ref(), Replied::Help, inbound.now)?;
            (Meant::Help, Some(Line::Help))
        }
        (None, Some(about)) => answer(view, seal, (about, &mut conversation), inbound)?,
        (None, None) => (Meant::Unmatched, None),
    };
    let say = say.filter(|line| inbound.can_reply && conversation.may_say(line, inbound.now));
    if let Some(talk) = conversation.talk.as_mut().filter(|_| meant != Meant::Unmatched) {
        match &say {
            Some(Line::Ask(question)) => {
                talk.asked = Some(question.clone());
                talk.told = false;
            }
            Some(Line::Again(_)) => talk.told = true,
            Some(Line::Thanks) => talk.thanked = true,
            Some(Line::Stopped | Line::Started | Line::Help) | None => {}
        }
    }
    view.put(keys::conversation(inbound.from), record::conversation::write(&conversation)?);
    Ok(Understood { meant, say, about })
}

/// The last invitation that a text message went to this number for, if it can still be answered.
fn about(view: &View<'_>, seal: &Seal, holders: &[ContactId], inbound: &Inbound) -> Result<Option<About>, StoreError> {
    let mut found: Option<(DateTime<Utc>, Invitation, u8, &ContactId)> = None;
    for holder in holders {
        for invitation in reads::invitations_of(view, seal, holder)? {
            let open = invitation.closes_at().is_some_and(|closes_at| inbound.now < closes_at + LATE_FOR);
            let Some(attempt) = last_text(&invitation, inbound.from).filter(|_| open) else { continue };
            let (at, number) = (attempt.first_tried_at, attempt.number);
            if found.as_ref().is_none_or(|(latest, ..)| *latest < at) {
                found = Some((at, invitation, number, holder));
            }
        }
    }
    let Some((_, invitation, attempt, holder)) = found else { return Ok(None) };
    let Some(survey) = reads::survey(view, invitation.version)? else { return Ok(None) };
    let contact = reads::contact(view, holder)?.unwrap_or_else(|| Contact::unknown(holder.clone()));
    let language = inbound.languages.of(&contact, &invitation);
    let survey = tailored(view, survey, (&invitation, contact))?;
    Ok(Some(About { invitation, attempt, language, survey }))
}

/// The survey as it is for whom this invitation asks. What customers call the branch is not known here.
fn tailored(
    view: &View<'_>,
    survey: Survey,
    (invitation, contact): (&Invitation, Contact),
) -> Result<Survey, StoreError> {
    if !survey.depends_on_occasion() {
        return Ok(survey);
    }
    let event = match &invitation.event {
        Some(event) => reads::event(view, event)?,
        None => None,
    };
    Ok(survey.on(&Occasion {
        branch: invitation.branch.clone(),
        branch_title: None,
        name: contact.name,
        contact: contact.attributes,
        event: event.map(|recorded| recorded.event.data).unwrap_or_default(),
    }))
}

/// The last text message to this number that may have arrived.
fn last_text(invitation: &Invitation, to: [u8; 16]) -> Option<&Attempt> {
    let has_come = |attempt: &&Attempt| match attempt.fate {
        // A telephone may be faster than the gateway's answer.
        Fate::Sending
        | Fate::Accepted { .. }
        | Fate::Unknown { .. }
        | Fate::Delivered { .. }
        | Fate::Complained { .. } => true,
        Fate::Deferred => attempt.was_unknown,
        Fate::Refused { .. } | Fate::Bounced { .. } => false,
    };
    let texts = invitation.attempts.iter().filter(|attempt| attempt.channel == Channel::Sms);
    texts.filter(|attempt| attempt.to.is_none_or(|mark| mark == to)).rfind(has_come)
}

/// Notes what kind of thing was said to an invitation.
fn note(view: &mut View<'_>, about: Option<&About>, said: Replied, now: DateTime<Utc>) -> Result<(), StoreError> {
    let Some(About { invitation, attempt, .. }) = about else { return Ok(()) };
    let after = invitation.clone().replied(now, *attempt, said);
    invitations::put(view, Some(invitation), &after)
}

/// Nothing is sent to this number any more, nor by another way to whoever has it; confirmed once.
fn stop(
    view: &mut View<'_>,
    seal: &Seal,
    (holders, about): (&[ContactId], Option<&About>),
    inbound: &Inbound,
) -> Result<Option<Line>, StoreError> {
    let is_known = suppressions::one(view, inbound.from)?.is_some();
    let (reason, source) = (SuppressionReason::OptedOut, format!("{REPLY_TO}{}", inbound.gateway));
    let suppression = Suppression { channel: Channel::Sms, reason, source: source.clone(), since: inbound.now };
    suppressions::put(view, inbound.from, &suppression)?;
    note(view, about, Replied::Stop, inbound.now)?;
    let through = about.map(|about| LinkTarget { invitation: about.invitation.id, attempt: about.attempt });
    for holder in holders {
        answers::refuse_all(view, seal, (holder, through), (reason, &source), inbound.now)?;
    }
    Ok((!is_known).then_some(Line::Stopped))
}

/// Text messages may go to this number again, if it was a message from it that ended them.
fn start(view: &mut View<'_>, about: Option<&About>, inbound: &Inbound) -> Result<Option<Line>, StoreError> {
    note(view, about, Replied::Start, inbound.now)?;
    let Some(entry) = suppressions::one(view, inbound.from)? else { return Ok(None) };
    let Suppression { reason, source, .. } = entry.suppression;
    if reason != SuppressionReason::OptedOut || !source.starts_with(REPLY_TO) {
        return Ok(None);
    }
    // It is the person themselves who asks for it.
    suppressions::take_off(view, inbound.from, Consent::Granted)?;
    Ok(Some(Line::Started))
}

/// An answer, as far as it can be made out.
fn answer(
    view: &mut View<'_>,
    seal: &Seal,
    (about, conversation): (&About, &mut Conversation),
    inbound: &Inbound,
) -> Result<(Meant, Option<Line>), StoreError> {
    let About { invitation, attempt, language, survey } = about;
    let known = reads::response(view, &seal.response_id(&invitation.id))?;
    let known = known.map(|response| response.answers).unwrap_or_default();
    let by = if inbound.whole.contains(&survey.id) { ByText::All } else { ByText::Key };
    let talk = conversation.about(invitation.id);
    let Turn { reading, next } = text_turn::hear(survey, &known, talk.asked.as_ref(), by, &inbound.text);
    let meant = if let Some(reading) = reading {
        let (invitation, attempt, language, now) = (invitation.id, *attempt, language.clone(), inbound.now);
        let answer = InvitationAnswer { invitation, attempt, way: Way::Reply, language, reading, now };
        talk.asked = None;
        Meant::Answer(answers::answer_invitation(view, seal, answer)?)
    } else {
        note(view, Some(about), Replied::Unclear, inbound.now)?;
        Meant::Unclear
    };
    // Whoever wants to hear no more is not even thanked.
    let may_hear = suppressions::one(view, inbound.from)?.is_none();
    let say = match next {
        Next::Ask(question) => Some(Line::Ask(question)),
        Next::Thanks if !talk.thanked => Some(Line::Thanks),
        Next::Again(question) if !talk.told => Some(Line::Again(question)),
        Next::Thanks | Next::Again(_) | Next::Nothing => None,
    };
    Ok((meant, say.filter(|_| may_hear)))
}
