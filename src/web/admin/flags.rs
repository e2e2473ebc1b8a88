//! Answers that may not be what they seem: how many there are and why, and what operators make of them, many at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Value, json};

use super::by_hand;
use super::wire;
use crate::daemon::core::{Core, Live};
use crate::domain::id::{BranchId, CardId, IdError, KioskId, ResponseId, TouchpointId};
use crate::domain::response::{Flag, Marking, Origin, Response, SurfaceId};
use crate::store::StoreError;
use crate::web::problem::ApiProblem;

/// Responses that are read, and marked, at once.
const PAGE: usize = 1_000;

/// Which answers, as callers write it.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FlagsForm {
    /// Only those flagged so.
    flag: Option<String>,
    branch: Option<String>,
    touchpoint: Option<String>,
    card: Option<String>,
    kiosk: Option<String>,
    /// Only those that came then or later: an instant, or how long ago.
    from: Option<String>,
    /// Only those that came before then.
    to: Option<String>,
}

/// Which answers, and what becomes of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkForm {
    /// `clear`, `restore`, or `flag`.
    mark: String,
    /// With which flag, for `flag`.
    #[serde(rename = "as")]
    flag: Option<String>,
    #[serde(default)]
    which: FlagsForm,
    /// Only says how many there are.
    #[serde(default)]
    dry_run: bool,
    by: Option<String>,
}

