//! What mail servers mean by the codes of their answers, the same whether they say it at once or in a mail days later.
//!
//! There are two codes, and often only one of them is told. The three digits of a reply (RFC 5321 §4.2) say whether to
//! come again and hardly why; the enhanced code (RFC 3463, its registry by RFC 5248) says what is wrong with whom. Whose
//! fault a refusal is decides who pays for it, so it is read in one place.

use super::attempt::Obstacle;
use super::receipt::Bounce;

/// Largest subject of an enhanced code that has a meaning (RFC 3463 §3).
const SUBJECT_MAX: u16 = 7;
/// Largest detail of an enhanced code (RFC 3463 §2).
const DETAIL_MAX: u16 = 999;

/// The code of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusCode {
    /// The first digit: 2 is yes, 4 is not now, 5 is no.
    class: u16,
    /// The three digits of the reply, where they are known.
    reply: Option<u16>,
    /// Subject and detail of the enhanced code, where they are known.
    enhanced: Option<(u16, u16)>,
}

/// As people write it: the enhanced code, else the three digits of the reply.
impl std::fmt::Display for StatusCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.enhanced, self.reply) {
            (Some((subject, detail)), _) => write!(f, "{}.{subject}.{detail}", self.class),
            (None, Some(reply)) => write!(f, "{reply}"),
            (None, None) => write!(f, "{}xx", self.class),
        }
    }
}

impl StatusCode {
    /// Of a reply as it came over a connection. The first word of its text is an enhanced code where it is one of the
    /// same class (RFC 2034 §4).
    pub fn of_reply(code: u16, text: &str) -> Self {
        let class = code / 100;
        let enhanced = text.split_whitespace().next().and_then(triple);
        let enhanced = enhanced.filter(|found| found.0 == class).map(|(_, subject, detail)| (subject, detail));
        Self { class, reply: Some(code), enhanced }
    }

    /// Of the `Status` field of a delivery report, whatever is said behind it (RFC 3464 §2.3.4).
    pub fn of_field(value: &str) -> Option<Self> {
        let word = value.split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
        let (class, subject, detail) = triple(word)?;
        matches!(class, 2 | 4 | 5).then_some(Self { class, reply: None, enhanced: Some((subject, detail)) })
    }

    /// Of a sentence that tells what a server said: `said: 550-5.1.1 …`, `(#5.1.1)`, `error 554: …`.
    ///
    /// Both codes together are the surest; then an enhanced code that is marked as one, because `5.7.26` is a date in
    /// half of Europe; then one of the replies that servers give to a message, but none about a login.
    pub fn of_sentence(text: &str) -> Option<Self> {
        let numbers: Vec<_> = numbers(text).take(NUMBERS_MAX).collect();
        let pair = numbers.windows(2).find_map(|pair| {
            let [(Number::Reply(code), _), (Number::Enhanced(enhanced), Mark::AfterNumber)] = pair else { return None };
            (code / 100 == enhanced.0).then_some(Self { reply: Some(*code), ..Self::of_enhanced(*enhanced) })
        });
        let marked = || {
            numbers.iter().find_map(|number| match number {
                (Number::Enhanced(enhanced), Mark::Marked) => Some(Self::of_enhanced(*enhanced)),
                _ => None,
            })
        };
        let bare = || {
            numbers.iter().find_map(|number| match number {
                (Number::Reply(code @ (421 | 450..=452 | 550..=554 | 556)), _) => Some(Self::of_reply(*code, "")),
                _ => None,
            })
        };
        pair.or_else(marked).or_else(bare)
    }

    fn of_enhanced((class, subject, detail): Triple) -> Self {
        Self { class, reply: None, enhanced: Some((subject, detail)) }
    }

    /// Whether it says more than yes or no: a detail that is not "other or undefined" (RFC 3463 §3.1).
    pub fn is_exact(self) -> bool {
        self.enhanced.is_some_and(|(subject, detail)| subject != 0 && detail != 0)
    }

    /// Whether an enhanced code is known.
    pub fn is_enhanced(self) -> bool {
        self.enhanced.is_some()
    }

    /// The same with the three digits of `other`, where they are of the same class.
    #[must_use]
    pub fn with_reply_of(self, other: Self) -> Self {
        Self { reply: self.reply.or(other.reply.filter(|_| other.class == self.class)), ..self }
    }

    /// The first digit.
    pub fn class(self) -> u16 {
        self.class
    }

    /// The relay does not know who we are (RFC 4954 §6).
    pub fn wants_login(self) -> bool {
        matches!(self.reply, Some(530 | 534 | 535 | 538))
    }

