//! What a gateway brings of telephones, as its declaration says it under `[inbound]`.

use std::fmt;

use super::place::{Place, Report};
use super::reader::{Reader, quoted};
use super::signature::Signature;
use crate::domain::contact::Phone;

/// Every key of the table.
const KEYS: [&str; 8] = ["from", "to", "text", "id", "charset", "answered", "reply", "signature"];
/// Longest message that is read, in characters: ten parts are more than any telephone sends.
const TEXT_CHARS_MAX: usize = 1_600;

/// How a gateway's requests bring messages.
#[derive(Clone, Debug)]
pub(super) struct InboundRules {
    from: Place,
    to: Option<Place>,
    text: Place,
    id: Option<Place>,
    charset: Option<Place>,
    answered: Option<Place>,
    pub(super) reply: ReplyWay,
    pub(super) signature: Option<Signature>,
}

/// How a message is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyWay {
    /// Not at all.
    None,
    /// By the text of the answer to the request.
    Text,
    /// By the answer to the request, in Twilio's markup.
    Twiml,
}

/// A message from a telephone. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct FromTelephone {
    /// Whose it is; none for a name or a short code.
    pub from: Option<Phone>,
    /// What it says.
    pub text: String,
    /// The gateway's name for it.
    pub id: Option<String>,
    /// What the gateway took it for, where it has answered it by itself.
    pub answered: Option<String>,
}

impl fmt::Debug for FromTelephone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromTelephone(…)")
    }
}

/// Why a message cannot be read. It says nothing of what was in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InboundError {
    /// The sender or the receiver does not stand where the declaration says.
    #[error("there is no `{key}` in it: `inbound.{key}` of the gateway says that it stands in the {place}")]
    Missing {
        /// What is missing.
        key: &'static str,
        /// Where it ought to stand.
        place: String,
    },
}

impl InboundRules {
    /// Reads the table `inbound`, if it is there.
    pub(super) fn read(table: &Reader<'_>) -> Option<Self> {
        let table = table.table("inbound")?;
        table.allow_keys(&KEYS);
        for key in ["from", "text"].into_iter().filter(|key| table.value(key).is_none()) {
            table.problem_here(format!(
                "there is no `{key}`: say where it stands in a message from a telephone, like `{key} = {{ query = \"{key}\" }}`"
            ));
        }
        let place = |key| Place::read(&table, key);
        let (from, text) = (place("from"), place("text"));
        let (to, id) = (place("to"), place("id"));
        let (charset, answered) = (place("charset"), place("answered"));
        let reply = read_reply(&table);
        let signature = table.value("signature").map(|_| Signature::read(&table));
        let signature = if let Some(signature) = signature { Some(signature?) } else { None };
        Some(Self { from: from?, to, text: text?, id, charset, answered, reply: reply?, signature })
    }

    /// The message that a request brings. A message without words is one all the same.
    pub(super) fn read_message(
        &self,
        request: &Report<'_>,
        number: &dyn Fn(&str) -> Option<Phone>,
    ) -> Result<FromTelephone, InboundError> {
        let missing = |key, place: &Place| InboundError::Missing { key, place: place.shown() };
        let from = self.from.find(request).ok_or_else(|| missing("from", &self.from))?;
        if let Some(to) = self.to.as_ref().filter(|to| to.find(request).is_none()) {
            return Err(missing("to", to));
        }
        let found = |place: &Option<Place>| place.as_ref().and_then(|place| place.find(request));
        let text = self.text.find_in(request, found(&self.charset).as_deref()).unwrap_or_default();
        let text = text.chars().filter(|c| *c == '\n' || !c.is_control()).take(TEXT_CHARS_MAX).collect();
        Ok(FromTelephone { from: number(&from), text, id: found(&self.id), answered: found(&self.answered) })
    }
}

