//! Which attempt a mail is about: what it holds of the names that we gave away.
//!
//! No domain is asked for. Relays, lists and forwarders rewrite domains and what stands before the token, while the token
//! is sealed and an invitation's id cannot be guessed: whoever can name one has had the message in his hands.

use super::fields::Fields;
use super::{Claim, Mail};
use crate::domain::id::InvitationId;

/// Most claims of a mail.
const CLAIMS_MAX: usize = 8;
/// Letters of a token.
const TOKEN_CHARS: usize = 34;
/// Letters of an invitation's id, prefix included.
const ID_CHARS: usize = InvitationId::PREFIX.len() + 26;

/// Fields that tell to whom a mail was delivered, the surest first. Each mail server has its own.
const DELIVERED_TO: [&str; 8] =
    ["delivered-to", "x-original-to", "x-delivered-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "to", "resent-to"];
/// Fields of reports that tell the name or the envelope sender of the message (RFC 5965 §3.2, RFC 8098 §3.2.5, and what
/// Google and Postfix add).
const OF_REPORTS: [&str; 4] =
    ["original-message-id", "x-original-message-id", "original-mail-from", "x-postfix-sender"];
/// Fields that name other messages of ours: a reminder names the mail that it reminds of.
const OF_OTHERS: [&str; 2] = ["in-reply-to", "references"];

/// All of a mail, the surest first.
pub(super) fn claims(mail: &Mail<'_>, recipient: Option<&str>) -> Vec<Claim> {
    let mut claims = Claims(Vec::new());
    claims.all_in(recipient.unwrap_or_default());
    for name in DELIVERED_TO {
        mail.fields.all(name).for_each(|value| claims.all_in(value));
    }
    let reports = mail.parts.iter().filter(|part| part.kind.starts_with("message/") && !part.is_returned());
    let reports: Vec<_> = reports.flat_map(|part| Fields::groups(&part.content())).collect();
    for id in reports.iter().filter_map(|group| group.first("original-envelope-id")) {
        claims.name(id.trim_matches(['<', '>']));
        claims.all_in(id);
    }
    if let Some(returned) = &mail.returned {
        claims.header(returned);
    }
    for name in OF_REPORTS {
        reports.iter().filter_map(|group| group.first(name)).for_each(|value| claims.all_in(value));
    }
    for text in mail.parts.iter().filter_map(super::Part::text) {
        claims.text(&text);
    }
    claims.0
}

/// Our names in a text, such as an envelope sender or a Message-ID.
pub(in crate::receipt) fn claims_in(text: &str) -> Vec<Claim> {
    let mut claims = Claims(Vec::new());
    claims.all_in(text);
    claims.0
}

struct Claims(Vec<Claim>);

impl Claims {
    fn add(&mut self, claim: Claim) {
        if self.0.len() < CLAIMS_MAX && !self.0.contains(&claim) {
            self.0.push(claim);
        }
    }

    /// Our names before the at signs of a text.
    fn all_in(&mut self, text: &str) {
        let mut pieces = text.split('@').peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_some() {
                let is_local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '_' | '.' | '=' | '-');
                self.name(piece.rsplit(|c| !is_local(c)).next().unwrap_or_default());
            }
        }
    }

    /// A name that may be one of ours, or end in one.
    fn name(&mut self, name: &str) {
        let token = name.rsplit('+').next().unwrap_or_default();
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if token.len() == TOKEN_CHARS && token.chars().all(is_letter) {
            self.add(Claim::Token(token.to_owned()));
        }
        let message = name.rsplit_once('.').and_then(|(id, attempt)| {
            let id = id.get(id.len().checked_sub(ID_CHARS)?..)?;
            let (prefix, digits) = id.split_at_checked(InvitationId::PREFIX.len())?;
            // Some servers change the case of what they return.
            let is_ours = prefix.eq_ignore_ascii_case(InvitationId::PREFIX);
            let id = is_ours.then(|| format!("{}{digits}", InvitationId::PREFIX))?;
            let attempt = attempt.parse().ok().filter(|attempt| *attempt > 0)?;
            Some(Claim::Message { invitation: InvitationId::parse(&id).ok()?, attempt })
        });
        if let Some(claim) = message {
            self.add(claim);
        }
    }

    /// The header of a message that is returned: its name first, then whatever else names it.
    fn header(&mut self, header: &Fields) {
        header.all("message-id").for_each(|value| self.all_in(value));
        let others = header.iter().filter(|(name, _)| !OF_OTHERS.contains(name));
        others.for_each(|(_, value)| self.all_in(value));
    }

    /// A text that may quote the message, or its header.
    fn text(&mut self, text: &str) {
        let names = |line: &str, name: &str| {
            let line = line.trim_start_matches(['>', ' ', '\t']);
            line.split_once(':').is_some_and(|(of, _)| of.trim_end().eq_ignore_ascii_case(name))
        };
        text.lines().filter(|line| names(line, "message-id")).for_each(|line| self.all_in(line));
        let mut is_of_others = false;
        for line in text.lines() {
            let goes_on = is_of_others && line.starts_with([' ', '\t']);
            is_of_others = goes_on || OF_OTHERS.iter().any(|name| names(line, name));
            if !is_of_others {
                self.all_in(line);
            }
        }
    }
}
