use super::*;
use crate::domain::card_code::CardCode;

fn face(at: u64) -> CardFace {
    let code = CardCode::from_random_bits(at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 8);
    CardFace {
        url: format!("HTTPS://S.SOLE.EXAMPLE/Q/{code}"),
        headline: "How was your visit?".to_owned(),
        invitation: "Tell us in 1 minute, anonymously.".to_owned(),
        label: format!("Table {at}"),
        branch: "Sole Mitte".to_owned(),
        code: code.grouped(),
        serial: format!("No. {at:06}"),
        language: "en".to_owned(),
    }
}

fn faces(n: u64) -> Vec<CardFace> {
    (1..=n).map(face).collect()
}

fn job<'a>(faces: &'a [CardFace], sheet: &'a Sheet) -> SheetJob<'a> {
    SheetJob {
        faces,
        sheet,
        template: DESIGNS[0].1,
        logo: None,
        marks: true,
        bleed_mm: 0.0,
        offset_mm: (0.0, 0.0),
        title: "Sole Mitte",
    }
}

fn count(pdf: &[u8], what: &str) -> usize {
    pdf.windows(what.len()).filter(|window| *window == what.as_bytes()).count()
}

fn n_pages(pdf: &[u8]) -> usize {
    // "/Type/Pages" is the tree above them.
    count(pdf, "/Type/Page") - count(pdf, "/Type/Pages")
}

/// The error with all its causes.
fn told(err: &CardError) -> String {
    let mut text = err.to_string();
    let mut next = std::error::Error::source(err);
    while let Some(err) = next {
        text = format!("{text}: {err}");
        next = err.source();
    }
    text
}

#[track_caller]
fn check_refused(job: &SheetJob<'_>, parts: &[&str]) {
    let message = told(&render_sheet(job).unwrap_err());
    for part in parts {
        assert!(message.contains(part), "{message}");
    }
}

/// Every design on every sheet, but for those that `stand` is not made for.
fn all_designs_on_all_sheets() -> impl Iterator<Item = (&'static str, &'static str, &'static Sheet)> {
    let stands = |sheet: &Sheet| ["L7169", "5305"].contains(&sheet.name());
    DESIGNS.into_iter().flat_map(move |(name, template)| {
        let sheets = Sheet::built_in().iter().filter(move |sheet| name != "stand" || stands(sheet));
        sheets.map(move |sheet| (name, template, sheet))
    })
}

#[test]
fn every_design_fits_every_sheet() {
    let faces = faces(1);
    for (name, template, sheet) in all_designs_on_all_sheets() {
        for (bleed_mm, marks) in [(0.0, false), (BLEED_MM, true)] {
            let pdf = render_sheet(&SheetJob { template, marks, bleed_mm, ..job(&faces, sheet) });
            let pdf = pdf.unwrap_or_else(|err| panic!("{name} on {}: {}", sheet.name(), told(&err)));
            assert!(pdf.starts_with(b"%PDF"), "{name} on {}", sheet.name());
        }
    }
}

#[test]
fn a_design_says_which_cards_it_is_not_for() {
    let (faces, sheet) = (faces(1), Sheet::by_name("C32015").unwrap());
    check_refused(
        &SheetJob { template: DESIGNS[3].1, ..job(&faces, sheet) },
        &["not for these cards", "made for tents and for upright cards", "85.0 by 54.0 mm"],
    );
}

#[test]
fn a_logo_is_drawn_once_and_used_on_every_card() {
    let logo = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 5"><circle cx="5" cy="2" r="2"/></svg>"#;
    let (faces, sheet) = (faces(8), Sheet::by_name("L7165").unwrap());
    let logo = Logo::parse(logo).unwrap();
    let with = render_sheet(&SheetJob { logo: Some(&logo), ..job(&faces, sheet) }).unwrap();
    let without = render_sheet(&job(&faces, sheet)).unwrap();
    assert_eq!(count(&with, "/Subtype/Form"), count(&without, "/Subtype/Form") + 1);
}

