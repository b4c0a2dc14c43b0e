// SPDX-License-Identifier: GPL-2.0-only

//! The surroundings of a command: where the checkout is, where output goes, what the environment says.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ArgMatches;
use jiff::Timestamp;

use drm_rust::clone::Clone;
use drm_rust::config::is_of_git;
use drm_rust::git::Repo;
use drm_rust::owned::{self, OwnError};
use drm_rust::workspace::Workspace;

use super::error::CommandError;
use super::progress::Progress;
use super::terminal::{self, Mark};

/// What every command gets.
pub(super) struct Context {
    /// The checkout.
    pub(super) ws: Workspace,
    /// The current directory, which paths of the command line are relative to.
    pub(super) here: PathBuf,
    /// Progress for the person at the terminal.
    pub(super) progress: Progress,
    quiet: bool,
    begun: Instant,
}

impl Context {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(super) fn new(matches: &ArgMatches) -> Result<Self, CommandError> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let here = std::env::current_dir().map_err(CommandError::io)?;
        let start = matches.get_one::<String>("root").map_or(here.clone(), |dir| here.join(dir));
        // Help for shells needs no checkout.
        let needs_root = !matches!(matches.subcommand_name(), Some("completions" | "man"));
        let root = find_root(&start);
        if needs_root && root.is_none() {
            return Err(no_checkout(&start));
        }
        let top = root.clone().unwrap_or_else(|| start.clone());
        // Both are to be absolute; what is relative would be another cache in each folder.
        let folder = |name| variable(name).filter(|path| path.is_absolute());
        let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
        // Without a home, the checkout is all that is known to be the user's own.
        let cache = cache.unwrap_or_else(|| top.join("build/cache")).join("drm-rust");
        if needs_root {
            own(&cache)?;
        }
        let quiet = matches.get_flag("quiet");
        let ws = Workspace {
            clone: matches.get_one::<String>("repo").and_then(|dir| clone(&root, here.join(dir))),
            root: top,
            cache,
            now: now(variable("SOURCE_DATE_EPOCH"))?,
            command: command_line(std::env::args().skip(1)),
        };
        let visible = !quiet && terminal::is_watched();
        Ok(Context { ws, here, progress: Progress::new(visible, quiet), quiet, begun: Instant::now() })
    }

    /// The time now, by the clock of the run.
    pub(super) fn time(&self) -> Timestamp {
        self.ws.now.checked_add(self.begun.elapsed()).unwrap_or(self.ws.now)
    }

    /// The repository that is worked on, which must be one.
    pub(super) fn repo(&self) -> Result<Repo, CommandError> {
        let repo = self.ws.repo();
        if repo.is_repository()? {
            return Ok(repo);
        }
        let message = format!("{} is no git repository", repo.top().display());
        Err(CommandError::failed(message, "`drm-rust tree` makes linux/; --repo DIR names a clone of Linux"))
    }

    /// The clone that was named, which nobody else works on meanwhile.
    pub(super) fn clone(&self) -> Result<Clone, CommandError> {
        Ok(Clone::open(&self.ws)?)
    }

    /// Writes text for a person, or for a script that reads lines, to standard output.
    pub(super) fn data(&self, text: &str) -> Result<(), CommandError> {
        terminal::data(text).map_err(CommandError::io)
    }

    /// Writes what has a form of its own to standard output: whoever takes it gets it as it is.
    pub(super) fn exact(&self, text: &str) -> Result<(), CommandError> {
        terminal::exact(text).map_err(CommandError::io)
    }

    /// Writes a value to standard output as JSON.
    pub(super) fn json(&self, value: &impl serde::Serialize) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(value).expect("plain data can be written");
        terminal::json(&(text + "\n")).map_err(CommandError::io)
    }

    /// Tells the person something.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            terminal::tell(Mark::None, text);
        }
    }
}

/// Makes sure that the cache is the user's own. Where it cannot be made, whatever needs it tells why.
fn own(cache: &Path) -> Result<(), CommandError> {
    match owned::folder(cache) {
        Ok(()) | Err(OwnError::File(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The checkout that holds a folder.
fn find_root(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    start.ancestors().find(|dir| dir.join("scripts/drm-rust/base.toml").is_file()).map(Path::to_owned)
}

/// The clone that `--repo` names; none where that is `linux/` itself.
fn clone(root: &Option<PathBuf>, dir: PathBuf) -> Option<PathBuf> {
    let linux = root.as_ref().and_then(|root| root.join("linux").canonicalize().ok());
    let is_linux = linux.is_some() && dir.canonicalize().ok() == linux;
    (!is_linux).then_some(dir)
}

fn no_checkout(start: &Path) -> CommandError {
    let message = format!("{} is not inside a checkout of DRM-Rust", start.display());
    CommandError::failed(message, "change to the checkout, or name it with -C DIR")
}

/// The time of the run; `SOURCE_DATE_EPOCH` fixes it.
fn now(epoch: Option<PathBuf>) -> Result<Timestamp, CommandError> {
    let Some(epoch) = epoch else { return Ok(Timestamp::now()) };
    let seconds = epoch.to_str().and_then(|text| text.parse().ok());
    let date = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).filter(|date| is_of_git(*date));
    date.ok_or_else(|| {
        let message = format!("SOURCE_DATE_EPOCH is no number of seconds since 1970: `{}`", epoch.display());
        CommandError::usage(message, "unset it, or set it, for example to what `date +%s` prints")
    })
}

fn command_line(args: impl Iterator<Item = String>) -> String {
    let text = args.collect::<Vec<_>>().join(" ");
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
