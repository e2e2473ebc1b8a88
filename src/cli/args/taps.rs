//! The words of `canvass taps`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in super::super) enum TapsCommand {
    /// List them, with what tells a scanner
    List(TapsList),
    /// Let them count as answers, where one rating was tapped
    Release(TapsRelease),
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct TapsList {
    /// Only those that stand so: `waiting` for a person, `suspect`, `answered` or `released`
    #[arg(long)]
    pub(in super::super) state: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct TapsRelease {
    /// Invitations, by their ids (`inv_…`)
    #[arg(required = true, value_name = "INVITATION")]
    pub(in super::super) ids: Vec<String>,
}
