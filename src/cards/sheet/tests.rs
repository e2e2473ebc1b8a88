use super::*;

const LABELS: Grid =
    Grid { page: PageSize::A4, count: (2, 4), cell_mm: (99.0, 67.0), first_mm: (5.0, 13.0), pitch_mm: (101.0, 67.0) };

#[track_caller]
fn check(grid: Grid, expected: Result<usize, &str>) {
    match (Sheet::custom(grid), expected) {
        (Ok(sheet), Ok(cells)) => assert_eq!(sheet.cells().count(), cells),
        (Err(err), Err(part)) => assert!(err.to_string().contains(part), "{err}"),
        (result, expected) => panic!("{result:?} is not {expected:?}"),
    }
}

#[test]
fn every_sheet_of_the_table_lies_on_its_page() {
    for sheet in Sheet::all() {
        assert_eq!(problem(sheet.grid()), None, "{}", sheet.name());
        assert_eq!(sheet.cells().count(), sheet.cells_per_page(), "{}", sheet.name());
    }
}

#[test]
fn sheets_are_found_in_upper_and_lower_case() {
    assert_eq!(Sheet::by_name("l7165").unwrap().cells_per_page(), 8);
    assert_eq!(Sheet::by_name(" C32015 ").unwrap().cells_per_page(), 8);
    assert_eq!(Sheet::by_name("5160").unwrap().cells_per_page(), 30);
    assert!(Sheet::by_name("5305").unwrap().is_tent());
}

#[test]
fn an_unknown_sheet_gets_a_suggestion_and_all_names() {
    let message = Sheet::by_name("L7156").unwrap_err().to_string();
    assert!(message.contains("`L7156`") && message.contains("did you mean `L7165`?"), "{message}");
    assert!(message.contains("5305"), "{message}");
    let message = Sheet::by_name("postcard").unwrap_err().to_string();
    assert!(!message.contains("did you mean") && message.contains("L7160, L7163"), "{message}");
}

#[test]
fn a_custom_sheet_must_fit_its_page() {
    check(LABELS, Ok(8));
    check(Grid { count: (3, 4), ..LABELS }, Err("its columns reach from 5 to 306.00 mm"));
    check(Grid { count: (2, 5), ..LABELS }, Err("its rows reach"));
    check(Grid { count: (0, 4), ..LABELS }, Err("no columns"));
    check(Grid { pitch_mm: (90.0, 67.0), ..LABELS }, Err("less than the width of a cell"));
    check(Grid { first_mm: (-3.0, 13.0), ..LABELS }, Err("its columns reach from -3"));
    check(Grid { cell_mm: (99.0, f64::NAN), ..LABELS }, Err("must be numbers"));
}

#[test]
fn one_column_needs_no_pitch() {
    check(Grid { count: (1, 1), pitch_mm: (0.0, 0.0), ..LABELS }, Ok(1));
}
