//! The card template: an SVG drawing with placeholders, one for all sizes of card.
//!
//! The template gets the card's size and texts and does its own arithmetic, so a designer can change everything about a
//! card without touching the program. What it may use, lengths in millimetres:
//!
//! - `width`, `height`: of the card; `bleed`: how far its ground should go on beyond its edges; `modules`: of the QR symbol along one side, without its quiet zone
//! - `headline`, `invitation`, `label`, `branch`, `serial`, `language`: texts; `code`: grouped; `address`: the URL for
//!   people, lower case without `https://`, and without the code where it ends in it
//! - `8|pt`: points in millimetres
//! - `fit(text, width=.., size=.., min=.., lines=1, bold=false)`: wraps and shrinks a text into a box and gives `lines`,
//!   `size`, `width`, `cap` (height of capitals) and `cut` (whether even `min` was too large)
//!
//! Values are escaped for XML, and an unknown name is an error, so a slip does not end up printed a thousand times.

use std::sync::Arc;

use minijinja::value::Kwargs;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::fit::{Room, fit, is_break};
use super::fonts::{Fonts, Weight};
use super::{CardError, CardFace};

/// The name under which errors speak of the template.
const NAME: &str = "card template";
const MM_PER_POINT: f64 = 25.4 / 72.0;

/// A template that compiles.
pub(super) struct Design<'a> {
    environment: Environment<'a>,
}

impl<'a> Design<'a> {
    pub(super) fn parse(template: &'a str, fonts: &Arc<Fonts>) -> Result<Self, CardError> {
        let mut environment = Environment::new();
        // Its errors would quote the values of the card, the code among them.
        environment.set_debug(false);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("pt", |points: f64| points * MM_PER_POINT);
        let fonts = Arc::clone(fonts);
        environment.add_function("fit", move |text: String, options: Kwargs| fit_for_template(&fonts, &text, &options));
        environment.add_template(NAME, template).map_err(CardError::Template)?;
        Ok(Self { environment })
    }

    /// The SVG of one card.
    pub(super) fn fill(
        &self,
        face: &CardFace,
        cell_mm: (f64, f64),
        (modules, bleed_mm): (u16, f64),
    ) -> Result<String, CardError> {
        let template = self.environment.get_template(NAME).map_err(CardError::Template)?;
        let values = context! {
            width => cell_mm.0,
            height => cell_mm.1,
            bleed => bleed_mm,
            modules,
            headline => tidy(&face.headline),
            invitation => tidy(&face.invitation),
            label => tidy(&face.label),
            branch => tidy(&face.branch),
            code => tidy(&face.code),
            serial => tidy(&face.serial),
            language => tidy(&face.language),
            address => address(&face.url, &face.code),
        };
        template.render(values).map_err(CardError::Template)
    }
}

/// The text without control characters, which XML cannot hold, and with single blanks.
pub(super) fn tidy(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    printable.split(is_break).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The URL as people read and type it. The code is left away at its end, because it stands beside in groups.
fn address(url: &str, code: &str) -> String {
    let url = url.trim().to_lowercase();
    let url = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(&url);
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    url.strip_suffix(&plain).unwrap_or(url).to_owned()
}

fn fit_for_template(fonts: &Fonts, text: &str, options: &Kwargs) -> Result<Value, minijinja::Error> {
    let size_mm: f64 = options.get("size")?;
    let is_bold = options.get::<Option<bool>>("bold")?.unwrap_or(false);
    let room = Room {
        width_mm: options.get("width")?,
        size_mm,
        size_mm_min: options.get::<Option<f64>>("min")?.unwrap_or(size_mm),
        lines_max: options.get::<Option<usize>>("lines")?.unwrap_or(1),
        weight: if is_bold { Weight::Bold } else { Weight::Regular },
    };
    options.assert_all_used()?;
    let fitted = fit(fonts, text, room);
    Ok(context! {
        lines => fitted.lines,
        size => fitted.size_mm,
        width => fitted.width_mm,
        cap => fitted.cap_mm,
        cut => fitted.is_cut,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, code: &str, expected: &str) {
        assert_eq!(address(url, code), expected);
    }

    #[test]
    fn an_address_is_what_people_type_before_the_code() {
        check("HTTPS://S.SOLE.EXAMPLE/Q/7KQ2M9XWD", "7KQ-2M9-XWD", "s.sole.example/q/");
        check("http://S.SOLE.EXAMPLE/Q/7KQ2M9XWD", "7KQ-2M9-XWD", "s.sole.example/q/");
        check("HTTPS://S.SOLE.EXAMPLE/TABLE/4", "7KQ-2M9-XWD", "s.sole.example/table/4");
        check("HTTPS://S.SOLE.EXAMPLE/TABLE/4", "", "s.sole.example/table/4");
    }

    #[test]
    fn control_characters_and_double_blanks_go() {
        assert_eq!(tidy(" How\u{0} was \n it? "), "How was it?");
    }
}
