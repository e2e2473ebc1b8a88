//! The suppression list, as operations have to do with it.

use serde_json::Value;

use super::binary::Installation;

#[test]
fn addresses_are_put_on_the_list_read_off_it_and_taken_off_by_hand() {
    let installation = Installation::shipped();
    installation.write("guests.csv", "id,email\nc-1,Ada@Example.org\n");
    installation.ok(&["contacts", "import", "guests.csv"]);
    installation.write("no.txt", "# said no by letter\nada@example.org\n\n+4915112345678\n");
    let said = installation.ok(&["suppressions", "import", "no.txt", "--source", "letters of 2025"]);
    assert_eq!(said, "2 addresses are on the list now, 0 had been before\n");
    let again = installation.ok(&["suppressions", "import", "no.txt"]);
    assert_eq!(again, "0 addresses are on the list now, 2 had been before\n");

    let listed: Value = serde_json::from_str(&installation.ok(&["suppressions", "list", "--format", "json"])).unwrap();
    let mut rows: Vec<_> = listed["rows"].as_array().unwrap().iter().collect();
    rows.sort_by_key(|row| row["channel"].as_str());
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["channel"], &rows[0]["contacts"][0]), (&Value::from("email"), &Value::from("c-1")));
    assert!(rows.iter().all(|row| row["reason"] == "imported" && row["source"] == "letters of 2025"), "{listed}");
    let words = installation.ok(&["suppressions", "list"]);
    assert!(words.ends_with("2 addresses are suppressed\n") && !words.contains('@'), "{words}");

    // Under another spelling of the same address.
    let taken = installation.ok(&["suppressions", "remove", "ADA@example.ORG"]);
    assert!(
        taken.starts_with("taken off the list: email  since ") && taken.ends_with("letters of 2025: c-1\n"),
        "{taken}"
    );
    let gone = installation.run(&["suppressions", "remove", "ada@example.org"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&gone.stderr).contains("the address is not on the suppression list"));
}

#[test]
fn a_line_that_is_no_address_is_told_with_its_number_and_nothing_before_it_is_lost() {
    let installation = Installation::shipped();
    installation.write("no.txt", "ada@example.org\nada at example.org\nbob@example.org\n");
    let refused = installation.run(&["suppressions", "import", "no.txt"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(65), "{said}");
    assert!(said.contains("no.txt:2: "), "{said}");
    assert!(installation.ok(&["suppressions", "list"]).ends_with("1 address is suppressed\n"));
    installation.write("long.txt", &"a".repeat(5_000));
    assert_eq!(installation.run(&["suppressions", "import", "long.txt"]).status.code(), Some(65));
}
