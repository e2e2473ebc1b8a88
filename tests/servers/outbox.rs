//! Mail that was written into files instead of being sent.

use std::fs;

use crate::{product::Installation, wait};

/// The mails in the outbox, in the order of their names, as soon as there are so many.
#[track_caller]
pub(crate) fn wait_for_mails(installation: &Installation, n: usize) -> Vec<Vec<u8>> {
    wait::until(&format!("{n} mails in the outbox"), || {
        // The folder comes into being with the daemon. A file is moved into it when it is whole.
        let entries = fs::read_dir(installation.path("state/outbox")).ok()?;
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
        files.sort();
        (n <= files.len()).then(|| files.iter().map(|file| fs::read(file).unwrap()).collect())
    })
}
