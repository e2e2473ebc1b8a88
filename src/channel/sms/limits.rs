//! How long a gateway may take, and how much it takes at once.

use std::time::Duration;

use toml::Value;

use super::reader::Reader;
use crate::domain::duration::parse_duration;

/// Most messages on their way to one gateway at once.
const INFLIGHT_MAX: i64 = 256;
/// The most that a rate may allow in a second; more is a slip of the pen.
const PER_SECOND_MAX: f64 = 10_000.0;

/// Bounds of one gateway.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    /// Name look-up, TCP connect and TLS handshake.
    pub(super) connect: Duration,
    /// All of it, from the look-up to the last byte of the answer. Longer than `connect`, so that a time-out of the
    /// whole can only strike when the request may have been written.
    pub(super) total: Duration,
    /// Messages a second; `None` for no limit.
    pub(super) per_second: Option<f64>,
    /// Messages at once.
    pub(super) inflight_max: usize,
}

impl Limits {
    /// Reads `timeout`, `rate` and `max_inflight`.
    pub(super) fn read(table: &Reader<'_>) -> Self {
        let (connect, total) = read_timeouts(table);
        let per_second = table.text("rate").and_then(|text| {
            let rate = parse_rate(text);
            if rate.is_none() {
                table.problem(
                    "rate",
                    format!("`{text}` is no rate: write for example \"10/s\", \"300/m\" or \"1000/h\""),
                );
            }
            rate
        });
        let inflight_max =
            table.integer("max_inflight", 1..=INFLIGHT_MAX).and_then(|count| usize::try_from(count).ok());
        Self { connect, total, per_second, inflight_max: inflight_max.unwrap_or(8) }
    }
}

/// Reads `10/s`, `300/m`, `1000/h` into messages a second.
fn parse_rate(text: &str) -> Option<f64> {
    let (count, unit) = text.split_once('/')?;
    let seconds = match unit.trim() {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        _ => return None,
    };
    let per_second = f64::from(count.trim().parse::<u32>().ok()?) / seconds;
    (per_second > 0.0 && per_second <= PER_SECOND_MAX).then_some(per_second)
}

/// `timeout = "30s"` is the whole; `{ connect = "10s", total = "30s" }` says both.
fn read_timeouts(table: &Reader<'_>) -> (Duration, Duration) {
    const CONNECT: (u64, u64) = (10, 60);
    const TOTAL: (u64, u64) = (30, 300);
    let (connect, total) = match table.value("timeout") {
        None => (None, None),
        Some(Value::String(_)) => (None, read_timeout(table, "timeout", TOTAL.1)),
        Some(_) => table.table("timeout").map_or((None, None), |inner| {
            inner.allow_keys(&["connect", "total"]);
            (read_timeout(&inner, "connect", CONNECT.1), read_timeout(&inner, "total", TOTAL.1))
        }),
    };
    let total = total.unwrap_or(Duration::from_secs(TOTAL.0));
    // Where only the whole is given and it is short, the connection gets half of it.
    let connect = connect.unwrap_or(Duration::from_secs(CONNECT.0).min(total / 2));
    if connect >= total {
        let (connect, total) = (connect.as_secs(), total.as_secs());
        let why = "the connection is part of the whole, and the request needs time too";
        table.problem("timeout", format!("`connect` ({connect}s) is not shorter than `total` ({total}s): {why}"));
    }
    (connect, total)
}

fn read_timeout(table: &Reader<'_>, key: &str, seconds_max: u64) -> Option<Duration> {
    let text = table.text(key)?;
    match parse_duration(text) {
        Ok(duration) => {
            let seconds = u64::try_from(duration.num_seconds()).unwrap_or_default();
            if !(1..=seconds_max).contains(&seconds) {
                table.problem(key, format!("`{text}` is out of bounds: write 1s to {seconds_max}s"));
            }
            Some(Duration::from_secs(seconds))
        }
        Err(error) => {
            table.problem(key, error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<f64>) {
        assert_eq!(parse_rate(text), expected, "{text}");
    }

    #[test]
    fn rates_are_read_per_second() {
        check("10/s", Some(10.0));
        check("30/m", Some(0.5));
        check("30 / min", Some(0.5));
        check("3600/h", Some(1.0));
        for bad in ["10", "0/s", "-1/s", "1.5/s", "10/d", "20000/s", "/s", ""] {
            check(bad, None);
        }
    }
}
