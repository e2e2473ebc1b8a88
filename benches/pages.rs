//! How fast survey pages are shown, and answers are on disk.
//!
//! The binary is measured from outside, as it is shipped, with `wrk`. Beside it, in turns, stands an axum server that does
//! nothing: a page of the same size from memory, and a form that is thrown away. What counts is the ratio of the two.
//! Every answer that is counted was on disk before `wrk` had its reply.

#[cfg(test)]
#[expect(unused, reason = "the tests against real servers use the rest")]
mod servers;
// Where the files of the tests look for each other.
#[cfg(test)]
use servers::{
    account, arrivals, gateway, http, kannel, local, ordeal, phone, port, process, product, relay, sink, smtp, wait,
};

#[cfg(test)]
#[expect(unused, reason = "the benchmark of what is sent uses the rest")]
#[path = "dispatch/meter.rs"]
mod meter;

#[cfg(test)]
#[path = "pages/null_server.rs"]
mod null_server;

#[cfg(test)]
#[path = "pages/scene.rs"]
mod scene;

#[cfg(test)]
#[path = "pages/wrk.rs"]
mod wrk;

#[cfg(test)]
#[path = "pages/figures.rs"]
mod figures;

/// How fast survey pages are shown, and answers are on disk, beside a server that does nothing
#[cfg(test)]
#[derive(Debug, clap::Parser)]
struct Options {
    /// Invitations that can be answered
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    invitations: usize,
    /// Rounds, of which the medians are printed
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// How long each is
    #[arg(long, value_name = "N", default_value_t = 3)]
    seconds: u32,
    /// Fail when a figure is worse than it must be
    #[arg(long)]
    strict: bool,
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
    let scene = scene::Scene::prepare(options.invitations);
    let figures = figures::Figures::measure(&scene, options.rounds, options.seconds);
    figures.write(&mut out)?;
    let misses = figures.misses();
    for miss in &misses {
        writeln!(out, "MISSED: {miss}")?;
    }
    if options.strict && !misses.is_empty() {
        return Err(format!("{} figures are worse than they must be", misses.len()).into());
    }
    Ok(())
}
