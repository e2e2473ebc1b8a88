//! Fills the gaps of a word: `Hello {name},`.
//!
//! One pass from left to right, so that braces in what is filled in stay what they are.

use std::borrow::Cow;

use minijinja::value::{Kwargs, Value};
use minijinja::{Error, ErrorKind};

use super::RenderError;

/// The text with each `{gap}` replaced. A gap without a value is an error; a lone brace is an ordinary character.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> Result<String, RenderError> {
    let value = |gap: &str| values.iter().find(|(name, _)| *name == gap).map(|(_, value)| Cow::Borrowed(*value));
    fill_with(text, value).map_err(|gap| RenderError::Gap { gap, text: text.to_owned() })
}

/// The same in templates: `{{ words.mail.hello_name | fill(name=contact_name) }}`.
pub(super) fn fill_filter(text: &str, values: &Kwargs) -> Result<String, Error> {
    let value = |gap: &str| {
        let value = values.get::<Value>(gap).ok().filter(|value| !value.is_none());
        value.map(|value| value.to_string().into())
    };
    fill_with(text, value)
        .map_err(|gap| Error::new(ErrorKind::InvalidOperation, format!("`{text}` needs a value for `{{{gap}}}`")))
}

fn fill_with<'v>(text: &str, value: impl Fn(&str) -> Option<Cow<'v, str>>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((gap, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(&value(gap).ok_or_else(|| gap.to_owned())?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let value = |gap: &str| (gap == "name").then_some("{day} & {".into());
        assert_eq!(fill_with(text, value), expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn gaps_are_filled_once_and_never_left_open() {
        check("Hello {name}, {name}", Ok("Hello {day} & {, {day} & {"));
        check("no gap", Ok("no gap"));
        check("open { brace", Ok("open { brace"));
        check("{nam}", Err("nam"));
        check("", Ok(""));
    }
}
