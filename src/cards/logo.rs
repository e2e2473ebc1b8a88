//! A drawing for the middle of QR symbols.
//!
//! It stands on a white ground that covers whole modules, so that no module is cut: a reader takes a half one for
//! either. What is covered is made up for by level H, which restores 30 % of a symbol; the ground takes 6 %.

use usvg::roxmltree::{Document, ParsingOptions};

use super::CardError;
use super::drawing::{NODES_MAX, is_raster};

/// The largest drawing, in bytes: it goes into every file.
const BYTES_MAX: usize = 100_000;

/// A drawing that can be put into the middle of symbols. No `Debug`: it may be long.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    svg: String,
}

impl Logo {
    /// Checks an SVG drawing: vectors only, and no text, because its font would not be there.
    pub fn parse(svg: &str) -> Result<Self, CardError> {
        let broken = |problem: String| Err(CardError::Logo { problem });
        if svg.len() > BYTES_MAX {
            return broken(format!("it has {} bytes, {BYTES_MAX} are the most", svg.len()));
        }
        let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let document = match Document::parse_with_options(svg, options) {
            Ok(document) => document,
            Err(err) => return broken(format!("it is no well-formed XML: {err}")),
        };
        if document.descendants().any(is_raster) {
            return broken("images and filters are not drawn: it must be vectors only".to_owned());
        }
        if document.descendants().any(|node| node.tag_name().name() == "text") {
            return broken("it has texts, whose font is not here: turn them into paths".to_owned());
        }
        match usvg::Tree::from_str(svg, &usvg::Options::default()) {
            Ok(tree) if tree.root().has_children() => Ok(Self { svg: svg.to_owned() }),
            Ok(_) => broken("there is nothing in it to draw".to_owned()),
            Err(err) => broken(format!("it is no SVG drawing: {err}")),
        }
    }

    /// The drawing.
    pub(super) fn svg(&self) -> &str {
        &self.svg
    }
}

impl std::fmt::Debug for Logo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logo({} bytes)", self.svg.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(inner: &str, expected: Result<(), &str>) {
        let svg = format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{inner}</svg>"#);
        match (Logo::parse(&svg), expected) {
            (Ok(_), Ok(())) => (),
            (Err(err), Err(part)) => assert!(err.to_string().contains(part), "{err}"),
            (result, expected) => panic!("{result:?} is not {expected:?}"),
        }
    }

    #[test]
    fn a_logo_is_made_of_vectors_alone() {
        check(r#"<circle cx="5" cy="5" r="4"/>"#, Ok(()));
        check(r#"<image href="/etc/passwd"/>"#, Err("vectors only"));
        check(r#"<text x="1" y="2">Sole</text>"#, Err("turn them into paths"));
        check("", Err("nothing in it"));
        check("<circle", Err("well-formed"));
        check(&" ".repeat(BYTES_MAX), Err("bytes"));
    }
}