#[test]
fn cards_go_on_over_as_many_pages_as_they_need() {
    let sheet = Sheet::by_name("L7165").unwrap();
    for (n, expected) in [(1, 1), (8, 1), (9, 2), (17, 3)] {
        assert_eq!(n_pages(&render_sheet(&job(&faces(n), sheet)).unwrap()), expected, "{n} cards");
    }
}

#[test]
fn pages_have_the_exact_size_of_the_paper() {
    for (name, size) in [("L7165", "[0 0 595.276 841.89]"), ("5371", "[0 0 612 792]")] {
        let pdf = render_sheet(&job(&faces(1), Sheet::by_name(name).unwrap())).unwrap();
        assert_eq!(count(&pdf, size), 1, "{name}");
    }
}

#[test]
fn the_same_job_gives_the_same_bytes() {
    let (faces, sheet) = (faces(9), Sheet::by_name("C32015").unwrap());
    let first = render_sheet(&job(&faces, sheet)).unwrap();
    assert!(first == render_sheet(&job(&faces, sheet)).unwrap());
    assert_eq!(count(&first, "CreationDate") + count(&first, "ModDate"), 0);
    let shifted = SheetJob { offset_mm: (0.5, 0.0), ..job(&faces, sheet) };
    assert!(first != render_sheet(&shifted).unwrap());
}

#[test]
fn there_are_two_embedded_fonts_and_no_image() {
    let pdf = render_sheet(&job(&faces(8), Sheet::by_name("L7165").unwrap())).unwrap();
    assert_eq!(count(&pdf, "/FontFile2"), 2);
    assert_eq!(count(&pdf, "/Subtype/Image"), 0);
}

#[test]
fn art_that_cards_share_is_written_once() {
    let pdf = render_sheet(&job(&faces(16), Sheet::by_name("L7165").unwrap())).unwrap();
    assert_eq!(count(&pdf, "/Subtype/Form"), 1);
}

#[test]
fn cards_too_small_for_the_symbol_are_refused_with_what_is_needed() {
    let grid = Grid {
        page: PageSize::A4,
        count: (3, 10),
        cell_mm: (60.0, 22.0),
        first_mm: (10.0, 10.0),
        pitch_mm: (60.0, 22.0),
        is_tent: false,
    };
    let sheet = Sheet::new("own", grid).unwrap();
    check_refused(&job(&faces(3), &sheet), &["card 1", "17.2 mm wide", "needs 25.5 mm"]);
}

#[test]
fn long_texts_in_other_languages_stay_on_the_card() {
    let long = CardFace {
        url: "HTTPS://FEEDBACK.TRATTORIA-SOLE-MITTE.EXAMPLE/Q/7KQ2M9XWD".to_owned(),
        headline: "Wie zufrieden waren Sie heute mit Ihrem Besuch in unserem Restaurant?".to_owned(),
        invitation: "Πείτε μας τη γνώμη σας — Ваше мнение за 1 минуту, анонимно — Bạn thấy thế nào, ẩn danh".to_owned(),
        label: "Terrassentisch am großen Kastanienbaum Nummer 112".to_owned(),
        branch: "Trattoria Sole am Flughafen Köln/Bonn, Terminal 2, Abflugebene".to_owned(),
        serial: "2026-03/000123-A".to_owned(),
        language: "de".to_owned(),
        ..face(7)
    };
    for (name, template, sheet) in all_designs_on_all_sheets() {
        let result = render_sheet(&SheetJob { template, ..job(std::slice::from_ref(&long), sheet) });
        assert!(result.is_ok(), "{name} on {}: {}", sheet.name(), told(&result.unwrap_err()));
    }
}

