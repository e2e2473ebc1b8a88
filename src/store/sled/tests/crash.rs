//! A process that writes is killed at any moment; what it was told is on disk is there.
//!
//! The test runs its own binary again as the process that dies. That tells nothing of a power cut: what the kernel was
//! handed survives a process in any case. It does tell of what was still in the process when it acknowledged.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::open_at;
use crate::domain::id::InvitationId;
use crate::store::contract::books::{self, every_invitation};
use crate::store::contract::world::{World, noon};

/// Names the folder to the process that is to die.
const FOLDER: &str = "CANVASS_TEST_CRASH_FOLDER";
/// What the lines of acknowledgement begin with; the test harness prints others.
const MARK: &str = "acknowledged ";
/// After how many acknowledgements the process is killed.
const KILLS: [usize; 6] = [1, 7, 40, 3, 120, 64];
/// Writers at work at the same time, so that groups are committed and not single units.
const N_WRITERS: usize = 16;

#[test]
fn everything_acknowledged_survives_the_death_of_the_process() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_until_killed(PathBuf::from(folder));
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("store");
    let mut acknowledged = BTreeSet::new();
    for n_lines in KILLS {
        let n_before = acknowledged.len();
        acknowledged.extend(run_and_kill(&folder, n_lines));
        assert!(acknowledged.len() >= n_before + n_lines);
        check(&folder, &acknowledged);
    }
}

/// Runs this test in another process, and kills it after so many acknowledgements. Gives everything it acknowledged.
fn run_and_kill(folder: &Path, n_lines: usize) -> Vec<InvitationId> {
    let this = "store::sled::tests::crash::everything_acknowledged_survives_the_death_of_the_process";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this, "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Some(id) = line.unwrap().strip_prefix(MARK).and_then(|id| InvitationId::parse(id).ok()) else { continue };
        acknowledged.push(id);
        if acknowledged.len() == n_lines {
            kill(&mut child);
        }
    }
    assert!(!child.wait().unwrap().success());
    acknowledged
}

/// `SIGKILL`: there is no cleaning up.
fn kill(child: &mut Child) {
    child.kill().unwrap();
}

fn check(folder: &Path, acknowledged: &BTreeSet<InvitationId>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = open_at(folder).await.unwrap();
        let there: BTreeSet<_> = every_invitation(&*store).await.iter().map(|invitation| invitation.id).collect();
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "{lost:?}");
        // Nor was any unit of work torn.
        books::check(&*store).await;
        store.close().await.unwrap();
    });
}

fn write_until_killed(folder: PathBuf) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async move {
        let world = Arc::new(World::of(open_at(&folder).await.unwrap()));
        let process = std::process::id();
        let mut writers = JoinSet::new();
        for writer in 0..N_WRITERS {
            let world = Arc::clone(&world);
            writers.spawn(async move {
                for n in 0_u64.. {
                    let event = format!("e-{process}-{writer}-{n}");
                    let id = world.invite("visit", &format!("guest-{process}-{writer}"), &event, noon()).await;
                    // One write: lines of several writers must not mix, and nothing may wait in a buffer.
                    std::io::stdout().write_all(format!("{MARK}{id}\n").as_bytes()).unwrap();
                }
            });
        }
        writers.join_all().await;
    });
}
