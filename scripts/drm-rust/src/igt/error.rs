// SPDX-License-Identifier: GPL-2.0-only

//! What keeps IGT from running.

use std::path::PathBuf;

use super::results::ResultsError;
use crate::error::{Class, Explain, FileError};
use crate::process::ProcessError;

/// IGT could not be run.
#[derive(Debug, thiserror::Error)]
pub enum IgtError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A program failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// IGT wrote what is not known.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The kernel was built without the driver.
    #[error("the kernel has no driver `{driver}`: CONFIG_{symbol} is not set")]
    NoDriver {
        /// The driver.
        driver: String,
        /// Its symbol.
        symbol: String,
        /// The configuration that it belongs into.
        defconfig: PathBuf,
    },
    /// The driver has no card.
    #[error("the driver `{driver}` has no card; there are: {}", .cards.join(", "))]
    NoCard {
        /// The driver.
        driver: String,
        /// The drivers that have one.
        cards: Vec<String>,
    },
    /// No test was started.
    #[error("{what}; the console's last lines:\n{}", .last_lines.join("\n"))]
    NotUp {
        /// What happened.
        what: String,
        /// The end of its console.
        last_lines: Vec<String>,
    },
}

impl Explain for IgtError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            IgtError::File(error) => return error.hint(),
            IgtError::Process(error) => return error.hint(),
            IgtError::Results(ResultsError::TooLarge) => {
                "a test writes without end: results.json of the run's folder tells which; leave it out of the list"
                    .into()
            }
            IgtError::Results(_) => {
                "IGT may be newer than drm-rust: scripts/drm-rust/src/igt/results.rs reads them".into()
            }
            IgtError::NoDriver { symbol, defconfig, .. } => {
                format!("CONFIG_{symbol}=y or =m belongs into {}", defconfig.display())
            }
            IgtError::NoCard { .. } => "the driver must make a device of its own when the kernel boots".into(),
            IgtError::NotUp { .. } => "console.log of the run's folder has everything that the kernel said".into(),
        })
    }

    fn class(&self) -> Class {
        match self {
            IgtError::NotUp { .. } => Class::Check,
            _ => Class::Failed,
        }
    }
}
