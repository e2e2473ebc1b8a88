//! Reasons name what accounts for them, and stand alone where nothing does any more.

use super::*;
use crate::domain::contact::{Consent, Contact};
use crate::domain::event::{Condition, Value};
use crate::domain::id::InvitationId;
use crate::domain::invitation::tests::{
    BERLIN, accepted, contact, day, fallback, first, invitation, operator, receipt,
};
use crate::domain::invitation::{Happening, Note, State};
use crate::domain::journey::{Cap, Channel, Fatigue, Step, StepKind, Trigger, When};
use crate::domain::reason::{DeferReason, HoldReason, SkipReason};
use crate::domain::receipt::{Bounce, News};
use crate::domain::scope::Scope;
use crate::plan::tests::{cap, event as visit, facts, plan_for, rules, rules_with, stage, stage_with};

fn background<'a>(facts: &'a Facts, rules: &'a PlanRules) -> Background<'a> {
    Background { facts, holds: &[], stopped: &[], rules, now: day(1) }
}

fn with_history(history: &[Invitation]) -> Facts {
    Facts { history: history.to_vec(), ..facts(contact()) }
}

/// Another invitation of the contact's, sent on that day.
fn asked(n: u8, day_n: i64) -> Invitation {
    let state = State::Waiting { step: 0, due_at: day(day_n) };
    Invitation { id: InvitationId::from_bytes([n; 16]), state, ..invitation() }.sent(day(day_n), &accepted())
}

/// The only line of an invitation to which just this happened, planned on day 20.
fn only(what: Happening, history: &[Invitation], rules: &PlanRules) -> String {
    let note = Note { at: day(20), what };
    let told = Invitation { history: vec![note], planned_at: day(20), ask_before: day(34), ..invitation() };
    tell(&told, &background(&with_history(history), rules)).remove(0).what
}

fn budget(cap: Option<Cap>) -> PlanRules {
    rules_with(vec![stage()], |gate| gate.fatigue = cap.map(|cap| Fatigue { cap, keep: None }))
}

#[test]
fn a_budget_names_the_invitations_that_used_it_up() {
    let history = [asked(2, 0), asked(3, 3), asked(4, 19)];
    let until = day(30);
    let put_off = Happening::PutOff { until, reason: DeferReason::FrequencyCap };
    let expected = "Put off until Wed 1 Apr at 12:00, because [fatigue] allows 3 invitations in 30 days, and they were \
                    asked on Mon 2 Mar at 11:00, on Thu 5 Mar at 11:00 and on Sat 21 Mar at 11:00.";
    assert_eq!(only(put_off.clone(), &history, &budget(Some(cap(3, 30)))), expected);
    // Of a budget that is another today, nothing is known.
    for other in [None, Some(cap(3, 20))] {
        let generic = "Put off until Wed 1 Apr at 12:00, because the contact was or will be asked as often as [fatigue] \
                       allows.";
        assert_eq!(only(put_off.clone(), &history, &budget(other)), generic);
    }
    let skipped = only(Happening::Skipped { reason: SkipReason::FrequencyCap }, &history, &budget(Some(cap(1, 40))));
    let expected = "Decided not to ask, because [fatigue] allows one invitation in 40 days, and they were asked on Mon \
                    2 Mar at 11:00, on Thu 5 Mar at 11:00 and on Sat 21 Mar at 11:00.";
    assert_eq!(skipped, expected);
}

#[test]
fn a_budget_that_is_still_to_be_used_says_so() {
    let later = Invitation { state: State::Waiting { step: 0, due_at: day(25) }, ..asked(2, 0) };
    let later = Invitation { attempts: Vec::new(), ..later };
    let put_off = Happening::PutOff { until: day(55), reason: DeferReason::FrequencyCap };
    let told = only(put_off, &[later], &budget(Some(cap(1, 30))));
    assert!(
        told.contains("allows one invitation in 30 days, and they will be asked on Fri 27 Mar at 11:00."),
        "{told}"
    );
}

#[test]
fn send_hours_are_those_of_the_contacts_clock() {
    let rules = rules(vec![stage()]);
    let abroad = Contact { time_zone: Some(chrono_tz::Asia::Tokyo), ..contact() };
    let plan = plan_for(&rules, &facts(abroad.clone()), &visit("pos-1", day(0)), day(0));
    let planned = plan.invitations.first().unwrap();
    let told = tell(planned, &background(&facts(abroad), &rules)).remove(0).what;
    let expected = "Planned: an email, meant for Mon 2 Mar at 13:00, is due on Tue 3 Mar at 02:00, because this stage \
                    writes only between 10:00 and 20:00, Mon-Sat, and the contact's clock (Asia/Tokyo) showed Mon 21:00.";
    assert_eq!(told, expected);
}

#[test]
fn who_cannot_be_reached_is_told_by_what_is_missing() {
    let rules = rules_with(vec![stage()], |gate| gate.consent_required = true);
    let told = |contact: &Contact, reason, channel| {
        let note = Note { at: day(0), what: Happening::StepPassedOver { channel, reason } };
        let passed_over = Invitation { history: vec![note], ..invitation() };
        tell(&passed_over, &background(&facts(contact.clone()), &rules)).remove(0).what
    };
    let nobody = Contact { email: None, phone: None, consent_email: Consent::Refused, ..contact() };
    for (reason, channel, words) in [
        (SkipReason::NoAddress, Channel::Sms, "No text message was sent, because the contact has no telephone number."),
        (SkipReason::NoConsent, Channel::Email, "No email was sent, because the contact said no to surveys by email."),
        (
            SkipReason::NoConsent,
            Channel::Sms,
            "No text message was sent, because nothing says that the contact agreed to surveys by text message, and \
             [consent] asks for that.",
        ),
        // They have none on the list now, whatever it was then.
        (SkipReason::Suppressed, Channel::Email, "No email was sent, because the address is on the suppression list."),
    ] {
        assert_eq!(told(&nobody, reason, channel), words);
    }
}

