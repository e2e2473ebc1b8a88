//! From a lease to the message that leaves: the same bytes on every try of an attempt.
//!
//! What the message says comes from the survey version that was planned, and everything that would differ from try to try
//! (date, id, boundary) comes from the attempt, so a receiver that gets a retry of a message it already has can tell.

use std::sync::Arc;

use crate::channel::email::dkim::SignError;
use crate::channel::email::message::{Draft, MessageError, build};
use crate::channel::sms::Gateway;
use crate::channel::sms::segments::segments;
use crate::channel::{OutboundEmail, OutboundMessage, OutboundSms, SentSms};
use crate::config::settings::EmailSettings;
use crate::domain::attempt::{Attempt, TEXT_SEGMENTS_MAX, TextCost};
use crate::domain::contact::Phone;
use crate::domain::id::{BranchId, InvitationId};
use crate::domain::invitation::Invitation;
use crate::domain::journey::{Channel, StepKind};
use crate::domain::language::Language;
use crate::domain::seal::{LinkTarget, Purpose};
use crate::domain::survey::Survey;
use crate::render::{MailContext, RenderError, SmsContext, Stop, TemplateContext, Why};
use crate::store::{Lease, StoreError};

use super::core::{Core, Live};
use super::occasions;
use super::receipts::report_url;

