// SPDX-License-Identifier: GPL-2.0-only

//! `drm-rust registry`

mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand, ValueEnum};
use serde::Serialize;

use drm_rust::error::FileContext;
use drm_rust::registry::lock::{Change, Lock};
use drm_rust::registry::look::{self, Look, Note};
use drm_rust::registry::model::{Registry, Relevance};
use drm_rust::registry::status::Status;
use drm_rust::registry::verify::{Checked, Lie};
use drm_rust::registry::{DATA, LOCK, PAGE, edit, import, next, render, table};
use drm_rust::tree;

use super::CommandResult;
use super::context::Context;
use super::error::CommandError;
use super::status::counted;

const LONG: &str = "\
Keep the registry of Rust abstractions: what has been proposed for the kernel,
and what of it there is.

scripts/drm-rust/registry.toml names, for each area, items that the base has,
items that topics carry, and tests. An area's status follows from what is found:
  upstream  the base has all that the area asks for
  carried   a topic adds to what the base has
  partial   the base has a part, and no topic adds to it
  wanted    there is nothing yet";

const VERIFY: &str = "\
Check every claim of the registry against the tree.

Brings linux/ up to date first. Evidence must be a public item of the file that
is named: the file is parsed. Topics, headers and required areas must exist, and
no area may require itself. A test must be declared in a file of its row, and
must not have failed, or be missing, in the latest run of this tree; one that no
run has is told as unproven.

Tells which areas have another status than in registry.lock, for instance
because the base has moved. Fails with exit code 4 where a claim does not hold.";

const IMPORT: &str = "\
Take a newer version of the upstream registry, the README.md of its repository,
into registry.toml.

Shows the rows that come, go and change, field by field. Only `source` of a row
changes; our fields, comments and the order stay. A row that upstream has
dropped is kept and marked as gone. A malformed row is an error, as is one that
stands outside of a table, and nothing is written. Neither is it where more than
a quarter of the rows are missing.";

#[derive(Subcommand)]
enum Commands {
    /// List the areas
    List(List),
    /// Show all that is known of an area
    Show(Show),
    /// List what to do next: nothing stands in its way, and most stands on it
    Next(Next),
    /// Check every claim against the tree
    #[command(long_about = VERIFY)]
    Verify(Json),
    /// Take a newer version of the upstream registry
    #[command(long_about = IMPORT)]
    Import(Import),
    /// Write the page for the kernel's documentation, and registry.lock
    Render,
}

