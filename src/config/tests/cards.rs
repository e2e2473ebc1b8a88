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
