use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use tower::ServiceExt;

use super::setting::{Setting, Stage};
use super::{links, pages};
use crate::catcher::mailbox::Kind;
use crate::clock::WarpClock;
use crate::daemon::lifecycle::Lifecycle;
use crate::entropy::Entropy;
use crate::report::rates::Row;
use crate::store::memory;
use crate::web::{ReportQuery, report_page};

const URL: &str = "http://127.0.0.1:8088";

fn begin() -> DateTime<Utc> {
    "2026-03-02T06:00:00Z".parse().unwrap()
}

/// A small house after so many days.
async fn played(n_people: u32, days: i64) -> Arc<Stage> {
    let entropy = Arc::new(Entropy::seeded(7));
    let setting = Setting {
        seed: 7,
        n_people,
        url: URL.to_owned(),
        state_dir: std::env::temp_dir(),
        store: memory::open(entropy.bytes()).await.unwrap(),
        entropy,
        clock: Arc::new(WarpClock::standing_at(begin())),
    };
    let stage = Stage::open(setting, &Lifecycle::default()).await.unwrap();
    stage.play_until(begin() + TimeDelta::days(days), &|_| ()).await.unwrap();
    Arc::new(stage)
}

async fn total(stage: &Stage) -> Row {
    let mut page = report_page(&stage.core, &ReportQuery::default(), ("/", None)).await.unwrap();
    page.splits.remove(0).report.total
}

async fn ask(site: &Router, request: Request<Body>) -> (StatusCode, header::HeaderMap, String) {
    let response = site.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 10_000_000).await.unwrap();
    (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
}

async fn get(site: &Router, path: &str) -> (StatusCode, header::HeaderMap, String) {
    let request = Request::get(path).header(header::HOST, "127.0.0.1:8088").header(header::USER_AGENT, "Mozilla/5.0");
    ask(site, request.body(Body::empty()).unwrap()).await
}

/// Hands a form in from a page of this origin; gives where the browser is sent.
async fn post(site: &Router, path: &str, origin: &str, form: &'static str) -> (StatusCode, String) {
    let request = Request::post(path)
        .header(header::HOST, "127.0.0.1:8088")
        .header(header::ORIGIN, origin)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let (status, headers, _) = ask(site, request.body(Body::from(form)).unwrap()).await;
    let location = headers.get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
    (status, location.unwrap_or_default())
}

#[tokio::test]
async fn the_same_seed_plays_the_same_weeks() {
    let (one, other) = (played(30, 14).await, played(30, 14).await);
    assert_eq!(total(&one).await, total(&other).await);
    assert_eq!((one.house.n_events(), one.n_messages()), (other.house.n_events(), other.n_messages()));
    assert_eq!(one.house.n_answers(), other.house.n_answers());
    assert!(one.house.n_events() > 20 && one.n_messages() > 10 && one.house.n_answers() > 5);
    let counts = total(&one).await.counts;
    assert!(counts.complete > 0 && counts.delivered > counts.complete);
}

#[tokio::test]
async fn every_link_of_every_message_works_and_following_them_all_answers_nothing() {
    let stage = played(40, 10).await;
    let site = pages::router(Arc::clone(&stage));
    let n_answers = stage.core.store.responses_after(None, 10_000).await.unwrap().len();
    let before = total(&stage).await;
    let mut n_links = 0;
    for message in stage.inbox.messages() {
        let html = message.html.clone().unwrap_or_default().replace("&amp;", "&");
        let found = [links::paths(&message.text, URL), links::paths(&html, URL)].concat();
        assert!(found.iter().any(|path| path.starts_with("/s/")), "message {} leads nowhere", message.n);
        assert!(found.iter().any(|path| path.starts_with("/u/")), "message {} cannot be stopped", message.n);
        for path in found {
            assert_eq!(get(&site, &path).await.0, StatusCode::OK, "a link of message {}", message.n);
            n_links += 1;
        }
    }
    assert!(n_links > 50, "{n_links}");
    assert_eq!(stage.core.store.responses_after(None, 10_000).await.unwrap().len(), n_answers);
    assert_eq!(total(&stage).await, before);
}

#[tokio::test]
async fn a_guest_who_visits_now_gets_a_mail_when_the_clock_is_moved_and_answers_it_themselves() {
    let stage = played(5, 1).await;
    let site = pages::router(Arc::clone(&stage));
    let (status, story) = post(&site, "/visit", URL, "").await;
    assert_eq!((status, story.as_str()), (StatusCode::SEE_OTHER, "/why/visit-of-you-1"));
    let (_, _, page) = get(&site, &story).await;
    assert!(page.contains("dine-in/visit: planned as inv_") && page.contains("when the next message is due"), "{page}");
    let to_you = |stage: &Stage| {
        let messages = stage.inbox.messages();
        messages.into_iter().filter(|m| m.to.starts_with("you-1@") || m.to == "+4917604069098").collect::<Vec<_>>()
    };
    assert_eq!(to_you(&stage).len(), 0);
    let before = stage.core.clock.now();
    assert_eq!(post(&site, "/warp", URL, "by=1d&back=/inbox").await, (StatusCode::SEE_OTHER, "/inbox".to_owned()));
    assert!(stage.core.clock.now() >= before + TimeDelta::days(1));
    assert_eq!(to_you(&stage).len(), 1);
    assert!(get(&site, "/inbox").await.2.contains("A day passed. "));
    assert_eq!(post(&site, "/warp", URL, "by=1w").await.0, StatusCode::SEE_OTHER);
    let yours = to_you(&stage);
    assert_eq!(yours.len(), 3, "mail, reminder and text message: nobody answered in your place");
    let survey = links::path_to(&yours[0], URL, 's').unwrap();
    let answered = total(&stage).await.counts.complete;
    assert_eq!(post(&site, &survey, URL, "overall=5").await.0, StatusCode::SEE_OTHER);
    assert_eq!(total(&stage).await.counts.complete, answered + 1);
}

