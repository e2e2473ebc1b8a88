use super::*;

const CELL_MM: (f64, f64) = (85.0, 54.0);
const PLACE: &str = r#"<rect id="qr" x="2" y="3" width="30" height="30"/>"#;

fn card(inner: &str) -> Result<Drawing, CardError> {
    read(&format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 85 54">{inner}</svg>"#), CELL_MM, 0.0)
}

#[track_caller]
fn check_refused(inner: &str, part: &str) {
    let err = card(inner).err().unwrap();
    let message = format!("{err} {err:?}");
    assert!(message.contains(part), "{message}");
}

#[test]
fn symbol_texts_and_art_are_told_apart() {
    let drawing = card(&format!(r##"{PLACE}<g fill="#333"><text x="40" y="9.126" font-size="4" font-weight="bold">Tisch &amp; Stuhl</text></g><path d="M0 0h9"/>"##)).unwrap();
    assert_eq!(drawing.symbol, Square { x: 2.0, y: 3.0, side: 30.0 });
    let text = &drawing.texts[0];
    assert_eq!((text.content.as_str(), text.fill, text.typeface), ("Tisch & Stuhl", [0x33; 3], Typeface::SansBold));
    assert!((text.y_mm - 9.13).abs() < 1e-9);
    assert!(drawing.art.contains("<path") && !drawing.art.contains("text") && !drawing.art.contains("qr"));
}

#[test]
fn equal_art_is_equal_whatever_the_texts_are() {
    let art = |text: &str| card(&format!("{PLACE}{text}\n<path d=\"M0 0h9\"/>")).unwrap().art;
    let line = r#"<text x="1" y="9" font-size="3">a</text>"#;
    assert_eq!(art(line), art(&format!("{line}\n{line}\n")));
}

#[test]
fn styles_count_like_attributes_and_are_inherited() {
    let inner = format!(
        r#"{PLACE}<g style="font-size: 3; text-anchor:end"><text x="1" y="9" style="font-weight:700">a</text></g>"#
    );
    let text = &card(&inner).unwrap().texts[0];
    assert_eq!((text.anchor, text.typeface), (Anchor::End, Typeface::SansBold));
    assert!((text.size_mm - 3.0).abs() < 1e-9);
}

#[test]
fn an_oblong_place_gets_the_symbol_in_its_middle() {
    let square = card(r#"<rect id="qr" x="2" y="2" width="40" height="30"/>"#).unwrap().symbol;
    assert_eq!(square, Square { x: 7.0, y: 2.0, side: 30.0 });
}

#[test]
fn every_broken_rule_is_named() {
    check_refused("", "exactly one");
    check_refused(&format!("{PLACE}{PLACE}"), "exactly one");
    check_refused(r#"<rect id="qr" x="60" y="3" width="30" height="30"/>"#, "not on the card");
    check_refused(r#"<rect id="qr" x="a" y="3" width="30" height="30"/>"#, "`x=\"a\"` is not");
    check_refused(&format!(r#"<g transform="scale(2)">{PLACE}</g>"#), "transform");
    check_refused(&format!(r#"{PLACE}<text x="1" y="1" font-size="3">a<tspan>b</tspan></text>"#), "characters only");
    check_refused(&format!(r#"{PLACE}<text x="1" y="1">a</text>"#), "`font-size=\"\"`");
    check_refused(&format!(r#"{PLACE}<text x="1" y="1" font-size="3" fill="red">a</text>"#), "fill `red`");
    check_refused(&format!(r#"{PLACE}<text x="1" y="1" font-size="2.5">a</text>"#), "7.1 pt");
    check_refused(
        &format!(r#"{PLACE}<text x="1" y="1" font-size="3" font-family="serif" font-weight="bold">a</text>"#),
        "no others",
    );
    check_refused(&format!(r#"{PLACE}<defs><text x="1" y="1" font-size="3">a</text></defs>"#), "`<defs>`");
    check_refused(&format!(r#"{PLACE}<image href="/etc/passwd"/>"#), "vectors only");
    check_refused(&format!(r#"{PLACE}<rect style="filter:blur(2px)"/>"#), "vectors only");
    check_refused(PLACE.trim_end_matches("/>"), "Xml");
}

#[test]
fn the_view_box_must_be_the_card() {
    let svg = format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 54">{PLACE}</svg>"#);
    let message = read(&svg, CELL_MM, 0.0).err().unwrap().to_string();
    assert!(message.contains("`0 0 100 54`") && message.contains("`0 0 85 54`"), "{message}");
}

#[test]
fn a_document_type_is_refused() {
    let svg = format!(r#"<!DOCTYPE svg [<!ENTITY a "aaa">]><svg viewBox="0 0 85 54">{PLACE}</svg>"#);
    assert!(matches!(read(&svg, CELL_MM, 0.0), Err(CardError::Xml(_))));
}

#[test]
fn art_with_bleed_shows_what_lies_beyond_the_edges() {
    let svg = format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="85mm" viewBox="0 0 85 54">{PLACE}</svg>"#);
    let art = read(&svg, CELL_MM, 3.0).unwrap().art;
    assert!(art.contains(r#"viewBox="-3 -3 91 60""#) && !art.contains("85mm"), "{art}");
}
