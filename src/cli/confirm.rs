//! Asks whoever sits at the terminal.

use std::io::{IsTerminal, stdin};

use super::{Context, Failure};

/// Whether they say yes; where there is no terminal, nobody does.
pub(super) fn asked(context: &mut Context<'_>, question: &str) -> Result<bool, Failure> {
    if !stdin().is_terminal() {
        return Ok(false);
    }
    write!(context.err, "{question} [y/N] ")?;
    context.err.flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
