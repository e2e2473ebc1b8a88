//! Progress bars: on a terminal only, on standard error, for what can take longer than a second.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over so many bytes, or over an unknown number of them.
pub(super) fn bytes(total: Option<u64>, what: &'static str) -> ProgressBar {
    let bar = match total {
        Some(total) => ProgressBar::new(total)
            .with_style(style("{msg} [{bar:30}] {bytes}/{total_bytes} {percent}% {elapsed} left {eta}")),
        None => ProgressBar::new_spinner().with_style(style("{msg} {spinner} {bytes} {elapsed}")),
    };
    bar.set_message(what);
    // The steady tick draws only where standard error is a terminal.
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A bar over so many things.
pub(super) fn things(total: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_style(style("{msg} [{bar:30}] {pos}/{len} {elapsed}"));
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A counter of things of which nobody knows how many there are.
pub(super) fn counter(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_style(style("{pos} {msg} {spinner} {elapsed}"));
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// For something of which nobody can say how far it is.
pub(super) fn wait(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_style(style("{msg} {spinner} {elapsed}"));
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}
