//! The strip above pages for staff: where one is, where one can go, and in the demo what time it is.

use minijinja::{Value, context};

/// Links to the pages beside this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The pages.
    pub links: Vec<BarLink>,
    /// The clock of a demo; a daemon needs none.
    pub warp: Option<BarWarp>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarLink {
    /// What it says.
    pub title: String,
    /// Where it leads.
    pub url: String,
    /// Whether this is where one is.
    pub is_here: bool,
}

/// A clock with buttons that move it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarWarp {
    /// The time it shows.
    pub shown: String,
    /// Where the form goes. It posts `by` and `back`.
    pub action: String,
    /// The buttons: value of `by`, and what the button says.
    pub steps: Vec<(String, String)>,
    /// Which page to come back to.
    pub back: String,
    /// What the last move brought about.
    pub told: Option<String>,
}

impl Bar {
    /// The bar as templates see it.
    pub fn value(&self) -> Value {
        let link = |link: &BarLink| context! { title => &link.title, url => &link.url, is_here => link.is_here };
        let warp = self.warp.as_ref().map(|warp| {
            let step = |(by, title): &(String, String)| context! { by, title };
            context! {
                shown => &warp.shown,
                action => &warp.action,
                steps => warp.steps.iter().map(step).collect::<Vec<_>>(),
                back => &warp.back,
                told => warp.told.as_deref(),
            }
        });
        context! { links => self.links.iter().map(link).collect::<Vec<_>>(), warp }
    }
}
