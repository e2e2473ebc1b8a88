use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expected: Result<&str, CodeError>) {
    let expected = expected.map(ToOwned::to_owned);
    assert_eq!(CardCode::parse(text).map(|code| code.to_string()), expected, "{text:?}");
}

fn written(bits: u64) -> Vec<char> {
    CardCode::from_random_bits(bits).to_string().chars().collect()
}

#[test]
fn known_codes_are_read_and_written() {
    check("000000000", Ok("000000000"));
    check("000000012", Ok("000000012"));
    check("ZZZZZZZZ3", Ok("ZZZZZZZZ3"));
    check("7KQ2M9XWK", Ok("7KQ2M9XWK"));
}

#[test]
fn case_hyphens_blanks_and_misreadings_do_not_matter() {
    check("000-000-012", Ok("000000012"));
    check(" ooo OOO\tol2 ", Ok("000000012"));
    check("000-000-0i2", Ok("000000012"));
    check("zzzzzzzz3", Ok("ZZZZZZZZ3"));
}

#[test]
fn what_is_wrong_is_said() {
    check("", Err(CodeError::WrongLength { given: 0 }));
    check("0000-0000", Err(CodeError::WrongLength { given: 8 }));
    check("0000000000", Err(CodeError::WrongLength { given: 10 }));
    check("0000u0000", Err(CodeError::WrongSymbol { symbol: 'u', place: 5 }));
    check("0-ä", Err(CodeError::WrongSymbol { symbol: 'ä', place: 2 }));
    check("000000021", Err(CodeError::WrongCheck));
}

#[test]
fn the_alphabet_has_32_symbols_and_none_that_looks_like_another() {
    assert_eq!(ALPHABET.iter().collect::<HashSet<_>>().len(), 32);
    assert!(!ALPHABET.iter().any(|symbol| "ILOU".contains(*symbol)));
}

#[test]
fn debug_does_not_show_the_code() {
    let code = CardCode::from_random_bits(0x12_3456_789A);
    assert_eq!(format!("{code:?}"), "CardCode(..)");
}

proptest! {
    #[test]
    fn a_code_survives_writing_and_reading(bits: u64) {
        let code = CardCode::from_random_bits(bits);
        prop_assert_eq!(code.bits(), bits & 0xFF_FFFF_FFFF);
        prop_assert_eq!(CardCode::parse(&code.to_string()), Ok(code));
        prop_assert_eq!(CardCode::parse(&code.grouped().to_lowercase()), Ok(code));
        prop_assert_eq!(code.grouped().replace('-', ""), code.to_string());
    }

    #[test]
    fn every_single_wrong_symbol_is_found(bits: u64) {
        let right = written(bits);
        for place in 0..LENGTH {
            for symbol in ALPHABET.into_iter().filter(|&symbol| symbol != right[place]) {
                let mut wrong = right.clone();
                wrong[place] = symbol;
                prop_assert_eq!(CardCode::parse(&String::from_iter(wrong)), Err(CodeError::WrongCheck));
            }
        }
    }

    #[test]
    fn every_swap_of_two_symbols_is_found(bits: u64) {
        let right = written(bits);
        for first in 0..LENGTH {
            for second in (first + 1)..LENGTH {
                let mut wrong = right.clone();
                wrong.swap(first, second);
                let expected = if wrong == right { Ok(CardCode::from_random_bits(bits)) } else { Err(CodeError::WrongCheck) };
                prop_assert_eq!(CardCode::parse(&String::from_iter(wrong)), expected);
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".*") {
        if let Ok(code) = CardCode::parse(&text) {
            prop_assert_eq!(CardCode::parse(&code.grouped()), Ok(code));
        }
    }
}
