//! Feedback reports (ARF, RFC 5965): the recipient pressed the button that says "this is spam".

use super::fields::{Fields, word};
use super::{Nothing, Unreadable, Verdict, receipt};
use crate::domain::receipt::News;

/// What the fields of a feedback report say.
pub(super) fn verdict(report: &Fields) -> Verdict {
    let kind = word(report.first("feedback-type").unwrap_or_default());
    match kind.as_str() {
        // The last two were in drafts of the format, and are still sent (RFC 5965 §7.3 leaves room for more).
        "abuse" | "fraud" | "opt-out" | "opt-out-list" => receipt(News::Complained, &kind),
        // A proof of the sender failed (RFC 6591), or the mailbox's owner took the message out of the spam.
        "not-spam" | "auth-failure" | "dkim" | "virus" => Verdict::Nothing(Nothing::Feedback),
        _ => Verdict::Unreadable(Unreadable::NoComplaint),
    }
}
