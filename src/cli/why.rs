//! `canvass why`: the story and the reasons.

use super::args::{Format, WhyOptions};
use super::{Context, Exit, Failure};

/// Tells the story of what the id names.
pub(super) async fn why(options: &WhyOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let format = match context.format {
        Format::Json => "json",
        Format::Table | Format::Csv => "text",
    };
    let client = context.client().await?;
    let id: String = form_urlencoded::byte_serialize(options.id.as_bytes()).collect();
    let path = format!("/api/v1/why/{}", id.replace('+', "%20"));
    let told = client.get(&path, &[("format", format)]).await?;
    client.close().await?;
    context.out.write_all(&told.body)?;
    Ok(Exit::Ok)
}
