//! What a text message says to a question: a point of its scale, an option, own words.
//!
//! People write `9`, `9/10`, `9 great service` and `９`. What is a point beyond doubt is taken for one; anything else, such
//! as `7-8` or `4.5`, is not, for an answer that nobody gave is worse than none.

use super::answer::{self, NOT_APPLICABLE};
use super::contact::ascii_digit;
use super::language::Text;
use super::survey::{Choice, Kind, NotApplicable, Question, Scale};
use super::text_words::folded;

/// Longest number that is read, in digits.
const DIGITS_MAX: usize = 4;
/// What stands between a point and the best one: `9 out of 10`.
const OUT_OF: [&str; 11] = ["out of", "of", "von", "aus", "sur", "su", "de", "van", "z", "из", "tan"];
/// What makes a number count things instead: `2nd`.
const ORDINALS: [&str; 4] = ["st", "nd", "rd", "th"];
/// Yes and no. No word is one thing in one of these languages and another in another.
const YES: [&str; 19] = [
    "yes", "y", "yep", "yeah", "yup", "ja", "jawohl", "jo", "oui", "sí", "si", "sì", "sim", "tak", "evet", "نعم", "是",
    "はい", "да",
];
const NO: [&str; 16] =
    ["no", "n", "nope", "nein", "nö", "nee", "non", "não", "nao", "nie", "hayır", "hayir", "لا", "否", "いいえ", "нет"];

/// What a message says to a question. `Debug` is left out: it is an answer.
#[derive(Clone, PartialEq, Eq)]
pub enum Said {
    /// An answer, as a form would give it, and the words that follow it.
    Answer {
        /// The values of the field.
        values: Vec<String>,
        /// Own words behind them; may be empty.
        words: String,
    },
    /// A number that is no answer, or not beyond doubt.
    OffScale,
    /// Words that are no answer.
    Words,
}

/// Reads a message as the answer to this question.
pub fn said(question: &Question, text: &str) -> Said {
    if question.not_applicable.as_ref().is_some_and(|words| is_not_applicable(words, text)) {
        return Said::Answer { values: vec![NOT_APPLICABLE.to_owned()], words: String::new() };
    }
    match &question.kind {
        Kind::Nps | Kind::Csat(_) | Kind::Ces(_) | Kind::Smiley(_) | Kind::Stars(_) => {
            question.kind.scale().map_or(Said::Words, |scale| rating(scale, text))
        }
        Kind::Thumbs => {
            thumb(text).or_else(|| question.kind.scale().map(|scale| rating(scale, text))).unwrap_or(Said::Words)
        }
        Kind::Choice(options) => choice(options, text),
        Kind::Multi(options) => choices(options, text),
        Kind::Consent => match yes_or_no(text) {
            Some((true, _)) => Said::Answer { values: vec![answer::YES.to_owned()], words: String::new() },
            Some((false, _)) => Said::Answer { values: vec![answer::NO.to_owned()], words: String::new() },
            None => Said::Words,
        },
        // It is not asked.
        Kind::Matrix { .. } => Said::Words,
        Kind::Text { chars_max, lines: _ } => {
            let words: String = text.trim().chars().take(*chars_max).collect();
            if words.is_empty() { Said::Words } else { Said::Answer { values: vec![words], words: String::new() } }
        }
    }
}

fn rating(scale: Scale, text: &str) -> Said {
    let point = |point: i32, words: &str| Said::Answer { values: vec![point.to_string()], words: own(words) };
    match number(text) {
        Number::Of(found, rest) if scale.contains(found) => match fraction(rest) {
            Some((of, rest)) if of == scale.worst.max(scale.best) => point(found, rest),
            Some(_) => Said::OffScale,
            None => point(found, rest),
        },
        Number::Of(..) | Number::Unclear => Said::OffScale,
        Number::None if scale.points().count() == 2 => match yes_or_no(text) {
            Some((true, words)) => point(scale.best, words),
            Some((false, words)) => point(scale.worst, words),
            None => Said::Words,
        },
        Number::None => Said::Words,
    }
}

