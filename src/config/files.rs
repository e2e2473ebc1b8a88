//! Where configuration files come from: a folder, or memory.
//!
//! Everything that is read goes through [`Files`], secrets and certificates included, so that a configuration can be
//! checked without a folder: the one compiled into the program, or one written in a test.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// Most files of one kind.
pub const FILES_MAX: usize = 1_000;

/// A folder of configuration files, real or not. Paths are relative to it; absolute ones stay what they are.
pub trait Files {
    /// What to call a file, or for an empty path the whole, in messages.
    fn label(&self, path: &str) -> String;

    /// The bytes of a file. Reads at most one byte more than [`FILE_BYTES_MAX`].
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;

    /// The names of the `.toml` files of a sub-folder, in lexical order; an empty path means the folder itself.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// The path that the operating system knows the file by.
    fn path(&self, path: &str) -> PathBuf;
}

/// A folder of the file system.
#[derive(Clone, Debug)]
pub struct Folder {
    dir: PathBuf,
}

impl Folder {
    /// This folder, whether it exists or not.
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }
}

impl Files for Folder {
    fn label(&self, path: &str) -> String {
        let path = if path.is_empty() { self.dir.clone() } else { self.dir.join(path) };
        path.display().to_string()
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        std::fs::File::open(self.dir.join(path))?.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.dir.join(folder))? {
            let name = entry?.file_name();
            // Editors leave files such as `.#visit.toml` behind.
            if let Some(name) = name.to_str().filter(|name| is_toml(name) && !name.starts_with('.')) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.join(path)
    }
}

/// Files that were never on a disk: pairs of path and text.
#[derive(Clone, Copy, Debug)]
pub struct InMemory<'a> {
    /// What to call the whole in messages.
    pub name: &'a str,
    /// Paths and texts.
    pub files: &'a [(&'a str, &'a str)],
}

impl Files for InMemory<'_> {
    fn label(&self, path: &str) -> String {
        match path {
            "" => self.name.to_owned(),
            absolute if absolute.starts_with('/') => absolute.to_owned(),
            path => format!("{}/{path}", self.name),
        }
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let found = self.files.iter().find(|(known, _)| *known == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let inside = |path: &str| match path.rsplit_once('/') {
            Some((known, name)) => (known == folder).then(|| name.to_owned()),
            None => folder.is_empty().then(|| path.to_owned()),
        };
        let mut names: Vec<_> =
            self.files.iter().filter_map(|(path, _)| inside(path)).filter(|name| is_toml(name)).collect();
        names.sort();
        if names.is_empty() && !folder.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(path)
    }
}

fn is_toml(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "toml")
}
