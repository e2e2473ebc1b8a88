//! The words of `canvass flags`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in super::super) enum FlagsCommand {
    /// List flagged answers, counted by place and flag
    List(FlagsOptions),
    /// Let flagged answers count: somebody looked at them, and they are honest
    Clear(FlagsMark),
    /// Take back that flagged answers count
    Restore(FlagsMark),
    /// Flag answers by hand, so that they count no more
    Set(FlagsSet),
}

/// Which answers. All that is given must hold.
#[derive(Debug, clap::Args)]
pub(in super::super) struct FlagsOptions {
    /// Only those flagged so: `network_burst`, `code_burst`, `same_device`, `hasty`, `honeypot`, `closed`, `test` or `staff`
    #[arg(long)]
    flag: Option<String>,
    /// Only this branch's
    #[arg(long)]
    branch: Option<String>,
    /// Only this touchpoint's
    #[arg(long)]
    touchpoint: Option<String>,
    /// Only this card's, by its id (`crd_…`)
    #[arg(long, value_name = "ID")]
    card: Option<String>,
    /// Only this kiosk's, by its id (`kio_…`)
    #[arg(long, value_name = "ID", conflicts_with = "card")]
    kiosk: Option<String>,
    /// Only those that came then or later: a time like 2026-03-01T12:00:00Z, or how long ago, like 2h
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only those that came before then
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl FlagsOptions {
    /// What was given, by name.
    pub(in super::super) fn given(&self) -> Vec<(&'static str, &str)> {
        let options = [
            ("flag", &self.flag),
            ("branch", &self.branch),
            ("touchpoint", &self.touchpoint),
            ("card", &self.card),
            ("kiosk", &self.kiosk),
            ("from", &self.from),
            ("to", &self.to),
        ];
        options.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct FlagsMark {
    #[command(flatten)]
    pub(in super::super) which: FlagsOptions,
    /// Do not ask
    #[arg(long)]
    pub(in super::super) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(in super::super) struct FlagsSet {
    /// With which flag: `test` or `staff`, or another of `canvass flags list`
    pub(in super::super) with: String,
    #[command(flatten)]
    pub(in super::super) mark: FlagsMark,
}
