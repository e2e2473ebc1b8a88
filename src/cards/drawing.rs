//! Reads a filled-in template: where the QR symbol goes, which texts there are, and the art around them.
//!
//! Texts are set by us and not by an SVG library, so that they stay text in the PDF at a tenth of the size, and the art
//! can be drawn once and reused on every card that has the same. The price is a small set of rules, each of them checked:
//!
//! - the root's `viewBox` is the card in millimetres
//! - one `<rect id="qr">` without turning or scaling says where the symbol and its quiet zone go; it is not drawn itself
//! - a `<text>` holds nothing but characters and stands in no scaled group; it has `x`, `y`, `font-size` and may have
//!   `font-family` (`serif`, or anything else for sans), `font-weight`, `font-style`, `text-anchor` and `fill`, its own or
//!   inherited. The fonts are always the built-in ones, and no text is smaller than 8 points
//! - no DTD, `<image>`, `<filter>` or `<foreignObject>`: cards are vectors only and read no file

use usvg::roxmltree::{Document, Node, ParsingOptions};

use super::CardError;
use super::design::{MM_PER_POINT, tidy};
use super::fonts::Typeface;

/// The smallest text that people read at a table.
pub(super) const TEXT_PT_MIN: f64 = 8.0;
const SVG_BYTES_MAX: usize = 2_000_000;
pub(super) const NODES_MAX: u32 = 20_000;
const RASTER: [&str; 3] = ["image", "filter", "foreignObject"];

/// A square place on the card: left and upper edge, and the length of its sides, in millimetres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Square {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) side: f64,
}

/// Red, green and blue.
pub(super) type Rgb = [u8; 3];

/// Which point of a line `x` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One line of text; `x_mm` and `y_mm` are the anchor on the baseline. No `Debug`: it may be the code.
#[derive(Clone, PartialEq)]
pub(super) struct Text {
    pub(super) content: String,
    pub(super) x_mm: f64,
    pub(super) y_mm: f64,
    pub(super) size_mm: f64,
    pub(super) typeface: Typeface,
    pub(super) anchor: Anchor,
    pub(super) fill: Rgb,
}

/// A card taken apart.
pub(super) struct Drawing {
    pub(super) symbol: Square,
    pub(super) texts: Vec<Text>,
    /// The SVG without its texts and without the place of the symbol.
    pub(super) art: String,
}

/// Reads the SVG of one card of `cell_mm`, whose art goes on for `bleed_mm` beyond its edges.
pub(super) fn read(svg: &str, cell_mm: (f64, f64), bleed_mm: f64) -> Result<Drawing, CardError> {
    if svg.len() > SVG_BYTES_MAX {
        return broken(format!("the drawing has {} bytes, {SVG_BYTES_MAX} are the most", svg.len()));
    }
    let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(svg, options).map_err(CardError::Xml)?;
    check_root(document.root_element(), cell_mm)?;
    if let Some(node) = document.descendants().find(|node| is_raster(*node)) {
        return broken(format!("images and filters are not drawn, cards are vectors only ({})", place(node)));
    }
    let mut places = document.descendants().filter(|node| node.attribute("id") == Some("qr"));
    let (Some(place), None) = (places.next(), places.next()) else {
        return broken("there must be exactly one `<rect id=\"qr\">` for the QR symbol".to_owned());
    };
    let symbol = read_symbol(place, cell_mm)?;
    let lines: Vec<Node<'_, '_>> = document.descendants().filter(|node| node.tag_name().name() == "text").collect();
    let texts = lines.iter().map(|node| read_text(*node)).collect::<Result<Vec<_>, _>>()?;
    let mut cuts: Vec<_> =
        lines.iter().map(Node::range).chain([place.range()]).map(|range| (range, String::new())).collect();
    cuts.extend(around(document.root_element(), cell_mm, bleed_mm));
    cuts.sort_by_key(|(range, _)| range.start);
    let mut art = String::with_capacity(svg.len());
    let mut from = 0;
    for (range, instead) in cuts {
        art.push_str(svg.get(from..range.start).unwrap_or_default());
        art.push_str(&instead);
        from = range.end;
    }
    art.push_str(svg.get(from..).unwrap_or_default());
    // Blank lines are what the texts leave behind, as many as there are texts; without them equal art is equal.
    let art = art.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    Ok(Drawing { symbol, texts: texts.into_iter().filter(|text| !text.content.is_empty()).collect(), art })
}

