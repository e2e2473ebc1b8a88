use super::*;

const URL: &str = "HTTPS://S.SOLE.EXAMPLE/Q/7KQ2M9XWD";

/// Fills the outlines by the even-odd rule: a module is dark when a ray to its left crosses an odd number of edges.
fn filled(symbol: &Symbol) -> Vec<bool> {
    let outlines = symbol.outlines();
    let mut dark = Vec::new();
    for y in 0..symbol.modules() {
        for x in 0..symbol.modules() {
            let crossed = outlines.iter().flat_map(|outline| outline.iter().zip(outline.iter().cycle().skip(1)));
            let n =
                crossed.filter(|(a, b)| a.0 == b.0 && a.0 <= x && (a.1.min(b.1)..a.1.max(b.1)).contains(&y)).count();
            dark.push(n % 2 == 1);
        }
    }
    dark
}

#[test]
fn a_usual_url_has_29_modules() {
    assert_eq!(Symbol::encode(URL, false).unwrap().modules(), 29);
}

#[test]
fn a_lower_case_url_costs_a_version() {
    assert_eq!(Symbol::encode(&URL.to_lowercase(), false).unwrap().modules(), 33);
}

#[test]
fn a_very_short_url_has_29_modules_too() {
    assert_eq!(Symbol::encode("HTTPS://A.DE/Q/7KQ2M9XWD", false).unwrap().modules(), 29);
}

#[test]
fn the_outlines_fill_exactly_the_dark_modules() {
    for url in [URL, "HTTP://X", "https://survey.example.org/q/0123456789?with=much&more=text"] {
        let symbol = Symbol::encode(url, false).unwrap();
        assert_eq!(filled(&symbol), symbol.is_dark, "{url}");
    }
}

#[test]
fn the_finder_pattern_comes_first_and_is_a_ring_around_a_square() {
    let outlines = Symbol::encode(URL, false).unwrap().outlines();
    assert_eq!(outlines[0], [(0, 0), (7, 0), (7, 7), (0, 7)]);
    assert!(outlines.contains(&vec![(1, 1), (1, 6), (6, 6), (6, 1)]), "the hole runs the other way round");
    assert!(outlines.contains(&vec![(2, 2), (5, 2), (5, 5), (2, 5)]));
}

#[track_caller]
fn check_size(url: &str, place_mm: f64, expected: Result<f64, &str>) {
    match (Symbol::encode(url, false).unwrap().module_mm(place_mm), expected) {
        (Ok(module_mm), Ok(expected)) => assert!((module_mm - expected).abs() < 1e-9, "{module_mm}"),
        (Err(err), Err(part)) => assert!(err.to_string().contains(part), "{err}"),
        (result, expected) => panic!("{result:?} is not {expected:?}"),
    }
}

#[test]
fn small_symbols_and_small_modules_are_refused_with_what_is_needed() {
    check_size(URL, 37.0, Ok(1.0));
    check_size(URL, 25.4, Ok(25.4 / 37.0));
    check_size(URL, 24.0, Err("needs 25.5 mm"));
    check_size(URL, 24.0, Err("18.8 mm"));
    check_size(&format!("HTTPS://S.EXAMPLE/{}", "A".repeat(180)), 25.0, Err("0.40 mm"));
}

#[test]
fn a_url_must_be_printable_ascii_of_bounded_length() {
    let message = |url: &str| Symbol::encode(url, false).err().unwrap().to_string();
    assert!(message("").contains("0 characters"));
    assert!(message(&"A".repeat(201)).contains("201 characters"));
    assert!(message("HTTPS://KÜCHE.EXAMPLE").contains("`Ü`"));
    assert!(message("HTTPS://A B").contains("place 10"));
}

#[test]
fn a_logo_takes_a_quarter_of_the_side_at_most_and_stands_in_the_middle() {
    for url in [URL, "HTTPS://FEEDBACK.TRATTORIA-SOLE-MITTE.EXAMPLE/Q/7KQ2M9XWD"] {
        let symbol = Symbol::encode(url, true).unwrap();
        let logo = symbol.logo_modules();
        assert!(logo % 2 == 1 && (5..=symbol.modules() / 4).contains(&logo), "{logo} of {}", symbol.modules());
    }
}
