//! Keyed hashes: ids that nobody can guess and links that nobody can forge.
//!
//! Each store has a secret of 32 bytes. Hashing under it gives invitation ids (so uniqueness per occasion needs no
//! index), link tokens (so a token needs no index either) and the marks of suppressed addresses (so the list of those
//! who said no holds no addresses). Every use has its own label, so a value of one kind never passes for another.

use std::sync::Arc;

use aws_lc_rs::{constant_time, hmac};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use data_encoding::BASE64URL_NOPAD;

use super::card_code::CardCode;
use super::id::{CardId, ContactId, InvitationId, JourneyId, ResponseId, StageId};
use super::journey::Channel;

/// Bytes of a store's secret.
pub const SECRET_BYTES: usize = 32;
const TAG_BYTES: usize = 8;
const TOKEN_BYTES: usize = 16 + 1 + TAG_BYTES;
/// The label of the numbers of forms.
const FORM: &str = "form number";
/// The bytes of a form's number: the response, the seconds since 1970 and the tag.
const FORM_BYTES: usize = 16 + 8 + TAG_BYTES;
/// The label of links under which gateways report.
const REPORT: &str = "report link";
/// The label of links under which gateways bring what telephones say.
const INBOUND: &str = "inbound link";
/// The bytes of such a link's token.
const INBOUND_BYTES: usize = 16;

/// The keyed hash of one store. `Debug` does not show the key.
#[derive(Clone)]
pub struct Seal {
    key: Arc<hmac::Key>,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

/// What a link lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Answer the survey: `/s/{token}`.
    Survey,
    /// Say no: `/u/{token}`.
    Unsubscribe,
    /// Tell the fate of a mail: its envelope sender.
    Receipt,
}

/// The invitation and the attempt of it that a link belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkTarget {
    /// The invitation.
    pub invitation: InvitationId,
    /// Its attempt, counted from 1, so that an answer is credited to the right channel.
    pub attempt: u8,
}

