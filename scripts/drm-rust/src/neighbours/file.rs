// SPDX-License-Identifier: GPL-2.0-only

//! `trees.toml` as it is written, and what makes it valid.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::url::Address;
use super::{OurTree, Pin, Source, Tree, TreeName, Trees, TreesError};
use crate::git::BranchName;
use crate::git::commit::Identity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    ours: RawOurs,
    #[serde(default)]
    tree: BTreeMap<TreeName, Spanned<Tree>>,
    #[serde(default)]
    tip: Vec<Spanned<RawSource>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOurs {
    identity: Identity,
    tree: Spanned<TreeName>,
    upstream: Spanned<TreeName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    tree: Spanned<TreeName>,
    branch: BranchName,
    pin: Option<Spanned<String>>,
    why: Option<String>,
    #[serde(default)]
    optional: bool,
}

/// Tells what is wrong, and where.
struct Judge<'a> {
    text: &'a str,
    path: &'a str,
}

impl Judge<'_> {
    fn error(&self, span: Range<usize>, message: String, hint: &str) -> TreesError {
        let line = self.text[..span.start.min(self.text.len())].matches('\n').count() + 1;
        TreesError::Sense { path: self.path.to_owned(), line, message, hint: hint.to_owned() }
    }

    fn known<'t>(
        &self,
        name: &Spanned<TreeName>,
        all: &'t BTreeMap<TreeName, Spanned<Tree>>,
    ) -> Result<&'t Spanned<Tree>, TreesError> {
        let names: Vec<&str> = all.keys().map(TreeName::as_str).collect();
        let hint = format!("the trees are {}; a new one is a table `[tree.NAME]`", names.join(", "));
        let unknown = || self.error(name.span(), format!("there is no tree `{}`", name.as_ref()), &hint);
        all.get(name.as_ref()).ok_or_else(unknown)
    }

    /// Every URL leads to one tree, and is one that git may be given.
    fn trees(&self, all: &BTreeMap<TreeName, Spanned<Tree>>) -> Result<(), TreesError> {
        let mut owners: Vec<(Address, &TreeName)> = Vec::new();
        for (name, tree) in all {
            if tree.as_ref().https.is_empty() && tree.as_ref().git.is_empty() && tree.as_ref().ssh.is_empty() {
                let message = format!("the tree `{name}` has no URL");
                return Err(self.error(tree.span(), message, "give it `https`, `ssh` or `git`"));
            }
            for url in tree.as_ref().urls() {
                let Some(address) = Address::of(url) else {
                    let message = format!("`{}` is no URL of a repository", url.escape_debug());
                    let hint = "https, ssh (also as user@host:path), git, file, or an absolute path";
                    return Err(self.error(tree.span(), message, hint));
                };
                match owners.iter().find(|(other, _)| *other == address) {
                    Some((_, owner)) if *owner != name => {
                        let message = format!("the trees `{owner}` and `{name}` have one URL: {url}");
                        return Err(self.error(tree.span(), message, "remotes are told apart by their URLs"));
                    }
                    _ => owners.push((address, name)),
                }
            }
        }
        Ok(())
    }

    fn source(&self, raw: &Spanned<RawSource>, all: &BTreeMap<TreeName, Spanned<Tree>>) -> Result<Source, TreesError> {
        let RawSource { tree, branch, pin, why, optional } = raw.as_ref();
        self.known(tree, all)?;
        let pin = match (pin, why.as_deref().map(str::trim).filter(|why| !why.is_empty())) {
            (None, None) => None,
            (Some(pin), Some(why)) if is_revision(pin.as_ref()) => {
                Some(Pin { revision: pin.as_ref().clone(), reason: why.to_owned() })
            }
            (Some(pin), Some(_)) => {
                let message = format!("`{}` is neither a commit nor a tag", pin.as_ref().escape_debug());
                return Err(self.error(pin.span(), message, "12 to 40 digits of a commit's id, or a tag such as v7.3"));
            }
            (Some(pin), None) => {
                let message = format!("{branch} is pinned without a reason");
                return Err(self.error(pin.span(), message, "say in `why` when the pin can go"));
            }
            (None, Some(_)) => {
                let message = format!("{branch} has a reason for a pin, but no pin");
                return Err(self.error(raw.span(), message, "`why` goes with `pin`"));
            }
        };
        Ok(Source { tree: tree.as_ref().clone(), branch: branch.clone(), pin, optional: *optional })
    }

    fn tip(&self, raw: &Raw) -> Result<Vec<Source>, TreesError> {
        let mut seen = BTreeSet::new();
        let mut tip = Vec::new();
        for entry in &raw.tip {
            let source = self.source(entry, &raw.tree)?;
            if !seen.insert((source.tree.clone(), source.branch.clone())) {
                let message = format!("the tip has {} of {} twice", source.branch, source.tree);
                return Err(self.error(entry.span(), message, "remove one: the order is that of merging"));
            }
            tip.push(source);
        }
        Ok(tip)
    }
}

