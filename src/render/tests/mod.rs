//! What the templates promise, tested on every sample in every language.

mod languages;
mod messages;
mod overrides;
mod pages;

use super::*;
use crate::domain::language::Language;

fn language(tag: &str) -> Language {
    Language::parse(tag).unwrap()
}

fn both() -> [Language; 2] {
    ["en", "de"].map(language)
}

fn all() -> [Language; 12] {
    built_in::LANGUAGES.map(|(tag, _, _)| language(tag))
}

/// Every page and mail body that the samples give, with what it is.
fn documents() -> Vec<(String, Language, String)> {
    let templates = Templates::built_in();
    let mut documents = Vec::new();
    for language in all() {
        let page = |page: Page| page.html;
        collect::<SurveyPage<'_>>(&templates, &language, page, &mut documents);
        collect::<ThanksPage>(&templates, &language, page, &mut documents);
        collect::<UnsubscribePage>(&templates, &language, page, &mut documents);
        collect::<UnsubscribedPage>(&templates, &language, page, &mut documents);
        collect::<GonePage>(&templates, &language, page, &mut documents);
        collect::<NotFoundPage>(&templates, &language, page, &mut documents);
        collect::<ErrorPage>(&templates, &language, page, &mut documents);
        collect::<MailContext>(&templates, &language, |mail| mail.html, &mut documents);
    }
    // Pages for staff speak English only.
    collect::<ReportPage>(&templates, &Language::english(), |page| page.html, &mut documents);
    documents
}

fn collect<T: TemplateContext>(
    templates: &Templates,
    language: &Language,
    html: impl Fn(T::Rendered) -> String,
    documents: &mut Vec<(String, Language, String)>,
) {
    for sample in T::samples(language) {
        documents.push((T::TEMPLATE.to_owned(), language.clone(), html(sample.render(templates).unwrap())));
    }
}

#[test]
fn every_document_says_its_language_and_is_well_formed() {
    for (what, language, html) in documents() {
        assert!(html.starts_with("<!DOCTYPE html>\n"), "{what}");
        let dir = language.direction();
        assert!(html.contains(&format!("<html lang=\"{language}\" dir=\"{dir}\">")), "{what}");
        assert_eq!(unbalanced(&html), None, "{what} in {language}");
        assert_eq!(doubled_id(&html), None, "{what} in {language}");
    }
}

#[test]
fn nothing_is_fetched_from_anywhere() {
    for (what, _, html) in documents() {
        for asks in
            ["<img", "<script ", "<link", "<iframe", "<object", " src=", "@import", "url(", "@font-face", "data:"]
        {
            assert!(!html.contains(asks), "{what} contains {asks}");
        }
    }
}

#[test]
fn no_template_names_an_address_of_its_own() {
    for (name, source) in built_in::TEMPLATES {
        assert!(!source.contains("://") && !source.contains("=\"//"), "{name}");
    }
}

/// The first end tag that closes something else, or what is never closed.
fn unbalanced(html: &str) -> Option<String> {
    const VOID: [&str; 4] = ["meta", "input", "br", "!DOCTYPE"];
    let mut open = Vec::new();
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        let name = tag.split([' ', '\n']).next().unwrap();
        match name.strip_prefix('/') {
            Some(closed) if open.last() == Some(&closed) => drop(open.pop()),
            Some(closed) => return Some(format!("</{closed}> closes {open:?}")),
            None if VOID.contains(&name) || name.starts_with("!--") || name.starts_with("![") => (),
            None => open.push(name),
        }
    }
    (!open.is_empty()).then(|| format!("{open:?} is never closed"))
}

fn doubled_id(html: &str) -> Option<&str> {
    let ids = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect::<Vec<_>>();
    let mut seen = std::collections::BTreeSet::new();
    ids.into_iter().find(|id| !seen.insert(*id))
}
