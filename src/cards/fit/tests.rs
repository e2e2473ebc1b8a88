use proptest::prelude::*;

use super::*;

const ROOM: Room = Room { width_mm: 40.0, size_mm: 5.0, size_mm_min: 2.5, lines_max: 2, typeface: Typeface::SansBold };

#[track_caller]
fn check(text: &str, room: Room, expected: &[&str]) {
    let fitted = fit(&Fonts::load().unwrap(), text, room);
    assert_eq!(fitted.lines, expected, "at {} mm", fitted.size_mm);
}

#[test]
fn a_short_text_keeps_its_line_and_size() {
    check("Table 12", ROOM, &["Table 12"]);
    let fitted = fit(&Fonts::load().unwrap(), "Table 12", ROOM);
    assert!((fitted.size_mm - 5.0).abs() < 1e-9 && !fitted.is_cut);
}

#[test]
fn lines_are_evened_out() {
    check("How did you like it here?", ROOM, &["How did you", "like it here?"]);
}

#[test]
fn no_line_begins_with_a_dash_or_ends_in_a_number() {
    check("Rate your visit – 1 minute, anonymous", ROOM, &["Rate your visit –", "1 minute, anonymous"]);
    check("Votre avis sur la visite\u{a0}?", Room { width_mm: 35.0, ..ROOM }, &["Votre avis", "sur la visite\u{a0}?"]);
}

#[test]
fn a_long_text_shrinks_before_it_is_cut() {
    let fitted = fit(&Fonts::load().unwrap(), "Wie zufrieden waren Sie heute mit Ihrem Besuch bei uns?", ROOM);
    assert!(fitted.lines.len() == 2 && !fitted.is_cut && fitted.size_mm < 5.0, "{:?}", fitted.lines);
}

#[test]
fn an_address_breaks_after_a_slash_or_dot_only_when_it_must() {
    let room = Room { typeface: Typeface::Sans, ..ROOM };
    check("s.sole.example/q/", room, &["s.sole.example/q/"]);
    check("feedback.trattoria-sole.example/q/", room, &["feedback.trattoria-sole.", "example/q/"]);
}

#[test]
fn what_cannot_fit_is_cut_with_an_ellipsis() {
    let fitted = fit(&Fonts::load().unwrap(), &"Donaudampfschifffahrt".repeat(6), Room { lines_max: 1, ..ROOM });
    assert!(fitted.is_cut && fitted.lines.len() == 1 && fitted.lines[0].ends_with('…'), "{:?}", fitted.lines);
}

#[test]
fn no_text_gives_no_line() {
    check(" ", ROOM, &[]);
}

proptest! {
    #[test]
    fn nothing_is_wider_than_its_room(text in "[a-zA-ZäöüßÅçñ./ -]{0,120}", width_mm in 12.0..90.0, lines_max in 1_usize..5) {
        let fitted = fit(&Fonts::load().unwrap(), &text, Room { width_mm, lines_max, ..ROOM });
        // Kerning across a blank is not in the sum of the words.
        prop_assert!(fitted.width_mm <= width_mm * 1.01, "{} of {width_mm}: {:?}", fitted.width_mm, fitted.lines);
        prop_assert!(fitted.lines.len() <= lines_max);
        prop_assert!(fitted.size_mm >= ROOM.size_mm_min);
    }
}