/// Whether a revision is a commit's id, or the name of a tag.
pub(super) fn is_revision(text: &str) -> bool {
    let is_id = text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    if is_id { (12..=40).contains(&text.len()) } else { text.parse::<BranchName>().is_ok() }
}

/// Reads the text of a file, whose path is for messages.
pub(super) fn parse(text: &str, path: &str) -> Result<Trees, TreesError> {
    let raw: Raw = toml::from_str(text).map_err(|error| {
        let message = error.to_string().trim_end().to_owned();
        TreesError::Syntax { path: path.to_owned(), message }
    })?;
    let judge = Judge { text, path };
    judge.trees(&raw.tree)?;
    let tip = judge.tip(&raw)?;
    let ours = judge.known(&raw.ours.tree, &raw.tree)?;
    let Some(url) = ours.as_ref().https.first() else {
        let hint = "a pull request tells everybody where to pull from: give it `https`";
        return Err(judge.error(ours.span(), "our own tree has no https URL".into(), hint));
    };
    let upstream = judge.known(&raw.ours.upstream, &raw.tree)?;
    let Some(drm_next) = upstream.as_ref().receiver.clone() else {
        let name = raw.ours.upstream.as_ref();
        let hint = format!("give it a table `[tree.{name}.receiver]` with `greeting`, `to` and `cc`");
        return Err(judge.error(upstream.span(), format!("nobody receives pull requests to {name}"), &hint));
    };
    let RawOurs { identity, tree, upstream } = raw.ours;
    let ours = OurTree { identity, tree: tree.into_inner(), upstream: upstream.into_inner(), url: url.clone() };
    let all = raw.tree.into_iter().map(|(name, tree)| (name, tree.into_inner())).collect();
    Ok(Trees { ours, drm_next, all, tip })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::error::Explain;

    pub(crate) const TEXT: &str = r#"# The head.
[ours]
identity = "A B <a@b.example>"
tree = "drm-rust"
upstream = "drm"

[tree.drm-rust]
https = ["https://git.example/rust.git"]
push = ["topic/*"]

# Where it goes.
[tree.drm]
https = ["https://git.example/drm.git"]
ssh = ["git@ssh.git.example:drm.git"]

[tree.drm.receiver]
greeting = "all"
to = ["Drm <drm@lists.example>"]
cc = []

# Fixes first.
[[tip]]
tree = "drm"
branch = "drm-fixes"

[[tip]]
tree = "drm-rust"
branch = "drm-rust-next" # ours
"#;

    #[test]
    fn everything_is_read() {
        let trees = Trees::parse(TEXT, "trees.toml").unwrap();
        assert_eq!(trees.ours.url, "https://git.example/rust.git");
        assert_eq!(trees.drm_next.greeting, "all");
        let tip: Vec<_> = trees.tip.iter().map(|source| format!("{} {}", source.tree, source.branch)).collect();
        assert_eq!(tip, ["drm drm-fixes", "drm-rust drm-rust-next"]);
        assert_eq!(trees.by_url("ssh://git@git.example/drm").unwrap().as_str(), "drm");
        assert_eq!(trees.by_url("https://git.example/other.git"), None);
    }

    #[test]
    fn our_own_file_is_valid() {
        let trees = Trees::parse(include_str!("../../trees.toml"), "trees.toml").unwrap();
        assert!(trees.tip.iter().any(|source| source.tree == trees.ours.tree));
        for name in ["linus", "drm", "drm-misc", "driver-core", "rust", "linux-next"] {
            assert!(trees.all.contains_key(&name.parse().unwrap()), "{name}");
        }
        assert!(trees.all[&trees.ours.tree].may_push(&BranchName::next()));
        let foreign = trees.all.iter().filter(|(name, _)| **name != trees.ours.tree);
        assert!(foreign.into_iter().all(|(_, tree)| !tree.may_push(&BranchName::next())));
    }

    #[track_caller]
    fn refused(old: &str, new: &str, line: usize, part: &str) {
        assert!(TEXT.contains(old), "{old}");
        let error = Trees::parse(&TEXT.replacen(old, new, 1), "trees.toml").unwrap_err();
        let text = error.to_string();
        let place = match error {
            TreesError::Sense { .. } => format!("trees.toml:{line}: "),
            _ => format!("line {line}"),
        };
        assert!(text.contains(&place) && text.contains(part), "{text}");
        assert!(error.hint().is_some());
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        refused("branch = \"drm-fixes\"", "branch = \"drm-fixes\"\nsha = 'x'", 25, "sha");
        refused("push = ", "pushes = ", 9, "pushes");
        refused("[tree.drm]\n", "[tree.drm-rust]\n", 12, "duplicate key");
        refused("tree = \"drm\"\nbranch", "tree = \"dmr\"\nbranch", 23, "no tree `dmr`");
        refused("upstream = \"drm\"", "upstream = \"dmr\"", 5, "no tree `dmr`");
        refused("upstream = \"drm\"", "upstream = \"drm-rust\"", 7, "nobody receives");
        refused("tree = \"drm\"\nbranch = \"drm-fixes\"", "tree='drm-rust'\nbranch='drm-rust-next'", 26, "twice");
        refused("branch = \"drm-fixes\"", "branch = \"--upload-pack\"", 24, "not a branch name");
        refused("\"drm-fixes\"", "\"drm-fixes\"\npin = '0123456789ab'", 25, "without a reason");
        refused("\"drm-fixes\"", "\"drm-fixes\"\nwhy = 'x'", 22, "no pin");
        refused("\"drm-fixes\"", "\"drm-fixes\"\npin = '--all'\nwhy = 'x'", 25, "neither a commit nor a tag");
        refused("\"drm-fixes\"", "\"drm-fixes\"\npin = 'abc'\nwhy = 'x'", 25, "neither a commit nor a tag");
        refused("https://git.example/drm.git", "ext::sh -c id", 12, "is no URL");
        refused("https://git.example/drm.git", "https://git.example/rust", 7, "have one URL");
        refused("[tree.drm]", "[tree.\"drm;id\"]", 12, "no name of a tree");
        refused("https = [\"https://git.example/rust.git\"]", "", 7, "has no URL");
        refused("https = [\"https://git.example/rust.git\"]", "ssh = ['git@git.example:rust']", 7, "no https URL");
    }

    #[test]
    fn a_pin_has_a_reason() {
        let pinned = "branch = \"drm-fixes\"\npin = \"v9.9\"\nwhy = \"the next one is broken\"";
        let trees = Trees::parse(&TEXT.replacen("branch = \"drm-fixes\"", pinned, 1), "t").unwrap();
        let pin = trees.tip[0].pin.clone().unwrap();
        assert_eq!((&*pin.revision, &*pin.reason), ("v9.9", "the next one is broken"));
    }
}
