// SPDX-License-Identifier: GPL-2.0-only

//! The user's cache: downloads and imported bases, shared by every checkout.
//!
//! An imported base is a folder with a pack and its index that appears at once. A repository links its files: removing
//! the cache breaks no checkout. What the cache has is used only where the pin names its commit, and every object has
//! the id that it is found under: whoever wrote it there, it is what was pinned. Any other base is imported anew.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::Digest;

use super::fetch::{self, FetchError, Limits};
use super::import::{self, Found, Import, ImportError, Observer};
use super::pin::{Cut, Pin, Sha256, Source};
use super::{Base, debian};
use crate::error::{Explain, FileContext, FileError};
use crate::git::commit::{Commit, Identity};
use crate::git::{Oid, sound};
use crate::owned::{self, OwnError};
use crate::report::Reporter;

/// Changes whenever the same archive would give another commit.
const FORMAT: &str = "1";

/// A base could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The archive could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The cache cannot be trusted.
    #[error(transparent)]
    Own(#[from] OwnError),
    /// The archive is of another release.
    #[error("{origin} is Linux {found}, but base.toml pins {pinned}")]
    Version {
        /// Where it came from.
        origin: String,
        /// What its Makefile tells.
        found: String,
        /// What was pinned.
        pinned: String,
    },
    /// The archive gives another commit.
    #[error("{origin} gives the commit {found}, but base.toml pins {pinned}")]
    Commit {
        /// Where it came from.
        origin: String,
        /// What it gives.
        found: Oid,
        /// What was pinned.
        pinned: Oid,
    },
    /// The archive could not be imported.
    #[error("cannot import {origin}")]
    Import {
        /// Where it came from.
        origin: String,
        /// Why.
        #[source]
        source: ImportError,
    },
    /// No source of the pin was available.
    #[error("no source of the base is available:\n{0}")]
    NoSource(String),
}

impl Explain for BaseError {
    fn hint(&self) -> Option<String> {
        match self {
            BaseError::File(error) => error.hint(),
            BaseError::Fetch(error) => error.hint(),
            BaseError::Own(error) => error.hint(),
            BaseError::Version { found, .. } => {
                Some(format!("where the source was changed on purpose, pin what it is: version = \"{found}\""))
            }
            BaseError::Commit { found, .. } => Some(format!(
                "where source, version, author or date were changed on purpose, pin what they give: commit = \"{found}\""
            )),
            BaseError::Import { source, .. } => source.hint(),
            BaseError::NoSource(_) => Some(
                "check the network, take a newer package with --base-latest, or name a base of your own: \
                 --base linux.tar.xz#sha256=… or --base git:PATH#REV"
                    .into(),
            ),
        }
    }
}

/// A base whose pack is in the cache.
pub struct CachedBase {
    /// The base.
    pub base: Base,
    /// Its pack and the pack's index.
    pub files: [PathBuf; 2],
}

/// The cache of one user.
pub struct Cache<'a> {
    dir: PathBuf,
    observer: Option<&'a dyn Observer>,
    limits: Limits,
}

