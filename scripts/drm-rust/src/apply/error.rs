// SPDX-License-Identifier: GPL-2.0-only

//! Why a series cannot be applied.

use super::b4::WRONG_ID;
use crate::absorb::AbsorbError;
use crate::error::{Class, Explain, FileError};
use crate::git::objects::ObjectError;
use crate::git::{BranchName, GitError};
use crate::lock::LockError;
use crate::mailbox::MailError;
use crate::process::ProcessError;
use crate::topic::Problem;

/// The series cannot be applied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant passes on what its module says, or names what it is about")]
pub enum ApplyError {
    #[error(transparent)]
    Absorb(#[from] AbsorbError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Mailbox(#[from] MailError),
    /// Not the id of a message.
    #[error("`{}` is neither a file nor a message id", .0.escape_debug())]
    NoSource(String),
    /// Git does not know who applies.
    #[error("git does not know who you are")]
    NoIdentity,
    /// b4 gives nothing.
    #[error("b4 finds no patches{}", said(.0))]
    NoPatches(Vec<String>),
    /// b4 stumbles.
    #[error("b4 cannot read the mails: {0}")]
    Broke(String),
    /// A hole in the series.
    #[error("the series has {of} patches, and of these are missing: {}", numbers(.missing))]
    Missing { of: usize, missing: Vec<usize> },
    /// More patches than the series has, or in another order.
    #[error("the patches of the series do not count from 1 to {0}")]
    Order(usize),
    /// A patch that cannot be read.
    #[error("{patch}: {why}")]
    Mail { patch: String, why: String },
    /// A patch that does not fit.
    #[error("{patch} does not apply:\n{}", lines(.why))]
    DoesNotApply { patch: String, why: Vec<String> },
    /// A diff whose paths could be other ones.
    #[error("{patch}: its paths do not begin with a/ and b/: `{line}`")]
    Prefix { patch: String, line: String },
    /// Patches that break a rule of manifests.
    #[error("the series cannot be patches of {}:\n{}", .0.topic().map_or_else(|| .0.to_string(), |topic| topic.to_string()), problems(.1))]
    Invalid(BranchName, Vec<Problem>),
    /// The branch has commits of a person.
    #[error("{0} has commits that the manifest lacks")]
    NotAbsorbed(BranchName),
}

const BY_HAND: &str = "nothing was changed. Apply it with git (`b4 shazam -H -s -l` merges at the series' base), settle\n\
     it on the topic's branch, and run `drm-rust absorb`";

fn said(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  {line}")).collect()
}

fn numbers(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn problems(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}

/// What to do about mails that have a mistake: there are no commits yet that could be amended.
const ANOTHER: &str = "nothing was changed. Ask the author for another revision; or take it with `git am` onto the topic's\n\
                       branch in linux/, correct it there, and run `drm-rust absorb`";

impl ApplyError {
    /// What an absorb says of commits, said of the mails that they are of.
    pub(super) fn of(error: AbsorbError) -> ApplyError {
        match error {
            AbsorbError::Invalid(branch, problems) => ApplyError::Invalid(branch, problems),
            other => ApplyError::Absorb(other),
        }
    }
}

impl Explain for ApplyError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            ApplyError::Absorb(AbsorbError::Odd { .. } | AbsorbError::NoTarget { .. }) => ANOTHER.into(),
            ApplyError::Invalid(..) => ANOTHER.into(),
            // These commits are in memory: there is nothing to rebase.
            ApplyError::Absorb(error) if error.is_of_commits() => BY_HAND.into(),
            ApplyError::Absorb(error) => return error.hint(),
            ApplyError::File(error) => return error.hint(),
            ApplyError::Git(error) => return error.hint(),
            ApplyError::Object(error) => return error.hint(),
            ApplyError::Lock(error) => return error.hint(),
            ApplyError::Process(error) => return error.hint(),
            ApplyError::Mailbox(error) => return error.hint(),
            ApplyError::Broke(_) => {
                "nothing was changed. Look at the headers of the mails, or run `b4 --debug am` with them by hand".into()
            }
            ApplyError::Prefix { .. } => {
                "what is meant is not guessed. Ask for `git format-patch --default-prefix`, or take it with\n\
                 `git am -p0` onto the topic's branch in linux/, and run `drm-rust absorb`"
                    .into()
            }
            ApplyError::NoSource(_) => WRONG_ID.into(),
            ApplyError::NoIdentity => {
                "the patches get your Signed-off-by: git config --global user.name \"Your Name\", and user.email".into()
            }
            ApplyError::NoPatches(_) => {
                "save the mails as they are, with all headers: patches need From, Subject and Date".into()
            }
            ApplyError::Missing { .. } | ApplyError::Order(_) => {
                "get the whole thread, for example with `b4 mbox ID`; a part of a series is not applied".into()
            }
            ApplyError::Mail { .. } => "save the mail as it was sent; a mail that was cut short cannot be used".into(),
            ApplyError::DoesNotApply { .. } => BY_HAND.into(),
            ApplyError::NotAbsorbed(branch) => {
                let topic = branch.topic().map(|topic| topic.to_string()).unwrap_or_default();
                format!("take these first: drm-rust absorb {topic}")
            }
        })
    }

    fn class(&self) -> Class {
        match self {
            ApplyError::Absorb(error) => error.class(),
            ApplyError::DoesNotApply { .. } => Class::Conflict,
            ApplyError::NoSource(_) => Class::Usage,
            _ => Class::Failed,
        }
    }
}
