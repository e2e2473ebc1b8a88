//! Amazon SNS, through which SES tells: whether a message is of our topic, of now, and signed.
//!
//! The signature is by RSA, with a certificate that is fetched from where the message says. So all hangs on that place: it
//! is on the host of SNS in the topic's own region, and nothing but HTTPS goes there. SNS keeps only its own certificate
//! there and none of those above it, so who answers under that name is what vouches for it.
//!
//! Everything that is read of a message is signed, so one that somebody else repeats says what it said, and nothing comes
//! of that; its id need not be remembered.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use webpki::EndEntityCert;

use super::{Doubt, is_of_now};

/// SNS gives up on a message an hour after it was published, whatever its topic says of tries, so an older one is no try.
const AGE_MAX: TimeDelta = TimeDelta::hours(1);
/// Longest link, in bytes.
const URL_BYTES_MAX: usize = 2_000;

/// The name of a topic: `arn:aws:sns:eu-central-1:123456789012:canvass`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicArn {
    arn: String,
    /// Where SNS answers in its region.
    host: String,
}

impl TopicArn {
    /// Reads one.
    pub fn parse(given: &str) -> Result<Self, String> {
        let is_word = |word: &str| {
            (1..=256).contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let parts: Vec<_> = given.split(':').collect();
        match parts.as_slice() {
            ["arn", partition, "sns", region, account, name]
                if [region, account, name].into_iter().all(|w| is_word(w)) =>
            {
                let ending = match *partition {
                    "aws" | "aws-us-gov" => "",
                    "aws-cn" => ".cn",
                    _ => {
                        return Err(format!(
                            "`{partition}` is no part of Amazon that is known: `aws`, `aws-cn`, `aws-us-gov`"
                        ));
                    }
                };
                Ok(Self { arn: given.to_owned(), host: format!("sns.{region}.amazonaws.com{ending}") })
            }
            _ => Err("this names no topic; write it like `arn:aws:sns:eu-central-1:123456789012:canvass`".to_owned()),
        }
    }

    /// What follows this topic's host in a link to it.
    fn path_of<'u>(&self, url: &'u str) -> Option<&'u str> {
        let is_decent = url.len() <= URL_BYTES_MAX && url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        url.strip_prefix("https://")?.strip_prefix(self.host.as_str())?.strip_prefix('/').filter(|_| is_decent)
    }
}

/// A message of SNS, as it is posted.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Envelope {
    r#type: String,
    message_id: String,
    topic_arn: String,
    message: String,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    certificate_url: String,
    subject: Option<String>,
    token: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
}

