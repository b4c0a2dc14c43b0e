// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust absorb`

use clap::{ArgMatches, Args, Command, FromArgMatches};

use drm_rust::absorb::{self, Absorbed, Options};
use drm_rust::git::TopicName;

use super::CommandResult;
use super::context::Context;

const LONG: &str = "\
Take the commits of a topic branch in linux/ into overlay and manifest.

Work in linux/ with git alone: commit on topic/OWNER/NAME, amend, `git rebase
-i`, `git am`, `b4 shazam`. Then this command makes the repository say the same.
Every commit since what the topic stands on becomes one [[patch]]: subject,
body, trailers, author, date, the files that it adds, and edits for its changes
of files that the base or an earlier patch has. What the manifest says already stays as it is
written. The branches of linux/ are made anew, as `drm-rust tree` does: the
trees are the same, and the topic's commits get their author as committer.

The overlay has the final text of each file, also of one that grows over several
patches. With --fold a commit that changes a file of an earlier patch goes into
that patch; fixup!, squash! and amend! commits always do. Where such a commit is by somebody else, the
patch gets that author's Co-developed-by and Signed-off-by.

A file that cargo, rustup, an editor or CI would execute (a name that begins
with a dot, Cargo.toml, build.rs, a part of one of this repository's own cargo
packages …) is refused until --allow-file names it.

Nothing is written over that has changed since the branch was made. The overlay
files are written first, the manifest after them, and the branches move last:
where that is interrupted, the same command finishes it.

  git -C linux switch topic/rust/xarray
  git -C linux commit --amend
  drm-rust absorb rust/xarray --dry-run
  drm-rust absorb rust/xarray";

#[derive(Args)]
struct Arguments {
    /// The topic
    #[arg(value_name = "OWNER/NAME")]
    topic: String,
    /// Fold commits that change a file of an earlier patch into that patch
    #[arg(long)]
    fold: bool,
    /// Take this file although a build, an editor or CI would execute it; you have read it
    #[arg(long = "allow-file", value_name = "PATH")]
    allow_files: Vec<String>,
    /// Only tell what would change
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(super) fn args(command: Command) -> Command {
    Arguments::augment_args(command.about("Take commits made in linux/ into overlay and manifest").long_about(LONG))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let arguments = Arguments::from_arg_matches(matches).expect("clap checked the arguments");
    let topic = super::topic::named(&arguments.topic)?;
    let options = Options {
        topic: topic.clone(),
        fold: arguments.fold,
        allow: arguments.allow_files,
        dry_run: arguments.dry_run,
    };
    let absorbed = absorb::absorb(&context.ws, &options)?;
    tell(context, &topic, &absorbed, arguments.dry_run)
}

/// What an absorb did, or would do.
pub(super) fn tell(context: &Context, topic: &TopicName, absorbed: &Absorbed, dry_run: bool) -> CommandResult {
    for note in &absorbed.notes {
        context.say(&format!("note: {note}"));
    }
    for (what, subject) in &absorbed.patches {
        context.say(&format!("{what} {subject}"));
    }
    for (commit, patch) in &absorbed.folded {
        context.say(&format!("folds {commit} into {patch}"));
    }
    let (wrote, removed) = if dry_run { ("would write", "would remove") } else { ("wrote", "removed") };
    for file in &absorbed.written {
        context.say(&format!("{wrote} {file}"));
    }
    for file in &absorbed.removed {
        context.say(&format!("{removed} {file}"));
    }
    if let Some((path, old, new)) = &absorbed.manifest {
        context.say(&format!("{wrote} {path}"));
        if dry_run {
            let diff = similar::TextDiff::from_lines(old, new);
            context.data(&diff.unified_diff().context_radius(3).header(path, path).to_string())?;
        }
    }
    if absorbed.changes.is_empty() && absorbed.patches.is_empty() {
        context.say(&format!("{} has nothing that the manifest lacks", topic.branch()));
    }
    for change in absorbed.changes.iter().filter(|_| !dry_run) {
        context.say(&super::op::describe(change));
    }
    super::op::tell_left_alone(context, absorbed.left_alone.as_deref());
    Ok(())
}