/// What stands in place of the root's size, so that its drawing shows what lies beyond the edges too.
fn around(
    root: Node<'_, '_>,
    (width, height): (f64, f64),
    bleed_mm: f64,
) -> impl Iterator<Item = (std::ops::Range<usize>, String)> {
    let (width, height) = (2.0f64.mul_add(bleed_mm, width), 2.0f64.mul_add(bleed_mm, height));
    root.attributes().filter_map(move |attribute| match attribute.name() {
        "viewBox" => Some((attribute.range(), format!(r#"viewBox="-{bleed_mm} -{bleed_mm} {width} {height}""#))),
        "width" | "height" => Some((attribute.range(), String::new())),
        _ => None,
    })
}

fn broken<T>(problem: String) -> Result<T, CardError> {
    Err(CardError::Drawing { problem })
}

/// Whether drawing this would make pixels, or read a file.
pub(super) fn is_raster(node: Node<'_, '_>) -> bool {
    let name = node.tag_name().name();
    let css = [node.attribute("style"), node.text().filter(|_| name == "style")];
    RASTER.contains(&name)
        || node.attribute("filter").is_some()
        || css.into_iter().flatten().any(|css| css.contains("filter"))
}

fn check_root(root: Node<'_, '_>, (width, height): (f64, f64)) -> Result<(), CardError> {
    let view_box = root.attribute("viewBox").unwrap_or_default();
    let given: Vec<f64> = view_box.split([' ', ',']).filter_map(|number| number.parse().ok()).collect();
    let wanted = [0.0, 0.0, width, height];
    if given.len() == 4 && given.iter().zip(wanted).all(|(given, wanted)| (given - wanted).abs() < 0.01) {
        return Ok(());
    }
    broken(format!("the viewBox is `{view_box}` and must be `0 0 {width} {height}`, the card in millimetres"))
}

fn read_symbol(node: Node<'_, '_>, cell_mm: (f64, f64)) -> Result<Square, CardError> {
    check_place(node)?;
    let (width, height) = (number(node, "width")?, number(node, "height")?);
    let (x, y) = (number(node, "x")?, number(node, "y")?);
    let side = width.min(height);
    // In the middle of an oblong rectangle.
    let square = Square { x: x + (width - side) / 2.0, y: y + (height - side) / 2.0, side };
    let is_inside = square.x >= -0.01
        && square.y >= -0.01
        && square.x + side <= cell_mm.0 + 0.01
        && square.y + side <= cell_mm.1 + 0.01;
    if !is_inside || side <= 0.0 {
        return broken(format!("the place of the QR symbol, {width} by {height} mm at {x}, {y}, is not on the card"));
    }
    Ok(square)
}

fn read_text(node: Node<'_, '_>) -> Result<Text, CardError> {
    check_place(node)?;
    if node.children().any(|child| child.is_element()) {
        return broken(format!("a `<text>` may hold characters only ({})", place(node)));
    }
    let anchor = match property(node, "text-anchor").unwrap_or("start") {
        "start" => Anchor::Start,
        "middle" => Anchor::Middle,
        "end" => Anchor::End,
        other => return broken(format!("text-anchor `{other}` is not start, middle or end ({})", place(node))),
    };
    let size_mm = number(node, "font-size")?;
    // Sizes are rounded to hundredths, so the smallest one is a hair off.
    if size_mm < MM_PER_POINT * TEXT_PT_MIN - 0.01 {
        let points = size_mm / MM_PER_POINT;
        return broken(format!(
            "a text of {points:.1} pt is too small to read; {TEXT_PT_MIN} pt is the least ({})",
            place(node)
        ));
    }
    Ok(Text {
        content: tidy(node.text().unwrap_or_default()),
        x_mm: number(node, "x")?,
        y_mm: number(node, "y")?,
        size_mm,
        typeface: typeface(node)?,
        anchor,
        fill: colour(node)?,
    })
}

fn typeface(node: Node<'_, '_>) -> Result<Typeface, CardError> {
    let family = property(node, "font-family").unwrap_or_default().to_lowercase();
    let is_serif = family.contains("serif") && !family.contains("sans");
    let is_bold =
        ["bold", "bolder", "600", "700", "800", "900"].contains(&property(node, "font-weight").unwrap_or_default());
    let is_italic = ["italic", "oblique"].contains(&property(node, "font-style").unwrap_or_default());
    Typeface::of(is_serif, is_bold, is_italic).map_or_else(
        || broken(format!("the fonts are sans, bold sans, serif and italic serif, and no others ({})", place(node))),
        Ok,
    )
}

/// Texts and the symbol are placed by their own coordinates, so nothing around them may change what these mean.
fn check_place(node: Node<'_, '_>) -> Result<(), CardError> {
    for around in node.ancestors().filter(Node::is_element) {
        let name = around.tag_name().name();
        if around.attribute("transform").is_some() {
            return broken(format!(
                "a transform on or around texts or the QR symbol is not followed ({})",
                place(around)
            ));
        }
        if around != node && !["svg", "g"].contains(&name) {
            return broken(format!(
                "texts and the QR symbol may stand in `<g>` only, not in `<{name}>` ({})",
                place(around)
            ));
        }
    }
    Ok(())
}

fn number(node: Node<'_, '_>, name: &str) -> Result<f64, CardError> {
    let given = property(node, name).unwrap_or_default().trim();
    match given.parse::<f64>() {
        // A hundredth of a millimetre is finer than any printer, and short numbers keep the file small.
        Ok(number) if number.is_finite() && number.abs() < 10_000.0 => Ok((number * 100.0).round() / 100.0),
        Ok(_) | Err(_) => broken(format!("`{name}=\"{given}\"` is not a number of millimetres ({})", place(node))),
    }
}

/// An attribute or `style` declaration of the element or the nearest one around it.
fn property<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let own = |node: Node<'a, '_>| {
        let style = node.attribute("style").and_then(|style| {
            style.split(';').filter_map(|one| one.split_once(':')).find(|(key, _)| key.trim() == name)
        });
        style.map(|(_, value)| value.trim()).or_else(|| node.attribute(name))
    };
    let is_inherited = !["x", "y", "width", "height"].contains(&name);
    node.ancestors().take(if is_inherited { usize::MAX } else { 1 }).find_map(own)
}

fn colour(node: Node<'_, '_>) -> Result<Rgb, CardError> {
    let given = property(node, "fill").unwrap_or("#000");
    let digits: Option<Vec<u8>> =
        given.strip_prefix('#').and_then(|hex| hex.chars().map(|c| c.to_digit(16)?.try_into().ok()).collect());
    match (given, digits.as_deref()) {
        ("black", _) => Ok([0; 3]),
        ("white", _) => Ok([255; 3]),
        (_, Some(&[r, g, b])) => Ok([r * 17, g * 17, b * 17]),
        (_, Some(&[r, r2, g, g2, b, b2])) => Ok([r * 16 + r2, g * 16 + g2, b * 16 + b2]),
        _ => broken(format!("fill `{given}` is not black, white, #rgb or #rrggbb ({})", place(node))),
    }
}

/// Where in the filled-in drawing an element stands.
fn place(node: Node<'_, '_>) -> String {
    let at = node.document().text_pos_at(node.range().start);
    format!("`<{}>` in line {} of the drawing", node.tag_name().name(), at.row)
}

#[cfg(test)]
mod tests;
