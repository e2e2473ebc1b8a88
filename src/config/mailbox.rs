//! `[email.bounce_mailbox]`: a mailbox that mails come back to.

use std::time::Duration;

use chrono::TimeDelta;

use crate::channel::email::{MailboxSettings, Then, Tls};

use super::email_section::{ca_file, host, is_loopback};
use super::node::{Node, shown};
use super::reader::Reader;
use super::secrets::Names;
use super::settings_file::Surroundings;
use super::{values, webhooks};

/// Longest name of a folder, in bytes.
const FOLDER_BYTES_MAX: usize = 200;

/// Reads the table. `None` when something in it is wrong.
pub(super) fn read(mut table: Reader<'_>, surroundings: &Surroundings<'_>) -> Option<MailboxSettings> {
    let host = table.required("host", host);
    let words = [("implicit", Tls::Implicit), ("starttls", Tls::StartTls), ("none", Tls::None)];
    let tls = table.or("tls", Tls::Implicit, values::one_of("a kind of protection", &words));
    if let Some(host) = host.as_deref().filter(|host| tls == Tls::None && !is_loopback(host)) {
        let message = format!(
            "the password would cross the network to `{host}` in the open; use `implicit` or `starttls` (`none` is for a \
             server on this machine)"
        );
        table.wrong::<()>("tls", message);
    }
    let default_port = if tls == Tls::Implicit { 993 } else { 143 };
    let port = table.or("port", default_port, values::whole(1..=u16::MAX));
    let ca_file = table.optional("ca_file", |node| ca_file(node, surroundings));
    let username = table.required("username", values::line);
    let names = Names { inline: "password", file: "password_file", credential: "bounce-mailbox-password" };
    let password = webhooks::secret(&mut table, names, surroundings);
    let folder = table.or("folder", "INBOX".to_owned(), folder);
    let bounds = TimeDelta::seconds(10)..=TimeDelta::days(1);
    let every = table.or("every", TimeDelta::minutes(1), values::duration(bounds));
    let then = table.or("then", Then::MarkSeen, then);
    if then == Then::Move(folder.clone()) {
        table.wrong::<()>("then", format!("the mails are in `{}` already; name another folder", shown(&folder)));
    }
    table.finish("[email.bounce_mailbox]");
    let every = every.to_std().unwrap_or(Duration::from_mins(1));
    Some(MailboxSettings {
        host: host?,
        port,
        tls,
        ca_file,
        username: username?,
        password: password?,
        folder,
        every,
        then,
    })
}

/// Names of folders have an encoding of their own (RFC 3501 §5.1.3), and the server's own is the surest.
fn folder(node: &Node) -> Result<String, String> {
    folder_named(&values::line(node)?)
}

fn folder_named(given: &str) -> Result<String, String> {
    if !given.is_ascii() || given.len() > FOLDER_BYTES_MAX || given.is_empty() {
        return Err(format!(
            "`{}` is no name of a folder; write it in at most {FOLDER_BYTES_MAX} ASCII characters, as the server does",
            shown(given)
        ));
    }
    Ok(given.to_owned())
}

fn then(node: &Node) -> Result<Then, String> {
    let given = values::line(node)?;
    match (given.as_str(), given.strip_prefix("move:")) {
        ("delete", _) => Ok(Then::Delete),
        ("seen", _) => Ok(Then::MarkSeen),
        (_, Some(folder)) => folder_named(folder.trim()).map(Then::Move),
        _ => Err(format!(
            "`{}` is nothing that can be done with a mail; use `seen`, `delete`, or `move:` and a folder",
            shown(&given)
        )),
    }
}
