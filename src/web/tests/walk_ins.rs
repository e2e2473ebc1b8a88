//! Guests who come by, at a card.

use super::*;

impl House {
    /// Prints a card for the first table, and gives its path.
    async fn card(&self) -> String {
        let order = json!({ "branch": "mitte", "touchpoint": "table-01", "sheet": "L7165", "print_run": "spring" });
        assert_eq!(self.tell("/api/v1/cards/print", &order).await.status, StatusCode::OK);
        let cards = self.ask("/api/v1/cards?branch=mitte").await.json();
        format!("/q/{}", cards["rows"][0]["code"].as_str().unwrap())
    }

    /// Opens a page, and gives the number of its form.
    async fn open_form(&self, path: &str) -> String {
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
