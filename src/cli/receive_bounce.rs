//! `canvass receive-bounce < mail`: for the pipe of a mail server.
//!
//! A mail server takes almost every code for a failure that will not pass, and then bounces the bounce. So whatever went
//! wrong here ends with the code that has it come again.

use std::io::Read;

use serde_json::Value;

use super::args::{Format, ReceiveBounceOptions};
use super::rows::cell;
use super::{Context, Exit, Failure};
use crate::receipt::mail::LOOKED_AT_BYTES_MAX;

/// Hands in the mail on standard input.
pub(super) async fn run(options: &ReceiveBounceOptions, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let again = |failure: Failure| Failure { exit: Exit::TryAgain, ..failure };
    let mut mail = Vec::new();
    let mut input = std::io::stdin().lock();
    let read = input.by_ref().take(LOOKED_AT_BYTES_MAX as u64).read_to_end(&mut mail);
    // The rest is of no interest, but a mail server takes it ill if it is not read.
    let read = read.and_then(|_| std::io::copy(&mut input, &mut std::io::sink()));
    read.map_err(|err| Failure::new(Exit::TryAgain, format!("cannot read the mail: {err}")))?;
    drop(input);
    let client = context.client().await.map_err(again)?;
    let given = [("recipient", &options.recipient), ("sender", &options.sender)];
    let query: Vec<_> = given.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let done =
        client.post_mail("/api/v1/bounces", &query, mail).await.and_then(|answer| answer.json()).map_err(again)?;
    client.close().await.map_err(again)?;
    match context.format {
        Format::Json => writeln!(context.out, "{done:#}")?,
        Format::Table | Format::Csv => writeln!(context.out, "{}", line(&done))?,
    }
    Ok(Exit::Ok)
}

fn line(done: &Value) -> String {
    let [verdict, class, invitation, attempt, explanation] =
        ["verdict", "class", "invitation", "attempt", "explanation"].map(|name| cell(done, name));
    if invitation.is_empty() {
        return format!("{verdict}: {explanation}");
    }
    let class = if class.is_empty() { String::new() } else { format!(" ({class})") };
    format!("{verdict}{class}: attempt {attempt} of {invitation}; {explanation}")
}