/// Why a message cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The lease names no attempt or no address.
    #[error("the lease has no {0}")]
    Missing(&'static str),
    /// The survey cannot be read.
    #[error("the survey version that was planned cannot be read")]
    Survey(#[from] StoreError),
    /// A template failed.
    #[error("a template failed")]
    Render(#[from] RenderError),
    /// The mail cannot be put together.
    #[error("the mail cannot be put together")]
    Message(#[from] MessageError),
    /// The mail cannot be signed.
    #[error("the mail cannot be signed")]
    Sign(#[from] SignError),
    /// A text message would be dearer than any may be.
    #[error("the text needs {n_segments} segments, and {TEXT_SEGMENTS_MAX} is the most that is sent")]
    TooLong {
        /// Segments that it needs.
        n_segments: u32,
    },
}

/// Writes the message of a leased attempt.
pub async fn compose(core: &Core, live: &Live, lease: &Lease) -> Result<OutboundMessage, ComposeError> {
    let invitation = &lease.invitation;
    let attempt = invitation.attempts.last().ok_or(ComposeError::Missing("attempt"))?;
    let survey = survey(core, live, invitation).await?;
    let survey = occasions::tailored(core, live, &survey, (invitation, Some(&lease.contact))).await?;
    match attempt.channel {
        Channel::Email => compose_mail(core, live, lease, (attempt, &survey)),
        Channel::Sms => compose_sms(core, live, lease, (attempt, &survey)),
    }
}

/// The survey content that was planned: the configuration's, unless it has changed since.
async fn survey(core: &Core, live: &Live, invitation: &Invitation) -> Result<Arc<Survey>, ComposeError> {
    if let Some(current) = live.survey(&invitation.survey, invitation.version) {
        return Ok(Arc::clone(current));
    }
    core.store.survey(invitation.version).await?.map(Arc::new).ok_or(ComposeError::Missing("survey"))
}

/// The `Message-ID` of an attempt, without angle brackets.
pub fn message_id(invitation: &InvitationId, attempt: u8, domain: &str) -> String {
    format!("{invitation}.{attempt}@{domain}")
}

/// Our own name for the text message of an attempt.
pub fn reference(invitation: &InvitationId, attempt: u8) -> String {
    format!("{invitation}-{attempt}")
}

fn compose_mail(
    core: &Core,
    live: &Live,
    lease: &Lease,
    (attempt, survey): (&Attempt, &Survey),
) -> Result<OutboundMessage, ComposeError> {
    let settings = live.config.settings.email.as_ref().ok_or(ComposeError::Missing("[email] section"))?;
    let invitation = &lease.invitation;
    let to = lease.contact.email.clone().ok_or(ComposeError::Missing("address"))?;
    let language = language(live, lease);
    let links = Links::of(core, live, invitation, attempt);
    let mail = MailContext {
        kind: attempt.kind,
        asked: live.templates.asked(survey, &language, &links.survey)?,
        business: business(live, settings),
        contact_name: lease.contact.name.clone(),
        why: why(live, invitation),
        unsubscribe_url: links.unsubscribe,
        trap_url: live.config.keeps_taps(invitation).then(|| format!("{}?{TRAP}", links.survey)),
        postal_address: settings.postal_address.clone().unwrap_or_default(),
        language,
    };
    let rendered = mail.render(&live.templates)?;
    let domain = settings.bounce_domain.as_str();
    let receipt = core.store.seal().token(Purpose::Receipt, links.target);
    let draft = Draft {
        message_id: message_id(&invitation.id, attempt.number, domain),
        in_reply_to: reminded_of(invitation, attempt).map(|first| message_id(&invitation.id, first, domain)),
        date: attempt.first_tried_at,
        from: settings.from.clone(),
        reply_to: settings.reply_to.clone(),
        to,
        to_name: mail.contact_name,
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
        list_id: format!("{}.{domain}", invitation.survey),
        unsubscribe_url: mail.unsubscribe_url,
        feedback_id: feedback_id(invitation, attempt),
        for_providers: settings.webhooks.keys().map(|provider| provider.field(&receipt)).collect(),
    };
    let envelope_from = format!("b+{receipt}@{domain}");
    let built = build(&draft)?;
    let bytes = match &settings.dkim {
        Some(signer) => signer.sign(&built, draft.date)?,
        None => built,
    };
    Ok(OutboundMessage::Email(OutboundEmail { envelope_from, to: draft.to, message_id: draft.message_id, bytes }))
}

fn compose_sms(
    core: &Core,
    live: &Live,
    lease: &Lease,
    (attempt, survey): (&Attempt, &Survey),
) -> Result<OutboundMessage, ComposeError> {
    let invitation = &lease.invitation;
    let to = lease.contact.phone.clone().ok_or(ComposeError::Missing("number"))?;
    let language = language(live, lease);
    let links = Links::of(core, live, invitation, attempt);
    let key = survey.key_question();
    let question = key.map_or(&survey.title, |question| &question.text);
    let transport = live.transport(Channel::Sms, invitation.branch.as_ref());
    let gateway = transport.ok_or(ComposeError::Missing("gateway"))?.name().to_owned();
    let hears = live.config.gateway(&gateway).is_some_and(Gateway::invites_replies);
    let text = SmsContext {
        business: business_by_text(live, invitation.branch.as_ref()),
        question: question.in_language(&language).to_owned(),
        url: links.survey,
        reply: key.filter(|_| hears).and_then(|question| question.kind.scale()),
        stop: if hears { Stop::Reply } else { Stop::Link(links.unsubscribe) },
        language,
    };
    let token = core.store.seal().report_token(links.target, &gateway);
    let text = text.render(&live.templates)?;
    let n_segments = segments(&text).parts;
    let fits = u8::try_from(n_segments).ok().filter(|n| *n <= TEXT_SEGMENTS_MAX);
    Ok(OutboundMessage::Sms(OutboundSms {
        to,
        text,
        n_segments: fits.ok_or(ComposeError::TooLong { n_segments })?,
        reference: reference(&invitation.id, attempt.number),
        status_url: report_url(&live.config.settings.public.url, &gateway, &token),
    }))
}

/// What the text message of an attempt to this number is known by.
pub(super) fn sent_sms(core: &Core, invitation: &Invitation, attempt: &Attempt, to: Phone) -> SentSms {
    let target = LinkTarget { invitation: invitation.id, attempt: attempt.number };
    // Without what stands before it: the address that customers see may have changed since.
    let in_text = format!("/s/{}", core.store.seal().token(Purpose::Survey, target));
    SentSms { to, reference: reference(&invitation.id, attempt.number), in_text }
}

/// What a message costs by this gateway, if it is a text message.
pub(super) fn cost(live: &Live, gateway: &str, message: &OutboundMessage) -> Option<TextCost> {
    match message {
        OutboundMessage::Sms(sms) => {
            Some(TextCost { n_segments: sms.n_segments, price: live.config.gateway(gateway).and_then(Gateway::price) })
        }
        OutboundMessage::Email(_) => None,
    }
}

/// What a link has that people do not see.
pub const TRAP: &str = ".t";

/// The links of one attempt.
struct Links {
    target: LinkTarget,
    survey: String,
    unsubscribe: String,
}

impl Links {
    fn of(core: &Core, live: &Live, invitation: &Invitation, attempt: &Attempt) -> Self {
        let target = LinkTarget { invitation: invitation.id, attempt: attempt.number };
        let (seal, url) = (core.store.seal(), &live.config.settings.public.url);
        Self {
            target,
            survey: format!("{url}/s/{}", seal.token(Purpose::Survey, target)),
            unsubscribe: format!("{url}/u/{}", seal.token(Purpose::Unsubscribe, target)),
        }
    }
}

/// The contact's language, else the branch's, else the daemon's.
fn language(live: &Live, lease: &Lease) -> Language {
    let branch = lease.invitation.branch.as_ref().and_then(|id| live.config.branches.get(id));
    let spoken = lease.contact.locale.as_ref().or(branch.map(|branch| &branch.language));
    spoken.unwrap_or(&live.config.settings.daemon.language).clone()
}

/// Who asks by text message: the branch, else the business.
pub(super) fn business_by_text(live: &Live, branch: Option<&BranchId>) -> String {
    let branch = branch.and_then(|id| live.config.branches.get(id));
    match (branch, &live.config.settings.email) {
        (Some(branch), _) => branch.title.clone(),
        (None, Some(email)) => business(live, email),
        (None, None) => String::new(),
    }
}

fn business(live: &Live, email: &EmailSettings) -> String {
    let name = &email.from.name;
    if name.is_empty() { live.config.settings.public.url.clone() } else { name.clone() }
}

fn why(live: &Live, invitation: &Invitation) -> Why {
    let branch = invitation.branch.as_ref().and_then(|id| live.config.branches.get(id));
    match (branch, &invitation.event) {
        (Some(branch), Some(_)) => Why::Contact {
            place: branch.title.clone(),
            on: invitation.planned_at.with_timezone(&invitation.zone).date_naive(),
        },
        (None, _) | (_, None) => Why::Customer,
    }
}

/// The first mail of the invitation, which a reminder belongs under.
fn reminded_of(invitation: &Invitation, attempt: &Attempt) -> Option<u8> {
    if attempt.kind == StepKind::Initial {
        return None;
    }
    let first = invitation.attempts.iter().find(|earlier| earlier.channel == Channel::Email)?;
    (first.number != attempt.number).then_some(first.number)
}

/// Journey, branch and kind of mail, for the mailbox provider's statistics; nothing that names a recipient.
fn feedback_id(invitation: &Invitation, attempt: &Attempt) -> String {
    let branch = invitation.branch.as_ref().map_or("none", |branch| branch.as_str());
    format!("{}:{branch}:{}:canvass", invitation.journey, attempt.kind.as_str())
}