#[test]
fn empty_texts_leave_their_place_empty() {
    let empty = CardFace {
        headline: String::new(),
        invitation: String::new(),
        label: String::new(),
        branch: String::new(),
        code: String::new(),
        serial: String::new(),
        language: String::new(),
        ..face(1)
    };
    for (name, template, sheet) in all_designs_on_all_sheets() {
        let result = render_sheet(&SheetJob { template, title: "", ..job(std::slice::from_ref(&empty), sheet) });
        assert!(result.is_ok(), "{name} on {}: {}", sheet.name(), told(&result.unwrap_err()));
    }
}

#[test]
fn markup_in_a_text_is_text() {
    let sly = CardFace { headline: "<image href=\"x\"/> & {{ code }}".to_owned(), ..face(1) };
    assert!(render_sheet(&job(&[sly], Sheet::by_name("L7165").unwrap())).is_ok());
}

#[test]
fn what_cannot_be_printed_is_refused_by_name() {
    let sheet = Sheet::by_name("L7165").unwrap();
    let two = |second: CardFace| [face(1), second];
    check_refused(&job(&[], sheet), &["0 cards"]);
    check_refused(
        &job(&two(CardFace { label: "桌 12".to_owned(), ..face(2) }), sheet),
        &["card 2", "label", "`桌` (U+684C)"],
    );
    check_refused(
        &job(&two(CardFace { headline: "a".repeat(301), ..face(2) }), sheet),
        &["card 2", "headline has 301"],
    );
    check_refused(
        &job(&two(CardFace { url: "HTTPS://Ä".to_owned(), ..face(2) }), sheet),
        &["card 2", "`Ä` at place 9"],
    );
    let one = faces(1);
    check_refused(&SheetJob { offset_mm: (0.0, 11.0), ..job(&one, sheet) }, &["11 mm", "-10 and 10"]);
    check_refused(&SheetJob { offset_mm: (f64::NAN, 0.0), ..job(&one, sheet) }, &["NaN"]);
    check_refused(&SheetJob { title: "☃", ..job(&one, sheet) }, &["title", "U+2603"]);
}

#[test]
fn a_slip_in_a_template_is_an_error_that_names_it() {
    let (one, sheet) = (faces(1), Sheet::by_name("C32015").unwrap());
    let with = |inner: &str| format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 85 54">{inner}</svg>"#);
    let place = r#"<rect id="qr" x="2" y="3" width="40" height="40"/>"#;
    for (inner, part) in [
        (format!("{place}{{{{ headlien }}}}"), "undefined"),
        (format!("{place}{{% if %}}"), "syntax"),
        (format!("{place}{{{{ fit(headline, widht=3) }}}}"), "size"),
        (format!("{place}{{{{ column([{{'txt': label, 'size': 3}}], width=9, height=9) }}}}"), "`txt` is not a key"),
        (format!(r#"{place}<text x="70" y="20" font-size="9">{{{{ headline }}}}</text>"#), "over the edge"),
        (format!(r#"{place}<text x="7" y="20" font-size="9">☃</text>"#), "U+2603"),
    ] {
        let template = with(&inner);
        let message = told(&render_sheet(&SheetJob { template: &template, ..job(&one, sheet) }).unwrap_err());
        assert!(message.contains(part), "{inner}: {message}");
    }
}

#[test]
fn errors_do_not_show_the_url_or_the_code() {
    let sheet = Sheet::by_name("L7165").unwrap();
    let bad = CardFace { url: "HTTPS://S.SOLE.EXAMPLE/Q/7KQ2M9XWD Ä".to_owned(), label: "桌".to_owned(), ..face(1) };
    let template = "<svg>{{ address }}{{ code }}{{ code.nothing.there }}</svg>";
    let good = faces(1);
    for job in [job(&[bad], sheet), SheetJob { template, ..job(&good, sheet) }] {
        let err = render_sheet(&job).unwrap_err();
        let message = format!("{} {err:?} {err:#?}", told(&err));
        assert!(!message.contains("7KQ2M9XWD") && !message.contains(&good[0].code), "{message}");
    }
}
