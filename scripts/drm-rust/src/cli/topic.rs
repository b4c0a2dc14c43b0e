// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust topic`

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use serde::Serialize;

use drm_rust::git::{Oid, TopicName};
use drm_rust::tip::{TipError, trial};
use drm_rust::topic::manage;
use drm_rust::topic::manifest::Manifest;
use drm_rust::topic::{self, Topics};
use drm_rust::workspace::Trees;

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;
use super::integrate;
use super::status::counted;

const LONG: &str = "\
List, show, begin and remove topics.

A topic is an ordered series of patches on the base, or on other topics. Its
manifest is scripts/drm-rust/topics/OWNER/NAME.toml, its branch
topic/OWNER/NAME.";

const CHECK_MERGE: &str = "\
Merge a topic into the tip on trial, and tell what conflicts.

The topic branch of linux/ is merged into drm-rust-tip as it would be without
this tree's branches that have the topic already. Tells which files and lines
conflict, between which commits and authors, and ends with exit code 3 then.
Nothing is changed.";

#[derive(Subcommand)]
enum Commands {
    /// List the topics
    List(List),
    /// Show a topic's patches, files and edits
    Show(Show),
    /// Begin a topic: write its manifest
    New(New),
    /// Remove a topic: its manifest and its overlay files
    Remove(Remove),
    /// Merge a topic into the tip on trial, and tell what conflicts
    #[command(long_about = CHECK_MERGE)]
    CheckMerge(CheckMerge),
}

#[derive(Args)]
struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Show {
    /// The topic
    #[arg(value_name = "OWNER/NAME")]
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct New {
    /// The tree that will take the topic, and a name
    #[arg(value_name = "OWNER/NAME")]
    name: String,
    /// What the topic is, in one line
    #[arg(long, required_unless_present = "after")]
    title: Option<String>,
    /// A topic that it stands on (may be given several times)
    #[arg(long, value_name = "OWNER/NAME")]
    requires: Vec<String>,
    /// The topic that this is a new revision of: its manifest gets the new name
    #[arg(long, value_name = "OWNER/NAME", conflicts_with_all = ["title", "requires", "author"])]
    after: Option<String>,
    /// The author, as `Name <mail>` [default: the identity that git knows]
    #[arg(long)]
    author: Option<String>,
}

#[derive(Args)]
struct Remove {
    /// The topic
    #[arg(value_name = "OWNER/NAME")]
    name: String,
    /// Only list the files that would be removed
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Args)]
struct CheckMerge {
    /// The topic
    #[arg(value_name = "OWNER/NAME")]
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    let command = command.about("List, show, begin and remove topics").long_about(LONG);
    Commands::augment_subcommands(command.subcommand_required(true).arg_required_else_help(true))
}

/// A topic by its name, or by that of its branch.
pub(super) fn named(name: &str) -> Result<TopicName, CommandError> {
    Ok(name.strip_prefix("topic/").unwrap_or(name).parse()?)
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    match Commands::from_arg_matches(matches).expect("clap checked the arguments") {
        Commands::List(arguments) => list(context, &arguments),
        Commands::Show(arguments) => show(context, &arguments),
        Commands::New(arguments) => new(context, &arguments),
        Commands::Remove(arguments) => remove(context, &arguments),
        Commands::CheckMerge(arguments) => check_merge(context, &arguments),
    }
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a TopicName,
    title: &'a str,
    requires: &'a [TopicName],
    patches: usize,
    files: usize,
}

fn list(context: &Context, arguments: &List) -> CommandResult {
    let topics = topic::load(&context.ws.root)?;
    let rows: Vec<Row<'_>> = topics
        .iter()
        .map(|(name, manifest)| Row {
            name,
            title: &manifest.title,
            requires: &manifest.requires,
            patches: manifest.patches.len(),
            files: manifest.files().len(),
        })
        .collect();
    if arguments.json {
        return context.json(&rows);
    }
    let width = rows.iter().map(|row| row.name.as_str().len()).max().unwrap_or(0);
    let line = |row: &Row<'_>| {
        let (patches, files) = (counted(row.patches, "patch", ""), counted(row.files, "file", ""));
        format!("{:width$}  {patches:>10}  {files:>9}  {}\n", row.name, row.title)
    };
    context.data(&rows.iter().map(line).collect::<String>())
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a TopicName,
    title: &'a str,
    summary: &'a str,
    requires: &'a [TopicName],
    patches: Vec<ShownPatch<'a>>,
}

