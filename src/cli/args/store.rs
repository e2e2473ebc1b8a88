//! The words for the store itself.

use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(in super::super) struct BackupOptions {
    /// Where the backup goes; `-` writes it to standard output. It holds every address and the secret of all links, so it
    /// is for its owner's eyes only
    pub(in super::super) file: PathBuf,
}
