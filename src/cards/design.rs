//! The card template: an SVG drawing with placeholders, one for all sizes of card.
//!
//! The template gets the card's size and texts and does its own arithmetic, so a designer can change everything about a
//! card without touching the program. What it may use, lengths in millimetres:
//!
//! - `width`, `height`: of the card, of one side where it is a `tent`; `bleed`: how far its ground should go on beyond its
//!   edges; `modules`: of the QR symbol along one side, without its quiet zone
//! - `headline`, `invitation`, `label`, `branch`, `serial`, `language`: texts; `code`: grouped; `address`: the URL for
//!   people, lower case without `https://`, and without the code where it ends in it
//! - `8|pt`: points in millimetres, and no text is smaller than that
//! - `fit(text, width=.., size=.., min=.., lines=1, bold=false, serif=false, italic=false)`: wraps and shrinks a text into a
//!   box and gives `lines`, `size`, `width`, `cap` (height of capitals) and `cut` (whether even `min` was too large)
//! - `column([..], width=.., height=..)`: sets texts one below the other, all as large as they can be together. Each is a
//!   map with `name`, `text` and `size`, and perhaps `min`, `lines`, `bold`, `serif`, `italic`, `gap` (above it), `push`
//!   (what room is left stands above it) and `drop` (the one with the highest number goes first where there is no room).
//!   Gives `height` and `lines`, each with `name`, `text`, `size`, `y`, `first`, `family`, `weight` and `style`; the macro
//!   `texts` of `kit` writes them
//! - `refuse("..")`: says that the design is not for these cards, and why
//!
//! Values are escaped for XML, and an unknown name is an error, so a slip does not end up printed a thousand times.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::Kwargs;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, context};

use super::column::{Column, Part, column};
use super::fit::{Room, fit, is_break};
use super::fonts::{Fonts, Typeface};
use super::sheet::Grid;
use super::{CardError, CardFace};

/// The name under which errors speak of the template.
const NAME: &str = "card template";
/// Macros for all templates.
const KIT: &str = include_str!("../../templates/card/kit.svg");
pub(super) const MM_PER_POINT: f64 = 25.4 / 72.0;
/// The most texts of a column.
const PARTS_MAX: usize = 50;

/// A template that compiles.
pub(super) struct Design<'a> {
    environment: Environment<'a>,
    refusal: Arc<Mutex<Option<String>>>,
}

impl<'a> Design<'a> {
    pub(super) fn parse(template: &'a str, fonts: &Arc<Fonts>) -> Result<Self, CardError> {
        let mut environment = Environment::new();
        // Its errors would quote the values of the card, the code among them.
        environment.set_debug(false);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("pt", |points: f64| points * MM_PER_POINT);
        let with = Arc::clone(fonts);
        environment.add_function("fit", move |text: String, options: Kwargs| fit_for_template(&with, &text, &options));
        let with = Arc::clone(fonts);
        environment.add_function("column", move |parts: Vec<Value>, options: Kwargs| {
            column_for_template(&with, &parts, &options)
        });
        let refusal = Arc::<Mutex<Option<String>>>::default();
        let said = Arc::clone(&refusal);
        environment.add_function("refuse", move |why: String| -> Result<Value, minijinja::Error> {
            *said.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
            Err(wrong("the design is not for these cards"))
        });
        environment.add_template("kit", KIT).map_err(CardError::Template)?;
        environment.add_template(NAME, template).map_err(CardError::Template)?;
        Ok(Self { environment, refusal })
    }

    /// The SVG of one card.
    pub(super) fn fill(
        &self,
        face: &CardFace,
        grid: &Grid,
        (modules, bleed_mm): (u16, f64),
    ) -> Result<String, CardError> {
        let template = self.environment.get_template(NAME).map_err(CardError::Template)?;
        let values = context! {
            width => grid.cell_mm.0,
            height => grid.cell_mm.1,
            tent => grid.is_tent,
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
        template.render(values).map_err(|err| {
            let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
            refusal.map_or(CardError::Template(err), |why| CardError::NotForTheseCards { why })
        })
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

fn wrong(problem: impl Into<std::borrow::Cow<'static, str>>) -> minijinja::Error {
    minijinja::Error::new(ErrorKind::InvalidOperation, problem)
}

fn typeface(is_serif: bool, is_bold: bool, is_italic: bool) -> Result<Typeface, minijinja::Error> {
    let known = Typeface::of(is_serif, is_bold, is_italic);
    known.ok_or_else(|| wrong("the fonts are sans, bold sans, serif and italic serif, and no others"))
}

fn fit_for_template(fonts: &Fonts, text: &str, options: &Kwargs) -> Result<Value, minijinja::Error> {
    let size_mm: f64 = options.get("size")?;
    let flag = |name: &str| options.get::<Option<bool>>(name).map(Option::unwrap_or_default);
    let room = Room {
        width_mm: options.get("width")?,
        size_mm,
        size_mm_min: options.get::<Option<f64>>("min")?.unwrap_or(size_mm),
        lines_max: options.get::<Option<usize>>("lines")?.unwrap_or(1),
        typeface: typeface(flag("serif")?, flag("bold")?, flag("italic")?)?,
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

fn column_for_template(fonts: &Fonts, parts: &[Value], options: &Kwargs) -> Result<Value, minijinja::Error> {
    let box_mm = (options.get("width")?, options.get("height")?);
    options.assert_all_used()?;
    if parts.len() > PARTS_MAX {
        return Err(wrong(format!("a column has {} texts; {PARTS_MAX} are the most", parts.len())));
    }
    let parts = parts.iter().map(part).collect::<Result<Vec<_>, _>>()?;
    let Column { lines, height_mm } = column(fonts, parts, box_mm);
    let lines: Vec<_> = lines
        .into_iter()
        .map(|line| {
            let [family, weight, style] = line.typeface.attributes();
            context! {
                name => line.name, text => line.text, size => line.size_mm, y => line.y_mm, first => line.is_first,
                family, weight, style,
            }
        })
        .collect();
    Ok(context! { lines, height => height_mm })
}

/// A text of a column as a template writes it.
fn part(given: &Value) -> Result<Part, minijinja::Error> {
    const KEYS: [&str; 11] = ["name", "text", "size", "min", "lines", "bold", "serif", "italic", "gap", "push", "drop"];
    for key in given.try_iter()? {
        if !key.as_str().is_some_and(|key| KEYS.contains(&key)) {
            return Err(wrong(format!("`{key}` is not a key of a text in a column; its keys: {}", KEYS.join(", "))));
        }
    }
    let find = |key: &str| given.get_attr(key).map(|value| Some(value).filter(|value| !value.is_undefined()));
    let text = |key: &str| find(key).map(|value| value.map(|value| value.to_string()).unwrap_or_default());
    let number = |key: &str| find(key)?.map(f64::try_from).transpose();
    let count = |key: &str| find(key)?.map(u32::try_from).transpose();
    let flag = |key: &str| find(key).map(|value| value.is_some_and(|value| value.is_true()));
    let size_mm = number("size")?.ok_or_else(|| wrong("a text in a column needs a `size`"))?;
    Ok(Part {
        name: text("name")?,
        text: text("text")?,
        typeface: typeface(flag("serif")?, flag("bold")?, flag("italic")?)?,
        size_mm,
        size_mm_min: number("min")?.unwrap_or(8.0 * MM_PER_POINT),
        lines_max: count("lines")?.unwrap_or(1).clamp(1, 50) as usize,
        gap_mm: number("gap")?.unwrap_or_default(),
        is_pushed: flag("push")?,
        drop: count("drop")?.unwrap_or_default(),
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