impl<'a> Cache<'a> {
    /// The cache in a folder, which need not exist.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Cache { dir: dir.into(), observer: None, limits: Limits::default() }
    }

    /// Hands the files of whatever must be imported to `observer` too.
    pub fn observed_by(self, observer: Option<&'a dyn Observer>) -> Self {
        Cache { observer, ..self }
    }

    /// Leaves servers sooner.
    pub fn within(self, limits: Limits) -> Self {
        Cache { limits, ..self }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Gives the base of a pin from the first source that is available.
    pub fn base(&self, pin: &Pin, latest: bool, reporter: &dyn Reporter) -> Result<CachedBase, BaseError> {
        let _lock = self.lock(reporter)?;
        let mut failures = Vec::new();
        for source in pin.sources.iter().filter(|source| !matches!(source, Source::Git { .. })) {
            let result = match if latest { self.latest(source)? } else { None } {
                Some(newer) => self.archive_of(&newer, &pin.author, reporter),
                None => self.pinned(pin, source, reporter),
            };
            match result {
                Err(BaseError::Fetch(error)) if error.is_unavailable() => {
                    let hint = error.hint().map(|hint| format!("\n    {hint}")).unwrap_or_default();
                    reporter.note(&format!("{source}: {error}"));
                    failures.push(format!("  {source}: {error}{hint}"));
                }
                result => return result,
            }
        }
        Err(BaseError::NoSource(failures.join("\n")))
    }

    /// Gives the base of an archive that nothing but its checksum is known of: release and date are its own.
    pub fn archive(
        &self,
        source: &Source,
        author: &Identity,
        reporter: &dyn Reporter,
    ) -> Result<CachedBase, BaseError> {
        let _lock = self.lock(reporter)?;
        self.archive_of(source, author, reporter)
    }

    fn downloads(&self) -> PathBuf {
        self.dir.join("downloads")
    }

    fn bases(&self) -> PathBuf {
        self.dir.join("base")
    }

    /// Keeps others out of the cache until it is dropped: what one run fetches, the next one finds.
    fn lock(&self, reporter: &dyn Reporter) -> Result<File, BaseError> {
        for folder in [&self.dir, &self.downloads(), &self.bases()] {
            owned::folder(folder)?;
        }
        let path = self.dir.join("lock");
        let lock = owned::lock_file(&path).at("create", &path)?;
        if lock.try_lock().is_err() {
            reporter.note("waiting for another run that uses the cache");
            lock.lock().at("lock", &path)?;
        }
        Ok(lock)
    }

    fn pinned(&self, pin: &Pin, source: &Source, reporter: &dyn Reporter) -> Result<CachedBase, BaseError> {
        let archive = Archive::of(source);
        let dir = self.bases().join(archive.key(&pin.version, &pin.author, &pin.date.to_string()));
        if let Some(commit) = pin.commit
            && let Some(files) = open(&dir, commit)?
        {
            let base = Base { commit, version: pin.version.clone(), origin: archive.origin() };
            return Ok(CachedBase { base, files });
        }
        let commit = |found: &Found| Ok(archive.commit(found, &pin.version, &pin.author, pin.date));
        let origin = archive.origin();
        let agrees = |commit: Oid, found: &Found| match (pin.commit, &found.version) {
            (_, Some(found)) if *found != pin.version => {
                Err(BaseError::Version { origin, found: found.clone(), pinned: pin.version.clone() })
            }
            (Some(pinned), _) if pinned != commit => Err(BaseError::Commit { origin, found: commit, pinned }),
            _ => Ok(pin.version.clone()),
        };
        self.import(&dir, &archive, &commit, agrees, reporter)
    }

    fn archive_of(&self, source: &Source, author: &Identity, reporter: &dyn Reporter) -> Result<CachedBase, BaseError> {
        let archive = Archive::of(source);
        let dir = self.bases().join(archive.key("", author, ""));
        let version = |found: &Found| found.version.clone().ok_or(ImportError::NoVersion);
        let date = |found: &Found| Timestamp::from_second(found.newest).unwrap_or_default();
        let commit = |found: &Found| Ok(archive.commit(found, &version(found)?, author, date(found)));
        let told = |_, found: &Found| Ok(found.version.clone().unwrap_or_default());
        self.import(&dir, &archive, &commit, told, reporter)
    }

    /// The newest package of the pinned series, instead of the pinned one.
    fn latest(&self, source: &Source) -> Result<Option<Source>, BaseError> {
        let Source::Debian { package, version, suite, cut, .. } = source else { return Ok(None) };
        let downloads = self.downloads();
        let series = package.rsplit('-').next().unwrap_or_default();
        let newest = debian::newest(package, series, suite, &downloads).map_err(FetchError::from)?;
        if newest == *version {
            return Ok(None);
        }
        let file = debian::download(package, &newest, suite, &downloads).map_err(FetchError::from)?;
        let sha256 = fetch::sha256_of(&file)?;
        let place = downloads.join(sha256.to_string());
        fs::rename(&file, &place).at("rename", &file)?;
        let (package, suite, cut) = (package.clone(), suite.clone(), cut.clone());
        Ok(Some(Source::Debian { package, version: newest, suite, sha256, cut }))
    }

    /// Imports an archive into a folder that appears only when it is complete and what was asked for; `agrees` tells
    /// its release.
    fn import(
        &self,
        dir: &Path,
        archive: &Archive<'_>,
        commit: &dyn Fn(&Found) -> Result<Commit, ImportError>,
        agrees: impl FnOnce(Oid, &Found) -> Result<String, BaseError>,
        reporter: &dyn Reporter,
    ) -> Result<CachedBase, BaseError> {
        let downloads = self.downloads();
        let file = fetch::fetch_within(archive.source, &downloads, self.limits, reporter)?;
        let new = self.bases().join("new");
        remove(&new)?;
        fs::create_dir(&new).at("create", &new)?;
        let what = Import { archive: &file, cuts: archive.cuts, commit, observer: self.observer };
        let result = import::import(&what, &new.join("base"), reporter)
            .map_err(|source| BaseError::Import { origin: archive.origin(), source })
            .and_then(|(commit, found)| Ok((agrees(commit, &found)?, commit, found)));
        let (version, commit, found) = match result {
            Ok(result) => result,
            Err(error) => {
                remove(&new)?;
                return Err(error);
            }
        };
        for hiding in &found.hiding {
            reporter.note(&format!("left out of the base: {hiding}"));
        }
        remove(dir)?;
        fs::rename(&new, dir).at("rename", &new)?;
        Ok(CachedBase { base: Base { commit, version, origin: archive.origin() }, files: files(dir) })
    }
}

