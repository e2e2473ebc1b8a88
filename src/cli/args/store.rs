//! The words for the store itself.

use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(in super::super) struct BackupOptions {
    /// Where the backup goes; `-` writes it to standard output. It holds every address and the secret of all links, so it
    /// is for its owner's eyes only
    pub(in super::super) file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct RestoreOptions {
    /// The backup; `-` reads standard input
    pub(in super::super) file: PathBuf,
    /// Put it in the place of a store that is not empty, which is lost
    #[arg(long)]
    pub(in super::super) force: bool,
    /// Restore into this state folder instead of the configured one
    #[arg(long, value_name = "DIR")]
    pub(in super::super) state_dir: Option<PathBuf>,
}
