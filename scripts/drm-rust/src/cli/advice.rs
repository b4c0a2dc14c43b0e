// SPDX-License-Identifier: GPL-2.0-only

//! Commands that a person is advised to run: they name the same checkout and the same repository as the command that
//! advises them.
//!
//! Texts name commands as they are run in the top of the checkout and for `linux/`: `drm-rust integrate --tip`,
//! `git -C linux fetch`. This is the one place that makes of them what is right where the person is.

use std::ffi::OsStr;
use std::path::Path;

use clap::ArgMatches;

use drm_rust::process::quote;

use super::{COMMANDS, REPO_COMMANDS};

/// How the program was called, as far as commands that it advises must be called alike.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The checkout, where it was named.
    root: Option<String>,
    /// The repository, where it was named.
    repo: Option<String>,
    /// `linux/`, as it is named from the current directory.
    linux: String,
}

impl Caller {
    /// `root` is the checkout, `here` the current directory.
    pub(super) fn new(matches: &ArgMatches, root: Option<&Path>, here: &Path) -> Caller {
        let option = |name| matches.get_one::<std::path::PathBuf>(name).map(|dir| word(dir.as_os_str()));
        let is_here = |root: &Path| here.canonicalize().is_ok_and(|here| here == root);
        let linux = root.filter(|root| !is_here(root)).map(|root| word(root.join("linux").as_os_str()));
        Caller { root: option("root"), repo: option("repo"), linux: linux.unwrap_or_else(|| "linux".into()) }
    }

    /// A text with its commands as this caller has to run them.
    pub(super) fn advise(&self, text: &str) -> String {
        let repo = self.repo.as_ref().unwrap_or(&self.linux);
        let text = text.replace("git -C linux ", &format!("git -C {repo} "));
        let mut told = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find(PROGRAM) {
            let (before, after) = rest.split_at(at + PROGRAM.len());
            told += before;
            let is_a_word = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || "-_./".contains(c));
            if is_a_word && let Some(takes_repo) = takes_repo(after) {
                self.root.iter().for_each(|root| told += &format!("-C {root} "));
                self.repo.iter().filter(|_| takes_repo).for_each(|repo| told += &format!("--repo {repo} "));
            }
            rest = after;
        }
        told + rest
    }
}

/// What a command begins with.
const PROGRAM: &str = "drm-rust ";

/// Whether the command that a text begins with works on the repository that `--repo` names; none where it begins with
/// no command.
fn takes_repo(text: &str) -> Option<bool> {
    let mut words = text.split(' ').map(|word| {
        let end = word.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(word.len());
        &word[..end]
    });
    let name = words.next()?;
    let entry = COMMANDS.iter().find(|entry| entry.name == name)?;
    let both = format!("{name} {}", words.next().unwrap_or_default());
    Some([entry.name, &both].iter().any(|words| REPO_COMMANDS.contains(words)))
}

/// A path as a word of a shell.
fn word(path: &OsStr) -> String {
    quote(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(root: Option<&str>, repo: Option<&str>, linux: &str) -> Caller {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Caller { root: owned(root), repo: owned(repo), linux: linux.to_owned() }
    }

    #[test]
    fn commands_name_what_was_named() {
        let text = "`drm-rust integrate --tip`, drm-rust tree plan\nor drm-rust tree; git -C linux fetch";
        let told = |root, repo, linux| caller(root, repo, linux).advise(text);
        assert_eq!(told(None, None, "linux"), text);
        assert_eq!(
            told(None, Some("'../my linux'"), "linux"),
            "`drm-rust --repo '../my linux' integrate --tip`, drm-rust --repo '../my linux' tree plan\n\
             or drm-rust tree; git -C '../my linux' fetch"
        );
        assert_eq!(
            told(Some("../c"), None, "/c/linux"),
            "`drm-rust -C ../c integrate --tip`, drm-rust -C ../c tree plan\n\
             or drm-rust -C ../c tree; git -C /c/linux fetch"
        );
    }

    #[test]
    fn every_command_that_works_on_a_repository_is_told_to() {
        let caller = caller(None, Some("X"), "linux");
        for words in REPO_COMMANDS {
            for end in ["", "`", " --option", "\n"] {
                assert_eq!(
                    caller.advise(&format!("`drm-rust {words}{end}")),
                    format!("`drm-rust --repo X {words}{end}")
                );
            }
        }
        for entry in COMMANDS.iter().filter(|entry| !REPO_COMMANDS.contains(&entry.name)) {
            let text = format!("drm-rust {}", entry.name);
            assert_eq!(caller.advise(&text), text);
        }
    }

    #[test]
    fn what_is_no_command_stays() {
        let caller = caller(Some("Y"), Some("X"), "Y/linux");
        for text in ["another drm-rust is at work", "topic/drm-rust tree", "drm-rust --repo DIR ...", "ä drm-rust", ""]
        {
            assert_eq!(caller.advise(text), text);
        }
    }
}
