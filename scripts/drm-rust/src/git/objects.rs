// SPDX-License-Identifier: GPL-2.0-only

//! Reading objects of a repository, and new objects that stay in memory until they are flushed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout};

use rayon::prelude::*;
use tempfile::NamedTempFile;

use super::commit::Commit;
use super::pack::{self, Encoded, Encoder, Kind, PackWriter};
use super::treeobj::{self, Entries};
use super::{GitError, Oid, Repo};
use crate::error::{Explain, FileContext, FileError};

/// From how many new objects on they are kept as a pack: git's own `fetch.unpackLimit`.
const PACK_FROM: usize = 100;
/// How many objects are asked for at once: the question must fit into a pipe while nobody reads the answers.
const AT_ONCE: usize = 512;

/// An object could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("the repository lacks the object {0}")]
    Missing(Oid),
    /// The object is with the remote of a partial clone, which does not give it.
    #[error("the partial clone {clone} lacks the object {oid}, and {remote} does not give it")]
    Promised {
        /// The object.
        oid: Oid,
        /// The clone.
        clone: String,
        /// The remote.
        remote: String,
    },
    /// The object is of another kind, or damaged.
    #[error("the object {0} is not a well-formed {1}")]
    Malformed(Oid, &'static str),
    /// Git itself failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The conversation with `git cat-file` broke off.
    #[error("lost the connection to `git cat-file`")]
    Pipe(#[from] io::Error),
    /// An object could not be stored.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Explain for ObjectError {
    fn hint(&self) -> Option<String> {
        match self {
            ObjectError::Missing(_) | ObjectError::Malformed(..) => Some(
                "`git -C linux fsck` tells more. Where it is linux/, `drm-rust tree` makes it anew when it is removed"
                    .into(),
            ),
            ObjectError::Promised { remote, .. } => Some(promised(remote)),
            ObjectError::Git(error) => error.hint(),
            ObjectError::File(error) => error.hint(),
            ObjectError::Pipe(_) => None,
        }
    }
}

/// How to get what a partial clone lacks.
fn promised(remote: &str) -> String {
    format!("get all of it while the remote is there: git -C linux fetch --refetch --no-filter {remote}")
}

/// The objects of a repository, with new ones on top.
pub struct Objects {
    repo: Repo,
    reader: Option<Reader>,
    trees: HashMap<Oid, Entries>,
    pending: BTreeMap<Oid, (Kind, Vec<u8>)>,
    /// Those of the pending objects that the repository has by now.
    stored: HashSet<Oid>,
}

struct Reader {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        // `git cat-file` waits for requests; all it has to do was done.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Objects {
    /// The objects of `repo`.
    pub fn new(repo: &Repo) -> Self {
        Objects {
            repo: repo.clone(),
            reader: None,
            trees: HashMap::new(),
            pending: BTreeMap::new(),
            stored: HashSet::new(),
        }
    }

    /// The content of a blob.
    pub fn blob(&mut self, oid: Oid) -> Result<Vec<u8>, ObjectError> {
        self.read(oid, Kind::Blob)
    }

    /// The entries of a tree.
    pub fn tree(&mut self, oid: Oid) -> Result<Entries, ObjectError> {
        if let Some(entries) = self.trees.get(&oid) {
            return Ok(entries.clone());
        }
        let data = self.read(oid, Kind::Tree)?;
        let entries = treeobj::parse(&data).ok_or(ObjectError::Malformed(oid, "tree"))?;
        self.trees.insert(oid, entries.clone());
        Ok(entries)
    }

    /// The tree of a commit.
    pub fn tree_of(&mut self, commit: Oid) -> Result<Oid, ObjectError> {
        let data = self.read(commit, Kind::Commit)?;
        let id = data.strip_prefix(b"tree ").and_then(|rest| rest.get(..40));
        let id = id.and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
        id.ok_or(ObjectError::Malformed(commit, "commit"))
    }

    /// Adds an object in memory and gives its id.
    pub fn write(&mut self, kind: Kind, data: Vec<u8>) -> Oid {
        let oid = pack::object_id(kind, &data);
        self.pending.entry(oid).or_insert((kind, data));
        oid
    }

    /// Adds a commit in memory and gives its id.
    pub fn write_commit(&mut self, commit: &Commit) -> Oid {
        self.write(Kind::Commit, commit.to_bytes())
    }

    /// Writes a new object and the new ones that it names, for a git command that is about to need them.
    pub fn store(&mut self, oid: Oid) -> Result<(), ObjectError> {
        let mut wanted = vec![oid];
        let dir = self.repo.common_dir().join("objects");
        while let Some(oid) = wanted.pop() {
            let Some((kind, data)) = self.pending.get(&oid) else { continue };
            if !self.stored.insert(oid) {
                continue;
            }
            wanted.extend(named(*kind, data));
            store_loose(&dir, oid, *kind, data)?;
        }
        Ok(())
    }

    /// Writes the new objects into the repository.
    pub fn flush(&mut self) -> Result<(), ObjectError> {
        let left = self.pending.iter().filter(|(oid, _)| !self.stored.contains(oid));
        let left: Vec<_> = left.map(|(oid, (kind, data))| (oid, *kind, data.as_slice())).collect();
        if !left.is_empty() {
            let dir = self.repo.common_dir().join("objects");
            if left.len() < PACK_FROM {
                left.into_iter().try_for_each(|(oid, kind, data)| store_loose(&dir, *oid, kind, data))?;
            } else {
                store_pack(&dir.join("pack"), &left)?;
            }
        }
        if !self.pending.is_empty() {
            // The running reader may have noted a new object as missing.
            self.reader = None;
        }
        self.pending.clear();
        self.stored.clear();
        Ok(())
    }

    /// The bytes of an object of this kind.
    pub fn read(&mut self, oid: Oid, kind: Kind) -> Result<Vec<u8>, ObjectError> {
        Ok(self.read_all(&[oid], kind)?.remove(0))
    }

    /// The bytes of objects of this kind, in the same order: faster than one after the other.
    pub fn read_all(&mut self, oids: &[Oid], kind: Kind) -> Result<Vec<Vec<u8>>, ObjectError> {
        let mut all = Vec::with_capacity(oids.len());
        for oids in oids.chunks(AT_ONCE) {
            let asked: String =
                oids.iter().filter(|oid| !self.pending.contains_key(oid)).map(|oid| format!("{oid}\n")).collect();
            if !asked.is_empty() {
                let reader = self.reader()?;
                reader.input.write_all(asked.as_bytes())?;
                reader.input.flush()?;
            }
            let mut first_error = None;
            for &oid in oids {
                // Every answer is read, or the next question would get it.
                match self.answer(oid, kind) {
                    Ok(data) => all.push(data),
                    // Nobody answers any more.
                    Err(error @ (ObjectError::Promised { .. } | ObjectError::Pipe(_))) => return Err(error),
                    Err(error) => drop(first_error.get_or_insert(error)),
                }
            }
            if let Some(error) = first_error {
                return Err(error);
            }
        }
        Ok(all)
    }

    fn reader(&mut self) -> Result<&mut Reader, ObjectError> {
        Ok(match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(start_reader(&self.repo)?),
        })
    }

    /// A new object, or what git answers about one that it was asked for.
    fn answer(&mut self, oid: Oid, kind: Kind) -> Result<Vec<u8>, ObjectError> {
        if let Some((found, data)) = self.pending.get(&oid) {
            return if *found == kind { Ok(data.clone()) } else { Err(ObjectError::Malformed(oid, kind.name())) };
        }
        let reader = self.reader()?;
        let mut line = String::new();
        if reader.output.read_line(&mut line)? == 0 {
            return Err(self.no_answer(oid));
        }
        let mut words = line.split_whitespace().skip(1);
        let (found, size) = (words.next(), words.next().and_then(|size| size.parse::<usize>().ok()));
        let (Some(found), Some(size)) = (found, size) else { return Err(ObjectError::Missing(oid)) };
        let mut data = vec![0; size + 1];
        reader.output.read_exact(&mut data)?;
        data.pop();
        if found != kind.name() {
            return Err(ObjectError::Malformed(oid, kind.name()));
        }
        Ok(data)
    }

    /// Git gave up: over an object that a partial clone could not fetch, or for no reason that it told.
    fn no_answer(&mut self, oid: Oid) -> ObjectError {
        self.reader = None;
        match self.repo.promisor() {
            Ok(Some(remote)) => ObjectError::Promised { oid, clone: self.repo.top().display().to_string(), remote },
            Ok(None) => io::Error::from(io::ErrorKind::UnexpectedEof).into(),
            Err(error) => error.into(),
        }
    }
}

