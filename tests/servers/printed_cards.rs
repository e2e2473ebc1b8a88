//! Forty cards from the order to the report: printed, photographed, opened, answered.
//!
//! Other people's programs read the PDF: what Poppler and `ZBar` cannot, no printer and no telephone can.

use std::{collections::BTreeSet, fs, path::Path};

use canvass::cards::{DESIGNS, Sheet};

use crate::{
    http,
    process::{command, run},
    product::Installation,
};

/// A stage that waits at the tables.
const JOURNEY: &str = r#"
[journey]
id = "evening"
title = "An evening with us"

[[stage]]
id = "table"
survey = "table"
surface = "card"
"#;

const CARDS: usize = 40;
const ANSWERS: usize = 7;

#[test]
fn every_printed_card_leads_to_its_survey() {
    let installation = Installation::with(JOURNEY, "");
    let places = fs::read_to_string(installation.path("config/places.toml")).unwrap();
    installation.write("config/places.toml", &places.replace("table-01..table-12", "table-01..table-20"));
    let _daemon = installation.start();
    let pdf = installation.path("cards.pdf");
    let order =
        ["cards", "print", "--branch", "mitte", "--touchpoint", "table-*", "--copies", "2", "--print-run", "spring"];
    let said = installation.ok(&[order.as_slice(), &["--output", pdf.to_str().unwrap()]].concat());
    assert!(said.starts_with("40 cards of print run spring in "), "{said}");

    check_fonts(&pdf);
    let listed = listed(&installation);
    assert_eq!(listed.len(), CARDS);
    assert_eq!(scanned(&installation, &pdf), listed);

    for (n, url) in listed.iter().enumerate() {
        open(&installation, url, n < ANSWERS);
    }
    // Nobody reads and answers so fast, so the answers are kept and count when an operator says so.
    let counted = || {
        let rates = installation.rates();
        let row = &rates.surfaces()[0];
        assert_eq!(row["surface"], "card");
        ["sessions", "complete", "partial", "flagged"].map(|name| row[name].as_u64().unwrap())
    };
    assert_eq!(counted(), [40, 0, 0, 7]);
    assert_eq!(installation.ok(&["flags", "clear", "--flag", "hasty", "--yes"]), "7 answers changed\n");
    assert_eq!(counted(), [40, 7, 0, 0]);
}

/// All fonts come with the PDF, and nothing in it is a picture made of dots.
fn check_fonts(pdf: &Path) {
    let fonts = run(command("/usr/bin/pdffonts").arg(pdf));
    let mut lines = fonts.lines();
    let embedded = lines.next().unwrap().find("emb").unwrap();
    let fonts: Vec<_> = lines.skip(1).collect();
    assert!(!fonts.is_empty());
    for font in fonts {
        assert_eq!(font.get(embedded..embedded + 3), Some("yes"), "{font}");
    }
    let images = run(command("/usr/bin/pdfimages").arg("-list").arg(pdf));
    assert_eq!(images.lines().count(), 2, "more than the two lines of the heading:\n{images}");
}

/// The links that are read from the sheets as they come out of a printer of 150 dots per inch: from whole pages, and where
/// the reader took the corners of neighbours for one symbol, from the single card, which is what a telephone sees.
fn scanned(installation: &Installation, pdf: &Path) -> BTreeSet<String> {
    run(command("/usr/bin/pdftoppm").args(["-r", "150", "-png"]).arg(pdf).arg(installation.path("sheet")));
    let mut read = links_in(installation, "sheet");
    if read.len() < CARDS {
        for (column, row) in (0..2).flat_map(|column| (0..4).map(move |row| (column, row))) {
            let dots = |mm: f64| format!("{:.0}", mm / 25.4 * 150.0);
            let mut cut = command("/usr/bin/pdftoppm");
            cut.args(["-r", "150", "-png", "-x", &dots(4.67 + 101.64 * f64::from(column))]);
            cut.args(["-y", &dots(13.04 + 67.73 * f64::from(row)), "-W", &dots(99.06), "-H", &dots(67.73)]);
            run(cut.arg(pdf).arg(installation.path(&format!("card-{column}-{row}"))));
        }
        read.extend(links_in(installation, "card-"));
    }
    assert_eq!(read.len(), CARDS, "{read:?}");
    read
}

/// A drawing for the middle of symbols.
const LOGO: &str =
    r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path fill="#b3261e" d="M0 0h10v10H0z"/></svg>"##;

/// Cuts the cards out of the pages as they are, and turned by 7 degrees and blurred, as by a hand that holds a telephone.
const TURNED: &str = "
import glob, json, sys
from PIL import Image, ImageFilter
name, cells = sys.argv[1], json.loads(sys.argv[2])
dots = lambda mm: round(mm / 25.4 * 150)
for page, file in enumerate(sorted(glob.glob(name + '-page-*.png'))):
    whole = Image.open(file).convert('L')
    for number, (x, y, width, height) in enumerate(cells):
        card = whole.crop((dots(x), dots(y), dots(x + width), dots(y + height)))
        if card.getextrema()[0] > 100:
            continue
        card.save(f'{name}-single-{page}-{number}.png')
        turned = card.rotate(7, resample=Image.BICUBIC, expand=True, fillcolor=255)
        turned.filter(ImageFilter.GaussianBlur(0.8)).save(f'{name}-turned-{page}-{number}.png')
