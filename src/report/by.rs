//! What a report is split by.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::tally::{Cell, SurfaceCell};
use crate::domain::journey::Channel;

/// A dimension that figures are split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The channel by which people were asked, or the surface at which they came by.
    Channel,
    /// The branch.
    Branch,
    /// The stage.
    Stage,
    /// The journey.
    Journey,
    /// The day of the cohort.
    Day,
    /// Its week after ISO 8601: `2026-W10`.
    Week,
    /// Its month: `2026-03`.
    Month,
}

/// The dimensions of a row with their values there; `None` where the case has none, such as a branch.
pub type Labels = Vec<(By, Option<String>)>;

/// The values of [`Labels`] while they are borrowed from the cells.
pub(super) type Values<'a> = Vec<Option<Cow<'a, str>>>;

/// Puts values under their dimensions.
pub(super) fn labels(by: &[By], values: Values<'_>) -> Labels {
    by.iter().copied().zip(values.into_iter().map(|value| value.map(Cow::into_owned))).collect()
}

/// Why a text is no list of dimensions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByError {
    /// Not a dimension.
    #[error("`{given}` is nothing to split by; use one or several of {}", accepted())]
    Unknown {
        /// The part that is wrong.
        given: String,
    },
    /// The same dimension twice.
    #[error("`{given}` is given twice")]
    Twice {
        /// The dimension.
        given: &'static str,
    },
}

fn accepted() -> String {
    By::ALL.map(By::as_str).join(",")
}

impl By {
    /// Every dimension.
    pub const ALL: [Self; 7] =
        [Self::Channel, Self::Branch, Self::Stage, Self::Journey, Self::Day, Self::Week, Self::Month];

    /// The word for it on the command line, in JSON and in CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Branch => "branch",
            Self::Stage => "stage",
            Self::Journey => "journey",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// Reads a list such as `channel,branch`. An error names what is wrong in it.
    pub fn parse_list(given: &str) -> Result<Vec<Self>, ByError> {
        let mut list = Vec::new();
        for part in given.split(',').map(str::trim) {
            let known = Self::ALL.into_iter().find(|by| by.as_str() == part);
            let by = known.ok_or_else(|| ByError::Unknown { given: part.escape_debug().to_string() })?;
            if list.contains(&by) {
                return Err(ByError::Twice { given: by.as_str() });
            }
            list.push(by);
        }
        Ok(list)
    }

    /// What a cohort of invitations is called in this dimension.
    pub(super) fn of_cell(self, cell: &Cell, channel: Option<Channel>) -> Option<Cow<'_, str>> {
        match self {
            Self::Channel => channel.map(|channel| channel.as_str().into()),
            Self::Branch => cell.branch.as_ref().map(|branch| branch.as_str().into()),
            Self::Stage => Some(cell.stage.as_str().into()),
            Self::Journey => Some(cell.journey.as_str().into()),
            Self::Day | Self::Week | Self::Month => self.of_day(cell.day).map(Cow::Owned),
        }
    }

    /// What visits are called in this dimension; `None` where they have no place in it.
    pub(super) fn of_surface(self, cell: &SurfaceCell) -> Option<Cow<'_, str>> {
        match self {
            Self::Branch => Some(cell.branch.as_str().into()),
            Self::Day | Self::Week | Self::Month => self.of_day(cell.day).map(Cow::Owned),
            Self::Channel | Self::Stage | Self::Journey => None,
        }
    }

    fn of_day(self, day: NaiveDate) -> Option<String> {
        match self {
            Self::Day => Some(day.to_string()),
            Self::Week => Some(day.format("%G-W%V").to_string()),
            Self::Month => Some(day.format("%Y-%m").to_string()),
            Self::Channel | Self::Branch | Self::Stage | Self::Journey => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_dimensions_reads_in_its_order() {
        assert_eq!(By::parse_list("channel, branch"), Ok(vec![By::Channel, By::Branch]));
        for by in By::ALL {
            assert_eq!(By::parse_list(by.as_str()), Ok(vec![by]));
        }
    }

    #[track_caller]
    fn check_refused(given: &str, expected: &str) {
        assert_eq!(By::parse_list(given).unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_bad_list_names_the_part_and_what_would_be_right() {
        let accepted = "use one or several of channel,branch,stage,journey,day,week,month";
        check_refused("channel,chanel", &format!("`chanel` is nothing to split by; {accepted}"));
        check_refused("", &format!("`` is nothing to split by; {accepted}"));
        check_refused("branch,", &format!("`` is nothing to split by; {accepted}"));
        check_refused("branch,branch", "`branch` is given twice");
    }

    #[test]
    fn a_week_at_the_turn_of_the_year_is_named_after_the_year_it_belongs_to() {
        let day = NaiveDate::from_ymd_opt(2027, 1, 1).unwrap();
        assert_eq!(By::Week.of_day(day).as_deref(), Some("2026-W53"));
        assert_eq!(By::Month.of_day(day).as_deref(), Some("2027-01"));
        assert_eq!(By::Day.of_day(day).as_deref(), Some("2027-01-01"));
    }
}
