//! The code of a card: what the QR symbol carries and what a guest types when the camera fails.
//!
//! Eight random symbols (40 bits) and one check symbol, all of Crockford's base 32, whose alphabet has no I, L, O or U,
//! so nothing on a stained table card can be misread as something else that is valid.
//!
//! The check symbol is Damm's scheme over the field GF(32): running through the symbols, the interim value is
//! `next = 2 * (interim + symbol)`, and the check symbol is the value that brings it back to zero. Addition is XOR and
//! multiplication is modulo x^5 + x^2 + 1, whose root has order 31, so each of the nine places has its own non-zero
//! weight. Hence *every* single wrong symbol and *every* swap of two different symbols, neighbours or not, is found
//! (H. M. Damm, "Total anti-symmetrische Quasigruppen", 2004). ISO 7064 has no pure system for 32 symbols, and its
//! hybrid one lets some swaps through.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The symbols in the order of their values 0 to 31.
pub const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M', 'N', 'P',
    'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

/// Symbols of a code, the check symbol among them.
pub const LENGTH: usize = 9;

const PAYLOAD_BITS: u32 = 40;
const SYMBOL_BITS: u32 = 5;
const PAYLOAD_SYMBOLS: usize = LENGTH - 1;
const GROUP: usize = 3;

/// Why a text is not a card code. No variant holds the text itself: a code opens a survey.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CodeError {
    /// Too few or too many symbols, hyphens and blanks not counted.
    #[error("a card code has {LENGTH} symbols, this one has {given}")]
    WrongLength {
        /// Symbols found.
        given: usize,
    },
    /// A character that no card code contains.
    #[error("`{symbol}` at place {place} is in no card code: they are written with digits and letters other than U")]
    WrongSymbol {
        /// The offending character.
        symbol: char,
        /// Its place among the symbols, from 1, hyphens and blanks not counted.
        place: usize,
    },
    /// Right symbols that do not belong together.
    #[error("the card code is mistyped: its check symbol does not match the others")]
    WrongCheck,
}

/// A card code: 40 bits and the check symbol that follows from them. Equal codes are equal bits.
///
/// [`Display`](fmt::Display) is nine plain upper-case symbols, as in the URL. `Debug` hides the code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardCode(u64);

impl CardCode {
    /// The code of the low 40 bits of `bits`; the others are ignored. The caller draws the bits at random, so that
    /// codes cannot be guessed from one another.
    pub fn from_random_bits(bits: u64) -> Self {
        Self(bits & ((1 << PAYLOAD_BITS) - 1))
    }

    /// The 40 bits, for storing.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Reads a code as people write it: upper or lower case, I and L for 1, O for 0, hyphens and blanks anywhere.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let (mut bits, mut interim, mut given) = (0_u64, 0_u8, 0_usize);
        for symbol in text.chars().filter(|&c| c != '-' && !c.is_whitespace()) {
            given += 1;
            if given > LENGTH {
                continue; // Counted to the end, so the error can say how long it was.
            }
            let value = value_of(symbol).ok_or(CodeError::WrongSymbol { symbol, place: given })?;
            interim = damm(interim, value);
            if given <= PAYLOAD_SYMBOLS {
                bits = (bits << SYMBOL_BITS) | u64::from(value);
            }
        }
        if given != LENGTH {
            return Err(CodeError::WrongLength { given });
        }
        if interim == 0 { Ok(Self(bits)) } else { Err(CodeError::WrongCheck) }
    }

    /// The code in groups of three for people: `7KQ-2M9-XWD`.
    pub fn grouped(self) -> String {
        let mut text = String::with_capacity(LENGTH + LENGTH / GROUP);
        for (at, symbol) in self.symbols().into_iter().enumerate() {
            if at > 0 && at.is_multiple_of(GROUP) {
                text.push('-');
            }
            text.push(symbol);
        }
        text
    }

    fn symbols(self) -> [char; LENGTH] {
        let mut symbols = ['0'; LENGTH];
        let mut interim = 0;
        let mut shift = PAYLOAD_BITS;
        for place in symbols.iter_mut().take(PAYLOAD_SYMBOLS) {
            shift -= SYMBOL_BITS;
            let value = (self.0 >> shift).to_le_bytes()[0] & 31;
            interim = damm(interim, value);
            *place = ALPHABET[usize::from(value)];
        }
        symbols[PAYLOAD_SYMBOLS] = ALPHABET[usize::from(interim)];
        symbols
    }
}

impl fmt::Display for CardCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.symbols().iter().collect::<String>())
    }
}

impl fmt::Debug for CardCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardCode(..)")
    }
}

impl FromStr for CardCode {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        Self::parse(text)
    }
}

/// The value of a symbol, 0 to 31, after the usual misreadings are mended.
fn value_of(symbol: char) -> Option<u8> {
    let symbol = match symbol.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    (0..).zip(ALPHABET).find_map(|(value, known)| (known == symbol).then_some(value))
}

/// One step of the check: `2 * (interim + value)` in GF(32).
fn damm(interim: u8, value: u8) -> u8 {
    let doubled = (interim ^ value) << 1;
    if doubled & 0b10_0000 == 0 { doubled } else { doubled ^ 0b10_0101 }
}

#[cfg(test)]
mod tests;
