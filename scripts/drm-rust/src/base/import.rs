// SPDX-License-Identifier: GPL-2.0-only

//! Turns an archive into one commit: xz → tar → git objects, without a detour through a work tree.
//!
//! One thread reads the archive (liblzma decompresses its blocks on more), the others hash and compress.
//! The commit depends on nothing but the archive, the cuts, and what the caller makes of what was [`Found`].
//! Files that make git ignore new ones are held back until all are known, and go on without what does so.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io;
use std::mem::take;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};

use super::archive::{self, ArchiveError, Member};
use super::hiding::{self, Hiding, HidingError, Ignores};
use super::pin::Cut;
use super::version;
use crate::error::{Explain, FileContext, FileError};
use crate::git::Oid;
use crate::git::commit::Commit;
use crate::git::pack::{Encoder, Kind, PackWriter, object_id};
use crate::git::treeobj::{Entries, Mode, serialize};
use crate::report::{Reporter, Unit};

/// The size from which a batch of members is handed over (bytes).
const BATCH: usize = 1 << 18;
/// Batches on their way from the reader to the workers: bounds the memory that an import takes.
const IN_FLIGHT: usize = 16;

/// An import failed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The archive was refused.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The pack could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// What it ignores could not be told.
    #[error(transparent)]
    Hiding(#[from] HidingError),
    /// Its Makefile does not tell its release.
    #[error("its Makefile tells no release: VERSION and PATCHLEVEL are missing")]
    NoVersion,
}

impl Explain for ImportError {
    fn hint(&self) -> Option<String> {
        match self {
            ImportError::Archive(error) => error.hint(),
            ImportError::File(error) => error.hint(),
            ImportError::Hiding(error) => error.hint(),
            ImportError::NoVersion => {
                Some("a base is a Linux release tarball, or Debian's linux-source package".into())
            }
        }
    }
}

/// What to import, and what the commit shall say.
pub struct Import<'a> {
    /// The archive.
    pub archive: &'a Path,
    /// What to drop from its files.
    pub cuts: &'a [Cut],
    /// Makes the commit.
    pub commit: &'a dyn Fn(&Found) -> Result<Commit, ImportError>,
    /// Who else receives the files.
    pub observer: Option<&'a dyn Observer>,
}

/// What an archive has.
#[derive(Clone, Debug)]
pub struct Found {
    /// The tree of its files.
    pub tree: Oid,
    /// The release that its Makefile tells.
    pub version: Option<String>,
    /// The date of its newest file, as seconds since 1970.
    pub newest: i64,
    /// What was left out because it hides new files.
    pub hiding: Vec<Hiding>,
}

/// Receives every file that is imported, from several threads at once.
pub trait Observer: Sync {
    /// A file or link was read from the archive, in which each path occurs once and below real folders only.
    fn file(&self, member: &Member, oid: Oid) -> Result<(), FileError>;
}

/// A tree entry that was imported.
type Imported = (Vec<u8>, Mode, Oid);

/// The pack that is being written, and what it has already.
struct Sink {
    pack: PackWriter<File>,
    known: HashSet<Oid>,
}

impl Sink {
    fn is_new(&mut self, oid: Oid) -> bool {
        self.known.insert(oid)
    }

    fn write(&mut self, encoder: &mut Encoder, kind: Kind, data: Vec<u8>) -> io::Result<Oid> {
        let oid = object_id(kind, &data);
        if self.is_new(oid) {
            self.pack.add(&encoder.encode(oid, kind, &data))?;
        }
        Ok(oid)
    }
}

