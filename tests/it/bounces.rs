//! What comes back by mail: a folder of bounces in the forms of many servers, and what is read out of each of them.
//!
//! `cargo test --test it bounces -- --nocapture` prints the table of file, expected and got. All of the mails were made up
//! for this folder, but `rfc5965-sample`, which is that of the standard.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use canvass::domain::id::InvitationId;
use canvass::domain::receipt::News;
use canvass::domain::seal::{LinkTarget, SECRET_BYTES, Seal};
use canvass::receipt::mail::{Claim, Incoming, LOOKED_AT_BYTES_MAX, Read, Verdict, read};
use proptest::prelude::*;

/// File, what it says, and by what we know that it is about our message.
const CORPUS: &[(&str, &str, &str)] = &[
    ("aol-complaint", "complained", "message"),
    ("arf-auth-failure", "nothing: feedback", "message"),
    ("arf-not-spam", "nothing: feedback", "message"),
    ("arf-opt-out", "complained", "message"),
    ("arf-unknown-type", "unreadable: no_complaint", "message"),
    ("arf-verp-only", "complained", "token"),
    ("boundary-not-named", "bounced: hard", "token"),
    ("boundary-wrong", "bounced: hard", "token"),
    ("cut-in-the-report", "bounced: hard", "token"),
    ("cut-in-the-text", "bounced: soft", "token"),
    ("delivered", "delivered", "token"),
    ("displayed", "nothing: displayed", "token"),
    ("domino-not-listed", "bounced: hard", "token"),
    ("envelope-id-only", "bounced: hard", "token"),
    ("exchange-plain", "bounced: hard", "token"),
    ("exchange-system-attendant", "bounced: soft", "token"),
    ("exim-delayed-plain", "nothing: delayed", "token"),
    ("exim-plain", "bounced: soft", "token"),
    ("exim-report", "bounced: hard", "token"),
    ("expanded", "nothing: expanded", "token"),
    ("french-delayed", "nothing: delayed", "token"),
    ("french-full", "bounced: soft", "token"),
    ("german-no-code", "bounced: soft", "token"),
    ("german-postmaster", "bounced: hard", "token"),
    ("gmail-delayed", "nothing: delayed", "token"),
    ("gmail-report", "bounced: hard", "token"),
    ("gmail-sender-unauthenticated", "bounced: sender", "token"),
    ("gmail-vacation", "nothing: automatic", "token"),
    ("html-only", "bounced: hard", "token"),
    ("international-report", "bounced: hard", "token"),
    ("lower-cased-recipient", "bounced: hard", "message"),
    ("mbox-line", "bounced: hard", "token"),
    ("nameless-sender", "bounced: hard", "token"),
    ("no-action", "bounced: hard", "token"),
    ("no-header", "unreadable: no_mail", "nothing"),
    ("nobody-of-ours", "unreadable: no_claim", "nothing"),
    ("office365-access-denied", "bounced: soft", "token"),
    ("office365-not-found", "bounced: hard", "token"),
    ("one-group-folded-and-commented", "bounced: hard", "token"),
    ("outlook-out-of-office", "nothing: automatic", "token"),
    ("outlook-sender-unauthenticated", "bounced: sender", "token"),
    ("person-answers", "unreadable: no_report", "token"),
    ("postfix-bare-550", "bounced: soft", "token"),
    ("postfix-delayed", "nothing: delayed", "token"),
    ("postfix-expired", "bounced: soft", "token"),
    ("postfix-full", "bounced: soft", "token"),
    ("postfix-local-full", "bounced: soft", "token"),
    ("postfix-message-id-only", "bounced: hard", "message"),
    ("postfix-plain", "bounced: hard", "token"),
    ("postfix-policy", "bounced: policy", "token"),
    ("postfix-reminder-message-id", "bounced: hard", "message"),
    ("postfix-unknown-domain", "bounced: hard", "token"),
    ("postfix-unknown-user", "bounced: hard", "token"),
    ("postmaster-person", "unreadable: no_report", "token"),
    ("prefixed-recipient", "bounced: hard", "token"),
    ("qmail-gave-up", "bounced: soft", "token"),
    ("qmail-no-code", "bounced: soft", "token"),
    ("qmail-no-mailbox", "bounced: hard", "token"),
    ("qmail-remote-policy", "bounced: policy", "token"),
    ("relay-login-refused", "bounced: sender", "token"),
    ("relayed", "nothing: relayed", "token"),
    ("report-as-text", "bounced: soft", "token"),
    ("rfc5965-sample", "unreadable: no_claim", "nothing"),
    ("sendmail-spam-called-unknown", "bounced: soft", "token"),
    ("sendmail-transcript", "bounced: hard", "token"),
    ("sendmail-unknown-user", "bounced: hard", "token"),
    ("ses-bounce", "bounced: hard", "token"),
    ("several-recipients-none-ours", "bounced: hard", "token"),
    ("several-recipients-of-an-alias", "bounced: policy", "token"),
    ("several-recipients-ours-is-full", "bounced: soft", "token"),
    ("status-in-base64", "bounced: hard", "token"),
    ("ticket-system", "nothing: automatic", "token"),
    ("vacation-1", "nothing: automatic", "token"),
    ("vacation-quotes-a-bounce", "nothing: automatic", "token"),
    ("vacation-unmarked", "unreadable: no_report", "token"),
    ("wrapped-by-a-gateway", "bounced: hard", "token"),
    ("yahoo-plain", "bounced: policy", "token"),
    ("yahoo-sender-unauthenticated", "bounced: sender", "token"),
];

