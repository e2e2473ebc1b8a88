//! How fast prebuilt mail leaves.
//!
//! The sender is measured by itself, without a store and without anything to render: what it cannot do, no dispatcher
//! can. Beside it, in the same run and in turns, `smtp-source` sends as much to the same server.
//!
//! It fails when one connection alone is slower than half of `smtp-source`: then something waits where nothing should,
//! such as the end of a message for the acknowledgement of its beginning.

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
#[path = "../dispatch/figures.rs"]
mod figures;

#[cfg(test)]
#[expect(unused, reason = "the benchmark of the whole daemon uses the rest")]
#[path = "../dispatch/meter.rs"]
mod meter;

#[cfg(test)]
#[path = "../smtp_source.rs"]
mod smtp_source;

#[cfg(test)]
mod sender;

// What the daemon runs with.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How fast prebuilt mail leaves, beside `smtp-source`
#[derive(Debug, clap::Parser)]
#[cfg(test)]
struct Options {
    /// Messages of a round over many connections; over one, and into Postfix, there are fewer
    #[arg(long, value_name = "N", default_value_t = 30_000)]
    messages: usize,
    /// Rounds, of which the medians are printed
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
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
    use figures::{Comparison, Musts};
    use servers::{postfix::Postfix, sink::Sink};
    use std::io::Write as _;

    let Options { messages, rounds, strict, .. } = Options::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let mut out = std::io::stdout().lock();
    let compare = |into: &str, port: u16, sessions: usize, n_messages: usize, musts: Musts, settle: &dyn Fn()| {
        let round = |_| {
            let reference = smtp_source::run(&[], port, sessions, n_messages);
            settle();
            let ours = runtime.block_on(sender::run(port, sessions, n_messages));
            settle();
            (ours, reference)
        };
        Comparison {
            name: format!("{sessions} connections to {into}"),
            reference: smtp_source::name(&[], sessions),
            rounds: (0..rounds).map(round).collect(),
            musts,
        }
    };

    let mut misses = Vec::new();
    let sink = Sink::start_forgetful();
    let alone = compare("smtp-sink", sink.smtp_port(), 1, messages / 6, Musts { rate_min: 0.5, cpu_max: None }, &|| ());
    alone.write(&mut out)?;
    let stalls = alone.misses();
    for sessions in [8, 32] {
        let musts = Musts { rate_min: 1.4, cpu_max: Some(1.2) };
        let many = compare("smtp-sink", sink.smtp_port(), sessions, messages, musts, &|| ());
        many.write(&mut out)?;
        misses.extend(many.misses());
    }
    drop(sink);
    let postfix = Postfix::start_discarding();
    // What is still in the queue would take its share of the next run.
    let settle = || wait::until("an empty queue", || (postfix.n_queued() == 0).then_some(()));
    let musts = Musts { rate_min: 0.9, cpu_max: None };
    let relayed = compare("Postfix", postfix.smtp_port(), 8, messages / 15, musts, &settle);
    relayed.write(&mut out)?;
    misses.extend(relayed.misses());

    for miss in stalls.iter().chain(&misses) {
        writeln!(out, "MISSED: {miss}")?;
    }
    if stalls.is_empty() && (misses.is_empty() || !strict) {
        Ok(())
    } else {
        Err(format!("{} figures are worse than they must be", stalls.len() + misses.len()).into())
    }
}
