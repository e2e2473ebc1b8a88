//! What a store of millions of invitations costs: memory, room on disk, and the time that a start takes.
//!
//! One store grows from size to size. It is filled as everybody fills it, with events over the API of the shipped daemon,
//! and all that is measured is seen from outside: what the kernel says of the process and of the folder, and when the
//! daemon says that it is ready.

#[cfg(test)]
#[expect(unused, reason = "the tests against real servers use the rest")]
mod servers;
// Where the files of the tests look for each other.
#[cfg(test)]
use servers::{
    account, arrivals, gateway, http, kannel, local, ordeal, phone, port, process, product, relay, sink, smtp, wait,
};

#[cfg(test)]
#[path = "scale/store.rs"]
mod store;

#[cfg(test)]
#[path = "scale/figures.rs"]
mod figures;

/// What a store of millions of invitations costs
#[cfg(test)]
#[derive(Debug, clap::Parser)]
struct Options {
    /// The sizes that the store is measured at, in this order; each larger than the one before
    #[arg(default_values_t = [1_000_000, 2_000_000, 5_000_000])]
    invitations: Vec<usize>,
    /// Fail when a store of a million or less costs more than it may
    #[arg(long)]
    strict: bool,
    /// Cargo says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[cfg(test)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use clap::Parser as _;

    let options = Options::parse();
    if !options.invitations.is_sorted_by(|one, next| one < next) {
        return Err("each size has to be larger than the one before".into());
    }
    let mut out = std::io::stdout().lock();
    figures::write_head(&mut out)?;
    let mut store = store::Store::empty();
    let mut measured = Vec::new();
    for n_invitations in options.invitations {
        let figures = store.measure_at(n_invitations);
        figures.write(&mut out)?;
        measured.push(figures);
    }
    figures::write_slope(&measured, &mut out)?;
    let misses: Vec<_> = measured.iter().flat_map(figures::Figures::misses).collect();
    if options.strict && !misses.is_empty() {
        return Err(misses.join("; ").into());
    }
    Ok(())
}
