//! What operators do by hand: through the same gate, and within the same window, as everything that goes by itself.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::super::StoreError;
use super::super::reads;
use super::super::view::{Reading, View};
use super::windows::Windows;
use super::{dispatch, invitations};
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Found, Invitation, LeftOut, Stalled};
use crate::domain::journey::Channel;
use crate::domain::operator::Operator;
use crate::domain::seal::Seal;
use crate::plan::Facts;
use crate::plan::gate::{GateRules, Pass, gate};

/// What an operator wants done, and to which invitations.
#[derive(Clone, Debug)]
pub struct Intervention {
    /// The invitations: no more than a unit of work should change.
    pub invitations: Vec<InvitationId>,
    /// What is to be done with each.
    pub wanted: Wanted,
    /// Who wants it.
    pub by: Operator,
    /// When.
    pub now: DateTime<Utc>,
    /// What the gate goes by.
    pub rules: Arc<GateRules>,
    /// Whether to say only what would become of them.
    pub dry_run: bool,
}

/// What an operator wants done with an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The message of unknown outcome is to be sent once more, under the same number.
    SendAgain,
    /// What came of the message of unknown outcome is known now.
    Settle {
        /// Which message, where several are of unknown outcome.
        attempt: Option<u8>,
        /// What came of it.
        found: Found,
    },
    /// What has come to a stop is to be asked again.
    AskAgain {
        /// How it came to a stop.
        how: Stalled,
        /// By which channel only.
        channel: Option<Channel>,
    },
}

/// What became of an invitation that an operator wanted something done with.
#[derive(Clone, Debug)]
pub struct Intervened {
    /// The invitation.
    pub id: InvitationId,
    /// How it stands then, or why it was left as it was.
    pub outcome: Result<Invitation, LeftOut>,
}

/// Does what is wanted with each invitation.
pub(in super::super) fn intervene(
    view: &mut View<'_>,
    seal: &Seal,
    request: &Intervention,
) -> Result<Vec<Intervened>, StoreError> {
    let (mut all, mut windows) = (Vec::with_capacity(request.invitations.len()), Windows::default());
    for id in &request.invitations {
        let outcome = match reads::invitation(view, id)? {
            Some(before) => {
                let outcome = decide(view, seal, request, &before)?;
                if let Ok(after) = &outcome {
                    invitations::put_with(view, Some(&before), after, &mut windows)?;
                }
                outcome
            }
            None => Err(LeftOut::NotThere),
        };
        all.push(Intervened { id: *id, outcome });
    }
    windows.write(view)?;
    Ok(all)
}

/// What [`intervene`] would say, changing nothing.
pub(in super::super) fn preview(
    db: &dyn Reading,
    seal: &Seal,
    request: &Intervention,
) -> Result<Vec<Intervened>, StoreError> {
    intervene(&mut View::of(db), seal, request)
}

fn decide(
    view: &View<'_>,
    seal: &Seal,
    request: &Intervention,
    before: &Invitation,
) -> Result<Result<Invitation, LeftOut>, StoreError> {
    let facts = reads::facts(view, seal, &before.contact)?;
    let zone = dispatch::zone_of(facts.contact.as_ref(), before);
    let (now, by) = (request.now, request.by.clone());
    Ok(match request.wanted {
        Wanted::SendAgain => before.clone().send_again(now, zone, by),
        Wanted::Settle { attempt, found } => before.clone().settle_unknown((attempt, found), now, (zone, by)),
        Wanted::AskAgain { how, channel } => ask_again(request, before, (how, channel), (&facts, zone)),
    })
}

/// Asks again with the first of the steps where it stopped that the gate does not object to.
fn ask_again(
    request: &Intervention,
    before: &Invitation,
    (how, channel): (Stalled, Option<Channel>),
    (facts, zone): (&Facts, Tz),
) -> Result<Invitation, LeftOut> {
    let stop = before.stalled(how, channel).ok_or(LeftOut::MovedOn)?;
    let mut objection = None;
    for step in stop.steps {
        let after = before.clone().ask_again(step, request.now, (zone, request.by.clone()))?;
        match gate(&request.rules, &after, facts, request.now) {
            Pass::Send | Pass::PutOff { .. } => return Ok(after),
            Pass::PassOver { reason } | Pass::Skip { reason } => objection = objection.or(Some(LeftOut::Gate(reason))),
        }
    }
    Err(objection.unwrap_or(LeftOut::MovedOn))
}
