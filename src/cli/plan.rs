//! `canvass plan`: what would happen in the days to come.

use super::args::PlanOptions;
use super::{Context, Exit, Failure, progress};

/// Prints the account of a rehearsal.
pub(super) async fn plan(options: &PlanOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let days = options.days.to_string();
    let query = [("days", days.as_str()), ("format", context.format.as_str())];
    let client = context.client().await?;
    let bar = progress::wait("rehearsing on a copy of the store");
    let account = client.get("/api/v1/plan", &query).await;
    bar.finish_and_clear();
    client.close().await?;
    context.out.write_all(&account?.body)?;
    Ok(Exit::Ok)
}