/// `N/A`, or the question's own words for that.
fn is_not_applicable(words: &NotApplicable, text: &str) -> bool {
    let text = folded(text);
    let own = match words {
        NotApplicable::UsualWords => None,
        NotApplicable::Words(words) => Some(words),
    };
    let mut own = own.into_iter().flat_map(Text::translations);
    text == folded(NOT_APPLICABLE) || own.any(|(_, own)| text == folded(own))
}

/// A thumb, of whatever colour.
fn thumb(text: &str) -> Option<Said> {
    let begin = text.find(['👍', '👎'])?;
    let (before, text) = text.split_at(begin);
    if before.chars().any(char::is_alphanumeric) {
        return None;
    }
    let is_part = |c: char| matches!(c, '👍' | '👎' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{fe0f}');
    let end = text.find(|c: char| !is_part(c)).unwrap_or(text.len());
    let (thumbs, words) = text.split_at(end);
    match (thumbs.contains('👍'), thumbs.contains('👎')) {
        (true, true) => Some(Said::OffScale),
        (up, _) => Some(Said::Answer { values: vec![i32::from(up).to_string()], words: own(words) }),
    }
}

/// One of the options: by its number, by its words in any language, or, where they are yes and no, by a word for that.
fn choice(options: &[Choice], text: &str) -> Said {
    let answer = |option: &Choice, words: &str| Said::Answer { values: vec![option.id.to_string()], words: own(words) };
    match number(text) {
        Number::Of(found, rest) => {
            let place = usize::try_from(found).ok().and_then(|number| number.checked_sub(1));
            return place.and_then(|place| options.get(place)).map_or(Said::OffScale, |option| answer(option, rest));
        }
        Number::Unclear => return Said::OffScale,
        Number::None => {}
    }
    let mut named: Vec<_> = options.iter().filter_map(|option| Some((option, behind(option, text)?))).collect();
    // Of "good" and "good enough" the longer one was meant: less stands behind it.
    named.sort_by_key(|(_, rest)| rest.len());
    if let Some((option, rest)) = named.first() {
        return answer(option, rest);
    }
    let Some((yes, rest)) = yes_or_no(text) else { return Said::Words };
    let is_meant = |option: &&Choice| is_a(option, if yes { &YES } else { &NO });
    let both = |words: &[&str]| options.iter().any(|option| is_a(option, words));
    if !(both(&YES) && both(&NO)) {
        return Said::Words;
    }
    options.iter().find(is_meant).map_or(Said::Words, |option| answer(option, rest))
}

/// Any of the options: by their numbers, in whatever way they are strung together, or one by its words.
fn choices(options: &[Choice], text: &str) -> Said {
    let digits: String = text.chars().map(ascii_digit).collect();
    let words = digits.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let numbers: Option<Vec<usize>> = words.map(|word| word.parse().ok()).collect();
    let Some(numbers) = numbers.filter(|numbers| !numbers.is_empty()) else { return choice(options, text) };
    let chosen: Option<Vec<_>> =
        numbers.into_iter().map(|number| options.get(number.checked_sub(1)?).map(|o| o.id.to_string())).collect();
    chosen.map_or(Said::OffScale, |values| Said::Answer { values, words: String::new() })
}

/// What stands behind the words of an option with which a message begins.
fn behind<'t>(option: &Choice, text: &'t str) -> Option<&'t str> {
    let texts = option.text.translations().map(|(_, text)| text).chain([option.id.as_str()]);
    texts.filter_map(|name| after_words(name, text)).min_by_key(|rest| rest.len())
}

/// The rest of a message that begins with these words, whatever their case and what stands between them.
fn after_words<'t>(words: &str, text: &'t str) -> Option<&'t str> {
    let wanted = folded(words);
    let mut found = String::new();
    for (at, c) in text.char_indices() {
        if found == wanted {
            return (!wanted.is_empty() && !c.is_alphanumeric()).then(|| text.get(at..).unwrap_or_default());
        }
        found += &folded(c.encode_utf8(&mut [0; 4]));
        if !wanted.starts_with(&found) {
            return None;
        }
    }
    (found == wanted && !wanted.is_empty()).then_some("")
}

fn is_a(option: &Choice, words: &[&str]) -> bool {
    let texts = option.text.translations().map(|(_, text)| text).chain([option.id.as_str()]);
    texts.into_iter().any(|text| words.contains(&folded(text).as_str()))
}

