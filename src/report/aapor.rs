//! The response rates of AAPOR's Standard Definitions over final dispositions (METRICS §4.2).
//!
//! Everybody asked comes from a recorded occasion, so silence is an eligible non-response; only a case that no message
//! reached is of unknown eligibility.

use super::share::Share;
use crate::score::interval::real;

/// Cases by final disposition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// I: complete.
    pub complete: u64,
    /// P: partial.
    pub partial: u64,
    /// R: refusal and break-off.
    pub refusal: u64,
    /// NC: no contact, which here is silence.
    pub no_contact: u64,
    /// O: other eligible cases without an answer.
    pub other: u64,
    /// U: of unknown eligibility, UH and UO together.
    pub unknown: u64,
    /// NE: not eligible.
    pub ineligible: u64,
}

/// A fraction over a base that is itself estimated, so that no interval of it means anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The fraction, in `0..=1`; `None` when there is nothing to divide by.
    pub value: Option<f64>,
    /// The estimated number of cases.
    pub base: f64,
}

impl Outcomes {
    /// I+P+R+NC+O: the cases known to be eligible.
    pub fn n_eligible(&self) -> u64 {
        self.complete + self.partial + self.refusal + self.no_contact + self.other
    }

    /// The eligible and the unknown cases.
    pub fn n_all(&self) -> u64 {
        self.n_eligible() + self.unknown
    }

    fn n_answered(&self) -> u64 {
        self.complete + self.partial
    }

    /// RR1 = I/(I+P+R+NC+O+U); `rr.complete`.
    pub fn rr1(&self) -> Share {
        Share::sampling(self.complete, self.n_all())
    }

    /// RR2 = (I+P)/(I+P+R+NC+O+U); `rr.sent`.
    pub fn rr2(&self) -> Share {
        Share::sampling(self.n_answered(), self.n_all())
    }

    /// RR3 = I/(I+P+R+NC+O + e·U).
    pub fn rr3(&self) -> Estimate {
        self.of_estimated(self.complete)
    }

    /// RR4 = (I+P)/(I+P+R+NC+O + e·U).
    pub fn rr4(&self) -> Estimate {
        self.of_estimated(self.n_answered())
    }

    /// RR5 = I/(I+P+R+NC+O).
    pub fn rr5(&self) -> Share {
        Share::sampling(self.complete, self.n_eligible())
    }

    /// RR6 = (I+P)/(I+P+R+NC+O); `rr.delivered`, the headline.
    pub fn rr6(&self) -> Share {
        Share::sampling(self.n_answered(), self.n_eligible())
    }

    /// e = (I+P+R+NC+O)/(I+P+R+NC+O+NE): the estimated share of eligible among the unknown.
    pub fn e(&self) -> Share {
        Share::sampling(self.n_eligible(), self.n_eligible() + self.ineligible)
    }

    /// CON1 = (I+P+R+O)/(I+P+R+NC+O+U).
    pub fn con1(&self) -> Share {
        Share::sampling(self.n_contacted(), self.n_all())
    }

    /// COOP1 = I/(I+P+R+O).
    pub fn coop1(&self) -> Share {
        Share::sampling(self.complete, self.n_contacted())
    }

    /// COOP2 = (I+P)/(I+P+R+O).
    pub fn coop2(&self) -> Share {
        Share::sampling(self.n_answered(), self.n_contacted())
    }

    /// REF1 = R/(I+P+R+NC+O+U).
    pub fn ref1(&self) -> Share {
        Share::sampling(self.refusal, self.n_all())
    }

    /// The share of cases that a message reached: 1 − U/(I+P+R+NC+O+U).
    pub fn deliverability(&self) -> Share {
        Share::sampling(self.n_eligible(), self.n_all())
    }

    fn n_contacted(&self) -> u64 {
        self.complete + self.partial + self.refusal + self.other
    }

    fn of_estimated(&self, hits: u64) -> Estimate {
        // Without one case of known eligibility nothing can be said about the others, and they count in full.
        let e = self.e().value().unwrap_or(1.0);
        let base = real(self.n_eligible()) + e * real(self.unknown);
        Estimate { value: (base > 0.0).then(|| real(hits) / base), base }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: Option<f64>, expected: f64) {
        let value = value.unwrap();
        assert!((value - expected).abs() < 0.000_5, "{value} is not {expected}");
    }

    #[test]
    fn the_published_vector_gives_the_published_rates() {
        let outcomes =
            Outcomes { complete: 4, partial: 2, refusal: 1, no_contact: 1, other: 1, unknown: 2, ineligible: 1 };
        check(outcomes.rr1().value(), 0.364);
        check(outcomes.rr2().value(), 0.545);
        check(outcomes.rr3().value, 0.370);
        check(outcomes.rr4().value, 0.556);
        check(outcomes.rr5().value(), 0.444);
        check(outcomes.rr6().value(), 0.667);
        check(outcomes.coop1().value(), 0.500);
        check(outcomes.coop2().value(), 0.750);
        check(outcomes.ref1().value(), 0.091);
        check(outcomes.con1().value(), 0.727);
    }

    #[test]
    fn where_nobody_was_asked_there_is_no_rate() {
        let nobody = Outcomes::default();
        assert_eq!(nobody.rr6().value(), None);
        assert_eq!(nobody.rr3().value, None);
        let unknown_only = Outcomes { unknown: 3, ..Outcomes::default() };
        assert_eq!(unknown_only.rr3(), Estimate { value: Some(0.0), base: 3.0 });
    }
}
