//! The designs that come with the program, and those of one's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::design::Design;
use super::fonts::Fonts;
use super::{CardError, Logo};

/// Name and template of each design that comes with the program.
pub const DESIGNS: [(&str, &str); 4] = [
    ("plain", include_str!("../../templates/card/plain.svg")),
    ("classic", include_str!("../../templates/card/classic.svg")),
    ("bold", include_str!("../../templates/card/bold.svg")),
    ("stand", include_str!("../../templates/card/stand.svg")),
];

/// The design of whoever names none.
pub const DESIGN_DEFAULT: &str = "plain";

/// What cards look like: templates by name, and what stands in the middle of their symbols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Designs {
    /// The one that is used where none is named.
    pub default: String,
    /// Templates of one's own, each in the place of the built-in one of that name.
    pub own: BTreeMap<String, String>,
    /// The drawing in the middle of symbols.
    pub logo: Option<Arc<Logo>>,
}

impl Default for Designs {
    fn default() -> Self {
        Self { default: DESIGN_DEFAULT.to_owned(), own: BTreeMap::new(), logo: None }
    }
}

impl Designs {
    /// All names, the built-in ones first.
    pub fn names(&self) -> Vec<&str> {
        let built_in = DESIGNS.iter().map(|(name, _)| *name);
        let own = self.own.keys().map(String::as_str).filter(|own| !DESIGNS.iter().any(|(name, _)| name == own));
        built_in.chain(own).collect()
    }

    /// The name, when there is such a design. The error lists all names and suggests the nearest.
    pub fn find<'a>(&'a self, name: &str) -> Result<&'a str, CardError> {
        let (given, names) = (name.trim(), self.names());
        if let Some(found) = names.iter().find(|known| known.eq_ignore_ascii_case(given)) {
            return Ok(found);
        }
        let near = names.iter().filter(|known| strsim::damerau_levenshtein(&given.to_lowercase(), known) <= 2);
        let near = near.min_by_key(|known| strsim::damerau_levenshtein(given, known));
        let hint = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        Err(CardError::UnknownDesign { given: given.chars().take(40).collect(), hint, names: names.join(", ") })
    }
}

/// Whether a template can be read. What it draws shows only with a card.
pub fn check_template(template: &str) -> Result<(), CardError> {
    Design::parse(template, &Arc::new(Fonts::load()?)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn designs_are_found_by_name_and_the_nearest_is_suggested() {
        let own = [("menu".to_owned(), "<svg/>".to_owned())].into();
        let designs = Designs { own, ..Designs::default() };
        assert_eq!(designs.find(" Classic").unwrap(), "classic");
        assert_eq!(designs.find("menu").unwrap(), "menu");
        let message = designs.find("clasic").unwrap_err().to_string();
        assert!(
            message.ends_with("did you mean `classic`? the designs are plain, classic, bold, stand, menu"),
            "{message}"
        );
    }

    #[test]
    fn a_template_with_a_slip_is_refused() {
        assert!(check_template("{% if %}").is_err());
        assert!(DESIGNS.iter().all(|(_, template)| check_template(template).is_ok()));
    }
}
