//! The placeholders that a declaration may write.

use std::collections::BTreeMap;

use super::super::encoding::EncodingParameters;
use super::super::reader::Reader;
use super::super::template::{HowToSet, Names};
use super::{OF_MESSAGE, SECRETS, SETTINGS};
use crate::config::settings::Secret;

/// The placeholders of the request that sends.
pub(super) fn of_sending(
    settings: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, Secret>,
    encoding: &EncodingParameters,
) -> Names {
    let mut names = Names::default();
    OF_MESSAGE.into_iter().chain(encoding.names()).for_each(|name| names.add(name, HowToSet::Given));
    name_settings(&mut names, settings, secrets);
    names
}

/// Placeholders that hold for every message.
pub(super) fn name_settings(
    names: &mut Names,
    settings: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, Secret>,
) {
    let how = |is_set, key: String| if is_set { HowToSet::Given } else { HowToSet::Key(key) };
    for name in SETTINGS {
        names.add(name, how(settings.contains_key(name), name.to_owned()));
    }
    for name in SECRETS {
        names.add(name, how(secrets.contains_key(name), format!("{name}_file")));
    }
}

/// A message needs its number and its text; and what is set but goes nowhere was meant for something.
pub(super) fn check_use(table: &Reader<'_>, names: &Names) {
    for name in ["to", "text"].into_iter().filter(|name| !names.is_used(name)) {
        table.problem_here(format!(
            "`{{{name}}}` stands nowhere in the request: put it under `query`, `headers` or `body`"
        ));
    }
    let keys = SETTINGS.map(|name| (name, name.to_owned())).into_iter();
    for (name, key) in keys.chain(SECRETS.map(|name| (name, format!("{name}_file")))) {
        if table.value(&key).is_some() && !names.is_used(name) {
            table.problem(&key, format!("`{key}` is set, but `{{{name}}}` stands nowhere in the request"));
        }
    }
}
