//! Where a store lies, and what is asked of the file system beside sled.
//!
//! A sled that could not write is of little use for reading either: a look-up that comes by a page that is to be split
//! splits it, and fails. It can be opened again, and then reads as it should, but that takes room: for the index of its
//! pages, which it writes at each opening, and for pages that look-ups split. So room is set aside while there is some,
//! in a file of its own, and given up when the disk is full. That it can be set aside again is how we know that there is
//! room again.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::home::Home;
use super::{failed, garbage};
use crate::store::StoreError;
use crate::store::health::ReadOnlyReason;

/// The least that is set aside, in bytes: a few of sled's segments. Tests open many stores.
const RESERVE_BYTES_MIN: u64 = if cfg!(test) { 64 << 10 } else { 8 << 20 };
/// The file that holds the place of what is set aside.
const RESERVE: &str = "reserve";
/// Written at a time when room is set aside.
const BLOCK_BYTES: usize = 64 << 10;
/// What the file system counts room in.
const BLOCK_OF_STAT_BYTES: u64 = 512;

/// Times that the lock on the folder is looked at when it closes, and the pause between two looks.
const LOCK_LOOKS_MAX: usize = 2_000;
const LOCK_PAUSE: Duration = Duration::from_millis(1);

/// What is asked of the file system. Tests have one that fails when they say so.
pub(super) trait Disk: Send + 'static {
    /// Makes sure that what was written to the file is on the disk.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Fills a file to this length with bytes that take the room that they say, and makes sure that they are on the disk.
    fn fill(&self, path: &Path, bytes: u64) -> io::Result<()>;
}

/// The file system.
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn fill(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        let mut left = bytes.saturating_sub(file.metadata()?.len());
        let mut seed = left;
        while left > 0 {
            let block = noise(&mut seed);
            let n = usize::try_from(left).unwrap_or(BLOCK_BYTES).min(BLOCK_BYTES);
            file.write_all(block.get(..n).unwrap_or(&block))?;
            left -= n as u64;
        }
        file.sync_all()
    }
}

/// Bytes that a file system which compresses cannot make smaller.
fn noise(seed: &mut u64) -> Vec<u8> {
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    while block.len() < BLOCK_BYTES {
        // Knuth's multiplier; the upper half is noise enough.
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        block.extend_from_slice(&seed.to_be_bytes()[..4]);
    }
    block
}

/// Where a store lies and how it is opened.
pub(super) struct Place {
    path: PathBuf,
    cache_bytes: u64,
    disk: Box<dyn Disk>,
    /// The folders around it; none if it is to take another's place itself.
    home: Option<Arc<Home>>,
}

/// A store that is open, and our own handle of its log.
pub(super) struct Opened {
    pub(super) db: sled::Db,
    pub(super) log: File,
}

impl Opened {
    /// Closes it, and waits until its folder can be opened again: sled's own threads and reads under way may have the log
    /// for a moment longer. Not for ever, because somebody else may have opened it meanwhile.
    pub(super) fn close(self) {
        let Self { db, log } = self;
        drop(db);
        garbage::collect_all();
        for _ in 0..LOCK_LOOKS_MAX {
            match log.try_lock() {
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                // Ours for an instant, and free when the file goes.
                Ok(()) | Err(TryLockError::Error(_)) => break,
            }
        }
    }
}

impl Place {
    /// A store at home, alone.
    pub(super) fn at_home(path: &Path, cache_bytes: u64, disk: Box<dyn Disk>) -> Result<Self, StoreError> {
        let home = Some(Arc::new(Home::enter(path)?));
        Ok(Self { path: path.to_owned(), cache_bytes, disk, home })
    }

    /// A store in a folder that somebody else looks after.
    pub(super) fn elsewhere(folder: &Path, cache_bytes: u64) -> Self {
        Self { path: folder.to_owned(), cache_bytes, disk: Box::new(RealDisk), home: None }
    }

    /// Its folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that sled is told to keep in memory.
    pub(super) fn cache_bytes(&self) -> u64 {
        self.cache_bytes
    }

    /// The folders around it.
    pub(super) fn home(&self) -> Result<&Arc<Home>, StoreError> {
        self.home.as_ref().ok_or(StoreError::NotFound { what: "place beside the store" })
    }

