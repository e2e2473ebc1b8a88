//! `canvass check`, as operations meet it.

use std::process::Command;

use super::binary::Installation;

fn check(folder: &str, more: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_canvass"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["--config", folder, "check"]).args(more);
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_shipped_configuration_has_no_problem_and_its_tests_hold() {
    let output = Installation::shipped().run(&["check"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("no problems; 13 tests hold"), "{said}");
}

#[test]
fn twelve_mistakes_are_twelve_problems_each_with_its_place() {
    let (code, said) = check("tests/cmd/mistakes", &[]);
    assert_eq!(code, Some(78));
    let problems: Vec<_> = said.lines().collect();
    assert_eq!(problems.len(), 12, "{said}");
    for problem in &problems {
        let mut parts = problem.splitn(4, ':');
        assert!(parts.next().unwrap().starts_with("tests/cmd/mistakes/"), "{problem}");
        let [line, column] = [parts.next(), parts.next()].map(|part| part.unwrap().parse::<u32>().unwrap());
        assert!(line > 0 && column > 0, "{problem}");
    }
}

#[test]
fn the_same_problems_come_as_json() {
    let (code, said) = check("tests/cmd/mistakes", &["--format", "json"]);
    assert_eq!(code, Some(78));
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let problems = said["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 12);
    assert!(problems.iter().all(|problem| problem["line"].is_u64() && problem["message"].is_string()));
}

#[test]
fn a_test_block_that_does_not_hold_is_a_problem_at_its_place() {
    let installation = Installation::shipped();
    let journey = installation.path("config/journeys/dine-in.toml");
    let text = std::fs::read_to_string(&journey).unwrap();
    let wrong = text.replacen("at = \"2026-03-07T10:00:00+01:00\" }", "at = \"2026-03-07T11:00:00+01:00\" }", 1);
    assert_ne!(text, wrong);
    std::fs::write(&journey, wrong).unwrap();
    let output = installation.run(&["check"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(
        said.contains("journeys/dine-in.toml:") && said.contains("expected at 2026-03-07T10:00:00+00:00"),
        "{said}"
    );
}

#[test]
fn a_card_design_that_cannot_be_drawn_is_a_problem() {
    let installation = Installation::shipped();
    std::fs::create_dir_all(installation.path("config/design/card")).unwrap();
    installation.write("config/design/card/plain.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    let folder = installation.path("config/design");
    installation.write("config/canvass.d/60-design.toml", &format!("[daemon]\ntemplates = {folder:?}\n"));
    let output = installation.run(&["check"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("the card in en: "), "{said}");
}
