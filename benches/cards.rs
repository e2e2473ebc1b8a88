//! A thousand cards as one PDF: seconds, the most memory that was resident, and bytes a card.
//!
//! `cargo bench --bench cards`; fails when it takes more than a second, 64 MB or 1.5 KB a card.

use std::fs;
use std::io::{self, Write, stdout};
use std::time::Instant;

use canvass::cards::{CardFace, DESIGNS, Sheet, SheetJob, render_sheet};
use canvass::domain::card_code::CardCode;

const CARDS: u64 = 1_000;
const SECONDS_MAX: f64 = 1.0;
const RESIDENT_KB_MAX: u64 = 64 * 1024;
const BYTES_A_CARD_MAX: usize = 1_536;

fn main() -> io::Result<()> {
    let faces: Vec<_> = (1..=CARDS).map(face).collect();
    let mut bad = false;
    for (design, sheet) in [("plain", "L7165"), ("plain", "5160"), ("classic", "L7165"), ("bold", "C32015")] {
        let template = DESIGNS.iter().find(|(name, _)| *name == design).expect("a design").1;
        let sheet_of = Sheet::by_name(sheet).expect("a sheet");
        let job = SheetJob {
            faces: &faces,
            sheet: sheet_of,
            template,
            logo: None,
            marks: true,
            bleed_mm: 0.0,
            offset_mm: (0.0, 0.0),
            title: "Bench",
        };
        let begun = Instant::now();
        let pdf = render_sheet(&job).expect("cards that can be printed");
        let seconds = begun.elapsed().as_secs_f64();
        let a_card = pdf.len() / faces.len();
        writeln!(stdout(), "{design:8} {sheet:7} {seconds:.2} s, {a_card} bytes a card")?;
        bad |= seconds > SECONDS_MAX || a_card > BYTES_A_CARD_MAX;
    }
    let resident = peak_kb();
    writeln!(stdout(), "at most {} MB resident", resident / 1024)?;
    assert!(!bad && resident <= RESIDENT_KB_MAX, "more than {SECONDS_MAX} s, {BYTES_A_CARD_MAX} bytes a card or 64 MB");
    Ok(())
}

fn face(at: u64) -> CardFace {
    let code = CardCode::from_random_bits(at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 8);
    CardFace {
        url: format!("HTTPS://S.SOLE.EXAMPLE/Q/{code}"),
        headline: "How was your visit?".to_owned(),
        invitation: "Scan and tell us. One minute, anonymous.".to_owned(),
        label: format!("Table {at}"),
        branch: "Sole Mitte".to_owned(),
        code: code.grouped(),
        serial: format!("spring · {at}"),
        language: "en".to_owned(),
    }
}

/// The most memory that was resident, as the kernel counts it.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
