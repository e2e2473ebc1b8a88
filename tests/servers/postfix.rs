//! A private Postfix: the relay that most installations have.
//!
//! It has its own configuration, queue and data folder, so it neither sees nor disturbs one that the machine may have.
//! Mail for its domains goes into one Maildir; `Delivered-To` in each message tells the recipient. Nothing ever leaves:
//! every other domain is refused, and no name is looked up. Postfix gives up its rights step by step and therefore
//! has to be started by root.

use std::{
    fmt::Write as _,
    fs::{self, File, Permissions},
    io::Write as _,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    time::SystemTime,
};

use tempfile::TempDir;

use crate::{
    port,
    process::{self, NOBODY, Process},
    wait,
};

const COMMAND: &str = "/usr/sbin/postfix";
const OPENSSL: &str = "/usr/bin/openssl";
const MASTER: &str = "/usr/lib/postfix/sbin/master";

/// The services of master(5) beyond smtpd. None is in a chroot, because that would have to be furnished first.
const SERVICES: &str = "\
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
discard unix - - n - - discard
lmtp unix - - n - - lmtp
";

/// A session to a smtpd: the table of replies is read when the process starts.
const ONE_SESSION: &str = "-o max_use=1";
const NO_TLS: &str = "smtpd_tls_security_level = none\n";

/// A running Postfix.
pub(crate) struct Postfix {
    port: u16,
    // Before the folder: fields are dropped in this order, and the processes write into it.
    master: Process,
    dir: TempDir,
}

impl Postfix {
    /// Starts one that takes mail for every address of `domains`, without TLS.
    pub(crate) fn start(domains: &[&str]) -> Self {
        Self::start_with(domains, (NO_TLS, ONE_SESSION), |_| ())
    }

    /// Starts one that takes mail for everybody, without TLS, and throws it away as soon as it is in the queue.
    pub(crate) fn start_discarding() -> Self {
        // What comes later in main.cf replaces what came before.
        let discard = "default_transport = discard:
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions =
";
        Self::start_with(&[], (&(NO_TLS.to_owned() + discard), ""), |_| ())
    }

    /// Starts one that takes mail for everybody, as far as [`Self::set_replies`] says nothing else, and then cannot deliver
    /// it: to these domains, for these reasons, such as `("gone.example", "5.1.1 no such guest")`. What comes back to
    /// `bounce_domain` it brings to [`Self::bounce_socket`]; all else it throws away.
    pub(crate) fn start_bouncing(reasons: &[(&str, &str)], bounce_domain: &str) -> Self {
        let routes = reasons
            .iter()
            .fold(String::new(), |routes, (domain, reason)| routes + &format!(", {{{domain} = error:{reason}}}"));
        let settings = format!(
            "{NO_TLS}smtpd_reject_unlisted_recipient = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access texthash:$config_directory/replies
relay_domains = {bounce_domain}
default_transport = discard:
transport_maps = inline:{{{{{bounce_domain} = lmtp:unix:$config_directory/bounces.lmtp}}{routes}}}
"
        );
        Self::start_with(&[], (&settings, ONE_SESSION), |_| ())
    }

    /// Where one that was started so delivers what comes back.
    pub(crate) fn bounce_socket(&self) -> PathBuf {
        self.dir.path().join("conf/bounces.lmtp")
    }

    /// Starts one that takes mail after STARTTLS only. Who trusts [`Self::certificate`] trusts it as `127.0.0.1`.
    pub(crate) fn start_with_tls(domains: &[&str]) -> Self {
        let tls = "smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = $config_directory/key.pem, $config_directory/certificate.pem
";
        Self::start_with(domains, (tls, ONE_SESSION), make_certificate)
    }

    /// With further lines for main.cf, and options of smtpd.
    fn start_with(domains: &[&str], (settings, smtpd): (&str, &str), prepare: impl FnOnce(&Path)) -> Self {
        assert!(process::is_root(), "Postfix can be started by root only: run these tests as root");
        let dir = tempfile::tempdir().unwrap();
        // Postfix reads its files again after it has given up its rights.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let port = port::free();
        let smtpd = format!("127.0.0.1:{port} inet n - n - - smtpd {smtpd}\n");
        lay_out(dir.path(), &(main_cf(dir.path(), domains) + settings), &(smtpd + SERVICES));
        prepare(dir.path());
        // Makes the folders of the queue, with the owners that Postfix wants.
        process::run(process::command(COMMAND).arg("-c").arg(dir.path().join("conf")).arg("check"));
        let args = ["-c".into(), dir.path().join("conf"), "-d".into()];
        let mut master = Process::spawn(MASTER, args, dir.path().join("mail.log"));
        master.wait_for_port(port);
        Self { port, master, dir }
    }

