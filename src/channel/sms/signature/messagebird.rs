//! A JSON Web Token in `MessageBird-Signature-JWT`, over the hashes of address and body.

use aws_lc_rs::{constant_time, digest};
use chrono::TimeDelta;
use data_encoding::HEXLOWER;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use super::Signed;
use crate::config::settings::Secret;

/// How far its clock and ours may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(1);

#[derive(Deserialize)]
struct Claims {
    nbf: i64,
    exp: i64,
    url_hash: String,
    payload_hash: Option<String>,
}

/// Whether the gateway signed it; `None` where it is not signed in its way.
pub(super) fn is_right(signed: &Signed<'_, '_>, key: &Secret) -> Option<bool> {
    let token = (signed.header)("messagebird-signature-jwt")?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.algorithms = vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
    validation.set_issuer(&["MessageBird"]);
    validation.set_required_spec_claims(&["iss"]);
    // It would ask the machine what time it is.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let key = DecodingKey::from_secret(key.expose().as_bytes()).ok()?;
    let claims = decode::<Claims>(token.trim(), &key, &validation).ok()?.claims;
    let now = signed.now.timestamp();
    let in_time = claims.nbf <= now + LEEWAY.num_seconds() && now - LEEWAY.num_seconds() < claims.exp;
    let body = signed.report.body();
    let body_is_right = match claims.payload_hash {
        None => body.is_empty(),
        Some(hash) => !body.is_empty() && is_hash_of(body, &hash),
    };
    Some(in_time && body_is_right && is_hash_of(signed.url.as_bytes(), &claims.url_hash))
}

fn is_hash_of(bytes: &[u8], hash: &str) -> bool {
    let hashed = HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref());
    constant_time::verify_slices_are_equal(hashed.as_bytes(), hash.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    use super::super::super::place::Report;
    use super::super::Signature;
    use super::*;
    use crate::domain::invitation::tests::at;

    const URL: &str = "https://s.sole.example/hooks/sms/messagebird/status/TOKEN?id=1&status=delivered";
    const KEY: &str = "s3cr3t-key-of-the-account";
    /// Made in Python as the gateway's own library checks it, valid for a minute from [`NOW`] on.
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTc3MjgwMDAwMCwiZXhwIjoxNzcyODAwMDYwLCJqdGkiOiJlOTJhIiwidXJsX2hhc2giOiI0MjRlNWE0MjNiMzZmZjBjNDgxZGM4ZjVlYzdjMGUyMGZhZGYyMTllMzQ1NWI4ZDBkOTk3YTQwODQyMzlhMWRjIn0._fqrVedU7QR7YypNbBRNZgtwxBl_RDjtT9_u7B9NvEM";
    const NOW: &str = "2026-03-06T12:26:40Z";

    fn is_right((url, body): (&str, &str), token: &str, now: &str) -> bool {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let report = Report::of(query, None, body.as_bytes());
        let header = |name: &str| (name == "messagebird-signature-jwt").then_some(token);
        let (now, key) = (at(now), Secret::new(KEY));
        let signed = Signed { url, report: &report, header: &header, now };
        Signature::MessageBird.is_right(&signed, &|name| Some(&key).filter(|_| name == "signing_key"))
    }

    fn token(algorithm: Algorithm, key: &str, claims: &Value) -> String {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key.as_bytes()).unwrap()).unwrap()
    }

    fn hash(text: &str) -> String {
        HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
    }

    #[test]
    fn a_signed_report_is_right_in_its_time() {
        assert!(is_right((URL, ""), TOKEN, NOW));
        assert!(is_right((URL, ""), TOKEN, "2026-03-06T12:27:40Z"));
        assert!(!is_right((URL, ""), TOKEN, "2026-03-06T12:27:41Z"));
        assert!(is_right((URL, ""), TOKEN, "2026-03-06T12:26:39Z"));
        assert!(!is_right((URL, ""), TOKEN, "2026-03-06T12:26:38Z"));
    }

    #[test]
    fn one_changed_byte_is_not() {
        assert!(!is_right((&URL.replace("delivered", "deliverec"), ""), TOKEN, NOW));
        assert!(!is_right((URL, "status=failed"), TOKEN, NOW));
        for token in ["", "a.b.c", &TOKEN.replace('.', ""), &format!("{TOKEN}A"), "é"] {
            assert!(!is_right((URL, ""), token, NOW), "{token}");
        }
    }

    #[test]
    fn a_body_has_to_be_vouched_for_and_the_token_to_be_theirs() {
        let now = at(NOW).timestamp();
        let claims = |body: &str| json!({ "iss": "MessageBird", "nbf": now, "exp": now + 60, "url_hash": hash(URL), "payload_hash": hash(body) });
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            assert!(is_right((URL, "a=1"), &token(algorithm, KEY, &claims("a=1")), NOW));
            assert!(!is_right((URL, "a=2"), &token(algorithm, KEY, &claims("a=1")), NOW));
            assert!(!is_right((URL, ""), &token(algorithm, KEY, &claims("")), NOW));
            assert!(!is_right((URL, "a=1"), &token(algorithm, "another", &claims("a=1")), NOW));
        }
        let mut other = claims("a=1");
        other["iss"] = json!("Somebody");
        assert!(!is_right((URL, "a=1"), &token(Algorithm::HS256, KEY, &other), NOW));
        // `{"alg":"none"}`, and nothing behind the last dot.
        let parts: Vec<_> = TOKEN.split('.').collect();
        assert!(!is_right((URL, ""), &format!("eyJhbGciOiJub25lIn0.{}.", parts[1]), NOW));
    }
}
