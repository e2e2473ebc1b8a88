//! `[cards]`: what cards are printed on, and what they look like.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cards::sheet::PAGE_MM_MAX;
use crate::cards::{self, Designs, Grid, Logo, PageSize, Sheet, Sheets};
use crate::chain::Chain;

use super::files::{FILE_BYTES_MAX, Files};
use super::node::{Content, Node, shown};
use super::reader::{Field, Reader};
use super::settings::CardSettings;
use super::values;

/// Most formats or designs of one's own.
const OWN_MAX: usize = 100;
/// The longest name of a format or a design.
const NAME_CHARS_MAX: usize = 40;

/// Reads the section.
pub(super) fn read(mut section: Reader<'_>, files: &dyn Files) -> CardSettings {
    let sheets = section.field("formats", formats).unwrap_or_default();
    let own = section.field("designs", |field| designs(field, files)).unwrap_or_default();
    let logo = section.optional("logo", |node| logo(node, files)).map(Arc::new);
    let mut designs = Designs { own, logo, ..Designs::default() };
    if let Some(default) = section.optional("design", |node| default_design(node, &designs)) {
        designs.default = default;
    }
    section.finish("[cards]");
    CardSettings { sheets: Sheets::with(sheets), designs }
}

fn default_design(node: &Node, designs: &Designs) -> Result<String, String> {
    let given = values::line(node)?;
    designs.find(&given).map(str::to_owned).map_err(|err| err.to_string())
}

/// `menu = "menu.svg"`.
fn designs(field: Field<'_, '_>, files: &dyn Files) -> Option<BTreeMap<String, String>> {
    let designs = field.entries(|name, field| {
        check_name(name, field, "design")?;
        let template = field.read(|node| svg(node, files))?;
        field.accept(cards::check_template(&template).map_err(|err| Chain(&err).to_string()))?;
        Some((name.to_owned(), template))
    })?;
    if designs.len() > OWN_MAX {
        return field.wrong(format!("{} designs are too many; at most {OWN_MAX} are kept", designs.len()));
    }
    Some(designs.into_iter().collect())
}

fn logo(node: &Node, files: &dyn Files) -> Result<Logo, String> {
    Logo::parse(&svg(node, files)?).map_err(|err| err.to_string())
}

/// The text of an SVG file in the folder of the configuration.
fn svg(node: &Node, files: &dyn Files) -> Result<String, String> {
    let name = values::line(node)?;
    let label = shown(&files.label(&name));
    let bytes = files.read(&name).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            format!("there is no file `{label}`")
        } else {
            format!("`{label}` cannot be read: {error}")
        }
    })?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(format!("`{label}` is larger than {FILE_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| format!("`{label}` is not UTF-8; an SVG file belongs here"))
}

fn check_name(name: &str, field: Field<'_, '_>, what: &str) -> Option<()> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.chars().all(is_name) {
        return Some(());
    }
    field.wrong(format!("this is no name for a {what}; use at most {NAME_CHARS_MAX} letters, digits, `-` and `_`"))
}

fn formats(field: Field<'_, '_>) -> Option<Vec<Sheet>> {
    let formats = field.entries(format)?;
    if formats.len() > OWN_MAX {
        return field.wrong(format!("{} formats are too many; at most {OWN_MAX} are kept", formats.len()));
    }
    Some(formats)
}

fn format(name: &str, field: Field<'_, '_>) -> Option<Sheet> {
    check_name(name, field, "format")?;
    let mut table = field.table()?;
    let page = table.required("page", page);
    let cell_mm = table.required("size", pair("two lengths in millimetres such as [85, 54]"));
    let columns = table.or("columns", 1, values::whole(1..=100));
    let rows = table.or("rows", 1, values::whole(1..=100));
    let first_mm = table.required("first", pair("the place of the first card, such as [17, 31.5],"));
    let is_single = columns == 1 && rows == 1;
    let pitch = pair("the way from card to card, such as [91, 60],");
    let pitch_mm = if is_single { table.optional("pitch", pitch).or(cell_mm) } else { table.required("pitch", pitch) };
    let is_tent = table.or("tent", false, values::flag);
    let grid = Grid {
        page: page?,
        count: (columns, rows),
        cell_mm: cell_mm?,
        first_mm: first_mm?,
        pitch_mm: pitch_mm?,
        is_tent,
    };
    let made = Sheet::new(name, grid).map_err(|bad| table.wrong::<()>(bad.key, bad.problem)).ok();
    table.finish("a format of cards");
    made
}

/// `"A4"`, or width and height.
fn page(node: &Node) -> Result<PageSize, String> {
    if let Content::List(_) = node.content {
        let (width, height) = pair("the width and height of the page, such as [148, 210],")(node)?;
        return if width > 0.0 && height > 0.0 {
            Ok(PageSize::Other(width, height))
        } else {
            Err(format!("a page of {width} by {height} mm has no room for a card"))
        };
    }
    let named = values::one_of("a page", &PageSize::NAMED)(node);
    named.map_err(|problem| format!("{problem} (or write width and height in millimetres: [148, 210])"))
}

/// Two lengths in millimetres. `what` says which: "two lengths in millimetres such as [85, 54]".
fn pair(what: &'static str) -> impl Fn(&Node) -> Result<(f64, f64), String> + Copy {
    let length = |node: &Node| values::number_in(0.0..=PAGE_MM_MAX)(node);
    move |node| {
        let Content::List(list) = &node.content else {
            return Err(format!("{what} belongs here, found {}", node.describe()));
        };
        match list.as_slice() {
            [first, second] => Ok((length(first)?, length(second)?)),
            list => Err(format!("{what} belongs here, found a list of {}", list.len())),
        }
    }
}
