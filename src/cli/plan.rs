//! `canvass plan`: what would happen in the days to come.

use std::path::Path;

use super::args::PlanOptions;
use super::{Context, Exit, Failure, progress};

/// Prints the account of a rehearsal.
pub(super) async fn plan(options: &PlanOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let days = options.days.to_string();
    // A daemon that reads it stands in another folder.
    let against = options.against.as_ref().map(std::path::absolute).transpose()?;
    let against = against.as_ref().map(|folder| folder.to_str().ok_or_else(|| not_text(folder))).transpose()?;
    let mut query = vec![("days", days.as_str()), ("format", context.format.as_str())];
    query.extend(options.migrate.then_some(("migrate", "true")));
    query.extend(against.map(|folder| ("against", folder)));
    let client = context.client().await?;
    let bar = progress::wait("rehearsing on a copy of the store");
    let account = client.get("/api/v1/plan", &query).await;
    bar.finish_and_clear();
    client.close().await?;
    context.out.write_all(&account?.body)?;
    Ok(Exit::Ok)
}

fn not_text(folder: &Path) -> Failure {
    Failure::new(Exit::Usage, format!("`{}` is no text, and so nothing that a daemon could be told", folder.display()))
}
