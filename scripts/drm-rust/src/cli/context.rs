// SPDX-License-Identifier: GPL-2.0-only

//! The surroundings of a command: where the checkout is, where output goes, what the environment says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ArgMatches;
use jiff::Timestamp;

use drm_rust::clone::Clone;
use drm_rust::config::is_of_git;
use drm_rust::git::{GitError, Repo};
use drm_rust::owned::{self, OwnError};
use drm_rust::process::quote;
use drm_rust::tree::status::imported_base;
use drm_rust::workspace::Workspace;

use super::advice::Caller;
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
    caller: Caller,
    quiet: bool,
    begun: Instant,
}

/// Folders that the environment names for this program and for those that it starts, each in a folder of its own.
const FOLDERS: [&str; 4] = ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"];

/// Where the program was started, and which checkout that means.
pub(super) struct Place {
    /// The current directory.
    pub(super) here: PathBuf,
    /// The folder that the checkout is to hold.
    start: PathBuf,
    /// The checkout.
    pub(super) root: Option<PathBuf>,
}

impl Place {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks where it is")]
    pub(super) fn new(matches: &ArgMatches) -> Result<Place, CommandError> {
        let here = std::env::current_dir().map_err(CommandError::io)?;
        let start = matches.get_one::<PathBuf>("root").map_or(here.clone(), |dir| here.join(dir));
        Ok(Place { root: find_root(&start), here, start })
    }
}

impl Context {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(super) fn new(matches: &ArgMatches, place: Place, caller: Caller) -> Result<Self, CommandError> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let Place { here, start, root } = place;
        // Help for shells needs no checkout.
        let needs_root = !matches!(matches.subcommand_name(), Some("completions" | "man"));
        if needs_root {
            if root.is_none() {
                return Err(no_checkout(&start));
            }
            for name in FOLDERS {
                is_absolute(name, variable(name))?;
            }
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
            clone: None,
            root: top,
            cache,
            now: now(variable("SOURCE_DATE_EPOCH"))?,
            command: command_line(std::env::args_os().skip(1)),
        };
        let visible = !quiet && terminal::is_watched();
        Ok(Context { ws, here, caller, progress: Progress::new(visible, quiet), quiet, begun: Instant::now() })
    }

    /// The time now, by the clock of the run.
    pub(super) fn time(&self) -> Timestamp {
        self.ws.now.checked_add(self.begun.elapsed()).unwrap_or(self.ws.now)
    }

    /// Takes the clone that `--repo` names in place of `linux/`; that itself may be named, too.
    pub(super) fn find_clone(&mut self, matches: &ArgMatches) -> Result<(), CommandError> {
        let Some(dir) = matches.get_one::<PathBuf>("repo") else { return Ok(()) };
        let repo = Repo::find(&self.here.join(dir))?;
        let is =
            |top: &Path| repo.top().canonicalize().is_ok_and(|named| top.canonicalize().is_ok_and(|top| top == named));
        if is(&self.ws.root) {
            let message = format!("{} is of the checkout of DRM-Rust, which is no clone of Linux", dir.display());
            return Err(CommandError::failed(message, "leave out --repo to work on linux/, or name a clone"));
        }
        self.ws.clone = (!is(self.ws.linux().top())).then_some(repo);
        Ok(())
    }

    /// The repository that is worked on, which must be one.
    pub(super) fn repo(&self) -> Result<Repo, CommandError> {
        let repo = self.ws.repo();
        match repo.is_repository()? {
            true => Ok(repo),
            false => Err(GitError::NoRepository(repo.top().display().to_string()).into()),
        }
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

    /// Tells the person something that names commands to run.
    pub(super) fn advise(&self, text: &str) {
        self.say(&self.caller.advise(text));
    }

    /// Tells that others cannot apply what stands on the base of `linux/`, if they have no such commit.
    pub(super) fn warn_of_base(&self) -> Result<(), CommandError> {
        if self.ws.clone.is_none()
            && let Some(base) = imported_base(&self.ws.linux())?
        {
            let base = base.short();
            self.say(&format!(
                "note: no public tree has {base}, on which this stands: before it is sent, \
                 `drm-rust tree --base git:CLONE#REV` puts it onto a commit that others have"
            ));
        }
        Ok(())
    }

    /// Tells the person an error, where the command goes on.
    pub(super) fn report(&self, error: &CommandError) {
        error.report(Some(&self.caller));
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

/// Whether a folder of the environment is the same wherever a program looks from.
fn is_absolute(name: &str, value: Option<PathBuf>) -> Result<(), CommandError> {
    let Some(path) = value.filter(|path| path.is_relative()) else { return Ok(()) };
    let message = format!("{name} is `{}`, which is another folder for each program", path.display());
    let hint = format!("give the whole path: export {name}=\"$PWD\"/{}", quote(&path.to_string_lossy()));
    Err(CommandError::usage(message, hint))
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

fn command_line(args: impl Iterator<Item = OsString>) -> String {
    let text = args.map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
