//! `[email.dkim]`: with which keys mail is signed, and which mistakes are told.

use super::*;

const RSA: &str = include_str!("../../channel/email/dkim/tests/keys/rsa.pem");
const ED25519: &str = include_str!("../../channel/email/dkim/tests/keys/ed25519.pem");
const WEAK: &str = include_str!("../../channel/email/dkim/tests/keys/rsa-1024.pem");
const PUBLIC: &str = include_str!("../../channel/email/dkim/tests/keys/rsa-public.pem");

/// Two keys, from line 8 of `canvass.toml` on.
const KEYS: &str = r#"[email.dkim]
domain = "sole.example"
[[email.dkim.keys]]
selector = "c2026r"
key_file = "rsa.pem"
[[email.dkim.keys]]
selector = "c2026e"
key_file = "ed25519.pem"
"#;

/// With `lines` at the end of `canvass.toml`, and keys in files beside it.
fn sample(lines: &str) -> Sample {
    let keys = [("rsa.pem", RSA), ("ed25519.pem", ED25519), ("weak.pem", WEAK), ("public.pem", PUBLIC)];
    keys.iter().fold(Sample::sound(), |sample, (name, pem)| sample.with(name, pem)).and("canvass.toml", lines)
}

/// What is signed with: the domain and the names of the records.
fn records(sample: &Sample) -> (String, Vec<String>) {
    let signer = sample.settings().email.unwrap().dkim.unwrap();
    (signer.domain().to_owned(), signer.records().map(|record| record.name).collect())
}

#[track_caller]
fn check_mistake(lines: &str, expected: &str) {
    assert_eq!(sample(lines).problems(), expected);
}

#[test]
fn mail_is_signed_where_keys_are_named_and_nowhere_else() {
    let unsigned = |line: &str| {
        let text = CANVASS.replace("from =", &format!("{line}from ="));
        Sample::sound().with("canvass.toml", &text).settings().email.unwrap().dkim.is_none()
    };
    assert!(unsigned("") && unsigned("dkim = \"off\"\n"));
    let names = ["c2026r._domainkey.sole.example", "c2026e._domainkey.sole.example"].map(str::to_owned);
    assert_eq!(records(&sample(KEYS)), ("sole.example".to_owned(), names.to_vec()));
    let without_domain = KEYS.replace("domain = \"sole.example\"\n", "");
    assert_eq!(records(&sample(&without_domain)), ("sole.example".to_owned(), names.to_vec()));
}

#[test]
fn a_key_may_come_as_a_systemd_credential() {
    let line = "[[email.dkim.keys]]\nselector = \"c2026e\"\n";
    let of_systemd =
        sample(line).env("CREDENTIALS_DIRECTORY", "/run/credentials").with("/run/credentials/dkim-c2026e", ED25519);
    assert_eq!(records(&of_systemd).1, ["c2026e._domainkey.sole.example"]);
    check_mistake(
        line,
        "config/canvass.toml:8:1: email.dkim.keys[0].key_file: there is no key: name its file in `key_file`, or hand it \
         over as systemd credential `dkim-c2026e`",
    );
}

#[test]
fn keys_that_nobody_could_check_are_refused() {
    let key = |file: &str| format!("[[email.dkim.keys]]\nselector = \"c2026r\"\nkey_file = \"{file}\"\n");
    let at = "config/canvass.toml:10:12: email.dkim.keys[0].key_file:";
    check_mistake(&key("nowhere.pem"), &format!("{at} there is no file `config/nowhere.pem`"));
    check_mistake(
        &key("weak.pem"),
        &format!(
            "{at} this RSA key has fewer than 2048 bits; one so short can be broken by those who want to write in your \
             name (RFC 8301 asks for 2048): make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`"
        ),
    );
    check_mistake(&key("public.pem"), &format!("{at} this is the public half of a key; the private one signs"));
    check_mistake(
        &key("places.toml"),
        &format!(
            "{at} there is no private key in it: it must hold what `openssl genpkey` writes, from `-----BEGIN PRIVATE \
             KEY-----` on"
        ),
    );
    let problems = sample("[[email.dkim.keys]]\nselector = \"c2026r\"\nkey = \"hunter2\"\n").problems();
    assert!(problems.starts_with("config/canvass.toml:10:7: email.dkim.keys[0].key: a secret may not"), "{problems}");
    assert!(!problems.contains("hunter2"), "{problems}");
}

#[test]
fn selectors_are_names_and_each_key_has_its_own() {
    check_mistake(
        &KEYS.replace("c2026e", "C2026R"),
        "config/canvass.toml:14:12: email.dkim.keys[1].selector: `c2026r` is the selector of another key; a record holds \
         one key, so each needs its own",
    );
    check_mistake(
        &KEYS.replace("c2026e", "c 2026"),
        "config/canvass.toml:14:12: email.dkim.keys[1].selector: `c 2026` is no selector; write letters, digits and \
         hyphens, at most 63, as in `c2026r`",
    );
    for wrong in ["-c", "c-", "a..b", ".a", &"x".repeat(64), "ü"] {
        let problems = sample(&KEYS.replace("c2026e", wrong)).problems();
        assert!(problems.contains("is no selector") && !problems.contains('\n'), "{wrong}: {problems}");
    }
    for right in ["a.b", "_a", "2026", &"x".repeat(63)] {
        assert_eq!(sample(&KEYS.replace("c2026e", right)).problems(), "none");
    }
}

#[test]
fn the_domain_answers_for_the_sender() {
    let with = |from: &str, domain: &str| {
        let text = format!("{CANVASS}{}", KEYS.replace("sole.example", domain)).replace("hello@sole.example", from);
        sample("").with("canvass.toml", &text).problems()
    };
    for (from, domain) in [
        ("hello@sole.example", "sole.example"),
        ("hello@post.sole.example", "sole.example"),
        ("hello@sole.example", "post.sole.example"),
    ] {
        assert_eq!(with(from, domain), "none", "{from} {domain}");
    }
    for (from, domain) in [("hello@sole.example", "ole.example"), ("hello@a.sole.example", "b.sole.example")] {
        let problems = with(from, domain);
        assert!(problems.starts_with("config/canvass.toml:9:10: email.dkim.domain: `"), "{problems}");
        assert!(problems.contains("does not answer for mail from"), "{problems}");
    }
    assert!(with("hello@sole.example", "nodot").contains("`nodot` is not a domain"));
}

#[test]
fn what_is_no_way_to_sign_is_told_with_what_is() {
    let text = CANVASS.replace("from =", "dkim = \"on\"\nfrom =");
    check(
        "canvass.toml",
        &text,
        &[
            "config/canvass.toml:5:8: email.dkim: `on` is no way to sign; write `off`, or name keys in [[email.dkim.keys]]",
        ],
    );
    check_mistake("[email.dkim]\n", "config/canvass.toml:8:1: email.dkim.keys: `keys` is missing");
    check_mistake(
        "[email.dkim]\nkeys = []\n",
        "config/canvass.toml:9:8: email.dkim.keys: there is no key in it: add [[email.dkim.keys]], or set dkim = \"off\"",
    );
    let key = |n: usize| format!("[[email.dkim.keys]]\nselector = \"s{n}\"\nkey_file = \"ed25519.pem\"\n");
    let five = (1..=5).fold(String::new(), |text, n| text + &key(n));
    assert!(sample(&five).problems().contains("5 keys are too many; at most 4 sign"), "{}", sample(&five).problems());
}
