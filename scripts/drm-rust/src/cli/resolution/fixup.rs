// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust resolution fixup`, and fixups as `list` and `show` tell of them.

use std::io::Read;

use clap::Args;

use drm_rust::error::FileContext;
use drm_rust::git::objects::Objects;
use drm_rust::git::{BranchName, Oid, Repo};
use drm_rust::resolve::fixup;
use drm_rust::tip::fixups::{self, Change};

use super::super::CommandResult;
use super::super::context::Context;
use super::super::error::CommandError;
use super::super::status::counted;
use super::person;

#[derive(Args)]
pub(super) struct Fixup {
    /// The branch, as drm-rust-tip calls it
    #[arg(value_name = "BRANCH")]
    branch: String,
    /// The patch [default: standard input]
    #[arg(value_name = "FILE")]
    file: Option<String>,
    /// Put it after the fixup that is there
    #[arg(long, conflicts_with_all = ["replace", "remove"])]
    append: bool,
    /// Put it in the place of the fixup that is there
    #[arg(long, conflicts_with = "remove")]
    replace: bool,
    /// Take the fixup away
    #[arg(long, conflicts_with = "file")]
    remove: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

pub(super) fn fixup(context: &Context, arguments: &Fixup) -> CommandResult {
    let change = match arguments {
        Fixup { remove: true, .. } => Change::Remove,
        Fixup { append: true, file, .. } => Change::Append(patch(context, file.as_deref())?),
        Fixup { replace: true, file, .. } => Change::Replace(patch(context, file.as_deref())?),
        Fixup { file, .. } => Change::Add(patch(context, file.as_deref())?),
    };
    let who = person(context)?;
    let recorded = fixups::record(&context.ws, &arguments.branch, &change, &who, arguments.why.as_deref())?;
    if let Some(why) = &recorded.untried {
        context.say(&format!("note: nobody knows whether it applies: {why}"));
    }
    let branch = &recorded.branch;
    context.say(&match change {
        Change::Remove => format!("removed: fixups/{branch}.patch"),
        _ => format!("recorded: fixups/{branch}.patch, of {}", counted(recorded.files.len(), "file", "")),
    });
    Ok(())
}

/// The bytes of a patch.
fn patch(context: &Context, file: Option<&str>) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    match file.filter(|file| *file != "-") {
        Some(file) => {
            let path = context.here.join(file);
            bytes = std::fs::read(&path).at("read", &path)?;
        }
        None => drop(std::io::stdin().lock().read_to_end(&mut bytes).map_err(CommandError::io)?),
    }
    Ok(bytes)
}

/// Who changed a fixup last, when, and what the commit says.
struct Last {
    who: String,
    date: String,
    subject: String,
}

fn last(repo: &Repo, branch: &str) -> Result<Last, CommandError> {
    let options = ["log", "-1", "--date=short", "--format=%an <%ae>%x00%ad%x00%s", &BranchName::rerere().full(), "--"];
    let text = repo.git(options).arg(format!("fixups/{branch}.patch")).run()?.text();
    let mut fields = text.split('\0').map(str::to_owned);
    let mut next = || fields.next().unwrap_or_default();
    Ok(Last { who: next(), date: next(), subject: next() })
}

/// A fixup in one line.
pub(super) fn line(repo: &Repo, branch: &str, patch: Oid) -> Result<String, CommandError> {
    let files = fixup::files(&Objects::new(repo).blob(patch)?)?;
    let Last { who, date, .. } = last(repo, branch)?;
    let name = who.split(" <").next().unwrap_or_default();
    Ok(format!("fixup         {date} {branch}: {} by {name}\n", counted(files.len(), "file", "")))
}

/// A fixup with its patch.
pub(super) fn text(repo: &Repo, branch: &str, patch: Oid) -> Result<String, CommandError> {
    let Last { who, date, subject } = last(repo, branch)?;
    let patch = String::from_utf8_lossy(&Objects::new(repo).blob(patch)?).into_owned();
    let patch: String = patch.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
    Ok(format!("fixup {branch}\nwho:      {who}\ndate:     {date}\nwhy:      {subject}\n{patch}"))
}
