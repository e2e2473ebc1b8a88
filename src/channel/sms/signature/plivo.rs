//! The address and the sorted fields of the form, in `X-Plivo-Signature-V3`.
//!
//! HMAC-SHA256 under the account's auth token. What is signed is the address with its query decoded and sorted, then the
//! names and values of the form, sorted, and the number used once of `X-Plivo-Signature-V3-Nonce`, with dots between
//! them. The header holds one signature, or several while a token is being replaced.

use aws_lc_rs::hmac;
use data_encoding::BASE64;

use super::Signed;
use crate::config::settings::Secret;

/// Whether Plivo signed it; `None` where it is not signed as Plivo signs.
pub(super) fn is_right(signed: &Signed<'_, '_>, token: &Secret) -> Option<bool> {
    // Nothing would vouch for it.
    if signed.report.json_body().is_some() {
        return Some(false);
    }
    let given = (signed.header)("x-plivo-signature-v3")?;
    let nonce = (signed.header)("x-plivo-signature-v3-nonce")?;
    let text = format!("{}.{nonce}", what_is_signed(signed));
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.expose().as_bytes());
    let is_it = |one: &str| {
        BASE64.decode(one.trim().as_bytes()).is_ok_and(|one| hmac::verify(&key, text.as_bytes(), &one).is_ok())
    };
    Some(given.split(',').any(is_it))
}

fn what_is_signed(signed: &Signed<'_, '_>) -> String {
    let address = signed.url.split_once('?').map_or(signed.url, |(address, _)| address);
    let query: Vec<_> = sorted(signed.report.query()).map(|(name, value)| format!("{name}={value}")).collect();
    let form: String = sorted(signed.report.form()).flat_map(|(name, value)| [name.as_str(), value]).collect();
    match (query.is_empty(), form.is_empty()) {
        (true, true) => address.to_owned(),
        (true, false) => format!("{address}?{form}"),
        (false, true) => format!("{address}?{}", query.join("&")),
        (false, false) => format!("{address}?{}.{form}", query.join("&")),
    }
}

fn sorted(fields: &[(String, String)]) -> impl Iterator<Item = &(String, String)> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort();
    fields.into_iter()
}

#[cfg(test)]
mod tests {
    use super::super::super::place::Report;
    use super::super::Signature;
    use super::*;
    use crate::domain::invitation::tests::at;

    const URL: &str = "https://s.sole.example/hooks/sms/plivo/status/TOKEN";
    const FORM: &str = "From=14155550100&To=4915112345678&Status=delivered&ErrorCode=000\
                        &MessageUUID=db3ce55a-7f1d-11e1-8ea7-1231380bc196";

    /// Whether a form that came to [`URL`] with this query is taken for Plivo's own. The signatures were made with Plivo's
    /// Python library, the token being `tok3n` and the nonce 12345.
    fn is_right(query: &str, form: &str, signature: &str) -> bool {
        let url = if query.is_empty() { URL.to_owned() } else { format!("{URL}?{query}") };
        let header = |name: &str| match name {
            "x-plivo-signature-v3" => Some(signature),
            "x-plivo-signature-v3-nonce" => Some("12345"),
            _ => None,
        };
        let report = Report::of(query, None, form.as_bytes());
        let token = Secret::new("tok3n");
        let signed = Signed { url: &url, report: &report, header: &header, now: at("2026-03-06T12:00:00Z") };
        Signature::Plivo.is_right(&signed, &|name| Some(&token).filter(|_| name == "token"))
    }

    #[test]
    fn what_plivos_own_library_signs_is_right() {
        assert!(is_right("", FORM, "BbycKjogqkCds5ymQ2kKOL4wNhGX8z5KgHq5stJkgLE="));
        assert!(is_right("b=2&a=1&b=1&c=x%20y", FORM, "Owdhoy9pkpHGJr4ZHwO0fF5rEhLqpn57nwNFOTC2w1g="));
        assert!(is_right("b=2&a=1", "", "H3HFiFqvDLZCxpGWSRgZKoQcr420vFQla0HMmATj1jk="));
        assert!(is_right("", "a=2&a=1&B=x", "tzBVzuOQl4QYQnXcM0y/ePkQxs+NLUhlXQUzWUnS70M="));
        assert!(is_right("", FORM, "AAAA, BbycKjogqkCds5ymQ2kKOL4wNhGX8z5KgHq5stJkgLE="));
    }

    #[test]
    fn one_changed_byte_is_not() {
        let signature = "BbycKjogqkCds5ymQ2kKOL4wNhGX8z5KgHq5stJkgLE=";
        assert!(!is_right("", &FORM.replace("delivered", "deliverec"), signature));
        assert!(!is_right("", &format!("{FORM}&x="), signature));
        assert!(!is_right("a=1", FORM, signature));
        for signature in ["", "=", "AAAA", "é", &signature.to_lowercase()] {
            assert!(!is_right("", FORM, signature), "{signature}");
        }
    }

    #[test]
    fn nothing_vouches_for_json() {
        let header = |_: &str| Some("12345");
        let report = Report::of("", Some("application/json"), br#"{"Status":"delivered"}"#);
        let signed = Signed { url: URL, report: &report, header: &header, now: at("2026-03-06T12:00:00Z") };
        let token = Secret::new("tok3n");
        assert!(!Signature::Plivo.is_right(&signed, &|_| Some(&token)));
    }
}
