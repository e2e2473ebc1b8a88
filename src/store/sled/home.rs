//! The folders that belong to one store, and how another takes its place.
//!
//! Beside a store, `store`, stand for a while its successor, `store.new`, and its predecessor, `store.old`. A successor is
//! filled, closed and flushed; then the store is renamed to the predecessor, the successor to the store, and the
//! predecessor is removed. Whatever of this a crash interrupts, the next start knows from the folders that are there how
//! to go on: a store that stands in its place is the store, and a successor without one counts only if its predecessor has
//! made way for it.
//!
//! A successor is filled in a [`Room`], one at a time; what is still in it when that goes was not to be, and is removed.
//!
//! A lock beside them, `store.lock`, makes sure that nobody else opens or tidies up meanwhile: sled's own lock lies inside
//! a folder, and goes with it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::failed;
use crate::store::StoreError;

/// A store's folders, which nobody else touches as long as this is there.
#[derive(Debug)]
pub(super) struct Home {
    store: PathBuf,
    new: PathBuf,
    old: PathBuf,
    /// Held by the room of a successor.
    room: Arc<Mutex<()>>,
    _lock: File,
}

/// The place where a successor is filled.
#[derive(Debug)]
pub(super) struct Room {
    home: Arc<Home>,
    // Last: whoever waits for the room finds that nobody has the home because of it.
    _alone: OwnedMutexGuard<()>,
}

/// Folders that no crash of ours leaves behind.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}`, `{0}.new` and `{0}.old` are all there, which canvass never leaves behind; keep the one that is the store under \
     the first name, and move the others away"
)]
struct TooMany(String);

impl Home {
    /// Takes possession of the store at `path`, and tidies up after a crash. Makes the folder if there is none.
    pub(super) fn enter(path: &Path) -> Result<Self, StoreError> {
        if let Some(parent) = path.parent() {
            make(parent).map_err(failed)?;
        }
        let beside = |ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let lock = open_lock(&beside(".lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(err)) => return Err(failed(err)),
        }
        let (new, old) = (beside(".new"), beside(".old"));
        let home = Self { store: path.to_owned(), new, old, room: Arc::default(), _lock: lock };
        home.tidy()?;
        make(&home.store).map_err(failed)?;
        Ok(home)
    }

    fn tidy(&self) -> Result<(), StoreError> {
        let [store, new, old] = [&self.store, &self.new, &self.old].map(|path| path.exists());
        if store && new && old {
            return Err(StoreError::Failed { source: Arc::new(TooMany(self.store.display().to_string())) });
        }
        let tidied = match (store, new, old) {
            (false, true, true) => self.put_new_in_place().and_then(|()| self.remove_old()),
            (false, false, true) => self.put_old_back(),
            (_, _, _) => remove(&self.new).and_then(|()| remove(&self.old)),
        };
        tidied.map_err(failed)
    }

    /// An empty folder for a successor, if none is being filled.
    pub(super) fn make_room(self: &Arc<Self>) -> Result<Room, StoreError> {
        let Ok(alone) = Arc::clone(&self.room).try_lock_owned() else {
            return Err(StoreError::Exists { what: "a copy of the store in the making" });
        };
        let room = Room { home: Arc::clone(self), _alone: alone };
        remove(&self.new).and_then(|()| make(&self.new)).map_err(failed)?;
        Ok(room)
    }

    /// The lock of the room, to wait until no successor is being filled.
    pub(super) fn room(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.room)
    }

    /// Removes the store's folder if nothing is in it.
    pub(super) fn leave_no_empty_store(&self) {
        match fs::remove_dir(&self.store) {
            Err(err) if !matches!(err.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => {
                tracing::warn!("cannot remove `{}`, which is empty: {err}", self.store.display());
            }
            Ok(()) | Err(_) => (),
        }
    }

    /// Puts the successor, which is closed and on disk, in the place of the store, which is closed. Where that cannot be
    /// done, the store stands where it stood.
    fn replace(&self) -> io::Result<()> {
        self.put_store_aside()?;
        if let Err(err) = self.put_new_in_place() {
            self.put_old_back()?;
            return Err(err);
        }
        // From here on the successor is the store, whatever becomes of the rest.
        if let Err(err) = self.remove_old() {
            tracing::warn!("cannot remove `{}`; the next start will: {err}", self.old.display());
        }
        Ok(())
    }

    fn put_store_aside(&self) -> io::Result<()> {
        sync_folder(&self.new)?;
        rename(&self.store, &self.old)
    }

    fn put_new_in_place(&self) -> io::Result<()> {
        rename(&self.new, &self.store)
    }

    fn put_old_back(&self) -> io::Result<()> {
        rename(&self.old, &self.store)
    }

    fn remove_old(&self) -> io::Result<()> {
        remove(&self.old)
    }
}

impl Room {
    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.home.new
    }

