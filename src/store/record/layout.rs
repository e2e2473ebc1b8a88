//! Which layout of keys a store has, on disk.

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::META;
use super::super::migrate::Layout;
use super::{decode, encode, newer, split};

#[derive(Serialize, Deserialize)]
struct LayoutV1 {
    number: u32,
    under_way: Option<Vec<u8>>,
}

pub(in super::super) fn write(layout: &Layout) -> Result<Vec<u8>, StoreError> {
    encode(META, 1, &LayoutV1 { number: layout.number, under_way: layout.under_way.clone() })
}

pub(in super::super) fn read(record: &[u8]) -> Result<Layout, StoreError> {
    let (version, body) = split(META, record)?;
    if version != 1 {
        return Err(newer(META, version));
    }
    let LayoutV1 { number, under_way } = decode(META, body)?;
    Ok(Layout { number, under_way })
}
