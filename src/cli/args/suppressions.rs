//! The words of `canvass suppressions`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in super::super) enum SuppressionsCommand {
    /// List them: why, who said so, since when, and whose they are; the addresses themselves are not kept
    List,
    /// Put addresses on the list
    Import(SuppressionsImport),
    /// Take an address off the list; whoever has it is as if they had never said whether they agree
    Remove(SuppressionsRemove),
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct SuppressionsImport {
    /// The file, with a mail address or a telephone number in international form on each line. `-` reads standard input
    pub(in super::super) file: PathBuf,
    /// Where they come from, for whoever asks later
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub(in super::super) source: String,
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct SuppressionsRemove {
    /// The mail address, or the telephone number in international form
    pub(in super::super) address: String,
}
