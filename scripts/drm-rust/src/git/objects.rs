// SPDX-License-Identifier: GPL-2.0-only

//! Reading objects of a repository, and new objects that stay in memory until they are flushed.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout};

use super::commit::Commit;
use super::pack::{self, Kind};
use super::treeobj::{self, Entries};
use super::{GitError, Oid, Repo};
use crate::error::Explain;

/// An object could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("the repository lacks the object {0}")]
    Missing(Oid),
    /// The object is of another kind, or damaged.
    #[error("the object {0} is not a well-formed {1}")]
    Malformed(Oid, &'static str),
    /// Git itself failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The conversation with `git cat-file` broke off.
    #[error("lost the connection to `git cat-file`")]
    Pipe(#[from] std::io::Error),
}

impl Explain for ObjectError {
    fn hint(&self) -> Option<String> {
        match self {
            ObjectError::Missing(_) | ObjectError::Malformed(..) => {
                Some("`git -C linux fsck` tells more; removing linux/ and running `drm-rust tree` makes it anew".into())
            }
            ObjectError::Git(error) => error.hint(),
            ObjectError::Pipe(_) => None,
        }
    }
}

/// The objects of a repository, with new ones on top.
pub struct Objects {
    repo: Repo,
    reader: Option<Reader>,
    trees: HashMap<Oid, Entries>,
    pending: BTreeMap<Oid, (Kind, Vec<u8>)>,
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
        Objects { repo: repo.clone(), reader: None, trees: HashMap::new(), pending: BTreeMap::new() }
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

    /// Writes the new objects into the repository.
    pub fn flush(&mut self) -> Result<(), ObjectError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let objects = self.pending.iter().map(|(oid, (kind, data))| (oid, *kind, data.as_slice()));
        let pack = pack::pack_bytes(objects);
        self.repo.git(["unpack-objects", "-q"]).input(pack).run().map_err(GitError::from)?;
        self.pending.clear();
        // The running reader may have noted a new object as missing.
        self.reader = None;
        Ok(())
    }

    fn read(&mut self, oid: Oid, kind: Kind) -> Result<Vec<u8>, ObjectError> {
        if let Some((found, data)) = self.pending.get(&oid) {
            return if *found == kind { Ok(data.clone()) } else { Err(ObjectError::Malformed(oid, kind.name())) };
        }
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(start_reader(&self.repo)?),
        };
        writeln!(reader.input, "{oid}")?;
        reader.input.flush()?;
        let mut line = String::new();
        reader.output.read_line(&mut line)?;
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
}

fn start_reader(repo: &Repo) -> Result<Reader, ObjectError> {
    let mut child = repo.git(["cat-file", "--batch"]).start().map_err(GitError::from)?;
    let input = child.stdin.take().expect("piped");
    let output = BufReader::new(child.stdout.take().expect("piped"));
    Ok(Reader { child, input, output })
}
