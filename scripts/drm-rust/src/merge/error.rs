// SPDX-License-Identifier: GPL-2.0-only

//! Why a merge could not even be tried.

use std::fmt;

use crate::error::{Class, Explain};

/// A resolver failed; a conflict that it does not know is no failure.
#[derive(Debug)]
pub struct ResolveError(Box<dyn Explain>);

impl ResolveError {
    /// Passes on what a resolver's own error says.
    pub fn new(error: impl Explain) -> Self {
        ResolveError(Box::new(error))
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ResolveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Explain for ResolveError {
    fn hint(&self) -> Option<String> {
        self.0.hint()
    }

    fn class(&self) -> Class {
        self.0.class()
    }
}
