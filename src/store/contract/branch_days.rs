//! The cap of a branch and a day: counted with the lease, so that nothing slips past it.

use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use tokio::task::JoinSet;

use super::world::{World, accepted, days, event, guest, noon, refused};
use crate::domain::id::InvitationId;
use crate::domain::invitation::State;
use crate::domain::journey::Channel::{Email, Sms};
use crate::domain::place::DayCaps;
use crate::domain::reason::{DeferReason, SkipReason};
use crate::store::Store;

fn world(store: Arc<dyn Store>, per_day: DayCaps) -> World {
    let mut world = World::of(store);
    Arc::make_mut(&mut world.rules.gate).branches.get_mut("mitte").unwrap().per_day = per_day;
    world
}

/// When the day after [`noon`] begins in Berlin.
fn tomorrow() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 23, 0, 0).unwrap()
}

async fn due_at(world: &World, id: InvitationId) -> Option<DateTime<Utc>> {
    match world.invitation(id).await.state {
        State::Waiting { due_at, .. } => Some(due_at),
        State::Sending { .. } | State::Held { .. } | State::Asked | State::Closed { .. } | State::Skipped { .. } => {
            None
        }
    }
}

pub(super) async fn a_branch_asks_no_more_people_on_a_day_than_it_may(store: Arc<dyn Store>) {
    let world = world(store, DayCaps { all: Some(3), sms: Some(1), email: None });
    let mut by_mail = Vec::new();
    for (n, who) in ["ada", "bob", "cyd", "dan"].into_iter().enumerate() {
        by_mail.push(world.invite("visit", who, &format!("e-{n}"), noon()).await);
    }
    let valuable = world.invite("renewal", "eve", "e-8", noon()).await;
    let by_text = world.invite("delivery", "fay", "e-9", noon()).await;
    let second_text = world.invite("delivery", "gus", "e-10", noon()).await;

    let texts = world.lease(Sms, 10, noon()).await;
    assert_eq!((texts.leases.len(), texts.n_withheld), (1, 1));
    let mails = world.lease(Email, 10, noon()).await;
    assert_eq!((mails.leases.len(), mails.n_withheld), (2, 3));
    assert_eq!(mails.leases[0].invitation.id, valuable, "who goes first has the room");
    for id in [by_text, second_text].iter().chain(&by_mail) {
        assert!(due_at(&world, *id).await.is_none_or(|due_at| due_at == tomorrow()));
    }
    assert!(world.lease(Email, 10, tomorrow() - chrono::TimeDelta::seconds(1)).await.leases.is_empty());

    // The next day counts anew, and a branch without a cap never counted.
    assert_eq!(world.lease(Email, 10, tomorrow()).await.leases.len(), 3);
    let free = World::of(Arc::clone(&world.store));
    assert_eq!(free.lease(Sms, 10, tomorrow()).await.leases.len(), 1);
}

pub(super) async fn racing_workers_together_stay_within_the_cap_of_the_day(store: Arc<dyn Store>) {
    let world = Arc::new(world(store, DayCaps { all: Some(7), ..DayCaps::NONE }));
    for n in 0..20 {
        world.invite("visit", &format!("guest-{n}"), &format!("e-{n}"), noon()).await;
    }
    let mut racing = JoinSet::new();
    for _ in 0..8 {
        let world = Arc::clone(&world);
        racing.spawn(async move { world.lease(Email, 5, noon()).await.leases.len() });
    }
    assert_eq!(racing.join_all().await.into_iter().sum::<usize>(), 7);
}

pub(super) async fn only_the_first_message_of_an_invitation_is_counted(store: Arc<dyn Store>) {
    let world = world(store, DayCaps { all: Some(1), ..DayCaps::NONE });
    let asked = world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, refused(false), noon()).await;
    // The text message in the place of a mail that was refused asks nobody new.
    let fallback = world.lease_one(Sms, noon()).await;
    assert_eq!(fallback.invitation.id, asked);
    world.settle(&fallback, accepted(), noon()).await.unwrap();

    let late = event("visit", &guest("bob").id, "e-2", noon() - days(13) - chrono::TimeDelta::hours(20));
    let plan = world.plan(guest("bob"), &late, noon()).await;
    let too_late = plan.invitations[0].id;
    world.apply(plan).await.unwrap();
    assert!(world.lease(Email, 10, noon()).await.leases.is_empty());
    let state = world.invitation(too_late).await.state;
    assert_eq!(state, State::Skipped { at: noon(), reason: SkipReason::BranchCap });
    let put_off = world.invite("visit", "cyd", "e-3", noon()).await;
    assert!(world.lease(Email, 10, noon()).await.leases.is_empty());
    let note = crate::domain::invitation::Happening::PutOff { until: tomorrow(), reason: DeferReason::BranchCap };
    assert!(world.invitation(put_off).await.history.iter().any(|told| told.what == note));
}
