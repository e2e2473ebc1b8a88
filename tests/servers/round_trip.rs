//! From a file of contacts to the report, through Postfix and Kannel and back over the links in what arrived.
//!
//! Whatever goes in is counted here, and the report has to give exactly these counts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    http,
    kannel::{self, Kannel},
    mail::{Mail, links, survey_link, unsubscribe_link},
    postfix::Postfix,
    product::{Daemon, Installation, Rates, check_counts, mail_through, now, texts_through},
};

/// Every guest is asked by mail, and by text message too where there is a number.
const JOURNEY: &str = r#"
[journey]
id = "evening"
title = "An evening with us"

[[stage]]
id = "visit"
survey = "visit"
on = { event = "visit.completed" }
after = "0s"
line_up = [{ channel = "email" }]

[[stage]]
id = "bill"
survey = "delivery"
on = { event = "visit.completed" }
after = "0s"
line_up = [{ channel = "sms" }]
"#;

/// Guests, numbered from 1; the first half has a telephone.
const GUESTS: usize = 100;
const GUESTS_WITH_PHONE: usize = 50;
/// Events that come in over HTTP; the rest comes from a file.
const EVENTS_POSTED: usize = 60;

/// Longer than the survey takes.
const PRAISE_CHARS: usize = 501;

#[test]
fn what_went_in_is_what_the_report_says() {
    let mut evening = Evening::begin();
    evening.import_contacts();
    evening.bring_events_in();
    evening.wait_for_messages();
    evening.look_at_every_link();
    evening.answer();
    evening.check_report();
    evening.check_story();
    evening.import_again();
    evening.restart();
}

struct Evening {
    postfix: Postfix,
    kannel: Kannel,
    installation: Installation,
    daemon: Option<Daemon>,
    at: String,
    /// By the number of the guest.
    mails: BTreeMap<usize, Mail>,
    texts: BTreeMap<usize, String>,
}

impl Evening {
    fn begin() -> Self {
        let (postfix, kannel) = (Postfix::start(&["guests.example"]), Kannel::start());
        let settings = mail_through(postfix.smtp_port(), "none") + &texts_through(&kannel);
        let installation = Installation::with(JOURNEY, &settings);
        installation.write("config/kannel.password", kannel::PASSWORD);
        installation.ok(&["check"]);
        let daemon = Some(installation.start());
        Self { postfix, kannel, installation, daemon, at: now(), mails: BTreeMap::new(), texts: BTreeMap::new() }
    }

    fn import_contacts(&self) {
        let rows: Vec<_> = (1..=GUESTS)
            .map(|n| {
                let phone = if n <= GUESTS_WITH_PHONE { phone(n) } else { String::new() };
                format!("{},\"Zoë {n}, jun.\",{},{phone},{}\n", id(n), email(n), ["de", "en"][n % 2])
            })
            .collect();
        let file = self.installation.write("contacts.csv", &format!("id,name,email,phone,locale\n{}", rows.concat()));
        let import = ["contacts", "import", file.to_str().unwrap()];
        let counts = |created: usize, unchanged: usize| {
            json!({ "rows": GUESTS, "created": created, "updated": 0, "unchanged": unchanged, "refused": 0,
                "dry_run": false })
        };
        assert_eq!(self.installation.json(&import), counts(GUESTS, 0));
        assert_eq!(self.installation.json(&import), counts(0, GUESTS));
    }

    fn bring_events_in(&self) {
        let port = self.installation.admin_port();
        let events: Vec<Value> = (1..=EVENTS_POSTED).map(|n| self.event(n)).collect();
        let (alone, together) = events.split_first().unwrap();
        let mut answers = vec![http::post_json(port, "/api/v1/events", alone).json()];
        let rest = http::post_json(port, "/api/v1/events", &json!(together)).json();
        answers.extend(rest.as_array().unwrap().iter().cloned());
        for (n, answer) in (1..).zip(&answers) {
            assert_eq!(answer["event"], format!("visit-{n}"));
            let decisions: Vec<_> = answer["decisions"].as_array().unwrap().iter().map(decided).collect();
            let of_text = if n <= GUESTS_WITH_PHONE { "bill planned sms" } else { "bill skipped no_address" };
            assert_eq!(decisions, ["visit planned email", of_text]);
        }
        assert_eq!(answers.len(), EVENTS_POSTED);
        let said = self.import_events();
        assert!(said.starts_with("40 events, 0 refused\n"), "{said}");
        assert!(said.contains("40  evening/bill: skipped (no_address)"), "{said}");
        assert!(said.contains("40  evening/visit: planned"), "{said}");
    }

    fn event(&self, n: usize) -> Value {
        json!({ "id": format!("visit-{n}"), "type": "visit.completed", "at": self.at, "branch": "mitte",
            "contact": { "id": id(n) } })
    }