    /// The port of 127.0.0.1 that takes mail.
    pub(crate) fn smtp_port(&self) -> u16 {
        self.port
    }

    /// The Maildir with all mail of all recipients.
    pub(crate) fn maildir(&self) -> PathBuf {
        self.dir.path().join("mail")
    }

    /// The certificate of one that was started with TLS, in PEM.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.dir.path().join("conf/certificate.pem")
    }

    /// Answers RCPT for the given addresses (all in lower case) with the given replies, such as
    /// `("gone@guests.example", "550 5.1.1 no such guest")`, and takes all others. It holds from the next connection
    /// on, because each has its own smtpd and that reads the table when it starts.
    pub(crate) fn set_replies(&self, replies: &[(&str, &str)]) {
        write_replies(self.dir.path(), replies);
    }

    /// All messages delivered so far, in no order. Each begins with the lines of Postfix: `Return-Path`,
    /// `X-Original-To`, `Delivered-To`, `Received`.
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        // The folder comes into being with the first message. A message is moved into it when it is whole.
        let Ok(entries) = fs::read_dir(self.maildir().join("new")) else { return Vec::new() };
        entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    /// [`Self::messages`], as soon as there are at least `n_min`: delivery goes on after the reply to the dot.
    #[track_caller]
    pub(crate) fn wait_for_messages(&self, n_min: usize) -> Vec<Vec<u8>> {
        wait::until(&format!("{n_min} messages in the Maildir"), || {
            let messages = self.messages();
            (n_min <= messages.len()).then_some(messages)
        })
    }

    /// How many messages wait in its queue.
    pub(crate) fn n_queued(&self) -> usize {
        let folders = ["incoming", "active"].map(|name| self.dir.path().join("queue").join(name));
        folders.iter().map(|folder| fs::read_dir(folder).map_or(0, Iterator::count)).sum()
    }

    /// What Postfix has logged so far: to be shown when a test fails.
    pub(crate) fn log(&self) -> String {
        self.master.said()
    }
}

fn lay_out(dir: &Path, main_cf: &str, master_cf: &str) {
    for name in ["conf", "queue", "mail"] {
        fs::create_dir(dir.join(name)).unwrap();
    }
    chown(dir.join("mail"), Some(NOBODY), Some(NOBODY)).unwrap();
    fs::write(dir.join("conf/main.cf"), main_cf).unwrap();
    fs::write(dir.join("conf/master.cf"), master_cf).unwrap();
    write_replies(dir, &[]);
}

/// The parameters of postconf(5). Every limit on size and rate is lifted: the tests measure us, not the relay.
fn main_cf(dir: &Path, domains: &[&str]) -> String {
    let dir = dir.display();
    let domains = domains.join(", ");
    format!(
        "compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
maillog_file = {dir}/mail.log
maillog_file_prefixes = {dir}
myhostname = relay.localdomain
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:there are no local users
relay_transport = error:nothing leaves this relay
default_transport = error:nothing leaves this relay
virtual_transport = virtual
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {dir}
virtual_mailbox_maps = static:mail/
virtual_uid_maps = static:{NOBODY}
virtual_gid_maps = static:{NOBODY}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:{dir}/conf/replies, reject_unauth_destination
smtpd_peername_lookup = no
disable_dns_lookups = yes
message_size_limit = 0
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
smtpd_soft_error_limit = 1000
"
    )
}

fn make_certificate(dir: &Path) {
    self_signed(&dir.join("conf/key.pem"), &dir.join("conf/certificate.pem"));
}