fn yes_or_no(text: &str) -> Option<(bool, &str)> {
    let find = |words: &[&str]| words.iter().find_map(|word| after_words(word, text.trim_start()));
    find(&YES).map(|rest| (true, rest)).or_else(|| find(&NO).map(|rest| (false, rest)))
}

/// A number that a text begins with.
enum Number<'t> {
    /// That, and what follows.
    Of(i32, &'t str),
    /// One that cannot be a point or an option.
    Unclear,
    /// None.
    None,
}

fn number(text: &str) -> Number<'_> {
    let is_sign = |c: char| matches!(c, '-' | '\u{2212}' | '+');
    let begin = text.find(|c: char| c.is_alphanumeric() || is_sign(c)).unwrap_or(text.len());
    let text = text.get(begin..).unwrap_or_default();
    let unsigned = text.trim_start_matches(is_sign);
    if text.len() != unsigned.len() {
        let begins_with_digit = unsigned.chars().next().is_some_and(|c| ascii_digit(c).is_ascii_digit());
        // `- 9` is a list with one thing in it, `-9` is less than nothing.
        return if begins_with_digit { Number::Unclear } else { number(unsigned) };
    }
    let is_digit = |c: char| ascii_digit(c).is_ascii_digit();
    let end = text.find(|c: char| !is_digit(c)).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Number::None;
    }
    if digits.chars().count() > DIGITS_MAX {
        return Number::Unclear;
    }
    // A digit may wear the marks that make a key of it.
    let rest = rest.trim_start_matches(['\u{fe0f}', '\u{20e3}']);
    let letters = rest.find(|c: char| !c.is_alphabetic()).map_or(rest, |end| rest.split_at(end).0);
    if ORDINALS.contains(&letters.to_lowercase().as_str()) {
        return Number::None;
    }
    let mut following = rest.chars();
    let joins = following.next().is_some_and(|c| matches!(c, '.' | ',' | ':' | '%'));
    let is_broken = rest.starts_with('%') || (joins && following.next().is_some_and(is_digit));
    if is_broken || is_range(rest) {
        return Number::Unclear;
    }
    let value: String = digits.chars().map(ascii_digit).collect();
    value.parse().map_or(Number::Unclear, |value| Number::Of(value, rest))
}

/// `7-8`: neither of the two.
fn is_range(rest: &str) -> bool {
    let after = rest.trim_start().strip_prefix(['-', '\u{2013}', '\u{2014}']);
    after.is_some_and(|after| after.trim_start().chars().next().is_some_and(|c| ascii_digit(c).is_ascii_digit()))
}

/// The second number of `9/10` and `9 out of 10`, and what follows.
fn fraction(rest: &str) -> Option<(i32, &str)> {
    let rest = rest.trim_start();
    let after = rest
        .strip_prefix('/')
        .or_else(|| OUT_OF.iter().find_map(|words| after_words(words, rest).filter(|after| after.starts_with(' '))))?;
    match number(after.trim_start()) {
        Number::Of(of, rest) => Some((of, rest)),
        Number::Unclear => Some((i32::MIN, "")),
        Number::None => None,
    }
}

