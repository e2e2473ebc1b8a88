//! Rows of the page: figures as people read them, and bars as style rules.

use std::fmt::Write as _;

use minijinja::{Value, context};

use crate::report::rates::{Row, Scope};
use crate::report::share::{Base, Share};
use crate::report::surface::SurfaceRow;
use crate::score::interval::round_half_away;

/// The rules of the bars drawn so far. They are made of numbers only.
#[derive(Debug, Default)]
pub(super) struct Bars {
    rules: String,
    n: usize,
}

impl Bars {
    /// Draws one; gives the name of its class.
    fn draw(&mut self, share: &Share) -> Option<String> {
        let (value, interval) = (share.value()?, share.interval()?);
        let name = format!("b{}", self.n);
        let [value, lo, hi] = [value, interval.lo, interval.hi].map(|fraction| hundredfold(fraction, 2));
        let rule = write!(self.rules, ".{name}{{--v:{value}%;--lo:{lo}%;--hi:{hi}%}}");
        self.n += 1;
        rule.is_ok().then_some(name)
    }

    pub(super) fn into_rules(self) -> String {
        self.rules
    }
}

/// A row of cases. In a channel, what could not be delivered may have arrived by another.
pub(super) fn row(labels: Vec<String>, row: &Row, bars: &mut Bars) -> Value {
    let counts = &row.counts;
    let undelivered = match row.scope {
        Scope::Whole => counts.undelivered,
        Scope::Channel => row.not_delivered(),
    };
    let details = [
        ("sent", counts.attempted),
        ("not delivered", undelivered),
        ("complete", counts.complete),
        ("partial", counts.partial),
        ("broken off", counts.break_off),
        ("said no", counts.refusal),
        ("no response", row.no_response()),
        ("late", counts.late),
    ];
    context! {
        labels,
        rate => rate(&row.rr_delivered(), bars),
        of_sent => percent(&row.rr_sent()),
        provisional => row.provisional,
        details => details.into_iter().map(|(name, n)| context! { name, n => count(n) }).collect::<Vec<_>>(),
    }
}

/// A row of visits.
pub(super) fn surface(labels: Vec<String>, row: &SurfaceRow, bars: &mut Bars) -> Value {
    let flagged = (row.tally.flagged > 0).then(|| count(row.tally.flagged));
    context! { surface => row.surface.as_str(), labels, rate => rate(&row.completion(), bars), flagged }
}

/// A share with all that it takes to judge it.
pub(super) fn rate(share: &Share, bars: &mut Bars) -> Value {
    let interval = share.interval().filter(|_| share.value().is_some());
    let interval = interval.map(|ends| format!("{}–{} %", hundredfold(ends.lo, 1), hundredfold(ends.hi, 1)));
    let base = match share.base() {
        Base::Tiny => (share.n > 0).then_some("single cases"),
        Base::Low => Some("low base"),
        Base::Medium | Base::Large => None,
    };
    context! { percent => percent(share), interval, hits => share.hits, n => share.n, base, bar => bars.draw(share) }
}

/// `31.2 %`, or a dash where there is nothing to divide by.
pub(super) fn percent(share: &Share) -> String {
    share.value().map_or_else(|| "–".to_owned(), |value| format!("{} %", hundredfold(value, 1)))
}

/// A counter as people read it.
pub(super) fn count(n: i64) -> String {
    n.to_string()
}

fn hundredfold(fraction: f64, decimals: u32) -> String {
    format!("{:.*}", decimals as usize, round_half_away(fraction * 100.0, decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nothing_is_a_dash_without_a_bar() {
        let mut bars = Bars::default();
        let rate = rate(&Share::sampling(0, 0), &mut bars);
        assert_eq!(rate.get_attr("percent").unwrap().as_str(), Some("–"));
        assert!(rate.get_attr("interval").unwrap().is_none() && rate.get_attr("bar").unwrap().is_none());
        assert_eq!(bars.into_rules(), "");
    }

    #[test]
    fn a_bar_is_a_rule_of_numbers_alone() {
        let mut bars = Bars::default();
        rate(&Share::sampling(5, 10), &mut bars);
        assert_eq!(bars.into_rules(), ".b0{--v:50.00%;--lo:23.66%;--hi:76.34%}");
    }
}
