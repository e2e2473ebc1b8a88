//! Waits for another process, by asking it again and again and never for ever.
//!
//! A fixed pause is too short on a busy machine and wasted time on an idle one, so every wait has a question.

use std::{thread, time::Duration};

/// Asks made before giving up; with [`PAUSE`] that is half a minute.
const TRIES_MAX: usize = 1_500;

const PAUSE: Duration = Duration::from_millis(20);

/// What `probe` finds, as soon as it finds something. Panics, naming `what`, when it never does.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    for _ in 0..TRIES_MAX {
        if let Some(found) = probe() {
            return found;
        }
        thread::sleep(PAUSE);
    }
    panic!("{what}: nothing after {} s", (PAUSE * u32::try_from(TRIES_MAX).unwrap()).as_secs());
}

#[test]
fn what_is_there_at_the_third_look_is_found() {
    let mut looks = 0;
    let found = until("the third look", || {
        looks += 1;
        (looks == 3).then_some("found")
    });
    assert_eq!((found, looks), ("found", 3));
}
