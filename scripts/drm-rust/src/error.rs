// SPDX-License-Identifier: GPL-2.0-only

//! What every error of the toolchain can tell besides its message.

use std::error::Error;

use crate::machine::Lack;

/// The kind of a failure; the command line turns it into an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The environment or the input is at fault.
    Failed,
    /// The command line itself is wrong.
    Usage,
    /// Branches conflict.
    Conflict,
    /// A check or a test failed.
    Check,
    /// The program is at fault.
    Bug,
}

/// An error that tells a person what to do about it.
pub trait Explain: Error + Send + Sync + 'static {
    /// What to do about it, as one or more lines. Errors that a person can cause have one.
    ///
    /// Commands are named as they are run in the top of the checkout, and for `linux/`: `drm-rust tree`,
    /// `git -C linux fetch`. Whoever shows them makes of that what is right for the person.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The kind of the failure.
    fn class(&self) -> Class {
        Class::Failed
    }
}

/// A file or folder could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}")]
pub struct FileError {
    /// What was tried, as a verb: "read", "write", "create".
    pub action: &'static str,
    /// The file or folder.
    pub path: String,
    /// Why it failed.
    #[source]
    pub source: std::io::Error,
}

impl Explain for FileError {
    fn hint(&self) -> Option<String> {
        use std::io::ErrorKind::*;
        if let Some(lack) = Lack::of(&self.source) {
            return Some(lack.hint(std::path::Path::new(&self.path)));
        }
        Some(match self.source.kind() {
            NotFound => "the path does not exist; check its spelling".into(),
            PermissionDenied => "check the owner and the mode of the path".into(),
            _ => "check the path and the file system that holds it".into(),
        })
    }
}

/// Adds the path and the action to an I/O error.
pub trait FileContext<T> {
    /// Names what was tried and on which path.
    fn at(self, action: &'static str, path: impl AsRef<std::path::Path>) -> Result<T, FileError>;
}

impl<T> FileContext<T> for std::io::Result<T> {
    fn at(self, action: &'static str, path: impl AsRef<std::path::Path>) -> Result<T, FileError> {
        self.map_err(|source| FileError { action, path: path.as_ref().display().to_string(), source })
    }
}
