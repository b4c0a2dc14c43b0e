// SPDX-License-Identifier: GPL-2.0-only

//! Brings an archive into the cache and verifies it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::Digest;

use super::debian::{self, DebianError};
use super::pin::{Sha256, Source};
use crate::error::{Explain, FileContext, FileError};
use crate::process::{Process, ProcessError};
use crate::report::{Reporter, Unit};

/// An archive could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The download failed.
    #[error("cannot fetch {url}")]
    Download {
        /// Where from.
        url: String,
        /// Why.
        #[source]
        source: ProcessError,
    },
    /// Debian's package could not be had.
    #[error(transparent)]
    Debian(#[from] DebianError),
    /// It is not what was pinned.
    #[error("{path} is not what was pinned: its SHA-256 is {actual}, expected {expected}")]
    Checksum {
        /// The file.
        path: String,
        /// What it has.
        actual: Sha256,
        /// What was pinned.
        expected: Sha256,
    },
}

impl FetchError {
    /// Whether another source may still do: the archive was not to be had, rather than wrong.
    pub fn is_unavailable(&self) -> bool {
        match self {
            FetchError::Download { .. } => true,
            FetchError::Debian(error) => error.is_unavailable(),
            FetchError::File(error) => error.source.kind() == io::ErrorKind::NotFound,
            FetchError::Checksum { .. } => false,
        }
    }
}

impl Explain for FetchError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            FetchError::File(error) => return error.hint(),
            FetchError::Debian(error) => return error.hint(),
            FetchError::Download { .. } => {
                "check the network; what was fetched so far is kept, and the next run goes on from there".into()
            }
            FetchError::Checksum { .. } => {
                "the file is truncated, corrupted or another version; nothing of it is used".into()
            }
        })
    }
}

/// The SHA-256 of a file.
pub fn sha256_of(path: &Path) -> Result<Sha256, FileError> {
    let mut file = File::open(path).at("open", path)?;
    let mut hash = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).at("read", path)? {
            0 => return Ok(Sha256::from_bytes(hash.finalize().into())),
            n => hash.update(&buffer[..n]),
        }
    }
}

fn verify(path: &Path, expected: Sha256) -> Result<(), FetchError> {
    let actual = sha256_of(path)?;
    if actual == expected {
        return Ok(());
    }
    Err(FetchError::Checksum { path: path.display().to_string(), actual, expected })
}

/// Gives the verified archive of a source; `downloads` is the cache's folder for them.
pub fn fetch(source: &Source, downloads: &Path, reporter: &dyn Reporter) -> Result<PathBuf, FetchError> {
    let (Source::Debian { sha256, .. } | Source::Url { sha256, .. } | Source::File { sha256, .. }) = source else {
        unreachable!("a clone is fetched by git");
    };
    if let Source::File { path, sha256 } = source {
        verify(path, *sha256)?;
        return Ok(path.clone());
    }
    fs::create_dir_all(downloads).at("create", downloads)?;
    let place = downloads.join(sha256.to_string());
    if place.exists() {
        match verify(&place, *sha256) {
            Ok(()) => return Ok(place),
            Err(_) => {
                reporter.note("the cached download is damaged: fetching it again");
                fs::remove_file(&place).at("remove", &place)?;
            }
        }
    }
    reporter.begin(&format!("fetching {source}"), None, Unit::Bytes);
    let part = match source {
        Source::Debian { package, version, suite, .. } => debian::download(package, version, suite, downloads)?,
        Source::Url { url, .. } => download(url, *sha256, &place)?,
        Source::File { .. } | Source::Git { .. } => unreachable!("handled above"),
    };
    reporter.end();
    if let Err(error) = verify(&part, *sha256) {
        fs::remove_file(&part).at("remove", &part)?;
        return Err(error);
    }
    fs::rename(&part, &place).at("rename", &part)?;
    Ok(place)
}

/// Downloads with curl, going on where an earlier try broke off.
fn download(url: &str, sha256: Sha256, place: &Path) -> Result<PathBuf, FetchError> {
    let part = place.with_extension("part");
    let failed = |source| FetchError::Download { url: url.to_owned(), source };
    let curl = |from: &str| {
        let args = ["--fail", "--location", "--silent", "--show-error", "--proto", "=http,https", "--retry", "3"];
        let process = Process::new("curl").args(args).args(["--continue-at", from, "--output"]).arg(&part);
        process.arg("--").arg(url).run()
    };
    let resumed = part.exists();
    let result = curl("-");
    let complete = result.is_ok() && sha256_of(&part)? == sha256;
    if !complete && resumed {
        // A server that cannot resume, or a part of something else: once more from the start.
        fs::remove_file(&part).at("remove", &part)?;
        curl("0").map_err(failed)?;
    } else {
        result.map_err(failed)?;
    }
    Ok(part)
}
