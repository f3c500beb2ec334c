//! Snapshots as files in a folder, one for each key. The npm package's `snapfold/files` reads and writes the same folders.
//!
//! A value is written to a temporary file in the folder it belongs to, forced to disk and given its name, and then the folder is forced to
//! disk: whatever happens, under a name lies a whole value.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;

use super::file_names::{file_of, folders_of, is_temporary, segment_of_file, segment_of_folder, temporary_name};
use super::{HostError, Store};
use crate::frame::Header;

/// How old a temporary file must be before it counts as left over.
const LEFT_OVER: Duration = Duration::from_secs(3600);

/// A deletion may take an empty folder away again and again while somebody writes to it.
const ATTEMPTS: u32 = 100;

/// Keys have five segments; what lies deeper is somebody else's.
const DEEPEST: usize = 16;

/// A store in a folder, which is made when it is needed, for any number of processes at once. It blocks the calling thread while it reads
/// and writes.
///
/// A listing removes what processes that died have left in the folders that it reads: temporary files older than an hour. Where a folder
/// cannot be forced to disk (on Windows), a power failure, but no crash of the process, may take back the last writes.
#[derive(Clone, Debug)]
pub struct FileStore {
    root: PathBuf,
}

impl FileStore {
    /// The store in that folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { root: folder.into() }
    }

    fn folder_of(&self, folders: &[String]) -> PathBuf {
        folders.iter().fold(self.root.clone(), |path, folder| path.join(folder))
    }

    fn path_of(&self, key: &str) -> (PathBuf, PathBuf) {
        let (folders, name) = file_of(key);
        let folder = self.folder_of(&folders);
        let file = folder.join(name);
        (folder, file)
    }

    /// What `publish` gives a name: a file with the whole value, on disk.
    fn write<T>(&self, key: &str, bytes: &[u8], publish: impl FnOnce(&Path, &Path) -> io::Result<T>) -> io::Result<T> {
        let (folder, file) = self.path_of(key);
        let before = folder.ancestors().find(|above| above.is_dir()).unwrap_or(Path::new(""));
        let (temporary, made) = create(&folder)?;
        let published = write(made, bytes).and_then(|()| publish(&temporary, &file));
        // A rename has taken it. Nothing more can be done about one that stays; a later listing removes it.
        let _ = fs::remove_file(&temporary);
        let published = published?;
        sync_folders(&self.root, &folder, before)?;
        Ok(published)
    }
}

impl Store for FileStore {
    async fn list(&self, prefix: &str, start: Option<&str>, limit: usize) -> Result<Vec<String>, HostError> {
        let above = prefix.rsplit_once('/').map(|(above, _)| above);
        let folder = self.folder_of(&folders_of(above));
        let base = above.map_or_else(String::new, |above| format!("{above}/"));
        let mut listing = Listing {
            prefix,
            start: start.unwrap_or_default(),
            limit,
            found: Vec::new(),
        };
        listing.walk(&folder, &base, 0)?;
        Ok(listing.found)
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(present(fs::read(self.path_of(key).1))?)
    }

    async fn put(&self, key: &str, bytes: &[u8], _: Option<&Header>) -> Result<(), HostError> {
        Ok(self.write(key, bytes, |temporary, file| fs::rename(temporary, file))?)
    }

    fn has_put_if_absent(&self) -> bool {
        true
    }

    /// Of two processes that put at the very same time, on a file system without hard links (exFAT), the later one may replace.
    async fn put_if_absent(&self, key: &str, bytes: &[u8], _: Option<&Header>) -> Result<bool, HostError> {
        Ok(self.write(key, bytes, publish_new)?)
    }

    async fn delete(&self, keys: &[String]) -> Result<(), HostError> {
        for key in keys {
            let (folder, file) = self.path_of(key);
            if present(fs::remove_file(file))?.is_none() {
                continue;
            }
            sync_folder(&folder)?;
            let within = folder.ancestors().take_while(|above| *above != self.root);
            // A folder that is not empty stays.
            let _ = within.map(fs::remove_dir).take_while(io::Result::is_ok).count();
        }
        Ok(())
    }
}

