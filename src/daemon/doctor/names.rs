//! What DNS says.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RData;

/// How long a server may take for one answer; each is asked twice.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Most records of a name that are looked at.
const RECORDS_MAX: usize = 100;

/// No answer: neither records nor that there are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NamesError(pub String);

/// Whoever knows names. That there is no such name or no such record is an answer: an empty list.
#[async_trait]
pub trait Names: Send + Sync {
    /// Its TXT records, each in one piece.
    async fn texts(&self, name: &str) -> Result<Vec<String>, NamesError>;

    /// Its addresses.
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NamesError>;

    /// The names of its mail servers.
    async fn exchangers(&self, name: &str) -> Result<Vec<String>, NamesError>;

    /// The names of an address.
    async fn pointers(&self, address: IpAddr) -> Result<Vec<String>, NamesError>;
}

/// DNS, by the resolvers of this machine or by one that was named.
pub struct Dns(TokioResolver);

impl Dns {
    /// Asks this server, or those that `/etc/resolv.conf` names.
    pub fn open(server: Option<SocketAddr>) -> Result<Self, NamesError> {
        let mut builder = match server {
            Some(server) => {
                let mut connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
                for connection in &mut connections {
                    connection.port = server.port();
                }
                let server = NameServerConfig::new(server.ip(), true, connections.into());
                let config = ResolverConfig::from_name_servers(vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
            None => TokioResolver::builder_tokio().map_err(|error| failed(&error))?,
        };
        builder.options_mut().timeout = ANSWER_MAX;
        Ok(Self(builder.build().map_err(|error| failed(&error))?))
    }
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dns(…)")
    }
}

#[async_trait]
impl Names for Dns {
    async fn texts(&self, name: &str) -> Result<Vec<String>, NamesError> {
        let text = |data: &RData| {
            let RData::TXT(text) = data else { return None };
            Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned())
        };
        records(self.0.txt_lookup(whole(name)).await, text)
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NamesError> {
        match self.0.lookup_ip(whole(name)).await {
            Ok(found) => Ok(found.iter().take(RECORDS_MAX).collect()),
            Err(error) => none_or(error),
        }
    }

    async fn exchangers(&self, name: &str) -> Result<Vec<String>, NamesError> {
        let exchanger = |data: &RData| {
            let RData::MX(server) = data else { return None };
            Some(bare(&server.exchange.to_ascii()))
        };
        records(self.0.mx_lookup(whole(name)).await, exchanger)
    }

    async fn pointers(&self, address: IpAddr) -> Result<Vec<String>, NamesError> {
        let pointer = |data: &RData| {
            let RData::PTR(name) = data else { return None };
            Some(bare(&name.0.to_ascii()))
        };
        records(self.0.reverse_lookup(address).await, pointer)
    }
}

/// The name from the root, so that no search list of this machine is tried behind it.
fn whole(name: &str) -> String {
    format!("{}.", bare(name))
}

fn bare(name: &str) -> String {
    name.trim_end_matches('.').to_owned()
}

fn records<T>(found: Result<Lookup, NetError>, read: impl Fn(&RData) -> Option<T>) -> Result<Vec<T>, NamesError> {
    match found {
        Ok(found) => Ok(found.answers().iter().filter_map(|record| read(&record.data)).take(RECORDS_MAX).collect()),
        Err(error) => none_or(error),
    }
}

/// Nothing, where the answer is that there is nothing.
#[expect(clippy::needless_pass_by_value, reason = "it is what the result of a lookup has")]
fn none_or<T>(error: NetError) -> Result<Vec<T>, NamesError> {
    if let NetError::Dns(DnsError::NoRecordsFound(none)) = &error
        && matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
    {
        return Ok(Vec::new());
    }
    Err(failed(&error))
}

fn failed(error: &NetError) -> NamesError {
    NamesError(error.to_string())
}
