//! A power cut and a stop in the middle of sending: nothing is lost, and nothing is sent twice but what is said to be
//! unknown. The benchmark `crash` does the same at length.

use crate::{
    account::Account,
    arrivals::Manners,
    ordeal::{Ordeal, Prepared},
    wait,
};

/// Any will do; this one is written down so that a failure can be seen again.
const SEED: u64 = 1;

#[track_caller]
fn check(manners: Manners, n_kills: usize, n_invitations: usize) -> Account {
    let account = Ordeal { seed: SEED, n_kills, n_invitations, manners }.run();
    account.check();
    account
}

#[test]
fn kills_lose_no_invitation_and_double_none_that_is_not_listed() {
    let account = check(Manners::WellBehaved, 20, 4_000);
    assert!(account.n_doubled_and_listed > 0, "no kill has struck while a mail was on its way\n{account}");
    assert!(account.n_held > 0, "no kill has struck while a text message was on its way\n{account}");
    assert_eq!(account.n_accepted + account.n_held, account.n_invitations, "{account}");
}

#[test]
fn kills_lose_nothing_while_servers_refuse_and_put_off() {
    let account = check(Manners::Failing, 8, 1_000);
    assert!(account.n_waiting > 0, "{account}");
}

#[test]
fn kills_lose_nothing_while_servers_hang() {
    check(Manners::Hanging, 8, 1_000);
}

#[test]
fn kills_lose_nothing_while_servers_close_after_the_body() {
    let account = check(Manners::ClosingAfterBody, 8, 1_000);
    assert!(account.n_unknown > 0, "{account}");
}

#[test]
fn a_stop_lets_finish_what_is_on_its_way() {
    let ordeal = Ordeal { seed: SEED, n_kills: 0, n_invitations: 2_000, manners: Manners::WellBehaved };
    let prepared = ordeal.prepare();
    let Prepared { installation, servers, .. } = &prepared;
    let n_arrived = || servers.n_mails() + servers.n_texts();
    let daemon = installation.start();
    wait::until("half of the messages", || (ordeal.n_invitations / 2 <= n_arrived()).then_some(()));
    assert_eq!(daemon.stop(), Some(0));
    assert!(n_arrived() < ordeal.n_invitations, "all messages had left before the daemon was stopped");
    let (_daemon, account) = prepared.finish(0);
    account.check();
    assert_eq!(account.n_accepted, ordeal.n_invitations, "{account}");
}
