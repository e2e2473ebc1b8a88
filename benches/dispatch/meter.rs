//! What the kernel knows of a process: what it has spent, held and read.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// The kernel counts processor time for `/proc` in hundredths of a second, on every machine that Debian runs on.
const TICK: Duration = Duration::from_millis(10);
/// What has rested for so long may be done.
const REST_MAX: Duration = Duration::from_millis(500);
/// Without any progress for so long, there will be none.
const PATIENCE: Duration = Duration::from_mins(1);

/// The processor time that a process has spent.
pub(crate) fn cpu(id: u32) -> Duration {
    ticks(&format!("/proc/{id}/stat"), 13)
}

/// The processor time that a child of this process has spent from its start to its end.
pub(crate) fn cpu_of_child(run: impl FnOnce()) -> Duration {
    // What children have spent is known when they have ended; no other ends meanwhile.
    let of_ended = || ticks("/proc/self/stat", 15);
    let before = of_ended();
    run();
    of_ended().saturating_sub(before)
}

/// The sum of two fields of proc(5), counted from 0.
fn ticks(path: &str, first: usize) -> Duration {
    let text = fs::read_to_string(path).unwrap();
    // The second field is a name in parentheses, which may hold anything.
    let (_, fields) = text.rsplit_once(')').unwrap();
    let fields = fields.split_whitespace().skip(first - 2).take(2);
    TICK * fields.map(|field| field.parse::<u32>().unwrap()).sum()
}

/// The most memory that was resident at once, in MB.
pub(crate) fn resident_mb(id: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")).unwrap();
    line.parse::<f64>().unwrap() * 1.024e-3
}

/// The bytes that a process has read so far, from wherever.
pub(crate) fn n_bytes_read(id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/io")).unwrap();
    text.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

/// When something began to move and when it moved last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved<T> {
    /// What `at_first` gave when it began.
    pub(crate) at_first: T,
    pub(crate) first: (Instant, u64),
    pub(crate) last: (Instant, u64),
}

/// Looks at a figure that grows, from the first time that it differs from `still` until `is_done`. That is asked only
/// while the figure rests, because it may disturb.
#[track_caller]
pub(crate) fn watch<T>(
    (still, pause): (u64, Duration),
    mut figure: impl FnMut() -> u64,
    at_first: impl FnOnce() -> T,
    is_done: impl Fn() -> bool,
) -> Moved<T> {
    let begun = Instant::now();
    let first = loop {
        let found = figure();
        if found != still {
            break (Instant::now(), found);
        }
        assert!(begun.elapsed() < PATIENCE, "nothing has arrived");
        thread::sleep(pause);
    };
    let at_first = at_first();
    let mut last = first;
    let mut asked = first.0;
    loop {
        thread::sleep(pause);
        let found = figure();
        if found != last.1 {
            last = (Instant::now(), found);
        } else if last.0.max(asked).elapsed() > (50 * pause).min(REST_MAX) {
            if is_done() {
                return Moved { at_first, first, last };
            }
            asked = Instant::now();
            assert!(last.0.elapsed() < PATIENCE, "nothing arrives any more");
        }
    }
}