    /// Puts the successor in its place. Both are closed.
    pub(super) fn move_in(self) -> Result<(), StoreError> {
        self.home.replace().map_err(failed)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Err(err) = remove(&self.home.new) {
            tracing::warn!("cannot remove `{}`: {err}", self.home.new.display());
        }
    }
}

/// The lock can also be taken where nothing can be written, if the file is there.
fn open_lock(path: &Path) -> io::Result<File> {
    match File::open(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => OpenOptions::new().create(true).append(true).open(path),
        opened => opened,
    }
}

/// Folders that are made are nobody else's business; one that is there keeps the mode that its owner gave it.
fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Renames, and returns when that is on disk.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    to.parent().map_or(Ok(()), sync_folder)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folders with the name of what they hold in a file.
    fn folders(dir: &Path, there: &[(&str, &str)]) -> PathBuf {
        for (ending, holds) in there {
            let folder = dir.join(format!("store{ending}"));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("holds"), holds).unwrap();
        }
        dir.join("store")
    }

    #[track_caller]
    fn check(there: &[(&str, &str)], expected: Option<&str>) {
        let dir = tempfile::tempdir().unwrap();
        let store = folders(dir.path(), there);
        let home = Home::enter(&store).unwrap();
        assert_eq!(fs::read_to_string(home.store.join("holds")).ok().as_deref(), expected, "{there:?}");
        assert!(!home.new.exists() && !home.old.exists(), "{there:?}");
    }

    #[test]
    fn after_a_crash_at_any_step_the_one_store_is_there_that_is_whole() {
        check(&[], None);
        check(&[("", "before")], Some("before"));
        // While the successor is filled, and when it is whole but nothing was renamed yet.
        check(&[("", "before"), (".new", "a part")], Some("before"));
        check(&[(".new", "after"), (".old", "before")], Some("after"));
        check(&[("", "after"), (".old", "before")], Some("after"));
        // A first store that was not whole yet.
        check(&[(".new", "a part")], None);
        check(&[(".old", "before")], Some("before"));
    }

    #[test]
    fn a_replacement_cut_after_any_step_is_finished_or_undone_by_the_next_start() {
        type StepOf = fn(&Home) -> io::Result<()>;
        let steps: [StepOf; 3] = [Home::put_store_aside, Home::put_new_in_place, Home::remove_old];
        for n_done in 0..=steps.len() {
            let dir = tempfile::tempdir().unwrap();
            let store = folders(dir.path(), &[("", "before")]);
            let home = Home::enter(&store).unwrap();
            folders(dir.path(), &[(".new", "after")]);
            for step in &steps[..n_done] {
                step(&home).unwrap();
            }
            drop(home);
            let home = Home::enter(&store).unwrap();
            let expected = if n_done == 0 { "before" } else { "after" };
            assert_eq!(fs::read_to_string(home.store.join("holds")).unwrap(), expected, "{n_done} steps");
        }
    }

    #[test]
    fn a_store_is_replaced_and_one_that_cannot_be_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = folders(dir.path(), &[("", "before")]);
        let home = Arc::new(Home::enter(&store).unwrap());
        assert!(home.replace().is_err(), "there is nothing to take its place");
        assert_eq!(fs::read_to_string(store.join("holds")).unwrap(), "before");
        let room = home.make_room().unwrap();
        fs::write(room.folder().join("holds"), "after").unwrap();
        room.move_in().unwrap();
        assert_eq!(fs::read_to_string(store.join("holds")).unwrap(), "after");
        assert!(!home.new.exists() && !home.old.exists());
    }

    #[test]
    fn one_successor_is_filled_at_a_time_and_one_that_is_given_up_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let home = Arc::new(Home::enter(&dir.path().join("store")).unwrap());
        let room = home.make_room().unwrap();
        fs::write(room.folder().join("holds"), "a part").unwrap();
        assert!(matches!(home.make_room(), Err(StoreError::Exists { .. })));
        assert!(home.new.join("holds").exists(), "it is left alone");
        drop(room);
        assert!(!home.new.exists());
        home.make_room().unwrap();
    }

    #[test]
    fn folders_that_no_crash_leaves_behind_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let store = folders(dir.path(), &[("", "one"), (".new", "two"), (".old", "three")]);
        let refused = Home::enter(&store).unwrap_err();
        assert!(matches!(refused, StoreError::Failed { .. }), "{refused}");
        assert!(
            [&store, &dir.path().join("store.new"), &dir.path().join("store.old")].iter().all(|path| path.exists())
        );
    }

    #[test]
    fn only_one_can_be_at_home() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("store");
        let home = Home::enter(&store).unwrap();
        assert!(matches!(Home::enter(&store), Err(StoreError::InUse { path }) if path == store));
        drop(home);
        Home::enter(&store).unwrap();
    }
}
