//! What a command reads: a file, or standard input under the name `-`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Exit, Failure};

/// Opens it, with its size where it has one.
pub(super) fn open(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let cannot = |err: std::io::Error| Failure::new(Exit::Failed, format!("cannot read `{}`: {err}", path.display()));
    let file = File::open(path).map_err(cannot)?;
    let size = file.metadata().map_err(cannot)?.len();
    Ok((Box::new(file), Some(size)))
}