fn start_reader(repo: &Repo) -> Result<Reader, ObjectError> {
    let mut child = repo.git(["cat-file", "--batch"]).start().map_err(GitError::from)?;
    let input = child.stdin.take().expect("piped");
    let output = BufReader::with_capacity(1 << 16, child.stdout.take().expect("piped"));
    Ok(Reader { child, input, output })
}

/// What an object names: only objects that are new, too, are looked for, so a commit's message does no harm.
fn named(kind: Kind, data: &[u8]) -> Vec<Oid> {
    match kind {
        Kind::Blob => Vec::new(),
        Kind::Tree => treeobj::parse(data).unwrap_or_default().into_values().map(|(_, oid)| oid).collect(),
        Kind::Commit => {
            let lines = data.split(|&byte| byte == b'\n').take_while(|line| !line.is_empty());
            let id = |line: &[u8]| std::str::from_utf8(line).ok()?.split(' ').nth(1)?.parse().ok();
            lines.filter_map(id).collect()
        }
    }
}

/// Writes an object into a file of its own, which appears at once.
fn store_loose(objects: &Path, oid: Oid, kind: Kind, data: &[u8]) -> Result<(), FileError> {
    let name = oid.to_string();
    let dir = objects.join(&name[..2]);
    let place = dir.join(&name[2..]);
    if place.exists() {
        return Ok(());
    }
    let write = || {
        fs::create_dir_all(&dir)?;
        let mut file = NamedTempFile::with_prefix_in("tmp_obj_", &dir)?;
        file.write_all(&Encoder::default().loose(kind, data))?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o444))?;
        file.persist(&place).map_err(|error| error.error)
    };
    write().map(drop).at("write", &place)
}

