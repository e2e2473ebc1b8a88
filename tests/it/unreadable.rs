//! Mails that nobody could read, as operations have to do with them.

use std::io::Write;
use std::process::Stdio;

use super::binary::Installation;

/// What Exim writes of a mail that is still tried.
const DELAYED: &str = include_str!("../fixtures/bounces/exim-delayed-plain.eml");

/// Hands a mail in through a pipe, as a mail server does.
fn hand_in(installation: &Installation, mail: &str) {
    let mut command = installation.command();
    command.args(["receive-bounce", "--recipient", "b+nobody@bounce.sole.example", "--sender", "ada@example.org"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_mail_is_kept_with_its_envelope_until_somebody_has_looked_at_it() {
    let installation = Installation::shipped();
    hand_in(&installation, "Subject: hello\n\nI will call you.\n");
    hand_in(&installation, "Subject: hello\n\nI will call you.\n");
    let listed = installation.ok(&["bounces", "unreadable", "list", "--format", "csv"]);
    let rows: Vec<_> = listed.lines().skip(1).collect();
    let [row] = rows.as_slice() else { panic!("{listed}") };
    let (id, rest) = row.split_once(',').unwrap();
    assert!(rest.ends_with("it is neither a report nor an automatic answer; somebody may have written it"), "{row}");

    let shown = installation.ok(&["bounces", "unreadable", "show", id]);
    let envelope = "Return-Path: <ada@example.org>\r\nDelivered-To: b+nobody@bounce.sole.example\r\n";
    assert_eq!(shown, format!("{envelope}Subject: hello\n\nI will call you.\n"));
    let again = installation.run(&["bounces", "unreadable", "retry", id]);
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(said.contains(&format!("{id}  unreadable: ")) && said.ends_with("0 mails can be read by now\n"), "{said}");

    assert_eq!(installation.ok(&["bounces", "unreadable", "remove", id]), "removed: 1 mail\n");
    assert_eq!(installation.ok(&["bounces", "unreadable", "list"]), "0 mails that came back are kept\n");
    assert_eq!(installation.run(&["bounces", "unreadable", "show", id]).status.code(), Some(1));
}

#[test]
fn what_a_later_canvass_can_read_is_read_again_and_not_kept_any_longer() {
    let installation = Installation::shipped();
    std::fs::create_dir_all(installation.path("state/unreadable")).unwrap();
    let id = "0".repeat(32);
    let file = installation.write(&format!("state/unreadable/{id}.eml"), DELAYED);
    installation.write("state/unreadable/notes.txt", "not ours");
    let listed = installation.ok(&["bounces", "unreadable", "list"]);
    assert!(
        listed.contains(": it can be read by now\n") && listed.ends_with("1 mail that came back is kept\n"),
        "{listed}"
    );
    let said = installation.ok(&["bounces", "unreadable", "retry", "--all"]);
    assert_eq!(said, format!("{id}  nothing: delayed\n1 mail can be read by now\n"));
    assert!(!file.exists() && installation.path("state/unreadable/notes.txt").exists());
    assert_eq!(installation.ok(&["bounces", "unreadable", "remove", "--all"]), "removed: 0 mails\n");
    let refused = installation.run(&["bounces", "unreadable", "remove", "../../config/places"]);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("`../../config/places` calls no mail"), "{why}");
}
