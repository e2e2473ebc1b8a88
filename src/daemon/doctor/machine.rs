//! This machine: its clock and its disk.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::said::Said;
use super::web::Seen;
use crate::store::sled::{Room, room};

/// Further off than this, times in stories and mails are wrong to the eye.
const OFF_SECONDS_MAX: i64 = 5;
/// Further off than this, messages leave outside their hours and others refuse what we signed.
const OFF_SECONDS_BAD: i64 = 60;
/// What systemd-timesyncd leaves once it has set the clock.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

/// Holds the clock against that of whoever answered for the public address, or else asks whether somebody sets it.
pub(super) fn clock(seen: Option<&Seen>) -> Said {
    match seen {
        Some(seen) => against(seen),
        None if Path::new(SYNCHRONISED).exists() => Said::ok("systemd-timesyncd sets it"),
        None => Said::not_asked(
            "no clock but this machine's was seen, and systemd-timesyncd does not set it; see `timedatectl`",
        ),
    }
}

fn against(Seen { host, theirs, ours }: &Seen) -> Said {
    let off = (*ours - *theirs).num_seconds();
    let (by, way) = (off.abs(), if off < 0 { "behind" } else { "ahead of" });
    let advice = "let systemd-timesyncd or chrony set the clock";
    match by {
        0..=OFF_SECONDS_MAX => Said::ok(format!("it agrees with that of {host}")),
        _ if by < OFF_SECONDS_BAD => Said::warning(format!("it is {by} s {way} that of {host}"), advice),
        _ => Said::problem(format!("it is {by} s {way} that of {host}"), advice),
    }
}

/// Looks at the room that is left for the store.
pub(super) async fn disk(state_dir: PathBuf) -> Said {
    let store = state_dir.join("store");
    let looked = tokio::task::spawn_blocking(move || room(&store)).await;
    match looked.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
        Ok(room) => left(room),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Said::not_asked(format!("there is no store in {} yet", state_dir.display()))
        }
        Err(error) => {
            let found = format!("{} cannot be looked at: {error}", state_dir.display());
            Said::warning(found, "run this as the user of the daemon, or as root")
        }
    }
}

fn left(Room { store_bytes, free_bytes }: Room) -> Said {
    let [store, free] = [store_bytes, free_bytes].map(|bytes| bytes.div_ceil(1 << 20));
    if free_bytes < Room::RESERVE_BYTES {
        let found = format!("{free} MiB are free, less than the store sets aside; soon it takes no changes");
        return Said::problem(found, "make room, or move state_dir to a larger disk");
    }
    if free_bytes < store_bytes {
        let found = format!("{free} MiB are free and the store takes {store}: `canvass compact` needs as much again");
        return Said::warning(found, "make room, or move state_dir to a larger disk");
    }
    Said::ok(format!("{free} MiB are free; the store takes {store}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::doctor::said::Verdict;

    #[track_caller]
    fn check_clock(ours: &str, verdict: Verdict, words: &str) {
        let theirs = "2026-03-01T12:00:00Z".parse().unwrap();
        let seen = Seen { host: "s.sole.example".to_owned(), theirs, ours: ours.parse().unwrap() };
        let said = clock(Some(&seen));
        assert_eq!((said.verdict, said.found.as_str()), (verdict, words));
    }

    #[test]
    fn a_clock_that_is_off_is_told_by_how_much_and_which_way() {
        check_clock("2026-03-01T12:00:00.9Z", Verdict::Ok, "it agrees with that of s.sole.example");
        check_clock("2026-03-01T11:59:55Z", Verdict::Ok, "it agrees with that of s.sole.example");
        check_clock("2026-03-01T11:59:50Z", Verdict::Warning, "it is 10 s behind that of s.sole.example");
        check_clock("2026-03-01T13:00:00Z", Verdict::Problem, "it is 3600 s ahead of that of s.sole.example");
    }

    #[test]
    fn room_is_held_against_what_the_store_needs() {
        let verdict = |store_bytes, free_bytes| left(Room { store_bytes, free_bytes }).verdict;
        assert_eq!(verdict(500 << 20, 600 << 20), Verdict::Ok);
        assert_eq!(verdict(500 << 20, 400 << 20), Verdict::Warning);
        assert_eq!(verdict(500 << 20, Room::RESERVE_BYTES), Verdict::Warning);
        assert_eq!(verdict(0, Room::RESERVE_BYTES - 1), Verdict::Problem);
    }

    #[tokio::test]
    async fn a_machine_without_a_store_has_none_to_look_at() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(disk(folder.path().to_owned()).await.verdict, Verdict::NotAsked);
        std::fs::create_dir(folder.path().join("store")).unwrap();
        assert_ne!(disk(folder.path().to_owned()).await.verdict, Verdict::NotAsked);
    }
}
