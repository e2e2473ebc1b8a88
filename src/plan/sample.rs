//! The lot that decides whether an occasion falls into a stage's sample.
//!
//! Whoever publishes a rate from a sample must be able to show that nobody chose who was asked. So the lot hangs on
//! nothing but what the caller knows: the stage and the event (or, where a clock calls people up, the contact and the
//! fire). It is no secret of the store, and anybody can draw it again with a pocket tool:
//!
//! ```text
//! lot = first 8 bytes of SHA-256("JOURNEY/STAGE" LF "EVENT")             as a big-endian number, divided by 2^64
//! lot = first 8 bytes of SHA-256("JOURNEY/STAGE" LF "CONTACT" LF "FIRE") where a clock set the stage off
//! ```
//!
//! `LF` is the byte 10, which no id contains; `FIRE` is the fire's nominal time, such as `2026-03-02T09:00:00`. Asked is
//! who draws a lot below `sample`. The stage is part of it, so that two stages with the same sample do not ask the same
//! people.

use aws_lc_rs::digest::{Context, SHA256};

use crate::domain::id::{ContactId, JourneyId, StageId};

use super::Occasion;

/// A number in `0..1`, always the same for this stage and this occasion of this contact.
pub fn lot(journey: &JourneyId, stage: &StageId, contact: &ContactId, occasion: Occasion<'_>) -> f64 {
    let subject = match occasion {
        Occasion::Event(event) => event.id.to_string(),
        Occasion::Fire { nominal, .. } => format!("{contact}\n{nominal}"),
    };
    let mut context = Context::new(&SHA256);
    context.update(format!("{journey}/{stage}\n{subject}").as_bytes());
    let head = context.finish().as_ref().iter().take(8).fold(0_u64, |head, byte| (head << 8) | u64::from(*byte));
    // 53 bits are what an f64 holds exactly; what is cut off is below any share that a person writes.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    let lot = (head >> 11) as f64 / (1_u64 << 53) as f64;
    lot
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::plan::tests::event;

    fn names() -> (JourneyId, StageId, ContactId) {
        let journey = JourneyId::parse("dine-in").unwrap();
        (journey, StageId::parse("booking").unwrap(), ContactId::parse("c-17").unwrap())
    }

    /// As anybody gets it: `printf 'dine-in/booking\npos-4711' | sha256sum | cut -c1-16`, divided by 2^64.
    #[test]
    fn the_lot_of_an_event_is_what_anybody_can_compute() {
        let (journey, stage, contact) = names();
        let event = event("pos-4711", DateTime::UNIX_EPOCH);
        let lot = lot(&journey, &stage, &contact, Occasion::Event(&event));
        assert!((lot - 0.427_224_429_450_349_9).abs() < 1e-15, "{lot}");
    }

    /// `printf 'dine-in/booking\nc-17\n2026-03-02T09:00:00' | sha256sum | cut -c1-16`, divided by 2^64.
    #[test]
    fn the_lot_at_a_fire_is_what_anybody_can_compute() {
        let (journey, stage, contact) = names();
        let fire = Occasion::Fire {
            journey: &journey,
            stage: &stage,
            nominal: "2026-03-02T09:00:00",
            at: DateTime::UNIX_EPOCH,
        };
        let lot = lot(&journey, &stage, &contact, fire);
        assert!((lot - 0.745_662_499_186_958_3).abs() < 1e-15, "{lot}");
    }
}
