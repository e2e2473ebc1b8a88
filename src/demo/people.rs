//! The guests of the demo: made up, and so plainly that nobody takes them for customers of anybody.
//!
//! Their addresses are in a domain that can never exist (RFC 2606), their numbers are those that the regulators of Germany
//! (Bundesnetzagentur) and Sweden (PTS) keep free for films.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::chance::Chance;
use crate::domain::contact::{Consent, Email, Phone};
use crate::domain::contact_change::ContactChange;
use crate::domain::id::{BranchId, ContactId};
use crate::domain::language::Language;
use crate::domain::place::Branch;

/// The domain of guests' addresses.
const MAIL_DOMAIN: &str = "guests.example";
/// Mail to this domain is refused: its guests have moved away.
pub(super) const MOVED_DOMAIN: &str = "moved.example";
/// What the ids of guests begin with.
const GUEST: &str = "guest-";
/// What the ids of guests begin with who are played by whoever looks at the demo.
const VISITOR: &str = "you-";
/// Numbers kept for them.
const VISITORS: u64 = 20;

const FIRST_NAMES: [&str; 24] = [
    "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Klara", "Leo", "Mia", "Nora",
    "Oskar", "Paula", "Quentin", "Rosa", "Simon", "Tilda", "Ugo", "Vera", "Willi", "Zoe",
];
const LAST_NAMES: [&str; 6] = ["Muster", "Beispiel", "Sample", "Example", "Gast", "Guest"];

/// A guest.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// What the house knows of them.
    pub(super) known: ContactChange,
    /// Where they go.
    pub(super) branch: BranchId,
    /// What the clocks there show.
    pub(super) zone: Tz,
    /// What they read and write.
    pub(super) language: Language,
    /// How often they come, 1 being usual.
    pub(super) habit: f64,
    /// How easily they are pleased, in `0..1`.
    pub(super) cheer: f64,
}

impl Person {
    /// Their id.
    pub(super) fn id(&self) -> &ContactId {
        &self.known.id
    }
}

/// So many guests, spread over the branches.
pub(super) fn people(n: u32, seed: u64, branches: &BTreeMap<BranchId, Branch>) -> BTreeMap<ContactId, Person> {
    let branches: Vec<&Branch> = branches.values().collect();
    let mut free = FreePhones::default();
    let guests = (0..n).filter_map(|number| {
        let id = format!("{GUEST}{number:03}");
        let chance = Chance::about(seed, &["person", &id]);
        let branch = chance.pick(&branches)?;
        person(&id, branch, &chance, &mut free)
    });
    guests.map(|person| (person.id().clone(), person)).collect()
}

/// The guest that whoever looks at the demo plays: nobody else answers in their place.
pub(super) fn visitor(number: u64, branch: &Branch) -> Option<ContactChange> {
    let email = Email::parse(&format!("{VISITOR}{number}@{MAIL_DOMAIN}")).ok()?;
    // From the end of the numbers kept free, which no other guest gets.
    let phone = Phone::parse(&format!("+49176040690{}", 99 - number % VISITORS), None).ok()?;
    Some(ContactChange {
        name: Some("You".to_owned()),
        email: Some(email),
        phone: Some(phone),
        locale: Some(Language::english()),
        branch: Some(branch.id.clone()),
        ..ContactChange::none(ContactId::parse(&format!("{VISITOR}{number}")).ok()?)
    })
}

/// Whether this is a guest whom whoever looks at the demo plays.
pub(super) fn is_visitor(id: &ContactId) -> bool {
    id.as_str().starts_with(VISITOR)
}

fn person(id: &str, branch: &Branch, chance: &Chance, free: &mut FreePhones) -> Option<Person> {
    let (first, last) = (chance.pick(&FIRST_NAMES)?, chance.pick(&LAST_NAMES)?);
    let speaks_german = branch.country.as_deref() == Some("DE");
    let language = Language::parse(if speaks_german && chance.hits(0.85) { "de" } else { "en" }).ok()?;
    let domain = if chance.hits(0.07) { MOVED_DOMAIN } else { MAIL_DOMAIN };
    let number = id.trim_start_matches(GUEST);
    let email = Email::parse(&format!("{first}.{last}.{number}@{domain}").to_lowercase()).ok()?;
    let (has_email, has_phone) = (chance.hits(0.93), chance.hits(0.88));
    let phone = free.next(speaks_german).and_then(|phone| Phone::parse(&phone, None).ok()).filter(|_| has_phone);
    let known = ContactChange {
        name: Some(format!("{first} {last}")),
        email: (has_email || phone.is_none()).then_some(email),
        phone,
        locale: Some(language.clone()),
        branch: Some(branch.id.clone()),
        consent_email: Some(consent(chance)),
        consent_sms: Some(consent(chance)),
        ..ContactChange::none(ContactId::parse(id).ok()?)
    };
    Some(Person {
        known,
        branch: branch.id.clone(),
        zone: branch.time_zone,
        language,
        habit: 0.4 + 1.6 * chance.fraction() * chance.fraction() * 2.0,
        cheer: chance.fraction(),
    })
}

fn consent(chance: &Chance) -> Consent {
    match chance.fraction() {
        share if share < 0.04 => Consent::Refused,
        share if share < 0.5 => Consent::Granted,
        _ => Consent::Unknown,
    }
}

/// Numbers that nobody has: 0171 39200xx and 0176 040690xx in Germany, 070 1740605 to 99 in Sweden.
#[derive(Default)]
struct FreePhones {
    n_german: u64,
    n_other: u64,
}

impl FreePhones {
    /// The next one, while there is one.
    fn next(&mut self, german: bool) -> Option<String> {
        let n = if german { &mut self.n_german } else { &mut self.n_other };
        let place = *n;
        *n += 1;
        match place {
            0..100 if german => Some(format!("+4917139200{place:02}")),
            100.. if german => (place < 200 - VISITORS).then(|| format!("+49176040690{:02}", place - 100)),
            _ => (place < 95).then(|| format!("+46701740{}", 605 + place)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::load_from;
    use crate::config::shipped::SHIPPED;

    #[test]
    fn guests_are_as_many_as_asked_for_and_no_two_share_an_address() {
        let config = load_from(&SHIPPED, &BTreeMap::new(), chrono::DateTime::UNIX_EPOCH).unwrap().config;
        let people = people(200, 1, &config.branches);
        assert_eq!(people.len(), 200);
        let emails: Vec<_> = people.values().filter_map(|person| person.known.email.clone()).collect();
        let phones: Vec<_> = people.values().filter_map(|person| person.known.phone.clone()).collect();
        assert!(emails.len() > 150 && emails.len() < 200, "a few have no address");
        assert!(phones.len() > 150 && phones.len() < 200, "a few have no number");
        assert_eq!(emails.iter().collect::<BTreeSet<_>>().len(), emails.len());
        assert_eq!(phones.iter().collect::<BTreeSet<_>>().len(), phones.len());
        assert!(emails.iter().all(|email| email.domain().ends_with(".example")));
        assert!(people.values().any(|person| person.known.consent_email == Some(Consent::Refused)));
    }

    #[test]
    fn a_visitor_is_told_from_the_guests() {
        let config = load_from(&SHIPPED, &BTreeMap::new(), chrono::DateTime::UNIX_EPOCH).unwrap().config;
        let branch = config.branches.values().next().unwrap();
        assert!(is_visitor(&visitor(1, branch).unwrap().id));
        assert!(people(9, 1, &config.branches).keys().all(|id| !is_visitor(id)));
    }
}
