//! `canvass report`: every figure, for people and for machines.

use super::args::ReportOptions;
use super::{Context, Exit, Failure};

/// Prints response rates.
pub(super) async fn rates(options: &ReportOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    report("rates", options, context).await
}

/// Prints what became of messages.
pub(super) async fn delivery(options: &ReportOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    report("delivery", options, context).await
}

async fn report(name: &str, options: &ReportOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut query = vec![("by", options.by.as_str()), ("format", context.format.as_str())];
    let filters = [
        ("from", &options.from),
        ("to", &options.to),
        ("journey", &options.journey),
        ("stage", &options.stage),
        ("branch", &options.branch),
    ];
    query.extend(filters.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
    let client = context.client().await?;
    let report = client.get(&format!("/api/v1/reports/{name}"), &query).await?;
    client.close().await?;
    context.out.write_all(&report.body)?;
    Ok(Exit::Ok)
}