/// A key and a certificate for 127.0.0.1 that vouches for itself. It must not be marked as one of an authority, because
/// rustls takes no such certificate from a server.
pub(crate) fn self_signed(key: &Path, certificate: &Path) {
    let mut openssl = process::command(OPENSSL);
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args(["-subj", "/CN=relay.localdomain", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE", "-days", "2"]);
    openssl.arg("-keyout").arg(key).arg("-out").arg(certificate);
    process::run(&mut openssl);
}

fn write_replies(dir: &Path, replies: &[(&str, &str)]) {
    let mut text = String::new();
    for (address, reply) in replies {
        writeln!(text, "{address} {reply}").unwrap();
    }
    // Moved into place, so that no smtpd can read half a table.
    let mut part = File::create(dir.join("conf/replies.part")).unwrap();
    part.write_all(text.as_bytes()).unwrap();
    // Postfix waits for seconds until a table looks old enough to be complete.
    part.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    fs::rename(dir.join("conf/replies.part"), dir.join("conf/replies")).unwrap();
}

#[cfg(test)]
mod tests {
    use super::{OPENSSL, Postfix};
    use crate::{process, smtp::Conversation, wait};

    const FROM: &str = "b+1@bounce.example";
    const MESSAGE: &str = "Message-ID: <inv.1@sole.example>\r\nSubject: Hello\r\n\r\nHow was it?\r\n.hidden\r\n";

    #[test]
    fn a_message_reaches_the_maildir_whole() {
        let postfix = Postfix::start(&["guests.example"]);
        let reply = Conversation::open(postfix.smtp_port()).send(FROM, "anna@guests.example", MESSAGE);
        assert!(reply.starts_with("250 2.0.0 "), "{reply}\n{}", postfix.log());
        let messages = postfix.wait_for_messages(1);
        assert_eq!(messages.len(), 1);
        let message = String::from_utf8(messages.concat()).unwrap();
        for line in
            ["Return-Path: <b+1@bounce.example>", "Delivered-To: anna@guests.example", "Subject: Hello", ".hidden"]
        {
            assert!(message.lines().any(|found| found == line), "no line {line:?} in\n{message}");
        }
    }

    #[test]
    fn all_recipients_of_all_its_domains_share_the_maildir() {
        let postfix = Postfix::start(&["guests.example", "sole.example"]);
        let mut client = Conversation::open(postfix.smtp_port());
        for to in ["anna@guests.example", "boris@guests.example", "anna@sole.example"] {
            assert!(client.send(FROM, to, MESSAGE).starts_with("250 "), "{}", postfix.log());
        }
        assert_eq!(postfix.wait_for_messages(3).len(), 3);
    }

    #[test]
    fn a_domain_of_others_is_refused() {
        let postfix = Postfix::start(&["guests.example"]);
        let reply = Conversation::open(postfix.smtp_port()).send(FROM, "anna@example.org", MESSAGE);
        assert_eq!(reply, "554 5.7.1 <anna@example.org>: Relay access denied");
    }

    #[test]
    fn a_recipient_is_refused_or_put_off_until_the_table_changes() {
        let postfix = Postfix::start(&["guests.example"]);
        let replies =
            [("gone@guests.example", "550 5.1.1 no such guest"), ("later@guests.example", "450 4.2.0 try again later")];
        postfix.set_replies(&replies);
        let send = |to: &str| Conversation::open(postfix.smtp_port()).send(FROM, to, MESSAGE);
        let gone = send("gone@guests.example");
        assert_eq!(gone, "550 5.1.1 <gone@guests.example>: Recipient address rejected: no such guest");
        let later = send("later@guests.example");
        assert_eq!(later, "450 4.2.0 <later@guests.example>: Recipient address rejected: try again later");
        postfix.set_replies(&[]);
        assert!(send("later@guests.example").starts_with("250 2.0.0 "));
        assert_eq!(postfix.wait_for_messages(1).len(), 1);
    }

    #[test]
    fn what_is_discarded_leaves_the_queue_and_reaches_nobody() {
        let postfix = Postfix::start_discarding();
        let reply = Conversation::open(postfix.smtp_port()).send(FROM, "anna@example.org", MESSAGE);
        assert!(reply.starts_with("250 2.0.0 "), "{reply}\n{}", postfix.log());
        wait::until("an empty queue", || (postfix.n_queued() == 0).then_some(()));
        assert!(postfix.messages().is_empty());
    }

    #[test]
    fn with_tls_nothing_is_taken_in_the_clear() {
        let postfix = Postfix::start_with_tls(&["guests.example"]);
        let reply = Conversation::open(postfix.smtp_port()).send(FROM, "anna@guests.example", MESSAGE);
        assert_eq!(reply, "530 5.7.0 Must issue a STARTTLS command first");
    }

    #[test]
    fn its_certificate_is_good_for_its_address() {
        let postfix = Postfix::start_with_tls(&["guests.example"]);
        let mut client = process::command(OPENSSL);
        client.args(["s_client", "-starttls", "smtp", "-verify_return_error", "-verify_ip", "127.0.0.1"]);
        client.arg("-connect").arg(format!("127.0.0.1:{}", postfix.smtp_port()));
        client.arg("-CAfile").arg(postfix.certificate());
        process::run(&mut client);
    }
}
