use std::fs;
use std::path::Path;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

fn english() -> &'static str {
    built_in::ENGLISH.2
}

#[track_caller]
fn check_error(files: &[(&str, &str)], expected: &str) {
    let dir = folder(files);
    let error = Templates::with_overrides(dir.path()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

/// Renders every sample, as the check at start does.
fn problems(templates: &Templates) -> Vec<String> {
    let worst = WorstCase {
        business: "A",
        survey_url: "https://a",
        stop: &Stop::Reply,
        replies: false,
        segments: &|_| (1, Vec::new()),
    };
    templates.check([], &worst).iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_of_the_same_name_takes_the_place_of_the_built_in_one() {
    let dir = folder(&[("sms/invitation.txt", "{{ question }} {{ url }}"), ("sms/.swp", ""), ("card/any.svg", "")]);
    let templates = Templates::with_overrides(dir.path()).unwrap();
    let sms = SmsContext::samples(&language("en")).remove(0);
    assert_eq!(sms.render(&templates).unwrap(), format!("{} {}", sms.question, sms.url));
    assert_eq!(problems(&templates), [""; 0]);
}

#[test]
fn an_empty_folder_changes_nothing() {
    let dir = folder(&[]);
    let templates = Templates::with_overrides(dir.path()).unwrap();
    let page = NotFoundPage { language: language("de") };
    assert_eq!(page.render(&templates).unwrap(), page.render(&Templates::built_in()).unwrap());
}

#[test]
fn a_language_can_be_added_and_changed() {
    let danish = english().replace("\"English\"", "\"Dansk\"").replace("There is nothing here", "Her er ikke 'noget'");
    let changed = english().replace("There is nothing here", "Nothing here");
    let dir = folder(&[("language/da.toml", &danish), ("language/en.toml", &changed)]);
    let templates = Templates::with_overrides(dir.path()).unwrap();
    assert!(templates.languages().any(|language| language.as_str() == "da"));
    assert_eq!(templates.language_name(&language("da")), "Dansk");
    assert_eq!(templates.language_name(&language("fi")), "fi");
    let html = |tag| NotFoundPage { language: language(tag) }.render(&templates).unwrap().html;
    assert!(html("da-DK").contains("<h1>Her er ikke &#39;noget&#39;</h1>"));
    assert!(html("fi").contains("<h1>Nothing here</h1>"));
}

#[test]
fn a_broken_file_is_named_with_its_line() {
    check_error(
        &[("sms/invitation.txt", "{{ business }}\n{% if url %}\n{{ url }\n")],
        "sms/invitation.txt, line 3: syntax error: unexpected `}`, expected end of variable block",
    );
    check_error(
        &[("language/fr.toml", &english().replace("name = \"English\"", "extra = \"x\"").replacen("# ", "#\n# ", 1))],
        "language/fr.toml, line 4: unknown field `extra`, expected one of `name`, `date`, `months`, `comma`, `scale`, `survey`, \
         `thanks`, `unsubscribe`, `unsubscribed`, `gone`, `not_found`, `error`, `mail`, `sms`, `card`",
    );
    check_error(&[("language/fr.toml", "name = \"Français\"")], "language/fr.toml, line 1: missing field `date`");
    check_error(&[("language/french.toml", english())], "language/french.toml is not named after a language");
    check_error(
        &[("mail/invite.html", "")],
        "mail/invite.html is no template of canvass; did you mean mail/invitation.html",
    );
    check_error(
        &[("page/base.css", &" ".repeat(256 * 1024 + 1))],
        "page/base.css has 262145 bytes, a template has at most 262144",
    );
}

#[test]
fn a_missing_folder_is_named() {
    let error = Templates::with_overrides(Path::new("/nowhere/templates")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read /nowhere/templates");
}

#[test]
fn the_check_finds_what_only_rendering_shows() {
    let words = english().replace("Reminder: {title}", "Reminder: {titel}").replace("Hello {name},", "Hello {nom},");
    let dir = folder(&[
        ("page/thanks.html", "{{ title }}\n\n{{ titel }}"),
        ("page/head.html", "\n{{ nobody.there }}"),
        ("language/en.toml", &words),
    ]);
    let templates = Templates::with_overrides(dir.path()).unwrap();
    let problems = problems(&templates);
    let expected = [
        "page/thanks.html, line 3: undefined value",
        "page/head.html, line 2: undefined value",
        "a word of the interface asks for `{nom}`, which is not filled in there: Hello {nom},",
        "mail/invitation.subject.txt, line 1: invalid operation: `Reminder: {titel}` needs a value for `{titel}`",
    ];
    for expected in expected {
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{expected} is not in {problems:#?}");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}
