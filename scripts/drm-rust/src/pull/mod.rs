// SPDX-License-Identifier: GPL-2.0-only

//! Taking in what other trees have: their pull requests, backmerges, and fixes branches that move forward.
//!
//! All of it is for a person's clone, and all of it is complete before a branch moves.

pub mod backmerge;
mod error;
pub mod fast_forward;
mod merge;
pub mod pick;
pub mod place;
mod request;
mod signature;
mod tag;

use std::collections::BTreeSet;

use crate::check::scope::{self, Patch};
use crate::clone::{Clone, Merge};
use crate::git::objects::Objects;
use crate::git::remote::{PROTOCOLS, PUBLIC_PROTOCOLS};
use crate::git::{BranchName, Oid, treeobj};
use crate::mailbox::pull::{Reference, Request};
use crate::neighbours::Trees;
use crate::neighbours::url::Address;
use crate::report::{Reporter, Unit};
use crate::review::{self, Overrides, Report, Stage};
use crate::tip::preview::Clash;
use crate::topic::paths;
pub use error::PullError;
use merge::Merged;
use request::History;
use tag::Tag;

/// The checks that a pull makes besides those of commits.
pub const GATES: &[&str] = &["signature", "signer", "tag", "files", "end", "base", "cover", "diffstat"];

/// Where what was fetched is looked at before anything has it.
const SCRATCH: &str = "refs/drm-rust/pull";

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Asked {
    /// What a mail says.
    Mail(Box<Request>),
    /// A tag of a repository.
    Tag {
        /// The repository.
        url: String,
        /// The tag.
        tag: String,
    },
}

impl Asked {
    /// A tag of a repository, as the command line names them.
    pub fn tag(url: &str, tag: &str) -> Result<Asked, PullError> {
        if Address::of(url).is_none() {
            return Err(PullError::Odd(url.to_owned(), "URL of a repository"));
        }
        let name = tag.strip_prefix("refs/tags/").unwrap_or(tag);
        match name.parse::<BranchName>() {
            Ok(_) => Ok(Asked::Tag { url: url.to_owned(), tag: name.to_owned() }),
            Err(_) => Err(PullError::Odd(tag.to_owned(), "name of a tag")),
        }
    }

    fn url(&self) -> &str {
        match self {
            Asked::Mail(request) => &request.url,
            Asked::Tag { url, .. } => url,
        }
    }

    fn name(&self) -> Result<&str, PullError> {
        match self {
            Asked::Tag { tag, .. } => Ok(tag),
            Asked::Mail(request) => match &request.reference {
                Reference::Tag(tag) => Ok(tag),
                Reference::Branch(branch) => Err(PullError::Branch(branch.clone())),
            },
        }
    }
}

/// What to pull, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is asked for.
    pub asked: Asked,
    /// Where it is merged.
    pub into: BranchName,
    /// Only look.
    pub dry_run: bool,
    /// The checks that need not pass.
    pub overrides: Overrides,
    /// Files that may come although a build, an editor or CI would execute them.
    pub allow: Vec<String>,
}

/// What a pull came to.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// What was checked.
    pub reports: Vec<Report>,
    /// What conflicts.
    pub clash: Option<Clash>,
    /// What is merged.
    pub end: Oid,
    /// The merge's message.
    pub message: String,
    /// The merge, where the branch has moved.
    pub merge: Option<Oid>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Fetches, checks and merges.
pub fn pull(clone: &Clone, trees: &Trees, options: &Options, reporter: &dyn Reporter) -> Result<Pulled, PullError> {
    let (url, name) = (options.asked.url(), options.asked.name()?);
    // A person may name a repository of this machine; a mail may not.
    let protocols = if matches!(options.asked, Asked::Mail(_)) { PUBLIC_PROTOCOLS } else { PROTOCOLS };
    reporter.begin(&format!("fetching {name}"), None, Unit::Items);
    let fetched = clone.repo.fetch_ref(url, &format!("refs/tags/{name}"), SCRATCH, protocols);
    reporter.end();
    let (what, at) = (format!("the tag {name}"), url.to_owned());
    fetched.map_err(|source| PullError::Fetch { what, url: at, source })?;
    let pulled = Job { clone, trees, options, url, name }.run();
    // What is not merged is garbage.
    clone.repo.git(["update-ref", "-d", SCRATCH]).detached().output().map_err(crate::git::GitError::from)?;
    pulled
}

struct Job<'a> {
    clone: &'a Clone,
    trees: &'a Trees,
    options: &'a Options,
    url: &'a str,
    name: &'a str,
}

