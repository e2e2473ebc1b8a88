//! What the sender's domain asks receivers to do with mail that is not its own (DMARC, RFC 7489).

use super::names::{Names, NamesError};
use super::said::Said;
use super::tags;
use crate::channel::email::dkim::is_aligned;

/// Most labels of a name that are taken off to look for a record above it.
const STEPS_MAX: usize = 8;

/// Who answers for mail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Senders<'a> {
    /// The domain of `From`.
    pub(super) from: &'a str,
    /// The domain of envelope senders, which SPF is about.
    pub(super) envelope: &'a str,
    /// The domain of our signatures; `None` where the relay signs, or nobody.
    pub(super) signer: Option<&'a str>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Policy {
    /// What to do with mail of the domain itself.
    own: String,
    /// What to do with that of domains below it, where that differs.
    below: Option<String>,
    strict_dkim: bool,
    strict_spf: bool,
}

/// Asks for the record of the domain, or else of those above it.
pub(super) async fn check(senders: Senders<'_>, names: &dyn Names) -> Said {
    match look_up(senders.from, names).await {
        Ok(found) => judge(senders, found),
        Err((name, error)) => Said::unanswered(&name, &error),
    }
}

/// The records of the nearest domain that has any, with that domain.
async fn look_up(from: &str, names: &dyn Names) -> Result<Option<(String, Vec<String>)>, (String, NamesError)> {
    let mut domain = from;
    for _ in 0..STEPS_MAX {
        let name = format!("_dmarc.{domain}");
        let texts = names.texts(&name).await.map_err(|error| (name, error))?;
        let records: Vec<_> = texts.into_iter().filter(|text| is_dmarc(text)).collect();
        if !records.is_empty() {
            return Ok(Some((domain.to_owned(), records)));
        }
        match domain.split_once('.') {
            Some((_, above)) if above.contains('.') => domain = above,
            Some(_) | None => break,
        }
    }
    Ok(None)
}

fn is_dmarc(text: &str) -> bool {
    let first = text.split(';').next().unwrap_or_default();
    first.split_once('=').is_some_and(|(tag, version)| tag.trim() == "v" && version.trim() == "DMARC1")
}

fn judge(senders: Senders<'_>, found: Option<(String, Vec<String>)>) -> Said {
    let from = senders.from;
    let Some((domain, records)) = found else {
        let found = format!("there is no DMARC record for `{from}`; large receivers want one from whoever sends much");
        let example = format!("v=DMARC1; p=none; rua=mailto:postmaster@{from}");
        return Said::warning(found, format!("publish a TXT record `_dmarc.{from}`, to begin with `{example}`"));
    };
    let name = format!("_dmarc.{domain}");
    let [record] = records.as_slice() else {
        let found = format!("there are {} DMARC records `{name}`, so none counts", records.len());
        return Said::problem(found, "leave one");
    };
    let policy = match read(record) {
        Ok(policy) => policy,
        Err(why) => {
            return Said::problem(format!("`{name}` does not count: {why}"), "write it like `v=DMARC1; p=none`");
        }
    };
    let in_force = if domain == from { &policy.own } else { policy.below.as_ref().unwrap_or(&policy.own) };
    let signed = senders.signer.map(|signer| counts(signer, from, policy.strict_dkim));
    let by_envelope = counts(senders.envelope, from, policy.strict_spf);
    let says = format!("`{name}` says p={in_force}");
    match (signed, by_envelope) {
        (Some(true), true) => Said::ok(format!("{says}; signatures and envelope senders belong to `{from}`")),
        (Some(true), false) => Said::ok(format!("{says}; signatures belong to `{from}`, envelope senders do not")),
        (Some(false), true) => Said::warning(
            format!("{says}, and wants signatures of `{from}` itself (adkim=s), so that only SPF counts"),
            format!("sign for `{from}`: set [email.dkim] domain"),
        ),
        (None, true) => {
            Said::ok(format!("{says}; envelope senders belong to `{from}`; whether the relay signs is not seen"))
        }
        (Some(false) | None, false) => Said::problem(
            format!("{says}, and neither envelope senders of `{}` nor signatures count for `{from}`", senders.envelope),
            format!("sign for `{from}` with [email.dkim], or take a bounce_domain that belongs to it"),
        ),
    }
}

