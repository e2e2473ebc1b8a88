//! Signatures of mail that really left, checked by a verifier that is not ours: dkimpy.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    postfix::Postfix,
    process::{command, run},
    product::{Installation, MAIL_AT_ONCE, mail_through, now},
};

const OPENSSL: &str = "/usr/bin/openssl";
const PYTHON: &str = "/usr/bin/python3";

/// Two keys; the relay adds its lines on top.
pub(crate) const KEYS: &str = "[email.dkim]
domain = \"sole.example\"
[[email.dkim.keys]]
selector = \"c2026r\"
key_file = \"dkim-rsa.pem\"
[[email.dkim.keys]]
selector = \"c2026e\"
key_file = \"dkim-ed25519.pem\"
";

/// Reads a mail and the records that stand for DNS. Prints algorithm, selector and signed fields of each signature, and
/// whether it holds.
const VERIFIER: &str = r#"
import json, sys
import dkim
mail = open(sys.argv[1], "rb").read()
records = json.load(open(sys.argv[2]))
def dns(name, timeout=5):
    return records.get(name.decode().rstrip(".") + ".", "").encode() or None
signatures = [value for name, value in dkim.DKIM(mail).headers if name.lower() == b"dkim-signature"]
found = []
for index, value in enumerate(signatures):
    tags = {tag.decode(): field.decode() for tag, field in dkim.util.parse_tag_value(value).items()}
    try:
        holds = dkim.DKIM(mail).verify(idx=index, dnsfunc=dns)
    except dkim.DKIMException as error:
        holds = False
    found.append({"a": tags["a"], "s": tags["s"], "h": tags["h"].split(":"), "holds": holds})
print(json.dumps(found))
"#;

/// Makes the keys that [`KEYS`] names, new ones each time.
pub(crate) fn make_keys(installation: &Installation) {
    let make = |name: &str, options: &[&str]| {
        let file = installation.path("config").join(name);
        run(command(OPENSSL).args(["genpkey", "-quiet", "-out"]).arg(file).args(options));
    };
    make("dkim-rsa.pem", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    make("dkim-ed25519.pem", &["-algorithm", "ED25519"]);
}

/// An installation that signs with two new keys and sends through this relay.
fn signing(postfix: &Postfix) -> Installation {
    let installation = Installation::with(MAIL_AT_ONCE, &(mail_through(postfix.smtp_port(), "none") + KEYS));
    make_keys(&installation);
    let survey = installation.path("config/surveys/visit.toml");
    let text = fs::read_to_string(&survey).unwrap();
    let (from, to) =
        ("de = \"Ihr Besuch in der Trattoria Sole\"", "de = \"Grüße, und wie war Ihr Besuch – auf gut Deutsch?\"");
    assert!(text.contains(from), "{text}");
    fs::write(survey, text.replace(from, to)).unwrap();
    installation
}

/// The records that `canvass dkim` says are to be published.
fn records(installation: &Installation) -> PathBuf {
    let printed = installation.json(&["dkim"]);
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let rows = printed["rows"].as_array().unwrap();
    let records: BTreeMap<_, _> = rows.iter().map(|row| (text(row, "name"), text(row, "value"))).collect();
    assert_eq!(
        records.keys().collect::<Vec<_>>(),
        ["c2026e._domainkey.sole.example.", "c2026r._domainkey.sole.example."]
    );
    installation.write("records.json", &json!(records).to_string())
}

/// What dkimpy says of a mail.
fn verified(installation: &Installation, mail: &[u8]) -> Vec<Value> {
    let file = installation.path("mail.eml");
    fs::write(&file, mail).unwrap();
    let said = run(command(PYTHON).args(["-I", "-c", VERIFIER]).arg(file).arg(records(installation)));
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_verifier_of_others_takes_both_signatures_and_neither_after_a_change() {
    let postfix = Postfix::start(&["guests.example"]);
    let installation = signing(&postfix);
    let contact = json!({ "id": "anna", "name": "Änne Groß", "email": "anna@guests.example", "locale": "de" });
    let event = json!({ "id": "visit-1", "type": "visit.completed", "at": now(), "contact": contact });
    let file = installation.write("events.jsonl", &event.to_string());
    installation.ok(&["events", "import", file.to_str().unwrap()]);
    let _daemon = installation.start();
    let messages = postfix.wait_for_messages(1);
    let mail = &messages[0];

    let shown = String::from_utf8_lossy(mail);
    assert!(shown.contains("Subject: =?utf-8?") && shown.contains("multipart/alternative"), "{shown}");
    let found = verified(&installation, mail);
    let told: Vec<_> = found.iter().map(|found| (found["a"].as_str().unwrap(), found["holds"] == true)).collect();
    assert_eq!(told, [("rsa-sha256", true), ("ed25519-sha256", true)], "{found:#?}\n{shown}");
    for found in &found {
        let names: Vec<_> = found["h"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().trim()).collect();
        for name in
            ["from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post", "feedback-id"]
        {
            assert!(names.contains(&name), "{name} is not in {names:?}");
        }
    }

    // One byte of the body, and one of a header.
    for (from, to) in [("</html>", "</hTml>"), ("List-Unsubscribe: <http", "List-Unsubscribe: <Http")] {
        assert!(shown.contains(from), "{shown}");
        let found = verified(&installation, shown.replacen(from, to, 1).as_bytes());
        assert_eq!(found.iter().map(|found| found["holds"] == true).collect::<Vec<_>>(), [false, false], "{to}");
    }
}

#[test]
fn mail_that_is_written_into_files_is_signed_too() {
    let postfix = Postfix::start(&["guests.example"]);
    let installation = signing(&postfix);
    installation.write("config/canvass.d/70-file.toml", "[email]\ntransport = \"file\"\n");
    let contact = json!({ "id": "anna", "email": "anna@guests.example", "locale": "de" });
    let event = json!({ "id": "visit-1", "type": "visit.completed", "at": now(), "contact": contact });
    let file = installation.write("events.jsonl", &event.to_string());
    installation.ok(&["events", "import", file.to_str().unwrap()]);
    let _daemon = installation.start();
    let mails = crate::outbox::wait_for_mails(&installation, 1);
    let found = verified(&installation, &mails[0]);
    assert_eq!(found.iter().map(|found| found["holds"] == true).collect::<Vec<_>>(), [true, true], "{found:#?}");
}
