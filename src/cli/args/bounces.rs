//! The words of `canvass bounces`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in super::super) enum BouncesCommand {
    /// Mails that came back and that nobody could read
    #[command(subcommand)]
    Unreadable(UnreadableCommand),
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum UnreadableCommand {
    /// List them: since when, how long, and why
    List,
    /// Print one as it came
    Show(UnreadableOne),
    /// Read them again, after an update; those that can be read by now are not kept any longer
    Retry(UnreadableSome),
    /// Remove them, once somebody has looked at them
    Remove(UnreadableSome),
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct UnreadableOne {
    /// The mail, as the list calls it
    pub(in super::super) id: String,
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct UnreadableSome {
    /// The mails, as the list calls them
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ID")]
    pub(in super::super) ids: Vec<String>,
    /// All of them
    #[arg(long)]
    pub(in super::super) all: bool,
}
