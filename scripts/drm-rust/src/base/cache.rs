// SPDX-License-Identifier: GPL-2.0-only

//! The user's cache: downloads and imported bases, shared by every checkout.
//!
//! An imported base is a folder of three files (pack, index, description) that appears at once. It is verified
//! whenever it is used, and a repository links its files: removing the cache breaks no checkout.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::Digest;

use super::fetch::{self, FetchError};
use super::import::{self, Import, ImportError, Observer};
use super::pin::{Cut, Pin, Sha256, Source};
use super::{Base, debian};
use crate::error::{Explain, FileContext, FileError};
use crate::git::commit::Commit;
use crate::git::{Oid, pack};
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
            BaseError::Import { source, .. } => source.hint(),
            BaseError::NoSource(_) => Some(
                "check the network, take a newer package with --base-latest, or name a base of your own: \
                 --base linux.tar.xz#sha256=… or --base git:PATH#REV"
                    .into(),
            ),
        }
    }
}

/// What the description of an imported base says.
#[derive(Serialize, Deserialize)]
struct Description {
    commit: Oid,
    version: String,
    origin: String,
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
}

impl<'a> Cache<'a> {
    /// The cache in a folder, which need not exist.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Cache { dir: dir.into(), observer: None }
    }

    /// Hands the files of whatever must be imported to `observer` too.
    pub fn observed_by(self, observer: Option<&'a dyn Observer>) -> Self {
        Cache { observer, ..self }
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
            match self.base_of(pin, source, latest, reporter) {
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

    /// Keeps others out of the cache until it is dropped: what one run fetches, the next one finds.
    fn lock(&self, reporter: &dyn Reporter) -> Result<File, FileError> {
        fs::create_dir_all(&self.dir).at("create", &self.dir)?;
        let path = self.dir.join("lock");
        let lock = File::create(&path).at("create", &path)?;
        if lock.try_lock().is_err() {
            reporter.note("waiting for another run that uses the cache");
            lock.lock().at("lock", &path)?;
        }
        Ok(lock)
    }

    fn base_of(
        &self,
        pin: &Pin,
        source: &Source,
        latest: bool,
        reporter: &dyn Reporter,
    ) -> Result<CachedBase, BaseError> {
        let mut version = pin.version.clone();
        let mut source = source.clone();
        if latest && let Some(newer) = self.latest(&source)? {
            (source, version) = newer;
        }
        let (cuts, sha256) = match &source {
            Source::Debian { cut, sha256, .. } => (cut.as_slice(), *sha256),
            Source::Url { sha256, .. } | Source::File { sha256, .. } => (&[][..], *sha256),
            Source::Git { .. } => unreachable!("a clone needs no import"),
        };
        let dir = self.dir.join("base").join(key(pin, &version, sha256, cuts));
        if let Some(found) = open(&dir)? {
            return Ok(found);
        }
        let archive = fetch::fetch(&source, &self.dir.join("downloads"), reporter)?;
        let origin = format!("{source}, SHA-256 {sha256}");
        let commit = |tree: Oid| Commit {
            tree,
            parents: Vec::new(),
            author: pin.author.clone(),
            date: pin.date.as_second(),
            message: format!("Linux {version}\n\nImported from a release archive, SHA-256\n{sha256}.\n"),
        };
        self.import(
            &dir,
            Import { archive: &archive, cuts, commit: &commit, observer: self.observer },
            &version,
            origin,
            reporter,
        )
    }

    /// The newest package of the pinned series, instead of the pinned one.
    fn latest(&self, source: &Source) -> Result<Option<(Source, String)>, BaseError> {
        let Source::Debian { package, version, suite, cut, .. } = source else { return Ok(None) };
        let downloads = self.dir.join("downloads");
        let series = package.rsplit('-').next().unwrap_or_default();
        let newest = debian::newest(package, series, suite, &downloads).map_err(FetchError::from)?;
        if newest == *version {
            return Ok(None);
        }
        let file = debian::download(package, &newest, suite, &downloads).map_err(FetchError::from)?;
        let sha256 = fetch::sha256_of(&file)?;
        let place = downloads.join(sha256.to_string());
        fs::rename(&file, &place).at("rename", &file)?;
        let release = newest.split('-').next().unwrap_or_default().to_owned();
        let (package, suite, cut) = (package.clone(), suite.clone(), cut.clone());
        Ok(Some((Source::Debian { package, version: newest, suite, sha256, cut }, release)))
    }

    /// Imports an archive into a folder that appears only when it is complete.
    fn import(
        &self,
        dir: &Path,
        what: Import<'_>,
        version: &str,
        origin: String,
        reporter: &dyn Reporter,
    ) -> Result<CachedBase, BaseError> {
        let parent = self.dir.join("base");
        fs::create_dir_all(&parent).at("create", &parent)?;
        let new = parent.join("new");
        if new.exists() {
            fs::remove_dir_all(&new).at("remove", &new)?;
        }
        fs::create_dir(&new).at("create", &new)?;
        let result = import::import(&what, &new.join("base"), reporter);
        let commit = match result {
            Ok(commit) => commit,
            Err(source) => {
                fs::remove_dir_all(&new).at("remove", &new)?;
                return Err(BaseError::Import { origin, source });
            }
        };
        let description = Description { commit, version: version.to_owned(), origin };
        let text = toml::to_string(&description).expect("plain text can be written");
        let path = new.join("base.toml");
        fs::write(&path, text).at("write", &path)?;
        fs::rename(&new, dir).at("rename", &new)?;
        Ok(found(dir, description))
    }
}

/// The folder's name: everything that the commit depends on.
fn key(pin: &Pin, version: &str, archive: Sha256, cuts: &[Cut]) -> String {
    let mut hash = sha2::Sha256::new();
    hash.update(format!("{FORMAT}\0{archive}\0{version}\0{}\0{}\0", pin.author, pin.date));
    cuts.iter().for_each(|cut| hash.update(format!("{}\0{}\0", cut.file, cut.from)));
    Sha256::from_bytes(hash.finalize().into()).to_string()[..32].to_owned()
}

fn found(dir: &Path, description: Description) -> CachedBase {
    let Description { commit, version, origin } = description;
    CachedBase { base: Base { commit, version, origin }, files: [dir.join("base.pack"), dir.join("base.idx")] }
}

/// Opens an imported base if it is there and sound; removes it if it is damaged.
fn open(dir: &Path) -> Result<Option<CachedBase>, BaseError> {
    if !dir.exists() {
        return Ok(None);
    }
    let description = fs::read_to_string(dir.join("base.toml")).ok().and_then(|text| toml::from_str(&text).ok());
    if let Some(description) = description {
        let found = found(dir, description);
        let intact = |path: &PathBuf| pack::is_intact(path).unwrap_or(false);
        if found.files.iter().all(intact) {
            return Ok(Some(found));
        }
    }
    fs::remove_dir_all(dir).at("remove", dir)?;
    Ok(None)
}
