//! `places.toml`: branches and their touchpoints.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::domain::holidays::{HOLIDAYS_MAX, Holiday, Holidays};
use crate::domain::id::{BranchId, SurveyId, TouchpointId};
use crate::domain::language::{Language, Text};
use crate::domain::place::{Branch, DayCaps, Staff, Surface, Touchpoint};
use crate::domain::send_window::{DaySet, OpeningHours};

use super::node::{Content, Node, shown};
use super::reader::{Field, Reader};
use super::references::{Ledger, Target};
use super::values;

/// Most touchpoints of one branch.
pub(super) const TOUCHPOINTS_MAX: usize = 2_000;
/// How many people a branch may be said to ask on one day.
const PER_DAY: RangeInclusive<u32> = 1..=1_000_000;
/// Countries whose networks take no sender of letters.
const NO_LETTERS_IN: [&str; 2] = ["CA", "US"];

/// Reads the file.
pub(super) fn read(root: &Node, ledger: &Ledger<'_>) -> BTreeMap<BranchId, Branch> {
    let Some(mut root) = Reader::root(root, ledger.problems) else { return BTreeMap::new() };
    root.require("branches");
    let branches = root.field("branches", |field| field.entries(|name, field| branch(name, field, ledger)));
    root.finish("places.toml");
    branches.unwrap_or_default().into_iter().map(|branch| (branch.id.clone(), branch)).collect()
}

fn branch(name: &str, field: Field<'_, '_>, ledger: &Ledger<'_>) -> Option<Branch> {
    ledger.declare("branch", name, field.spot());
    let id = field.accept(BranchId::parse(name));
    let mut table = field.table()?;
    let title = table.required("title", values::line);
    let time_zone = table.or("time_zone", ledger.time_zone, values::time_zone);
    let language = table.or("language", ledger.language.clone(), values::parsed(Language::parse));
    let country = table.optional("country", country);
    let open = table.field("open", opening_hours).unwrap_or_else(always_open);
    let staff = table.table("manager").and_then(manager);
    let sms_gateway = table.optional("sms_gateway", values::line);
    if let Some(gateway) = &sms_gateway {
        ledger.refer(table.spot("sms_gateway"), Target::Gateway(gateway.clone()));
    }
    if let Some(country) = country.clone().filter(|country| NO_LETTERS_IN.contains(&country.as_str())) {
        ledger.refer(table.spot("country"), Target::LettersAllowedIn { country, gateway: sms_gateway.clone() });
    }
    let per_day = table.field("per_day", per_day).unwrap_or_default();
    let weekend = table.or("weekend", DaySet::SAT_SUN, weekend);
    let holidays = table.field("holidays", holidays).unwrap_or(Holidays::NONE);
    let touchpoints = table.field("touchpoints", |field| touchpoints(field, ledger)).unwrap_or_default();
    table.finish("a branch");
    Some(Branch {
        id: id?,
        title: title?,
        time_zone,
        language,
        country,
        open,
        staff,
        sms_gateway,
        per_day,
        weekend,
        holidays,
        touchpoints,
    })
}

fn country(node: &Node) -> Result<String, String> {
    let given = values::text(node)?;
    let code = given.to_ascii_uppercase();
    match code.parse::<phonenumber::country::Id>() {
        Ok(_) => Ok(code),
        Err(_) => Err(format!("`{}` is not a country; write its two letters, such as `DE`", shown(&given))),
    }
}

/// Each entry on its own, so that a mistake is reported where it stands.
fn opening_hours(field: Field<'_, '_>) -> Option<OpeningHours> {
    let entries = field.entries(|days, field| {
        let hours = field.read(values::line)?;
        field.accept(OpeningHours::parse([(days, hours.as_str())])).map(|_| (days, hours))
    })?;
    field.accept(OpeningHours::parse(entries.iter().map(|(days, hours)| (*days, hours.as_str()))))
}

fn weekend(node: &Node) -> Result<DaySet, String> {
    let days = values::parsed(DaySet::parse)(node)?;
    days.others().map(|_| days).ok_or_else(|| "a week has at least one day that is not of the weekend".to_owned())
}

/// `["2026-12-24", "12-25", "easter+1"]`.
pub(super) fn holidays(field: Field<'_, '_>) -> Option<Holidays> {
    let days = field.list(|day| day.read(values::parsed(Holiday::parse)))?;
    if days.len() > HOLIDAYS_MAX {
        return field.wrong(format!("{} holidays are too many; at most {HOLIDAYS_MAX} are kept", days.len()));
    }
    Some(days.into_iter().collect())
}

