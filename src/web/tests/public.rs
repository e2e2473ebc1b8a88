//! What customers meet.

use super::*;

const FORM: &str = "overall=2&why=cold+soup";

#[tokio::test]
async fn a_link_shows_the_form_with_its_rating_marked_and_changes_nothing() {
    let house = House::open().await;
    let (survey, _) = house.invite(1).await;
    let shown = house.get(&format!("{survey}?overall=4")).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.header(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"));
    assert_eq!(shown.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(shown.header(header::REFERRER_POLICY), "no-referrer");
    assert!(shown.header(header::SET_COOKIE).is_empty());
    assert_eq!(shown.body.matches("\" checked").count(), 1);
    for point in 1..=5 {
        house.get(&format!("{survey}?overall={point}")).await;
    }
    let row = house.email_row().await;
    assert_eq!([&row["cases"], &row["complete"], &row["break_off"]], [1, 0, 0]);
}

#[tokio::test]
async fn an_answer_is_stored_once_and_a_second_one_amends_it() {
    let house = House::open().await;
    let (survey, _) = house.invite(1).await;
    let taken = house.submit(&survey, FORM).await;
    assert_eq!((taken.status, taken.header(header::LOCATION)), (StatusCode::SEE_OTHER, &*format!("{survey}/thanks")));
    assert_eq!(house.get(&format!("{survey}/thanks")).await.status, StatusCode::OK);
    house.submit(&survey, "overall=5").await;
    let responses = house.ask("/api/v1/responses").await.json();
    let rows = responses["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["answers"]["overall"], 5);
    let row = house.email_row().await;
    assert_eq!([&row["cases"], &row["complete"]], [1, 1]);
}

#[tokio::test]
async fn thanks_go_by_what_was_answered() {
    let house = House::open().await;
    let (survey, _) = house.invite(1).await;
    house.submit(&survey, "overall=3").await;
    let thanks = house.get(&format!("{survey}/thanks")).await;
    assert!(thanks.body.contains("We are sorry"), "{}", thanks.body);
    house.submit(&survey, "overall=4").await;
    let thanks = house.get(&format!("{survey}/thanks")).await;
    assert!(thanks.body.contains("and so does the kitchen") && !thanks.body.contains("sorry"), "{}", thanks.body);
}

#[tokio::test]
async fn twenty_submits_at_once_store_one_response() {
    let house = House::open().await;
    let (survey, _) = house.invite(1).await;
    let submits = (0..20).map(|_| house.submit(&survey, FORM));
    for taken in futures_join(submits).await {
        assert_eq!(taken.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(house.ask("/api/v1/responses").await.json()["rows"].as_array().unwrap().len(), 1);
    assert_eq!(house.email_row().await["complete"], 1);
}

/// Runs futures side by side, in turns.
pub(super) async fn futures_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in &mut running {
            if output.is_none()
                && let std::task::Poll::Ready(done) = future.as_mut().poll(context)
            {
                *output = Some(done);
            }
        }
        if running.iter().all(|(_, output)| output.is_some()) {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

#[tokio::test]
async fn a_form_without_its_key_answer_comes_back_and_what_was_said_is_kept() {
    let house = House::open().await;
    let (survey, _) = house.invite(1).await;
    let back = house.submit(&survey, "").await;
    assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(back.body.contains("aria-invalid=\"true\"") && back.body.contains("href=\"#"), "{}", back.body);
    assert_eq!(house.email_row().await["break_off"], 1);
    house.submit(&survey, FORM).await;
    let row = house.email_row().await;
    assert_eq!([&row["break_off"], &row["complete"]], [0, 1]);
}

#[tokio::test]
async fn links_that_nobody_made_lead_nowhere() {
    let house = House::open().await;
    let (survey, unsubscribe) = house.invite(1).await;
    let token = survey.trim_start_matches("/s/");
    let swapped = format!("/u/{token}");
    for path in ["/s/x", "/s/AAAA", "/q/7KQ2M9XWD", "/nothing", &swapped, &format!("{unsubscribe}x")] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains("<html"), "{path}");
    }
    assert_eq!(house.submit(&swapped, "choice=stop").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn one_click_unsubscribes_at_once_and_looking_does_not() {
    let house = House::open().await;
    let (_, unsubscribe) = house.invite(1).await;
    assert_eq!(house.get(&unsubscribe).await.status, StatusCode::OK);
    assert_eq!(house.ask("/api/v1/contacts/c-1").await.json()["consent_email"], "unknown");
    let done = house.submit(&unsubscribe, "List-Unsubscribe=One-Click").await;
    assert_eq!((done.status, done.header(header::LOCATION)), (StatusCode::OK, ""));
    assert_eq!(house.ask("/api/v1/contacts/c-1").await.json()["consent_email"], "no");
    assert_eq!(house.email_row().await["refusal"], 1);
    let again = json!({ "id": "visit-9", "type": "visit.completed", "at": "2026-03-04T12:30:00Z", "branch": "mitte",
        "contact": { "id": "c-1", "consent_email": "yes" }, "data": { "covers": 2 } });
    let decided = house.tell("/api/v1/events", &again).await.json();
    assert_eq!(decided["decisions"][0]["reason"], "no_consent", "{decided}");
}

#[tokio::test]
async fn who_minds_only_one_channel_is_left_alone_there() {
    let house = House::open().await;
    let (_, unsubscribe) = house.invite(1).await;
    let page = house.get(&unsubscribe).await;
    assert!(page.body.contains("Only no more emails"), "{}", page.body);
    let done = house.submit(&unsubscribe, "choice=channel").await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.body.contains("no more surveys by email"), "{}", done.body);
    let contact = house.ask("/api/v1/contacts/c-1").await.json();
    assert_eq!([&contact["consent_email"], &contact["consent_sms"]], ["no", "unknown"]);
    assert_eq!(house.email_row().await["refusal"], 1);
}

#[tokio::test]
async fn somebody_who_was_never_there_is_no_case() {
    let house = House::open().await;
    let (_, unsubscribe) = house.invite(1).await;
    assert_eq!(house.submit(&unsubscribe, "choice=ineligible").await.status, StatusCode::OK);
    let row = house.email_row().await;
    assert_eq!([&row["cases"], &row["ineligible"]], [0, 1]);
    assert_eq!(house.ask("/api/v1/contacts/c-1").await.json()["consent_email"], "unknown");
}

#[tokio::test]
async fn a_card_is_opened_in_any_case_answered_and_counted_apart() {
    let house = House::open().await;
    let order = json!({ "branch": "mitte", "touchpoint": "table-01", "sheet": "L7165", "print_run": "spring" });
    let printed = house.tell("/api/v1/cards/print", &order).await;
    assert_eq!(printed.status, StatusCode::OK);
    assert!(printed.body.starts_with("%PDF"));
    assert_eq!(printed.body, house.tell("/api/v1/cards/print", &order).await.body, "a reprint has the same bytes");
    let cards = house.ask("/api/v1/cards?branch=mitte").await.json();
    assert_eq!(cards["rows"].as_array().unwrap().len(), 1);
    let code = cards["rows"][0]["code"].as_str().unwrap().to_owned();
    let page = house.get(&format!("/Q/{code}")).await;
    assert_eq!(house.get(&format!("/q/{}", code.to_lowercase())).await.status, StatusCode::OK);
    let number = page.body.split_once("name=\"form\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    house.wait(chrono::TimeDelta::seconds(9));
    let key = house.core.live.load().config.surveys["table"].key_question().unwrap().id.clone();
    let form = format!("form={number}&{key}=4");
    for _ in 0..2 {
        let taken = house.submit(&format!("/q/{code}"), &form).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER);
        let thanks = house.get(taken.header(header::LOCATION)).await;
        assert!(thanks.body.contains("Genießen Sie den Abend"), "{}", thanks.body);
    }
    let of_nobody = house.get(&format!("/q/{code}/thanks?form={}", "0".repeat(32))).await;
    assert!(of_nobody.body.contains("Genießen Sie den Abend"), "{}", of_nobody.body);
    let report = house.ask("/api/v1/reports/rates?from=2026-03-01&to=2026-04-01").await.json();
    let card = &report["surfaces"][0];
    assert_eq!([&card["sessions"], &card["complete"]], [2, 1], "{report}");
    assert_eq!(report["rows"].as_array().unwrap().len(), 0, "a card is no invitation: {report}");
    assert_eq!(house.tell(&format!("/api/v1/cards/{code}/revoke"), &Value::Null).await.status, StatusCode::OK);
    assert_eq!(house.get(&format!("/Q/{code}")).await.status, StatusCode::GONE);
}
