use super::*;

const LABELS: Grid = Grid {
    page: PageSize::A4,
    count: (2, 4),
    cell_mm: (99.0, 67.0),
    first_mm: (5.0, 13.0),
    pitch_mm: (101.0, 67.0),
    is_tent: false,
};

#[track_caller]
fn check(grid: Grid, expected: Result<usize, (&str, &str)>) {
    match (Sheet::new("own", grid), expected) {
        (Ok(sheet), Ok(cells)) => assert_eq!(sheet.cells().count(), cells),
        (Err(BadGrid { key, problem }), Err((wrong, part))) => {
            assert!(key == wrong && problem.contains(part), "{key}: {problem}");
        }
        (result, expected) => panic!("{result:?} is not {expected:?}"),
    }
}

#[test]
fn every_sheet_of_the_table_lies_on_its_page() {
    for sheet in Sheet::built_in() {
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
    check(Grid { count: (3, 4), ..LABELS }, Err(("columns", "its columns reach from 5 to 306.00 mm")));
    check(Grid { count: (2, 5), ..LABELS }, Err(("rows", "its rows reach")));
    check(Grid { count: (0, 4), ..LABELS }, Err(("columns", "no columns")));
    check(Grid { pitch_mm: (90.0, 67.0), ..LABELS }, Err(("pitch", "less than the width of a cell")));
    check(Grid { first_mm: (-3.0, 13.0), ..LABELS }, Err(("first", "-3 mm is not on the page")));
    check(Grid { cell_mm: (99.0, f64::NAN), ..LABELS }, Err(("size", "must be numbers")));
}

#[test]
fn both_sides_of_a_tent_must_fit() {
    let tents = Grid { count: (2, 2), first_mm: (5.0, 70.0), pitch_mm: (101.0, 140.0), is_tent: true, ..LABELS };
    check(tents, Ok(4));
    check(Grid { first_mm: (5.0, 60.0), ..tents }, Err(("first", "other side, 67 mm above 60 mm")));
    check(Grid { pitch_mm: (101.0, 100.0), ..tents }, Err(("pitch", "both sides of a tent together, 134 mm")));
}

#[test]
fn one_column_needs_no_pitch() {
    check(Grid { count: (1, 1), pitch_mm: (0.0, 0.0), ..LABELS }, Ok(1));
}

#[test]
fn pages_have_the_points_of_their_standards() {
    for (page, points) in [
        (PageSize::A4, (595.276, 841.89)),
        (PageSize::A5, (419.528, 595.276)),
        (PageSize::A6, (297.638, 419.528)),
        (PageSize::Letter, (612.0, 792.0)),
        (PageSize::Other(100.0, 150.0), (283.465, 425.197)),
    ] {
        assert_eq!(page.points(), points, "{page:?}");
    }
}

#[test]
fn ones_own_sheet_stands_before_the_built_in_one() {
    let own = Sheet::new("l7165", LABELS).unwrap();
    let sheets = Sheets::with(vec![own.clone()]);
    assert_eq!(sheets.by_name("L7165").unwrap(), &own);
    assert_eq!(sheets.iter().count(), Sheet::built_in().len());
    assert_eq!(sheets.by_name("3474").unwrap(), Sheet::by_name("3474").unwrap());
}

#[test]
fn bleed_ends_where_the_neighbour_begins_or_the_page_ends() {
    let near = |given: [f64; 4], expected: [f64; 4]| {
        assert!(given.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.01), "{given:?}");
    };
    let sheet = Sheet::new("own", LABELS).unwrap();
    let cells: Vec<_> = sheet.cells().collect();
    near(sheet.bleed_box(cells[0], 3.0), [2.0, 10.0, 105.0, 80.0]);
    near(sheet.bleed_box(cells[7], 3.0), [105.0, 214.0, 208.0, 284.0]);
    near(sheet.bleed_box(cells[0], 0.0), [5.0, 13.0, 104.0, 80.0]);
    near(Sheet::by_name("5305").unwrap().bleed_box((0.0, 76.2), 3.0), [0.0, 9.7, 215.9, 139.7]);
}
