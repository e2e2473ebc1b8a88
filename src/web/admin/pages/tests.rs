use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use tower::ServiceExt;

use super::*;
use crate::clock::{Clock, VirtualClock};
use crate::config::load_from;
use crate::config::shipped::SHIPPED;
use crate::daemon::core::Live;
use crate::entropy::Entropy;
use crate::store::memory;

async fn core() -> Arc<Core> {
    let now = chrono::DateTime::parse_from_rfc3339("2026-03-31T12:00:00Z").unwrap().to_utc();
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::at(now));
    let folder = tempfile::tempdir().unwrap();
    let mut config = load_from(&SHIPPED, &BTreeMap::new(), now).unwrap().config;
    config.settings.daemon.state_dir = folder.path().to_owned();
    let live = Live::of(config, &clock).unwrap();
    Arc::new(Core::new(memory::open([7; 32]).await.unwrap(), live, clock, Arc::new(Entropy::seeded(7))))
}

async fn get(path: &str) -> (u16, String, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = super::super::router(core().await).oneshot(request).await.unwrap();
    let csp = response.headers().get(header::CONTENT_SECURITY_POLICY);
    let csp = csp.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1_000_000).await.unwrap();
    (status, csp, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_overview_of_a_new_house_says_that_nothing_was_sent() {
    let (status, csp, html) = get("/").await;
    assert_eq!(status, 200);
    assert!(csp.starts_with("default-src 'none'; style-src 'sha256-"), "{csp}");
    for heading in ["By channel", "By branch", "By stage", "Cards, kiosks and links"] {
        assert!(html.contains(heading), "{heading}");
    }
    assert_eq!(html.matches("Nothing was sent in this time.").count(), 3);
    assert!(html.contains("2 Mar 2026 to 31 Mar 2026"));
}

#[tokio::test]
async fn a_split_is_one_table_and_keeps_the_filters_in_its_links() {
    let (status, _, html) = get("/?by=journey&branch=mitte&from=2026-03-01").await;
    assert_eq!(status, 200);
    assert!(html.contains("By journey") && !html.contains("<h2 id=\"by-channel\">"));
    assert!(html.contains(", Sole Mitte. As of"));
    assert!(html.contains("/api/v1/reports/rates?by=journey&amp;from=2026-03-01&amp;branch=mitte&amp;format=csv"));
    assert!(html.contains("<a href=\"/?by=journey&amp;from=2026-03-01&amp;branch=mitte\" aria-current=\"page\">"));
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused_with_what_would() {
    let (status, _, body) = get("/?by=chanel").await;
    assert_eq!(status, 422);
    assert!(body.contains("use one or several of channel,branch"), "{body}");
}
