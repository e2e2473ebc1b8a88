//! Runs, their medians, and what they must reach.

use std::{
    fmt::Write as _,
    io::{self, Write},
    time::Duration,
};

/// So many messages, sent by one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) n_messages: usize,
    /// From the first to the last.
    pub(crate) took: Duration,
    /// What the client has spent on them.
    pub(crate) cpu: Duration,
    /// The most memory that was resident in the client, where that was looked at.
    pub(crate) resident_mb: Option<f64>,
    /// What the server has read of a message and its envelope, where that was looked at.
    pub(crate) n_bytes_each: Option<f64>,
}

impl Run {
    fn per_second(&self) -> f64 {
        real(self.n_messages) / self.took.as_secs_f64()
    }

    fn cpu_micros_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / real(self.n_messages)
    }
}

/// What a comparison must reach.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Musts {
    /// Our rate, as a share of the reference's.
    pub(crate) rate_min: f64,
    /// Our processor time for a message, as a multiple of the reference's.
    pub(crate) cpu_max: Option<f64>,
}

/// Rounds of ours and of a reference, back to back.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) name: String,
    pub(crate) reference: String,
    pub(crate) rounds: Vec<(Run, Run)>,
    pub(crate) musts: Musts,
}

impl Comparison {
    /// Every round, and the medians.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let n_messages = self.rounds.first().map_or(0, |(ours, _)| ours.n_messages);
        writeln!(out, "\n{}: {n_messages} messages, beside {}", self.name, self.reference)?;
        let names = ["canvass/s", "reference/s", "ratio", "CPU us", "reference", "ratio", "resident MB"];
        let mut head = format!("{:<8}", "");
        for name in names {
            write!(head, "{name:>13}").map_err(io::Error::other)?;
        }
        writeln!(out, "{head}{:>25}", "bytes each (reference)")?;
        for (n, round) in self.rounds.iter().enumerate() {
            Self::write_line(out, &(n + 1).to_string(), &[*round])?;
        }
        Self::write_line(out, "median", &self.rounds)?;
        let cpu = self.musts.cpu_max.map(|max| format!("; CPU at most {max:.1} times")).unwrap_or_default();
        writeln!(out, "must: at least {:.2} of the rate{cpu}", self.musts.rate_min)?;
        out.flush()
    }

    /// What is worse than it must be.
    pub(crate) fn misses(&self) -> Vec<String> {
        let rate = median(&self.rounds, rate_ratio);
        let cpu = median(&self.rounds, cpu_ratio);
        let slow = (rate < self.musts.rate_min)
            .then(|| format!("{}: {rate:.2} of the rate, and not {:.2}", self.name, self.musts.rate_min));
        let dear = self
            .musts
            .cpu_max
            .filter(|max| cpu > *max)
            .map(|max| format!("{}: {cpu:.1} times the processor time, and not {max:.1}", self.name));
        slow.into_iter().chain(dear).collect()
    }

    fn write_line(out: &mut impl Write, name: &str, rounds: &[(Run, Run)]) -> io::Result<()> {
        let of = |figure: fn(&(Run, Run)) -> f64| median(rounds, figure);
        let rates = (of(|(ours, _)| ours.per_second()), of(|(_, other)| other.per_second()), of(rate_ratio));
        let cpu = (of(|(ours, _)| ours.cpu_micros_each()), of(|(_, other)| other.cpu_micros_each()), of(cpu_ratio));
        let resident = rounds.iter().filter_map(|(ours, _)| ours.resident_mb).fold(0.0, f64::max);
        let bytes = |run: &Run| run.n_bytes_each.map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:.0}"));
        let bytes = rounds.first().map(|(ours, other)| format!("{} ({})", bytes(ours), bytes(other)));
        writeln!(
            out,
            "{name:<8}{:>13.0}{:>13.0}{:>13.2}{:>13.1}{:>13.1}{:>13.2}{resident:>13.1}{:>25}",
            rates.0,
            rates.1,
            rates.2,
            cpu.0,
            cpu.1,
            cpu.2,
            bytes.unwrap_or_default()
        )
    }
}

fn rate_ratio((ours, other): &(Run, Run)) -> f64 {
    ours.per_second() / other.per_second()
}

fn cpu_ratio((ours, other): &(Run, Run)) -> f64 {
    ours.cpu_micros_each() / other.cpu_micros_each()
}

/// The middle one; of two in the middle the smaller.
pub(crate) fn median<T>(of: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    let mut figures: Vec<_> = of.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// Exact for every count that a benchmark meets.
pub(crate) fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
