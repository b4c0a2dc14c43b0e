// SPDX-License-Identifier: GPL-2.0-only

//! Errors as a person sees them: `error:`, `caused by:`, `hint:`, and an exit code.

use std::io;
use std::process::ExitCode;

use drm_rust::error::{Class, Explain};

use super::advice::Caller;
use super::terminal::{Mark, tell};

/// A command failed.
pub(super) struct CommandError {
    class: Class,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    /// The reader of standard output went away: no mistake of anybody.
    silent: bool,
    /// The exit status of a command that was run for the person, which says everything itself.
    status: Option<u8>,
}

impl CommandError {
    /// The environment or the input is at fault.
    pub(super) fn failed(message: impl Into<String>, hint: impl Into<String>) -> Self {
        CommandError {
            class: Class::Failed,
            message: message.into(),
            causes: Vec::new(),
            hint: Some(hint.into()),
            silent: false,
            status: None,
        }
    }

    /// A command that was run for the person ended with this status.
    pub(super) fn status(status: u8) -> Self {
        CommandError { status: Some(status), hint: None, ..CommandError::failed("", "") }
    }

    /// The command line is at fault.
    pub(super) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        CommandError { class: Class::Usage, ..CommandError::failed(message, hint) }
    }

    /// A check or a test failed.
    pub(super) fn check(message: impl Into<String>, hint: impl Into<String>) -> Self {
        CommandError { class: Class::Check, ..CommandError::failed(message, hint) }
    }

    /// Standard output or the terminal failed.
    pub(super) fn io(error: io::Error) -> Self {
        let silent = error.kind() == io::ErrorKind::BrokenPipe;
        let hint = "check the terminal and the current directory";
        CommandError { silent, ..CommandError::failed(error.to_string(), hint) }
    }

    /// Tells the person, and gives the exit code.
    pub(super) fn report(&self, caller: Option<&Caller>) -> ExitCode {
        if self.silent {
            return ExitCode::SUCCESS;
        }
        if let Some(status) = self.status {
            return ExitCode::from(status);
        }
        tell(Mark::Error, &self.message);
        self.causes.iter().for_each(|cause| tell(Mark::None, &format!("caused by: {cause}")));
        if let Some(hint) = &self.hint {
            let hint = caller.map_or_else(|| hint.clone(), |caller| caller.advise(hint));
            tell(Mark::Hint, &hint.replace('\n', "\n      "));
        }
        ExitCode::from(match self.class {
            Class::Failed => 1,
            Class::Usage => 2,
            Class::Conflict => 3,
            Class::Check => 4,
            Class::Bug => 70,
        })
    }
}

impl<E: Explain> From<E> for CommandError {
    fn from(error: E) -> Self {
        let message = error.to_string();
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // A wrapper that shows its cause itself need not say it twice.
            if !message.ends_with(&text) && causes.last() != Some(&text) {
                causes.push(text);
            }
            source = cause.source();
        }
        CommandError { class: error.class(), hint: error.hint(), message, causes, silent: false, status: None }
    }
}
