//! Running invitations move to the configuration in force when an operator wants it, and only then.

use std::sync::Arc;

use super::books;
use super::world::{World, accepted, days, hours, noon};
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Happening, State};
use crate::domain::journey::Channel::{Email, Sms};
use crate::domain::journey::{Cap, Step};
use crate::domain::operator::Operator;
use crate::domain::reason::SkipReason;
use crate::plan::replan::{Replanned, Stays};
use crate::plan::{PlanRules, StageRules};
use crate::store::{Migration, Store};

impl World {
    /// What becomes of an invitation under these rules.
    async fn migrate(&self, id: InvitationId, rules: &PlanRules, dry_run: bool) -> Replanned {
        let (rules, by) = (Arc::new(rules.clone()), Operator::parse("maria").unwrap());
        let request = Migration { invitations: vec![id], rules, by, now: noon() + hours(1), dry_run };
        let mut done = self.store.migrate_plans(request).await.unwrap();
        assert_eq!((done.len(), done[0].id), (1, id));
        done.remove(0).outcome
    }

    /// These rules, with the first stage, `visit`, changed.
    fn rules_with(&self, change: impl FnOnce(&mut StageRules)) -> PlanRules {
        let mut rules = self.rules.clone();
        change(&mut rules.stages[0]);
        rules
    }
}

/// By text message, four hours later.
fn by_text_and_later(stage: &mut StageRules) {
    stage.push.line_up = vec![Step { channel: Sms, ..stage.push.line_up[0] }];
    stage.push.after = hours(4);
    stage.push.priority = 8;
}

pub(super) async fn what_was_not_sent_yet_moves_to_the_rules_of_today_and_says_so(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    let before = world.invitation(id).await;
    assert_eq!(world.migrate(id, &world.rules, false).await, Replanned::Unchanged);
    let today = world.rules_with(by_text_and_later);
    let told = world.migrate(id, &today, true).await;
    assert_eq!(world.invitation(id).await, before, "a dry run changes nothing");

    assert_eq!(world.migrate(id, &today, false).await, told);
    let after = world.invitation(id).await;
    assert_eq!(told, Replanned::Moved(Box::new(after.clone())));
    assert_eq!(after.state, State::Waiting { step: 0, due_at: noon() + hours(4) });
    assert_eq!((after.priority, after.planned_at, after.line_up.len()), (8, before.planned_at, 1));
    let [Happening::Planned { .. }, Happening::Replanned { by }, Happening::Planned { due_at, .. }] =
        [0, 1, 2].map(|n| after.history[n].what.clone())
    else {
        panic!("{:?}", after.history)
    };
    assert_eq!((by.as_str(), due_at), ("maria", noon() + hours(4)));
    assert_eq!(world.migrate(id, &today, false).await, Replanned::Unchanged);
    books::check(&*world.store).await;
    assert!(world.lease(Email, 10, noon() + days(1)).await.leases.is_empty());
    assert_eq!(world.send(Sms, accepted(), noon() + hours(4)).await.id, id);
}

pub(super) async fn whom_the_rules_of_today_would_not_ask_is_dropped_with_the_reason(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    let second = world.invite("visit", "ada", "e-2", noon()).await;
    let capped = world.rules_with(|stage| {
        stage.push.sample = 0.0;
        stage.push.after = hours(1);
        stage.push.cap = Some(Cap { at_most: 1, per: days(90) });
    });
    let Replanned::Dropped(dropped, reason) = world.migrate(second, &capped, false).await else { panic!() };
    assert_eq!((reason, *dropped), (SkipReason::NotSampled, world.invitation(second).await));
    assert!(matches!(world.invitation(second).await.state, State::Skipped { reason: SkipReason::NotSampled, .. }));
    books::check(&*world.store).await;
}

pub(super) async fn what_cannot_be_moved_stays_as_it_was_planned(store: Arc<dyn Store>) {
    let world = World::of(store);
    let sent = world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    let waiting = world.invite("visit", "bob", "e-2", noon()).await;
    let before = world.invitation(waiting).await;
    let stays = |why| Replanned::Stays(why);
    let today = world.rules_with(by_text_and_later);
    assert_eq!(world.migrate(sent, &today, false).await, stays(Stays::NotWaiting));
    assert_eq!(world.migrate(InvitationId::from_bytes([0; 16]), &today, false).await, stays(Stays::NotWaiting));
    let gone = world.rules_with(|stage| stage.stage = crate::domain::id::StageId::parse("other").unwrap());
    assert_eq!(world.migrate(waiting, &gone, false).await, stays(Stays::StageGone));
    let other = world.rules_with(|stage| {
        stage.push.trigger = crate::domain::journey::Trigger::Event { kind: "stay".to_owned(), conditions: Vec::new() };
    });
    assert_eq!(world.migrate(waiting, &other, false).await, stays(Stays::OtherOccasion));
    assert_eq!(world.invitation(waiting).await, before);
}
