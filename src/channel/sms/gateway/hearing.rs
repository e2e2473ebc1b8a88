//! What a gateway brings of telephones, and how they are answered.

use super::super::inbound::{FromTelephone, InboundError, ReplyWay};
use super::super::number::is_name;
use super::super::place::Report;
use super::super::reader::Reader;
use super::super::signature::{Signature, Signed};
use super::Gateway;

/// Reads `invite_replies`. Nobody can reply to a name, and a STOP that nobody hears is worse than a link.
pub(super) fn read_invites(table: &Reader<'_>) -> bool {
    let invites = table.truth("invite_replies").unwrap_or_default();
    if invites && table.text("from").is_some_and(is_name) {
        table.problem("invite_replies", "nobody can reply to a name: set a number in `from`, or leave this out");
    }
    if invites && table.value("inbound").is_none() {
        table.problem("invite_replies", "it is not said how replies come: add a table `inbound`, or leave this out");
    }
    invites
}

impl Gateway {
    /// Whether it brings what telephones say, as far as its declaration tells.
    pub fn hears(&self) -> bool {
        self.inbound.is_some()
    }

    /// Whether its text messages ask for a reply, and say STOP in place of a link: operators have seen to it that replies
    /// come back.
    pub fn invites_replies(&self) -> bool {
        self.invites_replies
    }

    /// Whether it signs what it brings, so that nobody else can speak for it.
    pub fn signs_inbound(&self) -> bool {
        self.inbound_signature() != Signature::None
    }

    /// Whether it is the gateway who brings a message, as far as its declaration says how to tell.
    pub fn is_bringer_of(&self, signed: &Signed<'_, '_>) -> bool {
        self.inbound_signature().is_right(signed, &|name| self.secrets.get(name))
    }

    /// The message from a telephone that a request brings; `None` where the declaration has no `[inbound]`. Numbers in
    /// national form are those of the first of these countries that has such a number.
    pub fn from_telephone(
        &self,
        request: &Report<'_>,
        countries: &[&str],
    ) -> Option<Result<FromTelephone, InboundError>> {
        let rules = self.inbound.as_ref()?;
        Some(rules.read_message(request, &|given| self.number_format.read_sender(given, countries)))
    }

    /// How a message from a telephone is answered.
    pub fn reply_way(&self) -> ReplyWay {
        self.inbound.as_ref().map_or(ReplyWay::None, |rules| rules.reply)
    }

    fn inbound_signature(&self) -> Signature {
        let own = self.inbound.as_ref().and_then(|rules| rules.signature);
        own.or(self.reports.as_ref().map(|rules| rules.signature)).unwrap_or(Signature::None)
    }
}
