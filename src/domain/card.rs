//! A card: one printed QR code.

use chrono::{DateTime, Utc};

use super::card_code::CardCode;
use super::id::{BranchId, CardId, SurveyId, TouchpointId};

/// One printed code. The code opens the survey; the id is what logs, exports and responses name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its id: the store's keyed hash of the code.
    pub id: CardId,
    /// What the QR symbol carries.
    pub code: CardCode,
    /// The branch it was printed for.
    pub branch: BranchId,
    /// The touchpoint it lies on.
    pub touchpoint: TouchpointId,
    /// What it asks.
    pub survey: SurveyId,
    /// Which order it was printed with.
    pub print_run: String,
    /// Its number in the print run, counted from 1; no secret.
    pub serial: u32,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it was put out of use.
    pub revoked_at: Option<DateTime<Utc>>,
}