    /// Makes sure that what was written to the file is on the disk.
    pub(super) fn sync(&self, file: &File) -> Result<(), StoreError> {
        self.disk.sync(file).map_err(failed)
    }

    /// The bytes that it takes on disk, without what is set aside.
    pub(super) fn disk_bytes(path: &Path) -> io::Result<u64> {
        let mut bytes = 0;
        let mut folders = vec![path.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                match entry.metadata() {
                    Ok(about) if about.is_dir() => folders.push(entry.path()),
                    Ok(about) if entry.file_name() != RESERVE => bytes += about.blocks() * BLOCK_OF_STAT_BYTES,
                    Ok(_) => (),
                    // It went in between, as an index does that another has replaced.
                    Err(err) if err.kind() == ErrorKind::NotFound => (),
                    Err(err) => return Err(err),
                }
            }
        }
        Ok(bytes)
    }

    /// Whether a copy of the store fits beside it. A copy takes no more room than the store does.
    pub(super) fn check_room_for_copy(path: &Path) -> Result<(), StoreError> {
        let room = room(path).map_err(failed)?;
        check_room(room.store_bytes, room.free_bytes)
    }

    /// Opens the store. Where there is no room for that, what was set aside is given up first.
    pub(super) fn open(&self) -> Result<Opened, StoreError> {
        match self.open_as_it_is() {
            Err(StoreError::ReadOnly { reason: ReadOnlyReason::NoRoom }) if self.give_up_reserve() => {
                self.open_as_it_is()
            }
            opened => opened,
        }
    }

    fn open_as_it_is(&self) -> Result<Opened, StoreError> {
        remove_unfinished_indexes(&self.path).map_err(failed)?;
        let config = sled::Config::new()
            .path(&self.path)
            .cache_capacity(self.cache_bytes)
            .flush_every_ms(None)
            .mode(sled::Mode::HighThroughput);
        let db = config.open().map_err(|source| open_failed(source, &self.path))?;
        let log = File::open(self.path.join("db")).map_err(failed)?;
        Ok(Opened { db, log })
    }

    /// Sets room aside, if it is not yet.
    pub(super) fn set_reserve_aside(&self) -> io::Result<()> {
        let reserve = self.path.join(RESERVE);
        let filled = index_bytes(&self.path).and_then(|index| {
            // A new index is written before the old one goes, and it may have grown.
            self.disk.fill(&reserve, RESERVE_BYTES_MIN + 2 * index)
        });
        if filled.is_err() {
            // A part of it would be room that nobody can use. That it cannot be removed says the same as `filled`.
            drop(fs::remove_file(&reserve));
        }
        filled
    }

    /// Gives up what was set aside. Gives whether there was anything.
    pub(super) fn give_up_reserve(&self) -> bool {
        fs::remove_file(self.path.join(RESERVE)).is_ok()
    }

    /// Whether anything can be written at all.
    pub(super) fn can_be_written(&self) -> bool {
        OpenOptions::new().append(true).open(self.path.join("db")).is_ok()
    }
}

/// What a store takes on its disk, and what is free there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes of the store, without what is set aside.
    pub store_bytes: u64,
    /// Bytes that are free on its file system.
    pub free_bytes: u64,
}

impl Room {
    /// What is set aside for a full disk, at least: with less the store soon takes no changes.
    pub const RESERVE_BYTES: u64 = RESERVE_BYTES_MIN;
}

/// Looks at the folder of a store, which need not be open.
pub fn room(path: &Path) -> io::Result<Room> {
    let about = rustix::fs::statvfs(path)?;
    let free_bytes = about.f_bavail.saturating_mul(about.f_frsize);
    Ok(Room { store_bytes: Place::disk_bytes(path)?, free_bytes })
}

fn check_room(needed_bytes: u64, free_bytes: u64) -> Result<(), StoreError> {
    if needed_bytes > free_bytes { Err(StoreError::NoRoomForCopy { needed_bytes, free_bytes }) } else { Ok(()) }
}

