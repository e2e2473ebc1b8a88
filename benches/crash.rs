//! Power cuts in the middle of sending, by the hundred.
//!
//! The tests against real servers do the same with few kills; both are one piece of code. Here it goes on for as long as
//! one likes, and what became of every invitation and every message is counted and printed.

#[cfg(test)]
#[expect(unused, reason = "the tests against real servers use the rest")]
mod servers;
// Where the files of the tests look for each other.
#[cfg(test)]
use servers::{
    account, arrivals, gateway, http, kannel, local, ordeal, phone, port, process, product, relay, sink, smtp, wait,
};

/// Power cuts in the middle of sending, by the hundred
#[cfg(test)]
#[derive(Debug, clap::Parser)]
struct Options {
    /// How often the power is cut
    #[arg(long, value_name = "N", default_value_t = 300)]
    kills: usize,
    /// Invitations that are due at the start, half of them by mail and half by text message
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    invitations: usize,
    /// Decides when the power is cut, and what servers say to whom
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How the servers behave; one run for each
    #[arg(value_enum, default_value = "well-behaved")]
    manners: Vec<arrivals::Manners>,
    /// Cargo says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[cfg(test)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use clap::Parser as _;
    use std::io::Write as _;

    let options = Options::parse();
    let mut out = std::io::stdout().lock();
    let mut n_bad = 0;
    for manners in options.manners {
        let Options { kills: n_kills, invitations: n_invitations, seed, .. } = options;
        let begun = std::time::Instant::now();
        let account = ordeal::Ordeal { seed, n_kills, n_invitations, manners }.run();
        writeln!(out, "{manners:?}, seed {seed}, {:.0} s\n{account}", begun.elapsed().as_secs_f64())?;
        n_bad += usize::from(!account.is_good());
    }
    if n_bad > 0 { Err("invitations are lost, or messages doubled that are not listed".into()) } else { Ok(()) }
}