";

/// No print run of the designs has more cards on a page.
const FEW_MAX: usize = 9;

#[test]
fn every_design_can_be_read_on_every_format() {
    let installation = Installation::with(JOURNEY, "");
    let _daemon = installation.start();
    for sheet in Sheet::built_in() {
        for (design, _) in DESIGNS {
            check_design(&installation, sheet, design);
        }
    }
}

#[test]
fn symbols_with_a_logo_can_be_read() {
    let installation = Installation::with(JOURNEY, "[cards]\nlogo = \"logo.svg\"\n");
    installation.write("config/logo.svg", LOGO);
    let _daemon = installation.start();
    for (sheet, design) in [("C32015", "bold"), ("5305", "stand"), ("L7169", "classic"), ("5160", "plain")] {
        check_design(&installation, Sheet::by_name(sheet).unwrap(), design);
    }
}

#[track_caller]
fn check_design(installation: &Installation, sheet: &Sheet, design: &str) {
    let (name, label) = (format!("{design}-{}", sheet.name()), format!("{design} on {}", sheet.name()));
    let pdf = installation.path(&format!("{name}.pdf"));
    let order = ["cards", "print", "--branch", "mitte", "--touchpoint", "table-0*", "--marks", "--bleed", "--sheet"];
    let order = [&order[..], &[sheet.name(), "--design", design, "--print-run", sheet.name()]].concat();
    let order = [order.as_slice(), &["--output", pdf.to_str().unwrap()]].concat();
    if design == "stand" && !["L7169", "5305"].contains(&sheet.name()) {
        let output = installation.run(&order);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("`stand` is made for tents and for upright cards"), "{label}: {said}");
        return;
    }
    installation.ok(&order);
    check_fonts(&pdf);
    let (width, height) = sheet.grid().page.points();
    let info = run(command("/usr/bin/pdfinfo").arg(&pdf));
    let size = info.lines().find_map(|line| line.strip_prefix("Page size:")).unwrap().trim();
    assert!(size.starts_with(&format!("{width} x {height} pts")), "{label}: {size}");
    let listed = installation.json(&["cards", "list", "--print-run", sheet.name()]);
    let listed: BTreeSet<_> =
        listed["rows"].as_array().unwrap().iter().map(|card| card["url"].as_str().unwrap().to_owned()).collect();
    run(command("/usr/bin/pdftoppm")
        .args(["-r", "150", "-png"])
        .arg(&pdf)
        .arg(installation.path(&format!("{name}-page"))));
    let (width, height) = sheet.grid().cell_mm;
    let cells: Vec<_> = sheet.cells().take(FEW_MAX).map(|(x, y)| [x, y, width, height]).collect();
    let cells = serde_json::to_string(&cells).unwrap();
    run(command("/usr/bin/python3").args(["-c", TURNED, installation.path(&name).to_str().unwrap(), &cells]));
    // On whole pages the reader takes the corners of neighbours for one symbol now and then.
    let mut read = links_in(installation, &format!("{name}-page"));
    if read != listed {
        read.extend(links_in(installation, &format!("{name}-single")));
    }
    assert_eq!(read, listed, "{label}");
    assert_eq!(links_in(installation, &format!("{name}-turned")), listed, "{label}, turned and blurred");
}

/// The links in the pictures whose names begin so.
fn links_in(installation: &Installation, name: &str) -> BTreeSet<String> {
    let files = fs::read_dir(installation.path("")).unwrap().map(|entry| entry.unwrap().path());
    let pictures = files.filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)));
    let pictures = pictures.filter(|path| path.extension().is_some_and(|ending| ending == "png"));
    let read = run(command("/usr/bin/zbarimg").args(["--raw", "--quiet"]).args(pictures));
    read.lines().map(str::to_owned).collect()
}

/// The links that the product says are on the cards.
fn listed(installation: &Installation) -> BTreeSet<String> {
    let listed = installation.json(&["cards", "list", "--print-run", "spring"]);
    listed["rows"].as_array().unwrap().iter().map(|card| card["url"].as_str().unwrap().to_owned()).collect()
}

/// Follows a link as printed, in capitals, and hands the form in if wanted: twice, as people in doubt do.
fn open(installation: &Installation, url: &str, answer: bool) {
    let port = installation.public_port();
    let path = url.strip_prefix(&format!("HTTP://127.0.0.1:{port}")).unwrap();
    assert!(path.starts_with("/Q/"), "{path}");
    let (status, page) = http::get(port, path);
    assert_eq!(status, 200, "{page}");
    let number = hidden(&page, "form");
    if answer {
        for mood in ["3", "5"] {
            let reply = http::post_form(port, path, &[("form", &number), ("mood", mood)]);
            assert_eq!(reply.status, 303, "{}", reply.body);
        }
    }
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}