fn open_failed(source: sled::Error, path: &Path) -> StoreError {
    let sled::Error::Io(err) = &source else { return failed(source) };
    // sled wraps the error of a lock that it cannot get in one of kind `Other`, and keeps of the cause only the words:
    // what another holder makes of it is `WouldBlock`, while a file system without locks makes something else.
    if err.kind() == ErrorKind::Other && err.to_string().contains(&format!("{:?}", ErrorKind::WouldBlock)) {
        return StoreError::InUse { path: path.to_owned() };
    }
    match ReadOnlyReason::of(err) {
        reason @ ReadOnlyReason::NoRoom => StoreError::ReadOnly { reason },
        ReadOnlyReason::NotWritable | ReadOnlyReason::DiskFailed => failed(source),
    }
}

/// sled writes the index of its pages to a file whose name ends so, and renames it when it is whole. It takes one that
/// was left behind, by a disk that was full or by a power cut, for the latest index, and then for a damaged one.
fn remove_unfinished_indexes(path: &Path) -> io::Result<()> {
    for file in indexes(path)? {
        if file.extension().is_some_and(|ending| ending == "generating") {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// How many bytes the index of the pages takes.
fn index_bytes(path: &Path) -> io::Result<u64> {
    indexes(path)?.iter().map(|file| Ok(fs::metadata(file)?.len())).sum()
}

fn indexes(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        // What is to be made has none, and what is no folder is for sled to refuse.
        Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(err) => return Err(err),
    };
    let named_so = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap."));
    let paths = entries.map(|entry| Ok(entry?.path()));
    paths.filter(|path: &io::Result<PathBuf>| path.as_ref().map_or(true, named_so)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_fails_for_another_reason_is_not_called_in_use() {
        let failed = |source: io::Error| {
            // As sled words it.
            let wrapped = format!("could not acquire lock on {:?}: {source:?}", "store/db");
            open_failed(sled::Error::Io(io::Error::other(wrapped)), Path::new("store"))
        };
        let would_block = io::Error::from_raw_os_error(11);
        assert_eq!(would_block.kind(), ErrorKind::WouldBlock);
        assert!(matches!(failed(would_block), StoreError::InUse { .. }));
        let no_locks_here = io::Error::from_raw_os_error(37);
        assert!(matches!(failed(no_locks_here), StoreError::Failed { .. }));
    }

    #[test]
    fn a_copy_is_begun_only_where_it_fits() {
        let refused = check_room(1_001, 1_000).unwrap_err().to_string();
        assert!(refused.contains("may take 1001 bytes and 1000 are free"), "{refused}");
        check_room(1_000, 1_000).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Place::check_room_for_copy(folder.path()).unwrap();
        // Room is promised to this file, and none is taken for it.
        let log = File::create(folder.path().join("db")).unwrap();
        log.set_len(1 << 40).unwrap();
        Place::check_room_for_copy(folder.path()).unwrap();
        assert!(Place::check_room_for_copy(&folder.path().join("none")).is_err());
    }

    #[test]
    fn an_index_that_was_left_unfinished_does_not_make_the_store_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::elsewhere(folder.path(), 1 << 20);
        let put = |key: &[u8]| {
            let opened = place.open().unwrap();
            opened.db.insert(key, key).unwrap();
            opened.db.flush().unwrap();
            opened.close();
        };
        put(b"a");
        put(b"b");
        let index = indexes(folder.path()).unwrap().pop().expect("an index is written at the second opening");
        let unfinished = PathBuf::from(format!("{}.generating", index.display()));
        fs::write(&unfinished, [7; 100]).unwrap();
        put(b"c");
        assert!(!unfinished.exists());
        assert_eq!(place.open().unwrap().db.len(), 3);
    }

    #[test]
    fn what_is_set_aside_takes_room_is_kept_and_can_be_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::elsewhere(folder.path(), 1 << 20);
        assert!(!place.give_up_reserve());
        place.set_reserve_aside().unwrap();
        let reserve = fs::metadata(folder.path().join(RESERVE)).unwrap();
        assert_eq!(reserve.len(), RESERVE_BYTES_MIN);
        assert!(reserve.blocks() * 512 >= RESERVE_BYTES_MIN, "{} blocks", reserve.blocks());
        fs::write(folder.path().join("snap.1"), [0; 1_000]).unwrap();
        place.set_reserve_aside().unwrap();
        assert_eq!(fs::metadata(folder.path().join(RESERVE)).unwrap().len(), RESERVE_BYTES_MIN + 2_000);
        assert!(place.give_up_reserve());
    }
}