impl Seal {
    /// The seal of a store with this secret.
    pub fn new(secret: &[u8; SECRET_BYTES]) -> Self {
        Self { key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret)) }
    }

    /// HMAC-SHA256 over the label and the length-prefixed parts.
    fn tag(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut message = Vec::with_capacity(128);
        for part in std::iter::once(&label.as_bytes()).chain(parts) {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.key, &message).as_ref());
        bytes
    }

    /// The half of an invitation id that all invitations of this contact share.
    pub fn contact_half(&self, contact: &ContactId) -> [u8; 8] {
        let mut half = [0; 8];
        half.copy_from_slice(self.tag("contact", &[contact.as_str().as_bytes()]).split_at(8).0);
        half
    }

    /// The one id of this contact being asked at this stage on this occasion.
    pub fn invitation_id(
        &self,
        contact: &ContactId,
        journey: &JourneyId,
        stage: &StageId,
        occasion: &str,
    ) -> InvitationId {
        let parts: [&[u8]; 4] =
            [contact.as_str().as_bytes(), journey.as_str().as_bytes(), stage.as_str().as_bytes(), occasion.as_bytes()];
        let mut bytes = [0; 16];
        let (contact_half, own_half) = bytes.split_at_mut(8);
        contact_half.copy_from_slice(&self.contact_half(contact));
        own_half.copy_from_slice(self.tag("invitation", &parts).split_at(8).0);
        InvitationId::from_bytes(bytes)
    }

    /// The one response of this invitation.
    pub fn response_id(&self, invitation: &InvitationId) -> ResponseId {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(self.tag("response", &[invitation.as_bytes()]).split_at(16).0);
        ResponseId::from_bytes(bytes)
    }

    /// The id of the card with this code.
    pub fn card_id(&self, code: CardCode) -> CardId {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(self.tag("card", &[&code.bits().to_be_bytes()]).split_at(16).0);
        CardId::from_bytes(bytes)
    }

    /// A number in `0..1` that is always the same for this subject: chance that can be explained and repeated.
    pub fn lot(&self, label: &str, subject: &str) -> f64 {
        let bytes = self.tag(label, &[subject.as_bytes()]);
        let mut head = [0; 8];
        head.copy_from_slice(bytes.split_at(8).0);
        // 53 bits are what an f64 holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
        let lot = (u64::from_be_bytes(head) >> 11) as f64 / (1_u64 << 53) as f64;
        lot
    }

    /// The mark under which an address of this channel stands on the suppression list. Case does not count: hardly any
    /// mail server tells `A@x` from `a@x`, and not writing is the safer error.
    pub fn address_mark(&self, channel: Channel, normalised: &str) -> [u8; 16] {
        let mut mark = [0; 16];
        let folded = normalised.to_lowercase();
        let tag = self.tag("address", &[channel.as_str().as_bytes(), folded.as_bytes()]);
        mark.copy_from_slice(tag.split_at(16).0);
        mark
    }

    /// A link's token: the target and 64 bits that only this store can compute, 34 characters of URL-safe base 64.
    pub fn token(&self, purpose: Purpose, target: LinkTarget) -> String {
        self.written(purpose.label(), target, &[])
    }

    /// What a token stands for, or `None` when it was not made by this store for this purpose.
    pub fn open(&self, purpose: Purpose, token: &str) -> Option<LinkTarget> {
        self.opened(purpose.label(), token, &[])
    }

    /// The token of the link under which this gateway reports on an attempt. It opens under no other gateway's name, so that
    /// one that must sign what it says cannot be spoken for under the name of one that need not.
    pub fn report_token(&self, target: LinkTarget, gateway: &str) -> String {
        self.written(REPORT, target, &[gateway.as_bytes()])
    }

    /// The attempt that a gateway reports on, or `None` when the token was not made by this store for this gateway.
    pub fn open_report(&self, gateway: &str, token: &str) -> Option<LinkTarget> {
        self.opened(REPORT, token, &[gateway.as_bytes()])
    }

    /// The token of the link under which this gateway brings what telephones say: 22 characters.
    pub fn inbound_token(&self, gateway: &str) -> String {
        BASE64URL_NOPAD.encode(self.tag(INBOUND, &[gateway.as_bytes()]).split_at(INBOUND_BYTES).0)
    }

    /// Whether a token is the one of this gateway.
    pub fn is_inbound_token(&self, gateway: &str, token: &str) -> bool {
        let tag = self.tag(INBOUND, &[gateway.as_bytes()]);
        let given = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap_or_default();
        constant_time::verify_slices_are_equal(tag.split_at(INBOUND_BYTES).0, &given).is_ok()
    }

    /// The mark of a message from a telephone, by its id or by its words, under which it is known again.
    pub fn message_mark(&self, gateway: &str, message: &str) -> [u8; 8] {
        let mut mark = [0; 8];
        let tag = self.tag("message", &[gateway.as_bytes(), message.as_bytes()]);
        mark.copy_from_slice(tag.split_at(8).0);
        mark
    }

    /// The number of a form that is shown on the page with this path: the response that it will make, when it was shown, and 64
    /// bits that only this store can compute. 43 characters of URL-safe base 64.
    pub fn form_token(&self, path: &str, response: ResponseId, at: DateTime<Utc>) -> String {
        let mut bytes = Vec::with_capacity(FORM_BYTES);
        bytes.extend_from_slice(response.as_bytes());
        bytes.extend_from_slice(&at.timestamp().to_be_bytes());
        let tag = self.tag(FORM, &[&bytes, path.as_bytes()]);
        bytes.extend_from_slice(tag.split_at(TAG_BYTES).0);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The response that a form makes and when it was shown, to the second; `None` when this store did not show it on the
    /// page with this path.
    pub fn open_form(&self, path: &str, token: &str) -> Option<(ResponseId, DateTime<Utc>)> {
        let bytes: [u8; FORM_BYTES] = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?.try_into().ok()?;
        let (said, given) = bytes.split_at(FORM_BYTES - TAG_BYTES);
        let tag = self.tag(FORM, &[said, path.as_bytes()]);
        constant_time::verify_slices_are_equal(tag.split_at(TAG_BYTES).0, given).ok()?;
        let (response, seconds) = said.split_at(16);
        let at = DateTime::from_timestamp(i64::from_be_bytes(seconds.try_into().ok()?), 0)?;
        Some((ResponseId::from_bytes(response.try_into().ok()?), at))
    }

    /// The mark of a place that answers come from, such as a network or the path of a page, on this day: what it stands for
    /// cannot be told from it, and tomorrow it has another.
    pub fn crowd_mark(&self, kind: &str, place: &[u8], day: NaiveDate) -> [u8; 8] {
        let mut mark = [0; 8];
        let parts: [&[u8]; 3] = [kind.as_bytes(), place, &day.num_days_from_ce().to_be_bytes()];
        mark.copy_from_slice(self.tag("crowd", &parts).split_at(8).0);
        mark
    }

    fn written(&self, label: &str, target: LinkTarget, further: &[&[u8]]) -> String {
        let mut bytes = Vec::with_capacity(TOKEN_BYTES);
        bytes.extend_from_slice(target.invitation.as_bytes());
        bytes.push(target.attempt);
        let tag = self.tag(label, &[&[bytes.as_slice()], further].concat());
        bytes.extend_from_slice(tag.split_at(TAG_BYTES).0);
        BASE64URL_NOPAD.encode(&bytes)
    }

    fn opened(&self, label: &str, token: &str, further: &[&[u8]]) -> Option<LinkTarget> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        if bytes.len() != TOKEN_BYTES {
            return None;
        }
        let (target, given) = bytes.split_at(17);
        let tag = self.tag(label, &[&[target], further].concat());
        constant_time::verify_slices_are_equal(tag.split_at(TAG_BYTES).0, given).ok()?;
        let (invitation, attempt) = target.split_at(16);
        Some(LinkTarget {
            invitation: InvitationId::from_bytes(invitation.try_into().ok()?),
            attempt: *attempt.first()?,
        })
    }
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Survey => "survey link",
            Self::Unsubscribe => "unsubscribe link",
            Self::Receipt => "receipt address",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        Seal::new(&[7; SECRET_BYTES])
    }

    fn target() -> LinkTarget {
        LinkTarget { invitation: InvitationId::from_bytes([9; 16]), attempt: 2 }
    }

    /// The token with another character there.
    fn changed(token: &str, at: usize) -> String {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_token_opens_only_for_its_own_purpose_and_store() {
        let token = seal().token(Purpose::Survey, target());
        assert_eq!(token.len(), 34);
        assert_eq!(seal().open(Purpose::Survey, &token), Some(target()));
        assert_eq!(seal().open(Purpose::Unsubscribe, &token), None);
        assert_eq!(Seal::new(&[8; SECRET_BYTES]).open(Purpose::Survey, &token), None);
    }

    #[test]
    fn a_report_is_of_the_gateway_that_the_link_was_given_to() {
        let token = seal().report_token(target(), "twilio");
        assert_eq!(seal().open_report("twilio", &token), Some(target()));
        assert_eq!(seal().open_report("kannel", &token), None);
        assert_eq!(seal().open(Purpose::Receipt, &token), None);
        assert_eq!(seal().open_report("twilio", &seal().token(Purpose::Receipt, target())), None);
        assert_eq!(seal().open_report("", &seal().token(Purpose::Receipt, target())), None);
    }

    #[test]
    fn what_telephones_say_comes_by_the_link_of_the_gateway_alone() {
        let token = seal().inbound_token("kannel");
        assert_eq!(token.len(), 22);
        assert!(seal().is_inbound_token("kannel", &token));
        let cut: String = token.chars().skip(1).collect();
        for (gateway, token) in [("twilio", token.as_str()), ("kannel", ""), ("kannel", "é"), ("kannel", &cut)] {
            assert!(!seal().is_inbound_token(gateway, token), "{gateway} {token}");
        }
        assert!(!Seal::new(&[8; SECRET_BYTES]).is_inbound_token("kannel", &token));
    }

    #[test]
    fn a_form_is_taken_where_it_was_shown() {
        let (id, at) = (ResponseId::from_bytes([5; 16]), "2026-03-04T12:00:01Z".parse().unwrap());
        let number = seal().form_token("/q/ABC", id, at);
        assert_eq!(number.len(), 43);
        assert_eq!(seal().open_form("/q/ABC", &number), Some((id, at)));
        assert_eq!(seal().open_form("/q/ABD", &number), None);
        assert_eq!(Seal::new(&[8; SECRET_BYTES]).open_form("/q/ABC", &number), None);
        for (at, _) in number.char_indices() {
            assert_eq!(seal().open_form("/q/ABC", &changed(&number, at)), None, "{at}");
        }
        assert_eq!(seal().open_form("/q/ABC", ""), None);
    }

    #[test]
    fn no_changed_token_opens() {
        let token = seal().token(Purpose::Survey, target());
        for (at, _) in token.char_indices() {
            assert_eq!(seal().open(Purpose::Survey, &changed(&token, at)), None, "{at}");
        }
        assert_eq!(seal().open(Purpose::Survey, ""), None);
        assert_eq!(seal().open(Purpose::Survey, "é"), None);
    }

    #[test]
    fn the_same_occasion_gives_the_same_id_and_another_gives_another() {
        let contact = ContactId::parse("c-1").unwrap();
        let journey = JourneyId::parse("dine-in").unwrap();
        let stage = StageId::parse("visit").unwrap();
        let id = seal().invitation_id(&contact, &journey, &stage, "pos-1");
        assert_eq!(id, seal().invitation_id(&contact, &journey, &stage, "pos-1"));
        let other = seal().invitation_id(&contact, &journey, &stage, "pos-2");
        assert_ne!(id, other);
        assert_eq!(id.contact_half(), other.contact_half());
    }

    #[test]
    fn lots_are_spread_evenly() {
        let n_below = (0..2_000).filter(|i| seal().lot("sample", &format!("e-{i}")) < 0.25).count();
        assert!((430..570).contains(&n_below), "{n_below}");
    }
}
