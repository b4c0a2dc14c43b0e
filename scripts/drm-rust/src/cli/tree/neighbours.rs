// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust tree plan` and `drm-rust tree import-nightly`

use std::path::PathBuf;

use clap::Args;

use drm_rust::error::FileContext;
use drm_rust::neighbours::{Trees, import, nightly, plan};

use super::super::CommandResult;
use super::super::context::Context;

pub(super) const PLAN: &str = "\
List the branches of drm-rust-tip in the order of merging, and where they stand.

scripts/drm-rust/trees.toml says which branches of which trees these are. The
remotes of linux/, or of the clone that --repo names, are found by their URLs,
whatever their names and protocols. Nothing is fetched.

  drm-rust --repo ~/linux tree plan";

pub(super) const IMPORT: &str = "\
Take dim's nightly.conf into trees.toml.

Shows what would change; --write changes scripts/drm-rust/trees.toml and keeps
its comments. The file is a bash script, but nothing of it is run: whatever is
not plain data is refused with its line.

A tree is known by its URLs and keeps the name that it has here. The tip gets
the file's order and pins; branches of trees that the file does not know stay.";

/// The file that is changed.
const DATA: &str = "trees.toml";

#[derive(Args)]
pub(super) struct Plan {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Import {
    /// dim's nightly.conf
    file: PathBuf,
    /// Change trees.toml
    #[arg(long)]
    write: bool,
}

pub(super) fn plan(context: &Context, arguments: &Plan) -> CommandResult {
    let trees = Trees::load(&context.ws.data(DATA))?;
    let steps = plan::look(&trees, &context.repo()?)?;
    if arguments.json {
        return context.json(&steps);
    }
    let mut text = String::new();
    for step in &steps {
        let pinned = step.pinned.as_ref().map(|why| format!(" (pinned: {why})")).unwrap_or_default();
        text += &format!("{}  {:12} {:20} {}{pinned}\n", step.commit.short(), step.tree, step.branch, step.reference);
    }
    context.data(&text)
}

pub(super) fn import(context: &Context, arguments: &Import) -> CommandResult {
    let file = context.here.join(&arguments.file);
    let bytes = std::fs::read(&file).at("read", &file)?;
    let nightly = nightly::parse(&String::from_utf8_lossy(&bytes))?;
    let path = context.ws.data(DATA);
    let old = std::fs::read_to_string(&path).at("read", &path)?;
    let new = import::apply(&old, &path.display().to_string(), &nightly)?;
    if old == new {
        context.say(&format!("nothing changes: {DATA} says all that {} says", arguments.file.display()));
        return Ok(());
    }
    let name = |side: &str| format!("{side}/scripts/drm-rust/{DATA}");
    let diff = similar::TextDiff::from_lines(&old, &new);
    context.data(&diff.unified_diff().header(&name("a"), &name("b")).to_string())?;
    if !arguments.write {
        context.say("nothing is written; --write does it");
        return Ok(());
    }
    drm_rust::file::replace(&path, new)?;
    context.say(&format!("wrote scripts/drm-rust/{DATA}"));
    Ok(())
}
