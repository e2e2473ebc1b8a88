//! What the Twilio preset sends, against Twilio's own description of its API.
//!
//! The description lies in the folder `shared` beside the checkout. It is not ours to ship, so a checkout without that
//! folder has nothing to compare with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::gateway::Gateway;
use super::sample::{ACCOUNT_SID, NUMBER, STATUS_URL, gateway, message, twilio};
use crate::channel::SentSms;
use crate::domain::contact::Phone;

const PATH: &str = "/2010-04-01/Accounts/{AccountSid}/Messages.json";

fn shared() -> Option<PathBuf> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../shared", "../../shared"].iter().map(|folder| checkout.join(folder)).find(|folder| folder.is_dir())
}

fn description() -> Option<Value> {
    let text = std::fs::read_to_string(shared()?.join("data/twilio_api_v2010.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// What in the preset's path and form does not fit the description's schemas.
fn misfits(description: &Value, gateway: &Gateway) -> Vec<String> {
    let request = gateway.request(&message("Grüße & 1 + 1 = 2")).unwrap();
    let operation = &description["paths"][PATH]["post"];
    let prefix = PATH.split('{').next().unwrap();
    let account = request.url.path().strip_prefix(prefix).unwrap().strip_suffix("/Messages.json").unwrap();
    let body = request.body.unwrap();
    let form: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!(form["StatusCallback"], STATUS_URL);

    let mut schema = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"].clone();
    assert_eq!(schema["required"], json!(["To"]), "the description says what is required");
    // Twilio ignores what it does not know, so a slip of ours would go unseen.
    schema["additionalProperties"] = json!(false);
    schema["components"] = description["components"].clone();
    let schemas = [(schema, json!(form)), (operation["parameters"][0]["schema"].clone(), json!(account))];
    let mut misfits = Vec::new();
    for (schema, value) in &schemas {
        assert!(schema.is_object());
        let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
        misfits.extend(validator.iter_errors(value).map(|error| error.to_string()));
    }
    misfits
}

fn of_service(sid: &str, account: &str) -> Gateway {
    gateway(&format!("preset = 'twilio'\naccount_sid = '{account}'\nmessaging_service_sid = '{sid}'"))
}

#[test]
fn the_preset_fits_twilios_description_of_its_api() {
    let Some(description) = description() else { return };
    assert_eq!(misfits(&description, &twilio(None)), Vec::<String>::new());
    let of_service = of_service("MG0123456789abcdef0123456789abcdef", ACCOUNT_SID);
    assert_eq!(misfits(&description, &of_service), Vec::<String>::new());
}

#[test]
fn the_comparison_sees_what_does_not_fit() {
    let Some(description) = description() else { return };
    let misfits = misfits(&description, &of_service("MG1", "AC1"));
    assert!(misfits.iter().any(|misfit| misfit.contains("^MG")), "{misfits:?}");
    assert!(misfits.iter().any(|misfit| misfit.contains("^AC")), "{misfits:?}");
}

#[test]
fn the_question_and_what_is_read_of_the_answer_stand_in_the_description() {
    let Some(description) = description() else { return };
    let sent = SentSms { to: Phone::parse(NUMBER, None).unwrap(), reference: String::new(), in_text: String::new() };
    let request = twilio(None).question(&sent).unwrap().unwrap();
    let operation = &description["paths"][PATH]["get"];
    let parameters = operation["parameters"].as_array().unwrap();
    for (name, _) in request.url.query_pairs() {
        assert!(parameters.iter().any(|parameter| parameter["name"] == *name && parameter["in"] == "query"), "{name}");
    }
    let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"]["properties"];
    assert!(answer["messages"].is_object() && answer["next_page_uri"].is_object());
    let message = &description["components"]["schemas"]["api.v2010.account.message"]["properties"];
    for read in ["body", "sid", "status", "error_code"] {
        assert!(message[read].is_object(), "{read}");
    }
}
