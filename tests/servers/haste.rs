//! A daemon whose clock runs faster than the day, for what takes hours.
//!
//! The library `libfaketime` is loaded into it and answers what the kernel is asked for; everything else is as it was. So
//! all its time limits are shorter by the same factor.

use std::{fs, path::PathBuf, process::Command};

use crate::{process, product::Installation};

/// The daemon of this installation, which lives through so many seconds in one. Not by the wrapper that comes with the
/// library: it starts another process, which outlives it.
pub(crate) fn hurried(installation: &Installation, factor: u32) -> Command {
    let mut command = installation.command();
    command.arg("run").env("LD_PRELOAD", library()).env("FAKETIME", format!("+0 x{factor}"));
    command
}

/// The library lies in a folder that is named for the machine's architecture.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("no libfaketime: apt-get install {}", process::PACKAGES))
}