/// `per_day = 100` for all channels together, or `{ all = 100, email = 80, sms = 40 }`.
fn per_day(field: Field<'_, '_>) -> Option<DayCaps> {
    if !matches!(field.node.content, Content::Table(_)) {
        let what = "a whole number from 1 to 1000000, or a table such as { all = 100, sms = 20 },";
        let wrong = |_| format!("{what} belongs here, found {}", field.node.describe());
        let all = field.read(|node| values::whole(PER_DAY)(node).map_err(wrong))?;
        return Some(DayCaps { all: Some(all), ..DayCaps::NONE });
    }
    let mut table = field.table()?;
    let all = table.optional("all", values::whole(PER_DAY));
    let mut of_channel = |key| {
        let cap = table.optional(key, values::whole(PER_DAY))?;
        let out_of_reach = all.filter(|all| *all < cap);
        out_of_reach.map_or(Some(cap), |all| {
            table.wrong(key, format!("{cap} a day would never be reached: `all` allows {all} on all channels together"))
        })
    };
    let (email, sms) = (of_channel("email"), of_channel("sms"));
    table.finish("`per_day`");
    Some(DayCaps { all, email, sms })
}

fn always_open() -> OpeningHours {
    OpeningHours::parse([("mon-sun", "00:00-24:00")]).unwrap_or_default()
}

fn manager(mut table: Reader<'_>) -> Option<Staff> {
    let name = table.required("name", values::line);
    let email = table.required("email", values::email);
    table.finish("a manager");
    Some(Staff { name: name?, email: email? })
}

fn touchpoints(field: Field<'_, '_>, ledger: &Ledger<'_>) -> Option<BTreeMap<TouchpointId, Touchpoint>> {
    let mut touchpoints = BTreeMap::new();
    field.entries(|name, field| {
        for touchpoint in touchpoint(name, field, ledger)? {
            let id = touchpoint.id.clone();
            if touchpoints.insert(id.clone(), touchpoint).is_some() {
                field.wrong::<()>(format!("there is a touchpoint `{id}` already in this branch"));
            }
        }
        Some(())
    });
    if touchpoints.len() > TOUCHPOINTS_MAX {
        return field
            .wrong(format!("{} touchpoints are too many; a branch has at most {TOUCHPOINTS_MAX}", touchpoints.len()));
    }
    Some(touchpoints)
}

/// One touchpoint, or the many of a range such as `table-01..table-12`.
fn touchpoint(name: &str, field: Field<'_, '_>, ledger: &Ledger<'_>) -> Option<Vec<Touchpoint>> {
    let names = field.accept(names(name));
    let mut table = field.table()?;
    table.require("title");
    let title = table.field("title", |field| ledger.words().text(field));
    let surface = table.required("surface", surface);
    let survey = table.required("survey", values::parsed(SurveyId::parse));
    if let Some(survey) = &survey {
        ledger.refer(table.spot("survey"), Target::Survey(survey.clone()));
    }
    table.finish("a touchpoint");
    let (title, surface, survey) = (title?, surface?, survey?);
    let touchpoint = |(id, number): (TouchpointId, Option<u32>)| Touchpoint {
        id,
        title: number.map_or_else(|| title.clone(), |number| numbered(&title, number)),
        surface,
        survey: survey.clone(),
    };
    Some(names?.into_iter().map(touchpoint).collect())
}

/// The word for a surface.
pub(super) fn surface(node: &Node) -> Result<Surface, String> {
    values::one_of("a surface", &Surface::ALL.map(|surface| (surface.as_str(), surface)))(node)
}

/// The ids that a key stands for; those of a range with their numbers.
fn names(key: &str) -> Result<Vec<(TouchpointId, Option<u32>)>, String> {
    let id = |text: &str| TouchpointId::parse(text).map_err(|error| error.to_string());
    let Some((first, last)) = key.split_once("..") else { return Ok(vec![(id(key)?, None)]) };
    let bad = || format!("`{}` is not a range; write one such as `table-01..table-12`", shown(key));
    let (prefix, digits) = split_number(first);
    let (prefix_of_last, digits_of_last) = split_number(last);
    let (from, to) = (digits.parse::<u32>().map_err(|_| bad())?, digits_of_last.parse::<u32>().map_err(|_| bad())?);
    if prefix != prefix_of_last || from > to {
        return Err(bad());
    }
    if (to - from) as usize >= TOUCHPOINTS_MAX {
        return Err(format!("`{}` are too many; a branch has at most {TOUCHPOINTS_MAX} touchpoints", shown(key)));
    }
    let width = digits.len();
    (from..=to).map(|number| Ok((id(&format!("{prefix}{number:0width$}"))?, Some(number)))).collect()
}

/// A name and the digits at its end.
fn split_number(name: &str) -> (&str, &str) {
    name.split_at(name.trim_end_matches(|letter: char| letter.is_ascii_digit()).len())
}

/// The title with the number in the place of `{n}`.
fn numbered(title: &Text, number: u32) -> Text {
    let translations =
        title.translations().map(|(language, text)| (language.clone(), text.replace("{n}", &number.to_string())));
    Text::of(translations.collect()).unwrap_or_else(|| title.clone())
}
