//! What was written is read, and what is not what was written is refused with the reason.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::walk::Part;
use super::writing::Writer;
use super::*;

fn about() -> About {
    About { layout: 3, made_at: "2026-03-02T12:00:00Z".parse().unwrap(), made_by: "0.1.0".to_owned() }
}

fn dump_of(parts: &[Part]) -> Vec<u8> {
    let mut writer = Writer::new();
    let mut bytes = writer.beginning(&about());
    for part in parts {
        bytes.extend(writer.part(part));
    }
    bytes.extend(writer.end());
    bytes
}

fn small() -> Vec<u8> {
    let changes = BTreeMap::from([(b"b".to_vec(), None), (b"c".to_vec(), Some(b"3".to_vec()))]);
    let pairs = vec![(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), Vec::new())];
    dump_of(&[Part { pairs, changes }])
}

fn read(bytes: &[u8]) -> Result<(About, Vec<Record>), DumpError> {
    let mut reader = DumpReader::open(bytes)?;
    let mut records = Vec::new();
    while let Some(record) = reader.record()? {
        records.push(record);
    }
    Ok((reader.about().clone(), records))
}

#[test]
fn the_form_of_version_1_never_changes() {
    let text = String::from_utf8_lossy(&small()).into_owned();
    let begins = "canvass dump\n\
        {\"version\":1,\"layout\":3,\"made_at\":\"2026-03-02T12:00:00.000Z\",\"made_by\":\"0.1.0\"}\n\
        +\0\0\0\u{1}\0\0\0\u{1}a1+\0\0\0\u{1}\0\0\0\0b-\0\0\0\u{1}b+\0\0\0\u{1}\0\0\0\u{1}c3.\0\0\0\0\0\0\0\u{4}";
    assert!(text.starts_with(begins), "{text:?}");
    let sum = small().split_off(small().len() - 32);
    let expected = "f787769000dfab00ca4b5bd3f59f943175b80d8db3f63089cfb7b5c224336105";
    assert_eq!(data_encoding::HEXLOWER.encode(&sum), expected);
}

#[test]
fn what_is_no_dump_or_of_a_later_form_says_so() {
    for other in [b"".as_slice(), b"canvass", b"PK\x03\x04 something else entirely"] {
        assert!(matches!(read(other), Err(DumpError::NoDump)), "{other:?}");
    }
    let later = String::from_utf8_lossy(&small()).replace("\"version\":1", "\"version\":2");
    assert!(matches!(read(later.as_bytes()), Err(DumpError::Newer { found: 2, known: 1 })));
    let never = String::from_utf8_lossy(&small()).replace("\"version\":1", "\"version\":0");
    assert!(matches!(read(never.as_bytes()), Err(DumpError::Damaged { n_records: 0, .. })));
}

#[test]
fn a_dump_cut_short_anywhere_is_refused() {
    let whole = small();
    assert!(read(&whole).is_ok());
    for n in 13..whole.len() {
        let refused = read(&whole[..n]).unwrap_err();
        assert!(matches!(refused, DumpError::CutShort { .. }), "{n}: {refused}");
    }
    let longer = [whole.as_slice(), b"x"].concat();
    assert!(matches!(read(&longer), Err(DumpError::Damaged { n_records: 4, .. })));
}

#[test]
fn a_length_that_is_made_up_takes_no_memory() {
    let mut bytes = Writer::new().beginning(&about());
    bytes.extend([PUT, 0, 0, 0, 1, 255, 255, 255, 255, b'k']);
    assert!(matches!(read(&bytes), Err(DumpError::Damaged { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_read_back_in_their_order(
        pairs in prop::collection::vec(any::<(Vec<u8>, Vec<u8>)>(), 0..20),
        changes in prop::collection::btree_map(any::<Vec<u8>>(), any::<Option<Vec<u8>>>(), 0..10),
    ) {
        let put = |(key, value): (Vec<u8>, Vec<u8>)| Record { key, value: Some(value) };
        let change = |(key, value)| Record { key, value };
        let expected: Vec<_> = pairs.clone().into_iter().map(put).chain(changes.clone().into_iter().map(change)).collect();
        let (told, records) = read(&dump_of(&[Part { pairs, changes }])).unwrap();
        prop_assert_eq!((told, records), (about(), expected));
    }

    #[test]
    fn a_byte_that_is_other_than_it_was_is_noticed(at in any::<prop::sample::Index>(), other in 1_u8..=255) {
        let mut bytes = small();
        let at = at.index(bytes.len());
        bytes[at] ^= other;
        prop_assert!(read(&bytes).is_err());
    }
}