    fn import_events(&self) -> String {
        let lines: Vec<_> = (EVENTS_POSTED + 1..=GUESTS).map(|n| format!("{}\n", self.event(n))).collect();
        let file = self.installation.write("events.jsonl", &lines.concat());
        self.installation.ok(&["events", "import", file.to_str().unwrap()])
    }

    fn wait_for_messages(&mut self) {
        let arrived = self.postfix.wait_for_messages(GUESTS);
        self.mails = arrived.iter().map(|bytes| Mail::read(bytes)).map(|mail| (number(&mail.to), mail)).collect();
        let texts = self.kannel.wait_for_received(GUESTS_WITH_PHONE);
        assert!(texts.iter().all(|sms| sms.from == "SOLE"));
        self.texts = texts.into_iter().map(|sms| (number(&sms.to), sms.text)).collect();
        self.installation.wait_until_drained(|| 0);
        self.check_messages();
    }

    /// Nobody has two of anything, and nobody has nothing.
    fn check_messages(&self) {
        assert_eq!((self.postfix.messages().len(), self.kannel.received().len()), (GUESTS, GUESTS_WITH_PHONE));
        assert_eq!(self.mails.keys().copied().collect::<Vec<_>>(), (1..=GUESTS).collect::<Vec<_>>());
        assert_eq!(self.texts.keys().copied().collect::<Vec<_>>(), (1..=GUESTS_WITH_PHONE).collect::<Vec<_>>());
        let mut ids: Vec<_> = self.mails.values().map(|mail| &mail.message_id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), GUESTS);
    }

    /// Programs that look into mails open every link in them.
    fn look_at_every_link(&self) {
        let of_mails = self.mails.values().flat_map(|mail| mail.links.iter().cloned());
        for link in of_mails.chain(self.texts.values().flat_map(|text| links(text))) {
            assert_eq!(self.get(&link), 200, "{link}");
        }
        let rates = self.installation.rates();
        check_counts(rates.of("email"), &[("cases", 100), ("delivered", 100), ("no_response", 100)]);
        check_counts(rates.of("sms"), &[("cases", 50), ("delivered", 50), ("no_response", 50)]);
        let (_, responses) = http::get(self.installation.admin_port(), "/api/v1/responses");
        assert_eq!(serde_json::from_str::<Value>(&responses).unwrap(), json!({ "rows": [], "next": null }));
        let (_, contact) = http::get(self.installation.admin_port(), &format!("/api/v1/contacts/{}", id(1)));
        let contact: Value = serde_json::from_str(&contact).unwrap();
        assert_eq!((&contact["consent_email"], &contact["consent_sms"]), (&json!("unknown"), &json!("unknown")));
    }

    fn answer(&self) {
        let too_long = "x".repeat(PRAISE_CHARS);
        for n in (1..=10).chain(51..=70) {
            self.post(&self.mails[&n].survey_url, &[("overall", "4"), ("praise", "Grüße an die Küche")], 303);
        }
        // Another time: it is the same answer.
        self.post(&self.mails[&51].survey_url, &[("overall", "2"), ("trouble", "wait"), ("why", "An hour.")], 303);
        for n in 71..=75 {
            self.post(&self.mails[&n].survey_url, &[("overall", "5"), ("praise", &too_long)], 422);
        }
        for n in 76..=78 {
            self.post(&self.mails[&n].survey_url, &[("overall", "9")], 422);
        }
        // Guest 11 has a text message as well, and by that no is said to it too.
        for n in (79..=85).chain([11]) {
            self.post(&self.mails[&n].unsubscribe_url, &[("List-Unsubscribe", "One-Click")], 200);
        }
        for n in 86..=87 {
            self.post(&self.mails[&n].unsubscribe_url, &[("choice", "ineligible")], 200);
        }
        for n in (1..=5).chain(12..=20) {
            self.post(&survey_link(&self.texts[&n]), &[("overall", "5")], 303);
        }
        for n in 21..=23 {
            self.post(&survey_link(&self.texts[&n]), &[("overall", "1"), ("trouble", "no such trouble")], 422);
        }
        // Their mails are not answered either, so by this they are refused as well.
        for n in 24..=27 {
            self.post(&unsubscribe_link(&self.texts[&n]), &[("choice", "stop")], 200);
        }
        for n in 28..=29 {
            self.post(&survey_link(&self.texts[&n]), &[("overall", "many")], 422);
        }
    }

    fn check_report(&self) -> Rates {
        let rates = self.installation.rates();
        check_counts(
            rates.of("email"),
            &[
                ("cases", 98),
                ("delivered", 98),
                ("complete", 30),
                ("partial", 5),
                ("break_off", 3),
                ("refusal", 7 + 1 + 4),
                ("no_response", 48),
                ("ineligible", 2),
            ],
        );
        check_counts(
            rates.of("sms"),
            &[
                ("cases", 50),
                ("delivered", 50),
                ("complete", 14),
                ("partial", 3),
                ("break_off", 2),
                ("refusal", 4 + 1),
                ("no_response", 26),
            ],
        );
        check_counts(
            rates.total(),
            &[
                ("cases", 148),
                ("delivered", 148),
                ("complete", 44),
                ("partial", 8),
                ("break_off", 5),
                ("refusal", 17),
                ("no_response", 74),
                ("ineligible", 2),
                // Those without a telephone.
                ("suppressed", 50),
            ],
        );
        let rate = &rates.of("email")["rr_delivered"];
        assert_eq!((rate["n"].as_u64(), rate["value"].as_f64()), (Some(98), Some(35.0 / 98.0)));
        rates
    }

    fn check_story(&self) {
        let story = self.installation.ok(&["why", &id(51)]);
        let expected = [
            "Contact guest-051.\n",
            "sms: no address.\n",
            "to the survey `visit` (evening/visit at mitte, occasion visit-51).\n",
            "Planned: an email is due ",
            "Sent by email: “250 2.0.0 Ok: queued as ",
            "Answered in full through the link in the email.\n",
            "It was never sent, because ",
        ];
        for words in expected {
            assert!(story.contains(words), "no {words:?} in\n{story}");
        }
        let refused = self.installation.ok(&["why", &id(11)]);
        assert!(refused.contains("email: said no; the address is on the suppression list.\n"), "{refused}");
        assert_eq!(refused.matches("Closed: the contact wants no more surveys.").count(), 4, "{refused}");
    }

    /// The same events change nothing, and the same contacts do not overturn a no.
    fn import_again(&self) {
        self.import_events();
        self.import_contacts_once_more();
        self.check_report();
        self.installation.wait_until_drained(|| 0);
        self.check_messages();
    }

    fn import_contacts_once_more(&self) {
        let file = self.installation.path("contacts.csv");
        let counts = self.installation.json(&["contacts", "import", file.to_str().unwrap()]);
        assert_eq!((&counts["created"], &counts["updated"], &counts["unchanged"]), (&json!(0), &json!(0), &json!(100)));
    }

    /// After a restart everything is as it was, and only what is new is sent.
    fn restart(&mut self) {
        assert_eq!(self.daemon.take().unwrap().stop(), Some(0));
        // Without a daemon the command opens the store itself.
        self.check_report();
        self.daemon = Some(self.installation.start());
        let newcomer = json!({ "id": "visit-101", "type": "visit.completed", "at": now(), "branch": "mitte",
            "contact": { "id": id(101), "email": email(101), "phone": phone(101) } });
        http::post_json(self.installation.admin_port(), "/api/v1/events", &newcomer).json();
        // What had been sent twice would have come before this one, for it would have been due earlier.
        self.postfix.wait_for_messages(GUESTS + 1);
        self.kannel.wait_for_received(GUESTS_WITH_PHONE + 1);
        self.installation.wait_until_drained(|| 0);
        for channel in ["email", "sms"] {
            let series = format!("canvass_invitations_total{{channel=\"{channel}\",outcome=\"accepted\"}}");
            assert_eq!(self.installation.metric(&series), 1);
        }
        let counts = (self.postfix.messages().len(), self.kannel.received().len());
        assert_eq!(counts, (GUESTS + 1, GUESTS_WITH_PHONE + 1));
    }

    fn get(&self, link: &str) -> u16 {
        http::get(self.installation.public_port(), self.installation.path_of(link)).0
    }

    #[track_caller]
    fn post(&self, link: &str, fields: &[(&str, &str)], expected: u16) {
        let reply = http::post_form(self.installation.public_port(), self.installation.path_of(link), fields);
        assert_eq!(reply.status, expected, "{}\n{}", reply.head, reply.body);
    }
}

fn id(n: usize) -> String {
    format!("guest-{n:03}")
}

fn email(n: usize) -> String {
    format!("{}@guests.example", id(n))
}

fn phone(n: usize) -> String {
    format!("+4915112345{n:03}")
}

/// The number of the guest with this address: its last three digits.
#[track_caller]
fn number(address: &str) -> usize {
    let local = address.split('@').next().unwrap();
    local.get(local.len() - 3..).unwrap().parse().unwrap()
}

/// A stage's decision in a few words.
fn decided(decision: &Value) -> String {
    let word = |name: &str| decision[name].as_str().unwrap_or_default();
    format!("{} {} {}", word("stage"), word("decision"), word("reason").to_owned() + word("channel"))
}
