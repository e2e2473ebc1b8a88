//! Which servers may send for a domain (SPF, RFC 7208), and whether the relay is one of them.

mod record;

use std::net::IpAddr;
use std::pin::Pin;

use super::names::Names;
use super::relay::Place;
use super::said::Said;
use record::{Mechanism, Qualifier, Record, is_spf};

/// Most questions to DNS that one record may lead to; receivers stop there (§4.6.4).
const LOOKUPS_MAX: usize = 10;

/// What a record says of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// It may send, by this term.
    Pass(String),
    /// It may not, or nothing is said of it.
    NotNamed,
    /// Nobody can tell: the record, or one that it includes, is broken.
    Broken(String),
    /// It might, by terms that cannot be evaluated without a mail.
    Unclear(String),
}

/// Asks for the record of the domain of envelope senders, which is what receivers look at, and then for the relay, to hold
/// the one against the other.
pub(super) async fn check(domain: &str, relay: impl Future<Output = Result<Place, Said>>, names: &dyn Names) -> Said {
    let looked = async {
        let texts = names.texts(domain).await.map_err(|error| Said::unanswered(domain, &error))?;
        let record = judge(domain, &texts)?;
        Ok(hold_against(domain, &record, &relay.await?, names).await)
    };
    looked.await.unwrap_or_else(|said| said)
}

/// Whether the record names the relay.
async fn hold_against(domain: &str, record: &Record, relay: &Place, names: &dyn Names) -> Said {
    let open_end =
        record.all_others().is_none_or(|qualifier| qualifier == Qualifier::Neutral) && record.redirect.is_none();
    let addresses = match relay {
        Place::Public(addresses) => addresses.as_slice(),
        Place::Files | Place::Here | Place::Unknown => &[],
    };
    let mut named = Vec::new();
    for &address in addresses {
        let mut walk = Walk { address, names, n_lookups: 0 };
        match walk.evaluate(domain, record).await {
            Outcome::Pass(term) => named.push(format!("{address} by `{term}`")),
            Outcome::NotNamed => return not_named(domain, address),
            Outcome::Broken(why) => {
                return Said::problem(format!("the SPF record of `{domain}` is broken: {why}"), "mend it");
            }
            Outcome::Unclear(terms) => {
                let found =
                    format!("`{domain}` may name {address}, by terms that only a mail can be held against: {terms}");
                return Said::warning(found, "send a mail to yourself and see whether it says spf=pass");
            }
        }
    }
    if open_end {
        let found = format!("the SPF record of `{domain}` does not say what becomes of other senders");
        return Said::warning(found, "let it end in `~all`, and in `-all` once all your senders are in it");
    }
    match (named.as_slice(), relay) {
        ([], Place::Here) => {
            let found = format!(
                "`{domain}` has a record; under which address the relay on this network sends is not seen from here"
            );
            Said::ok(found)
        }
        ([], Place::Files | Place::Public(_) | Place::Unknown) => {
            Said::ok(format!("`{domain}` has a record; there is no relay to hold against it"))
        }
        (named, _) => Said::ok(format!("`{domain}` names the relay: {}", named.join(", "))),
    }
}

fn not_named(domain: &str, address: IpAddr) -> Said {
    let version = if address.is_ipv4() { "ip4" } else { "ip6" };
    Said::warning(
        format!("the SPF record of `{domain}` does not name {address}, where mail is handed over"),
        format!(
            "add `{version}:{address}`, or what your provider says; right as it is only if the relay sends from another address that is in it"
        ),
    )
}

/// The one record among the texts of a domain.
fn judge(domain: &str, texts: &[String]) -> Result<Record, Said> {
    let records: Vec<_> = texts.iter().filter(|text| is_spf(text)).collect();
    let text = match records.as_slice() {
        [] => {
            let advice = format!("publish a TXT record of `{domain}` that names your relay, such as `v=spf1 mx ~all`");
            return Err(Said::problem(
                format!("`{domain}`, the domain of envelope senders, has no SPF record"),
                advice,
            ));
        }
        [text] => text,
        several => {
            let found = format!("`{domain}` has {} SPF records, so none counts", several.len());
            return Err(Said::problem(found, "put them into one"));
        }
    };
    let record = record::read(text)
        .map_err(|why| Said::problem(format!("the SPF record of `{domain}` is broken: {why}"), "mend it"))?;
    if record.all_others() == Some(Qualifier::Pass) {
        let found = format!("the SPF record of `{domain}` ends in `+all`: whoever wants may send in its name");
        return Err(Said::problem(found, "name your senders, and let it end in `~all` or `-all`"));
    }
    Ok(record)
}

