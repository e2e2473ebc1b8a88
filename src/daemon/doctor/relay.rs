//! The relay: whether it takes our mail, and whether its address has a name.

use std::net::IpAddr;

use super::STEP_MAX;
use super::names::Names;
use super::said::Said;
use crate::chain::Chain;
use crate::channel::email::probe::{ProbeError, probe};
use crate::channel::email::{SmtpSettings, Tls};
use crate::config::settings::{EmailSettings, EmailTransport};

/// Most addresses of a relay that are looked at.
const ADDRESSES_MAX: usize = 4;

/// Where mail is handed over. What receivers see is the address that the relay sends from, which is often the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Into files.
    Files,
    /// On this machine or its own network, from where the world sees another address.
    Here,
    /// At these addresses.
    Public(Vec<IpAddr>),
    /// Nobody knows its name.
    Unknown,
}

impl Place {
    /// Looks the relay up.
    pub(super) async fn of(transport: &EmailTransport, names: &dyn Names) -> Result<Self, Said> {
        let EmailTransport::Smtp(smtp) = transport else { return Ok(Self::Files) };
        let addresses = match smtp.host.parse() {
            Ok(address) => vec![address],
            Err(_) => names.addresses(&smtp.host).await.map_err(|error| Said::unanswered(&smtp.host, &error))?,
        };
        if addresses.is_empty() {
            return Ok(Self::Unknown);
        }
        let public: Vec<_> = addresses.into_iter().filter(|address| is_public(*address)).take(ADDRESSES_MAX).collect();
        Ok(if public.is_empty() { Self::Here } else { Self::Public(public) })
    }
}

/// Whether the world could see it.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()),
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified())
        }
    }
}

/// Goes as far as mail could be said.
pub(super) async fn check(email: &EmailSettings) -> Said {
    let smtp = match &email.transport {
        EmailTransport::Smtp(smtp) => smtp,
        EmailTransport::File => return Said::not_asked("mail is written into files"),
    };
    let at = format!("{}:{}", smtp.host, smtp.port);
    match probe(smtp, &email.bounce_domain, STEP_MAX).await {
        Ok(()) => Said::ok(format!("{at} takes mail ({})", how(smtp))),
        Err(error) => Said::problem(format!("{at}: {}", Chain(&error)), advice(&error)),
    }
}

fn how(smtp: &SmtpSettings) -> String {
    let tls = match smtp.tls {
        Tls::Implicit => "TLS",
        Tls::StartTls => "STARTTLS",
        Tls::None => "on this machine, in the clear",
    };
    let login = if smtp.login.is_some() { ", logged in" } else { ", without a login" };
    format!("{tls}{login}")
}

fn advice(error: &ProbeError) -> &'static str {
    match error {
        ProbeError::Setup(_) => "mend [email.smtp]",
        ProbeError::Login(_) => {
            "see whether `username` and the password of [email.smtp] are those that the relay knows"
        }
        ProbeError::Refused(_) => "see the relay's log for why it does not want this machine",
        ProbeError::Lost(_) | ProbeError::Late(_) => {
            "see whether the relay runs, `host`, `port` and `tls` of [email.smtp] are right, a firewall lets this machine \
             through, and `ca_file` names who signed its certificate"
        }
    }
}

/// Whether each address has a name that leads back to it: large receivers take no mail from one that has none.
pub(super) async fn names(place: impl Future<Output = Result<Place, Said>>, names: &dyn Names) -> Said {
    let looked = async {
        let addresses = match place.await? {
            Place::Public(addresses) => addresses,
            Place::Files => return Ok(Said::not_asked("mail is written into files")),
            Place::Here => {
                let found = "the relay is on this network: the name of the address that it sends from is its business";
                return Ok(Said::not_asked(found));
            }
            Place::Unknown => {
                return Ok(Said::problem("the relay's name has no address", "see `host` of [email.smtp]"));
            }
        };
        let mut named = Vec::new();
        for address in addresses {
            let Some(name) = name_of(address, names).await? else {
                let advice = "whoever the address belongs to must name it (PTR), by a name that leads back to it";
                return Ok(Said::problem(format!("{address} has no name that leads back to it"), advice));
            };
            named.push(format!("{address} is {name}"));
        }
        Ok(Said::ok(format!("{}, and back", named.join(", "))))
    };
    looked.await.unwrap_or_else(|said| said)
}

/// A name of the address that leads back to it.
async fn name_of(address: IpAddr, names: &dyn Names) -> Result<Option<String>, Said> {
    let found = names.pointers(address).await.map_err(|error| Said::unanswered(&address.to_string(), &error))?;
    for name in found.into_iter().take(ADDRESSES_MAX) {
        let back = names.addresses(&name).await.map_err(|error| Said::unanswered(&name, &error))?;
        if back.contains(&address) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ones_own_network_are_not_what_the_world_sees() {
        for here in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "172.16.0.1",
            "169.254.1.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public(here.parse().unwrap()), "{here}");
        }
        for there in ["192.0.2.7", "172.32.0.1", "2001:db8::1"] {
            assert!(is_public(there.parse().unwrap()), "{there}");
        }
    }
}