#[tokio::test]
async fn the_pages_say_what_a_newcomer_needs() {
    let stage = played(40, 8).await;
    let site = pages::router(Arc::clone(&stage));
    let (_, headers, start) = get(&site, "/").await;
    for words in
        ["Open a mail", "Open the report", "A guest visits now", "Open a table&#39;s card", "+1 week", "/why/inv_"]
    {
        assert!(start.contains(words) || start.contains(&words.replace("&#39;", "'")), "{words}");
    }
    assert!(
        headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'; style-src 'sha256-")
    );
    assert_eq!(headers[header::REFERRER_POLICY], "same-origin");
    let (_, _, inbox) = get(&site, "/inbox").await;
    let newest = stage.n_messages();
    assert!(inbox.contains(&format!("href=\"/inbox/{newest}\"")) && inbox.contains("?page=2"));
    assert!(!get(&site, "/inbox?kind=sms").await.2.contains("@guests.example"));
    let (_, _, report) = get(&site, "/report").await;
    for words in
        ["By channel", "By branch", "By stage", "Text message", "Sole Mitte", "95 % interval", "provisional", "Card"]
    {
        assert!(report.contains(words), "{words}");
    }
    assert!(get(&site, "/report?by=journey").await.2.contains("Dine-in guest"));
    let (status, headers, _) = get(&site, "/cards.pdf").await;
    assert_eq!((status, headers[header::CONTENT_TYPE].to_str().unwrap()), (StatusCode::OK, "application/pdf"));
    assert_eq!(get(&site, "/api/v1/reports/rates").await.0, StatusCode::OK);
    assert_eq!(get(&site, "/nowhere").await.0, StatusCode::NOT_FOUND);
    let mail = stage.inbox.messages().into_iter().find(|message| message.kind == Kind::Mail).unwrap();
    let (_, _, shown) = get(&site, &format!("/inbox/{}", mail.n)).await;
    let (_, rest) = shown.split_once("href=\"/why/").unwrap();
    let story = get(&site, &format!("/why/{}", rest.split('"').next().unwrap())).await.2;
    assert!(story.contains("Contact guest-") && story.contains("Planned: "), "{story}");
}

#[tokio::test]
async fn a_hostile_message_stays_in_its_frame() {
    let stage = played(0, 0).await;
    let site = pages::router(Arc::clone(&stage));
    let raw = "From: a@b.example\r\nSubject: <script>alert(1)</script>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
               <html><head></head><body>\"></iframe><script>alert(2)</script><a href=\"javascript:alert(3)\">x</a></body></html>\r\n";
    let n = stage.inbox.catch_mail("\"><script>@b.example", &["x@y.example".to_owned()], raw.as_bytes().to_vec());
    let (status, headers, page) = get(&site, &format!("/inbox/{n}")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!page.contains("<script") && !page.contains("\"></iframe>&"), "{page}");
    assert_eq!(page.matches("<iframe").count(), 1);
    assert!(page.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""));
    assert!(page.contains("&lt;head&gt;&lt;base target=&#34;_blank&#34;&gt;"));
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"));
    assert!(!get(&site, "/inbox").await.2.contains("<script"));
}

#[tokio::test]
async fn only_its_own_pages_move_the_clock() {
    let stage = played(0, 0).await;
    let site = pages::router(Arc::clone(&stage));
    let before = stage.core.clock.now();
    assert_eq!(post(&site, "/warp", "https://evil.example", "by=1w").await.0, StatusCode::FORBIDDEN);
    assert_eq!(post(&site, "/visit", "null", "").await.0, StatusCode::FORBIDDEN);
    assert_eq!(get(&site, "/warp").await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert!(stage.core.clock.now() < before + TimeDelta::hours(1));
    assert_eq!(post(&site, "/warp", URL, "by=1y").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(post(&site, "/warp", URL, "until=2099-01-01T00:00:00Z").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(post(&site, "/warp", URL, "by=1h&back=//evil.example").await.1, "/");
    let request = Request::get("/inbox").header(header::HOST, "evil.example").body(Body::empty()).unwrap();
    assert_eq!(ask(&site, request).await.0, StatusCode::FORBIDDEN);
}

#[test]
fn every_sample_of_every_page_can_be_rendered() {
    pages::render_samples();
}
