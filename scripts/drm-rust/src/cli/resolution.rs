// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust resolution`

mod fixup;

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use serde::Serialize;

use drm_rust::git::commit::{Identity, Parsed};
use drm_rust::git::objects::Objects;
use drm_rust::git::{BranchName, Oid, Repo};
use drm_rust::resolve::branch::{self, Edit};
use drm_rust::resolve::record::{Name, Record, Tombstone};
use drm_rust::resolve::store::{Change, Store, Stored};
use drm_rust::resolve::{dir, recorded, share};
use drm_rust::topic::manage;

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;
use super::status::counted;

const LONG: &str = "\
List, show, record and forget how conflicts were resolved.

What one person resolved is replayed for everybody: the branch
drm-rust-rerere carries an rr-cache in git's own format, and who resolved what,
why and for which merge. Nothing expires. A resolution that was forgotten does
not come back from elsewhere; making it anew brings it back.

A fixup is a patch that drm-rust-tip gets with the merge of a branch, where
nothing conflicts but one side calls what the other has renamed. It must apply
to the merge as the tip has it, after what is recorded there.

  drm-rust resolution fixup drm/drm-next fix.patch --why 'x has another name'
  git diff | drm-rust resolution fixup drm/drm-next --append";

#[derive(Subcommand)]
enum Commands {
    /// List the resolutions
    List(List),
    /// Show resolutions: who, why, for which merge, and what they do
    Show(Show),
    /// Forget resolutions for good
    Forget(Forget),
    /// Record a patch that the tip's merge of a branch needs
    Fixup(fixup::Fixup),
    /// Take in an rr-cache of git, dim or drm-rerere
    Import(Import),
    /// Take in all that another branch of resolutions knows
    Join(Join),
    /// Fetch the resolutions of a remote, and take them in
    Fetch(Remote),
    /// Push the resolutions to a remote
    Push(Remote),
    /// Write an rr-cache that git, dim and drm-rerere can use
    Export(Export),
}

#[derive(Args)]
struct List {
    /// Only those of a merge: the branch, or one of both commits
    #[arg(long, value_name = "BRANCH|COMMIT")]
    merge: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Show {
    /// The first digits of a resolution's id (4 at least), or a branch or a commit of its merge
    #[arg(value_name = "ID|BRANCH|COMMIT")]
    what: String,
}

#[derive(Args)]
struct Forget {
    /// The first digits of a resolution's id (4 at least), or a branch or a commit of its merge
    #[arg(value_name = "ID|BRANCH|COMMIT")]
    what: String,
    /// Why it is wrong
    #[arg(long, value_name = "TEXT")]
    why: String,
}

#[derive(Args)]
struct Import {
    /// The folder: an rr-cache, or one that holds a folder of this name
    #[arg(value_name = "DIR")]
    dir: String,
}

#[derive(Args)]
struct Join {
    /// A branch or a commit, for example one that was fetched
    #[arg(value_name = "COMMIT")]
    commit: String,
}

#[derive(Args)]
struct Remote {
    /// A remote [default: the one that is this tree]
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
}

#[derive(Args)]
struct Export {
    /// The folder; what is in it stays
    #[arg(value_name = "DIR")]
    dir: String,
}

pub(super) fn args(command: Command) -> Command {
    let command = command.about("List, show, record and forget how conflicts were resolved").long_about(LONG);
    Commands::augment_subcommands(command.subcommand_required(true).arg_required_else_help(true))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    match Commands::from_arg_matches(matches).expect("clap checked the arguments") {
        Commands::List(arguments) => list(context, &arguments),
        Commands::Show(arguments) => show(context, &arguments),
        Commands::Forget(arguments) => forget(context, &arguments),
        Commands::Fixup(arguments) => fixup::fixup(context, &arguments),
        Commands::Import(arguments) => import(context, &arguments),
        Commands::Join(arguments) => join(context, &arguments),
        Commands::Fetch(arguments) => fetch(context, &arguments),
        Commands::Push(arguments) => push(context, &arguments),
        Commands::Export(arguments) => export(context, &arguments),
    }
}

#[derive(Serialize)]
struct Row<'a> {
    id: String,
    kind: &'static str,
    record: Option<&'a Record>,
}

