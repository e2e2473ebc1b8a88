//! Free ports on loopback.
//!
//! The servers take their port as a number in a file, so it must be known before they listen. The kernel names a free
//! one; a list of those already given keeps two servers of this process apart in the moment before they listen.

use std::{
    collections::BTreeSet,
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port of 127.0.0.1 on which nothing listens, and which is given once only.
pub(crate) fn free() -> u16 {
    let mut given = GIVEN.lock().unwrap();
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if given.insert(port) {
            return port;
        }
    }
}

/// Whether somebody listens on `port` of 127.0.0.1.
pub(crate) fn is_open(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn no_port_is_given_twice() {
    let ports: BTreeSet<u16> = (0..50).map(|_| free()).collect();
    assert_eq!(ports.len(), 50);
}