fn read_reply(table: &Reader<'_>) -> Option<ReplyWay> {
    const WORDS: [&str; 3] = ["none", "text", "twiml"];
    if table.value("reply").is_none() {
        return Some(ReplyWay::None);
    }
    match table.text("reply")? {
        "none" => Some(ReplyWay::None),
        "text" => Some(ReplyWay::Text),
        "twiml" => Some(ReplyWay::Twiml),
        word => {
            table.problem("reply", format!("`{word}` is no way to answer a message: use {}", quoted(&WORDS)));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{PLAIN, kannel, of_preset, plain_with, read, twilio};
    use super::*;
    use crate::channel::sms::Gateway;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

    #[track_caller]
    fn check(gateway: &Gateway, request: &Report<'_>, expected: &str) {
        let said = match gateway.from_telephone(request, &["DE"]).unwrap() {
            Ok(FromTelephone { from, text, id, answered }) => {
                let from = from.as_ref().map_or("-", Phone::as_str);
                format!("{from} {}{}: {text}", id.as_deref().unwrap_or("-"), answered.unwrap_or_default())
            }
            Err(err) => err.to_string(),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn what_kannel_brings_is_read_in_every_charset() {
        let kannel = kannel("http://127.0.0.1:13013");
        let query = |query| Report::of(query, None, b"");
        check(
            &kannel,
            &query("from=%2B4915112345678&to=12345&text=9+gut&charset=UTF-8&id=a-1"),
            "+4915112345678 a-1: 9 gut",
        );
        check(&kannel, &query("from=4915112345678&to=1&text=sch%C3%B6n&charset=GSM&id=a"), "+4915112345678 a: schön");
        check(
            &kannel,
            &query("from=015112345678&to=1&text=sch%F6n&charset=ISO-8859-1&id=a"),
            "+4915112345678 a: schön",
        );
        let wide = "from=%2B4915112345678&to=1&text=%00S%00T%04%1E%04%1F&charset=UTF-16BE&id=a";
        check(&kannel, &query(wide), "+4915112345678 a: STОП");
        check(&kannel, &query("from=SOLE&to=1&text=hi&charset=UTF-8&id=a"), "- a: hi");
        check(&kannel, &query("from=80888&to=1&text=&charset=UTF-8&id=a"), "- a: ");
        let missing =
            "there is no `from` in it: `inbound.from` of the gateway says that it stands in the query, as `from`";
        check(&kannel, &query("text=hi"), missing);
        assert_eq!((kannel.hears(), kannel.signs_inbound(), kannel.reply_way()), (true, false, ReplyWay::Text));
    }

    #[test]
    fn what_twilio_brings_is_read() {
        let twilio = twilio(None);
        let form = "From=%2B4915112345678&To=%2B15005550006&Body=8+lovely&MessageSid=SM1";
        check(&twilio, &Report::of("", FORM, form.as_bytes()), "+4915112345678 SM1: 8 lovely");
        let handled = format!("{form}&OptOutType=STOP");
        check(&twilio, &Report::of("", FORM, handled.as_bytes()), "+4915112345678 SM1STOP: 8 lovely");
        assert_eq!((twilio.hears(), twilio.signs_inbound(), twilio.reply_way()), (true, true, ReplyWay::Twiml));
    }

    #[test]
    fn what_the_other_presets_bring_is_read() {
        let json = Some("application/json");
        let vonage =
            br#"{"msisdn": "4915112345678", "to": "12345", "messageId": "0A", "text": "9 gut", "type": "text"}"#;
        check(&of_preset("vonage"), &Report::of("", json, vonage), "+4915112345678 0A: 9 gut");
        let in_query = "msisdn=4915112345678&to=12345&messageId=0A&text=9+gut";
        check(&of_preset("vonage"), &Report::of(in_query, None, b""), "+4915112345678 0A: 9 gut");
        let messagebird = "id=e8&originator=4915112345678&recipient=12345&body=9+gut";
        check(&of_preset("messagebird"), &Report::of("", FORM, messagebird.as_bytes()), "+4915112345678 e8: 9 gut");
        let plivo = "From=4915112345678&To=14155550100&Text=9+gut&MessageUUID=db3c";
        check(&of_preset("plivo"), &Report::of("", FORM, plivo.as_bytes()), "+4915112345678 db3c: 9 gut");
        let signs = ["vonage", "messagebird", "plivo"].map(|preset| of_preset(preset).signs_inbound());
        assert_eq!(signs, [false, true, true]);
    }

    #[test]
    fn any_gateway_is_declared_and_one_without_a_declaration_brings_nothing() {
        let inbound = "[inbound]\nfrom = { json = 'payload.phoneNumber' }\ntext = { json = 'payload.message' }";
        let gateway = read(&format!("{}{inbound}", plain_with(""))).unwrap();
        let json = r#"{"payload": {"phoneNumber": "+4915112345678", "message": "Größe 9"}}"#;
        check(&gateway, &Report::of("", Some("application/json"), json.as_bytes()), "+4915112345678 -: Größe 9");
        assert_eq!(gateway.reply_way(), ReplyWay::None);
        let silent = read(&plain_with("")).unwrap();
        assert!(silent.from_telephone(&Report::of("", None, b""), &[]).is_none() && !silent.hears());
    }

    #[track_caller]
    fn check_problems(inbound: &str, expected: &[&str]) {
        let problems = read(&format!("{}[inbound]\n{inbound}", plain_with(""))).unwrap_err();
        assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn replies_are_asked_for_only_where_they_can_come() {
        let inbound = "[inbound]\nfrom = { query = 'f' }\ntext = { query = 't' }";
        let declared = |lines: &str, inbound: &str| read(&format!("invite_replies = true\n{lines}\n{PLAIN}{inbound}"));
        assert!(declared("", inbound).unwrap().invites_replies());
        assert!(!read(&format!("{PLAIN}{inbound}")).unwrap().invites_replies());
        let problem = |lines: &str, inbound: &str| declared(lines, inbound).unwrap_err()[0].to_string();
        let by_name = problem("query = { from = '{from}' }\nfrom = 'SOLE'", inbound);
        assert_eq!(by_name, "invite_replies: nobody can reply to a name: set a number in `from`, or leave this out");
        let unheard = problem("", "");
        assert_eq!(
            unheard,
            "invite_replies: it is not said how replies come: add a table `inbound`, or leave this out"
        );
    }

    #[test]
    fn a_wrong_declaration_is_told_with_what_would_be_right() {
        check_problems(
            "text = { query = 't' }",
            &[
                "inbound: there is no `from`: say where it stands in a message from a telephone, like `from = { query = \"from\" }`",
            ],
        );
        check_problems(
            "from = { query = 'f' }\ntext = { query = 't' }\nreply = 'sms'\nfrm = 1",
            &[
                "inbound.frm: there is no key `frm`; did you mean `from`?",
                "inbound.reply: `sms` is no way to answer a message: use `none`, `text`, `twiml`",
            ],
        );
    }
}
