//! A survey that is answered page by page.

use super::*;

/// The shipped survey of a visit on three pages, the last with a question that must be answered.
fn on_pages(files: &[(&str, &str)]) -> String {
    let (_, survey) = files.iter().find(|(name, _)| *name == "surveys/visit.toml").unwrap();
    let survey = survey.replace("id = \"trouble\"", "id = \"trouble\"\nnew_page = true");
    let end = "\n[[question]]\nid = \"who\"\nkind = \"text\"\nlines = 1\nrequired = true\nnew_page = true\ntext = { en = \
               \"Who served you?\", de = \"Wer hat Sie bedient?\" }\n";
    survey + end
}

async fn house(files: &[(&'static str, &str)]) -> House {
    House::open_with(InMemory { name: "config", files }).await
}

fn changed<'a>(name: &str, content: &'a str) -> Vec<(&'static str, &'a str)> {
    let other = |(file, text): &(&'static str, &'static str)| (*file, if *file == name { content } else { *text });
    SHIPPED.files.iter().map(other).collect()
}

#[tokio::test]
async fn each_page_is_stored_and_somebody_else_goes_on_from_there() {
    let survey = on_pages(SHIPPED.files);
    let house = house(&changed("surveys/visit.toml", &survey)).await;
    let (link, _) = house.invite(1).await;
    let first = house.get(&format!("{link}?overall=2")).await.body;
    assert!(first.contains("Page 1 of 3") && first.contains(">Next</button>") && !first.contains(">Back<"), "{first}");
    assert!(first.contains("value=\"2\" checked") && !first.contains("id=\"q-trouble\""), "{first}");
    let next = house.submit(&link, ".page=1&overall=2").await;
    assert_eq!((next.status, next.header(header::LOCATION)), (StatusCode::SEE_OTHER, &*format!("{link}?.page=2")));
    assert_eq!(house.email_row().await["partial"], 1);
    // Without the number of a page, as on another device.
    for url in [&*format!("{link}?.page=2"), &link] {
        let second = house.get(url).await.body;
        assert!(second.contains("Page 2 of 3") && second.contains(">Back</button>"), "{second}");
        assert!(second.contains("id=\"q-why\"") && !second.contains("id=\"q-praise\""), "{second}");
    }
    let back = house.submit(&link, ".page=2&.go=back&why=cold").await;
    assert_eq!(back.header(header::LOCATION), format!("{link}?.page=1"));
    assert!(house.get(back.header(header::LOCATION)).await.body.contains("value=\"2\" checked"));
    assert_eq!(
        house.submit(&link, ".page=2&why=cold&trouble=food").await.header(header::LOCATION),
        format!("{link}?.page=3")
    );
    let missing = house.submit(&link, ".page=3&who=").await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(missing.body.contains("Page 3 of 3") && missing.body.contains(">Send</button>"), "{}", missing.body);
    assert_eq!(house.submit(&link, ".page=3&who=Ada").await.header(header::LOCATION), format!("{link}/thanks"));
    let responses = house.ask("/api/v1/responses").await.json();
    let answers = json!({ "overall": 2, "trouble": ["food"], "why": "cold", "who": "Ada" });
    assert_eq!((&responses["rows"][0]["answers"], responses["rows"].as_array().unwrap().len()), (&answers, 1));
    let row = house.email_row().await;
    assert_eq!([&row["complete"], &row["partial"]], [1, 0]);
}

#[tokio::test]
async fn a_card_is_answered_page_by_page_under_the_number_of_its_form() {
    let survey = SHIPPED.files.iter().find(|(name, _)| *name == "surveys/table.toml").unwrap().1;
    let survey = survey.replace("id = \"wish\"", "id = \"wish\"\nnew_page = true\nrequired = true");
    let house = house(&changed("surveys/table.toml", &survey)).await;
    let url = house.card().await;
    let number = house.open_form(&url).await;
    house.wait(chrono::TimeDelta::seconds(9));
    let next = house.submit(&url, &format!("form={number}&.page=1&mood=2")).await;
    assert_eq!(next.header(header::LOCATION), format!("{url}?form={number}&.page=2"));
    let second = house.get(next.header(header::LOCATION)).await.body;
    assert!(second.contains("id=\"q-wish\"") && second.contains(&format!("value=\"{number}\"")), "{second}");
    let done = house.submit(&url, &format!("form={number}&.page=2&wish=water")).await;
    assert_eq!(done.header(header::LOCATION), format!("{url}/thanks?form={number}"));
    assert!(house.get(done.header(header::LOCATION)).await.body.contains("Gleich ist jemand bei Ihnen"));
    let report = house.ask("/api/v1/reports/rates?from=2026-03-01&to=2026-04-01").await.json();
    let card = &report["surfaces"][0];
    assert_eq!([&card["sessions"], &card["complete"], &card["partial"]], [1, 1, 0], "{report}");
    // A content mood asks for nothing further, so the first page is the last.
    let page = house.get(&url).await.body;
    let number = page.split_once("name=\"form\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let done = house.submit(&url, &format!("form={number}&.page=1&mood=5")).await;
    assert_eq!(done.header(header::LOCATION), format!("{url}/thanks?form={number}"));
}

#[tokio::test]
async fn the_story_says_whether_somebody_may_be_contacted() {
    let survey = SHIPPED.files.iter().find(|(name, _)| *name == "surveys/visit.toml").unwrap().1;
    let end = "\n[[question]]\nid = \"call\"\nkind = \"consent\"\ntext = { en = \"You may write to me.\", de = \"Schreiben Sie \
               mir.\" }\n";
    let survey = format!("{survey}{end}");
    let house = house(&changed("surveys/visit.toml", &survey)).await;
    let (link, _) = house.invite(1).await;
    let story = async || house.ask("/api/v1/why/c-1").await.json()["invitations"][0]["may_be_contacted"].clone();
    let text = async || house.ask("/api/v1/why/c-1?format=text").await.body;
    assert_eq!(story().await, Value::Null);
    house.submit(&link, "overall=2&call=no").await;
    assert_eq!(story().await, false);
    assert!(text().await.contains("→ They do not wish to be contacted about this answer."));
    house.submit(&link, "overall=2&call=no&call=yes").await;
    assert_eq!(story().await, true);
    assert!(text().await.contains("→ They may be contacted about this answer."));
    assert_eq!(house.ask("/api/v1/responses").await.json()["rows"][0]["answers"]["call"], true);
}