#[derive(Serialize)]
struct ShownPatch<'a> {
    subject: &'a str,
    author: String,
    commit: Option<Oid>,
    deletes: Vec<&'a str>,
    renames: Vec<[&'a str; 2]>,
    files: &'a [String],
    edits: Vec<&'a str>,
}

fn show(context: &Context, arguments: &Show) -> CommandResult {
    let name: TopicName = arguments.name.parse()?;
    let topics = topic::load(&context.ws.root)?;
    let manifest = find(&topics, &name)?;
    let commits = manage::commits(&context.ws.linux(), &name, manifest.patches.len())?;
    let patches = manifest.patches.iter().enumerate().map(|(i, patch)| ShownPatch {
        subject: &patch.subject,
        author: manifest.author_of(patch).to_string(),
        commit: commits.get(i).copied(),
        deletes: patch.deletes.iter().map(|delete| delete.file.as_str()).collect(),
        renames: patch.renames.iter().map(|rename| [rename.from.as_str(), rename.to.as_str()]).collect(),
        files: &patch.files,
        edits: patch.edits.iter().map(|edit| edit.file.as_str()).collect(),
    });
    let shown = Shown {
        name: &name,
        title: &manifest.title,
        summary: manifest.summary.trim(),
        requires: &manifest.requires,
        patches: patches.collect(),
    };
    if arguments.json {
        return context.json(&shown);
    }
    context.data(&text(&shown))
}

fn text(shown: &Shown<'_>) -> String {
    let mut text = format!("{}: {}\n\n", shown.name, shown.title);
    text.extend(shown.summary.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n"));
    if !shown.requires.is_empty() {
        let names: Vec<_> = shown.requires.iter().map(TopicName::as_str).collect();
        text += &format!("\nrequires {}\n", names.join(", "));
    }
    for patch in &shown.patches {
        let commit = patch.commit.map_or("-".repeat(12), |commit| commit.short());
        text += &format!("\n{commit}  {}\n", patch.subject);
        text.extend(patch.deletes.iter().map(|file| format!("    deletes {file}\n")));
        text.extend(patch.renames.iter().map(|[from, to]| format!("    renames {from} to {to}\n")));
        text.extend(patch.files.iter().map(|file| format!("    adds   {file}\n")));
        let mut edits = patch.edits.clone();
        edits.dedup();
        text.extend(edits.iter().map(|file| format!("    edits  {file}\n")));
    }
    text
}

fn find<'a>(topics: &'a Topics, name: &TopicName) -> Result<&'a Manifest, CommandError> {
    topics.get(name).ok_or_else(|| manage::ManageError::Unknown(name.clone()).into())
}

fn new(context: &Context, arguments: &New) -> CommandResult {
    let name: TopicName = arguments.name.parse()?;
    if let Some(old) = &arguments.after {
        let old: TopicName = old.parse()?;
        for path in manage::succeed(&context.ws.root, &old, &name)? {
            context.say(&format!("wrote {path}"));
        }
        context.say(&format!("what was published of {old} stays in its tag"));
        return Ok(());
    }
    let requires = arguments.requires.iter().map(|name| name.parse()).collect::<Result<Vec<TopicName>, _>>()?;
    let trees = Trees::load(&context.ws.data("trees.toml"))?;
    let author = match &arguments.author {
        Some(author) => author.parse()?,
        None => manage::git_identity(&context.ws.root)?.unwrap_or(trees.ours.identity),
    };
    let path =
        manage::create(&context.ws.root, &name, arguments.title.as_deref().unwrap_or_default(), &requires, &author)?;
    context.say(&format!("wrote {path}: its comments show what a patch looks like"));
    Ok(())
}

fn remove(context: &Context, arguments: &Remove) -> CommandResult {
    let name: TopicName = arguments.name.parse()?;
    let done = manage::remove(&context.ws.root, &name, arguments.dry_run)?;
    let (removed, wrote) = if arguments.dry_run { ("would remove", "would write") } else { ("removed", "wrote") };
    for (verb, files) in [(removed, &done.removed), (wrote, &done.written)] {
        files.iter().for_each(|file| context.say(&format!("{verb} {file}")));
    }
    if !arguments.dry_run {
        context.advise("`git restore .` brings them back; `drm-rust tree` takes them out of linux/");
    }
    Ok(())
}

fn check_merge(context: &Context, arguments: &CheckMerge) -> CommandResult {
    let name: TopicName = arguments.name.parse()?;
    let made = trial::topic(&context.ws, &name, &context.progress)?;
    integrate::show(context, &made, arguments.json, false)?;
    if made.clashes.is_empty() { Ok(()) } else { Err(TipError::Topic(name).into()) }
}