impl Job<'_> {
    fn run(&self) -> Result<Pulled, PullError> {
        let Options { into, overrides, asked, .. } = self.options;
        let repo = &self.clone.repo;
        let ours = self.clone.branch(into)?;
        let tag = Tag::read(repo, SCRATCH)?;
        if repo.is_ancestor(tag.commit, ours)? {
            return Err(PullError::Nothing(into.clone(), self.name.to_owned()));
        }
        let patches = scope::between(repo, &ours.to_string(), &tag.commit.to_string(), false)?;
        let (tree, clash) = match self.clone.merge(into, self.name, tag.commit)? {
            Merged::Clean(tree) => (Some(tree), None),
            Merged::Conflicts(clash) => (None, Some(clash)),
        };
        let mut gates = vec![
            ("signature", tag.unsigned.clone()),
            ("signer", self.strangers(&tag)),
            ("tag", tag.misnamed(self.name)),
            ("files", self.executed(ours, tree, &patches)?),
        ];
        if let Asked::Mail(request) = asked {
            gates.extend(request::compare(&History { repo, tag: &tag, ours, merged: tree }, request)?);
        }
        let gate = |(name, details)| Report::gate(name, patches.len(), details, overrides);
        let mut reports: Vec<Report> = gates.into_iter().map(gate).collect();
        reports.extend(review::review(&patches, repo, Stage::Pull, overrides)?);
        let message = self.message(&tag, &reports)?;
        let notes = self.notes(&tag);
        let mut pulled = Pulled { reports, clash, end: tag.commit, message, merge: None, notes };
        let Some(tree) = tree.filter(|_| !self.options.dry_run && review::failed(&pulled.reports).is_empty()) else {
            return Ok(pulled);
        };
        let object = tag.object.as_deref();
        let merge =
            self.clone.write(&Merge { tree, ours, theirs: tag.commit, tag: object, message: &pulled.message })?;
        self.clone.advance(into, Some(ours), merge, &format!("drm-rust: pull {}", self.name))?;
        pulled.merge = Some(merge);
        Ok(pulled)
    }

    /// New files that are executed without anybody having read them. Where nothing conflicts, merges hide none.
    fn executed(&self, ours: Oid, merged: Option<Oid>, patches: &[Patch]) -> Result<Vec<String>, PullError> {
        let mut files: BTreeSet<String> = patches.iter().flat_map(|patch| patch.added.clone()).collect();
        if let Some(merged) = merged {
            let mut objects = Objects::new(&self.clone.repo);
            let before = objects.tree_of(ours)?;
            let new = treeobj::diff(&mut objects, before, merged)?.into_iter().filter(|(_, (old, _))| old.is_none());
            files = new.map(|(path, _)| String::from_utf8_lossy(&path).into_owned()).collect();
        }
        let asked = files.iter().filter(|file| !self.options.allow.contains(file));
        Ok(asked.filter_map(|file| Some(format!("{file}: {}", paths::executed(file, &[])?))).collect())
    }

    /// A tree may name who signs its tags: then nobody else does.
    fn strangers(&self, tag: &Tag) -> Vec<String> {
        let Some(name) = self.trees.by_url(self.url) else { return Vec::new() };
        let signers = &self.trees.all[name].signers;
        // Without a signature there is nothing to compare; that is told already.
        let Some(signature) = tag.signature.as_ref().filter(|_| !signers.is_empty()) else { return Vec::new() };
        match signature.ids().any(|id| signers.iter().any(|signer| signer.is(id))) {
            true => Vec::new(),
            false => vec![format!("trees.toml names others as signers of {name}, not {}", signature.who())],
        }
    }

    fn notes(&self, tag: &Tag) -> Vec<String> {
        let url = self.url;
        let tree = match self.trees.by_url(url) {
            Some(tree) if self.trees.all[tree].signers.is_empty() => {
                format!("{url} is {tree}; trees.toml does not say who signs its tags, so whoever your git trusts may")
            }
            Some(tree) => format!("{url} is {tree}"),
            None => format!("{url} is no tree of scripts/drm-rust/trees.toml"),
        };
        let signed = tag.signature.as_ref().filter(|_| tag.unsigned.is_empty());
        std::iter::once(tree).chain(signed.map(|signature| format!("signed by {}", signature.who()))).collect()
    }

    /// The cover text with where it came from.
    fn message(&self, tag: &Tag, reports: &[Report]) -> Result<String, PullError> {
        let subject = format!("Merge tag '{}' of {} into {}", self.name, self.url, self.options.into);
        let mut trailers = self.clone.repo.sign_off()?;
        if let Asked::Mail(request) = &self.options.asked {
            let (name, mail) = &request.from;
            let name = if name.is_empty() { mail } else { name };
            trailers += &format!("From: {name} <{mail}>\nLink: https://patch.msgid.link/{}\n", request.id);
        }
        let overridden = review::overridden(reports);
        let parts = [subject.as_str(), &tag.message, overridden.trim_end(), &trailers];
        Ok(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n"))
    }
}