/// Imports an archive into `<stem>.pack` and `<stem>.idx`. Gives the commit, and what was found.
pub fn import(what: &Import<'_>, stem: &Path, reporter: &dyn Reporter) -> Result<(Oid, Found), ImportError> {
    let (pack_path, index_path) = (stem.with_extension("pack"), stem.with_extension("idx"));
    let pack = File::options().read(true).write(true).create_new(true).open(&pack_path).at("create", &pack_path)?;
    let pack = PackWriter::new(pack).at("write", &pack_path)?;
    let sink = Mutex::new(Sink { pack, known: HashSet::new() });
    reporter.begin("importing the base", None, Unit::Items);
    let (files, notes) = import_files(what, &sink, reporter)?;
    let mut sink = sink.into_inner().expect("no thread panicked");
    let mut encoder = Encoder::default();
    let tree = write_trees(files, &mut encoder, &mut sink).at("write", &pack_path)?;
    let found = Found { tree, version: notes.version, newest: notes.newest, hiding: notes.hiding };
    let commit = (what.commit)(&found)?.to_bytes();
    let commit = sink.write(&mut encoder, Kind::Commit, commit).at("write", &pack_path)?;
    let index = File::create_new(&index_path).at("create", &index_path)?;
    sink.pack.finish(index).at("write", &pack_path)?;
    reporter.end();
    Ok((commit, found))
}

fn import_files(
    what: &Import<'_>,
    sink: &Mutex<Sink>,
    reporter: &dyn Reporter,
) -> Result<(Vec<Imported>, Notes), ImportError> {
    // Some wait for the disk while others compute.
    let workers = 2 * rayon::current_num_threads();
    std::thread::scope(|scope| {
        let (send, batches) = sync_channel::<Vec<Member>>(IN_FLIGHT);
        // The workers own the receiver: when all have failed, sending fails too instead of blocking.
        let work = Arc::new(Work { batches: Mutex::new(batches), sink, observer: what.observer, reporter });
        let worker = |_| {
            let work = Arc::clone(&work);
            scope.spawn(move || work.store())
        };
        let workers: Vec<_> = (0..workers).map(worker).collect();
        drop(work);
        let mut batcher = Batcher { send, batch: Vec::new(), size: 0 };
        let mut notes = Notes::default();
        let read = archive::read(what.archive, |mut member| {
            cut(what.cuts, &mut member);
            notes.look(member).map_or(Ok(()), |member| batcher.push(member))
        });
        let read = read.map_err(ImportError::from).and_then(|newest| {
            notes.newest = newest;
            notes
                .held()?
                .into_iter()
                .try_for_each(|member| batcher.push(member))
                .map_err(|e| ArchiveError::from(e).into())
        });
        let sent = batcher.finish();
        let mut files = Vec::new();
        for worker in workers {
            // What a worker says is the cause where the reader only saw it go away.
            files.extend(worker.join().expect("a worker panicked")?);
        }
        read?;
        sent.map_err(ArchiveError::Damaged)?;
        Ok((files, notes))
    })
}

/// What is noted of the files on their way.
#[derive(Default)]
struct Notes {
    version: Option<String>,
    newest: i64,
    hiding: Vec<Hiding>,
    /// Files that may make git ignore new ones.
    ignores: BTreeMap<String, Member>,
}

impl Notes {
    /// Looks at a member, and holds it back where its content may change.
    fn look(&mut self, member: Member) -> Option<Member> {
        if member.path == b"Makefile" {
            self.version = version::of_makefile(&member.data);
        }
        let is_ignore = member.mode != Mode::Symlink && member.path.ends_with(b".gitignore");
        let path = std::str::from_utf8(&member.path).ok().filter(|_| is_ignore);
        match path.filter(|path| hiding::places().contains(*path)).map(str::to_owned) {
            Some(path) => {
                self.ignores.insert(path, member);
                None
            }
            None => Some(member),
        }
    }

    /// What was held back, without what hides new files.
    fn held(&mut self) -> Result<Vec<Member>, HidingError> {
        let mut held = take(&mut self.ignores);
        let content = held.iter_mut().map(|(path, member)| (path.clone(), take(&mut member.data)));
        let mut content: Ignores = content.collect();
        self.hiding = hiding::cut(&mut content)?;
        let whole = |(path, member)| Member { data: content.remove(&path).unwrap_or_default(), ..member };
        Ok(held.into_iter().map(whole).collect())
    }
}

