//! What `canvass.toml` says, checked.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use ipnet::IpNet;

use crate::cards::{Designs, Sheets};
use crate::channel::email::dkim::Signer;
use crate::channel::email::{MailboxSettings, SmtpSettings};
use crate::channel::sms::Gateway;
use crate::domain::contact::Email;
use crate::domain::journey::Fatigue;
use crate::domain::language::Language;
use crate::domain::quiet_hours::QuietHours;
use crate::domain::text_words::TextWords;
use crate::plan::breaker::BreakerRules;
use crate::receipt::hook::sns::TopicArn;
use crate::receipt::hook::{Provider, sendgrid};

/// The daemon's own settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[daemon]`.
    pub daemon: DaemonSettings,
    /// `[store]`.
    pub store: StoreSettings,
    /// `[public]`.
    pub public: PublicSettings,
    /// `[admin]`.
    pub admin: AdminSettings,
    /// `[email]`; absent when no mail is sent.
    pub email: Option<EmailSettings>,
    /// `[sms]`; absent when no text messages are sent.
    pub sms: Option<SmsSettings>,
    /// `[fatigue]`: the budget of a person over all journeys and channels.
    pub fatigue: Option<Fatigue>,
    /// `[breaker]`: when messages are held because too much goes wrong; absent when they never are.
    pub breaker: Option<BreakerRules>,
    /// `[abuse]`: what is believed of those whom nobody invited.
    pub abuse: AbuseRules,
    /// `[quiet_hours]`: the hours of messages by country.
    pub quiet_hours: QuietHours,
    /// `[cards]`.
    pub cards: CardSettings,
    /// `[consent] required`: whether only those are asked who agreed, rather than all who did not refuse.
    pub consent_required: bool,
}

/// `[daemon]`.
#[derive(Clone, Debug)]
pub struct DaemonSettings {
    /// Where the store and the outbox lie.
    pub state_dir: PathBuf,
    /// The time zone where neither contact nor branch says otherwise.
    pub time_zone: Tz,
    /// The language where neither contact nor branch says otherwise.
    pub language: Language,
    /// A folder whose templates take the place of those compiled in.
    pub templates: Option<PathBuf>,
    /// What is logged: a `tracing` filter such as `info` or `canvass=debug`.
    pub log: String,
    /// How long a stop waits for messages on their way.
    pub grace: Duration,
}

/// `[store]`.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Bytes of pages that are kept in memory.
    pub cache_bytes: u64,
}

/// `[public]`.
#[derive(Clone, Debug)]
pub struct PublicSettings {
    /// Where it listens, unless systemd passes a socket.
    pub listen: SocketAddr,
    /// What links begin with, without a slash at the end: `https://s.sole.example`.
    pub url: String,
    /// The addresses of proxies that are believed when they say for whom they ask.
    pub proxies: Vec<IpNet>,
}

/// `[abuse]`. Answers beyond these are kept and flagged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbuseRules {
    /// Answers an hour from one network.
    pub per_network: Option<u32>,
    /// Answers an hour by one card or link.
    pub per_code: Option<u32>,
    /// How long a device counts once at the same card or link. It takes a cookie to know it again.
    pub once_per_device: Option<TimeDelta>,
    /// Whether answers are expected only while the branch is open, and an hour longer.
    pub opening_hours: bool,
}

impl AbuseRules {
    /// What holds where nothing else is said: a full restaurant, behind one network, and no cookie.
    pub const USUAL: Self =
        Self { per_network: Some(60), per_code: Some(20), once_per_device: None, opening_hours: false };
}

/// `[admin]`.
#[derive(Clone, Debug)]
pub struct AdminSettings {
    /// Where it listens on TCP, if it does.
    pub listen: Option<SocketAddr>,
    /// The Unix socket that the command line talks to.
    pub socket: PathBuf,
    /// What TCP clients must present as a bearer token; required when `listen` is not on loopback.
    pub token: Option<Secret>,
}

/// `[cards]`.
#[derive(Clone, Debug, Default)]
pub struct CardSettings {
    /// What cards can be printed on.
    pub sheets: Sheets,
    /// What they look like.
    pub designs: Designs,
}

/// `[email]`.
#[derive(Clone, Debug)]
pub struct EmailSettings {
    /// How mail leaves.
    pub transport: EmailTransport,
    /// Who it is from: the name shown, and the address.
    pub from: Sender,
    /// Where answers to the mail go; the sender when absent.
    pub reply_to: Option<Sender>,
    /// The domain of envelope senders, Message-IDs and List-Ids; the sender's when absent from the file.
    pub bounce_domain: String,
    /// The Unix socket to which a mail server delivers what comes back (LMTP); none when absent.
    pub bounce_socket: Option<PathBuf>,
    /// What mail is signed with; nothing when the relay signs.
    pub dkim: Option<Arc<Signer>>,
    /// The mailbox that mails come back to; none when absent.
    pub bounce_mailbox: Option<MailboxSettings>,
    /// The postal address of the business, which the law of several countries wants in every mail.
    pub postal_address: Option<String>,
    /// Tries stop this long after the first.
    pub give_up_after: TimeDelta,
    /// Messages per second to a recipient's domain, where limited.
    pub domains: BTreeMap<String, f64>,
    /// Who posts what became of messages that they carry.
    pub webhooks: BTreeMap<Provider, Webhook>,
}

/// A table of `[email.webhooks]`: how a provider shows that a post is its own.
#[derive(Clone, Debug)]
pub enum Webhook {
    /// SES: by the signature of SNS, for this topic.
    Ses(TopicArn),
    /// SendGrid: by its signature.
    Sendgrid(sendgrid::VerificationKey),
    /// Mailgun: by its signature with this key.
    Mailgun(Secret),
    /// Postmark: by user and password in the link that it is given.
    Postmark {
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
}

/// How mail leaves.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of them")]
pub enum EmailTransport {
    /// Through an SMTP relay.
    Smtp(SmtpSettings),
    /// Into `state_dir/outbox`, as `.eml`.
    File,
}

/// A name and an address.
#[derive(Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name shown; may be empty.
    pub name: String,
    /// The address.
    pub email: Email,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender({})", self.name)
    }
}

/// `[sms]`.
#[derive(Clone, Debug)]
pub struct SmsSettings {
    /// How text messages leave.
    pub transport: SmsTransport,
    /// Tries stop this long after the first.
    pub give_up_after: TimeDelta,
    /// The words that a telephone stops surveys by, starts them again, or asks who we are.
    pub words: TextWords,
    /// Where whoever asks for help is sent to; the address for answers to mails when absent.
    pub contact: Option<String>,
}

/// How text messages leave.
#[derive(Clone, Debug)]
pub enum SmsTransport {
    /// Through HTTP gateways.
    Gateways {
        /// The gateway where a branch names no other.
        default: String,
        /// By name.
        gateways: BTreeMap<String, Gateway>,
    },
    /// Into `state_dir/outbox`, as `.txt`.
    File,
}

/// A password or token. `Debug` and `Display` hide it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Gives it away; call only where it leaves the house.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
