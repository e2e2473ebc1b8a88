//! The private half of a DKIM key, as `openssl genpkey` writes it.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256};
use data_encoding::BASE64;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::config::settings::Secret;

/// The longest modulus that every receiver reads (RFC 8301 §3.2), in bytes.
const MODULUS_BYTES_MAX: usize = 512;

/// A key with its selector. `Debug` shows no more than that.
pub struct Key {
    selector: String,
    pair: Pair,
    /// The public half as it is published: base 64.
    public: String,
}

enum Pair {
    Rsa(rsa::KeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Why a text is not a key to sign with. Nothing of the text is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No private key in PEM.
    #[error(
        "there is no private key in it: it must hold what `openssl genpkey` writes, from `-----BEGIN PRIVATE KEY-----` on"
    )]
    NotPem,
    /// A key behind a passphrase.
    #[error("this key is behind a passphrase, and nobody is there to type it; write it without one (`openssl pkey`)")]
    Encrypted,
    /// The half that is published.
    #[error("this is the public half of a key; the private one signs")]
    Public,
    /// A key of another kind, or one that is damaged.
    #[error("this is no whole key of RSA or Ed25519, and with others nobody signs mail")]
    Kind,
    /// An RSA key that is too short.
    #[error(
        "this RSA key has fewer than 2048 bits; one so short can be broken by those who want to write in your name \
         (RFC 8301 asks for 2048): make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`"
    )]
    Short,
    /// An RSA key that is too long.
    #[error("this RSA key has more than 4096 bits, and receivers need not read those (RFC 8301); take 2048")]
    Long,
}

impl Key {
    /// Reads a private key in PEM: PKCS#8, or PKCS#1 for RSA.
    pub fn read(selector: String, pem: &Secret) -> Result<Self, KeyError> {
        let pair = match PrivateKeyDer::from_pem_slice(pem.expose().as_bytes()) {
            Ok(PrivateKeyDer::Pkcs1(der)) => rsa::KeyPair::from_der(der.secret_pkcs1_der()).map(Pair::Rsa),
            Ok(PrivateKeyDer::Pkcs8(der)) => {
                let der = der.secret_pkcs8_der();
                let ed25519 = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Pair::Ed25519);
                ed25519.or_else(|_| rsa::KeyPair::from_pkcs8(der).map(Pair::Rsa))
            }
            Ok(_) => return Err(KeyError::Kind),
            Err(_) if pem.expose().contains("-----BEGIN ENCRYPTED") => return Err(KeyError::Encrypted),
            Err(_) if pem.expose().contains("PUBLIC KEY-----") => return Err(KeyError::Public),
            Err(_) => return Err(KeyError::NotPem),
        };
        let pair = pair.map_err(|rejected| refusal(&rejected))?;
        let public = match &pair {
            Pair::Rsa(pair) if MODULUS_BYTES_MAX < pair.public_modulus_len() => return Err(KeyError::Long),
            Pair::Rsa(pair) => {
                let der: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| KeyError::Kind)?;
                BASE64.encode(der.as_ref())
            }
            Pair::Ed25519(pair) => BASE64.encode(pair.public_key().as_ref()),
        };
        Ok(Self { selector, pair, public })
    }

    /// The name under which receivers find the public half.
    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// The public half as it is published.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The word for its kind in the published record.
    pub fn kind(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "rsa",
            Pair::Ed25519(_) => "ed25519",
        }
    }

    /// The word for how it signs.
    pub(super) fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "rsa-sha256",
            Pair::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// Signs. `None` when the library fails, for which it knows no reason.
    pub(super) fn sign(&self, data: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                // It draws nothing: this padding has no room for chance.
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature).ok()?;
                Some(signature)
            }
            // RFC 8463 §3: what is signed is the hash.
            Pair::Ed25519(pair) => {
                let signature = pair.try_sign(digest(&SHA256, data).as_ref()).ok()?;
                Some(signature.as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {})", self.selector, self.kind())
    }
}

/// The library tells its reasons by words alone.
fn refusal(rejected: &KeyRejected) -> KeyError {
    match rejected.to_string().as_str() {
        "TooSmall" => KeyError::Short,
        "TooLarge" => KeyError::Long,
        _ => KeyError::Kind,
    }
}
