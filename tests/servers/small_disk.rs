//! A file system of its own, so small that it can be filled.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use crate::process::{command, is_root, run};

/// A block of the file that takes the room, from large to small: the last of them leaves no whole page.
const BLOCKS: [usize; 3] = [1 << 20, 64 << 10, 4 << 10];

/// A file system in memory. It goes with the value.
pub(crate) struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one at `path`, which is made. Only the superuser may.
    #[track_caller]
    pub(crate) fn mount(path: PathBuf, megabytes: u32) -> Self {
        assert!(is_root(), "this test mounts a file system of its own: run it as root");
        fs::create_dir_all(&path).unwrap();
        let size = format!("size={megabytes}m,mode=0700");
        run(command("/bin/mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&path));
        Self { path }
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }

    /// Takes all the room that is left.
    pub(crate) fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        for size in BLOCKS {
            let block = vec![7; size];
            let full = loop {
                if let Err(err) = file.write_all(&block) {
                    break err;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
    }

    /// Gives back what was taken.
    pub(crate) fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a test that fails may leave a process behind that has a file open for a moment.
        drop(command("/bin/umount").arg("--lazy").arg(&self.path).status());
    }
}

#[test]
fn what_is_full_takes_nothing_and_takes_again_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(dir.path().join("disk"), 3);
    disk.fill();
    let file = disk.path().join("file");
    assert_eq!(fs::write(&file, [1; 4_096]).unwrap_err().kind(), ErrorKind::StorageFull);
    disk.make_room();
    fs::write(&file, [1; 4_096]).unwrap();
}
