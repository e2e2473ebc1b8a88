//! Whether a store takes changes.

use std::fmt;
use std::io::ErrorKind;

/// Whether a store takes changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Writable,
    /// It does not, for the time being or for good. What is in it can be read.
    ReadOnly(ReadOnlyReason),
}

/// Why a store takes no changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOnlyReason {
    /// Its disk is full, or its quota used up. It goes on by itself when there is room.
    NoRoom,
    /// Its file system lets nobody write. It goes on by itself when that has changed.
    NotWritable,
    /// Its disk failed, so that nobody knows what a write left behind. It goes on after a restart.
    DiskFailed,
}

impl ReadOnlyReason {
    /// What can be said of an error of the file system.
    pub(super) fn of(err: &std::io::Error) -> Self {
        let is_one_of = |kinds: &[ErrorKind]| kinds.contains(&err.kind());
        if is_one_of(&[ErrorKind::StorageFull, ErrorKind::QuotaExceeded]) {
            Self::NoRoom
        } else if is_one_of(&[ErrorKind::ReadOnlyFilesystem, ErrorKind::PermissionDenied]) {
            Self::NotWritable
        } else {
            Self::DiskFailed
        }
    }

    /// Whether it may pass while the process runs.
    pub fn may_pass(self) -> bool {
        match self {
            Self::NoRoom | Self::NotWritable => true,
            Self::DiskFailed => false,
        }
    }
}

impl fmt::Display for ReadOnlyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoom => "there is no room on its disk",
            Self::NotWritable => "its file system cannot be written",
            Self::DiskFailed => "its disk failed; look after it, then start canvass again",
        })
    }
}
