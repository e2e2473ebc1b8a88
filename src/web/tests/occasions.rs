//! Questions that are for some only, and words of the occasion in what is asked.

use super::*;

async fn house() -> House {
    let survey = SHIPPED.files.iter().find(|(name, _)| *name == "surveys/visit.toml").unwrap().1;
    let survey = survey.replace("How was your visit?", "{name|Guest}, how was your visit to {branch}?");
    let survey = survey
        + r#"
[[question]]
id = "group"
kind = "thumbs"
ask_if = { event = { covers = { min = 5 } } }
text = { en = "Was there room for all {event.covers} of you?", de = "War Platz für alle {event.covers}?" }

[[question]]
id = "card"
kind = "thumbs"
ask_if = [{ contact = { tier = "gold" } }, { branch = ["mitte", "altona"] }]
text = { en = "Is your {contact.tier} card worth it?", de = "Lohnt sich Ihre Karte ({contact.tier})?" }
"#;
    let files = SHIPPED.files.iter();
    let files: Vec<_> =
        files.map(|(name, text)| (*name, if *name == "surveys/visit.toml" { &*survey } else { *text })).collect();
    House::open_with(InMemory { name: "config", files: &files }).await
}

impl House {
    /// A guest visits with so many; gives the mail's text and the page.
    async fn visit_of(&self, n: u32, covers: u32, tier: Option<&str>) -> (String, String) {
        let contact = json!({
            "id": format!("c-{n}"), "name": "Ada", "email": format!("c{n}@guests.example"), "locale": "en",
            "attributes": tier.map(|tier| json!({ "tier": tier })).unwrap_or(json!({})),
        });
        let event = json!({
            "id": format!("visit-{n}"), "type": "visit.completed", "at": "2026-03-04T11:00:00Z", "branch": "mitte",
            "contact": contact, "data": { "covers": covers },
        });
        let answer = self.tell("/api/v1/events", &event).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        self.clock.advance_to("2026-03-04T13:00:00Z".parse().unwrap());
        self.dispatch().await;
        let invitations = self.ask(&format!("/api/v1/invitations?contact=c-{n}")).await.json();
        let id = invitations["rows"][0]["id"].as_str().unwrap().to_owned();
        let (link, _) = self.links(&id);
        (link.clone(), self.get(&link).await.body)
    }
}

#[tokio::test]
async fn who_is_asked_reads_their_own_words_and_their_own_questions() {
    let house = house().await;
    let (link, page) = house.visit_of(1, 6, Some("gold")).await;
    assert!(page.contains("Ada, how was your visit to Sole Mitte?"), "{page}");
    assert!(page.contains("room for all 6 of you?") && page.contains("Is your gold card worth it?"), "{page}");
    let (_, other) = house.visit_of(2, 2, None).await;
    assert!(!other.contains("id=\"q-group\"") && !other.contains("id=\"q-card\""), "{other}");
    // What was not asked is not taken.
    let taken = house.submit(&link, "overall=5&group=1&card=0").await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER);
    let responses = house.ask("/api/v1/responses").await.json();
    assert_eq!(responses["rows"][0]["answers"], json!({ "overall": 5, "group": 1, "card": 0 }));
    let (link, _) = house.visit_of(3, 2, Some("red")).await;
    house.submit(&link, "overall=5&group=1&card=0").await;
    let responses = house.ask("/api/v1/responses").await.json();
    let answers = responses["rows"].as_array().unwrap().iter().map(|row| row["answers"].clone());
    assert!(answers.into_iter().any(|answers| answers == json!({ "overall": 5 })), "{responses}");
}

#[tokio::test]
async fn mails_speak_of_the_occasion_too() {
    let house = house().await;
    house.visit_of(1, 2, None).await;
    let entry = std::fs::read_dir(house.folder.path().join("outbox")).unwrap().next().unwrap().unwrap();
    let mail = std::fs::read(entry.path()).unwrap();
    let text = mail_parser::MessageParser::default().parse(&mail).unwrap().body_text(0).unwrap().into_owned();
    assert!(text.contains("Ada, how was your visit to Sole Mitte?"), "{text}");
}