/// The attempt that the folder is about.
const OURS: LinkTarget = LinkTarget { invitation: InvitationId::from_bytes([9; 16]), attempt: 1 };
/// The token of its envelope sender.
const TOKEN: &str = "CQkJCQkJCQkJCQkJCQkJCQGtGIqEyJ0Ajw";

fn seal() -> Seal {
    Seal::new(&[7; SECRET_BYTES])
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bounces")
}

fn mail(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.eml"))).unwrap()
}

fn read_alone(bytes: &[u8]) -> Read {
    read(Incoming { bytes, recipient: None, sender: None })
}

fn said(read: &Read) -> String {
    match &read.verdict {
        Verdict::Receipt(receipt) => match receipt.news {
            News::Bounced(class) => format!("bounced: {}", class.as_str()),
            news @ (News::Delivered | News::Complained) => news.as_str().to_owned(),
        },
        Verdict::Nothing(why) => format!("nothing: {}", why.as_str()),
        Verdict::Unreadable(why) => format!("unreadable: {}", why.as_str()),
    }
}

/// By what the attempt is known: the first claim that opens.
fn known_by(read: &Read) -> &'static str {
    let opens =
        |claim: &&Claim| Read { claims: vec![(*claim).clone()], verdict: said_nothing() }.target(&seal()).is_some();
    match read.claims.iter().find(opens) {
        Some(Claim::Token(_)) => "token",
        Some(Claim::Message { .. }) => "message",
        None => "nothing",
    }
}

fn said_nothing() -> Verdict {
    Verdict::Nothing(canvass::receipt::mail::Nothing::Automatic)
}

