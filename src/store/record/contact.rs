//! Contacts on disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::CONTACT;
use super::common::{self, Wrong, stored_enum};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::contact::{Consent, Contact, Email, Phone};
use crate::domain::id::{BranchId, ContactId};

stored_enum!(ConsentV1 for Consent { Unknown, Granted, Refused });

#[derive(Serialize, Deserialize)]
struct ContactV1 {
    id: String,
    name: String,
    email: Option<String>,
    phone: Option<String>,
    locale: Option<String>,
    time_zone: Option<String>,
    branch: Option<String>,
    consent_email: ConsentV1,
    consent_sms: ConsentV1,
    attributes: BTreeMap<String, String>,
    seen_at: Option<i64>,
    revision: u64,
}

pub(in super::super) fn write(contact: &Contact) -> Result<Vec<u8>, StoreError> {
    let stored = ContactV1 {
        id: contact.id.to_string(),
        name: contact.name.clone(),
        email: contact.email.as_ref().map(|email| email.as_str().to_owned()),
        phone: contact.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        locale: contact.locale.as_ref().map(ToString::to_string),
        time_zone: contact.time_zone.map(|zone| zone.name().to_owned()),
        branch: contact.branch.as_ref().map(ToString::to_string),
        consent_email: contact.consent_email.into(),
        consent_sms: contact.consent_sms.into(),
        attributes: contact.attributes.clone(),
        seen_at: contact.seen_at.map(common::micros),
        revision: contact.revision,
    };
    encode(CONTACT, 1, &stored)
}

pub(in super::super) fn read(record: &[u8]) -> Result<Contact, StoreError> {
    match split(CONTACT, record)? {
        (1, body) => from_v1(decode(CONTACT, body)?).map_err(|wrong| unreadable(CONTACT, &wrong)),
        (version, _) => Err(newer(CONTACT, version)),
    }
}

fn from_v1(stored: ContactV1) -> Result<Contact, Wrong> {
    Ok(Contact {
        id: common::id(ContactId::parse(&stored.id))?,
        name: stored.name,
        email: stored.email.map(|email| Email::trusted(&email)),
        phone: stored.phone.map(|phone| Phone::trusted(&phone)),
        locale: stored.locale.map(|tag| common::language(&tag)).transpose()?,
        time_zone: stored.time_zone.map(|name| common::zone(&name)).transpose()?,
        branch: stored.branch.map(|branch| common::id(BranchId::parse(&branch))).transpose()?,
        consent_email: stored.consent_email.into(),
        consent_sms: stored.consent_sms.into(),
        attributes: stored.attributes,
        seen_at: stored.seen_at.map(common::instant).transpose()?,
        revision: stored.revision,
    })
}
