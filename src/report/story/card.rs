//! The story of a card: where it lies, what it asks, whether it is in use, and how often its place was used lately.

use chrono_tz::Tz;

use super::words::{times, when};
use crate::domain::card::Card;
use crate::report::tally::SurfaceTally;

/// What is known of the place that a card lies at.
#[derive(Clone, Copy, Debug)]
pub struct CardPlace {
    /// The branch's time zone.
    pub zone: Tz,
    /// Whether the configuration still has the branch with its touchpoint.
    pub exists: bool,
    /// Whether the configuration still has the survey.
    pub has_survey: bool,
    /// Days that the counters are over.
    pub n_days: u64,
    /// The counters of the touchpoint, over all its cards.
    pub used: SurfaceTally,
}

/// What a card is, and below it how it stands.
pub fn card(card: &Card, place: &CardPlace) -> (String, Vec<String>) {
    let head = format!(
        "Card {} ({}), number {} of print run {}: {} at {}, asks the survey `{}`.",
        card.code.grouped(),
        card.id,
        card.serial,
        card.print_run,
        card.touchpoint,
        card.branch,
        card.survey
    );
    let mut lines = vec![format!("Made on {}.", when(card.made_at, place.zone))];
    lines.push(match card.revoked_at {
        Some(at) => format!("Put out of use on {}. Its page says so.", when(at, place.zone)),
        None if !place.exists => {
            format!("It leads nowhere: places.toml no longer has {} at {}.", card.touchpoint, card.branch)
        }
        None if !place.has_survey => format!("It leads nowhere: there is no survey `{}` any more.", card.survey),
        None => "In use.".to_owned(),
    });
    let SurfaceTally { sessions, complete, partial, flagged } = place.used;
    let in_part = if partial > 0 { format!(", {partial} of these in part") } else { String::new() };
    lines.push(format!(
        "In the last {} days the cards of {} were opened {} and answered {}{in_part}.",
        place.n_days,
        card.touchpoint,
        times(sessions),
        times(complete + partial)
    ));
    if flagged > 0 {
        lines.push(format!("Not counted in this: answers that are flagged, {flagged} of them."));
    }
    (head, lines)
}