    /// The domain does not believe that the sender is who it says: SPF, DKIM, DMARC and reverse DNS as RFC 7372 numbers
    /// them (5.7.20 to 5.7.27), Yahoo (5.7.9) and Outlook (5.7.515) do. Others may believe it.
    pub fn blames_sender(self) -> bool {
        self.class >= 5 && matches!(self.enhanced, Some((7, 9 | 20..=27 | 515)))
    }

    /// Whose fault a 4xx at RCPT or later is. Whatever is not clearly the domain's is the recipient's, because an
    /// obstacle of the domain keeps others from being sent: most of all 4.2.x and 4.7.1, which is what greylists say.
    pub fn obstacle(self) -> Obstacle {
        match self.enhanced {
            _ if self.reply == Some(421) => Obstacle::Domain { slow_down: true },
            // Too fast, or of doubtful name: congestion (RFC 3463 §3.5), and what Google, Yahoo and Microsoft say of rates
            // (4.7.0, 4.7.28, 4.7.500, 4.7.650, 4.7.651) and of missing proofs of the sender (4.7.20 to 4.7.32).
            Some((4, 5) | (7, 0 | 20..=32 | 500 | 650 | 651)) => Obstacle::Domain { slow_down: true },
            // Full, or not taking mail, or not to be reached.
            Some((3, 1 | 2) | (4, _)) => Obstacle::Domain { slow_down: false },
            Some(_) | None => Obstacle::Recipient,
        }
    }

    /// The message is larger than the server takes.
    pub fn says_too_large(self) -> bool {
        self.reply == Some(552) || matches!(self.enhanced, Some((3, 4)))
    }

    /// No such mailbox, no such domain, a domain that takes no mail (RFC 7505), a mailbox that is switched off.
    pub fn says_dead(self) -> bool {
        matches!(self.enhanced, Some((1, 1 | 2 | 10) | (2, 1)))
    }

    /// No way there is known: routes and name servers (RFC 3463 §3.5).
    pub fn says_no_way(self) -> bool {
        matches!(self.enhanced, Some((4, _)))
    }

    /// What a message that came back with it came back for. Only a code that says so makes an address dead: a bare 550
    /// or 553 stands for a policy as often as for an unknown mailbox (RFC 5321 §4.2.3), unless words say which.
    pub fn bounce(self) -> Bounce {
        match self.enhanced {
            // It was tried until somebody gave up.
            _ if self.class != 5 => Bounce::Soft,
            _ if self.blames_sender() || self.wants_login() => Bounce::Sender,
            // The sender's mailbox or system is wrong (RFC 3463 §3.2).
            Some((1, 7 | 8)) => Bounce::Sender,
            _ if self.says_dead() => Bounce::Hard,
            Some((7, _)) => Bounce::Policy,
            // "Transaction failed", at the end of the message: it did not please.
            Some((0, _)) | None if self.reply == Some(554) => Bounce::Policy,
            Some(_) | None => Bounce::Soft,
        }
    }
}

/// How many numbers of a sentence are looked at.
const NUMBERS_MAX: usize = 10_000;

/// Class, subject and detail.
type Triple = (u16, u16, u16);

/// `5.1.1`, and nothing else.
fn triple(word: &str) -> Option<Triple> {
    let mut parts = word.split('.').map(|part| part.parse::<u16>().ok());
    let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some((class, subject, detail))
}

/// What may be a code.
enum Number {
    Reply(u16),
    Enhanced(Triple),
}

/// What stands before a number.
enum Mark {
    /// Another number, and nothing but blanks, hyphens or marks between.
    AfterNumber,
    /// Something that says that a code follows.
    Marked,
    /// Anything else.
    Unmarked,
}

/// The numbers of a text that may be codes.
fn numbers(text: &str) -> impl Iterator<Item = (Number, Mark)> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let is_glued = |c: char| c.is_alphanumeric() || c == '_';
    let (mut rest, mut was_code) = (text, false);
    std::iter::from_fn(move || {
        loop {
            let (gap, from_here) = rest.split_at(rest.find(|c: char| c.is_ascii_digit())?);
            let end = from_here.find(|c| !is_digit(c)).unwrap_or(from_here.len());
            let (word, after) = from_here.split_at(end);
            rest = after;
            let is_glued = gap.ends_with(|c| is_glued(c) || c == '.') || after.starts_with(is_glued);
            let mark = mark(gap, was_code);
            let number = if is_glued { None } else { number(word.trim_end_matches('.')) };
            was_code = number.is_some();
            if let Some(number) = number {
                return Some((number, mark));
            }
        }
    })
}

