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
    /// A script, by template name, for a page that needs one; no other runs, and it may talk to us alone.
    pub script: Option<&'a str>,
}

impl<'a> Frame<'a> {
    /// A page that needs the base style only.
    pub fn plain(language: &'a Language) -> Self {
        Self { language, styles: &["page/base.css"], rules: "", script: None }
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
        let script = frame.script.map(|script| self.fill_in(script, frame.language, context! {})).transpose()?;
        let csp = policy(&style, script.as_deref());
        let html = self.fill_in(template, frame.language, context! { style, script, ..context })?;
        Ok(Page { html, csp })
    }
}

fn policy(style: &str, script: Option<&str>) -> String {
    let hash = |text: &str| BASE64.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    let script = script.map(|script| format!(" script-src 'sha256-{}'; connect-src 'self';", hash(script)));
    format!(
        "default-src 'none'; style-src 'sha256-{}';{} form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        hash(style),
        script.unwrap_or_default()
    )
}