/// An archive that is to be imported.
struct Archive<'a> {
    source: &'a Source,
    sha256: Sha256,
    cuts: &'a [Cut],
}

impl<'a> Archive<'a> {
    fn of(source: &'a Source) -> Archive<'a> {
        let (sha256, cuts) = match source {
            Source::Debian { cut, sha256, .. } => (*sha256, cut.as_slice()),
            Source::Url { sha256, .. } | Source::File { sha256, .. } => (*sha256, &[][..]),
            Source::Git { .. } => unreachable!("a clone needs no import"),
        };
        Archive { source, sha256, cuts }
    }

    fn origin(&self) -> String {
        format!("{}, SHA-256 {}", self.source, self.sha256)
    }

    /// The commit of what was found in it.
    fn commit(&self, found: &Found, version: &str, author: &Identity, date: Timestamp) -> Commit {
        let sha256 = self.sha256;
        let mut message = format!("Linux {version}\n\nImported from a release archive, SHA-256\n{sha256}.\n");
        if !found.hiding.is_empty() {
            message += "\nLeft out:\n\n";
            message.extend(found.hiding.iter().map(|hiding| format!("- {hiding}\n")));
        }
        Commit { tree: found.tree, parents: Vec::new(), author: author.clone(), date: date.as_second(), message }
    }

    /// The name of its folder: everything that the commit depends on.
    fn key(&self, version: &str, author: &Identity, date: &str) -> String {
        let mut hash = sha2::Sha256::new();
        hash.update(format!("{FORMAT}\0{}\0{version}\0{author}\0{date}\0", self.sha256));
        self.cuts.iter().for_each(|cut| hash.update(format!("{}\0{}\0", cut.file, cut.from)));
        Sha256::from_bytes(hash.finalize().into()).to_string()[..32].to_owned()
    }
}

/// The pack of an imported base, and the pack's index.
fn files(dir: &Path) -> [PathBuf; 2] {
    [dir.join("base.pack"), dir.join("base.idx")]
}

/// Opens an imported base if it is there and sound; removes it if it is anything else.
fn open(dir: &Path, commit: Oid) -> Result<Option<[PathBuf; 2]>, BaseError> {
    if dir.symlink_metadata().is_err() {
        return Ok(None);
    }
    let files = files(dir);
    let [pack, index] = &files;
    if owned::is_folder(dir) && sound::objects(pack, index).is_ok_and(|objects| objects.binary_search(&commit).is_ok())
    {
        return Ok(Some(files));
    }
    remove(dir)?;
    Ok(None)
}

/// Removes whatever is there; a link itself.
fn remove(path: &Path) -> Result<(), FileError> {
    match path.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path).at("remove", path),
        Ok(_) => fs::remove_file(path).at("remove", path),
    }
}
