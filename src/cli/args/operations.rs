//! The words of those who keep the daemon going: what is unknown, what is asked again, what is held.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// Which messages are meant. Without any of these, all of them.
#[derive(Debug, Default, clap::Args)]
pub(in super::super) struct ScopeOptions {
    /// Only this journey's
    #[arg(long)]
    pub(in super::super) journey: Option<String>,
    /// Only this stage's
    #[arg(long)]
    pub(in super::super) stage: Option<String>,
    /// Only this branch's
    #[arg(long)]
    pub(in super::super) branch: Option<String>,
    /// Only those by this channel: email or sms
    #[arg(long)]
    pub(in super::super) channel: Option<String>,
}

impl ScopeOptions {
    /// The parts that are given, by name.
    pub(in super::super) fn given(&self) -> Vec<(&'static str, &str)> {
        let parts =
            [("journey", &self.journey), ("stage", &self.stage), ("branch", &self.branch), ("channel", &self.channel)];
        parts.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct PlanOptions {
    /// How many days to look ahead
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=92))]
    pub(in super::super) days: u16,
    /// Another configuration folder: say who would newly get, lose or move a survey if it were in force
    #[arg(long, value_name = "DIR")]
    pub(in super::super) against: Option<PathBuf>,
    /// As if `migrate-plans` moved all running invitations to that configuration, too
    #[arg(long, requires = "against")]
    pub(in super::super) migrate: bool,
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct MigrateOptions {
    #[command(flatten)]
    pub(in super::super) scope: ScopeOptions,
    /// Move them without first listing what would become of them
    #[arg(long)]
    pub(in super::super) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum UnknownCommand {
    /// List them, and what each waits for
    List(UnknownList),
    /// Send them once more, each under the number that it had, within its window and send hours
    Retry(UnknownRetry),
    /// Say what came of one: its line-up goes on from there
    Settle(UnknownSettle),
    /// Ask the SMS gateway what became of them, where it can be asked. Sends nothing
    Reconcile(UnknownRetry),
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct UnknownList {
    /// Only those whose outcome is unknown still
    #[arg(long)]
    pub(in super::super) open: bool,
    #[command(flatten)]
    pub(in super::super) scope: ScopeOptions,
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct UnknownRetry {
    /// The invitations (inv_…)
    #[arg(required_unless_present = "all", value_name = "ID")]
    pub(in super::super) ids: Vec<String>,
    /// All that wait for an operator
    #[arg(long, conflicts_with = "ids")]
    pub(in super::super) all: bool,
    #[command(flatten)]
    pub(in super::super) scope: ScopeOptions,
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct UnknownSettle {
    /// The invitation (inv_…)
    pub(in super::super) id: String,
    /// What came of the message
    #[arg(long = "as", value_enum)]
    pub(in super::super) found: Found,
    /// Which of its messages, where several are of unknown outcome
    #[arg(long, value_name = "NUMBER")]
    pub(in super::super) attempt: Option<u8>,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Found {
    /// The channel took it
    Accepted,
    /// The channel never took it
    Refused,
}

impl Found {
    /// The word for it in the API.
    pub(in super::super) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct RetryOptions {
    /// How they came to a stop
    #[arg(long, value_enum)]
    pub(in super::super) state: Stalled,
    #[command(flatten)]
    pub(in super::super) scope: ScopeOptions,
    /// Only those who stopped then or later: a time like 2026-03-01T12:00:00Z, or how long ago, like 2h
    #[arg(long, value_name = "TIME")]
    pub(in super::super) since: Option<String>,
    /// Say what would become of them, and change nothing
    #[arg(long)]
    pub(in super::super) dry_run: bool,
}

/// How an invitation came to a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Stalled {
    /// It ended, and no message was delivered: back to the first step that failed
    Undelivered,
    /// A message was refused and none was delivered so far, whether it ended or waits for a later step
    Refused,
    /// It is held, as the outcome of its message is unknown: sent once more under the same number
    Held,
    /// The channel asked to come again later: not later but now
    Deferred,
    /// It was decided not to ask, for a reason that may be gone by now
    Skipped,
}

impl Stalled {
    /// The word for it in the API.
    pub(in super::super) fn as_str(self) -> &'static str {
        match self {
            Self::Undelivered => "undelivered",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Deferred => "deferred",
            Self::Skipped => "skipped",
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in super::super) struct HoldOptions {
    #[command(subcommand)]
    pub(in super::super) command: Option<HoldCommand>,
    #[command(flatten)]
    pub(in super::super) scope: ScopeOptions,
    /// Why, for whoever asks later
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(in super::super) reason: String,
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum HoldCommand {
    /// List what is held, since when, by whom and why
    List,
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct ReleaseOptions {
    #[command(flatten)]
    pub(in super::super) scope: ScopeOptions,
    /// Every hold, whatever it holds
    #[arg(long, conflicts_with_all = ["journey", "stage", "branch", "channel"])]
    pub(in super::super) all: bool,
    /// Let them go without first listing what would go out
    #[arg(long)]
    pub(in super::super) yes: bool,
}
