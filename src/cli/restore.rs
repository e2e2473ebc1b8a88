//! `canvass restore`: a store out of a backup, everything in it held.

use std::io::{BufRead, BufReader};

use serde_json::json;

use super::args::{Format, RestoreOptions};
use super::{Context, Exit, Failure, input, progress};
use crate::chain::Chain;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::daemon::run::store_options;
use crate::store::dump::DumpError;
use crate::store::sled::{RestoreError, restore as restore_store};

/// Restores. It works on the store itself: a daemon must not have it.
pub(super) async fn restore(options: &RestoreOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    let loaded = config::load(&context.folder, &context.env, now).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        Failure::new(Exit::Config, format!("the configuration has problems (run `canvass check`): {first}"))
    })?;
    let mut settings = loaded.config.settings;
    if let Some(state_dir) = &options.state_dir {
        settings.daemon.state_dir.clone_from(state_dir);
    }
    let (input, size) = input::open(&options.file)?;
    let bar = progress::bytes(size, "restoring");
    let input: Box<dyn BufRead + Send> = Box::new(BufReader::new(bar.wrap_read(input)));
    let store =
        store_options(&settings).map_err(|err| Failure::new(super::exit::of_run(&err), Chain(&err).to_string()))?;
    let path = store.path.clone();
    let restored = restore_store(store, options.force, input, now).await;
    bar.finish_and_clear();
    let restored =
        restored.map_err(|err| Failure::new(exit_of(&err), format!("nothing was restored: {}", Chain(&err))))?;
    let (about, raw, path) = (restored.about, restored.raw, path.display());
    match context.format {
        Format::Json => {
            let told = json!({
                "records": raw.n_records, "store": path.to_string(), "made_at": about.made_at.to_rfc3339(),
                "made_by": about.made_by,
            });
            writeln!(context.out, "{told}")?;
        }
        Format::Table | Format::Csv => {
            let (n, made_at, made_by) = (raw.n_records, about.made_at.format("%Y-%m-%d %H:%M UTC"), about.made_by);
            writeln!(context.out, "{n} records in {path}, of a backup that canvass {made_by} made at {made_at}")?;
            writeln!(context.out, "everything is held; `canvass release` lists what would go out")?;
        }
    }
    Ok(Exit::Ok)
}

fn exit_of(err: &RestoreError) -> Exit {
    match err {
        RestoreError::Dump(DumpError::Unreadable(_)) | RestoreError::NotEmpty => Exit::Failed,
        RestoreError::Dump(
            DumpError::NoDump | DumpError::Newer { .. } | DumpError::CutShort { .. } | DumpError::Damaged { .. },
        ) => Exit::Data,
        RestoreError::Store(err) => super::exit::of_store(err),
    }
}
