mod house;

use chrono::TimeDelta;

use super::*;
use house::House;

/// How long is rehearsed.
const DAYS: u16 = 20;

#[tokio::test]
async fn what_is_rehearsed_is_what_then_happens_and_nothing_happens_by_it() {
    let house = House::after_five_days().await;
    let (from, before) = (house.core.clock.now(), house.invitations().await);
    let rehearsed = plan(&house.core, DAYS).await.unwrap();
    assert_eq!(house.invitations().await, before, "a rehearsal changes nothing");
    assert!(house.handed_since(from).is_empty(), "and sends nothing");

    let to = from + TimeDelta::days(DAYS.into());
    house.live_until(to).await;
    let lived = house.account(&before, (from, to)).await;
    assert_eq!(rehearsed.rows, lived.rows);
    assert_eq!(rehearsed.total.n_sends, house.handed_since(from).len() as u64);
    let total = &rehearsed.total;
    assert!(total.n_sends > 40 && !total.deferrals.is_empty() && total.n_segments > 0, "{total:?} is no trial");
}
