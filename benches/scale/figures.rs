//! What was measured at each size, what it grows by, and what it may be.

use std::{
    io::{self, Write},
    time::Duration,
};

use crate::store::Resident;

/// Up to this many invitations everything must stay within its limit.
const N_JUDGED_MAX: usize = 1_000_000;
const RESIDENT_MB_MAX: f64 = 500.0;
/// Room on disk after compaction, as a multiple of the bytes of the records.
const FACTOR_MAX: f64 = 6.0;
const START_MAX: Duration = Duration::from_secs(3);

/// A store of one size.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) n_invitations: usize,
    /// How fast the last of them came in, in events per second.
    pub(crate) filled_per_second: f64,
    /// The daemon that has taken them in.
    pub(crate) filling: Resident,
    /// From the start to the readiness of a daemon after one that was killed right after the last event.
    pub(crate) start_after_kill_when_filled: Duration,
    pub(crate) compaction: Compaction,
    /// After one that was stopped, and what the daemon then holds: when it is ready, and having worked for a while.
    pub(crate) start: Duration,
    pub(crate) ready: Resident,
    pub(crate) serving: Resident,
    /// After one that was killed at work.
    pub(crate) start_after_kill: Duration,
}

/// What compacting has come to, the daemon running.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compaction {
    pub(crate) took: Duration,
    pub(crate) n_records: u64,
    pub(crate) raw_mb: f64,
    pub(crate) before_mb: f64,
    pub(crate) after_mb: f64,
    pub(crate) resident: Resident,
}

impl Compaction {
    fn factor(&self) -> f64 {
        self.after_mb / self.raw_mb
    }
}

/// The columns, and what they mean.
pub(crate) fn write_head(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "resident memory and room on disk in MB (10^6 bytes), starts in seconds from the process to readiness;"
    )?;
    writeln!(out, "files are not in the kernel's cache at a start where this process may empty it")?;
    out.flush()
}

impl Figures {
    /// Prints them as they come: a size takes minutes.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { n_invitations, filling, compaction, ready, serving, .. } = self;
        writeln!(
            out,
            "\n{n_invitations} planned invitations, the last of them taken in at {:.0}/s",
            self.filled_per_second
        )?;
        let resident = |what: &str, resident: &Resident| {
            format!("  resident {what:<32}{:>9.1}  at most {:>8.1}", resident.now_mb, resident.most_mb)
        };
        writeln!(out, "{}", resident("when ready", ready))?;
        writeln!(out, "{}", resident("while serving", serving))?;
        writeln!(out, "{}", resident("after taking them in", filling))?;
        writeln!(out, "{}", resident("after compacting", &compaction.resident))?;
        let (raw, n_records) = (compaction.raw_mb, compaction.n_records);
        writeln!(out, "  records  {:<32}{raw:>9.1}  in {n_records} of them", "keys and values")?;
        writeln!(
            out,
            "  on disk  {:<32}{:>9.1}  {:.2} times the records",
            "as filled",
            compaction.before_mb,
            compaction.before_mb / raw
        )?;
        writeln!(
            out,
            "  on disk  {:<32}{:>9.1}  {:.2} times the records, after {:.1} s",
            "compacted",
            compaction.after_mb,
            compaction.factor(),
            compaction.took.as_secs_f64()
        )?;
        for (what, start) in self.starts() {
            writeln!(out, "  start    {what:<32}{:>9.2}", start.as_secs_f64())?;
        }
        out.flush()
    }

    fn starts(&self) -> [(&'static str, Duration); 3] {
        [
            ("after a stop", self.start),
            ("after kill -9 at work", self.start_after_kill),
            ("after kill -9 when just filled", self.start_after_kill_when_filled),
        ]
    }

    /// What is worse than it may be.
    pub(crate) fn misses(&self) -> Vec<String> {
        if self.n_invitations > N_JUDGED_MAX {
            return Vec::new();
        }
        let of = format!("of {} invitations", self.n_invitations);
        let mut misses = Vec::new();
        let most_mb = self.serving.most_mb;
        if most_mb > RESIDENT_MB_MAX {
            misses.push(format!("a daemon {of} holds {most_mb:.0} MB, at most {RESIDENT_MB_MAX:.0} are allowed"));
        }
        let factor = self.compaction.factor();
        if factor > FACTOR_MAX {
            misses.push(format!("a store {of} takes {factor:.2} times its records, at most {FACTOR_MAX} are allowed"));
        }
        for (what, start) in self.starts().into_iter().filter(|(_, start)| *start > START_MAX) {
            misses.push(format!("a start {of} {what} takes {:.2} s, at most 3 are allowed", start.as_secs_f64()));
        }
        misses
    }
}

/// What a million invitations more add, by the line of least squares through all sizes.
pub(crate) fn write_slope(measured: &[Figures], out: &mut impl Write) -> io::Result<()> {
    if measured.len() < 2 {
        return Ok(());
    }
    writeln!(out, "\na million invitations more add")?;
    let mut line = |what: &str, unit: &str, figure: &dyn Fn(&Figures) -> f64| {
        let points: Vec<_> =
            measured.iter().map(|figures| (millions(figures.n_invitations), figure(figures))).collect();
        writeln!(out, "  {what:<41}{:>9.2} {unit}", slope(&points))
    };
    line("resident when ready", "MB", &|figures| figures.ready.now_mb)?;
    line("resident while serving, at most", "MB", &|figures| figures.serving.most_mb)?;
    line("records", "MB", &|figures| figures.compaction.raw_mb)?;
    line("on disk, compacted", "MB", &|figures| figures.compaction.after_mb)?;
    line("start after a stop", "s", &|figures| figures.start.as_secs_f64())?;
    line("start after kill -9 at work", "s", &|figures| figures.start_after_kill.as_secs_f64())?;
    line("start after kill -9 when just filled", "s", &|figures| figures.start_after_kill_when_filled.as_secs_f64())?;
    out.flush()
}

fn slope(points: &[(f64, f64)]) -> f64 {
    let n = millions(points.len()) * 1e6;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(&|point| point.0), mean(&|point| point.1));
    let rise: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let run: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    rise / run
}

fn millions(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from) / 1e6
}
