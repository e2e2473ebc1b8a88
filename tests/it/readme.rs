//! The README's examples, run in order: `$ canvass …` must print what the README says it prints.
//!
//! `[..]` stands for any text in a line and a line of `...` for any lines; `? 1` is the exit code, where it is not 0.

use std::path::Path;

use super::binary::Installation;

struct Example {
    arguments: Vec<String>,
    code: i32,
    output: Vec<String>,
}

fn examples(readme: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let blocks = readme.split("```console\n").skip(1).map(|block| block.split("```").next().unwrap());
    for line in blocks.flat_map(str::lines) {
        if let Some(command) = line.strip_prefix("$ canvass ") {
            let arguments = command.split(' ').map(|word| word.trim_matches('\'').to_owned()).collect();
            examples.push(Example { arguments, code: 0, output: Vec::new() });
        } else if let Some(code) = line.strip_prefix("? ") {
            examples.last_mut().unwrap().code = code.parse().unwrap();
        } else {
            examples.last_mut().unwrap().output.push(line.to_owned());
        }
    }
    examples
}

fn line_matches(expected: &str, line: &str) -> bool {
    match expected.split_once("[..]") {
        None => expected == line,
        Some((start, end)) => line.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
    }
}

#[track_caller]
fn check_output(expected: &[String], printed: &str) {
    let lines: Vec<_> = printed.lines().collect();
    if expected == ["..."] {
        assert!(!lines.is_empty());
        return;
    }
    assert_eq!(expected.len(), lines.len(), "{printed}");
    for (expected, line) in expected.iter().zip(lines) {
        assert!(line_matches(expected, line), "expected {expected:?}, printed {line:?}");
    }
}

#[test]
fn the_examples_of_the_readme_print_what_it_says() {
    let installation = Installation::shipped();
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    for sample in ["guests.csv", "visits.jsonl"] {
        std::fs::copy(project.join("tests/sample").join(sample), installation.path(sample)).unwrap();
    }
    let examples = examples(&std::fs::read_to_string(project.join("README.md")).unwrap());
    assert!(examples.len() >= 6);
    for example in examples {
        let output = installation.plain().args(&example.arguments).output().unwrap();
        let printed = String::from_utf8([output.stderr, output.stdout].concat()).unwrap();
        assert_eq!(output.status.code(), Some(example.code), "{:?}: {printed}", example.arguments);
        check_output(&example.output, &printed);
    }
}
