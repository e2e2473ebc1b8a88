//! A private Dovecot: the mailbox that many bounces end in.
//!
//! It has its own configuration and folders and listens on one port of loopback, with TLS from the first byte. Every user
//! has the same password and the same Maildir, into which a test puts mails as a mail server would. Dovecot changes to
//! other users step by step and therefore has to be started by root.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    port,
    postfix::self_signed,
    process::{self, NOBODY, Process},
};

const COMMAND: &str = "/usr/sbin/dovecot";

/// The password of every user.
pub(crate) const PASSWORD: &str = "hush-7";

/// A running Dovecot.
pub(crate) struct Dovecot {
    port: u16,
    // Before the folder: fields are dropped in this order, and the processes write into it.
    _master: Process,
    dir: TempDir,
}

impl Dovecot {
    /// Starts one with an empty mailbox. Who trusts [`Self::certificate`] trusts it as `127.0.0.1`.
    pub(crate) fn start() -> Self {
        assert!(process::is_root(), "Dovecot can be started by root only: run these tests as root");
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        for folder in ["mail", "mail/cur", "mail/new", "mail/tmp"] {
            let folder = dir.path().join(folder);
            fs::create_dir(&folder).unwrap();
            chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        self_signed(&dir.path().join("key.pem"), &dir.path().join("certificate.pem"));
        let port = port::free();
        let conf = dir.path().join("dovecot.conf");
        fs::write(&conf, configuration(dir.path(), port)).unwrap();
        let args = ["-F".into(), "-c".into(), conf];
        let mut master = Process::spawn(COMMAND, args, dir.path().join("log"));
        master.wait_for_port(port);
        Self { port, _master: master, dir }
    }

    /// The port of IMAP over TLS.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its certificate, in PEM.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.dir.path().join("certificate.pem")
    }

    /// Puts a mail into the mailbox, whole or not at all.
    pub(crate) fn put(&self, name: &str, mail: &[u8]) {
        let part = self.dir.path().join("mail/tmp").join(name);
        fs::write(&part, mail).unwrap();
        chown(&part, Some(NOBODY), Some(NOBODY)).unwrap();
        fs::rename(&part, self.dir.path().join("mail/new").join(name)).unwrap();
    }

    /// How many mails are in the mailbox, or in this folder of it.
    pub(crate) fn n_mails(&self, folder: Option<&str>) -> usize {
        let mail = self.dir.path().join("mail");
        let place = folder.map_or(mail.clone(), |name| mail.join(format!(".{name}")));
        let n = |name: &str| fs::read_dir(place.join(name)).map_or(0, Iterator::count);
        n("new") + n("cur")
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

fn configuration(dir: &Path, port: u16) -> String {
    let dir = dir.display();
    format!(
        "base_dir = {dir}/run
state_dir = {dir}/state
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{dir}/certificate.pem
ssl_key = <{dir}/key.pem
mail_location = maildir:{dir}/mail
first_valid_uid = {NOBODY}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={NOBODY} gid={NOBODY} home={dir}/mail
}}
first_valid_gid = {NOBODY}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"
    )
}
