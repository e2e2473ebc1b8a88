//! `canvass doctor` with a real name server, relay and gateway: what is in order, and what is not.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::{
    dkim::{KEYS, make_keys},
    kannel::{self, Kannel},
    nsd::{Nsd, quoted},
    port,
    postfix::Postfix,
    product::{Installation, MAIL_AT_ONCE, mail_through, texts_through},
};

/// What the doctor said of each check: its state, what it found, what to do.
type Findings = BTreeMap<String, (String, String, String)>;

/// Examines with this name server. Gives the exit code as well.
fn examine(installation: &Installation, names: &Nsd) -> (Option<i32>, Findings) {
    let resolver = names.address().to_string();
    let output = installation.run(&["--format", "json", "doctor", "--resolver", &resolver]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains(kannel::PASSWORD) && !said.contains("PRIVATE KEY"), "{said}");
    let said: Value =
        serde_json::from_str(&said).unwrap_or_else(|err| panic!("{err}: {}", String::from_utf8_lossy(&output.stderr)));
    let text = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    let finding =
        |check: &Value| (text(check, "check"), (text(check, "state"), text(check, "found"), text(check, "advice")));
    let findings: Findings = said["checks"].as_array().unwrap().iter().map(finding).collect();
    let n_problems = findings.values().filter(|(state, ..)| state == "problem").count();
    assert_eq!(said["problems"], n_problems, "{said:#}");
    (output.status.code(), findings)
}

#[track_caller]
fn check(findings: &Findings, name: &str, state: &str, words: &str) {
    let finding = findings.get(name).unwrap_or_else(|| panic!("no {name} in {findings:#?}"));
    assert!(finding.0 == state && finding.1.contains(words), "{name}: {finding:#?}");
    assert_eq!(finding.2.is_empty(), ["ok", "not asked"].contains(&state), "{name}: {finding:#?}");
}

/// The record of each key as it stands in a zone file of `sole.example`, by selector.
fn key_records(installation: &Installation) -> BTreeMap<String, String> {
    let printed = installation.json(&["dkim"]);
    let rows = printed["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let selector = row["name"].as_str().unwrap().split('.').next().unwrap().to_owned();
        let line = format!("{} TXT {}\n", row["name"].as_str().unwrap(), quoted(row["value"].as_str().unwrap()));
        (selector, line)
    })
    .collect()
}

#[test]
fn an_installation_in_order_has_no_problem() {
    let (postfix, kannel) = (Postfix::start_with_tls(&["guests.example"]), Kannel::start());
    let settings =
        mail_through(postfix.smtp_port(), "starttls") + "ca_file = \"relay.pem\"\n" + KEYS + &texts_through(&kannel);
    let installation = Installation::with(MAIL_AT_ONCE, &settings);
    installation.write("config/kannel.password", kannel::PASSWORD);
    fs::copy(postfix.certificate(), installation.path("config/relay.pem")).unwrap();
    make_keys(&installation);
    let keys = key_records(&installation).into_values().collect::<String>();
    let records =
        format!("@ TXT \"v=spf1 mx ~all\"\n@ TXT \"another text\"\n_dmarc TXT \"v=DMARC1; p=quarantine\"\n{keys}");
    let names = Nsd::start(&[("sole.example", &records)]);
    let _daemon = installation.start();

    let (code, findings) = examine(&installation, &names);
    assert_eq!(code, Some(0), "{findings:#?}");
    check(&findings, "smtp", "ok", "takes mail (STARTTLS, without a login)");
    check(&findings, "spf", "ok", "`sole.example` has a record");
    check(&findings, "dkim c2026r", "ok", "holds the rsa key");
    check(&findings, "dkim c2026e", "ok", "holds the ed25519 key");
    check(&findings, "dmarc", "ok", "p=quarantine; signatures and envelope senders belong to `sole.example`");
    check(&findings, "ptr", "not asked", "its business");
    check(&findings, "gateway kannel", "ok", "takes connections");
    check(&findings, "public url", "warning", "nobody else's machine finds it there");
    check(&findings, "disk", "ok", "MiB are free");
    assert!(findings.contains_key("clock"), "{findings:#?}");
    // Nobody was written to.
    assert_eq!(postfix.messages().len(), 0);
    assert!(!postfix.log().contains("from=<"), "{}", postfix.log());

    let page = installation.ok(&["doctor", "--resolver", &names.address().to_string()]);
    assert!(page.starts_with("mail\n  ok         smtp            127.0.0.1:"), "{page}");
}

