//! Fetches mails that came back out of a mailbox, over IMAP (RFC 9051).
//!
//! A mail is fetched without touching it, handed on, and only when it is on disk marked, moved or deleted. Whatever happens
//! in between, it is still there at the next visit and is at worst heard twice, which changes nothing.
//!
//! Nothing of a visit is remembered but which mails made trouble, so that those are looked at last and stand in nobody's
//! way. Within a visit an id names one mail; the next one may mean others by the same ids when UIDVALIDITY has changed, and
//! then the troubles are forgotten.

mod bounded;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_imap::error::Error as ImapError;
use async_imap::{Client, Session};
use async_trait::async_trait;
use futures_util::TryStreamExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::bounded::{Bounded, Connection};
use super::dial::Protection;
use super::reply::Trouble;
use super::{SmtpSetupError, Tls, protection};
use crate::config::settings::Secret;
use crate::receipt::mail::LOOKED_AT_BYTES_MAX;

/// How long a connection, and then each command, may take.
const COMMAND_TIME_MAX: Duration = Duration::from_mins(1);
/// Mails of one visit. The next one takes those that follow.
const MAILS_MAX: usize = 400;
/// Mails that made trouble and are remembered.
const TROUBLES_MAX: usize = 1_000;

/// A mailbox, and what to do with the mails in it.
#[derive(Clone, Debug)]
pub struct MailboxSettings {
    /// Host name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// A file of further certificate authorities in PEM, beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The user.
    pub username: String,
    /// Their password.
    pub password: Secret,
    /// The folder.
    pub folder: String,
    /// How often to look.
    pub every: Duration,
    /// What becomes of a mail that was taken.
    pub then: Then,
}

/// What becomes of a mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is deleted.
    Delete,
    /// It goes to this folder, which is made if it is not there.
    Move(String),
    /// It stays and is marked as read; what is marked so is not looked at.
    MarkSeen,
}

/// Takes what was fetched.
#[async_trait]
pub trait Taker: Send + Sync {
    /// Takes a mail; whether it is on disk. If not, the visit ends, and the mail is there at the next one.
    async fn take(&self, mail: Vec<u8>) -> bool;
}

/// What came of a visit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// Mails that were taken.
    pub n_taken: usize,
    /// Mails that the server does not give, or does not let go.
    pub n_failed: usize,
}

