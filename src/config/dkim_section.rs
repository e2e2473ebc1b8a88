//! `[email.dkim]`: the keys that mail is signed with, if it is.

use std::sync::Arc;

use crate::channel::email::dkim::{Key, Signer, is_aligned};

use super::email_section::domain;
use super::node::{Content, Node, shown};
use super::reader::{Field, Reader};
use super::secrets::Names;
use super::settings_file::Surroundings;
use super::values;

/// Most keys: each adds its time and its signature to every mail.
const KEYS_MAX: usize = 4;
/// Longest selector, so that the name of its record stays one that can be asked for.
const SELECTOR_BYTES_MAX: usize = 63;

/// Reads `dkim`: the word for not signing, or the table with the keys. `from` is the domain that mail is from.
pub(super) fn read(field: Field<'_, '_>, surroundings: &Surroundings<'_>, from: Option<&str>) -> Option<Arc<Signer>> {
    if matches!(field.node.content, Content::Table(_)) {
        return signer(field.table()?, surroundings, from).map(Arc::new);
    }
    field.read(|node| match values::line(node)?.as_str() {
        "off" => Ok(()),
        given => Err(format!("`{}` is no way to sign; write `off`, or name keys in [[email.dkim.keys]]", shown(given))),
    })?;
    None
}

fn signer(mut section: Reader<'_>, surroundings: &Surroundings<'_>, from: Option<&str>) -> Option<Signer> {
    let domain = section.optional("domain", |node| {
        let domain = domain(node)?;
        match from.filter(|from| !is_aligned(&domain, from)) {
            None => Ok(domain),
            Some(from) => Err(format!(
                "`{domain}` does not answer for mail from `{from}`: write that domain or one above it, or receivers see \
                 mail that is not signed by its sender (DMARC)"
            )),
        }
    });
    section.require("keys");
    let mut selectors = Vec::new();
    let keys = section.field("keys", |field| {
        let keys = field.list(|field| key(field, surroundings, &mut selectors))?;
        match keys.len() {
            // One that could not be read has been reported.
            0 if selectors.is_empty() => {
                field.wrong("there is no key in it: add [[email.dkim.keys]], or set dkim = \"off\"")
            }
            0..=KEYS_MAX => Some(keys),
            n => field.wrong(format!("{n} keys are too many; at most {KEYS_MAX} sign")),
        }
    });
    section.finish("[email.dkim]");
    Some(Signer::new(domain.or_else(|| from.map(str::to_owned))?, keys?))
}

fn key(field: Field<'_, '_>, surroundings: &Surroundings<'_>, selectors: &mut Vec<String>) -> Option<Key> {
    let mut section = field.table()?;
    let selector = section.required("selector", |node| {
        let selector = selector(node)?;
        if selectors.contains(&selector) {
            return Err(format!(
                "`{selector}` is the selector of another key; a record holds one key, so each needs its own"
            ));
        }
        selectors.push(selector.clone());
        Ok(selector)
    });
    // A list that holds something is not empty, whatever that is.
    if selector.is_none() {
        selectors.push(String::new());
    }
    let credential = format!("dkim-{}", selector.as_deref().unwrap_or_default());
    let names = Names { inline: "key", file: "key_file", credential: &credential };
    let given = section.has(names.inline) || section.has(names.file);
    let pem = surroundings.secrets().of_lines(&mut section, names);
    if let (None, false, Some(selector)) = (&pem, given, &selector) {
        let message = format!(
            "there is no key: name its file in `key_file`, or hand it over as systemd credential `dkim-{selector}`"
        );
        section.wrong::<()>("key_file", message);
    }
    let spot = section.spot("key_file");
    let problems = field.problems;
    section.finish("a key");
    match Key::read(selector?, &pem?) {
        Ok(key) => Some(key),
        Err(error) => {
            problems.report(spot.problem(error.to_string()));
            None
        }
    }
}

/// One or more labels of a name in DNS.
fn selector(node: &Node) -> Result<String, String> {
    let given = values::line(node)?;
    let is_label = |label: &str| {
        let ends_well = !label.starts_with('-') && !label.ends_with('-');
        !label.is_empty() && ends_well && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    if given.len() <= SELECTOR_BYTES_MAX && given.split('.').all(is_label) {
        return Ok(given.to_ascii_lowercase());
    }
    Err(format!(
        "`{}` is no selector; write letters, digits and hyphens, at most {SELECTOR_BYTES_MAX}, as in `c2026r`",
        shown(&given)
    ))
}
