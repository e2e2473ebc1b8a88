//! Reads `Retry-After` (RFC 9110 §10.2.3): a number of seconds, or a date in one of the three forms of §5.6.7.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// The longest wait that a gateway is believed: a day. A slip of theirs must not silence a channel for a year.
const WAIT_MAX: TimeDelta = TimeDelta::days(1);

/// When to come again, never before `now`; `None` where the value says nothing that can be read.
pub(super) fn retry_after(value: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let value = value.trim();
    let at = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are still "long".
        let seconds = value.parse::<i64>().unwrap_or(i64::MAX).min(WAIT_MAX.num_seconds());
        now + TimeDelta::seconds(seconds)
    } else {
        http_date(value)?
    };
    Some(at.clamp(now, now + WAIT_MAX))
}

fn http_date(value: &str) -> Option<DateTime<Utc>> {
    const OBSOLETE: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    if let Ok(date) = DateTime::parse_from_rfc2822(value) {
        return Some(date.to_utc());
    }
    OBSOLETE.iter().find_map(|form| NaiveDateTime::parse_from_str(value, form).ok()).map(|date| date.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected_seconds: Option<i64>) {
        let now = DateTime::parse_from_rfc3339("2026-11-06T08:49:00Z").unwrap().to_utc();
        let wait = retry_after(value, now).map(|at| (at - now).num_seconds());
        assert_eq!(wait, expected_seconds, "{value}");
    }

    #[test]
    fn seconds_and_all_three_dates_are_read() {
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Fri, 06 Nov 2026 08:49:37 GMT", Some(37));
        check("Friday, 06-Nov-26 08:49:37 GMT", Some(37));
        check("Fri Nov  6 08:49:37 2026", Some(37));
    }

    #[test]
    fn the_past_is_now_and_the_far_future_is_tomorrow() {
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(0));
        check("99999999999999999999999", Some(86_400));
        check("Sat, 06 Nov 2027 08:49:37 GMT", Some(86_400));
    }

    #[test]
    fn nonsense_says_nothing() {
        for value in ["", "soon", "-5", "1.5", "+3"] {
            check(value, None);
        }
    }
}
