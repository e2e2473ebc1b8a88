//! Intervals for shares, and the rounding of figures for display.
//!
//! A share printed without its spread is read as if it were exact, so every share carries a 95 % interval. Wilson's is
//! used because the plain one collapses to a point at 0 % and 100 % and is far too narrow on few answers.

/// The two-sided 95 % quantile of the standard normal distribution.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// Where the true value may reasonably lie; both ends belong to it, in the unit of the value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub lo: f64,
    /// The upper end.
    pub hi: f64,
}

/// The 95 % Wilson score interval of a share of `successes` in `n`, as fractions between 0 and 1.
///
/// `(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)` with `p = successes / n` (E. B. Wilson, 1927). `None` when
/// there is nothing to divide by, or when more succeeded than were tried.
pub fn wilson(successes: u64, n: u64) -> Option<Interval> {
    if n == 0 || successes > n {
        return None;
    }
    let (count, total) = (real(successes), real(n));
    let (p, z_squared) = (count / total, Z_95 * Z_95);
    let centre = p + z_squared / (2.0 * total);
    let half = Z_95 * (p * (1.0 - p) / total + z_squared / (4.0 * total * total)).sqrt();
    let scale = 1.0 + z_squared / total;
    // At the ends the formula gives 0 and 1 exactly, but floating point leaves a crumb.
    let lo = if successes == 0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let hi = if successes == n { 1.0 } else { ((centre + half) / scale).min(1.0) };
    Some(Interval { lo, hi })
}

/// `value` rounded for display to `decimals` places (at most 12), half away from zero, and never `-0`.
///
/// A half in decimal is seldom a half in binary (1.005 is stored a little below), so a value within a few units in its
/// last place of a half counts as one. What is not finite is given back as it is.
pub fn round_half_away(value: f64, decimals: u32) -> f64 {
    const WHOLE_ONLY: f64 = 4_503_599_627_370_496.0; // 2^52: no f64 from here on has a fraction.
    let scale = 10.0_f64.powi(i32::try_from(decimals.min(12)).unwrap_or(12));
    let scaled = value * scale;
    if !scaled.is_finite() || scaled.abs() >= WHOLE_ONLY {
        return value;
    }
    let rounded = (scaled * (1.0 + 4.0 * f64::EPSILON)).round() / scale;
    // Adding zero turns -0.0 into 0.0 and changes nothing else.
    rounded + 0.0
}

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "counts of answers stay far below 2^53, where every integer is exact")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
