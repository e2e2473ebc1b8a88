//! The command line's words. They are an interface: others script against them.

mod bounces;
mod flags;
mod operations;
mod store;
mod suppressions;
mod taps;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub(super) use bounces::{BouncesCommand, UnreadableCommand, UnreadableOne, UnreadableSome};
pub(super) use flags::{FlagsCommand, FlagsMark, FlagsOptions};
pub(super) use operations::{
    HoldCommand, HoldOptions, MigrateOptions, PlanOptions, ReleaseOptions, RetryOptions, ScopeOptions, UnknownCommand,
    UnknownList, UnknownRetry, UnknownSettle,
};
pub(super) use store::{BackupOptions, RestoreOptions};
pub(super) use suppressions::{SuppressionsCommand, SuppressionsImport, SuppressionsRemove};
pub(super) use taps::{TapsCommand, TapsList, TapsRelease};

/// Asks customers how it went, at each stage of their journey, and brings the answer to somebody who can act.
#[derive(Debug, Parser)]
#[command(name = "canvass", version, about, disable_help_subcommand = true)]
pub(super) struct Args {
    /// The configuration folder [default: config, then /etc/canvass]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) config: Option<PathBuf>,
    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// Comma-separated values with a header row
    Csv,
}

impl Format {
    /// The word for it in a query.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the whole product on this machine, with sample restaurants and nothing else installed
    Demo(DemoOptions),
    /// Run the daemon
    Run,
    /// Print all problems of the configuration, and run its [[test]] blocks
    Check(CheckOptions),
    /// Look at the mail server, the sender's DNS records, gateways, the public address, clock and disk, and say what to do;
    /// sends nothing
    Doctor(DoctorOptions),
    /// Print the DNS records that receivers check signatures with, one for each key of [email.dkim]
    Dkim,
    /// Say what would be sent in the days to come, and why something would not; sends nothing and changes nothing
    Plan(PlanOptions),
    /// Move running invitations to the configuration in force. Lists what would become of them, and asks, unless --yes is
    /// given
    MigratePlans(MigrateOptions),
    /// Bring contacts in
    #[command(subcommand)]
    Contacts(ContactsCommand),
    /// Bring events in
    #[command(subcommand)]
    Events(EventsCommand),
    /// Tell the story of a contact, an invitation, an event or a card, with the reasons
    Why(WhyOptions),
    /// Print cards, list them, put them out of use
    #[command(subcommand)]
    Cards(CardsCommand),
    /// Print figures
    #[command(subcommand)]
    Report(ReportCommand),
    /// Say how things stand, the most alarming first: what is due, how fast it leaves, what stands in the way
    Status,
    /// List the SMS gateways, and the address where each brings what telephones say
    Gateways,
    /// Hold messages back, from the very next one on: everything, or those of a journey, a stage, a branch, a channel
    Hold(HoldOptions),
    /// Let go what is held. Lists what would go out, and asks, unless --yes is given
    Release(ReleaseOptions),
    /// Take a backup of everything, while the daemon goes on
    Backup(BackupOptions),
    /// Put the store of a backup in place, everything in it held; no daemon may run on it
    Restore(RestoreOptions),
    /// Give back the room on disk that the store has no use for, while the daemon goes on
    Compact,
    /// Ask those again who came to a stop, through the gate and within their windows
    Retry(RetryOptions),
    /// Messages of which nobody can say whether they left
    #[command(subcommand)]
    Unknown(UnknownCommand),
    /// Take in a mail that came back, from standard input: for the pipe of a mail server
    ReceiveBounce(ReceiveBounceOptions),
    /// What came back by mail
    #[command(subcommand)]
    Bounces(BouncesCommand),
    /// Ratings in mails whose links were followed, of stages with `one_tap = "provisional"`; they count nowhere until a
    /// person is seen
    #[command(subcommand)]
    Taps(TapsCommand),
    /// Answers at cards, kiosks and links that may not be what they seem, and so count in no rate
    #[command(subcommand)]
    Flags(FlagsCommand),
    /// Addresses that nothing is sent to any more
    #[command(subcommand)]
    Suppressions(SuppressionsCommand),
}