/// A new temporary file in a folder, and the folder too if it is not there.
fn create(folder: &Path) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut attempt = 0;
    loop {
        attempt += 1;
        fs::create_dir_all(folder)?;
        let file = folder.join(temporary_name(process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        match OpenOptions::new().write(true).create_new(true).open(&file) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) && attempt < ATTEMPTS => {}
            opened => return opened.map(|opened| (file, opened)),
        }
    }
}

/// Closes the file, too.
fn write(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// Gives the file its name unless there is one already, which the file system decides: `false` then.
fn publish_new(temporary: &Path, file: &Path) -> io::Result<bool> {
    match fs::hard_link(temporary, file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        // There may be no hard links here.
        Err(_) if file.try_exists()? => Ok(false),
        Err(_) => fs::rename(temporary, file).map(|()| true),
    }
}

/// The folder with the file, and those above it up to the root's own and to the one that was there `before`: whoever made them may not have
/// forced them to disk yet.
fn sync_folders(root: &Path, folder: &Path, before: &Path) -> io::Result<()> {
    for each in folder.ancestors() {
        match sync_folder(each) {
            // It need not be ours.
            Err(error) if error.kind() == ErrorKind::PermissionDenied && !each.starts_with(root) => {}
            synced => synced?,
        }
        if before.starts_with(each) && root.parent().is_none_or(|above| above.starts_with(each)) {
            break;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Gone, with everything in it, by a deletion; or a file system that has no disk below folders.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Walks folders in the order of their keys. Of the folders, only those are read that may hold such keys.
struct Listing<'a> {
    prefix: &'a str,
    start: &'a str,
    limit: usize,
    found: Vec<String>,
}

impl Listing<'_> {
    fn walk(&mut self, folder: &Path, base: &str, depth: usize) -> io::Result<()> {
        for Entry { text, path, is_folder } in entries_of(folder, base)? {
            if self.found.len() >= self.limit {
                return Ok(());
            }
            if !text.starts_with(self.prefix) && !self.prefix.starts_with(&*text) {
                continue;
            }
            let begun = *text >= *self.start;
            match is_folder {
                true if depth < DEEPEST && (begun || self.start.starts_with(&*text)) => {
                    self.walk(&path, &text, depth + 1)?
                }
                false if begun && text.starts_with(self.prefix) => self.found.push(text),
                _ => {}
            }
        }
        Ok(())
    }
}

struct Entry {
    /// The key; of a folder, what all keys in it begin with.
    text: String,
    path: PathBuf,
    is_folder: bool,
}

/// In the order of their keys. What is not of this store is left out; what died processes left is removed.
fn entries_of(folder: &Path, base: &str) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in present(fs::read_dir(folder))?.into_iter().flatten() {
        let entry = entry?;
        let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else {
            continue;
        };
        let path = entry.path();
        let text = match kind.is_dir() {
            true => segment_of_folder(&name).map(|segment| format!("{base}{segment}/")),
            false => segment_of_file(&name)
                .filter(|_| kind.is_file())
                .map(|segment| format!("{base}{segment}")),
        };
        match text {
            Some(text) => entries.push(Entry {
                text,
                path,
                is_folder: kind.is_dir(),
            }),
            None if is_temporary(&name) => sweep(&path),
            None => {}
        }
    }
    entries.sort_unstable_by(|one, other| one.text.cmp(&other.text));
    Ok(entries)
}

fn sweep(file: &Path) {
    let modified = fs::metadata(file).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    if age.is_some_and(|age| age > LEFT_OVER) {
        // Not ours to remove, or gone already.
        let _ = fs::remove_file(file);
    }
}

/// Nothing, if there is no such file, or something foreign in its place.
fn present<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory | ErrorKind::InvalidFilename
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
