use std::collections::BTreeMap;
use std::future::ready;

use async_trait::async_trait;

use super::*;
use crate::daemon::doctor::names::NamesError;
use crate::daemon::doctor::said::Verdict;

/// A few names: their texts, their addresses, their mail servers.
#[derive(Default)]
struct Zone {
    texts: BTreeMap<String, Vec<String>>,
    addresses: BTreeMap<String, Vec<IpAddr>>,
    exchangers: BTreeMap<String, Vec<String>>,
}

#[async_trait]
impl Names for Zone {
    async fn texts(&self, name: &str) -> Result<Vec<String>, NamesError> {
        if name == "broken.example" {
            return Err(NamesError("no answer".to_owned()));
        }
        Ok(self.texts.get(name).cloned().unwrap_or_default())
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NamesError> {
        Ok(self.addresses.get(name).cloned().unwrap_or_default())
    }

    async fn exchangers(&self, name: &str) -> Result<Vec<String>, NamesError> {
        Ok(self.exchangers.get(name).cloned().unwrap_or_default())
    }

    async fn pointers(&self, _: IpAddr) -> Result<Vec<String>, NamesError> {
        Ok(Vec::new())
    }
}

fn zone(records: &[&str]) -> Zone {
    let mut zone = Zone::default();
    let mut text = |name: &str, text: &str| zone.texts.entry(name.to_owned()).or_default().push(text.to_owned());
    for record in records {
        text("sole.example", record);
    }
    text("good.example", "v=spf1 ip4:192.0.2.0/24 -all");
    text("bad.example", "v=spf1 ip4:192.0.2.0/33");
    text("twice.example", "v=spf1 -all");
    text("twice.example", "v=spf1 ~all");
    text("loop.example", "v=spf1 include:loop.example -all");
    text("macro.example", "v=spf1 exists:%{i}.list.example -all");
    for (name, address) in
        [("sole.example", "192.0.2.9"), ("mx.sole.example", "192.0.2.7"), ("six.example", "2001:db8::7")]
    {
        zone.addresses.insert(name.to_owned(), vec![address.parse().unwrap()]);
    }
    zone.exchangers.insert("sole.example".to_owned(), vec!["mx.sole.example".to_owned()]);
    zone
}

/// The domain with these records, and mail that is handed over at 192.0.2.7 or another address.
async fn said_at(address: &str, records: &[&str]) -> Said {
    let relay = Place::Public(vec![address.parse().unwrap()]);
    super::check("sole.example", ready(Ok(relay)), &zone(records)).await
}

#[track_caller]
fn check(record: &str, verdict: Verdict, words: &str) {
    check_all(&[record], verdict, words);
}

#[track_caller]
fn check_all(records: &[&str], verdict: Verdict, words: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let said = runtime.block_on(said_at("192.0.2.7", records));
    assert_eq!(said.verdict, verdict, "{records:?}: {}", said.found);
    assert!(said.found.contains(words), "{records:?}: {}", said.found);
}

#[test]
fn a_relay_that_the_record_names_is_in_order_and_the_term_is_told() {
    check("v=spf1 ip4:192.0.2.7 -all", Verdict::Ok, "names the relay: 192.0.2.7 by `ip4:192.0.2.7`");
    check("V=SPF1 IP4:192.0.2.0/29 ~ALL", Verdict::Ok, "");
    check("v=spf1 mx -all", Verdict::Ok, "by `mx`");
    check("v=spf1 a/28 -all", Verdict::Ok, "by `a/28`");
    check("v=spf1 a:mx.sole.example -all", Verdict::Ok, "");
    check("v=spf1 include:good.example -all", Verdict::Ok, "by `include:good.example`");
    check("v=spf1 redirect=good.example", Verdict::Ok, "by `ip4:192.0.2.0/24`");
    check("v=spf1 exists:%{i}.x.example ip4:192.0.2.7 -all", Verdict::Ok, "");
    check_all(&["some other text", "v=spf1 mx -all"], Verdict::Ok, "");
}

#[test]
fn a_relay_that_it_does_not_name_is_told_with_its_address() {
    check("v=spf1 ip4:192.0.2.8 -all", Verdict::Warning, "does not name 192.0.2.7");
    check("v=spf1 a -all", Verdict::Warning, "does not name");
    check("v=spf1 -ip4:192.0.2.7 ip4:192.0.2.0/24 -all", Verdict::Warning, "does not name");
    check("v=spf1 include:twice2.example -all", Verdict::Problem, "has no SPF record");
}

#[test]
fn a_record_that_helps_nobody_is_a_problem() {
    check_all(&[], Verdict::Problem, "has no SPF record");
    check_all(&["v=spf10 -all"], Verdict::Problem, "has no SPF record");
    check_all(&["v=spf1 -all", "v=spf1 mx -all"], Verdict::Problem, "2 SPF records");
    check("v=spf1 mx +all", Verdict::Problem, "`+all`");
    check("v=spf1 all", Verdict::Problem, "`+all`");
    check("v=spf1 mx", Verdict::Warning, "does not say what becomes of other senders");
    check("v=spf1 mx ?all", Verdict::Warning, "does not say what becomes of other senders");
}

#[test]
fn a_record_that_is_broken_or_leads_to_one_is_told_with_the_reason() {
    check("v=spf1 ipv4:192.0.2.7 -all", Verdict::Problem, "`ipv4:192.0.2.7` is none of its words");
    check("v=spf1 ip4:192.0.2.700 -all", Verdict::Problem, "`ip4:192.0.2.700`");
    check("v=spf1 a:/24 -all", Verdict::Problem, "`a:/24`");
    check("v=spf1 mx/40 -all", Verdict::Problem, "`mx/40`");
    check("v=spf1 include: -all", Verdict::Problem, "`include:`");
    check("v=spf1 redirect=a.example redirect=b.example", Verdict::Problem, "`redirect=b.example`");
    check("v=spf1 include:bad.example -all", Verdict::Problem, "`bad.example`: `ip4:192.0.2.0/33`");
    check("v=spf1 include:twice.example -all", Verdict::Problem, "several SPF records");
    check("v=spf1 include:loop.example -all", Verdict::Problem, "more than 10 times");
    check("v=spf1 include:broken.example -all", Verdict::Problem, "no answer");
}

#[test]
fn what_only_a_mail_can_be_held_against_is_called_unclear() {
    check("v=spf1 exists:%{i}.list.example -all", Verdict::Warning, "exists:%{i}.list.example");
    check("v=spf1 include:%{d}.example -all", Verdict::Warning, "include:%{d}.example");
    check("v=spf1 include:macro.example -all", Verdict::Warning, "include:macro.example");
    check("v=spf1 redirect=%{d}.example", Verdict::Warning, "redirect=%{d}.example");
    check("v=spf1 ptr -all", Verdict::Warning, "ptr");
}

#[tokio::test]
async fn addresses_of_both_kinds_are_held_against_it() {
    let six = said_at("2001:db8::9", &["v=spf1 a:six.example/24//64 -all"]).await;
    assert_eq!(six.verdict, Verdict::Ok, "{}", six.found);
    let other = said_at("2001:db8:1::9", &["v=spf1 ip6:2001:db8::/48 a:six.example//64 -all"]).await;
    assert!(other.advice.contains("`ip6:2001:db8:1::9`"), "{}", other.advice);
}

#[tokio::test]
async fn without_an_address_only_the_record_itself_is_judged() {
    let said = |relay| async move { super::check("sole.example", ready(Ok(relay)), &zone(&["v=spf1 -all"])).await };
    assert_eq!((said(Place::Here).await.verdict, said(Place::Files).await.verdict), (Verdict::Ok, Verdict::Ok));
    let unanswered = super::check("broken.example", ready(Ok(Place::Here)), &zone(&[])).await;
    assert_eq!(unanswered.verdict, Verdict::Problem);
    assert!(unanswered.found.contains("cannot be looked up: no answer"), "{}", unanswered.found);
    let lost = Said::problem("the relay cannot be looked up", "");
    let said = super::check("sole.example", ready(Err(lost.clone())), &zone(&["v=spf1 -all"])).await;
    assert_eq!(said, lost);
}
