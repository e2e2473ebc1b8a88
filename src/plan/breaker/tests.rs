use proptest::prelude::*;

use super::*;
use crate::domain::invitation::tests::day;

/// Counts so many of each in turn, one a minute; gives what it opened for, if it did.
fn see(watch: &mut Watch, from: DateTime<Utc>, sights: &[(Sight, u32)]) -> Vec<String> {
    let all = sights.iter().flat_map(|&(sight, n)| (0..n).map(move |_| sight));
    let at = |n: usize| from + TimeDelta::seconds(i64::try_from(n).unwrap());
    all.enumerate()
        .filter_map(|(n, sight)| watch.see(&BreakerRules::USUAL, sight, at(n)))
        .map(|burst| burst.to_string())
        .collect()
}

#[track_caller]
fn check(sights: &[(Sight, u32)], expected: &[&str]) {
    assert_eq!(see(&mut Watch::default(), day(0), sights), expected, "{sights:?}");
}

#[test]
fn it_opens_at_the_share_and_not_for_a_few() {
    check(&[(Sight::Message, 200), (Sight::Bounce, 19)], &[]);
    check(&[(Sight::Message, 200), (Sight::Bounce, 20)], &["20 of 200 messages came back within 1d"]);
    check(&[(Sight::Message, 201), (Sight::Bounce, 20)], &[]);
    check(&[(Sight::Message, 201), (Sight::Bounce, 21)], &["21 of 201 messages came back within 1d"]);
    check(&[(Sight::Message, 5), (Sight::Bounce, 5)], &[]);
    check(&[(Sight::Message, 1_000), (Sight::Complaint, 3)], &["3 complaints on 1000 messages within 1d"]);
    check(&[(Sight::Message, 1_001), (Sight::Complaint, 3)], &[]);
    check(&[(Sight::Message, 400), (Sight::OptOut, 20)], &["20 people want no more, of 400 messages within 1d"]);
    let worst = "20 of 40 answers within 1d are nothing but the worst";
    check(&[(Sight::Answer, 40), (Sight::WorstAnswer, 20)], &[worst]);
    check(&[(Sight::Answer, 41), (Sight::WorstAnswer, 20)], &[]);
}

#[test]
fn who_is_not_believed_needs_no_share() {
    let not_believed = "3 mails within 1d were not believed to be ours; look at SPF, DKIM, DMARC and reverse DNS";
    check(&[(Sight::Message, 10_000), (Sight::SenderFault, 2)], &[]);
    check(&[(Sight::SenderFault, 3)], &[not_believed]);
}

#[test]
fn what_opened_it_is_forgotten_and_the_rest_is_not() {
    let opened = "20 of 40 messages came back within 1d";
    check(&[(Sight::Message, 40), (Sight::Bounce, 39)], &[opened]);
    check(&[(Sight::Message, 40), (Sight::Bounce, 40)], &[opened, opened]);
    check(
        &[(Sight::Message, 40), (Sight::OptOut, 19), (Sight::Bounce, 20), (Sight::OptOut, 1)],
        &[opened, "20 people want no more, of 40 messages within 1d"],
    );
}

#[test]
fn what_is_longer_ago_does_not_count() {
    let mut watch = Watch::default();
    assert_eq!(see(&mut watch, day(0), &[(Sight::Message, 100), (Sight::Bounce, 19)]), [""; 0]);
    assert_eq!(see(&mut watch.clone(), day(1) - TimeDelta::hours(1), &[(Sight::Bounce, 1)]).len(), 1);
    assert_eq!(see(&mut watch, day(1) + TimeDelta::hours(1), &[(Sight::Bounce, 1)]), [""; 0]);
    assert_eq!(watch.slots.len(), 1);
}

#[test]
fn what_is_switched_off_never_opens_it() {
    let rules = BreakerRules { bounced: None, sender_faults: None, ..BreakerRules::USUAL };
    let mut watch = Watch::default();
    for sight in [Sight::Bounce, Sight::SenderFault] {
        assert!((0..1_000).all(|_| watch.see(&rules, sight, day(0)).is_none()));
    }
}

proptest! {
    #[test]
    fn it_takes_bounded_room_and_never_opens_below_its_limit(
        steps in prop::collection::vec((0_usize..Sight::ALL.len(), -100_000_i64..200_000), 0..400),
    ) {
        let (mut watch, mut now) = (Watch::default(), day(0));
        for (sight, seconds) in steps {
            now += TimeDelta::seconds(seconds);
            if let Some(burst) = watch.see(&BreakerRules::USUAL, Sight::ALL[sight], now) {
                prop_assert!(burst.n >= BreakerRules::USUAL.limit(burst.sight).unwrap().at_least);
            }
            prop_assert!(watch.slots.len() <= SLOTS as usize);
        }
    }
}
