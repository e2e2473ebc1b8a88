//! Logs: to journald with fields where the journal is, else to standard error in plain lines.
//!
//! A log line has a sentence and fields. It may name ids; it never holds an address, a number, a token or an answer.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

/// Lets the filter be changed while the daemon runs.
#[derive(Clone, Debug)]
pub struct LogFilter(reload::Handle<EnvFilter, Registry>);

/// Why logging cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter makes no sense.
    #[error("the log filter `{given}` is not understood; write `info`, `debug` or `canvass=debug,info`")]
    Filter {
        /// The filter given.
        given: String,
    },
    /// Something else logs already.
    #[error("logging was set up before")]
    Again,
}

fn filter(given: &str) -> Result<EnvFilter, TelemetryError> {
    let bad = |_| TelemetryError::Filter { given: given.to_owned() };
    let filter = EnvFilter::try_new(given).map_err(bad)?;
    // sled and hyper say much that only their authors can read.
    let quiet = ["sled=warn", "hyper=warn", "hyper_util=warn", "reqwest=warn", "rustls=warn"];
    let directives = quiet.iter().filter_map(|directive| directive.parse().ok());
    Ok(directives.fold(filter, EnvFilter::add_directive))
}

/// Sets logging up for this process.
pub fn start(given: &str) -> Result<LogFilter, TelemetryError> {
    let (filter, handle) = reload::Layer::new(filter(given)?);
    let registry = tracing_subscriber::registry().with(filter);
    let in_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let journal = in_journal.then(|| tracing_journald::layer().ok()).flatten();
    let done = if let Some(journal) = journal {
        registry.with(journal.with_syslog_identifier("canvass".to_owned())).try_init()
    } else {
        // Colours are for eyes: in a file they are rubbish, and cost time.
        let is_seen = std::io::stderr().is_terminal();
        let plain = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(is_seen);
        registry.with(plain).try_init()
    };
    done.map_err(|_| TelemetryError::Again)?;
    Ok(LogFilter(handle))
}

impl LogFilter {
    /// Logs by another filter from now on.
    pub fn change(&self, given: &str) -> Result<(), TelemetryError> {
        self.0.reload(filter(given)?).map_err(|_| TelemetryError::Again)
    }
}
