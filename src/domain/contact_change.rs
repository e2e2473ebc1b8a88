//! What a caller tells us of a contact, and what that does to what we know.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::contact::{Consent, Contact, Email, Phone};
use super::id::{BranchId, ContactId};
use super::journey::Channel;
use super::language::Language;

/// News of a contact. What is `None` stays as it is.
#[derive(Clone, PartialEq)]
pub struct ContactChange {
    /// Whom it is about.
    pub id: ContactId,
    /// The name.
    pub name: Option<String>,
    /// The mail address.
    pub email: Option<Email>,
    /// The telephone number.
    pub phone: Option<Phone>,
    /// The language.
    pub locale: Option<Language>,
    /// The time zone.
    pub time_zone: Option<Tz>,
    /// The branch.
    pub branch: Option<BranchId>,
    /// What the contact allowed for mail.
    pub consent_email: Option<Consent>,
    /// What the contact allowed for text messages.
    pub consent_sms: Option<Consent>,
    /// Attributes to set.
    pub attributes: BTreeMap<String, String>,
}

impl std::fmt::Debug for ContactChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactChange").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upserted {
    /// The contact is new.
    Created,
    /// These fields are other than before.
    Updated {
        /// Their names, as in the CSV header.
        fields: Vec<String>,
    },
    /// Everything was known already.
    Unchanged,
}

impl ContactChange {
    /// News of nothing but that the contact exists.
    pub fn none(id: ContactId) -> Self {
        Self {
            id,
            name: None,
            email: None,
            phone: None,
            locale: None,
            time_zone: None,
            branch: None,
            consent_email: None,
            consent_sms: None,
            attributes: BTreeMap::new(),
        }
    }

    /// The contact after this news, and what is different. A refusal stays a refusal.
    pub fn applied_to(self, known: Option<Contact>) -> (Contact, Upserted) {
        let is_new = known.is_none();
        let mut contact = known.unwrap_or_else(|| Contact::unknown(self.id.clone()));
        let mut fields = Vec::new();
        let mut note = |changed: bool, field: &str| {
            if changed {
                fields.push(field.to_owned());
            }
        };
        note(set(&mut contact.name, self.name), "name");
        note(set(&mut contact.email, self.email.map(Some)), "email");
        note(set(&mut contact.phone, self.phone.map(Some)), "phone");
        note(set(&mut contact.locale, self.locale.map(Some)), "locale");
        note(set(&mut contact.time_zone, self.time_zone.map(Some)), "time_zone");
        note(set(&mut contact.branch, self.branch.map(Some)), "branch");
        let told = [(Channel::Email, self.consent_email), (Channel::Sms, self.consent_sms)];
        for (channel, given) in told {
            let consent = contact.consent(channel).told(given);
            note(set(contact.consent_mut(channel), Some(consent)), &format!("consent_{}", channel.as_str()));
        }
        for (name, value) in self.attributes {
            let changed = contact.attributes.get(&name) != Some(&value);
            note(changed, &name);
            contact.attributes.insert(name, value);
        }
        let upserted = match (is_new, fields.is_empty()) {
            (true, _) => Upserted::Created,
            (false, false) => Upserted::Updated { fields },
            (false, true) => Upserted::Unchanged,
        };
        (contact, upserted)
    }
}

fn set<T: PartialEq>(known: &mut T, given: Option<T>) -> bool {
    match given {
        Some(given) if given != *known => {
            *known = given;
            true
        }
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change() -> ContactChange {
        ContactChange::none(ContactId::parse("c-1").unwrap())
    }

    #[test]
    fn a_change_says_what_it_changed() {
        let (contact, upserted) = ContactChange { name: Some("Ada".to_owned()), ..change() }.applied_to(None);
        assert_eq!(upserted, Upserted::Created);
        let again = ContactChange { name: Some("Ada".to_owned()), ..change() };
        assert_eq!(again.applied_to(Some(contact.clone())).1, Upserted::Unchanged);
        let attributes = BTreeMap::from([("tier".to_owned(), "gold".to_owned())]);
        let news = ContactChange { name: Some("Ada L.".to_owned()), attributes, ..change() };
        let expected = Upserted::Updated { fields: vec!["name".to_owned(), "tier".to_owned()] };
        assert_eq!(news.applied_to(Some(contact)).1, expected);
    }

    #[test]
    fn an_import_does_not_overturn_a_refusal() {
        let (refused, _) = ContactChange { consent_sms: Some(Consent::Refused), ..change() }.applied_to(None);
        let (contact, upserted) =
            ContactChange { consent_sms: Some(Consent::Granted), ..change() }.applied_to(Some(refused));
        assert_eq!((contact.consent_sms, upserted), (Consent::Refused, Upserted::Unchanged));
    }
}
