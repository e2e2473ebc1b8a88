//! Mistakes in `places.toml`.

use super::*;
use crate::domain::language::Language;

#[test]
fn a_branch_is_checked() {
    let branch = |line: &str, expected: &str| {
        check("places.toml", &format!("{PLACES}{line}\n"), &[&format!("config/places.toml:{expected}")]);
    };
    branch(
        "titel = \"Sole\"",
        "3:1: branches.mitte.titel: `titel` is not a key of a branch, did you mean `title`? (its keys: country, \
         holidays, language, manager, open, per_day, sms_gateway, time_zone, title, touchpoints, weekend)",
    );
    branch(
        "country = \"Germany\"",
        "3:11: branches.mitte.country: `Germany` is not a country; write its two letters, such as `DE`",
    );
    branch(
        "holidays = [\"12-25\", \"25.12.\"]",
        "3:22: branches.mitte.holidays[1]: `25.12.` is no day: write a date such as 2026-12-25, a day of every year such \
         as 12-25, or one that moves with Easter such as easter+1",
    );
    branch(
        "weekend = \"Mon-Sun\"",
        "3:11: branches.mitte.weekend: a week has at least one day that is not of the weekend",
    );
    branch(
        "per_day = 0",
        "3:11: branches.mitte.per_day: a whole number from 1 to 1000000, or a table such as { all = 100, sms = 20 }, \
         belongs here, found the number 0",
    );
    branch(
        "per_day = { all = 10, sms = 20 }",
        "3:29: branches.mitte.per_day.sms: 20 a day would never be reached: `all` allows 10 on all channels together",
    );
    branch(
        "per_day = { mail = 10 }",
        "3:13: branches.mitte.per_day.mail: `mail` is not a key of `per_day`, did you mean `email`? (its keys: all, \
         email, sms)",
    );
    branch(
        "sms_gateway = \"kannel\"",
        "3:15: branches.mitte.sms_gateway: there is no gateway `kannel` (none is declared in [sms.gateways])",
    );
    branch(
        "manager = { name = \"A\", email = \"a.example\" }",
        "3:33: branches.mitte.manager.email: `a.example` does not work: an email address has a name, an `@` and a \
         domain",
    );
    branch(
        "open = { mon-fri = \"11-23\" }",
        "3:20: branches.mitte.open.mon-fri: `11` in `11-23` is no time of day: write 00:00 to 23:59, or 24:00 as the \
         end",
    );
    branch(
        "[branches.mitte.touchpoints]\n\"t-1\" = { title = \"T\", surface = \"card\", survey = \"tabel\" }",
        "4:51: branches.mitte.touchpoints.t-1.survey: there is no survey `tabel` (known: visit)",
    );
    branch(
        "[branches.mitte.touchpoints]\n\"t-3..t-1\" = { title = \"T\", surface = \"card\", survey = \"visit\" }",
        "4:14: branches.mitte.touchpoints.t-3..t-1: `t-3..t-1` is not a range; write one such as `table-01..table-12`",
    );
    branch(
        "[branches.mitte.touchpoints]\n\"t-1\" = { title = \"T\", surface = \"tablet\", survey = \"visit\" }",
        "4:34: branches.mitte.touchpoints.t-1.surface: `tablet` is not a surface; use `card`, `kiosk` or `web`",
    );
    check(
        "places.toml",
        "[branches.Mitte]\ntitle = \"Sole\"\n",
        &["config/places.toml:1:1: branches.Mitte: a branch id `Mitte` may not contain 'M'; use lower-case letters, \
             digits, `-` and `_`"],
    );
}

#[test]
fn a_range_of_touchpoints_becomes_as_many_with_numbered_titles() {
    let places = format!(
        "{PLACES}[branches.mitte.touchpoints]\n\"table-08..table-11\" = {{ title = {{ en = \"Table {{n}}\", de = \
         \"Tisch {{n}}\" }}, surface = \"card\", survey = \"visit\" }}\n"
    );
    let config = Sample::sound().with("places.toml", &places).load().unwrap().config;
    let touchpoints = &config.branches["mitte"].touchpoints;
    let german = Language::parse("de").unwrap();
    let named: Vec<_> = touchpoints
        .values()
        .map(|touchpoint| (touchpoint.id.as_str(), touchpoint.title.in_language(&german)))
        .collect();
    assert_eq!(
        named,
        [("table-08", "Tisch 8"), ("table-09", "Tisch 9"), ("table-10", "Tisch 10"), ("table-11", "Tisch 11")]
    );
}

#[test]
fn senders_of_letters_are_not_for_north_america() {
    let sample = Sample::sound()
        .and("canvass.toml", GATEWAY)
        .with("kannel.password", "hush")
        .and("places.toml", "country = \"us\"\nsms_gateway = \"kannel\"\n");
    assert_eq!(
        sample.problems(),
        "config/places.toml:3:11: branches.mitte.country: gateway `kannel` sends under a name, which networks in US \
         refuse; give this branch an `sms_gateway` that sends from a number"
    );
}
