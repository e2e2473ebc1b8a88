//! The direction of dependencies and the size of files, as tests: prose drifts, these do not.

use std::fs;
use std::path::{Path, PathBuf};

/// Longest source file, in lines.
const LINES_MAX: usize = 400;

fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!files.is_empty(), "{} has no source", folder.display());
    files
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Rooms from the top to the bottom; those on one line may use each other.
const TIERS: [&[&str]; 6] = [
    &["cli"],
    &["demo"],
    &["daemon", "web"],
    &["render", "cards", "store", "channel", "config", "catcher"],
    &["plan", "score", "report", "receipt"],
    &["domain"],
];

#[test]
fn no_room_uses_one_above_it() {
    for (tier, rooms) in TIERS.iter().enumerate() {
        for room in *rooms {
            for (file, text) in rust_files(&source().join(room)) {
                for above in TIERS[..tier].iter().copied().flatten() {
                    let word = format!("crate::{above}");
                    let used = text.lines().any(|line| {
                        line.split(&word)
                            .skip(1)
                            .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
                    });
                    assert!(!used, "{} must not use `{word}`", file.display());
                }
            }
        }
    }
}

#[test]
fn pure_rooms_do_no_input_or_output() {
    let words = [
        "tokio",
        "axum",
        "sled",
        "reqwest",
        "lettre",
        "async fn",
        "std::fs",
        "std::net",
        "crate::clock",
        "crate::entropy",
    ];
    for room in ["domain", "plan", "score", "report", "receipt"] {
        for (file, text) in rust_files(&source().join(room)) {
            let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            for word in words {
                assert!(!code.iter().any(|line| line.contains(word)), "{} must not mention `{word}`", file.display());
            }
        }
    }
}

#[test]
fn only_the_dispatcher_sends() {
    for (file, text) in rust_files(&source()) {
        let name = file.strip_prefix(source()).unwrap().display().to_string();
        let is_transport = name.starts_with("channel");
        let is_dispatcher = name == "daemon/dispatcher.rs";
        assert!(!text.contains("transport.send(") || is_dispatcher || is_transport, "{name} sends");
    }
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for (file, text) in rust_files(&source()).into_iter().chain(rust_files(&tests)) {
        let n = text.lines().count();
        assert!(n <= LINES_MAX, "{} has {n} lines; split it by subject", file.display());
    }
}
