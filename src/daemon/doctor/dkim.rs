//! What is published for a key that mail is signed with.

use crate::channel::email::dkim::{Key, Record};

use super::names::Names;
use super::said::Said;
use super::tags;

/// Asks for the record of a key.
pub(super) async fn check(key: &Key, record: Record, names: &dyn Names) -> Said {
    match names.texts(&record.name).await {
        Ok(published) => judge(key, &record, &published),
        Err(error) => Said::unanswered(&record.name, &error),
    }
}

/// Judges what is published under the name of a key.
fn judge(key: &Key, record: &Record, published: &[String]) -> Said {
    let name = &record.name;
    let publish = || format!("publish what `canvass dkim` prints: a TXT record `{name}`");
    let text = match published {
        [] => return Said::problem(format!("there is no TXT record `{name}`"), publish()),
        [text] => text,
        several => {
            let found = format!("there are {} TXT records `{name}`, and receivers may take any", several.len());
            return Said::problem(found, "leave the one that `canvass dkim` prints");
        }
    };
    let tags = match tags::read(text) {
        Ok(tags) => tags,
        Err(why) => return Said::problem(format!("`{name}` cannot be read: {why}"), publish()),
    };
    let wrong = |what: String| Said::problem(format!("`{name}` {what}"), publish());
    if tags.get("v").is_some_and(|version| *version != "DKIM1") {
        return wrong("is of another version than DKIM1".to_owned());
    }
    let kind = *tags.get("k").unwrap_or(&"rsa");
    if kind != key.kind() {
        return wrong(format!("is for a key of {kind}, and mail is signed with one of {}", key.kind()));
    }
    let public: Option<String> = tags.get("p").map(|public| public.split_whitespace().collect());
    match public.as_deref() {
        None => return wrong("has no key in it".to_owned()),
        Some("") => {
            let advice = "sign with a new key under a new selector: a key that was revoked stays so for receivers";
            return Said::problem(format!("`{name}` says that this key was revoked"), advice);
        }
        Some(public) if public != key.public() => {
            return wrong("holds another key than mail is signed with".to_owned());
        }
        Some(_) => (),
    }
    if !tags::allows(tags.get("h"), &["sha256"]) {
        return wrong("does not allow SHA-256, which is what mail is signed with".to_owned());
    }
    if !tags::allows(tags.get("s"), &["*", "email"]) {
        return wrong("is not for email".to_owned());
    }
    if tags.get("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y")) {
        let found = format!("`{name}` is marked as a test (t=y), and receivers may take mail as if it were not signed");
        return Said::warning(found, "take `t=y` out of the record once mail arrives");
    }
    Said::ok(format!("`{name}` holds the {kind} key that mail is signed with"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Secret;
    use crate::daemon::doctor::said::Verdict;

    const PEM: &str = include_str!("../../channel/email/dkim/tests/keys/ed25519.pem");

    /// Judges records in which `P` stands for the public half.
    #[track_caller]
    fn check(published: &[&str], verdict: Verdict, words: &str) {
        let key = Key::read("s".to_owned(), &Secret::new(PEM)).unwrap();
        let published: Vec<_> = published.iter().map(|text| text.replace('P', key.public())).collect();
        let record = Record { name: "s._domainkey.sole.example".to_owned(), text: String::new() };
        let said = judge(&key, &record, &published);
        assert_eq!(said.verdict, verdict, "{}", said.found);
        assert!(said.found.contains(words), "{}", said.found);
    }

    #[test]
    fn the_record_holds_the_key_that_signs() {
        check(&["v=DKIM1; k=ed25519; p=P"], Verdict::Ok, "holds the ed25519 key");
        check(&[" k = ed25519 ; p = P ; n=a remark; "], Verdict::Ok, "");
        check(&["k=ed25519; h=sha1:sha256; s=*; p=P"], Verdict::Ok, "");
        check(&["k=ed25519; t=s; p=P"], Verdict::Ok, "");
        check(&["k=ed25519; t=s:y; p=P"], Verdict::Warning, "is marked as a test");
    }

    #[test]
    fn whatever_else_is_published_is_a_problem() {
        check(&[], Verdict::Problem, "there is no TXT record");
        check(&["k=ed25519; p=P", "k=ed25519; p=P"], Verdict::Problem, "there are 2 TXT records");
        check(&["k=ed25519; p=AAAA"], Verdict::Problem, "holds another key");
        check(&["k=ed25519; p="], Verdict::Problem, "revoked");
        check(&["k=ed25519"], Verdict::Problem, "no key in it");
        check(&["p=P"], Verdict::Problem, "is for a key of rsa");
        check(&["v=DKIM2; k=ed25519; p=P"], Verdict::Problem, "another version");
        check(&["k=ed25519; h=sha1; p=P"], Verdict::Problem, "SHA-256");
        check(&["k=ed25519; s=other; p=P"], Verdict::Problem, "not for email");
        check(&["k=ed25519; p=P; p=P"], Verdict::Problem, "twice");
        check(&["some words"], Verdict::Problem, "`some words` is no tag");
    }
}
