//! `canvass backup`: everything in the store in one file, while the daemon goes on.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use indicatif::ProgressBar;
use serde_json::json;

use super::args::{BackupOptions, Format};
use super::client::Client;
use super::{Context, Exit, Failure, progress};
use crate::chain::Chain;
use crate::store::dump::{DumpError, DumpReader};

/// Where the API gives it.
const PATH: &str = "/api/v1/backup";

/// Takes a backup. A file appears under its name only when it is whole, was read again and found as it was taken.
pub(super) async fn backup(options: &BackupOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let client = context.client().await?;
    let bar = progress::bytes(None, "backing up");
    let taken = if options.file == Path::new("-") {
        take(&client, &bar, context.out).await
    } else {
        into_file(&client, &bar, &options.file).await
    };
    bar.finish_and_clear();
    client.close().await?;
    let n_records = taken?;
    let file = options.file.display();
    match (n_records, context.format) {
        (None, _) => (),
        (Some(n), Format::Json) => writeln!(context.out, "{}", json!({ "records": n, "file": file.to_string() }))?,
        (Some(n), Format::Table | Format::Csv) => writeln!(context.out, "{n} records in {file}")?,
    }
    Ok(Exit::Ok)
}

/// Takes it to where it goes, byte by byte.
async fn take(client: &Client, bar: &ProgressBar, out: &mut (dyn Write + Send)) -> Result<Option<u64>, Failure> {
    let taking = client.stream(PATH, |part| {
        bar.inc(part.len() as u64);
        Ok(out.write_all(part)?)
    });
    taking.await?;
    out.flush()?;
    Ok(None)
}

/// Takes it to a file of its own beside the name, reads it again, and gives it the name. Gives how many records are in it.
async fn into_file(client: &Client, bar: &ProgressBar, path: &Path) -> Result<Option<u64>, Failure> {
    let cannot = |err: io::Error| Failure::new(Exit::Failed, format!("cannot write `{}`: {err}", path.display()));
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    // Such a file can be read by its owner and nobody else.
    let mut file = tempfile::Builder::new().prefix(".canvass-backup-").tempfile_in(folder).map_err(cannot)?;
    take(client, bar, file.as_file_mut()).await?;
    file.as_file().sync_all().map_err(cannot)?;
    let n_records = check(file.path()).map_err(|err| {
        Failure::new(Exit::Failed, format!("the backup is not as it was taken, so it was dropped: {}", Chain(&err)))
    })?;
    file.persist(path).map_err(|err| cannot(err.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(cannot)?;
    Ok(Some(n_records))
}

fn check(path: &Path) -> Result<u64, DumpError> {
    let mut dump = DumpReader::open(BufReader::new(File::open(path).map_err(DumpError::Unreadable)?))?;
    while dump.record()?.is_some() {}
    Ok(dump.n_records())
}
