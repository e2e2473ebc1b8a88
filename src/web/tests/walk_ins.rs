//! Guests who come by, at a card.

use super::*;

impl House {
    /// Prints a card for the first table, and gives its path.
    pub(super) async fn card(&self) -> String {
        let order = json!({ "branch": "mitte", "touchpoint": "table-01", "sheet": "L7165", "print_run": "spring" });
        assert_eq!(self.tell("/api/v1/cards/print", &order).await.status, StatusCode::OK);
        let cards = self.ask("/api/v1/cards?branch=mitte").await.json();
        format!("/q/{}", cards["rows"][0]["code"].as_str().unwrap())
    }

    /// Opens a page, reads it, and gives the number of its form.
    pub(super) async fn open_form(&self, path: &str) -> String {
        number(&self.get(path).await)
    }
}

fn number(page: &Answer) -> String {
    page.body.split_once("name=\"form\" value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_of_yesterday_comes_back_with_what_was_said_and_is_taken_then() {
    let house = House::open().await;
    let card = house.card().await;
    let old = house.open_form(&card).await;
    house.clock.advance_to("2026-03-05T12:00:01Z".parse().unwrap());
    for number in [&*old, "0000", ""] {
        let back = house.submit(&card, &format!("form={number}&mood=2&wish=cold")).await;
        assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY, "{number}");
        assert!(back.body.contains("value=\"2\" checked") && back.body.contains("cold</textarea>"), "{}", back.body);
    }
    assert_eq!(house.ask("/api/v1/responses").await.json()["rows"], json!([]));
    let back = house.submit(&card, &format!("form={old}&mood=4")).await;
    let taken = house.submit(&card, &format!("form={}&mood=4", self::number(&back))).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER);
    assert_eq!(house.ask("/api/v1/responses").await.json()["rows"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_form_of_one_card_is_not_taken_at_another() {
    let house = House::open().await;
    let card = house.card().await;
    let order = json!({ "branch": "mitte", "touchpoint": "table-02", "sheet": "L7165", "print_run": "autumn" });
    assert_eq!(house.tell("/api/v1/cards/print", &order).await.status, StatusCode::OK);
    let cards = house.ask("/api/v1/cards?branch=mitte").await.json();
    let other = cards["rows"].as_array().unwrap().iter().map(|row| format!("/q/{}", row["code"].as_str().unwrap()));
    let other = other.into_iter().find(|path| *path != card).unwrap();
    let number = house.open_form(&other).await;
    let refused = house.submit(&card, &format!("form={number}&mood=4")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(house.submit(&other, &format!("form={number}&mood=4")).await.status, StatusCode::SEE_OTHER);
}

/// A guest's telephone, or somebody's script.
struct Device {
    address: &'static str,
    cookie: Option<String>,
}

impl Device {
    fn at(address: &'static str) -> Self {
        Self { address, cookie: None }
    }

    /// Hands a form in, and keeps the cookie.
    async fn submit(&mut self, house: &House, path: &str, form: &str) -> Answer {
        let peer: std::net::SocketAddr = format!("{}:40000", self.address).parse().unwrap();
        let request = Request::post(path).extension(axum::extract::ConnectInfo(peer));
        let request = self.cookie.iter().fold(request, |request, cookie| request.header(header::COOKIE, cookie));
        let answer =
            house.knock(public(Arc::clone(&house.core)), request.body(Body::from(form.to_owned())).unwrap()).await;
        if let Some(cookie) = answer.head.get(header::SET_COOKIE) {
            self.cookie = cookie.to_str().unwrap().split(';').next().map(str::to_owned);
        }
        answer
    }

    /// Opens the page, reads it, and answers.
    async fn answer(&mut self, house: &House, path: &str, seconds: i64) -> Answer {
        let number = house.open_form(path).await;
        house.wait(chrono::TimeDelta::seconds(seconds));
        self.submit(house, path, &format!("form={number}&mood=4")).await
    }
}

impl House {
    pub(super) fn wait(&self, time: chrono::TimeDelta) {
        self.clock.advance_to(self.clock.now() + time);
    }

    /// How many answers count, and how many are flagged.
    async fn counted(&self) -> [Value; 2] {
        let report = self.ask("/api/v1/reports/rates?from=2026-03-01&to=2026-04-01").await.json();
        ["complete", "flagged"].map(|name| report["surfaces"][0][name].clone())
    }

    /// The flags of the last row of `canvass flags list`, and how many answers have it.
    async fn flags(&self) -> Vec<(String, u64)> {
        let flags = self.ask("/api/v1/flags").await.json();
        let row = |row: &Value| (row["flag"].as_str().unwrap().to_owned(), row["answers"].as_u64().unwrap());
        flags["rows"].as_array().unwrap().iter().map(row).collect()
    }

    async fn open_with_settings(settings: &str) -> Self {
        let files = [SHIPPED.files, &[("canvass.d/test.toml", settings)]].concat();
        Self::open_with(InMemory { name: "config", files: &files }).await
    }
}

#[tokio::test]
async fn of_a_flood_at_a_card_little_counts_and_who_comes_before_and_after_it_does() {
    let house = House::open().await;
    let card = house.card().await;
    let guests = async |n: usize| {
        for _ in 0..n {
            Device::at("192.0.2.7").answer(&house, &card, 30).await;
            house.wait(chrono::TimeDelta::minutes(5));
        }
    };
    guests(5).await;
    house.wait(chrono::TimeDelta::hours(2));
    for _ in 0..500 {
        assert_eq!(Device::at("203.0.113.9").answer(&house, &card, 2).await.status, StatusCode::SEE_OTHER);
    }
    let [complete, flagged] = house.counted().await;
    // Twenty at once, and five more while a thousand seconds go by.
    assert_eq!([complete.as_u64().unwrap(), flagged.as_u64().unwrap()], [5 + 25, 475]);
    house.wait(chrono::TimeDelta::minutes(4));
    guests(5).await;
    assert_eq!(house.counted().await, [json!(35), json!(475)]);
    assert_eq!(house.flags().await, [("code_burst".to_owned(), 475)]);
}

#[tokio::test]
async fn one_network_that_floods_all_cards_is_told_from_the_others() {
    let house = House::open_with_settings("[abuse]\nper_network = 3\nper_code = \"off\"\n").await;
    let card = house.card().await;
    for (address, n_flagged) in
        [("203.0.113.9", 0), ("203.0.113.200", 0), ("203.0.113.9", 0), ("203.0.113.77", 1), ("192.0.2.1", 1)]
    {
        Device::at(address).answer(&house, &card, 5).await;
        assert_eq!(house.counted().await[1], n_flagged, "{address}");
    }
    // Behind a proxy that does not say for whom it asks, networks cannot be told apart, and nobody is taken for another.
    for _ in 0..5 {
        Device::at("127.0.0.1").answer(&house, &card, 5).await;
    }
    assert_eq!(house.flags().await, [("network_burst".to_owned(), 1)]);
}

#[tokio::test]
async fn machines_give_themselves_away() {
    let house = House::open().await;
    let card = house.card().await;
    Device::at("192.0.2.7").answer(&house, &card, 1).await;
    assert_eq!(house.flags().await, [("hasty".to_owned(), 1)]);
    let number = house.open_form(&card).await;
    house.wait(chrono::TimeDelta::seconds(9));
    house.submit(&card, &format!("form={number}&mood=4&.website=https%3A%2F%2Fspam.example")).await;
    // What a browser sends of a field that nobody sees.
    let number = house.open_form(&card).await;
    house.wait(chrono::TimeDelta::seconds(9));
    house.submit(&card, &format!("form={number}&mood=4&.website=")).await;
    assert_eq!(house.flags().await, [("hasty".to_owned(), 1), ("honeypot".to_owned(), 1)]);
    assert_eq!(house.counted().await, [json!(1), json!(2)]);
}

#[tokio::test]
async fn a_device_counts_once_where_that_is_wanted_and_may_change_its_mind() {
    let house = House::open_with_settings("[abuse]\nonce_per_device = \"12h\"\n").await;
    let card = house.card().await;
    let mut device = Device::at("192.0.2.7");
    let number = house.open_form(&card).await;
    house.wait(chrono::TimeDelta::seconds(9));
    let taken = device.submit(&house, &card, &format!("form={number}&mood=4")).await;
    let cookie = taken.header(header::SET_COOKIE);
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax") && cookie.contains("; Path=/q/"), "{cookie}");
    device.submit(&house, &card, &format!("form={number}&mood=2")).await;
    assert_eq!(house.counted().await, [json!(1), json!(0)]);
    device.answer(&house, &card, 9).await;
    Device::at("192.0.2.7").answer(&house, &card, 9).await;
    assert_eq!(house.flags().await, [("same_device".to_owned(), 1)]);
    house.wait(chrono::TimeDelta::hours(13));
    device.answer(&house, &card, 9).await;
    assert_eq!(house.counted().await, [json!(3), json!(1)]);
    let without = House::open().await;
    let card = without.card().await;
    assert_eq!(device.answer(&without, &card, 9).await.header(header::SET_COOKIE), "", "no cookie unless it is wanted");
}

#[tokio::test]
async fn guests_linger_an_hour_and_not_all_night() {
    let house = House::open_with_settings("[abuse]\nopening_hours = true\n").await;
    let card = house.card().await;
    // A Wednesday in Berlin, where the place closes at 23:00.
    for (at, n_flagged) in [("21:30", 0), ("22:55", 0), ("23:05", 1)] {
        house.clock.advance_to(format!("2026-03-04T{at}:00Z").parse().unwrap());
        Device::at("192.0.2.7").answer(&house, &card, 9).await;
        assert_eq!(house.counted().await[1], n_flagged, "{at}");
    }
    assert_eq!(house.flags().await, [("closed".to_owned(), 1)]);
}

#[tokio::test]
async fn flags_are_taken_back_many_at_once_and_set_by_hand() {
    let house = House::open().await;
    let card = house.card().await;
    for _ in 0..3 {
        Device::at("192.0.2.7").answer(&house, &card, 1).await;
    }
    Device::at("192.0.2.7").answer(&house, &card, 60).await;
    let mark = async |body: Value| house.tell("/api/v1/flags", &body).await;
    let preview = mark(json!({ "mark": "clear", "which": { "flag": "hasty" }, "dry_run": true })).await.json();
    assert_eq!((&preview["found"], &preview["changed"]), (&json!(3), &json!(0)));
    assert_eq!(house.counted().await, [json!(1), json!(3)]);
    let done =
        mark(json!({ "mark": "clear", "which": { "flag": "hasty", "branch": "mitte" }, "by": "ada" })).await.json();
    assert_eq!(done["changed"], 3);
    assert_eq!(house.counted().await, [json!(4), json!(0)]);
    assert_eq!(house.ask("/api/v1/flags").await.json()["rows"][0]["cleared"], 3);
    assert_eq!(mark(json!({ "mark": "restore" })).await.json()["changed"], 3);
    assert_eq!(house.counted().await, [json!(1), json!(3)]);
    let tried =
        mark(json!({ "mark": "flag", "as": "test", "which": { "touchpoint": "table-01", "from": "30s" } })).await;
    assert_eq!(tried.json()["changed"], 1, "{}", tried.body);
    assert_eq!(house.counted().await, [json!(0), json!(4)]);
    for (body, why) in [
        (json!({ "mark": "flag", "as": "test" }), "say which answers"),
        (json!({ "mark": "flag", "which": { "branch": "mitte" } }), "`as` is missing"),
        (json!({ "mark": "clear", "as": "test" }), "`as` goes with the mark `flag` only"),
        (json!({ "mark": "away" }), "`away` is no mark; there are: clear, restore, flag"),
        (json!({ "mark": "clear", "which": { "flag": "odd" } }), "`odd` is not a flag; there are: network_burst"),
        (json!({ "mark": "clear", "which": { "from": "then" } }), "`then` is no time"),
    ] {
        let refused = mark(body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(why), "{}", refused.body);
    }
}
