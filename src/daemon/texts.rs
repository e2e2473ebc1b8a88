//! What telephones say, from whichever gateway brings it: understood, noted, and answered in the reader's language.

use super::breaker;
use super::compose::business_by_text;
use super::core::{Core, Live};
use super::metrics::InboundKind;
use crate::chain::Chain;
use crate::channel::sms::{FromTelephone, Gateway, ReplyWay};
use crate::domain::answer::Answers;
use crate::domain::conversation::Line;
use crate::domain::id::QuestionId;
use crate::domain::journey::Channel;
use crate::domain::language::Language;
use crate::domain::text_words::TextWords;
use crate::render::{NoticeContext, NoticeKind, QuestionContext, RenderError, TemplateContext};
use crate::store::{About, Inbound, Languages, Meant, StoreError, Understood};

/// Takes in a message that a gateway brings. It is on disk when this returns, and the same again changes nothing. Gives what
/// is said to it, if anything is.
pub async fn hear(
    core: &Core,
    live: &Live,
    gateway: &Gateway,
    message: FromTelephone,
) -> Result<Option<String>, StoreError> {
    let name = gateway.name();
    let Some(inbound) = inbound(core, live, gateway, &message) else {
        // Nobody can be answered who has no number, and nobody of that name was ever asked.
        core.metrics.heard_text(name, InboundKind::Unmatched);
        tracing::info!(gateway = name, meant = "unmatched", "{name} brought a message of somebody without a number");
        return Ok(None);
    };
    let mut understood = core.store.hear_text(inbound).await?;
    if let Some(about) = &mut understood.about
        && about.survey.depends_on_occasion()
    {
        let branch = about.invitation.branch.as_ref().and_then(|id| live.config.branches.get(id));
        about.survey = about.survey.at_branch(branch.map_or("", |branch| branch.title.as_str()));
    }
    tell(core, name, &understood);
    if let Meant::Answer(_) = understood.meant
        && let Some(about) = &understood.about
    {
        core.metrics.answered(Channel::Sms.as_str(), about.survey.id.as_str());
    }
    // Who stopped before is no second person.
    if let (Meant::Stop, Some(Line::Stopped), Some(about)) = (&understood.meant, &understood.say, &understood.about) {
        breaker::refused(core, &about.invitation, about.attempt).await;
    }
    let Some(line) = understood.say.as_ref().filter(|_| message.answered.is_none()) else { return Ok(None) };
    let mut answers = None;
    if let (Meant::Answer(recorded), Line::Thanks, Some(about)) = (&understood.meant, line, &understood.about)
        && about.survey.has_scored_thanks()
    {
        answers = core.store.response(&recorded.response).await?.map(|response| response.answers);
    }
    let about = understood.about.as_ref().map(|about| (about, answers.unwrap_or_default()));
    Ok(written(live, line, about.as_ref()).unwrap_or_else(|err| {
        tracing::error!(gateway = name, "what a telephone is answered cannot be written: {}", Chain(&err));
        None
    }))
}

/// Where a gateway brings what telephones say; without a token where it signs what it brings.
pub fn inbound_url(public_url: &str, gateway: &str, token: Option<&str>) -> String {
    let token = token.map(|token| format!("/{token}")).unwrap_or_default();
    format!("{public_url}/hooks/sms/{gateway}/inbound{token}")
}

fn inbound(core: &Core, live: &Live, gateway: &Gateway, message: &FromTelephone) -> Option<Inbound> {
    let (seal, config) = (core.store.seal(), &live.config);
    let from = seal.address_mark(Channel::Sms, message.from.as_ref()?.as_str());
    let listen = |text: &str| {
        config.settings.sms.as_ref().map_or_else(|| TextWords::default().read(text), |sms| sms.words.read(text))
    };
    let handled = message.answered.as_deref().and_then(listen);
    let id = message.id.as_deref();
    let branches = config.branches.iter().map(|(id, branch)| (id.clone(), branch.language.clone())).collect();
    Some(Inbound {
        gateway: gateway.name().to_owned(),
        from,
        message: seal.message_mark(gateway.name(), id.unwrap_or(&message.text)),
        has_id: id.is_some(),
        text: message.text.clone(),
        keyword: handled.or_else(|| listen(&message.text)),
        can_reply: gateway.reply_way() != ReplyWay::None,
        whole: config.asked_whole.clone(),
        languages: Languages { branches, default: config.settings.daemon.language.clone() },
        now: core.clock.now(),
    })
}