#[test]
fn what_is_not_in_order_is_told_with_what_to_do() {
    let closed = port::free();
    let gateway = format!(
        "[sms]\ntransport = \"gateway\"\n[sms.gateways.kannel]\npreset = \"kannel\"\nurl = \"http://127.0.0.1:{closed}/send\"\n\
         username = \"survey\"\npassword_file = \"kannel.password\"\nfrom = \"SOLE\"\n"
    );
    let installation = Installation::with(MAIL_AT_ONCE, &(mail_through(closed, "none") + KEYS + &gateway));
    installation.write("config/kannel.password", kannel::PASSWORD);
    make_keys(&installation);
    let old = key_records(&installation);
    make_keys(&installation);
    let records = format!(
        "@ TXT \"v=spf1 mx ~all\"\n@ TXT \"v=spf1 -all\"\n_dmarc TXT \"v=DMARC1; rua=mailto:a@sole.example\"\n{}\
         c2026e._domainkey TXT \"v=DKIM1; k=ed25519; p=\"\n",
        old["c2026r"]
    );
    let (code, findings) = examine(&installation, &Nsd::start(&[("sole.example", &records)]));
    assert_eq!(code, Some(1), "{findings:#?}");
    check(&findings, "smtp", "problem", "cannot connect to the relay");
    check(&findings, "spf", "problem", "2 SPF records");
    check(&findings, "dkim c2026r", "problem", "holds another key");
    check(&findings, "dkim c2026e", "problem", "revoked");
    check(&findings, "dmarc", "problem", "no policy");
    check(&findings, "gateway kannel", "problem", "cannot connect");
    check(&findings, "public url", "problem", "does not answer this machine");
    check(&findings, "disk", "not asked", "there is no store");

    // Nothing is published at all, not even the zone.
    let (code, findings) = examine(&installation, &Nsd::start(&[("example", "other TXT \"else\"\n")]));
    assert_eq!(code, Some(1), "{findings:#?}");
    check(&findings, "spf", "problem", "has no SPF record");
    check(&findings, "dkim c2026r", "problem", "there is no TXT record");
    check(&findings, "dmarc", "warning", "no DMARC record");
}

#[test]
fn a_name_server_that_does_not_answer_for_the_domain_is_told_apart_from_one_that_has_nothing() {
    let installation = Installation::with(MAIL_AT_ONCE, &mail_through(port::free(), "none"));
    let (code, findings) = examine(&installation, &Nsd::start(&[("other.example", "@ TXT \"else\"\n")]));
    assert_eq!(code, Some(1), "{findings:#?}");
    check(&findings, "spf", "problem", "cannot be looked up");
    check(&findings, "dmarc", "problem", "cannot be looked up");
    check(&findings, "dkim", "not asked", "mail is not signed here");
}

/// The zones of a relay at 192.0.2.7, an address that nobody has.
fn check_elsewhere(spf: &str, pointer: &str, expected: [(&str, &str); 2]) {
    let settings = "[email]\ntransport = \"smtp\"\n[email.smtp]\nhost = \"192.0.2.7\"\ntls = \"implicit\"\n";
    let installation = Installation::with(MAIL_AT_ONCE, settings);
    let sole = format!("@ TXT \"{spf}\"\n_dmarc TXT \"v=DMARC1; p=none\"\nmail A 192.0.2.7\nother A 192.0.2.8\n");
    let provider = "_spf TXT \"v=spf1 ip4:192.0.2.0/29 -all\"\n";
    let back = format!("7 PTR {pointer}.\n");
    let zones = [("sole.example", sole.as_str()), ("provider.example", provider), ("2.0.192.in-addr.arpa", &back)];
    let (code, findings) = examine(&installation, &Nsd::start(&zones));
    assert_eq!(code, Some(1), "nobody answers at 192.0.2.7: {findings:#?}");
    let [(spf, spf_words), (ptr, ptr_words)] = expected;
    check(&findings, "spf", spf, spf_words);
    check(&findings, "ptr", ptr, ptr_words);
}

#[test]
fn a_relay_elsewhere_is_held_against_spf_and_its_own_name() {
    check_elsewhere(
        "v=spf1 include:_spf.provider.example -all",
        "mail.sole.example",
        [("ok", "192.0.2.7 by `include:_spf.provider.example`"), ("ok", "192.0.2.7 is mail.sole.example, and back")],
    );
    check_elsewhere(
        "v=spf1 a:other.sole.example -all",
        "other.sole.example",
        [("warning", "does not name 192.0.2.7"), ("problem", "has no name that leads back")],
    );
}