fn read(record: &str) -> Result<Policy, String> {
    let tags = tags::read(record)?;
    let policy = |tag: &str| match tags.get(tag).map(|policy| policy.to_ascii_lowercase()) {
        Some(policy) if ["none", "quarantine", "reject"].contains(&policy.as_str()) => Ok(Some(policy)),
        Some(policy) => Err(format!("`{tag}={policy}` is no policy")),
        None => Ok(None),
    };
    let is_strict = |tag: &str| tags.get(tag).is_some_and(|mode| mode.eq_ignore_ascii_case("s"));
    Ok(Policy {
        own: policy("p")?.ok_or("it has no policy `p`")?,
        below: policy("sp")?,
        strict_dkim: is_strict("adkim"),
        strict_spf: is_strict("aspf"),
    })
}

fn counts(domain: &str, from: &str, is_strict: bool) -> bool {
    domain == from || !is_strict && is_aligned(domain, from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::doctor::said::Verdict;

    #[track_caller]
    fn check_record(records: &[&str], (envelope, signer): (&str, Option<&str>), verdict: Verdict, words: &str) {
        let senders = Senders { from: "sole.example", envelope, signer };
        let records: Vec<_> = records.iter().map(|text| (*text).to_owned()).collect();
        let found = (!records.is_empty()).then(|| ("sole.example".to_owned(), records));
        let said = judge(senders, found);
        assert_eq!(said.verdict, verdict, "{}", said.found);
        assert!(said.found.contains(words), "{}", said.found);
    }

    const OWN: (&str, Option<&str>) = ("bounce.sole.example", Some("sole.example"));

    #[test]
    fn a_policy_is_read_and_one_that_does_not_count_is_told() {
        check_record(&["v=DMARC1; p=none"], OWN, Verdict::Ok, "p=none");
        check_record(&["v=DMARC1;p=Reject;rua=mailto:a@b.example;"], OWN, Verdict::Ok, "p=reject");
        check_record(&[], OWN, Verdict::Warning, "no DMARC record");
        check_record(&["v=DMARC1; p=none", "v=DMARC1; p=reject"], OWN, Verdict::Problem, "2 DMARC records");
        check_record(&["v=DMARC1; rua=mailto:a@b.example"], OWN, Verdict::Problem, "no policy");
        check_record(&["v=DMARC1; p=nothing"], OWN, Verdict::Problem, "`p=nothing` is no policy");
        check_record(&["v=DMARC1; p"], OWN, Verdict::Problem, "no tag with a value");
    }

    #[test]
    fn somebody_has_to_answer_for_the_sender() {
        let strict = &["v=DMARC1; p=reject; adkim=s; aspf=s"][..];
        check_record(strict, ("sole.example", None), Verdict::Ok, "whether the relay signs is not seen");
        check_record(strict, ("bounce.sole.example", Some("sole.example")), Verdict::Ok, "envelope senders do not");
        check_record(strict, ("sole.example", Some("post.sole.example")), Verdict::Warning, "adkim=s");
        check_record(strict, ("bounce.sole.example", None), Verdict::Problem, "neither");
        let relaxed = &["v=DMARC1; p=reject"][..];
        check_record(relaxed, ("bounce.sole.example", None), Verdict::Ok, "");
        check_record(relaxed, ("provider.example", None), Verdict::Problem, "neither");
        check_record(relaxed, ("otsole.example", None), Verdict::Problem, "neither");
    }

    #[test]
    fn the_policy_of_a_domain_above_holds_for_those_below() {
        let senders = Senders { from: "post.sole.example", envelope: "post.sole.example", signer: None };
        let judge = |record: &str| judge(senders, Some(("sole.example".to_owned(), vec![record.to_owned()])));
        assert!(judge("v=DMARC1; p=none; sp=reject").found.contains("`_dmarc.sole.example` says p=reject"));
        assert!(judge("v=DMARC1; p=quarantine").found.contains("p=quarantine"));
    }

    #[test]
    fn only_a_record_that_begins_with_its_version_is_one() {
        assert!(is_dmarc("v=DMARC1; p=none") && is_dmarc(" v = DMARC1 "));
        assert!(!is_dmarc("p=none; v=DMARC1") && !is_dmarc("v=spf1 -all") && !is_dmarc("v=DMARC2") && !is_dmarc(""));
    }
}