#[derive(Args)]
struct List {
    /// Only areas with this status
    #[arg(long, value_name = "WORD", value_parser = PossibleValuesParser::new(Status::ALL.map(Status::name)).map(status))]
    status: Option<Status>,
    /// Only areas of this tree
    #[arg(long, value_name = "TREE")]
    owner: Option<String>,
    /// Only areas with this in their names
    #[arg(long, value_name = "TEXT")]
    area: Option<String>,
    /// Only areas that graphics drivers have this to do with
    #[arg(long, value_name = "WORD")]
    relevance: Option<Word>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn status(name: String) -> Status {
    name.parse().expect("clap checked the word")
}

/// A relevance, on the command line.
#[derive(Clone, Copy, ValueEnum)]
enum Word {
    Core,
    Useful,
    Unrelated,
}

impl From<Word> for Relevance {
    fn from(word: Word) -> Relevance {
        match word {
            Word::Core => Relevance::Core,
            Word::Useful => Relevance::Useful,
            Word::Unrelated => Relevance::Unrelated,
        }
    }
}

#[derive(Args)]
struct Show {
    /// The area
    area: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Next {
    /// Also areas of which a part is there
    #[arg(long)]
    partial: bool,
    /// Only areas of this tree
    #[arg(long, value_name = "TREE")]
    owner: Option<String>,
    /// Only areas that graphics drivers have this to do with
    #[arg(long, value_name = "WORD")]
    relevance: Option<Word>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Json {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Import {
    /// The upstream registry; - is standard input
    file: PathBuf,
    /// Only show what would change
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Take it although more than a quarter of the rows are missing
    #[arg(long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn args(command: Command) -> Command {
    let command = command.about("Keep the registry of Rust abstractions").long_about(LONG);
    Commands::augment_subcommands(command.subcommand_required(true).arg_required_else_help(true))
}

pub(super) fn run(context: &mut Context, matches: &ArgMatches) -> CommandResult {
    let commands = Commands::from_arg_matches(matches).expect("clap checked the arguments");
    if let Commands::Import(arguments) = &commands {
        return take(context, arguments);
    }
    if matches!(commands, Commands::Verify(_) | Commands::Render) {
        tree::refresh(&context.ws, &tree::Options::default(), &context.progress)?;
    }
    let registry = look::load(&context.ws)?;
    let found = look::look(&context.ws, &registry)?;
    match commands {
        Commands::List(arguments) => list(context, &arguments, &registry, &found),
        Commands::Show(arguments) => show(context, &arguments, &registry, &found),
        Commands::Next(arguments) => next(context, &arguments, &registry, &found),
        Commands::Verify(arguments) => check(context, &arguments, &found),
        Commands::Render => write(context, &registry, &found),
        Commands::Import(_) => unreachable!("done above"),
    }
}

fn next(context: &Context, arguments: &Next, registry: &Registry, found: &Look<'_>) -> CommandResult {
    let status = found.outcome.rows.iter().map(|row| (row.row.area.as_str(), row.status)).collect();
    let owner = arguments.owner.as_ref().map(|owner| registry.owner(owner)).transpose()?;
    let mut list = next::next(registry, &status, arguments.partial);
    list.retain(|next| {
        owner.is_none_or(|owner| next.owner == Some(owner))
            && arguments.relevance.is_none_or(|word| next.relevance == Some(word.into()))
    });
    if arguments.json { context.json(&list) } else { context.data(&text::next(&list)) }
}

fn list(context: &Context, arguments: &List, registry: &Registry, found: &Look<'_>) -> CommandResult {
    let owner = arguments.owner.as_ref().map(|owner| registry.owner(owner)).transpose()?;
    let wanted = |checked: &&Checked<'_>| {
        let row = checked.row;
        arguments.status.is_none_or(|status| checked.status == status)
            && owner.is_none_or(|owner| row.owner.as_deref() == Some(owner))
            && arguments.area.as_ref().is_none_or(|area| row.area.contains(&area.to_lowercase()))
            && arguments.relevance.is_none_or(|word| row.relevance == Some(word.into()))
    };
    let rows: Vec<&Checked<'_>> = found.outcome.rows.iter().filter(wanted).collect();
    if arguments.json {
        return context.json(&rows);
    }
    if rows.is_empty() {
        context.say("no area is like that");
    }
    context.data(&text::list(&rows))
}

fn show(context: &Context, arguments: &Show, registry: &Registry, found: &Look<'_>) -> CommandResult {
    let row = registry.row(&arguments.area)?;
    let checked = found.outcome.rows.iter().find(|checked| checked.row.area == row.area).expect("every row is checked");
    if arguments.json {
        return context.json(checked);
    }
    context.data(&text::show(checked, &found.outcome.lies))
}

fn check(context: &Context, arguments: &Json, found: &Look<'_>) -> CommandResult {
    #[derive(Serialize)]
    struct Report<'a> {
        base: &'a str,
        status: &'a BTreeMap<String, Status>,
        changes: &'a [Change],
        notes: &'a [Note],
        unproven: Vec<text::Unproven<'a>>,
        lies: &'a [Lie],
    }
    let known = Lock::load(&context.ws.data(LOCK))?;
    let changes = known.changes(&found.now);
    let unproven: Vec<text::Unproven<'_>> = found.outcome.rows.iter().filter_map(text::Unproven::of).collect();
    let lies = &found.outcome.lies;
    if arguments.json {
        let (base, status) = (&*found.now.base, &found.now.status);
        context.json(&Report { base, status, changes: &changes, notes: &found.notes, unproven, lies })?;
    } else {
        let unproven: String = unproven.iter().map(text::Unproven::line).collect();
        let lies: String = lies.iter().map(|lie| format!("untrue    {lie}\n")).collect();
        context.data(
            &(text::sum(found)
                + &text::since(&changes, &known, &found.now)
                + &text::notes(&found.notes)
                + &unproven
                + &lies),
        )?;
    }
    untrue(lies)
}

/// The rows that have another status than is written down, and the claims that do not hold, a line for each; none where
/// that cannot be told.
pub(super) fn moved(context: &Context) -> Vec<String> {
    let Ok(registry) = look::load(&context.ws) else { return Vec::new() };
    let (Ok(found), Ok(known)) = (look::look(&context.ws, &registry), Lock::load(&context.ws.data(LOCK))) else {
        return Vec::new();
    };
    let changes = if known == Lock::default() { Vec::new() } else { known.changes(&found.now) };
    let lies = found.outcome.lies.iter().map(|lie| format!("untrue: {}", lie.to_string().lines().next().unwrap_or("")));
    changes.iter().map(text::change).chain(lies).collect()
}

/// An error where a claim does not hold.
fn untrue(lies: &[Lie]) -> CommandResult {
    let mut areas: Vec<&str> = lies.iter().map(|lie| lie.area.as_str()).collect();
    areas.dedup();
    if areas.is_empty() {
        return Ok(());
    }
    let rows = counted(areas.len(), "row", "of the registry");
    let hint = format!("correct scripts/drm-rust/{DATA}; `drm-rust registry show AREA` shows a row");
    Err(CommandError::check(format!("what {rows} claims does not hold: {}", areas.join(", ")), hint))
}

/// Writes the page and the lock, where all claims hold.
fn write(context: &Context, registry: &Registry, found: &Look<'_>) -> CommandResult {
    context.data(&found.outcome.lies.iter().map(|lie| format!("untrue    {lie}\n")).collect::<String>())?;
    untrue(&found.outcome.lies)?;
    // One that cannot be read, for instance after a merge, is written anew.
    let known = Lock::load(&context.ws.data(LOCK)).unwrap_or_default();
    let page = (context.ws.root.join(PAGE), PAGE.to_owned(), render::page(registry, &found.now));
    let lock = (context.ws.data(LOCK), format!("scripts/drm-rust/{LOCK}"), found.now.text());
    let mut staged = drm_rust::staged::Staged::new(&context.ws.build())?;
    let mut wrote = Vec::new();
    for (path, shown, text) in [page, lock] {
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            context.say(&format!("{shown} is up to date"));
            continue;
        }
        staged.add(&path, text.as_bytes(), None)?;
        wrote.push(shown);
    }
    staged.place(&context.ws.root)?.keep();
    wrote.iter().for_each(|shown| context.say(&format!("wrote {shown}")));
    // Where nothing was written down, everything would be new.
    let changes = if known == Lock::default() { Vec::new() } else { known.changes(&found.now) };
    context.data(&text::changed(&changes))
}

/// Takes a newer version of the upstream registry.
fn take(context: &Context, arguments: &Import) -> CommandResult {
    let bytes = match arguments.file.to_str() {
        Some("-") => table::read(std::io::stdin().lock()).at("read", "standard input")?,
        _ => {
            let path = context.here.join(&arguments.file);
            table::read(std::fs::File::open(&path).at("read", &path)?).at("read", &path)?
        }
    };
    let entries = table::parse_bytes(&bytes)?;
    let data = context.ws.data(DATA);
    let ours = std::fs::read_to_string(&data).at("read", &data)?;
    let registry = Registry::parse(&ours, &data.display().to_string())?;
    let changes = import::diff(&registry, &entries);
    if !arguments.dry_run && !arguments.force {
        import::plausible(&registry, &changes)?;
    }
    let new = edit::apply(&ours, &changes)?;
    if arguments.json {
        context.json(&changes)?;
    } else {
        context.data(&changes.iter().map(import::describe).collect::<String>())?;
    }
    if changes.is_empty() {
        context.say(&format!("nothing changes: {DATA} has all {} rows", entries.len()));
        return Ok(());
    }
    let rows = counted(changes.len(), "row", "");
    if arguments.dry_run {
        context.say(&format!("{rows} would change"));
        return Ok(());
    }
    drm_rust::file::replace(&data, &new)?;
    context.advise(&format!("{rows} changed in scripts/drm-rust/{DATA}; `drm-rust registry render` writes the page"));
    Ok(())
}
