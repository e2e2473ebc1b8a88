//! Pages: one layout, one style block, one request.
//!
//! The style stands in the page, so nothing else has to be fetched, and the content security policy names its hash, so
//! no other style or script can be smuggled in. The policy belongs to the page because a survey's style has rules of
//! its own.

use std::fmt;

use aws_lc_rs::digest;
use data_encoding::BASE64;
use minijinja::{Value, context};

use super::RenderError;
use super::templates::Templates;
use crate::domain::language::Language;

/// A page and what a browser may do with it. `Debug` shows its size only: it holds answers and tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Page {
    /// The document.
    pub html: String,
    /// What goes into `Content-Security-Policy`.
    pub csp: String,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Page({} bytes)", self.html.len())
    }
}

/// What the layout needs beside the page's own values.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The language of the page.
    pub language: &'a Language,
    /// The style sheets, in order, by template name: `page/base.css`.
    pub styles: &'a [&'a str],
    /// Style rules for this page alone; never made of what somebody typed.
    pub rules: &'a str,
}

impl<'a> Frame<'a> {
    /// A page that needs the base style only.
    pub fn plain(language: &'a Language) -> Self {
        Self { language, styles: &["page/base.css"], rules: "" }
    }
}

impl Templates {
    /// Fills in a page template that extends `page/layout.html`.
    pub fn page(&self, template: &str, frame: Frame<'_>, context: Value) -> Result<Page, RenderError> {
        let mut style = String::new();
        for sheet in frame.styles {
            style.push_str(&self.fill_in(sheet, frame.language, context! {})?);
            style.push('\n');
        }
        style.push_str(frame.rules);
        let csp = policy(&style);
        let html = self.fill_in(template, frame.language, context! { style => style, ..context })?;
        Ok(Page { html, csp })
    }
}

fn policy(style: &str) -> String {
    let hash = BASE64.encode(digest::digest(&digest::SHA256, style.as_bytes()).as_ref());
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}
