// SPDX-License-Identifier: GPL-2.0-only

//! `base.toml`, and the `--base` option that overrides it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{Class, Explain, FileContext, FileError};
use crate::git::Oid;
use crate::git::commit::Identity;

/// A SHA-256 checksum.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// A checksum from its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Sha256(bytes)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Sha256 {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let bad = || PinError::Checksum(text.to_owned());
        if text.len() != 64 || !text.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 32];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Sha256(bytes))
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A pin or a `--base` option that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not what it should be.
    #[error("{path} is not a valid pin:\n{message}")]
    Syntax {
        /// The file.
        path: String,
        /// Line, column and reason.
        message: String,
    },
    /// Not 64 hexadecimal digits.
    #[error("`{0}` is not a SHA-256 of 64 hexadecimal digits")]
    Checksum(String),
    /// A tarball without a checksum.
    #[error("the base `{0}` is not pinned")]
    Unpinned(String),
    /// A clone without a revision.
    #[error("`{0}` names no revision")]
    NoRevision(String),
}

impl Explain for PinError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            PinError::File(error) => return error.hint(),
            PinError::Syntax { .. } => "the head of base.toml lists the keys of each kind of source".into(),
            PinError::Checksum(_) => "copy what `sha256sum` prints, or the release's signed list".into(),
            PinError::Unpinned(spec) => {
                format!("append its checksum, which `sha256sum` prints: --base '{spec}#sha256=…'")
            }
            PinError::NoRevision(spec) => format!("append a branch, tag or commit: --base '{spec}#v7.3'"),
        })
    }

    fn class(&self) -> Class {
        match self {
            PinError::File(_) | PinError::Syntax { .. } => Class::Failed,
            _ => Class::Usage,
        }
    }
}

/// Drops the tail of a file of the archive, from a line on (and an empty comment line before it).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// The file's path in the archive.
    pub file: String,
    /// The first line that is dropped. A file without it stays as it is.
    pub from: String,
}

/// Where a base comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Source {
    /// Debian's source package, through apt.
    Debian {
        /// The package's name.
        package: String,
        /// Its version.
        version: String,
        /// The suite that holds it.
        suite: String,
        /// The checksum of the package file.
        sha256: Sha256,
        /// What to drop from its files.
        #[serde(default)]
        cut: Vec<Cut>,
    },
    /// A release tarball from a server.
    Url {
        /// Where it is.
        url: String,
        /// Its checksum.
        sha256: Sha256,
    },
    /// A release tarball on this machine.
    File {
        /// Where it is.
        path: PathBuf,
        /// Its checksum.
        sha256: Sha256,
    },
    /// An existing clone of Linux.
    Git {
        /// The clone.
        path: PathBuf,
        /// The commit.
        commit: Oid,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Debian { package, version, suite, .. } => write!(f, "{package} {version} ({suite})"),
            Source::Url { url, .. } => f.write_str(url),
            Source::File { path, .. } => write!(f, "{}", path.display()),
            Source::Git { path, commit } => write!(f, "{} at {}", path.display(), commit.short()),
        }
    }
}

/// What `base.toml` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The release.
    pub version: String,
    /// Author and committer of the base commit.
    pub author: Identity,
    /// Their date.
    #[serde(deserialize_with = "crate::config::timestamp")]
    pub date: Timestamp,
    /// The commit that an import gives. What the cache has is used only where it is this one.
    pub commit: Option<Oid>,
    /// Where it can be had, best first.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

impl Pin {
    /// Reads the file. Relative paths in it are relative to its folder.
    pub fn load(path: &Path) -> Result<Pin, PinError> {
        let text = std::fs::read_to_string(path).at("read", path)?;
        let syntax = |message: String| PinError::Syntax { path: path.display().to_string(), message };
        let mut pin: Pin = toml::from_str(&text).map_err(|error| syntax(error.to_string()))?;
        if pin.sources.is_empty() {
            return Err(syntax("there is no [[source]]".into()));
        }
        let here = path.parent().unwrap_or(Path::new(""));
        for source in &mut pin.sources {
            if let Source::File { path, .. } | Source::Git { path, .. } = source {
                *path = here.join(&path);
            }
        }
        Ok(pin)
    }
}

/// Which base a tree stands on: what `--base` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// What `base.toml` pins.
    Pin,
    /// A tarball of this machine.
    File(PathBuf, Sha256),
    /// A tarball of a server.
    Url(String, Sha256),
    /// A revision of an existing clone.
    Git(PathBuf, String),
}

impl Spec {
    /// The same base with relative paths taken from `dir`.
    pub fn from_dir(self, dir: &Path) -> Spec {
        match self {
            Spec::File(path, sha256) => Spec::File(dir.join(path), sha256),
            Spec::Git(path, rev) => Spec::Git(dir.join(path), rev),
            other => other,
        }
    }
}

impl FromStr for Spec {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        if text == "pin" {
            return Ok(Spec::Pin);
        }
        if let Some(clone) = text.strip_prefix("git:") {
            return match clone.split_once('#') {
                Some((path, rev)) if !path.is_empty() && !rev.is_empty() => Ok(Spec::Git(path.into(), rev.into())),
                _ => Err(PinError::NoRevision(text.to_owned())),
            };
        }
        let Some((place, sha256)) = text.rsplit_once("#sha256=") else {
            return Err(PinError::Unpinned(text.to_owned()));
        };
        let sha256 = sha256.parse()?;
        if place.starts_with("http://") || place.starts_with("https://") {
            return Ok(Spec::Url(place.to_owned(), sha256));
        }
        Ok(Spec::File(place.into(), sha256))
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spec::Pin => f.write_str("pin"),
            Spec::File(path, sha256) => write!(f, "{}#sha256={sha256}", path.display()),
            Spec::Url(url, sha256) => write!(f, "{url}#sha256={sha256}"),
            Spec::Git(path, rev) => write!(f, "git:{}#{rev}", path.display()),
        }
    }
}

impl Serialize for Spec {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_round_trip() {
        let hex = "0f".repeat(32);
        for good in ["pin".into(), "git:/src/linux#v7.3".into(), format!("/a/linux.tar.xz#sha256={hex}")] {
            assert_eq!(good.parse::<Spec>().unwrap().to_string(), good);
        }
        assert!(matches!(format!("https://h/l.tar.xz#sha256={hex}").parse(), Ok(Spec::Url(..))));
    }

    #[test]
    fn an_unpinned_base_is_refused() {
        let error = "linux.tar.xz".parse::<Spec>().unwrap_err();
        assert!(matches!(error, PinError::Unpinned(_)) && error.hint().unwrap().contains("#sha256="));
        assert!(matches!("a#sha256=12".parse::<Spec>(), Err(PinError::Checksum(_))));
        assert!(matches!("git:/src/linux".parse::<Spec>(), Err(PinError::NoRevision(_))));
    }

    #[test]
    fn unknown_keys_are_refused() {
        let text =
            "version='1'\nauthor='A <a@b>'\ndate=2026-01-01T00:00:00Z\n[[source]]\nkind='file'\npath='x'\nsha=''\n";
        assert!(toml::from_str::<Pin>(text).is_err());
    }
}