struct Choice {
    flag: Option<Flag>,
    branch: Option<BranchId>,
    touchpoint: Option<TouchpointId>,
    from: Option<SurfaceId>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl Choice {
    fn read(form: &FlagsForm, now: DateTime<Utc>) -> Result<Self, ApiProblem> {
        fn id<T>(given: Option<&str>, parse: impl Fn(&str) -> Result<T, IdError>) -> Result<Option<T>, ApiProblem> {
            given.map(parse).transpose().map_err(|err| ApiProblem::invalid(err.to_string()))
        }
        let (card, kiosk) = (id(form.card.as_deref(), CardId::parse)?, id(form.kiosk.as_deref(), KioskId::parse)?);
        if card.is_some() && kiosk.is_some() {
            return Err(ApiProblem::invalid("an answer is given at a card or at a kiosk; name one of them"));
        }
        let time = |given: Option<&str>| given.map(|given| by_hand::instant(given, now)).transpose();
        Ok(Self {
            flag: form.flag.as_deref().map(flag).transpose()?,
            branch: id(form.branch.as_deref(), BranchId::parse)?,
            touchpoint: id(form.touchpoint.as_deref(), TouchpointId::parse)?,
            from: card.map(SurfaceId::Card).or(kiosk.map(SurfaceId::Kiosk)),
            since: time(form.from.as_deref())?,
            until: time(form.to.as_deref())?,
        })
    }

    fn is_of_everything(&self) -> bool {
        let Self { flag, branch, touchpoint, from, since, until } = self;
        flag.is_none()
            && branch.is_none()
            && touchpoint.is_none()
            && from.is_none()
            && since.is_none()
            && until.is_none()
    }

    /// Whether it means this response; those of people who were invited are never meant.
    fn means(&self, response: &Response) -> bool {
        let Origin::Surface { from, branch, touchpoint } = &response.origin else { return false };
        self.flag.is_none_or(|flag| response.flags.contains(&flag))
            && self.branch.as_ref().is_none_or(|wanted| wanted == branch)
            && self.touchpoint.as_ref().is_none_or(|wanted| wanted == touchpoint)
            && self.from.is_none_or(|wanted| wanted == *from)
            && self.since.is_none_or(|since| since <= response.first_at)
            && self.until.is_none_or(|until| response.first_at < until)
    }
}

fn flag(given: &str) -> Result<Flag, ApiProblem> {
    by_hand::one_of("flag", given, Flag::ALL.map(|flag| (flag.as_str(), flag)))
}

/// How many answers are flagged so at one touchpoint.
#[derive(Default)]
struct Group {
    n: usize,
    n_cleared: usize,
    first_at: Option<DateTime<Utc>>,
    last_at: Option<DateTime<Utc>>,
}

/// Flagged answers, counted by branch, touchpoint and flag: `{"rows": [{"branch": …, "touchpoint": …, "flag": …, "answers": …,
/// "cleared": …, "first_at": …, "last_at": …}]}`. An answer with two flags stands in two rows.
pub(super) async fn list(
    State(core): State<Arc<Core>>,
    Query(form): Query<FlagsForm>,
) -> Result<Json<Value>, ApiProblem> {
    let choice = Choice::read(&form, core.clock.now())?;
    let mut groups = BTreeMap::<(BranchId, TouchpointId, Flag), Group>::new();
    each(&core, |response| {
        let Origin::Surface { branch, touchpoint, .. } = &response.origin else { return };
        if !choice.means(response) {
            return;
        }
        for flag in &response.flags {
            let group = groups.entry((branch.clone(), touchpoint.clone(), *flag)).or_default();
            group.n += 1;
            group.n_cleared += usize::from(response.cleared);
            group.first_at = Some(group.first_at.map_or(response.first_at, |at| at.min(response.first_at)));
            group.last_at = group.last_at.max(Some(response.first_at));
        }
    })
    .await?;
    let row = |((branch, touchpoint, flag), group): ((BranchId, TouchpointId, Flag), Group)| {
        json!({
            "branch": branch.as_str(), "touchpoint": touchpoint.as_str(), "flag": flag.as_str(), "answers": group.n,
            "cleared": group.n_cleared, "first_at": group.first_at.map(wire::time),
            "last_at": group.last_at.map(wire::time),
        })
    };
    Ok(Json(json!({ "rows": groups.into_iter().map(row).collect::<Vec<_>>() })))
}

/// Marks answers: `{"found": …, "changed": …}`.
pub(super) async fn mark(
    State(core): State<Arc<Core>>,
    form: Result<Json<MarkForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let marking = match (form.mark.as_str(), form.flag.as_deref()) {
        ("clear", None) => Marking::Clear,
        ("restore", None) => Marking::Restore,
        ("flag", Some(given)) => Marking::Flag(flag(given)?),
        ("flag", None) => {
            return Err(ApiProblem::invalid("`as` is missing: with which flag, such as `test` or `staff`"));
        }
        ("clear" | "restore", Some(_)) => return Err(ApiProblem::invalid("`as` goes with the mark `flag` only")),
        (other, _) => {
            let given = other.escape_debug();
            return Err(ApiProblem::invalid(format!("`{given}` is no mark; there are: clear, restore, flag")));
        }
    };
    let choice = Choice::read(&form.which, core.clock.now())?;
    if matches!(marking, Marking::Flag(_)) && choice.is_of_everything() {
        return Err(ApiProblem::invalid("say which answers: a branch, touchpoint, card, kiosk, or from when to when"));
    }
    by_hand::operator(form.by.as_deref())?;
    let live = core.live.load_full();
    let mut meant: Vec<(ResponseId, Tz)> = Vec::new();
    each(&core, |response| {
        if choice.means(response) && response.clone().marked(marking) != *response {
            meant.push((response.id, zone(&live, response)));
        }
    })
    .await?;
    let (n_found, mut n_changed) = (meant.len(), 0);
    if !form.dry_run {
        for page in meant.chunks(PAGE) {
            n_changed += core.store.mark_responses(page.to_vec(), marking).await?;
        }
        tracing::info!(n_changed, "an operator marked {n_changed} answers: {}", form.mark);
    }
    Ok(Json(json!({ "found": n_found, "changed": n_changed })))
}

/// The zone in which the day that an answer is counted on was told.
fn zone(live: &Live, response: &Response) -> Tz {
    let Origin::Surface { branch, .. } = &response.origin else { return live.config.settings.daemon.time_zone };
    live.config.branches.get(branch).map_or(live.config.settings.daemon.time_zone, |branch| branch.time_zone)
}

async fn each(core: &Core, mut act: impl FnMut(&Response)) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = core.store.responses_after(after, PAGE).await?;
        page.iter().for_each(&mut act);
        let Some(last) = page.last().filter(|_| page.len() == PAGE) else { return Ok(()) };
        after = Some(last.id);
    }
}
