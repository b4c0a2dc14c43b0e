// SPDX-License-Identifier: GPL-2.0-only

//! Several files that change together: all are written before the first takes its place, so that a full disk leaves
//! the old ones, and those that took theirs give way again where a later step fails.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};

use crate::error::{FileContext, FileError};
use crate::file::{self, PREFIX};

/// Files that are complete, and wait.
#[derive(Debug)]
pub struct Staged {
    /// Where they wait, as far as that is on the same file system.
    dir: PathBuf,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    /// A file goes away.
    Remove(PathBuf),
    /// A file takes its place.
    Add(NamedTempFile, PathBuf),
}

/// Files that took their places. Dropped, they give way to the old ones again.
#[derive(Debug)]
#[must_use = "the old files come back unless the new ones are kept"]
pub struct Placed {
    done: Vec<Done>,
}

#[derive(Debug)]
enum Done {
    /// A folder was made.
    Folder(PathBuf),
    /// A file was made.
    New(PathBuf),
    /// A file was replaced, or went away; the old one is still there under another name.
    Old(PathBuf, TempPath),
}

impl Staged {
    /// Nothing yet. Files wait in `dir`.
    pub fn new(dir: &Path) -> Result<Staged, FileError> {
        fs::create_dir_all(dir).at("create", dir)?;
        Ok(Staged { dir: dir.to_owned(), steps: Vec::new() })
    }

    /// Adds a file. Without a mode it keeps that of the old one.
    pub fn add(&mut self, path: &Path, content: &[u8], mode: Option<u32>) -> Result<(), FileError> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let file = file::waiting(&waiting_room(&self.dir, &path), content, 0o666, "").at("write", &path)?;
        let old = fs::metadata(&path).ok().map(|old| old.permissions());
        if let Some(permissions) = mode.map(Permissions::from_mode).or(old) {
            file.as_file().set_permissions(permissions).at("write", &path)?;
        }
        self.steps.push(Step::Add(file, path));
        Ok(())
    }

    /// Takes a file away.
    pub fn remove(&mut self, path: &Path) {
        self.steps.push(Step::Remove(path.to_owned()));
    }

    /// Carries everything out, in the order in which it was asked for. Each file appears at once; folders that become
    /// empty go away, up to `top`. Where one step fails, those before it are taken back.
    pub fn place(self, top: &Path) -> Result<Placed, FileError> {
        let mut placed = Placed { done: Vec::new() };
        for step in self.steps {
            match step {
                Step::Remove(path) => placed.remove(&self.dir, top, path)?,
                Step::Add(file, path) => placed.add(&self.dir, file, path)?,
            }
        }
        Ok(placed)
    }
}

/// The folder `dir` if it is on the file system of a path, or else one that is.
fn waiting_room(dir: &Path, path: &Path) -> PathBuf {
    let near = path.ancestors().skip(1).find(|near| near.is_dir()).unwrap_or(dir);
    let device = |dir: &Path| fs::metadata(dir).map(|metadata| metadata.dev()).ok();
    if device(near) == device(dir) { dir.to_owned() } else { near.to_owned() }
}

/// Removes folders that are empty now, up to the top.
pub fn remove_empty_parents(top: &Path, path: &Path) {
    for dir in path.ancestors().skip(1).take_while(|dir| *dir != top) {
        if fs::remove_dir(dir).is_err() {
            break;
        }
    }
}

impl Placed {
    /// Lets the new files stay.
    pub fn keep(mut self) {
        self.done.clear();
    }

    fn remove(&mut self, dir: &Path, top: &Path, path: PathBuf) -> Result<(), FileError> {
        let room = waiting_room(dir, &path);
        let old = Builder::new().prefix(PREFIX).make_in(room, |new| fs::rename(&path, new)).at("remove", &path)?;
        remove_empty_parents(top, &path);
        self.done.push(Done::Old(path, old.into_temp_path()));
        Ok(())
    }

    fn add(&mut self, dir: &Path, file: NamedTempFile, path: PathBuf) -> Result<(), FileError> {
        self.make_parents(&path)?;
        let room = waiting_room(dir, &path);
        let is_new = path.symlink_metadata().is_err();
        let old = Builder::new().prefix(PREFIX).make_in(room, |new| fs::hard_link(&path, new));
        file.persist(&path).map_err(|error| error.error).at("write", &path)?;
        match old {
            Ok(old) => self.done.push(Done::Old(path, old.into_temp_path())),
            Err(_) if is_new => self.done.push(Done::New(path)),
            // Where a file has but one name, the new one stays.
            Err(_) => {}
        }
        Ok(())
    }

    fn make_parents(&mut self, path: &Path) -> Result<(), FileError> {
        let missing: Vec<&Path> = path.ancestors().skip(1).take_while(|dir| !dir.exists()).collect();
        for dir in missing.into_iter().rev() {
            fs::create_dir(dir).at("create", dir)?;
            self.done.push(Done::Folder(dir.to_owned()));
        }
        Ok(())
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        // Names are given and taken, which needs no space.
        for done in self.done.drain(..).rev() {
            match done {
                Done::Folder(dir) => drop(fs::remove_dir(dir)),
                Done::New(path) => drop(fs::remove_file(path)),
                Done::Old(path, old) => {
                    let _ = path.parent().map(fs::create_dir_all);
                    let _ = old.persist(path);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every file below a folder, with its content.
    fn all(top: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut dirs = vec![top.to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(top).unwrap().display().to_string();
                match path.is_dir() {
                    true => dirs.push(path),
                    false => found.push(format!("{name}={}", fs::read_to_string(path).unwrap())),
                }
            }
        }
        found.sort();
        found
    }

    fn lab() -> (tempfile::TempDir, Staged) {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().join("top");
        fs::create_dir_all(top.join("turns")).unwrap();
        for (path, text) in [("a", "old"), ("turns/f", "f"), ("file", "x")] {
            fs::write(top.join(path), text).unwrap();
        }
        let mut staged = Staged::new(&dir.path().join("build")).unwrap();
        staged.remove(&top.join("turns/f"));
        staged.remove(&top.join("file"));
        for (path, text) in [("a", "new"), ("n/e/w", "n"), ("turns", "t"), ("file/g", "g")] {
            staged.add(&top.join(path), text.as_bytes(), None).unwrap();
        }
        (dir, staged)
    }

    #[test]
    fn all_change_or_none() {
        let (dir, staged) = lab();
        let top = dir.path().join("top");
        let old = all(&top);
        drop(staged);
        assert_eq!(all(&top), old);
        let (dir, staged) = lab();
        let top = dir.path().join("top");
        let placed = staged.place(&top).unwrap();
        let new = ["a=new", "file/g=g", "n/e/w=n", "turns=t"];
        assert_eq!(all(&top), new);
        drop(placed);
        assert_eq!(all(&top), old);
        assert!(!top.join("n").exists() && all(&dir.path().join("build")).is_empty());
        let (dir, staged) = lab();
        staged.place(&dir.path().join("top")).unwrap().keep();
        assert_eq!(all(&dir.path().join("top")), new);
        assert!(all(&dir.path().join("build")).is_empty());
    }

    #[test]
    fn one_that_cannot_be_placed_takes_the_others_back() {
        let (dir, mut staged) = lab();
        let top = dir.path().join("top");
        let old = all(&top);
        fs::create_dir_all(top.join("d/e")).unwrap();
        staged.add(&top.join("d"), b"no", None).unwrap();
        assert!(staged.place(&top).is_err());
        assert_eq!(all(&top), old);
    }
}
