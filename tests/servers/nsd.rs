//! A private NSD: a name server that answers for the zones of a test and asks nobody else.

use std::{fmt::Write as _, fs, net::SocketAddr};

use tempfile::TempDir;

use crate::{port, process::Process};

const COMMAND: &str = "/usr/sbin/nsd";

/// A running NSD.
pub(crate) struct Nsd {
    port: u16,
    // Before the folder: fields are dropped in this order.
    _process: Process,
    _dir: TempDir,
}

impl Nsd {
    /// Answers for these zones; each has its records line by line, as a zone file has them.
    pub(crate) fn start(zones: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (folder, port) = (dir.path().display().to_string(), port::free());
        let mut settings = format!(
            "server:\n  ip-address: 127.0.0.1@{port}\n  do-ip6: no\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n  \
             zonesdir: \"{folder}\"\n  database: \"\"\n  pidfile: \"\"\n  xfrdfile: \"{folder}/xfrd.state\"\n  \
             zonelistfile: \"{folder}/zone.list\"\nremote-control:\n  control-enable: no\n"
        );
        for (name, records) in zones {
            write!(settings, "zone:\n  name: {name}\n  zonefile: {name}.zone\n").unwrap();
            let head = format!(
                "$ORIGIN {name}.\n$TTL 60\n@ SOA ns.invalid. admin.invalid. 1 3600 600 86400 60\n@ NS ns.invalid.\n"
            );
            fs::write(dir.path().join(format!("{name}.zone")), head + records).unwrap();
        }
        let file = dir.path().join("nsd.conf");
        fs::write(&file, settings).unwrap();
        let args = ["-d".into(), "-c".into(), file.into_os_string()];
        let mut process = Process::spawn(COMMAND, args, dir.path().join("nsd.log"));
        process.wait_for_port(port);
        Self { port, _process: process, _dir: dir }
    }

    /// Where it answers.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

/// A text as a zone file has it: in pieces, each in quotes.
pub(crate) fn quoted(text: &str) -> String {
    const PIECE_BYTES: usize = 200;
    let pieces = text.as_bytes().chunks(PIECE_BYTES).map(|piece| format!("\"{}\"", String::from_utf8_lossy(piece)));
    pieces.collect::<Vec<_>>().join(" ")
}