/// Hands members to the workers in batches: most files are so small that waking a worker for each would cost more.
struct Batcher {
    send: SyncSender<Vec<Member>>,
    batch: Vec<Member>,
    size: usize,
}

impl Batcher {
    fn push(&mut self, member: Member) -> io::Result<()> {
        self.size += member.data.len();
        self.batch.push(member);
        if self.size >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.size = 0;
        self.send.send(take(&mut self.batch)).map_err(|_| io::Error::other("the pack cannot be written"))
    }

    fn finish(mut self) -> io::Result<()> {
        self.flush()
    }
}

/// What the workers share.
struct Work<'a> {
    batches: Mutex<Receiver<Vec<Member>>>,
    sink: &'a Mutex<Sink>,
    observer: Option<&'a dyn Observer>,
    reporter: &'a dyn Reporter,
}

impl Work<'_> {
    /// Hashes, hands on and compresses members until there are no more.
    fn store(&self) -> Result<Vec<Imported>, FileError> {
        let mut encoder = Encoder::default();
        let mut files = Vec::new();
        loop {
            let batch = self.batches.lock().expect("no thread panicked").recv();
            let Ok(batch) = batch else { return Ok(files) };
            self.reporter.advance(batch.len() as u64);
            for member in batch {
                let oid = object_id(Kind::Blob, &member.data);
                if let Some(observer) = self.observer {
                    observer.file(&member, oid)?;
                }
                if self.sink().is_new(oid) {
                    let entry = encoder.encode(oid, Kind::Blob, &member.data);
                    self.sink().pack.add(&entry).at("write", "the pack")?;
                }
                files.push((member.path, member.mode, oid));
            }
        }
    }

    fn sink(&self) -> MutexGuard<'_, Sink> {
        self.sink.lock().expect("no thread panicked")
    }
}

fn cut(cuts: &[Cut], member: &mut Member) {
    for cut in cuts.iter().filter(|cut| cut.file.as_bytes() == member.path) {
        let mut end = 0;
        let mut before = 0;
        for line in member.data.split_inclusive(|&b| b == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            if text == cut.from.as_bytes() {
                let comment = &member.data[before..end] == b"#\n";
                member.data.truncate(if comment { before } else { end });
                break;
            }
            before = end;
            end += line.len();
        }
    }
}

/// A directory that is being put together.
#[derive(Default)]
struct Folder {
    entries: Entries,
    folders: BTreeMap<Vec<u8>, Folder>,
}

fn write_trees(files: Vec<Imported>, encoder: &mut Encoder, sink: &mut Sink) -> io::Result<Oid> {
    let mut root = Folder::default();
    for (path, mode, oid) in files {
        let mut parts: Vec<&[u8]> = path.split(|&b| b == b'/').collect();
        let name = parts.pop().expect("split gives at least one part");
        let mut folder = &mut root;
        for part in parts {
            folder = folder.folders.entry(part.to_vec()).or_default();
        }
        folder.entries.insert(name.to_vec(), (mode, oid));
    }
    write_folder(root, &mut |data| sink.write(encoder, Kind::Tree, data))
}

fn write_folder(folder: Folder, write: &mut impl FnMut(Vec<u8>) -> io::Result<Oid>) -> io::Result<Oid> {
    let mut entries = folder.entries;
    for (name, below) in folder.folders {
        entries.insert(name, (Mode::Tree, write_folder(below, write)?));
    }
    write(serialize(&entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_to(data: &str, from: &str) -> String {
        let mut member = Member { path: b".gitignore".to_vec(), mode: Mode::File, data: data.into() };
        cut(&[Cut { file: ".gitignore".into(), from: from.into() }], &mut member);
        String::from_utf8(member.data).unwrap()
    }

    #[test]
    fn cuts_drop_the_tail_and_the_empty_comment_before_it() {
        assert_eq!(cut_to("*.o\n#\n# tail\n/*\n", "# tail"), "*.o\n");
        assert_eq!(cut_to("*.o\n# tail\n/*\n", "# tail"), "*.o\n");
        assert_eq!(cut_to("*.o\n", "# tail"), "*.o\n");
    }
}
