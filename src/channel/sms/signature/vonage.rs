//! Every field, sorted, in the field `sig`.
//!
//! What is signed is `&name=value` for each field in the order of their names, `&` and `=` within a value written as `_`.
//! The account says with which hash; the length of the signature tells.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER_PERMISSIVE;

use super::Signed;
use crate::config::settings::Secret;

/// Whether Vonage signed it; `None` where it is not signed as Vonage signs.
pub(super) fn is_right(signed: &Signed<'_, '_>, key: &Secret) -> Option<bool> {
    let report = signed.report;
    let given = report.query().iter().chain(report.form()).map(|(name, value)| (name.as_str(), value.clone()));
    let mut fields = BTreeMap::new();
    for (name, value) in given.chain(report.json_fields()) {
        // One that comes twice could be read as the other of the two.
        if fields.insert(name, value).is_some() {
            return Some(false);
        }
    }
    let signature = HEXLOWER_PERMISSIVE.decode(fields.remove("sig")?.as_bytes()).ok()?;
    let algorithm = match signature.len() {
        20 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        32 => hmac::HMAC_SHA256,
        64 => hmac::HMAC_SHA512,
        _ => return Some(false),
    };
    let text: String = fields
        .iter()
        .flat_map(|(name, value)| ["&".to_owned(), (*name).to_owned(), "=".to_owned(), value.replace(['&', '='], "_")])
        .collect();
    let key = hmac::Key::new(algorithm, key.expose().as_bytes());
    Some(hmac::verify(&key, text.as_bytes(), &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::super::place::Report;
    use super::super::Signature;
    use super::*;
    use crate::domain::invitation::tests::at;

    const FIELDS: &str = "msisdn=4915112345678&to=SOLE&network-code=26201&messageId=0A0000001234567B&price=0.07\
                          &status=delivered&scts=2603060930&err-code=0&api-key=k&nonce=a%26b%3Dc\
                          &message-timestamp=2026-03-06+09:30:00&timestamp=1772789400";
    /// Made with Vonage's Python library, the secret being `s3cr3t`.
    const SIGNATURES: [&str; 3] = [
        "7ff90695b3aba6c6e3a17655177355ddb20892b7",
        "4c95f712b7fdc4b461a0aefc1fecd5e1de86a5e1cc5d19994ec0da8e04103ba7",
        "077f4bec9a3f578f2c04e48a749800f6702d1a7a7ae72b0a16fe4c4afb6c33044db986d53e0d2764e24f73568aff2124c46402a84894dffb43671250bfab0fd6",
    ];

    fn is_right(report: &Report<'_>) -> bool {
        let (now, key) = (at("2026-03-06T12:00:00Z"), Secret::new("s3cr3t"));
        let signed = Signed { url: "https://s.sole.example/", report, header: &|_| None, now };
        Signature::Vonage.is_right(&signed, &|name| Some(&key).filter(|_| name == "signing_key"))
    }

    #[test]
    fn what_vonages_own_library_signs_is_right_wherever_the_fields_stand() {
        for signature in SIGNATURES {
            let fields = format!("{FIELDS}&sig={signature}");
            assert!(is_right(&Report::of(&fields, None, b"")), "{signature}");
            let in_capitals = format!("{FIELDS}&sig={}", signature.to_uppercase());
            assert!(is_right(&Report::of(&in_capitals, None, b"")), "{signature}");
            assert!(is_right(&Report::of("", None, fields.as_bytes())));
            let object: serde_json::Map<String, serde_json::Value> = form_urlencoded::parse(fields.as_bytes())
                .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
                .collect();
            let json = serde_json::Value::Object(object).to_string();
            assert!(is_right(&Report::of("", Some("application/json"), json.as_bytes())));
        }
    }

    #[test]
    fn one_changed_byte_one_more_field_or_plain_md5_is_not() {
        let [_, signature, _] = SIGNATURES;
        let fields = format!("{FIELDS}&sig={signature}");
        for changed in [
            fields.replace("delivered", "deliverec"),
            format!("{fields}&x=1"),
            format!("{fields}&status=failed"),
            FIELDS.to_owned(),
            format!("{FIELDS}&sig=87b903f44ba54da377659e7af42a654f"),
            format!("{FIELDS}&sig=zz"),
        ] {
            assert!(!is_right(&Report::of(&changed, None, b"")), "{changed}");
        }
        assert!(!is_right(&Report::of(&fields, None, b"status=failed")), "a form beside the query");
    }
}