/// Own words, without what joined them to a number.
fn own(words: &str) -> String {
    let joins = |c: char| c.is_whitespace() || "-\u{2013}\u{2014},.:;!/|)(".contains(c);
    words.trim_start_matches(joins).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::id::QuestionId;
    use super::super::survey::tests::{english, question};
    use super::*;

    #[track_caller]
    fn check(kind: &Kind, text: &str, expected: &str) {
        let shown = match said(&question("q", kind.clone()), text) {
            Said::Answer { values, words } if words.is_empty() => values.join("+"),
            Said::Answer { values, words } => format!("{}: {words}", values.join("+")),
            Said::OffScale => "off".to_owned(),
            Said::Words => "words".to_owned(),
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn consent_is_a_word_for_yes_or_no() {
        for (text, expected) in [("Yes please", "yes"), ("ja", "yes"), ("No.", "no"), ("nein", "no"), ("5", "words")] {
            check(&Kind::Consent, text, expected);
        }
    }

    #[test]
    fn a_thumb_is_shown_told_or_counted() {
        for (text, expected) in [
            ("👍", "1"),
            ("👎🏽 cold soup", "0: cold soup"),
            ("👍👍👍!", "1"),
            ("👍👎", "off"),
            ("so so 👍", "words"),
            ("1", "1"),
            ("no, it was cold", "0: it was cold"),
            ("ja", "1"),
            ("2", "off"),
        ] {
            check(&Kind::Thumbs, text, expected);
        }
    }

    #[test]
    fn a_point_is_read_as_people_write_it() {
        let cases = [
            ("9", "9"),
            (" 9. ", "9"),
            ("9!", "9"),
            ("９", "9"),
            ("٩", "9"),
            ("9\u{fe0f}\u{20e3}", "9"),
            ("(10)", "10"),
            ("9/10", "9"),
            ("9 / 10 lovely", "9: lovely"),
            ("9 out of 10", "9"),
            ("9 von 10, danke", "9: danke"),
            ("9 great service", "9: great service"),
            ("9 - great", "9: great"),
            ("9: great", "9: great"),
            ("9, great", "9: great"),
            ("9分", "9: 分"),
            ("9 \u{1f600}", "9: \u{1f600}"),
            ("9\nwould come again", "9: would come again"),
            ("- 9", "9"),
            ("0", "0"),
            ("8 of us had fun", "8: of us had fun"),
        ];
        for (text, expected) in cases {
            check(&Kind::Nps, text, expected);
        }
    }

    #[test]
    fn what_is_no_point_beyond_doubt_is_none() {
        for text in ["11", "-5", "4.5", "4,5", "7-8", "7 \u{2013} 8", "9/5", "90%", "9:30", "99999999999"] {
            check(&Kind::Nps, text, "off");
        }
        for text in ["", "great", "\u{1f600}", "table 7", "2nd visit", "yes"] {
            check(&Kind::Nps, text, "words");
        }
        check(&Kind::Csat(Scale { worst: 5, best: 1 }), "5 awful", "5: awful");
        check(&Kind::Csat(Scale { worst: 5, best: 1 }), "6", "off");
    }

    #[test]
    fn a_scale_of_two_takes_yes_and_no() {
        let two = Kind::Smiley(Scale { worst: 0, best: 1 });
        for (text, expected) in
            [("Yes!", "1"), ("nein, kalt", "0: kalt"), ("да", "1"), ("HAYIR", "0"), ("1", "1"), ("nobody", "words")]
        {
            check(&two, text, expected);
        }
    }

    fn options(options: &[(&str, &str)]) -> Vec<Choice> {
        let option = |(id, text): &(&str, &str)| Choice {
            id: QuestionId::parse(id).unwrap(),
            text: english(text),
            own_words: false,
        };
        options.iter().map(option).collect()
    }

    #[test]
    fn an_option_is_taken_by_number_and_by_its_words() {
        let kind = Kind::Choice(options(&[("good", "Good"), ("enough", "Good enough"), ("bad", "Bad")]));
        for (text, expected) in [
            ("2", "enough"),
            ("3 cold", "bad: cold"),
            ("GOOD", "good"),
            ("good enough, really", "enough: really"),
            ("good, thanks", "good: thanks"),
            ("goods", "words"),
            ("4", "off"),
            ("0", "off"),
            ("yes", "words"),
        ] {
            check(&kind, text, expected);
        }
        let kind = Kind::Choice(options(&[("yes", "Yes, I would"), ("no", "No")]));
        for (text, expected) in
            [("ja", "yes"), ("Nein danke", "no: danke"), ("yes, I would", "yes"), ("maybe", "words")]
        {
            check(&kind, text, expected);
        }
    }

    #[test]
    fn several_options_are_taken_by_their_numbers() {
        let kind = Kind::Multi(options(&[("food", "Food"), ("wait", "Wait"), ("price", "Price")]));
        for (text, expected) in
            [("1 3", "food+price"), ("1,2, 3", "food+wait+price"), ("2", "wait"), ("wait", "wait"), ("1 9", "off")]
        {
            check(&kind, text, expected);
        }
    }
}
