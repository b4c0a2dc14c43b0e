// SPDX-License-Identifier: GPL-2.0-only

//! Why resolutions could not be read, kept or used.

use crate::error::{Class, Explain, FileError};
use crate::git::GitError;
use crate::git::objects::ObjectError;
use crate::process::ProcessError;

use super::conflict::MarkerError;

/// Resolutions could not be read, kept or used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant passes on what its module says")]
pub enum StoreError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Marker(#[from] MarkerError),
}

impl StoreError {
    fn inner(&self) -> &dyn Explain {
        match self {
            StoreError::Git(error) => error,
            StoreError::Object(error) => error,
            StoreError::Process(error) => error,
            StoreError::File(error) => error,
            StoreError::Marker(error) => error,
        }
    }
}

impl Explain for StoreError {
    fn hint(&self) -> Option<String> {
        self.inner().hint()
    }

    fn class(&self) -> Class {
        self.inner().class()
    }
}
