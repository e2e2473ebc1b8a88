//! The command line: a client of the API.
//!
//! When a daemon runs, commands talk to it over its Unix socket; when none does, they open the store themselves and call
//! the same router in-process. So every command has one implementation, and works in both cases. What a command found
//! goes to standard output; what it says about itself goes to standard error.

mod args;
mod backup;
mod cards;
mod check;
mod client;
mod compact;
mod confirm;
mod contacts;
mod demo;
mod dkim;
mod doctor;
mod events;
mod exit;
mod flags;
mod gateways;
mod hold;
mod input;
mod migrate;
mod plan;
mod progress;
mod receive_bounce;
mod report;
mod restore;
mod retry;
mod rows;
mod status;
mod suppressions;
mod taps;
mod unknown;
mod unreadable;
mod why;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;

pub use exit::Exit;

use crate::chain::Chain;
use crate::daemon::run::{RunError, run as run_daemon};
use args::{
    Args, BouncesCommand, CardsCommand, Command, ContactsCommand, EventsCommand, FlagsCommand, Format, ReportCommand,
    SuppressionsCommand, TapsCommand, UnknownCommand, UnreadableCommand,
};
use client::Client;

/// Why a command failed, with the code that the process ends with.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    fn of(err: &dyn std::error::Error) -> Self {
        Self::new(Exit::Failed, Chain(err).to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(err: std::io::Error) -> Self {
        Self::of(&err)
    }
}

/// What a command needs beside its own options.
struct Context<'a> {
    folder: PathBuf,
    env: BTreeMap<String, String>,
    format: Format,
    out: &'a mut (dyn Write + Send),
    err: &'a mut (dyn Write + Send),
}

impl Context<'_> {
    /// The name of whoever gives the command, for the record: as they logged in, also behind `sudo`.
    fn operator(&self) -> &str {
        let names = ["SUDO_USER", "LOGNAME", "USER"].into_iter().filter_map(|name| self.env.get(name));
        names.map(String::as_str).find(|name| !name.is_empty()).unwrap_or_default()
    }

    async fn client(&self) -> Result<Client, Failure> {
        Client::open(&self.folder, &self.env).await
    }
}

/// Runs the command that the arguments name. Gives the code that the process is to end with.
pub async fn run(
    arguments: Vec<OsString>,
    env: BTreeMap<String, String>,
    (out, err): (&mut (dyn Write + Send), &mut (dyn Write + Send)),
) -> Exit {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(problem) => {
            let shown = if problem.use_stderr() { write!(err, "{problem}") } else { write!(out, "{problem}") };
            let exit = if problem.use_stderr() { Exit::Usage } else { Exit::Ok };
            return if shown.is_ok() { exit } else { Exit::Failed };
        }
    };
    let folder = args.config.clone().unwrap_or_else(default_folder);
    let mut context = Context { folder, env, format: args.format, out: &mut *out, err: &mut *err };
    match Box::pin(command(args.command, &mut context)).await {
        Ok(exit) => exit,
        Err(failure) => {
            let told = if failure.message.is_empty() { Ok(()) } else { writeln!(err, "canvass: {}", failure.message) };
            if told.is_ok() { failure.exit } else { Exit::Failed }
        }
    }
}

/// `config` in the working folder, else `/etc/canvass`.
fn default_folder() -> PathBuf {
    let here = Path::new("config");
    if here.join("canvass.toml").is_file() { here.to_owned() } else { PathBuf::from("/etc/canvass") }
}

async fn command(command: Command, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Demo(options) => demo::demo(&options, context).await,
        Command::Run => daemon(context).await,
        Command::Check(options) => check::check(&options, context),
        Command::Doctor(options) => doctor::doctor(&options, context).await,
        Command::Dkim => dkim::dkim(context),
        Command::MigratePlans(options) => migrate::migrate_plans(&options, context).await,
        Command::Plan(options) => plan::plan(&options, context).await,
        Command::Contacts(ContactsCommand::Import(options)) => contacts::import(&options, context).await,
        Command::Events(EventsCommand::Import(options)) => events::import(&options, context).await,
        Command::Why(options) => why::why(&options, context).await,
        Command::Cards(CardsCommand::Print(options)) => cards::print(&options, context).await,
        Command::Cards(CardsCommand::List(options)) => cards::list(&options, context).await,
        Command::Cards(CardsCommand::Revoke(options)) => cards::revoke(&options, context).await,
        Command::Report(ReportCommand::Rates(options)) => report::rates(&options, context).await,
        Command::Report(ReportCommand::Delivery(options)) => report::delivery(&options, context).await,
        Command::Flags(command) => match command {
            FlagsCommand::List(options) => flags::list(&options, context).await,
            FlagsCommand::Clear(options) => flags::mark("clear", (&options, None), context).await,
            FlagsCommand::Restore(options) => flags::mark("restore", (&options, None), context).await,
            FlagsCommand::Set(options) => flags::mark("flag", (&options.mark, Some(&options.with)), context).await,
        },
        Command::Taps(TapsCommand::List(options)) => taps::list(&options, context).await,
        Command::Taps(TapsCommand::Release(options)) => taps::release(&options, context).await,
        Command::Gateways => gateways::list(context).await,
        Command::Status => status::status(context).await,
        Command::Hold(options) => hold::hold(&options, context).await,
        Command::Release(options) => hold::release(&options, context).await,
        Command::Backup(options) => backup::backup(&options, context).await,
        Command::Restore(options) => restore::restore(&options, context).await,
        Command::Compact => compact::compact(context).await,
        Command::Retry(options) => retry::retry(&options, context).await,
        Command::Unknown(UnknownCommand::List(options)) => unknown::list(&options, context).await,
        Command::Unknown(UnknownCommand::Retry(options)) => unknown::retry(&options, context).await,
        Command::Unknown(UnknownCommand::Settle(options)) => unknown::settle(&options, context).await,
        Command::Unknown(UnknownCommand::Reconcile(options)) => unknown::reconcile(&options, context).await,
        Command::ReceiveBounce(options) => receive_bounce::run(&options, context).await,
        Command::Bounces(BouncesCommand::Unreadable(command)) => match command {
            UnreadableCommand::List => unreadable::list(context).await,
            UnreadableCommand::Show(options) => unreadable::show(&options, context).await,
            UnreadableCommand::Retry(options) => unreadable::retry(&options, context).await,
            UnreadableCommand::Remove(options) => unreadable::remove(&options, context).await,
        },
        Command::Suppressions(SuppressionsCommand::List) => suppressions::list(context).await,
        Command::Suppressions(SuppressionsCommand::Import(options)) => suppressions::import(&options, context).await,
        Command::Suppressions(SuppressionsCommand::Remove(options)) => suppressions::remove(&options, context).await,
    }
}

async fn daemon(context: &mut Context<'_>) -> Result<Exit, Failure> {
    match run_daemon(&context.folder, &context.env).await {
        Ok(()) => Ok(Exit::Ok),
        Err(RunError::Config(problems)) => {
            for problem in &problems {
                writeln!(context.err, "{problem}")?;
            }
            Err(Failure::new(Exit::Config, format!("problems in the configuration: {}", problems.len())))
        }
        Err(err) => Err(Failure::new(exit::of_run(&err), Chain(&err).to_string())),
    }
}
