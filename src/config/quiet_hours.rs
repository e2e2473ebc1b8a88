//! `[quiet_hours]`: the hours of messages by the country of the recipient.
//!
//! Those of text messages come with the program, as data with a date: `quiet_hours/built_in.toml`. What operations write
//! takes the place of the built-in hours, country by country.

use std::sync::Arc;

use crate::domain::country::Country;
use crate::domain::holidays::Holidays;
use crate::domain::openings::all_open;
use crate::domain::quiet_hours::{HoursByCountry, NationalHours, QuietHours};

use chrono::{DateTime, TimeDelta, Utc};

use super::node;
use super::problem::Problems;
use super::reader::{Field, Reader};
use super::{line_up, places, values};

const BUILT_IN: &str = include_str!("quiet_hours/built_in.toml");
/// The word for every country without hours of its own.
const OTHER: &str = "other";
/// Hours that do not meet within this never do.
pub(super) const SEARCH: TimeDelta = TimeDelta::days(30);

/// Reads the section.
pub(super) fn read(mut section: Reader<'_>, now: DateTime<Utc>, problems: &Problems) -> QuietHours {
    let defaults = section.or("defaults", true, values::flag);
    let mut hours = if defaults { built_in(now, problems) } else { QuietHours::default() };
    channels(&mut section, &mut hours, now);
    section.finish("[quiet_hours]");
    hours
}

fn built_in(now: DateTime<Utc>, problems: &Problems) -> QuietHours {
    let mut hours = QuietHours::default();
    match node::parse(&Arc::from("the built-in quiet hours"), BUILT_IN) {
        Ok(root) => {
            if let Some(mut root) = Reader::root(&root, problems) {
                channels(&mut root, &mut hours, now);
                root.finish("the built-in quiet hours");
            }
        }
        Err(wrong) => wrong.into_iter().for_each(|problem| problems.report(problem)),
    }
    hours
}

fn channels(table: &mut Reader<'_>, hours: &mut QuietHours, now: DateTime<Utc>) {
    table.field("email", |field| by_country(field, &mut hours.email, now));
    table.field("sms", |field| by_country(field, &mut hours.sms, now));
}

fn by_country(field: Field<'_, '_>, hours: &mut HoursByCountry, now: DateTime<Utc>) -> Option<()> {
    field.entries(|letters, field| {
        let country = if letters == OTHER { None } else { Some(field.accept(Country::parse(letters))?) };
        let national = national(field)?;
        match country {
            None => hours.other = Some(national),
            Some(country) => {
                check_zones(field, (country, &national), now);
                hours.countries.insert(country, national);
            }
        }
        Some(())
    })?;
    Some(())
}

/// Reads `{ between = "08:00-22:00", days = "Mon-Sat", holidays = ["12-25"] }`.
fn national(field: Field<'_, '_>) -> Option<NationalHours> {
    let mut table = field.table()?;
    if !table.has("between") && !table.has("days") && !table.has("holidays") {
        field.wrong::<()>(
            "say when messages may be sent: { between = \"08:00-20:00\" }, with \"00:00-24:00\" for always",
        );
    }
    let window = line_up::window(&mut table);
    let holidays = table.field("holidays", places::holidays).unwrap_or(Holidays::NONE);
    table.finish("the hours of a country");
    Some(NationalHours { window: window?, holidays })
}

/// Who is in a country, nobody knows in which of its zones, can be written to only when it is open in all of them.
fn check_zones(field: Field<'_, '_>, (country, national): (Country, &NationalHours), now: DateTime<Utc>) {
    let openings: Vec<_> = national.in_all(country.zones()).collect();
    let end = now + SEARCH;
    if all_open(&openings, now, end).is_none_or(|at| end <= at) {
        field.wrong::<()>(format!(
            "these hours are never open in all zones of {country} at once, so nobody there could be written to whose zone \
             is not known; make them longer"
        ));
    }
}
