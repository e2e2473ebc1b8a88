//! Cards: print runs, the list, and putting a card out of use.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire;
use crate::cards::{self, BLEED_MM, CardFace, SheetJob};
use crate::daemon::core::{Core, Live};
use crate::domain::card::Card;
use crate::domain::card_code::CardCode;
use crate::domain::place::{Branch, Surface, Touchpoint};
use crate::store::StoreError;
use crate::web::problem::ApiProblem;

/// Cards in one print run.
const CARDS_MAX: usize = 5_000;
/// Cards on a page of the list.
pub(super) const PAGE_MAX: usize = 1_000;
/// How often codes are drawn anew when one is taken; each draw has 40 bits.
const DRAWS_MAX: usize = 8;

/// An order for cards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PrintForm {
    branch: String,
    /// A touchpoint's id, with `*` for any characters.
    touchpoint: String,
    sheet: String,
    /// The configured one when absent.
    design: Option<String>,
    #[serde(default = "one_copy")]
    copies: u32,
    /// A name for the order. Ordering it again prints the same codes.
    print_run: Option<String>,
    #[serde(default)]
    marks: bool,
    #[serde(default)]
    bleed: bool,
    #[serde(default)]
    offset_mm: (f64, f64),
}

fn one_copy() -> u32 {
    1
}

/// Makes the codes of an order, or finds those it had, and gives the sheets as PDF.
pub(super) async fn print(
    State(core): State<Arc<Core>>,
    form: Result<Json<PrintForm>, JsonRejection>,
) -> Result<Response, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(format!("not an order for cards: {}", err.body_text())))?;
    let live = core.live.load_full();
    let sheet = live.config.settings.cards.sheets.by_name(&form.sheet);
    let sheet = sheet.map_err(|err| ApiProblem::invalid(err.to_string()))?.clone();
    let designs = &live.config.settings.cards.designs;
    let design = designs.find(form.design.as_deref().unwrap_or(&designs.default));
    let design = design.map_err(|err| ApiProblem::invalid(err.to_string()))?;
    let branch = live.config.branches.get(form.branch.as_str());
    let branch = branch.ok_or_else(|| unknown_branch(&live, &form.branch))?;
    let touchpoints = touchpoints(branch, &form)?;
    let print_run = match &form.print_run {
        Some(name) => check_run(name)?,
        None => format!("{}-{}", branch.id, core.clock.now().format("%Y%m%d-%H%M%S")),
    };
    let mut run = cards_of_run(&core, &print_run).await?;
    if run.is_empty() {
        run = issue(&core, branch, &touchpoints, (&form, &print_run)).await?;
    }
    // What is printed must not vanish.
    core.store.confirm().await?;
    let faces: Vec<_> = run.iter().filter_map(|card| face(&live, branch, card)).collect();
    let logo = designs.logo.clone();
    let template = live.templates.card_design(designs, design).to_owned();
    let title = format!("{}: {print_run}", branch.title);
    let (marks, bleed_mm, offset_mm) = (form.marks, if form.bleed { BLEED_MM } else { 0.0 }, form.offset_mm);
    let drawn = tokio::task::spawn_blocking(move || {
        let job = SheetJob {
            faces: &faces,
            sheet: &sheet,
            template: &template,
            logo: logo.as_deref(),
            marks,
            bleed_mm,
            offset_mm,
            title: &title,
        };
        cards::render_sheet(&job)
    });
    let pdf = drawn.await.map_err(|_| ApiProblem::invalid("the sheet could not be drawn"))?;
    let pdf = pdf.map_err(|err| ApiProblem::invalid(crate::chain::Chain(&err).to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{print_run}.pdf\"")),
        (header::HeaderName::from_static("canvass-print-run"), print_run),
        (header::HeaderName::from_static("canvass-cards"), run.len().to_string()),
    ];
    Ok((headers, pdf).into_response())
}

fn unknown_branch(live: &Live, given: &str) -> ApiProblem {
    let known: Vec<_> = live.config.branches.keys().map(crate::domain::id::BranchId::as_str).collect();
    ApiProblem::invalid(format!("there is no branch `{}`; there are: {}", given.escape_debug(), known.join(", ")))
}

fn check_run(name: &str) -> Result<String, ApiProblem> {
    let ok = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(ok) {
        let detail =
            format!("`{}` is no name for a print run; use letters, digits, `-`, `_`, `.`", name.escape_debug());
        return Err(ApiProblem::invalid(detail));
    }
    Ok(name.to_owned())
}

fn touchpoints<'a>(branch: &'a Branch, form: &PrintForm) -> Result<Vec<&'a Touchpoint>, ApiProblem> {
    let matching = branch
        .touchpoints
        .values()
        .filter(|touchpoint| touchpoint.surface == Surface::Card && matches(&form.touchpoint, touchpoint.id.as_str()));
    let matching: Vec<_> = matching.collect();
    if matching.is_empty() {
        let known: Vec<_> = branch.touchpoints.keys().map(crate::domain::id::TouchpointId::as_str).collect();
        return Err(ApiProblem::invalid(format!(
            "no touchpoint with a card of `{}` matches `{}`; there are: {}",
            branch.id,
            form.touchpoint.escape_debug(),
            known.join(", ")
        )));
    }
    let n_cards = matching.len().saturating_mul(form.copies as usize);
    if n_cards == 0 || n_cards > CARDS_MAX {
        return Err(ApiProblem::invalid(format!("{n_cards} cards in one print run; order 1 to {CARDS_MAX}")));
    }
    Ok(matching)
}