/// What SNS wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Wants<'e> {
    /// To tell something.
    Tell(&'e str),
    /// A look at this link, so that it tells from now on.
    Confirm(&'e str),
    /// It tells no more.
    Leave,
}

impl Envelope {
    /// Reads one, and makes sure that it is of this topic, of now, and says what signed it. Nothing of it is proved yet.
    pub fn read(body: &[u8], topic: &TopicArn, now: DateTime<Utc>) -> Result<Self, Doubt> {
        let read: Self = serde_json::from_slice(body).map_err(|_| Doubt::Unsigned)?;
        if read.topic_arn != topic.arn {
            return Err(Doubt::Topic);
        }
        let at = DateTime::parse_from_rfc3339(&read.timestamp).map_err(|_| Doubt::Unsigned)?;
        if !is_of_now(at.to_utc(), now, AGE_MAX) {
            return Err(Doubt::Stale);
        }
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let path = topic.path_of(&read.certificate_url);
        if path.and_then(|path| path.strip_suffix(".pem")).is_none_or(|name| !is_name(name)) {
            return Err(Doubt::Certificate);
        }
        Ok(read)
    }

    /// Where the certificate of its signature is.
    pub fn certificate_url(&self) -> &str {
        &self.certificate_url
    }

    /// Whether it was signed with this certificate (PEM), and what it wants.
    pub fn open(&self, certificate: &[u8], topic: &TopicArn) -> Result<Wants<'_>, Doubt> {
        let der = CertificateDer::from_pem_slice(certificate).map_err(|_| Doubt::Certificate)?;
        let key = EndEntityCert::try_from(&der).map_err(|_| Doubt::Certificate)?.subject_public_key_info();
        let algorithm: &'static dyn VerificationAlgorithm = match self.signature_version.as_str() {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(Doubt::Unsigned),
        };
        let signature = BASE64.decode(self.signature.as_bytes()).map_err(|_| Doubt::Unsigned)?;
        let (signed, wants) = match (self.r#type.as_str(), &self.subscribe_url, &self.token) {
            ("Notification", ..) => (self.notification(), Wants::Tell(&self.message)),
            ("SubscriptionConfirmation", Some(url), Some(token)) => {
                (self.confirmation(url, token), Wants::Confirm(url))
            }
            ("UnsubscribeConfirmation", Some(url), Some(token)) => (self.confirmation(url, token), Wants::Leave),
            _ => return Err(Doubt::Unsigned),
        };
        let key = UnparsedPublicKey::new(algorithm, key.as_ref());
        key.verify(signed.as_bytes(), &signature).map_err(|_| Doubt::Signature)?;
        match wants {
            Wants::Confirm(url) if !confirms(url, topic) => Err(Doubt::Topic),
            wants @ (Wants::Confirm(_) | Wants::Tell(_) | Wants::Leave) => Ok(wants),
        }
    }

    /// <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>
    fn notification(&self) -> String {
        let subject = self.subject.as_deref().map(|subject| ("Subject", subject));
        let before = [("Message", self.message.as_str()), ("MessageId", &self.message_id)];
        signed(before.into_iter().chain(subject).chain(self.ending()))
    }

    fn confirmation(&self, subscribe_url: &str, token: &str) -> String {
        let [timestamp, topic, kind] = self.ending();
        let before =
            [("Message", self.message.as_str()), ("MessageId", &self.message_id), ("SubscribeURL", subscribe_url)];
        signed(before.into_iter().chain([timestamp, ("Token", token), topic, kind]))
    }

    fn ending(&self) -> [(&'static str, &str); 3] {
        [("Timestamp", &self.timestamp), ("TopicArn", &self.topic_arn), ("Type", &self.r#type)]
    }
}

fn signed<'f>(fields: impl Iterator<Item = (&'static str, &'f str)>) -> String {
    fields.flat_map(|(name, value)| [name, "\n", value, "\n"]).collect()
}

/// Whether a link confirms a subscription to this topic, and does nothing else.
fn confirms(url: &str, topic: &TopicArn) -> bool {
    let Some(query) = topic.path_of(url).and_then(|path| path.strip_prefix('?')) else { return false };
    let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let all = |name: &str| fields.iter().filter(|(key, _)| key == name).map(|(_, value)| &**value).collect::<Vec<_>>();
    all("Action") == ["ConfirmSubscription"] && all("TopicArn") == [topic.arn.as_str()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `OpenSSL`: a certificate, and messages that its key signed.
    const CERTIFICATE: &[u8] = include_bytes!("../../../tests/fixtures/sns/certificate.pem");
    const KEY: &str = include_str!("../../../tests/fixtures/sns/key.pem");
    /// Version 1, with a subject.
    const NOTIFICATION_1: &str = include_str!("../../../tests/fixtures/sns/notification-1.json");
    /// Version 2, without one.
    const NOTIFICATION_2: &str = include_str!("../../../tests/fixtures/sns/notification-2.json");
    const CONFIRMATION: &str = include_str!("../../../tests/fixtures/sns/confirmation.json");

    fn topic() -> TopicArn {
        TopicArn::parse("arn:aws:sns:eu-central-1:123456789012:canvass").unwrap()
    }

    /// What it wants, or why it is doubted, a minute after it was published.
    fn read_at(post: &str, now: &str) -> Result<String, Doubt> {
        let envelope = Envelope::read(post.as_bytes(), &topic(), now.parse().unwrap())?;
        envelope.open(CERTIFICATE, &topic()).map(|wants| format!("{wants:?}"))
    }

    fn read(post: &str) -> Result<String, Doubt> {
        read_at(post, "2026-03-04T12:00:00Z")
    }

    #[test]
    fn what_another_program_signed_is_believed_by_both_versions() {
        assert!(read(NOTIFICATION_1).unwrap().starts_with("Tell("));
        assert_eq!(read(NOTIFICATION_2), Ok(r#"Tell("{\"eventType\":\"Send\"}")"#.to_owned()));
        assert!(read(CONFIRMATION).unwrap().starts_with("Confirm(\"https://sns.eu-central-1.amazonaws.com/?Action="));
    }

    #[test]
    fn one_changed_letter_of_anything_that_is_signed_is_noticed() {
        for (post, from, to) in [
            (NOTIFICATION_1, "Send", "Sent"),
            (NOTIFICATION_1, "Event Notification", "Event notification"),
            (NOTIFICATION_1, "22b80b92", "22b80b93"),
            (NOTIFICATION_1, "11:59:00", "11:59:01"),
            (NOTIFICATION_1, r#""SignatureVersion": "1""#, r#""SignatureVersion": "2""#),
            (NOTIFICATION_2, r#""MessageId""#, r#""Subject": "x", "MessageId""#),
            (CONFIRMATION, "Token=2336412f37", "Token=2336412f38"),
            (CONFIRMATION, r#""Token": "2336412f37""#, r#""Token": "2336412f38""#),
            (CONFIRMATION, "SubscriptionConfirmation", "UnsubscribeConfirmation"),
        ] {
            assert!(post.contains(from), "{from}");
            assert_eq!(read(&post.replacen(from, to, 1)), Err(Doubt::Signature), "{to}");
        }
        assert_eq!(
            read(&NOTIFICATION_1.replace("SignatureVersion\": \"1", "SignatureVersion\": \"3")),
            Err(Doubt::Unsigned)
        );
        assert_eq!(read(&CONFIRMATION.replace("\"Token\"", "\"Tokens\"")), Err(Doubt::Unsigned));
        assert_eq!(read("{}"), Err(Doubt::Unsigned));
        let envelope =
            Envelope::read(NOTIFICATION_2.as_bytes(), &topic(), "2026-03-04T12:00:00Z".parse().unwrap()).unwrap();
        for other in [&b""[..], b"<html>", KEY.as_bytes()] {
            assert_eq!(envelope.open(other, &topic()), Err(Doubt::Certificate));
        }
    }

    #[test]
    fn what_is_older_than_an_hour_or_of_another_topic_is_not_looked_at() {
        assert_eq!(read_at(NOTIFICATION_2, "2026-03-04T12:59:00Z").map(drop), Ok(()));
        assert_eq!(read_at(NOTIFICATION_2, "2026-03-04T12:59:01Z"), Err(Doubt::Stale));
        assert_eq!(read_at(NOTIFICATION_2, "2026-03-04T11:53:59Z"), Err(Doubt::Stale));
        assert_eq!(read(&NOTIFICATION_2.replace(":canvass", ":canvas")), Err(Doubt::Topic));
    }

    #[test]
    fn a_certificate_is_fetched_from_sns_in_the_region_of_the_topic_alone() {
        let right =
            "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem";
        assert!(NOTIFICATION_2.contains(right));
        for wrong in [
            "http://sns.eu-central-1.amazonaws.com/x.pem",
            "https://sns.eu-west-1.amazonaws.com/x.pem",
            "https://sns.eu-central-1.amazonaws.com.evil.example/x.pem",
            "https://sns.eu-central-1.amazonaws.com@evil.example/x.pem",
            "https://sns.eu-central-1.amazonaws.com:8443/x.pem",
            "https://sns.eu-central-1.amazonaws.com/x.pem?y",
            "https://sns.eu-central-1.amazonaws.com/x/y.pem",
            "https://sns.eu-central-1.amazonaws.com/?Action=x&y=.pem",
            "https://sns.eu-central-1.amazonaws.com/x.html",
            "https://evil.example/sns.eu-central-1.amazonaws.com/x.pem",
            "https://SNS.eu-central-1.amazonaws.com\\\\@evil.example/x.pem",
            "",
        ] {
            assert_eq!(read(&NOTIFICATION_2.replace(right, wrong)), Err(Doubt::Certificate), "{wrong}");
        }
        let china = TopicArn::parse("arn:aws-cn:sns:cn-north-1:123456789012:canvass").unwrap();
        assert_eq!(china.path_of("https://sns.cn-north-1.amazonaws.com.cn/x.pem"), Some("x.pem"));
        assert_eq!(china.path_of("https://sns.cn-north-1.amazonaws.com/x.pem"), None);
    }

    #[test]
    fn a_link_that_confirms_does_nothing_else() {
        let url = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-central-1:\
                   123456789012:canvass&Token=2336412f37";
        assert!(confirms(url, &topic()));
        assert!(!confirms(&url.replace(":canvass&", ":canvas&"), &topic()));
        assert!(!confirms(&url.replace("ConfirmSubscription", "Unsubscribe"), &topic()));
        assert!(!confirms(&format!("{url}&Action=Unsubscribe"), &topic()));
        assert!(!confirms(&url.replace(".com/", ".com.evil.example/"), &topic()));
        assert!(!confirms(&url.replace("https", "http"), &topic()));
    }

    #[test]
    fn a_topic_is_named_whole() {
        for wrong in [
            "canvass",
            "arn:aws:sqs:eu-central-1:123456789012:canvass",
            "arn:aws:sns:eu-central-1:123456789012",
            "arn:aws:sns::123456789012:canvass",
            "arn:aws:sns:eu-central-1.evil.example:123456789012:canvass",
            "arn:aws:sns:eu-central-1/:123456789012:canvass",
            "arn:aws:sns:eu-central-1:123456789012:canvass:52f5c95a",
            "arn:other:sns:eu-central-1:123456789012:canvass",
        ] {
            assert!(TopicArn::parse(wrong).is_err(), "{wrong}");
        }
    }
}