/// Counts and logs what a message meant; nothing of what it said.
fn tell(core: &Core, gateway: &str, understood: &Understood) {
    let (kind, meant) = match understood.meant {
        Meant::Answer(_) => (InboundKind::Answer, "an answer"),
        Meant::Unclear => (InboundKind::Unclear, "no answer that could be made out"),
        Meant::Stop => (InboundKind::Stop, "the wish for no more surveys"),
        Meant::Start => (InboundKind::Start, "the wish for surveys again"),
        Meant::Help => (InboundKind::Help, "a question who we are"),
        Meant::Unmatched => (InboundKind::Unmatched, "a message to no invitation"),
        Meant::Repeat => (InboundKind::Repeat, "a message that was heard before"),
    };
    core.metrics.heard_text(gateway, kind);
    match (&understood.about, understood.meant) {
        (Some(About { invitation, attempt, .. }), Meant::Answer(recorded)) => {
            tracing::info!(invitation.id = %invitation.id, attempt, response.id = %recorded.response, gateway,
                "{gateway} brought {meant}: stored {} as {}", recorded.response, recorded.completeness.as_str());
        }
        (Some(About { invitation, attempt, .. }), _) => {
            tracing::info!(invitation.id = %invitation.id, attempt, gateway, "{gateway} brought {meant}");
        }
        (None, _) => tracing::info!(gateway, "{gateway} brought {meant}"),
    }
}

/// What is said, in the language of whoever reads it.
fn written(live: &Live, line: &Line, about: Option<&(&About, Answers)>) -> Result<Option<String>, RenderError> {
    let answers = about.map(|(_, answers)| answers);
    let about = about.map(|(about, _)| *about);
    let language = about.map_or(&live.config.settings.daemon.language, |about| &about.language).clone();
    let kind = match line {
        Line::Stopped => NoticeKind::Stopped,
        Line::Started => NoticeKind::Started,
        Line::Help => NoticeKind::Help { contact: contact(live) },
        Line::Thanks => {
            let thanks = about.zip(answers).and_then(|(about, answers)| about.survey.thanks_for(answers));
            NoticeKind::Thanks { thanks: thanks.map(|thanks| thanks.in_language(&language).to_owned()) }
        }
        Line::Ask(id) => return question(live, language, (about, id), false),
        Line::Again(id) => return question(live, language, (about, id), true),
    };
    let branch = about.and_then(|about| about.invitation.branch.as_ref());
    let business = business_by_text(live, branch);
    NoticeContext { language, business, kind }.render(&live.templates).map(Some)
}

fn question(
    live: &Live,
    language: Language,
    (about, id): (Option<&About>, &QuestionId),
    again: bool,
) -> Result<Option<String>, RenderError> {
    let Some(question) = about.and_then(|about| about.survey.question(id)).cloned() else { return Ok(None) };
    QuestionContext { language, question, again }.render(&live.templates).map(Some)
}

/// Where whoever asks for help is sent to.
fn contact(live: &Live) -> String {
    let settings = &live.config.settings;
    let given = settings.sms.as_ref().and_then(|sms| sms.contact.clone());
    let by_mail = || {
        settings.email.as_ref().map(|email| email.reply_to.as_ref().unwrap_or(&email.from).email.as_str().to_owned())
    };
    given.or_else(by_mail).unwrap_or_else(|| settings.public.url.clone())
}
