//! A dump on its way in: read as it comes, and believed only at its end.

use std::io::{self, BufRead, ErrorKind, Read};

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, Utc};

use super::{ABOUT_BYTES_MAX, About, AboutLine, END, KEY_BYTES_MAX, MAGIC, PUT, REMOVE, VALUE_BYTES_MAX, VERSION};

/// Why a dump cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// It is something else.
    #[error("this is no dump of canvass: it does not begin with `canvass dump`")]
    NoDump,
    /// A later canvass has made it.
    #[error("the dump has form {found} and this canvass knows none after {known}; a later canvass has made it")]
    Newer {
        /// Its form.
        found: u32,
        /// The last form that this canvass knows.
        known: u32,
    },
    /// It ends in the middle.
    #[error("the dump ends after {n_records} records without saying that it is whole; take another one")]
    CutShort {
        /// The records that are in it.
        n_records: u64,
    },
    /// Something in it is other than it was when it was made.
    #[error("the dump is damaged after {n_records} records: {reason}")]
    Damaged {
        /// The records before.
        n_records: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// It cannot be read.
    #[error("the dump cannot be read")]
    Unreadable(#[source] io::Error),
}

/// One word on a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The key.
    pub key: Vec<u8>,
    /// Its value; none if it is to be removed again.
    pub value: Option<Vec<u8>>,
}

/// Reads a dump from its beginning to its end.
#[derive(Debug)]
pub struct DumpReader<R> {
    input: Summed<R>,
    about: About,
    n_records: u64,
}

impl<R: BufRead> DumpReader<R> {
    /// Reads what the dump says about itself.
    pub fn open(input: R) -> Result<Self, DumpError> {
        let mut input = Summed { input, sum: Context::new(&SHA256) };
        let mut magic = vec![0; MAGIC.len()];
        match input.fill(&mut magic) {
            Err(err) if err.kind() == ErrorKind::UnexpectedEof => return Err(DumpError::NoDump),
            read => read.map_err(DumpError::Unreadable)?,
        }
        if magic != MAGIC {
            return Err(DumpError::NoDump);
        }
        let line = input.line().map_err(DumpError::Unreadable)?;
        let damaged = |reason| DumpError::Damaged { n_records: 0, reason };
        let line = line.ok_or(DumpError::CutShort { n_records: 0 })?;
        // Later forms may say other things about themselves, but they do say which form they are.
        let value: serde_json::Value =
            serde_json::from_slice(&line).map_err(|_| damaged("its second line is not JSON"))?;
        let found =
            value.get("version").and_then(serde_json::Value::as_u64).and_then(|found| u32::try_from(found).ok());
        let found = found.filter(|found| *found > 0).ok_or(damaged("its second line names no version"))?;
        if found != VERSION {
            return Err(DumpError::Newer { found, known: VERSION });
        }
        let line: AboutLine =
            serde_json::from_value(value).map_err(|_| damaged("its second line does not say what it must"))?;
        let made_at: DateTime<Utc> =
            line.made_at.parse().map_err(|_| damaged("the time at which it was made is no time"))?;
        let about = About { layout: line.layout, made_at, made_by: line.made_by };
        Ok(Self { input, about, n_records: 0 })
    }

    /// What the dump says about itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// How many records were read.
    pub fn n_records(&self) -> u64 {
        self.n_records
    }

    /// The next record; none at the end of a dump that is whole and as it was made.
    pub fn record(&mut self) -> Result<Option<Record>, DumpError> {
        match self.array()? {
            [PUT] => {
                let (key, value) = (self.length(KEY_BYTES_MAX)?, self.length(VALUE_BYTES_MAX)?);
                let (key, value) = (self.bytes(key)?, self.bytes(value)?);
                self.n_records += 1;
                Ok(Some(Record { key, value: Some(value) }))
            }
            [REMOVE] => {
                let key = self.length(KEY_BYTES_MAX)?;
                let key = self.bytes(key)?;
                self.n_records += 1;
                Ok(Some(Record { key, value: None }))
            }
            [END] => self.end().map(|()| None),
            [_] => Err(self.damaged("a mark is none of `+`, `-` and `.`")),
        }
    }

    fn end(&mut self) -> Result<(), DumpError> {
        if u64::from_be_bytes(self.array()?) != self.n_records {
            return Err(self.damaged("its end tells another number of records"));
        }
        let sum = self.input.sum.clone().finish();
        let told: [u8; 32] = self.array()?;
        if sum.as_ref() != told {
            return Err(self.damaged("its checksum does not match"));
        }
        match self.input.input.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(self.damaged("something follows its end")),
            Err(err) => Err(DumpError::Unreadable(err)),
        }
    }

    fn length(&mut self, most: u32) -> Result<usize, DumpError> {
        let length = u32::from_be_bytes(self.array()?);
        if length > most {
            return Err(self.damaged("a record is longer than any that is ever stored"));
        }
        usize::try_from(length).map_err(|_| self.damaged("a record is longer than this machine can hold"))
    }

    fn bytes(&mut self, n: usize) -> Result<Vec<u8>, DumpError> {
        let mut bytes = vec![0; n];
        self.read(&mut bytes)?;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DumpError> {
        let mut bytes = [0; N];
        self.read(&mut bytes)?;
        Ok(bytes)
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), DumpError> {
        match self.input.fill(bytes) {
            Err(err) if err.kind() == ErrorKind::UnexpectedEof => {
                Err(DumpError::CutShort { n_records: self.n_records })
            }
            read => read.map_err(DumpError::Unreadable),
        }
    }

    fn damaged(&self, reason: &'static str) -> DumpError {
        DumpError::Damaged { n_records: self.n_records, reason }
    }
}

/// An input that is summed up as it is read.
struct Summed<R> {
    input: R,
    sum: Context,
}

impl<R: BufRead> Summed<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.input.read_exact(bytes)?;
        self.sum.update(bytes);
        Ok(())
    }

    /// A line without its end; none if the input ends, or the line is too long for one of ours.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        self.input.by_ref().take(ABOUT_BYTES_MAX).read_until(b'\n', &mut line)?;
        self.sum.update(&line);
        Ok(line.pop_if(|last| *last == b'\n').map(|_| line))
    }
}

impl<R> std::fmt::Debug for Summed<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Summed(…)")
    }
}
