//! How fast what is due leaves.
//!
//! The binary is measured from outside, as it is shipped: it opens a store in which everything is due, and sends it to
//! real servers on this machine. Beside it, in the same run and in turns, the fastest client there is sends as much to
//! the same server. What counts is the ratio of the two: it moves little from machine to machine, and with what else
//! runs there.

#[cfg(test)]
#[expect(unused, reason = "the tests against real servers use the rest")]
#[path = "../servers.rs"]
mod servers;
// Where the files of the tests look for each other.
#[cfg(test)]
use servers::{
    account, arrivals, gateway, http, kannel, local, ordeal, phone, port, process, product, relay, sink, smtp, wait,
};

#[cfg(test)]
mod options;

#[cfg(test)]
mod figures;

#[cfg(test)]
mod meter;

#[cfg(test)]
#[path = "../smtp_source.rs"]
mod smtp_source;

#[cfg(test)]
mod scene;

#[cfg(test)]
mod mail;

#[cfg(test)]
mod text;

#[cfg(test)]
mod axum_gateway;

#[cfg(test)]
mod latency;

#[cfg(test)]
mod intake;

#[cfg(test)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use clap::Parser as _;
    use std::io::Write as _;

    let options = options::Options::parse();
    let mut out = std::io::stdout().lock();
    let mut misses = Vec::new();
    for section in options.sections() {
        misses.extend(section.run(&options, &mut out)?);
    }
    for miss in &misses {
        writeln!(out, "MISSED: {miss}")?;
    }
    if options.strict && !misses.is_empty() {
        return Err(format!("{} figures are worse than they must be", misses.len()).into());
    }
    Ok(())
}
