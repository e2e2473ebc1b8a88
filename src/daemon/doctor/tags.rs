//! Lists of tags, `v=DKIM1; k=rsa; p=…`, as the records of DKIM (RFC 6376 §3.2) and DMARC (RFC 7489 §6.4) are.

use std::collections::BTreeMap;

/// The tags of a record by their names, without the blanks around them.
pub(super) fn read(record: &str) -> Result<BTreeMap<&str, &str>, String> {
    let mut tags = BTreeMap::new();
    for part in record.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((name, value)) = part.split_once('=') else {
            let part: String = part.chars().take(40).collect();
            return Err(format!("`{part}` is no tag with a value"));
        };
        let name = name.trim();
        if tags.insert(name, value.trim()).is_some() {
            return Err(format!("the tag `{name}` stands in it twice"));
        }
    }
    Ok(tags)
}

/// Whether a list such as `sha1:sha256` names one of the words; one that is not there names all.
pub(super) fn allows(list: Option<&&str>, words: &[&str]) -> bool {
    list.is_none_or(|list| list.split(':').any(|given| words.contains(&given.trim())))
}
