//! Leases that nobody holds.

use super::super::reads;
use super::super::view::View;
use super::super::{GiveBack, StoreError};
use super::invitations;
use crate::domain::attempt::{Obstacle, Outcome};

/// Gives back every invitation under a lease that nobody was handed, so that it is known that nothing was sent. Gives how
/// many there were.
pub(in super::super) fn give_back(view: &mut View<'_>, request: &GiveBack) -> Result<usize, StoreError> {
    let mut n_given_back = 0;
    for (id, _) in reads::leases(view)?.into_iter().filter(|(_, granted)| granted.lease == request.lease) {
        // One that cannot be read stays where it is: its lease ends like any other.
        let Ok(Some(before)) = reads::invitation(view, &id) else { continue };
        let reply = "the store could not write, so nobody was handed the message".to_owned();
        let outcome = Outcome::Deferred { not_before: None, reply, obstacle: Obstacle::Route { slow_down: false } };
        let waiting = before.clone().settle(request.lease, &outcome, request.now, (request.retry, before.zone));
        invitations::put(view, Some(&before), &waiting.map_err(|_| StoreError::LeaseLost)?)?;
        n_given_back += 1;
    }
    Ok(n_given_back)
}
