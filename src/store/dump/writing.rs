//! A dump on its way out.

use aws_lc_rs::digest::{Context, SHA256};
use chrono::SecondsFormat;

use super::super::walk::{Part, Walk};
use super::{About, AboutLine, END, MAGIC, PUT, REMOVE, VERSION};

/// A dump that is being taken. It goes when it is dropped.
pub struct Dump {
    /// The walk that it follows.
    pub(in super::super) walk: Walk,
    writer: Writer,
    at: At,
}

enum At {
    Beginning(About),
    Records,
    End,
}

impl Dump {
    pub(in super::super) fn of(walk: Walk, about: About) -> Self {
        Self { walk, writer: Writer::new(), at: At::Beginning(about) }
    }

    /// The beginning, once.
    pub(in super::super) fn beginning(&mut self) -> Option<Vec<u8>> {
        let At::Beginning(about) = &self.at else { return None };
        let bytes = self.writer.beginning(about);
        self.at = At::Records;
        Some(bytes)
    }

    /// A part of the walk, or the end when there is none any more. Nothing after the end.
    pub(in super::super) fn next(&mut self, part: Option<Part>) -> Option<Vec<u8>> {
        match (&self.at, part) {
            (At::End, _) => None,
            (At::Beginning(_) | At::Records, Some(part)) => Some(self.writer.part(&part)),
            (At::Beginning(_) | At::Records, None) => {
                self.at = At::End;
                Some(self.writer.end())
            }
        }
    }
}

impl std::fmt::Debug for Dump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dump(…)")
    }
}

/// Writes the bytes and sums them up.
pub(super) struct Writer {
    sum: Context,
    n_records: u64,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { sum: Context::new(&SHA256), n_records: 0 }
    }

    pub(super) fn beginning(&mut self, about: &About) -> Vec<u8> {
        let line = AboutLine {
            version: VERSION,
            layout: about.layout,
            made_at: about.made_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            made_by: about.made_by.clone(),
        };
        // Numbers and texts: there is nothing in it that JSON cannot say.
        let line = serde_json::to_string(&line).unwrap_or_default();
        self.summed([MAGIC, line.as_bytes(), b"\n"].concat())
    }

    pub(super) fn part(&mut self, part: &Part) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (key, value) in &part.pairs {
            self.record(&mut bytes, key, Some(value));
        }
        for (key, value) in &part.changes {
            self.record(&mut bytes, key, value.as_deref());
        }
        self.summed(bytes)
    }

    fn record(&mut self, bytes: &mut Vec<u8>, key: &[u8], value: Option<&[u8]>) {
        self.n_records += 1;
        bytes.push(if value.is_some() { PUT } else { REMOVE });
        bytes.extend_from_slice(&length(key));
        if let Some(value) = value {
            bytes.extend_from_slice(&length(value));
        }
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value.unwrap_or_default());
    }

    pub(super) fn end(&mut self) -> Vec<u8> {
        let mut bytes = self.summed([&[END], self.n_records.to_be_bytes().as_slice()].concat());
        bytes.extend_from_slice(self.sum.clone().finish().as_ref());
        bytes
    }

    fn summed(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.sum.update(&bytes);
        bytes
    }
}

/// What is stored is far shorter than four bytes can say; were it not, the reader would refuse the dump.
fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}
