//! Looks at all that canvass needs and does not have in its own hands: the relay, the sender's records in DNS, gateways,
//! the public address, clock and disk. Says of each how it stands, and what to do.
//!
//! It goes the ways that the daemon goes, with its settings, and asks as little as answers the question: no mail is said
//! to the relay, and not a byte to a gateway. All is asked at once and each check has its time limit, so that what hangs
//! holds nothing up. A daemon may run meanwhile: nothing of the store is opened.
//!
//! **Invariant:** nothing is sent to anybody, nothing is changed, and no finding holds a secret.

mod dkim;
mod dmarc;
mod machine;
mod names;
mod relay;
mod said;
mod spf;
mod tags;
mod web;

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::time::timeout;

pub use names::{Dns, Names, NamesError};
pub use said::Verdict;

use crate::channel::reach::reach;
use crate::channel::sms::Gateway;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::settings::{EmailSettings, SmsTransport};
use dmarc::Senders;
use relay::Place;
use said::Said;

/// The longest that a check may take.
const CHECK_MAX: Duration = Duration::from_secs(10);
/// The longest that one step of a check may take.
const STEP_MAX: Duration = Duration::from_secs(5);

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: `mail`, `sms`, `web` or `machine`.
    pub group: &'static str,
    /// Its name, such as `spf`.
    pub check: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do; empty where there is nothing to do.
    pub advice: String,
}

/// Makes every check. The findings come in the same order each time.
pub async fn examine(config: &Config, names: &dyn Names, clock: &dyn Clock) -> Vec<Finding> {
    let mut checks: Vec<BoxFuture<'_, Vec<Finding>>> = Vec::new();
    match &config.settings.email {
        Some(email) => mail(email, names, &mut checks),
        None => checks.push(one("mail", "smtp", async { Said::not_asked("there is no [email] section") })),
    }
    match config.settings.sms.as_ref().map(|sms| &sms.transport) {
        Some(SmsTransport::Gateways { gateways, .. }) => {
            checks.extend(gateways.iter().map(|(name, known)| one("sms", format!("gateway {name}"), gateway(known))));
        }
        Some(SmsTransport::File) => {
            checks.push(one("sms", "gateway", async { Said::not_asked("text messages are written into files") }));
        }
        None => checks.push(one("sms", "gateway", async { Said::not_asked("there is no [sms] section") })),
    }
    let url = &config.settings.public.url;
    checks.push(Box::pin(async move {
        let (said, seen) = timeout(CHECK_MAX, web::ask(url, clock)).await.unwrap_or_else(|_| (late(), None));
        vec![finding("web", "public url", said), finding("machine", "clock", machine::clock(seen.as_ref()))]
    }));
    checks.push(one("machine", "disk", machine::disk(config.settings.daemon.state_dir.clone())));
    join_all(checks).await.into_iter().flatten().collect()
}

fn mail<'a>(email: &'a EmailSettings, names: &'a dyn Names, checks: &mut Vec<BoxFuture<'a, Vec<Finding>>>) {
    let senders = Senders {
        from: email.from.email.domain(),
        envelope: &email.bounce_domain,
        signer: email.dkim.as_ref().map(|signer| signer.domain()),
    };
    checks.push(one("mail", "smtp", relay::check(email)));
    checks.push(one("mail", "spf", spf::check(senders.envelope, Place::of(&email.transport, names), names)));
    match &email.dkim {
        Some(signer) => checks.extend(signer.keys().iter().zip(signer.records()).map(|(key, record)| {
            let name = format!("dkim {}", key.selector());
            one("mail", name, dkim::check(key, record, names))
        })),
        None => checks.push(one("mail", "dkim", async {
            Said::not_asked("mail is not signed here; whether the relay signs shows only in a mail that has arrived")
        })),
    }
    checks.push(one("mail", "dmarc", dmarc::check(senders, names)));
    checks.push(one("mail", "ptr", relay::names(Place::of(&email.transport, names), names)));
}

async fn gateway(known: &Gateway) -> Said {
    let Some(door) = known.door() else { return Said::not_asked("its address names no host") };
    let at = format!("{}:{}", door.host, door.port);
    match reach(&door, STEP_MAX).await {
        Ok(()) if door.encrypted => Said::ok(format!("{at} takes connections over TLS")),
        Ok(()) => Said::ok(format!("{at} takes connections")),
        Err(why) => Said::problem(
            format!("{at}: {why}"),
            "see whether the gateway runs, its `url` is right, and a firewall lets this machine through",
        ),
    }
}

/// A check with its time limit.
fn one<'a>(
    group: &'static str,
    check: impl Into<String>,
    said: impl Future<Output = Said> + Send + 'a,
) -> BoxFuture<'a, Vec<Finding>> {
    let check = check.into();
    Box::pin(async move { vec![finding(group, check, timeout(CHECK_MAX, said).await.unwrap_or_else(|_| late()))] })
}

fn late() -> Said {
    Said::problem(format!("no answer within {CHECK_MAX:?}"), "see whether the network of this machine is in order")
}

fn finding(group: &'static str, check: impl Into<String>, said: Said) -> Finding {
    let Said { verdict, found, advice } = said;
    Finding { group, check: check.into(), verdict, found, advice }
}