/// What went wrong with a mail, if anything did.
fn mistake(name: &str, bytes: &[u8], (expected, by): (&str, &str)) -> Option<String> {
    let read = read_alone(bytes);
    let got = (said(&read), known_by(&read), read.target(&seal()));
    let is_right = got.0 == expected && got.1 == by && got.2 == (by != "nothing").then_some(OURS);
    (!is_right).then(|| format!("{name}: expected {expected} by {by}, got {} by {}: {:?}", got.0, got.1, read.claims))
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is for people")]
fn every_mail_of_the_folder_is_read_for_what_it_is() {
    println!("{:<34} {:<26} {:<26} known by", "file", "expected", "got");
    for (name, expected, _) in CORPUS {
        let read = read_alone(&mail(name));
        println!("{name:<34} {expected:<26} {:<26} {}", said(&read), known_by(&read));
    }
    let mistakes: Vec<_> =
        CORPUS.iter().filter_map(|(name, expected, by)| mistake(name, &mail(name), (expected, by))).collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn the_table_and_the_folder_have_the_same_mails() {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<_> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(files, CORPUS.iter().map(|(name, ..)| (*name).to_owned()).collect());
}

#[test]
fn line_ends_do_not_matter() {
    for (name, expected, by) in CORPUS {
        let bytes = mail(name);
        for end in ["\r\n", "\r"] {
            let parts: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
            assert_eq!(mistake(name, &parts.join(end.as_bytes()), (expected, by)), None, "{end:?}");
        }
    }
}

#[test]
fn what_comes_after_the_report_may_be_as_long_as_it_likes() {
    let mut bytes = mail("postfix-unknown-user");
    let cut = bytes.len() - 40;
    bytes.truncate(cut);
    bytes.extend(b"Lorem ipsum dolor sit amet, 550 5.7.26 consetetur.\n".repeat(10 * 1024 * 1024 / 50));
    assert!(bytes.len() > 10 * LOOKED_AT_BYTES_MAX);
    assert_eq!(mistake("long", &bytes, ("bounced: hard", "token")), None);
}

#[test]
fn what_lies_beyond_what_is_looked_at_is_not_there() {
    let report = String::from_utf8(mail("postfix-unknown-user")).unwrap();
    let (header, body) = report.split_once("\n\n").unwrap();
    let padded = |n| format!("{header}\n\n{}{body}", "Lorem ipsum dolor sit amet.\n".repeat(n));
    assert_eq!(said(&read_alone(padded(10).as_bytes())), "bounced: hard");
    assert_eq!(said(&read_alone(padded(LOOKED_AT_BYTES_MAX / 28 + 1).as_bytes())), "bounced: soft");
}

#[test]
fn parts_in_parts_in_parts_end_nobody() {
    let messages = format!("From: MAILER-DAEMON\n{}", "Content-Type: message/rfc822\n\n".repeat(200_000));
    assert_eq!(said(&read_alone(messages.as_bytes())), "unreadable: no_claim");
    let multipart = |n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n");
    let multiparts = format!("From: MAILER-DAEMON\n{}", (0..10_000).map(multipart).collect::<String>());
    assert_eq!(said(&read_alone(multiparts.as_bytes())), "unreadable: no_claim");
    let many =
        format!("From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(50_000));
    assert_eq!(said(&read_alone(many.as_bytes())), "unreadable: no_report");
}

#[test]
fn what_the_envelope_says_comes_first() {
    let another = seal().token(canvass::domain::seal::Purpose::Receipt, LinkTarget { attempt: 2, ..OURS });
    let bytes = mail("nobody-of-ours");
    let read =
        read(Incoming { bytes: &bytes, recipient: Some(&format!("b+{another}@bounce.sole.example")), sender: None });
    assert_eq!((said(&read).as_str(), read.target(&seal()).unwrap().attempt), ("bounced: hard", 2));

    let bytes = mail("postfix-unknown-user");
    let recipient = format!("<bounces+{another}@localhost>");
    let read = canvass::receipt::mail::read(Incoming { bytes: &bytes, recipient: Some(&recipient), sender: Some("") });
    assert_eq!(read.target(&seal()).unwrap().attempt, 2);
}

#[test]
fn a_mail_from_nobody_is_known_by_its_envelope_too() {
    let bytes = format!("From: robot@gate.example.com\nTo: b+{TOKEN}@bounce.sole.example\n\n550 5.2.2 full\n");
    for (sender, expected) in [
        (None, "unreadable: no_report"),
        (Some("robot@gate.example.com"), "unreadable: no_report"),
        (Some(""), "bounced: soft"),
        (Some("<>"), "bounced: soft"),
        (Some("MAILER-DAEMON"), "bounced: soft"),
    ] {
        let read = read(Incoming { bytes: bytes.as_bytes(), recipient: None, sender });
        assert_eq!(said(&read), expected, "{sender:?}");
    }
}

#[test]
fn what_the_server_said_is_kept_and_nobody_shows_it() {
    let read = read_alone(&mail("postfix-unknown-user"));
    let Verdict::Receipt(receipt) = &read.verdict else { panic!("{read:?}") };
    let words = "550 5.1.1 <guest@example.org>: Recipient address rejected: User unknown in virtual mailbox table";
    assert_eq!((receipt.reply.as_str(), receipt.source.as_str()), (words, "a returned mail"));
    let shown = format!("{read:?}");
    assert!(!shown.contains("guest") && !shown.contains(TOKEN), "{shown}");

    let read = read_alone(&mail("qmail-no-mailbox"));
    let Verdict::Receipt(receipt) = &read.verdict else { panic!("{read:?}") };
    assert_eq!(receipt.reply, "Sorry, no mailbox here by that name. (#5.1.1)");
}

#[test]
fn a_token_of_another_store_opens_nothing() {
    let read = read_alone(&mail("prefixed-recipient"));
    assert_eq!(read.target(&seal()), Some(OURS));
    assert_eq!(read.target(&Seal::new(&[8; SECRET_BYTES])), None);
}

#[derive(Clone, Debug)]
enum Change {
    Byte(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Leave(prop::sample::Index, usize),
    Twice(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
}

impl Change {
    fn make(self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let range = |at: usize, n: usize| at..(at + n).min(bytes.len());
        match self {
            Self::Byte(at, byte) => *at.get_mut(bytes.as_mut_slice()) = byte,
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Leave(at, n) => drop(bytes.drain(range(at.index(bytes.len()), n))),
            Self::Twice(at, n) => bytes.extend_from_within(range(at.index(bytes.len()), n)),
            Self::Insert(at, new) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, new);
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    let piece = prop_oneof![
        Just(b"\n\n".to_vec()),
        Just(b"=?utf-8?q?=".to_vec()),
        Just(b"Content-Transfer-Encoding: base64\n".to_vec()),
        Just(b"; charset=iso-2022-jp".to_vec()),
        Just(b"\xff\xfe\x1b$B".to_vec()),
        prop::collection::vec(any::<u8>(), 1..20),
    ];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        at().prop_map(Change::Cut),
        (at(), 1..200_usize).prop_map(|(at, n)| Change::Leave(at, n)),
        (at(), 1..2_000_usize).prop_map(|(at, n)| Change::Twice(at, n)),
        (at(), piece).prop_map(|(at, piece)| Change::Insert(at, piece)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_broken_mail_ends_in_a_verdict(
        name in prop::sample::select(CORPUS),
        changes in prop::collection::vec(change(), 1..12),
    ) {
        let mut bytes = mail(name.0);
        for change in changes {
            change.make(&mut bytes);
        }
        let read = read_alone(&bytes);
        prop_assert!(read.claims.len() <= 8);
        if let Verdict::Receipt(receipt) = read.verdict {
            prop_assert!(!read.claims.is_empty() && receipt.reply.chars().count() <= 300);
        }
    }

    #[test]
    fn any_bytes_end_in_a_verdict(bytes in prop::collection::vec(any::<u8>(), 0..3_000)) {
        read_alone(&bytes);
    }

    #[test]
    fn any_text_in_any_character_set_ends_in_a_verdict(
        set in prop::sample::select(&["utf-7", "utf-16", "utf-16le", "iso-2022-jp", "gb18030", "koi8-r", "x", "\u{e9}"][..]),
        text in prop::collection::vec(any::<u8>(), 0..500),
    ) {
        let mut bytes = format!("From: MAILER-DAEMON\nContent-Type: text/html; charset={set}\n\n").into_bytes();
        bytes.extend(text);
        read_alone(&bytes);
    }
}
