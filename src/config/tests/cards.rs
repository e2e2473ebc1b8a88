//! `[cards]`.

use super::*;
use crate::cards::PageSize;

const FORMAT: &str = "[cards.formats.coaster]\npage = \"A4\"\nsize = [95, 95]\ncolumns = 2\nrows = 2\nfirst = [8, 12]\n\
    pitch = [99, 99]\n";

#[track_caller]
fn check_format(from: &str, to: &str, expected: &str) {
    assert_eq!(Sample::sound().and("canvass.toml", &FORMAT.replace(from, to)).problems(), expected);
}

#[test]
fn a_format_of_ones_own_is_found_beside_the_built_in_ones() {
    let sheets = Sample::sound().and("canvass.toml", FORMAT).settings().cards.sheets;
    assert_eq!(sheets.by_name("Coaster").unwrap().cells_per_page(), 4);
    assert!(sheets.by_name("L7165").is_ok());
    let tent = "[cards.formats.tent]\npage = [148, 210]\nsize = [120, 80]\nfirst = [14, 100]\ntent = true\n";
    let sheets = Sample::sound().and("canvass.toml", tent).settings().cards.sheets;
    let sheet = sheets.by_name("tent").unwrap();
    assert!(sheet.is_tent() && sheet.grid().page == PageSize::Other(148.0, 210.0));
}

#[test]
fn a_format_that_cannot_be_is_told_where_it_stands() {
    check_format("coaster", "coaster", "none");
    check_format(
        "\"A4\"",
        "\"A44\"",
        "config/canvass.toml:9:8: cards.formats.coaster.page: `A44` is not a page; use `A4`, `A5`, `A6` or \
         `Letter`, did you mean `A4`? (or write width and height in millimetres: [148, 210])",
    );
    check_format(
        "[95, 95]",
        "[95]",
        "config/canvass.toml:10:8: cards.formats.coaster.size: two lengths in millimetres such as [85, 54] belongs here, \
         found a list of 1",
    );
    check_format(
        "columns = 2",
        "columns = 3",
        "config/canvass.toml:11:11: cards.formats.coaster.columns: its columns reach from 8 to 301.00 mm and the page's \
         width is 210 mm: take fewer columns or smaller cells",
    );
    check_format("pitch = [99, 99]\n", "", "config/canvass.toml:8:1: cards.formats.coaster.pitch: `pitch` is missing");
    check_format(
        "first = [8, 12]",
        "first = [8, 12]\ntent = true",
        "config/canvass.toml:15:9: cards.formats.coaster.pitch: the pitch of the rows is 99 mm, less than the height of \
         both sides of a tent together, 190 mm",
    );
    check_format(
        "rows = 2",
        "row = 2",
        "config/canvass.toml:12:1: cards.formats.coaster.row: `row` is not a key of a format of cards, did you mean \
         `rows`? (its keys: columns, first, page, pitch, rows, size, tent)",
    );
}

#[test]
fn designs_and_the_logo_are_files_that_are_read_and_checked() {
    let logo = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="3"/></svg>"#;
    let section = "[cards]\ndesign = \"menu\"\nlogo = \"sole.svg\"\ndesigns = { menu = \"menu.svg\" }\n";
    let with = |menu: &str, logo: &str| {
        Sample::sound().with("menu.svg", menu).with("sole.svg", logo).and("canvass.toml", section)
    };
    let designs = with("<svg>{{ headline }}</svg>", logo).settings().cards.designs;
    assert_eq!((designs.default.as_str(), designs.own["menu"].as_str()), ("menu", "<svg>{{ headline }}</svg>"));
    assert!(designs.logo.is_some());

    let problems = with("<svg>\n{% if %}</svg>", logo).problems();
    assert!(
        problems.contains("canvass.toml:11:20: cards.designs.menu: the card template cannot be filled in"),
        "{problems}"
    );
    assert!(problems.contains("card template:2"), "{problems}");
    assert_eq!(
        with("<svg/>", "<svg").problems(),
        "config/canvass.toml:10:8: cards.logo: the logo cannot be drawn: it is no well-formed XML: the document does not \
         have a root node"
    );
    assert_eq!(
        Sample::sound().and("canvass.toml", "[cards]\nlogo = \"none.svg\"\ndesign = \"clasic\"\n").problems(),
        "config/canvass.toml:9:8: cards.logo: there is no file `config/none.svg`\nconfig/canvass.toml:10:10: cards.design: \
         there is no design `clasic`: did you mean `classic`? the designs are plain, classic, bold, stand"
    );
}
