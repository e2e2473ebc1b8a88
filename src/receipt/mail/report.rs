//! Delivery reports (DSN, RFC 3464): fields for the message, then fields for each recipient.

use super::fields::{Fields, address, untyped, word};
use super::{Mail, Nothing, Verdict, receipt};
use crate::domain::receipt::{Bounce, News};
use crate::domain::status_code::StatusCode;

/// What is said of a recipient, the lesser before the worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Delayed,
    Expanded,
    Relayed,
    Delivered,
    Failed(Bounce),
}

/// What the groups of a report say of our recipient; nothing where they name no recipient.
///
/// A message of ours has one recipient. Where more are reported, an alias or a forward made them: those count that bear
/// our recipient's address, as the returned message or the server knew it, and otherwise all; and of those the worst.
pub(super) fn verdict(groups: &[Fields], mail: &Mail<'_>) -> Option<Verdict> {
    let told: Vec<_> = groups.iter().filter_map(|group| Some((fate(group)?, group))).collect();
    let to = mail.returned.as_ref().and_then(|returned| returned.first("to")).map(address);
    let is_ours = |group: &Fields| {
        let of = |name| group.first(name).map(|value| address(untyped(value)));
        to.is_some_and(|to| {
            [of("original-recipient"), of("final-recipient")]
                .into_iter()
                .flatten()
                .any(|it| it.eq_ignore_ascii_case(to))
        })
    };
    let ours = told.iter().filter(|(_, group)| is_ours(group)).max_by_key(|(fate, _)| *fate);
    let (fate, group) = ours.or_else(|| told.iter().max_by_key(|(fate, _)| *fate))?;
    Some(match fate {
        Fate::Delayed => Verdict::Nothing(Nothing::Delayed),
        Fate::Expanded => Verdict::Nothing(Nothing::Expanded),
        Fate::Relayed => Verdict::Nothing(Nothing::Relayed),
        Fate::Delivered => receipt(News::Delivered, words(group)),
        Fate::Failed(class) => receipt(News::Bounced(*class), words(group)),
    })
}

/// What a group says of its recipient (RFC 3464 §2.3.3). Where no known word says it, the class of the status does.
fn fate(group: &Fields) -> Option<Fate> {
    let status = group.first("status").and_then(StatusCode::of_field);
    let action = group.first("action").map(word);
    let failed = || Fate::Failed(class(code(status, diagnostic(group)), diagnostic(group)));
    match action.as_deref() {
        Some("failed" | "failure" | "fail") => Some(failed()),
        Some("delivered") => Some(Fate::Delivered),
        Some("relayed") => Some(Fate::Relayed),
        Some("expanded") => Some(Fate::Expanded),
        Some("delayed") => Some(Fate::Delayed),
        Some(_) | None => match status?.class() {
            5 => Some(failed()),
            2 => Some(Fate::Delivered),
            _ => Some(Fate::Delayed),
        },
    }
}

fn diagnostic(group: &Fields) -> &str {
    group.first("diagnostic-code").map(untyped).unwrap_or_default()
}

/// What was said, in the words of whoever said it first.
fn words(group: &Fields) -> &str {
    let diagnostic = diagnostic(group);
    if diagnostic.is_empty() { group.first("status").unwrap_or_default() } else { diagnostic }
}

/// The code that counts, of the reporting server's status and of what the other server said to it.
///
/// Whoever refused knows better than whoever reports it. And some of those that report make 5.1.1 of every 550
/// (Sendmail does), which the server that said it may have meant for spam; so they are believed where its words agree.
fn code(status: Option<StatusCode>, diagnostic: &str) -> Option<StatusCode> {
    let said = StatusCode::of_sentence(diagnostic);
    let (Some(status), Some(said)) = (status, said) else { return status.or(said) };
    let is_a_guess = status.says_dead() && said.class() == 5 && !said.is_enhanced() && !says_nobody(diagnostic);
    Some(if said.is_exact() || is_a_guess { said } else { status.with_reply_of(said) })
}

/// What a message came back for. Half of the servers give no code that says anything, but say in plain words that nobody
/// is there; they are believed where their code does not say otherwise.
pub(super) fn class(code: Option<StatusCode>, words: &str) -> Bounce {
    let class = code.map_or(Bounce::Soft, StatusCode::bounce);
    let says_nothing = code.is_none_or(|code| code.class() == 5 && !code.is_exact());
    if class == Bounce::Soft && says_nothing && says_nobody(words) && !says_perhaps(words) {
        Bounce::Hard
    } else {
        class
    }
}

/// Whether words leave another reason open: that it may pass, or that the message was not wanted.
fn says_perhaps(words: &str) -> bool {
    const WORDS: [&str; 9] =
        ["currently", "temporar", "try again", "quota", "wanted", "spam", "policy", "blocked", "denied"];
    let words = words.to_lowercase();
    WORDS.iter().any(|word| words.contains(word))
}

/// Whether words say that there is no such recipient.
fn says_nobody(words: &str) -> bool {
    const WORDS: [&str; 18] = [
        "user unknown",
        "unknown user",
        "recipient unknown",
        "unknown recipient",
        "address unknown",
        "unknown address",
        "mailbox unknown",
        "unknown mailbox",
        "unknown local",
        "no such",
        "not exist",
        "user not found",
        "mailbox not found",
        "recipient not found",
        "no mailbox",
        "not have a",
        "n't have a",
        "disabled",
    ];
    let words = words.to_lowercase();
    WORDS.iter().any(|word| words.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, expected: Bounce) {
        assert_eq!(class(StatusCode::of_sentence(said), said), expected, "{said}");
    }

    #[test]
    fn plain_words_make_an_address_dead_where_no_code_says_otherwise() {
        check("550 User unknown", Bounce::Hard);
        check("553 5.3.0 <guest@example.org>... No such user here", Bounce::Hard);
        check("This user doesn't have an account here", Bounce::Hard);
        check("452 User unknown", Bounce::Soft);
        check("550 Unknown mailbox, or blocked as spam", Bounce::Soft);
        check("no mailbox by that name is currently available", Bounce::Soft);
        check("552 5.2.2 no such room left", Bounce::Soft);
        check("550 5.7.1 no such user, says our policy", Bounce::Policy);
        check("it did not work out", Bounce::Soft);
    }
}
