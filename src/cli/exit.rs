//! The codes that the process ends with, after sysexits(3). Others script against them.

use std::process::{ExitCode, Termination};

use crate::daemon::run::RunError;
use crate::store::StoreError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Failed, or part of it did.
    Failed = 1,
    /// The command line is not understood.
    Usage = 64,
    /// What is stored was written by a later canvass, or is damaged.
    Data = 65,
    /// Something that is needed is not there or in use: the store, a port, the daemon.
    Unavailable = 69,
    /// Failed for now; a mail server is to bring the mail again.
    TryAgain = 75,
    /// The configuration has problems.
    Config = 78,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// The code for a daemon that did not run.
pub(super) fn of_run(err: &RunError) -> Exit {
    match err {
        RunError::Config(_) | RunError::Live(_) | RunError::Telemetry(_) => Exit::Config,
        RunError::Listen { .. } | RunError::StateDir { .. } => Exit::Unavailable,
        RunError::Store(err) => of_store(err),
    }
}

/// The code for a store that cannot be used.
pub(super) fn of_store(err: &StoreError) -> Exit {
    match err {
        StoreError::InUse { .. } | StoreError::ReadOnly { .. } => Exit::Unavailable,
        StoreError::NewerLayout { .. } | StoreError::Unreadable { .. } => Exit::Data,
        StoreError::Stale
        | StoreError::LeaseLost
        | StoreError::NotFound { .. }
        | StoreError::Exists { .. }
        | StoreError::Full { .. }
        | StoreError::NoRoomForCopy { .. }
        | StoreError::RehearsalTooLarge { .. }
        | StoreError::Failed { .. }
        | StoreError::Closed => Exit::Failed,
    }
}