/// Why a visit ended early. The server's words are left out: they may name an address.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// Nobody is there.
    #[error("there is no connection to its server: {0}")]
    Connect(#[source] io::Error),
    /// It is not who it should be, or does not speak TLS.
    #[error("the connection to its server cannot be encrypted: {0}")]
    Encrypt(String),
    /// It does not answer.
    #[error("its server did not answer within a minute, asked {0}")]
    Late(&'static str),
    /// User or password is wrong, or may not log in.
    #[error("its server does not let the user in: user or password may be wrong")]
    Login,
    /// It says no.
    #[error("its server refuses {0}")]
    Refused(&'static str),
    /// It went away, or says what cannot be read.
    #[error("its server went away or cannot be understood, asked {0}")]
    Broken(&'static str),
    /// The daemon stops.
    #[error("the daemon stops")]
    Stopped,
}

/// A mailbox that mails come back to.
pub struct Mailbox {
    settings: MailboxSettings,
    protection: Protection,
    troubles: Mutex<Troubles>,
}

/// Mails on which a visit ended, of the UIDVALIDITY by which they are called so.
#[derive(Default)]
struct Troubles {
    validity: Option<u32>,
    uids: BTreeSet<u32>,
}

impl Troubles {
    /// Mails in the order in which they are looked at: the oldest first, and last those that made trouble.
    fn order(&mut self, validity: Option<u32>, mut uids: Vec<u32>) -> Vec<u32> {
        if self.validity != validity {
            *self = Self { validity, uids: BTreeSet::new() };
        }
        uids.sort_unstable_by_key(|uid| (self.uids.contains(uid), *uid));
        // What is not there any more makes no trouble.
        self.uids.retain(|uid| uids.contains(uid));
        uids
    }

    fn note(&mut self, uid: u32) {
        if self.uids.len() < TROUBLES_MAX {
            self.uids.insert(uid);
        }
    }
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

impl Mailbox {
    /// Reads the certificate authorities; connects to nobody.
    pub fn open(settings: &MailboxSettings) -> Result<Self, SmtpSetupError> {
        let protection = protection(&settings.host, settings.tls, settings.ca_file.as_deref())?;
        Ok(Self { settings: settings.clone(), protection, troubles: Mutex::default() })
    }

    /// What it was opened with.
    pub fn settings(&self) -> &MailboxSettings {
        &self.settings
    }

    /// Has the mails taken, one by one.
    pub async fn visit(&self, taker: &dyn Taker, stop: &CancellationToken) -> Result<Visit, MailboxError> {
        let within = Within { stop };
        let mut session = self.log_in(&within).await?;
        let folder = within.ask("for the folder", session.select(&self.settings.folder)).await?;
        let wanted = if self.settings.then == Then::MarkSeen { "UNSEEN UNDELETED" } else { "UNDELETED" };
        let found = within.ask("for the mails", session.uid_search(wanted)).await?;
        let uids = self.troubles().order(folder.uid_validity, found.into_iter().collect());
        let mut visit = Visit::default();
        for uid in uids.into_iter().take(MAILS_MAX) {
            match self.one(&mut session, uid, taker, &within).await {
                Ok(true) => visit.n_taken += 1,
                Ok(false) => break,
                Err(MailboxError::Stopped) => return Err(MailboxError::Stopped),
                Err(MailboxError::Refused(_)) => {
                    self.troubles().note(uid);
                    visit.n_failed += 1;
                }
                Err(err) => {
                    self.troubles().note(uid);
                    return Err(err);
                }
            }
        }
        // Everything is done; a server that does not say good-bye is no trouble.
        drop(within.ask("to end", session.logout()).await);
        Ok(visit)
    }

    fn troubles(&self) -> std::sync::MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has one mail taken, and done with what is to become of it; whether it is on disk.
    async fn one(
        &self,
        session: &mut Session<Box<dyn Connection>>,
        uid: u32,
        taker: &dyn Taker,
        within: &Within<'_>,
    ) -> Result<bool, MailboxError> {
        let fetch = async {
            let mut fetched =
                session.uid_fetch(uid.to_string(), format!("BODY.PEEK[]<0.{LOOKED_AT_BYTES_MAX}>")).await?;
            let mut mail = None;
            while let Some(fetch) = fetched.try_next().await? {
                mail = mail.or_else(|| fetch.body().map(<[u8]>::to_vec));
            }
            Ok(mail)
        };
        // A server that does not give it says so in words that the library does not hand on.
        let mail = within.ask("for a mail", fetch).await?.ok_or(MailboxError::Refused("to give a mail"))?;
        if !taker.take(mail).await {
            return Ok(false);
        }
        match &self.settings.then {
            Then::Delete => self.delete(session, uid, within).await?,
            Then::Move(folder) => self.put_away(session, (uid, folder), within).await?,
            Then::MarkSeen => {
                let mark = format!("UID STORE {uid} +FLAGS.SILENT (\\Seen)");
                within.ask("to mark a mail", session.run_command_and_check_ok(mark)).await?;
            }
        }
        Ok(true)
    }

    async fn delete(
        &self,
        session: &mut Session<Box<dyn Connection>>,
        uid: u32,
        within: &Within<'_>,
    ) -> Result<(), MailboxError> {
        let mark = format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)");
        within.ask("to delete a mail", session.run_command_and_check_ok(mark)).await?;
        // Without UIDPLUS (RFC 4315) the server keeps what is marked, and so do we: EXPUNGE would take with it what others
        // have marked. It is not looked at again.
        let expunge = session.run_command_and_check_ok(format!("UID EXPUNGE {uid}"));
        match within.ask("to delete a mail", expunge).await {
            Ok(()) | Err(MailboxError::Refused(_)) => Ok(()),
            Err(err) => Err(err),
        }
    }

    async fn put_away(
        &self,
        session: &mut Session<Box<dyn Connection>>,
        (uid, folder): (u32, &str),
        within: &Within<'_>,
    ) -> Result<(), MailboxError> {
        let uids = uid.to_string();
        let moved = within.ask("to move a mail", session.uid_mv(&uids, folder)).await;
        if !matches!(moved, Err(MailboxError::Refused(_))) {
            return moved;
        }
        // The folder may not be there, or the server may not know MOVE (RFC 6851).
        match within.ask("to make a folder", session.create(folder)).await {
            Ok(()) | Err(MailboxError::Refused(_)) => (),
            Err(err) => return Err(err),
        }
        within.ask("to move a mail", session.uid_copy(&uids, folder)).await?;
        self.delete(session, uid, within).await
    }

    async fn log_in(&self, within: &Within<'_>) -> Result<Session<Box<dyn Connection>>, MailboxError> {
        let tcp = self.connect(within).await?;
        let client = match &self.protection {
            Protection::Loopback => greeted(Bounded::boxed(tcp), within).await?,
            Protection::Implicit(encryption) => {
                let tls = within.time("to encrypt", encryption.encrypt(tcp)).await?.map_err(not_encrypted)?;
                greeted(Bounded::boxed(tls), within).await?
            }
            Protection::StartTls(encryption) => {
                let mut client = Client::new(tcp);
                within.ask("who it is", greeting(&mut client)).await?;
                let upgrade = client.run_command_and_check_ok("STARTTLS", None);
                within.ask("to encrypt", upgrade).await?;
                // Whatever came behind the answer goes with the client: it was said in the clear.
                let encrypt = encryption.encrypt(client.into_inner());
                let tls = within.time("to encrypt", encrypt).await?.map_err(not_encrypted)?;
                Client::new(Bounded::boxed(tls))
            }
        };
        let (username, password) = (&self.settings.username, self.settings.password.expose());
        let login = async { client.login(username, password).await.map_err(|(err, _)| err) };
        within.ask("to log in", login).await.map_err(|err| match err {
            MailboxError::Refused(_) => MailboxError::Login,
            err @ (MailboxError::Connect(_)
            | MailboxError::Encrypt(_)
            | MailboxError::Late(_)
            | MailboxError::Login
            | MailboxError::Broken(_)
            | MailboxError::Stopped) => err,
        })
    }

    async fn connect(&self, within: &Within<'_>) -> Result<TcpStream, MailboxError> {
        let connect = TcpStream::connect((self.settings.host.as_str(), self.settings.port));
        let tcp = within.time("for a connection", connect).await?.map_err(MailboxError::Connect)?;
        let is_here = tcp.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        if matches!(self.protection, Protection::Loopback) && !is_here {
            let message = "without TLS it must be on this machine";
            return Err(MailboxError::Connect(io::Error::other(message)));
        }
        Ok(tcp)
    }
}

async fn greeted(
    connection: Box<dyn Connection>,
    within: &Within<'_>,
) -> Result<Client<Box<dyn Connection>>, MailboxError> {
    let mut client = Client::new(connection);
    within.ask("who it is", greeting(&mut client)).await?;
    Ok(client)
}

async fn greeting<T>(client: &mut Client<T>) -> Result<(), ImapError>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + std::fmt::Debug + Send,
{
    client.read_response().await?.map(drop).ok_or(ImapError::ConnectionLost)
}

fn not_encrypted(trouble: Trouble) -> MailboxError {
    match trouble {
        Trouble::Lost(why) => MailboxError::Encrypt(why),
        Trouble::Answer(_) | Trouble::Late(_) => MailboxError::Broken("to encrypt"),
    }
}

/// Keeps every step within its time, and ends it when the daemon stops.
struct Within<'s> {
    stop: &'s CancellationToken,
}

impl Within<'_> {
    async fn time<T>(&self, what: &'static str, step: impl Future<Output = T>) -> Result<T, MailboxError> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(MailboxError::Stopped),
            done = timeout(COMMAND_TIME_MAX, step) => done.map_err(|_| MailboxError::Late(what)),
        }
    }

    async fn ask<T>(
        &self,
        what: &'static str,
        command: impl Future<Output = Result<T, ImapError>>,
    ) -> Result<T, MailboxError> {
        self.time(what, command).await?.map_err(|err| {
            let is_no = matches!(err, ImapError::No(_) | ImapError::Bad(_));
            if is_no { MailboxError::Refused(what) } else { MailboxError::Broken(what) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_that_made_trouble_come_last_as_long_as_they_are_called_so() {
        let mut troubles = Troubles::default();
        assert_eq!(troubles.order(Some(1), vec![30, 10, 20]), [10, 20, 30]);
        troubles.note(10);
        assert_eq!(troubles.order(Some(1), vec![30, 10, 20]), [20, 30, 10]);
        assert_eq!(troubles.order(Some(1), vec![30, 20]), [20, 30]);
        assert_eq!(troubles.order(Some(1), vec![30, 10, 20]), [10, 20, 30], "it was gone");
        troubles.note(10);
        assert_eq!(troubles.order(Some(2), vec![30, 10, 20]), [10, 20, 30], "another mail has its name");
    }
}
