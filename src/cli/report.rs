//! `canvass report`: every figure, for people and for machines.

use super::args::RatesOptions;
use super::{Context, Exit, Failure};

/// Prints response rates.
pub(super) async fn rates(options: &RatesOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
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
    let report = client.get("/api/v1/reports/rates", &query).await?;
    client.close().await?;
    context.out.write_all(&report.body)?;
    Ok(Exit::Ok)
}
