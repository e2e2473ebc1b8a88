//! Certificates and the TLS connector.
//!
//! A relay's certificate is always checked: against the system's authorities and those of `ca_file`. There is no
//! switch to skip that; a relay with a certificate of its own is what `ca_file` is for.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::SmtpSetupError;
use super::reply::Trouble;

/// How to encrypt a connection to one relay.
#[derive(Clone)]
pub(in crate::channel) struct Encryption {
    connector: TlsConnector,
    /// The name that the certificate must have.
    name: ServerName<'static>,
}

impl Encryption {
    /// Reads the authorities. Blocks on the disk, so call it at the start only.
    pub(in crate::channel) fn open(host: &str, ca_file: Option<&Path>) -> Result<Self, SmtpSetupError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|source| SmtpSetupError::HostName { host: host.to_owned(), source })?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = ca_file {
            add_file(&mut roots, path)?;
        }
        if roots.is_empty() {
            return Err(SmtpSetupError::NoAuthorities);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Encrypts a connection, and makes sure of who is at the other end.
    pub(super) async fn encrypt(&self, tcp: TcpStream) -> Result<TlsStream<TcpStream>, Trouble> {
        self.connect(tcp).await.map_err(|err| Trouble::Lost(format!("TLS: {err}")))
    }

    /// The same, for those to whom no mail is said.
    pub(in crate::channel) async fn connect(&self, tcp: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), tcp).await
    }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), SmtpSetupError> {
    let unreadable = |source| SmtpSetupError::CaFile { path: path.to_owned(), source };
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
        roots.add(certificate.map_err(unreadable)?)?;
    }
    if roots.len() == before {
        return Err(SmtpSetupError::CaFileEmpty { path: path.to_owned() });
    }
    Ok(())
}