/// An address on its way through records.
struct Walk<'a> {
    address: IpAddr,
    names: &'a dyn Names,
    n_lookups: usize,
}

impl Walk<'_> {
    /// What the record of a domain says of the address.
    fn evaluate<'s>(
        &'s mut self,
        domain: &'s str,
        record: &'s Record,
    ) -> Pin<Box<dyn Future<Output = Outcome> + Send + 's>> {
        Box::pin(async move {
            let mut unclear = Vec::new();
            for term in &record.terms {
                match self.matches(domain, &term.mechanism).await {
                    Ok(Some(true)) if term.qualifier == Qualifier::Pass => return Outcome::Pass(term.text.clone()),
                    Ok(Some(true)) if unclear.is_empty() => return Outcome::NotNamed,
                    Ok(Some(true)) => return Outcome::Unclear(unclear.join(" ")),
                    Ok(Some(false)) => (),
                    Ok(None) => unclear.push(term.text.clone()),
                    Err(why) => return Outcome::Broken(why),
                }
            }
            match &record.redirect {
                Some(domain) if domain.contains('%') => unclear.push(format!("redirect={domain}")),
                Some(domain) => match self.follow(domain).await {
                    Ok(Outcome::NotNamed) => (),
                    Ok(outcome) => return outcome,
                    Err(why) => return Outcome::Broken(why),
                },
                None => (),
            }
            if unclear.is_empty() { Outcome::NotNamed } else { Outcome::Unclear(unclear.join(" ")) }
        })
    }

    /// Whether the address is one that the mechanism means; `None` where only a mail could say.
    async fn matches(&mut self, domain: &str, mechanism: &Mechanism) -> Result<Option<bool>, String> {
        match mechanism {
            Mechanism::All => Ok(Some(true)),
            Mechanism::Net(net) => Ok(Some(net.contains(&self.address))),
            Mechanism::Exists | Mechanism::Ptr => {
                self.count()?;
                Ok(None)
            }
            Mechanism::Include(target) | Mechanism::A(Some(target), _) | Mechanism::Mx(Some(target), _)
                if target.contains('%') =>
            {
                self.count()?;
                Ok(None)
            }
            Mechanism::Include(target) => match self.follow(target).await? {
                Outcome::Pass(_) => Ok(Some(true)),
                Outcome::NotNamed => Ok(Some(false)),
                Outcome::Unclear(_) => Ok(None),
                Outcome::Broken(why) => Err(why),
            },
            Mechanism::A(target, lengths) => {
                self.count()?;
                let addresses = self.addresses(target.as_deref().unwrap_or(domain)).await?;
                Ok(Some(addresses.iter().any(|&found| lengths.covers(found, self.address))))
            }
            Mechanism::Mx(target, lengths) => {
                self.count()?;
                let target = target.as_deref().unwrap_or(domain);
                let servers = self.names.exchangers(target).await.map_err(|error| error.to_string())?;
                // More than ten mail servers are an error too (§4.6.4).
                for server in servers.iter().take(LOOKUPS_MAX) {
                    let addresses = self.addresses(server).await?;
                    if addresses.iter().any(|&found| lengths.covers(found, self.address)) {
                        return Ok(Some(true));
                    }
                }
                Ok(Some(false))
            }
        }
    }

    /// What the record of another domain says, which must have one.
    async fn follow(&mut self, domain: &str) -> Result<Outcome, String> {
        self.count()?;
        let texts = self.names.texts(domain).await.map_err(|error| error.to_string())?;
        let mut records = texts.iter().filter(|text| is_spf(text));
        match (records.next(), records.next()) {
            (Some(text), None) => {
                let record = record::read(text).map_err(|why| format!("`{domain}`: {why}"))?;
                Ok(self.evaluate(domain, &record).await)
            }
            (None, _) => Err(format!("`{domain}`, to which it leads, has no SPF record")),
            (Some(_), Some(_)) => Err(format!("`{domain}`, to which it leads, has several SPF records")),
        }
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        self.names.addresses(name).await.map_err(|error| error.to_string())
    }

    fn count(&mut self) -> Result<(), String> {
        self.n_lookups += 1;
        if self.n_lookups > LOOKUPS_MAX {
            return Err(format!("it asks DNS more than {LOOKUPS_MAX} times, and receivers stop there"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