#[test]
fn a_condition_that_was_not_met_is_named_with_what_was_there() {
    let tier = |text: &str| Value::Text(text.to_owned());
    let condition =
        Condition { field: "tier".to_owned(), any_of: vec![tier("gold"), tier("silver")], ..Condition::default() };
    let wants = stage_with(|push| {
        push.trigger = Trigger::Event { kind: "visit.completed".to_owned(), conditions: vec![condition] };
    });
    let rules = rules(vec![wants]);
    let told = |data: &[(&str, Value)]| {
        let data = data.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let happened = crate::domain::event::Event { data, ..visit("pos-1", day(0)) };
        let recorded = plan_for(&rules, &facts(contact()), &happened, day(0)).event.unwrap();
        event(&recorded, &background(&facts(contact()), &rules)).1.remove(0)
    };
    let wants = "the stage wants `gold` or `silver`.";
    assert_eq!(told(&[]), format!("dine-in/visit: nobody was asked, because `tier` is missing, and {wants}"));
    assert_eq!(
        told(&[("tier", tier("tin"))]),
        format!("dine-in/visit: nobody was asked, because `tier` is `tin`, and {wants}")
    );
}

#[test]
fn after_a_step_that_was_barred_the_first_message_is_the_next_channels() {
    let second = Step {
        channel: Channel::Sms,
        after: chrono::TimeDelta::zero(),
        kind: StepKind::Fallback,
        when: When::Undelivered,
    };
    let stage = stage_with(|push| push.line_up.push(second));
    let rules = rules(vec![stage]);
    let by_text = Contact { email: None, ..contact() };
    let plan = plan_for(&rules, &facts(by_text.clone()), &visit("pos-1", day(0)), day(0));
    let told: Vec<_> =
        tell(&plan.invitations[0], &background(&facts(by_text), &rules)).into_iter().map(|line| line.what).collect();
    assert_eq!(
        told,
        [
            "No email was sent, because the contact has no email address.",
            "Planned: a text message is due on Mon 2 Mar at 13:00."
        ]
    );
}

#[test]
fn a_message_that_is_held_says_by_whom_and_why() {
    let rules = rules(vec![stage()]);
    let facts = facts(contact());
    let held = |scope, reason, note: &str| {
        let hold = Hold { scope, since: day(0), reason, note: note.to_owned(), by: operator() };
        standing(&invitation(), &Background { holds: &[hold], ..background(&facts, &rules) })
    };
    let emails = || Scope { channel: Some(Channel::Email), ..Scope::default() };
    let due = "An email has been due since Mon 2 Mar 2026, 11:00 CET";
    assert_eq!(
        held(emails(), HoldReason::Operator, "the relay moves"),
        format!("{due}, but emails are held: by maria since Mon 2 Mar 2026, 11:00 CET, “the relay moves”.")
    );
    assert_eq!(
        held(Scope::default(), HoldReason::Restored, ""),
        format!(
            "{due}, but everything is held since Mon 2 Mar 2026, 11:00 CET: the store was restored, and nothing leaves \
             before somebody has seen what would go out."
        )
    );
    let texts = Scope { channel: Some(Channel::Sms), ..Scope::default() };
    assert_eq!(held(texts, HoldReason::Operator, ""), format!("{due}."));
}

#[test]
fn a_text_message_whose_gateway_has_spent_its_day_says_until_when_it_waits() {
    let mut rules = rules(vec![stage()]);
    "kannel".clone_into(&mut std::sync::Arc::make_mut(&mut rules.gate).routes.gateway);
    let facts = facts(contact());
    let stopped = [("kannel".to_owned(), day(2))];
    let told = |channel| {
        let invitation = Invitation { line_up: vec![first(channel)], ..invitation() };
        standing(&invitation, &Background { stopped: &stopped, ..background(&facts, &rules) })
    };
    assert_eq!(
        told(Channel::Sms),
        "A text message has been due since Mon 2 Mar 2026, 11:00 CET, but gateway kannel has spent what it may cost today, so \
         it waits until Wed 4 Mar 2026, 11:00 CET."
    );
    assert_eq!(told(Channel::Email), "An email has been due since Mon 2 Mar 2026, 11:00 CET.");
}

#[test]
fn what_follows_a_message_that_came_back_goes_instead_of_it_also_when_that_was_heard_before_the_answer() {
    let steps = vec![first(Channel::Email), fallback(Channel::Sms, 5, When::Undelivered)];
    let asked = || Invitation { line_up: steps.clone(), ..invitation() };
    let bounced = receipt(News::Bounced(Bounce::Soft));
    let late = asked().sent(day(0), &accepted()).heard(1, &bounced, day(0), BERLIN).unwrap();
    let early = asked().sending(day(0)).heard(1, &bounced, day(0), BERLIN).unwrap().settled(day(0), &accepted());
    let (facts, rules) = (facts(contact()), budget(None));
    for invitation in [late, early] {
        let story: Vec<_> = tell(&invitation, &background(&facts, &rules)).into_iter().map(|line| line.what).collect();
        let [_, .., last] = story.as_slice() else { panic!("{story:?}") };
        assert_eq!(last, "Instead, a text message goes out at once.");
        let came_back = "The email did not get through, says bounce mail.".to_owned();
        assert!(story.contains(&came_back), "{story:?}");
    }
}
