// SPDX-License-Identifier: GPL-2.0-only

//! Brings an archive into the cache and verifies it.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use sha2::Digest;

use super::archive::LARGEST_ARCHIVE;
use super::debian::{self, DebianError};
use super::pin::{Sha256, Source};
use crate::error::{Explain, FileContext, FileError};
use crate::process::{Process, ProcessError};
use crate::report::{Reporter, Unit};

/// When a server is left.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How much it may send (bytes).
    pub bytes: u64,
    /// How long it may take to connect, and how long it may send next to nothing.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: LARGEST_ARCHIVE, patience: Duration::from_secs(60) }
    }
}

/// What is next to nothing (bytes a second).
const SLOWEST: &str = "4096";
/// How long a server is asked again (seconds).
const RETRY: &str = "120";

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
    /// The server sends more than any kernel.
    #[error("{url} has more than {limit} bytes, which no kernel has")]
    Endless {
        /// Where from.
        url: String,
        /// How much was taken.
        limit: u64,
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
            FetchError::Download { .. } | FetchError::Endless { .. } => true,
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
            FetchError::Endless { .. } => "nothing of it was kept; check the address".into(),
            FetchError::Checksum { .. } => {
                "the file is truncated, corrupted or another version; nothing of it is used".into()
            }
        })
    }
}

/// The SHA-256 of a file.
pub fn sha256_of(path: &Path) -> Result<Sha256, FileError> {
    // Whoever waits for a pipe or reads a device waits for ever.
    let flags = OFlags::NONBLOCK.bits() as i32;
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path).at("open", path)?;
    if !file.metadata().at("look at", path)?.is_file() {
        return Err(io::Error::other("it is no regular file")).at("read", path);
    }
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
    fetch_within(source, downloads, Limits::default(), reporter)
}

/// As [`fetch`], with limits of the caller's.
pub fn fetch_within(
    source: &Source,
    downloads: &Path,
    limits: Limits,
    reporter: &dyn Reporter,
) -> Result<PathBuf, FetchError> {
    let (Source::Debian { sha256, .. } | Source::Url { sha256, .. } | Source::File { sha256, .. }) = source else {
        unreachable!("a clone is fetched by git");
    };
    if let Source::File { path, sha256 } = source {
        verify(path, *sha256)?;
        return Ok(path.clone());
    }
    fs::create_dir_all(downloads).at("create", downloads)?;
    let place = downloads.join(sha256.to_string());
    if is_there(&place)? {
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
        Source::Url { url, .. } => download(url, *sha256, &place, limits)?,
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

/// Whether a file is there. What has its name and is none, such as a link to another place, is removed.
fn is_there(path: &Path) -> Result<bool, FileError> {
    match path.symlink_metadata() {
        Err(_) => Ok(false),
        Ok(metadata) if metadata.is_file() => Ok(true),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path).at("remove", path).map(|()| false),
        Ok(_) => fs::remove_file(path).at("remove", path).map(|()| false),
    }
}

/// Downloads with curl, going on where an earlier try broke off.
fn download(url: &str, sha256: Sha256, place: &Path, limits: Limits) -> Result<PathBuf, FetchError> {
    let part = place.with_extension("part");
    let resumed = is_there(&part)?;
    let result = curl(url, &part, "-", limits);
    let complete = result.is_ok() && sha256_of(&part)? == sha256;
    let result = if !complete && resumed && !is_full(&part, limits) {
        // A server that cannot resume, or a part of something else: once more from the start.
        fs::remove_file(&part).at("remove", &part)?;
        curl(url, &part, "0", limits)
    } else {
        result
    };
    match result {
        Ok(()) => Ok(part),
        Err(_) if is_full(&part, limits) => {
            fs::remove_file(&part).at("remove", &part)?;
            Err(FetchError::Endless { url: url.to_owned(), limit: limits.bytes })
        }
        Err(source) => Err(FetchError::Download { url: url.to_owned(), source }),
    }
}

/// Whether a download has all that a server may send.
fn is_full(part: &Path, limits: Limits) -> bool {
    part.symlink_metadata().is_ok_and(|metadata| metadata.len() >= limits.bytes)
}

/// Runs curl, which can write no more than it may: servers need not tell how much they send.
fn curl(url: &str, part: &Path, from: &str, limits: Limits) -> Result<(), ProcessError> {
    let patience = limits.patience.as_secs().max(1).to_string();
    let curl = Process::new("prlimit").arg(format!("--fsize={}", limits.bytes)).args(["--", "curl"]);
    let curl = curl.args(["--fail", "--location", "--max-redirs", "5", "--proto", "=http,https"]);
    let curl = curl.args(["--silent", "--show-error", "--connect-timeout", &patience]);
    let curl = curl.args(["--speed-limit", SLOWEST, "--speed-time", &patience]);
    let curl = curl.args(["--retry", "3", "--retry-max-time", RETRY]);
    curl.args(["--continue-at", from, "--output"]).arg(part).arg("--").arg(url).run().map(drop)
}