fn number(word: &str) -> Option<Number> {
    match triple(word) {
        Some((class @ (4 | 5), subject @ ..=SUBJECT_MAX, detail @ ..=DETAIL_MAX)) => {
            Some(Number::Enhanced((class, subject, detail)))
        }
        None if word.len() == 3 => word.parse().ok().filter(|code| (400..600).contains(code)).map(Number::Reply),
        Some(_) | None => None,
    }
}

fn mark(gap: &str, was_code: bool) -> Mark {
    if was_code && gap.chars().all(|c| c.is_whitespace() || matches!(c, '-' | '#' | '(' | '[')) {
        return Mark::AfterNumber;
    }
    let gap = gap.trim_end();
    if gap.ends_with(['#', '(', '[', ';', '=']) {
        return Mark::Marked;
    }
    let word = gap.trim_end_matches([':', '=']).rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let says_code =
        ["code", "status", "error", "said", "fehler", "erreur"].iter().any(|mark| word.eq_ignore_ascii_case(mark));
    if says_code { Mark::Marked } else { Mark::Unmarked }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounce_is_classed_by_what_its_code_says_and_no_further() {
        let class = |text: &str| StatusCode::of_sentence(text).map_or("none", |code| code.bounce().as_str());
        for (text, expected) in [
            ("550 5.1.1 no such user", "hard"),
            ("550 5.1.2 no such host", "hard"),
            ("556 5.1.10 null MX", "hard"),
            ("550 5.2.1 disabled", "hard"),
            ("450 4.1.1 not now", "soft"),
            ("552 5.2.2 full", "soft"),
            ("550 5.4.1 no way", "soft"),
            ("550 user unknown", "soft"),
            ("550 5.7.1 blocked", "policy"),
            ("554 no", "policy"),
            ("554 5.0.0 no", "policy"),
            ("554 5.4.14 hop count", "soft"),
            ("550 5.7.26 unauthenticated", "sender"),
            ("554 5.7.9 not accepted for policy reasons", "sender"),
            ("550 5.7.515 access denied", "sender"),
            ("550 5.7.23 SPF", "sender"),
            ("421 4.7.26 not so fast", "soft"),
            ("535 5.7.8 who are you", "sender"),
            ("553 5.1.8 no such sender", "sender"),
            ("nothing", "none"),
        ] {
            assert_eq!(class(text), expected, "{text}");
        }
    }

    #[test]
    fn codes_are_found_in_the_forms_that_people_quote_them_in() {
        let pair = StatusCode { class: 5, reply: Some(550), enhanced: Some((1, 1)) };
        for text in [
            "host mx.example.net[192.0.2.1] said: 550-5.1.1 The email account",
            "The response was: 550 550 5.1.1 User unknown",
            "Remote host said: 550 #5.1.1 User unknown",
            "in July 2024: 550 (5.1.1)",
        ] {
            assert_eq!(StatusCode::of_sentence(text), Some(pair), "{text}");
        }
        let enhanced = StatusCode { class: 5, reply: None, enhanced: Some((1, 1)) };
        for text in
            ["no mailbox here by that name. (#5.1.1)", "<mx.example.net #5.1.1>", "status: 5.1.1", "dsn=5.1.1, x"]
        {
            assert_eq!(StatusCode::of_sentence(text), Some(enhanced), "{text}");
        }
        assert_eq!(StatusCode::of_sentence("error 554."), Some(StatusCode::of_reply(554, "")));
    }

    #[test]
    fn what_only_looks_like_a_code_is_none() {
        for text in [
            "am 5.7.26 um 12.05 Uhr",
            "Exim 4.94.2",
            "mx.5.1.1.example",
            "192.0.2.550",
            "v5.1.1 (5.0.2195.6713)",
            "order 5501",
            "id 550a",
            "535 people",
            "(4.5.2024)",
            "550,0.5",
            "",
        ] {
            let found = StatusCode::of_sentence(text).filter(|code| *code != StatusCode::of_reply(550, ""));
            assert_eq!(found, None, "{text}");
        }
    }

    #[test]
    fn the_field_of_a_report_may_have_words_behind_it() {
        assert_eq!(StatusCode::of_field("5.1.1 (bad destination mailbox address)"), StatusCode::of_field("5.1.1"));
        assert!(StatusCode::of_field("5.1.1").unwrap().is_exact());
        assert!(!StatusCode::of_field("5.0.0").unwrap().is_exact());
        assert_eq!(StatusCode::of_field("9.1.1"), None);
        assert_eq!(StatusCode::of_field("5.1"), None);
        assert_eq!(StatusCode::of_field("failed"), None);
    }
}