/// Whether a text matches a pattern in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

async fn cards_of_run(core: &Core, print_run: &str) -> Result<Vec<Card>, StoreError> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = core.store.cards_after(after, PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.code);
        found.extend(page.into_iter().filter(|card| card.print_run == print_run));
    }
    found.sort_by_key(|card| card.serial);
    Ok(found)
}

async fn issue(
    core: &Core,
    branch: &Branch,
    touchpoints: &[&Touchpoint],
    (form, print_run): (&PrintForm, &str),
) -> Result<Vec<Card>, ApiProblem> {
    let now = core.clock.now();
    for _ in 0..DRAWS_MAX {
        let ordered = touchpoints.iter().flat_map(|touchpoint| std::iter::repeat_n(touchpoint, form.copies as usize));
        let cards: Vec<_> = (1..)
            .zip(ordered)
            .map(|(serial, touchpoint)| (serial, touchpoint, CardCode::from_random_bits(core.entropy.bits())))
            .map(|(serial, touchpoint, code)| Card {
                id: core.store.seal().card_id(code),
                code,
                branch: branch.id.clone(),
                touchpoint: touchpoint.id.clone(),
                survey: touchpoint.survey.clone(),
                print_run: print_run.to_owned(),
                serial,
                made_at: now,
                revoked_at: None,
            })
            .collect();
        match core.store.issue_cards(cards.clone()).await {
            Ok(()) => return Ok(cards),
            Err(StoreError::Exists { .. }) => (),
            Err(err) => return Err(err.into()),
        }
    }
    Err(ApiProblem::new(StatusCode::CONFLICT, "conflict", "no free codes were found; try again"))
}

/// The branch and the touchpoint that a card was printed for, as far as the configuration still has them.
pub(super) fn place_of<'a>(live: &'a Live, card: &Card) -> Option<(&'a Branch, &'a Touchpoint)> {
    let branch = live.config.branches.get(&card.branch)?;
    Some((branch, branch.touchpoints.get(&card.touchpoint)?))
}

fn face(live: &Live, branch: &Branch, card: &Card) -> Option<CardFace> {
    let touchpoint = branch.touchpoints.get(&card.touchpoint)?;
    let survey = live.config.surveys.get(&card.survey)?;
    let language = &branch.language;
    Some(CardFace {
        url: format!("{}/Q/{}", live.config.settings.public.url.to_uppercase(), card.code),
        headline: survey.title.in_language(language).to_owned(),
        invitation: live.templates.card_invitation(language).to_owned(),
        label: touchpoint.title.in_language(language).to_owned(),
        branch: branch.title.clone(),
        code: card.code.grouped(),
        serial: format!("{} · {}", card.print_run, card.serial),
        language: language.to_string(),
    })
}

/// A place in the list.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CardsQuery {
    branch: Option<String>,
    print_run: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

/// Cards in the order of their codes: `{"rows": […], "next": "…"}`, where `next` goes into `after`.
pub(super) async fn page(
    State(core): State<Arc<Core>>,
    Query(query): Query<CardsQuery>,
) -> Result<Json<Value>, ApiProblem> {
    let after = query.after.as_deref().map(code).transpose()?;
    let limit = query.limit.unwrap_or(100).clamp(1, PAGE_MAX);
    let found = core.store.cards_after(after, limit).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.code.to_string());
    let wanted = |card: &&Card| {
        query.branch.as_ref().is_none_or(|branch| card.branch.as_str() == branch)
            && query.print_run.as_ref().is_none_or(|run| card.print_run == *run)
    };
    let live = core.live.load_full();
    let url = &live.config.settings.public.url;
    let rows: Vec<_> = found.iter().filter(wanted).map(|card| wire::card(card, url)).collect();
    Ok(Json(json!({ "rows": rows, "next": next })))
}

/// Puts a card out of use. Its page then says so.
pub(super) async fn revoke(
    State(core): State<Arc<Core>>,
    Path(given): Path<String>,
) -> Result<Json<Value>, ApiProblem> {
    let card = core.store.revoke_card(code(&given)?, core.clock.now()).await?;
    let live = core.live.load_full();
    Ok(Json(wire::card(&card, &live.config.settings.public.url)))
}

fn code(given: &str) -> Result<CardCode, ApiProblem> {
    CardCode::parse(given).map_err(|err| ApiProblem::invalid(err.to_string()))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        assert!(matches("table-*", "table-12") && matches("*", "bar") && matches("t*-*2", "table-12"));
        assert!(matches("bar", "bar") && !matches("bar", "bar-2") && !matches("table-*", "bar"));
        assert!(!matches("*-1", "table-12") && matches("*1*", "table-12"));
    }
}