fn kind(stored: &Stored) -> &'static str {
    match stored.change {
        Change::Rerere { .. } => "content",
        Change::Path(Some(_)) => "path",
        Change::Path(None) => "path goes away",
    }
}

fn list(context: &Context, arguments: &List) -> CommandResult {
    let repo = context.ws.repo();
    let store = branch::load(&repo)?;
    let selected = arguments.merge.as_ref().map(|merge| store.select(merge));
    let wanted = |name: &Name| selected.as_ref().is_none_or(|selected| selected.contains(&name));
    let found = store.resolutions.iter().filter(|(name, _)| wanted(name));
    let rows =
        found.map(|(name, stored)| Row { id: name.to_string(), kind: kind(stored), record: stored.record.as_ref() });
    let fixups = || store.fixups.iter().filter(|(name, _)| arguments.merge.as_ref().is_none_or(|merge| merge == *name));
    let fixup = |(name, _)| Row { id: format!("fixups/{name}.patch"), kind: "fixup", record: None };
    let json = if arguments.json { fixups().map(fixup).collect() } else { Vec::new() };
    let rows: Vec<Row<'_>> = rows.chain(json).collect();
    if arguments.json {
        return context.json(&rows);
    }
    if rows.is_empty() && fixups().next().is_none() {
        context.say("no resolution is recorded");
    }
    let line = |row: &Row<'_>| {
        let what = row.record.map_or("(nothing is known about it)".to_owned(), |record| {
            let merge = record.merge.as_ref().map_or(String::new(), |merge| format!(" for {}", merge.branch));
            format!("{} {}{merge} by {}", record.date.strftime("%Y-%m-%d"), record.path, record.who.name)
        });
        format!("{:.12}  {what}\n", row.id)
    };
    let mut text = rows.iter().map(line).collect::<String>();
    for (name, patch) in fixups() {
        text += &fixup::line(&repo, name, *patch)?;
    }
    context.data(&text)
}

/// The resolutions that a text selects, at least one. A merge tells itself which ones it has.
fn select<'a>(repo: &Repo, store: &'a Store, text: &str) -> Result<Vec<&'a Name>, CommandError> {
    let mut found = store.select(text);
    if let (true, Some(commit)) = (found.is_empty(), repo.find_commit(text)?) {
        let message = Parsed::read(&mut Objects::new(repo), commit)?.message;
        found = recorded::noted(&message).flat_map(|id| store.select(id)).collect();
    }
    if found.is_empty() {
        let hint = "`drm-rust resolution list` tells the ids, the branches and the paths";
        return Err(CommandError::failed(format!("no resolution belongs to `{text}`"), hint));
    }
    Ok(found)
}

fn show(context: &Context, arguments: &Show) -> CommandResult {
    let repo = context.ws.repo();
    let store = branch::load(&repo)?;
    let mut objects = Objects::new(&repo);
    let mut text = String::new();
    let fixup = store.fixups.get(&arguments.what);
    let names = match fixup {
        Some(_) => store.select(&arguments.what),
        None => select(&repo, &store, &arguments.what)?,
    };
    for name in names {
        let stored = &store.resolutions[name];
        text += if text.is_empty() { "" } else { "\n" };
        text += &format!("resolution {name}\n");
        if let Some(record) = &stored.record {
            text += &format!("path:     {}\nconflict: {}\n", record.path, record.conflict);
            if let Some(merge) = &record.merge {
                text += &format!(
                    "merge:    {} {:.12} into {:.12}\n",
                    merge.branch,
                    merge.theirs.to_string(),
                    merge.ours.to_string()
                );
            }
            text += &format!("who:      {}\ndate:     {}\nwhy:      {}\n", record.who, record.date, record.why);
        }
        match stored.change {
            Change::Rerere { preimage, postimage } => {
                let process = repo.plain(["diff", &preimage.to_string(), &postimage.to_string()])?;
                let diff = process.run()?.text();
                let hunks = diff.lines().skip_while(|line| !line.starts_with("@@"));
                text += &hunks.map(|line| format!("    {line}\n")).collect::<String>();
            }
            Change::Path(None) => text += "    the path goes away\n",
            Change::Path(Some((_, oid))) => {
                text += &format!("    the path's content is blob {oid}, {} bytes\n", objects.blob(oid)?.len());
            }
        }
    }
    if let Some(patch) = fixup {
        text += if text.is_empty() { "" } else { "\n" };
        text += &fixup::text(&repo, &arguments.what, *patch)?;
    }
    context.data(&text)
}

