//! One tap in a mail, where the stage keeps taps: scanners follow every link, and a person is seen.

use super::*;

/// The shipped configuration with taps of the visit kept.
async fn house() -> House {
    let journey = SHIPPED.files.iter().find(|(name, _)| *name == "journeys/dine-in.toml").unwrap().1;
    let journey = journey.replacen("id = \"visit\"\n", "id = \"visit\"\none_tap = \"provisional\"\n", 1);
    let files = SHIPPED.files.iter();
    let files: Vec<_> =
        files.map(|(name, text)| (*name, if *name == "journeys/dine-in.toml" { &*journey } else { *text })).collect();
    House::open_with(InMemory { name: "config", files: &files }).await
}

impl House {
    async fn taps(&self) -> Vec<Value> {
        self.ask("/api/v1/taps").await.json()["rows"].as_array().unwrap().clone()
    }

    async fn n_responses(&self) -> usize {
        self.ask("/api/v1/responses").await.json()["rows"].as_array().unwrap().len()
    }

    /// The link in the mail that people do not see.
    fn hidden_link(&self) -> String {
        let entry = std::fs::read_dir(self.folder.path().join("outbox")).unwrap().next().unwrap().unwrap();
        let mail = std::fs::read(entry.path()).unwrap();
        let html = mail_parser::MessageParser::default().parse(&mail).unwrap().body_html(0).unwrap().into_owned();
        let hidden = html.split("<a ").find(|link| link.contains("display:none")).unwrap();
        let url = hidden.split_once("href=\"").unwrap().1.split('"').next().unwrap();
        format!("/s/{}", url.split_once("/s/").unwrap().1)
    }
}

#[tokio::test]
async fn a_crawler_leaves_one_entry_with_its_reasons_and_a_person_who_comes_later_counts() {
    let house = house().await;
    let (link, _) = house.invite(1).await;
    house.clock.advance_to(house.clock.now() + chrono::TimeDelta::seconds(3));
    for point in 1..=5 {
        house.get(&format!("{link}?overall={point}")).await;
        let head = Request::head(format!("{link}?overall={point}")).header(header::USER_AGENT, "Mozilla/5.0");
        house.knock(public(Arc::clone(&house.core)), head.body(Body::empty()).unwrap()).await;
    }
    house.get(&house.hidden_link()).await;
    house.get(&link).await;
    let [entry] = &*house.taps().await else { panic!("one entry") };
    assert_eq!(
        (&entry["state"], &entry["taps"], &entry["ratings"]),
        (&json!("suspect"), &json!(11), &json!([1, 2, 3, 4, 5]))
    );
    assert_eq!(entry["signs"], json!(["soon", "several_ratings", "hidden_link", "head_only"]));
    assert_eq!(house.n_responses().await, 0);
    assert_eq!(house.email_row().await["complete"], 0);
    let why = house.ask("/api/v1/why/c-1?format=text").await.body;
    assert!(why.contains("A rating in a mail was tapped 11 times") && why.contains("looks like a scanner"), "{why}");

    let page = house.get(&format!("{link}?overall=5")).await;
    assert!(page.body.contains("value=\"5\" checked") && page.body.contains("<script>"), "{}", page.body);
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("script-src 'sha256-") && policy.contains("connect-src 'self'"), "{policy}");
    assert_eq!(house.submit(&link, "overall=5").await.status, StatusCode::SEE_OTHER);
    assert_eq!((house.n_responses().await, house.email_row().await["complete"].clone()), (1, json!(1)));
    assert_eq!(house.taps().await[0]["state"], "answered");
    // Who comes back to their answer taps nothing, and their page has no script.
    let again = house.get(&format!("{link}?overall=1")).await.body;
    assert!(!again.contains("<script>"), "{again}");
    assert_eq!(house.taps().await[0]["ratings"], json!([1, 2, 3, 4, 5]));
    assert_eq!(house.taps().await[0]["state"], "answered");
}

#[tokio::test]
async fn a_single_tap_waits_for_a_person_and_may_be_released() {
    let house = house().await;
    let (link, _) = house.invite(1).await;
    let id = house.ask("/api/v1/invitations?contact=c-1").await.json()["rows"][0]["id"].clone();
    let release = async || {
        let answer = house.tell("/api/v1/taps/release", &json!({ "invitations": [id], "by": "ada" })).await;
        (answer.json()["rows"][0]["result"].clone(), answer.json()["rows"][0]["explanation"].clone())
    };
    assert_eq!(release().await.0, "left_out");
    house.clock.advance_to(house.clock.now() + chrono::TimeDelta::minutes(30));
    house.get(&format!("{link}?overall=4")).await;
    assert_eq!(house.taps().await[0]["state"], "waiting");
    let why = house.ask("/api/v1/why/c-1?format=text").await.body;
    assert!(why.contains("It counts nowhere until a person is seen."), "{why}");
    assert_eq!(release().await, (json!("released"), Value::Null));
    assert_eq!(house.taps().await[0]["state"], "released");
    let responses = house.ask("/api/v1/responses").await.json();
    assert_eq!(responses["rows"][0]["answers"], json!({ "overall": 4 }));
    assert_eq!(house.email_row().await["complete"], 1);
    assert_eq!(release().await.1, "a person answered already, or they were released before");
    let missing = house.ask("/api/v1/taps?state=odd").await;
    assert!(missing.body.contains("`odd` is not a state of taps; there are: waiting, suspect"), "{}", missing.body);
}

#[tokio::test]
async fn who_tapped_two_ratings_is_not_guessed() {
    let house = house().await;
    let (link, _) = house.invite(1).await;
    for point in [2, 5] {
        house.clock.advance_to(house.clock.now() + chrono::TimeDelta::minutes(30));
        house.get(&format!("{link}?overall={point}")).await;
    }
    assert_eq!((&house.taps().await[0]["state"], &house.taps().await[0]["signs"]), (&json!("waiting"), &json!([])));
    let id = house.taps().await[0]["invitation"].clone();
    let left = house.tell("/api/v1/taps/release", &json!({ "invitations": [id] })).await.json();
    let why = left["rows"][0]["explanation"].as_str().unwrap();
    assert!(why.starts_with("several ratings were tapped"), "{why}");
    assert_eq!(house.n_responses().await, 0);
}

#[tokio::test]
async fn a_stage_that_does_not_keep_taps_has_neither_entry_nor_script() {
    let house = House::open().await;
    let (link, _) = house.invite(1).await;
    let page = house.get(&format!("{link}?overall=4")).await;
    assert!(page.body.contains("value=\"4\" checked") && !page.body.contains("<script"), "{}", page.body);
    assert!(!page.header(header::CONTENT_SECURITY_POLICY).contains("script-src"));
    assert_eq!(house.taps().await, [] as [Value; 0]);
}