/// Writes a pack: its index appears last, and with it the pack's objects.
fn store_pack(dir: &Path, objects: &[(&Oid, Kind, &[u8])]) -> Result<(), FileError> {
    let write = || {
        fs::create_dir_all(dir)?;
        let pack = NamedTempFile::with_prefix_in("tmp_pack_", dir)?;
        let index = NamedTempFile::with_prefix_in("tmp_idx_", dir)?;
        let mut writer = PackWriter::new(pack.as_file())?;
        let encoders = || (Encoder::default(), Encoder::uncompressed());
        let encode = |(other, trees): &mut (Encoder, Encoder), (oid, kind, data): &(&Oid, Kind, &[u8])| {
            if *kind == Kind::Tree { trees } else { other }.encode(**oid, *kind, data)
        };
        let encoded: Vec<Encoded> = objects.par_iter().map_init(encoders, encode).collect();
        encoded.iter().try_for_each(|entry| writer.add(entry))?;
        let name = format!("pack-{}", writer.finish(index.as_file())?);
        for (file, extension) in [(pack, "pack"), (index, "idx")] {
            file.as_file().sync_data()?;
            file.as_file().set_permissions(fs::Permissions::from_mode(0o444))?;
            file.persist(dir.join(&name).with_extension(extension)).map_err(|error| error.error)?;
        }
        Ok(())
    };
    write().at("write", dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::commit::Commit;
    use crate::git::treeobj::Mode;

    /// A commit on `parent` with `count` files.
    fn commit(objects: &mut Objects, count: usize, parent: Option<Oid>) -> Oid {
        let file = |n: usize| (format!("f{n}").into_bytes(), Kind::Blob, format!("{n}\n").into_bytes());
        let files = (0..count).map(file).map(|(name, kind, data)| (name, (Mode::File, objects.write(kind, data))));
        let tree = treeobj::serialize(&files.collect());
        let tree = objects.write(Kind::Tree, tree);
        let author = "A <a@b.example>".parse().unwrap();
        let parents = parent.into_iter().collect();
        objects.write_commit(&Commit { tree, parents, author, date: 1, message: format!("{count}\n") })
    }

    #[test]
    fn git_reads_what_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::at(dir.path());
        repo.init("main").unwrap();
        let mut objects = Objects::new(&repo);
        let few = commit(&mut objects, 3, None);
        let other = commit(&mut objects, 5, None);
        let many = commit(&mut objects, 300, Some(few));
        objects.store(few).unwrap();
        assert!(repo.find_commit(&other.to_string()).unwrap().is_none());
        assert_eq!(repo.git(["ls-tree", "-r", &few.to_string()]).run().unwrap().lines().len(), 3);
        // What was stored can still be read here, and is not written twice.
        assert_eq!(objects.tree_of(few).unwrap(), repo.tree(few).unwrap());
        objects.flush().unwrap();
        repo.git(["update-ref", "refs/heads/x", &many.to_string()]).run().unwrap();
        repo.git(["update-ref", "refs/heads/y", &other.to_string()]).run().unwrap();
        assert_eq!(repo.git(["fsck", "--strict"]).run().unwrap().text(), "");
        assert_eq!(repo.git(["show", "x:f299"]).run().unwrap().text(), "299");
        let count = repo.git(["count-objects", "-v"]).run().unwrap().lines();
        // Three files, their tree and their commit alone; the rest is a pack.
        assert!(count.contains(&"count: 5".to_owned()) && count.contains(&"packs: 1".to_owned()), "{count:?}");
        objects.flush().unwrap();
    }

    #[test]
    fn many_are_read_in_order_and_a_missing_one_breaks_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::at(dir.path());
        repo.init("main").unwrap();
        let mut objects = Objects::new(&repo);
        let blob = |objects: &mut Objects, n: usize| objects.write(Kind::Blob, vec![b'x'; n]);
        let mut oids: Vec<Oid> = (0..2000).map(|n| blob(&mut objects, n)).collect();
        objects.flush().unwrap();
        oids.insert(700, blob(&mut objects, 5000));
        let sizes: Vec<usize> = objects.read_all(&oids, Kind::Blob).unwrap().iter().map(Vec::len).collect();
        let expected: Vec<usize> = (0..700).chain([5000]).chain(700..2000).collect();
        assert_eq!(sizes, expected);
        oids.insert(3, Oid::from_bytes([9; 20]));
        assert!(matches!(objects.read_all(&oids, Kind::Blob), Err(ObjectError::Missing(_))));
        assert!(matches!(objects.read_all(&oids[4..], Kind::Tree), Err(ObjectError::Malformed(..))));
        assert_eq!(objects.blob(oids[1]).unwrap(), b"x");
    }
}
