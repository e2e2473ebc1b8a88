//! Problems that concern whole files, and what all problems have in common.

use proptest::prelude::*;

use super::*;
use crate::config::shipped::SHIPPED;

/// The shipped files, with a piece of one of them cut out or put in once more.
fn spoiled() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    (any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), 1..40_usize, any::<bool>()).prop_map(
        |(file, from, n_chars, twice)| {
            let mut files: Vec<_> = SHIPPED.files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
            let (_, text) = file.get_mut(&mut files);
            let letters: Vec<char> = text.chars().collect();
            let from = from.index(letters.len());
            let piece = letters.iter().skip(from).take(n_chars).filter(|_| twice);
            let (before, after) = letters.split_at(if twice { from } else { (from + n_chars).min(letters.len()) });
            let before = before.iter().take(from);
            *text = before.chain(piece).chain(after).collect();
            files
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_spoiled_file_has_a_problem_or_is_read_whole(files in spoiled()) {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        match load_from(&InMemory { name: "config", files: &files }, &BTreeMap::new(), now()) {
            Ok(loaded) => {
                prop_assert_eq!(loaded.config.surveys.len(), 5);
                prop_assert_eq!(loaded.config.journeys.len(), 3);
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                prop_assert!(problems.iter().all(|problem| problem.place.line > 0), "{:?}", problems);
            }
        }
    }
}

#[test]
fn a_sound_configuration_has_no_problem() {
    assert_eq!(Sample::sound().problems(), "none");
}

#[test]
fn syntax_errors_of_all_files_are_told_at_once() {
    let sample =
        Sample::sound().with("places.toml", "[branches.mitte\n").with("surveys/visit.toml", "id = \n[x]\ny = 1 2\n");
    let problems = sample.problems();
    let lines: Vec<_> = problems.lines().map(|line| line.split(" this is not TOML").next().unwrap()).collect();
    assert_eq!(
        lines,
        ["config/places.toml:1:16:", "config/surveys/visit.toml:1:6:", "config/surveys/visit.toml:3:5:"],
        "{problems}"
    );
}

#[test]
fn missing_files_and_folders_are_told() {
    let sample = Sample::sound().without("canvass.toml").without("places.toml").without("surveys/visit.toml");
    assert_eq!(
        sample.problems(),
        "config/canvass.toml: there is no such file\n\
         config/places.toml: there is no such file\n\
         config/surveys: there is no file surveys/*.toml"
    );
    let nowhere = load(std::path::Path::new("/nonexistent/canvass"), &BTreeMap::new(), now()).unwrap_err();
    assert_eq!(
        nowhere[0].to_string(),
        "/nonexistent/canvass: there is no such folder; name the folder that holds canvass.toml with --config"
    );
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let problems = Sample::sound().and("places.toml", &"#".repeat(FILE_BYTES_MAX)).problems();
    assert_eq!(problems, "config/places.toml: this file is larger than 1048576 bytes");
}

#[test]
fn ids_are_unique_and_both_places_are_named() {
    let sample = Sample::sound().with("surveys/a.toml", SURVEY).with("journeys/a.toml", JOURNEY);
    assert_eq!(
        sample.problems(),
        "config/journeys/dine-in.toml:2:6: journey.id: there is a journey `dine-in` already, at \
         config/journeys/a.toml:2:6\n\
         config/journeys/dine-in.toml:5:6: stage.visit.id: there is a stage `dine-in/visit` already, at \
         config/journeys/a.toml:5:6\n\
         config/surveys/visit.toml:2:6: survey.id: there is a survey `visit` already, at config/surveys/a.toml:2:6"
    );
}

#[test]
fn a_problem_is_json_as_well() {
    let problems = Sample::sound().without("places.toml").load().unwrap_err();
    assert_eq!(
        serde_json::to_string(&problems).unwrap(),
        r#"[{"file":"config/places.toml","line":0,"column":0,"key":"","message":"there is no such file"}]"#
    );
}

#[test]
fn a_folder_with_twelve_mistakes_has_twelve_problems() {
    let problems = load(std::path::Path::new("tests/cmd/mistakes"), &BTreeMap::new(), now()).unwrap_err();
    let expected = [
        "canvass.d/10-site.toml:2:7: email.smtp.tls: mail to `mail.sole.example` would cross",
        "canvass.d/10-site.toml:4:2: deamon: `deamon` is not a key of canvass.toml, did you mean `daemon`?",
        "canvass.toml:3:7: public.url: `https://s.sole.example/` must not end with a slash",
        "canvass.toml:6:10: admin.listen: `0.0.0.0:8081` can be reached from other machines",
        "canvass.toml:14:12: email.smtp.password: a secret may not stand in the configuration",
        "journeys/dine-in.toml:11:15: stage.visit.line_up[1].channel: `sms` is not set up",
        "journeys/regulars.toml:8:15: stage.loyalty.on.cron: `0 9 30 2 *` never fires",
        "places.toml:3:20: branches.mitte.open.mon-fri: `11` in `11-23` is no time of day",
        "places.toml:6:74: branches.mitte.touchpoints.table-01..table-12.survey: there is no survey `tabel`",
        "surveys/table.toml:1:1: survey: no question of `table` has `key = true`",
        "surveys/visit.toml:8:9: question.overall.scale: 1 to 6 is not a scale of this kind",
        "surveys/visit.toml:16:8: question.why.text: the translation into de is missing",
    ];
    for (problem, expected) in problems.iter().zip(expected) {
        let problem = problem.to_string();
        assert!(problem.starts_with(&format!("tests/cmd/mistakes/{expected}")), "{problem}\n{expected}");
    }
    assert_eq!(problems.len(), 12);
}
