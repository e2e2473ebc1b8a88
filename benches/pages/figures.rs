//! Rounds of ours and of the server that does nothing, and what they must reach.

use std::{
    io::{self, Write},
    time::Duration,
};

use crate::{
    http, meter,
    null_server::NullServer,
    scene::Scene,
    wrk::{self, Run, Wanted},
};

/// What a page of ours must be of one from memory, and a durable answer of a form that is thrown away (per second).
const PAGE_MIN: f64 = 0.30;
const ANSWER_MIN: f64 = 0.40;
/// What an answer of one client may take, in flushes of the disk.
const ALONE_MAX: f64 = 2.0;
/// Processor time of `LimeSurvey` 6.4.2 for a complete response, with nginx, php-fpm and `MariaDB`, on two cores of Debian 12,
/// and how many times as many we must take in with it.
const LIMESURVEY: Duration = Duration::from_millis(92);
const LIMESURVEY_MIN: f64 = 500.0;
/// Connections: what the reference is fastest with, and as many as share a flush well.
const PAGES_AT_ONCE: usize = 64;
const ANSWERS_AT_ONCE: usize = 256;

/// A run of ours, with its processor time for a request, and one of the reference.
struct Round {
    ours: Run,
    cpu_micros: f64,
    reference: Run,
}

/// What was measured.
pub(crate) struct Figures {
    pages: Vec<Round>,
    answers: Vec<Round>,
    /// One client: the median of its answers, and of the flushes of the disk.
    alone: Vec<(Duration, Duration)>,
    n_bytes: usize,
    resident_mb: f64,
}

impl Figures {
    pub(crate) fn measure(scene: &Scene, n_rounds: usize, n_seconds: u32) -> Self {
        let daemon = scene.start();
        let (_, page) = http::get(scene.port(), &scene.path());
        let n_bytes = page.len();
        let null = NullServer::start(page);
        let compare = |ours, reference, n_connections| {
            let run = |port, wanted| wrk::run(port, wanted, (n_connections, n_seconds));
            let before = meter::cpu(daemon.id());
            let ours = run(scene.port(), ours);
            let cpu = meter::cpu(daemon.id()).saturating_sub(before);
            let reference = run(null.port(), reference);
            Round { ours, cpu_micros: cpu.as_secs_f64() * 1e6 / ours.n_requests, reference }
        };
        let tokens = scene.tokens();
        let (mut pages, mut answers, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..n_rounds {
            pages.push(compare(Wanted::Pages(tokens), Wanted::Page("/page"), PAGES_AT_ONCE));
            answers.push(compare(Wanted::Answers(tokens), Wanted::Form("/page"), ANSWERS_AT_ONCE));
            let one = wrk::run(scene.port(), Wanted::Answers(tokens), (1, n_seconds));
            alone.push((one.p50, scene.flush()));
        }
        let resident_mb = meter::resident_mb(daemon.id());
        Self { pages, answers, alone, n_bytes, resident_mb }
    }

    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { n_bytes, resident_mb, .. } = self;
        writeln!(out, "\nthe page has {n_bytes} bytes of HTML; most memory that was resident: {resident_mb:.0} MB")?;
        for (name, rounds, must) in
            [("survey page", &self.pages, PAGE_MIN), ("durable answer", &self.answers, ANSWER_MIN)]
        {
            writeln!(out, "\n{name}")?;
            let names = ["canvass/s", "reference/s", "ratio", "CPU us", "p50 ms", "p99 ms"];
            writeln!(out, "{:<8}{}", "", names.map(|name| format!("{name:>13}")).concat())?;
            for (n, round) in rounds.iter().enumerate() {
                write_line(out, &(n + 1).to_string(), std::slice::from_ref(round))?;
            }
            write_line(out, "median", rounds)?;
            writeln!(out, "must: at least {must:.2} of the rate")?;
        }
        let (one, flush) = self.alone();
        writeln!(out, "\none client: an answer takes {:.0} us, a flush of the disk {:.0} us", one * 1e6, flush * 1e6)?;
        writeln!(out, "that is {:.2} flushes; must: at most {ALONE_MAX:.1}", one / flush)?;
        writeln!(
            out,
            "\npage and answer: {:.0} us of processor time, {:.0} times as many in it as LimeSurvey; must: {LIMESURVEY_MIN:.0}",
            self.cpu_micros(),
            self.of_limesurvey()
        )?;
        out.flush()
    }

    /// What is worse than it must be.
    pub(crate) fn misses(&self) -> Vec<String> {
        let (one, flush) = self.alone();
        let checks = [
            ("survey page, of one from memory", median(&self.pages, ratio), PAGE_MIN),
            ("durable answer, of a form thrown away", median(&self.answers, ratio), ANSWER_MIN),
            ("flushes in an answer of one client, the reciprocal", flush / one, 1.0 / ALONE_MAX),
            ("page and answer, of LimeSurvey", self.of_limesurvey(), LIMESURVEY_MIN),
        ];
        let missed = checks.into_iter().filter(|(_, figure, must)| figure < must);
        missed.map(|(name, figure, must)| format!("{name}: {figure:.2}, and not {must:.2}")).collect()
    }

    fn alone(&self) -> (f64, f64) {
        (median(&self.alone, |(one, _)| one.as_secs_f64()), median(&self.alone, |(_, flush)| flush.as_secs_f64()))
    }

    fn cpu_micros(&self) -> f64 {
        let of = |rounds: &[Round]| median(rounds, |round| round.cpu_micros);
        of(&self.pages) + of(&self.answers)
    }

    fn of_limesurvey(&self) -> f64 {
        LIMESURVEY.as_secs_f64() * 1e6 / self.cpu_micros()
    }
}

fn write_line(out: &mut impl Write, name: &str, rounds: &[Round]) -> io::Result<()> {
    let of = |figure: fn(&Round) -> f64| median(rounds, figure);
    writeln!(
        out,
        "{name:<8}{:>13.0}{:>13.0}{:>13.2}{:>13.1}{:>13.1}{:>13.1}",
        of(|round| round.ours.per_second),
        of(|round| round.reference.per_second),
        of(ratio),
        of(|round| round.cpu_micros),
        of(|round| round.ours.p50.as_secs_f64() * 1e3),
        of(|round| round.ours.p99.as_secs_f64() * 1e3),
    )
}

fn ratio(round: &Round) -> f64 {
    round.ours.per_second / round.reference.per_second
}

/// The middle one; of two in the middle the smaller.
fn median<T>(of: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    let mut figures: Vec<_> = of.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}