/// The person at the keyboard.
pub(super) fn person(context: &Context) -> Result<Identity, CommandError> {
    manage::git_identity(&context.ws.root)?.ok_or_else(|| {
        let hint = "git config --global user.name NAME\ngit config --global user.email MAIL";
        CommandError::failed("git does not know who you are", hint)
    })
}

fn forget(context: &Context, arguments: &Forget) -> CommandResult {
    let who = person(context)?;
    let repo = context.ws.repo();
    let store = branch::load(&repo)?;
    let names: Vec<Name> = select(&repo, &store, &arguments.what)?.into_iter().cloned().collect();
    let tombstone = Tombstone { who: who.clone(), why: arguments.why.clone(), date: context.ws.now };
    let what: Vec<String> = names.iter().map(|name| format!("{:.12}", name.to_string())).collect();
    let edit = Edit { who: &who, subject: format!("forget {}: {}", what.join(", "), arguments.why) };
    branch::edit(&context.ws, &edit, |_, store| {
        names.iter().for_each(|name| store.forget(name, tombstone.clone()));
        Ok(())
    })?;
    for name in &names {
        let path = store.resolutions[name].record.as_ref().map_or(String::new(), |record| format!(" {}", record.path));
        context.say(&format!("forgotten: {:.12}{path}", name.to_string()));
    }
    Ok(())
}

fn import(context: &Context, arguments: &Import) -> CommandResult {
    let who = person(context)?;
    let edit = Edit { who: &who, subject: format!("import {}", arguments.dir) };
    let dir = context.here.join(&arguments.dir);
    let (imported, _) = branch::edit(&context.ws, &edit, |objects, store| dir::import(objects, store, &dir))?;
    context.say(&format!("{} taken in", counted(imported.new, "resolution", "")));
    let also = |what: &str, count: usize| {
        if count > 0 {
            context.say(&format!("{what}: {count}"));
        }
    };
    also("known already", imported.known);
    also("forgotten before, and they stay so", imported.forgotten);
    also("left out, as nobody resolved them or they are something else", imported.others);
    Ok(())
}

fn join(context: &Context, arguments: &Join) -> CommandResult {
    let who = person(context)?;
    let repo = context.ws.repo();
    let before = branch::load(&repo)?.resolutions.len();
    let theirs = repo.commit(&arguments.commit)?;
    let edit = Edit { who: &who, subject: format!("join {}", arguments.commit) };
    let joined = branch::join(&context.ws, &edit, theirs)?;
    tell_joined(context, &repo, before, joined)
}

fn tell_joined(context: &Context, repo: &Repo, before: usize, joined: Option<Oid>) -> CommandResult {
    if joined.is_none() {
        context.say("nothing there that is not known");
        return Ok(());
    }
    let after = branch::load(repo)?.resolutions.len();
    context.say(&format!("{} now, {before} before", counted(after, "resolution", "")));
    Ok(())
}

fn fetch(context: &Context, arguments: &Remote) -> CommandResult {
    let who = person(context)?;
    let repo = context.ws.repo();
    let before = branch::load(&repo)?.resolutions.len();
    let joined = share::fetch(&context.ws, arguments.remote.as_deref(), &who)?;
    tell_joined(context, &repo, before, joined)
}

fn push(context: &Context, arguments: &Remote) -> CommandResult {
    let pushed = share::push(&context.ws, arguments.remote.as_deref())?;
    let where_to = format!("{} of {}", BranchName::rerere(), pushed.remote);
    match pushed.moved {
        true => context.say(&format!("{where_to} is at {}", pushed.commit.short())),
        false => context.say(&format!("{where_to} is up to date")),
    }
    Ok(())
}

fn export(context: &Context, arguments: &Export) -> CommandResult {
    let repo = context.ws.repo();
    let store = branch::load(&repo)?;
    let dir = context.here.join(&arguments.dir);
    let written = dir::export(&mut Objects::new(&repo), &store, &dir)?;
    context.say(&format!("{} written to {}", counted(written, "resolution", ""), dir.display()));
    Ok(())
}