#[derive(Debug, clap::Args)]
pub(super) struct ReceiveBounceOptions {
    /// The envelope recipient; Postfix has it as `${recipient}`
    #[arg(long, value_name = "ADDRESS")]
    pub(super) recipient: Option<String>,
    /// The envelope sender; Postfix has it as `${sender}`
    #[arg(long, value_name = "ADDRESS", allow_hyphen_values = true)]
    pub(super) sender: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct CheckOptions {
    /// Print the request that each SMS gateway would get, with secrets masked; nothing is sent
    #[arg(long)]
    pub(super) probe_sms: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct DoctorOptions {
    /// Ask this DNS server instead of those of this machine
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) resolver: Option<std::net::SocketAddr>,
}

#[derive(Debug, clap::Args)]
pub(super) struct DemoOptions {
    /// Where the demo listens; port 0 takes any free port
    #[arg(long, default_value = "127.0.0.1:8088", value_name = "ADDRESS")]
    pub(super) listen: std::net::SocketAddr,
}

#[derive(Debug, Subcommand)]
pub(super) enum ContactsCommand {
    /// Create or update contacts from a CSV file
    Import(ContactsImport),
}

#[derive(Debug, clap::Args)]
pub(super) struct ContactsImport {
    /// The file, with a header row: id, name, email, phone, locale, `time_zone`, branch, `consent_email`, `consent_sms`;
    /// further columns become attributes. `-` reads standard input
    pub(super) file: PathBuf,
    /// Print what would change, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Take a field from a column of another name; may be given several times
    #[arg(long = "map", value_name = "FIELD=COLUMN", value_parser = mapping)]
    pub(super) mappings: Vec<(String, String)>,
    /// The character between the columns [default: found out from the header row]
    #[arg(long, value_name = "CHAR")]
    pub(super) delimiter: Option<char>,
}

fn mapping(given: &str) -> Result<(String, String), String> {
    let (field, column) = given.split_once('=').ok_or("write FIELD=COLUMN, such as email=E-Mail")?;
    Ok((field.trim().to_owned(), column.trim().to_owned()))
}

#[derive(Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// Take events from a file with one JSON object per line
    Import(EventsImport),
}

#[derive(Debug, clap::Args)]
pub(super) struct EventsImport {
    /// The file; `-` reads standard input
    pub(super) file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct WhyOptions {
    /// A contact's id, an invitation's (inv_…), an event's, or a card's (crd_…) or its code
    pub(super) id: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum CardsCommand {
    /// Make cards and write print-ready sheets
    Print(CardsPrint),
    /// List cards
    List(CardsList),
    /// Put a card out of use
    Revoke(CardsRevoke),
}

#[derive(Debug, clap::Args)]
pub(super) struct CardsPrint {
    /// The branch
    #[arg(long)]
    pub(super) branch: String,
    /// The touchpoints: an id, with `*` for any characters
    #[arg(long, default_value = "*")]
    pub(super) touchpoint: String,
    /// The sheet: L7165, 5371, …, or a format of [cards.formats]; a name that is none lists all
    #[arg(long, default_value = "L7165")]
    pub(super) sheet: String,
    /// The design: plain, classic, bold, stand, or one of `[cards.designs]`; left out, `design` of `[cards]`, else plain
    #[arg(long, value_name = "NAME")]
    pub(super) design: Option<String>,
    /// Where the PDF goes
    #[arg(long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Cards for each touchpoint, each with a code of its own
    #[arg(long, default_value_t = 1)]
    pub(super) copies: u32,
    /// A name for the print run; the same name again prints the same codes
    #[arg(long, value_name = "NAME")]
    pub(super) print_run: Option<String>,
    /// Trim marks, and a ruler to check that the printer did not scale
    #[arg(long)]
    pub(super) marks: bool,
    /// Let the ground of each card go on 3 mm beyond the cut, where neighbours and page leave room
    #[arg(long)]
    pub(super) bleed: bool,
    /// Shift everything right by so many millimetres, for a printer that is off
    #[arg(long, value_name = "MM", default_value_t = 0.0, allow_hyphen_values = true)]
    pub(super) offset_x: f64,
    /// Shift everything down by so many millimetres
    #[arg(long, value_name = "MM", default_value_t = 0.0, allow_hyphen_values = true)]
    pub(super) offset_y: f64,
}

#[derive(Debug, clap::Args)]
pub(super) struct CardsList {
    /// Only this branch's
    #[arg(long)]
    pub(super) branch: Option<String>,
    /// Only this print run's
    #[arg(long, value_name = "NAME")]
    pub(super) print_run: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct CardsRevoke {
    /// The code that is printed on the card
    pub(super) code: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    /// Response rates
    Rates(ReportOptions),
    /// What became of messages: accepted, delivered, refused, bounced, complained, opted out, and why
    Delivery(ReportOptions),
}

#[derive(Debug, clap::Args)]
pub(super) struct ReportOptions {
    /// channel, branch, stage, journey or day; rates also by week and month, delivery also by domain, gateway, reason and
    /// kind; several with commas
    #[arg(long, default_value = "channel")]
    pub(super) by: String,
    /// The first day [default: 30 days before --to]
    #[arg(long, value_name = "DAY")]
    pub(super) from: Option<String>,
    /// The day after the last [default: tomorrow]
    #[arg(long, value_name = "DAY")]
    pub(super) to: Option<String>,
    /// Only this journey
    #[arg(long)]
    pub(super) journey: Option<String>,
    /// Only this stage
    #[arg(long)]
    pub(super) stage: Option<String>,
    /// Only this branch
    #[arg(long)]
    pub(super) branch: Option<String>,
}
