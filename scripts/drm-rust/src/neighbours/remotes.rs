// SPDX-License-Identifier: GPL-2.0-only

//! The remotes of a repository as its configuration has them, and which trees they are.

use super::url::Address;
use super::{Tree, TreeName};
use crate::git::{BranchName, GitError, Repo, damage};

/// A remote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    /// Its name.
    pub name: String,
    /// Its URLs.
    pub urls: Vec<String>,
    /// What it fetches: refspecs.
    pub fetch: Vec<String>,
}

impl Remote {
    /// Whether it is this tree.
    pub fn is(&self, tree: &Tree) -> bool {
        let ours: Vec<Address> = self.urls.iter().filter_map(|url| Address::of(url)).collect();
        tree.urls().filter_map(Address::of).any(|address| ours.contains(&address))
    }

    /// The reference that it keeps a branch in; none where it does not fetch the branch.
    pub fn tracks(&self, branch: &BranchName) -> Option<String> {
        let full = branch.full();
        let specs = || self.fetch.iter().map(|spec| spec.trim_start_matches('+'));
        if specs().filter_map(|spec| spec.strip_prefix('^')).any(|pattern| matched(pattern, &full).is_some()) {
            return None;
        }
        specs().filter_map(|spec| spec.split_once(':')).find_map(|(from, to)| {
            let middle = matched(from, &full)?;
            Some(to.replacen('*', middle, 1)).filter(|name| !name.is_empty())
        })
    }
}

/// What the `*` of a pattern stands for in a name; empty where there is none.
fn matched<'a>(pattern: &str, name: &'a str) -> Option<&'a str> {
    match pattern.split_once('*') {
        Some((start, end)) => name.strip_prefix(start)?.strip_suffix(end),
        None => (pattern == name).then_some(""),
    }
}

/// The remotes that are a tree, in the order of the configuration.
pub fn of_tree<'a>(remotes: &'a [Remote], tree: &Tree) -> Vec<&'a Remote> {
    remotes.iter().filter(|remote| remote.is(tree)).collect()
}

/// The command that adds a tree as a remote.
pub fn add_line(name: &TreeName, tree: &Tree) -> String {
    format!("git -C linux remote add {name} {}", tree.urls().next().unwrap_or_default())
}

impl Repo {
    /// The remotes, with `url.<base>.insteadOf` applied.
    pub fn remotes(&self) -> Result<Vec<Remote>, GitError> {
        let pattern = r"^(remote\..*\.(url|fetch)|url\..*\.insteadof)$";
        // Nothing matches: code 1.
        let output = damage::answer(&self.git(["config", "--null", "--get-regexp", pattern]))?;
        Ok(read(&String::from_utf8_lossy(&output.stdout)))
    }
}

/// Reads the answer of `git config --null --get-regexp`.
fn read(text: &str) -> Vec<Remote> {
    let entries = || text.split('\0').filter_map(|entry| entry.split_once('\n'));
    let between = |key: &str, start: &str, end: &str| Some(key.strip_prefix(start)?.strip_suffix(end)?.to_owned());
    let bases: Vec<(String, &str)> =
        entries().filter_map(|(key, value)| Some((between(key, "url.", ".insteadof")?, value))).collect();
    let mut remotes: Vec<Remote> = Vec::new();
    for (key, value) in entries() {
        let (name, is_url) = match (between(key, "remote.", ".url"), between(key, "remote.", ".fetch")) {
            (Some(name), _) => (name, true),
            (_, Some(name)) => (name, false),
            _ => continue,
        };
        let i = remotes.iter().position(|remote| remote.name == name).unwrap_or_else(|| {
            remotes.push(Remote { name, ..Remote::default() });
            remotes.len() - 1
        });
        match is_url {
            true => remotes[i].urls.push(instead(value, &bases)),
            false => remotes[i].fetch.push(value.to_owned()),
        }
    }
    remotes
}

/// A URL with the longest prefix replaced that `insteadOf` names.
fn instead(url: &str, bases: &[(String, &str)]) -> String {
    let fitting = bases.iter().filter(|(_, prefix)| url.starts_with(prefix));
    match fitting.max_by_key(|(_, prefix)| prefix.len()) {
        Some((base, prefix)) => format!("{base}{}", &url[prefix.len()..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_are_read_with_their_aliases() {
        let text = "remote.origin.url\nkorg:torvalds/linux\0remote.origin.fetch\n+refs/heads/*:refs/remotes/origin/*\0\
                    url.https://git.kernel.org/pub/.insteadof\nkorg:\0url.x.insteadof\nk\0\
                    remote.a.b.url\n/srv/a\0remote.a.b.url\n/srv/b\0remote.odd.tagopt\n--tags\0";
        let remotes = read(text);
        assert_eq!(remotes[0].urls, ["https://git.kernel.org/pub/torvalds/linux"]);
        assert_eq!(remotes[0].fetch, ["+refs/heads/*:refs/remotes/origin/*"]);
        assert_eq!((&*remotes[1].name, remotes[1].urls.len(), remotes.len()), ("a.b", 2, 2));
        assert_eq!(read(""), []);
    }

    #[test]
    fn refspecs_tell_where_a_branch_is() {
        let track = |specs: &[&str], branch: &str| {
            let fetch = specs.iter().map(|spec| (*spec).to_owned()).collect();
            Remote { fetch, ..Remote::default() }.tracks(&branch.parse().unwrap())
        };
        let all = "+refs/heads/*:refs/remotes/drm/*";
        assert_eq!(track(&[all], "drm-next").unwrap(), "refs/remotes/drm/drm-next");
        assert_eq!(track(&[all], "topic/a/b").unwrap(), "refs/remotes/drm/topic/a/b");
        assert_eq!(track(&["refs/heads/x:refs/remotes/drm/y"], "x").unwrap(), "refs/remotes/drm/y");
        assert_eq!(track(&["refs/heads/x:refs/remotes/drm/y"], "xx"), None);
        assert_eq!(track(&[all, "^refs/heads/topic/*"], "topic/a"), None);
        assert_eq!(track(&["refs/heads/*"], "a"), None);
        assert_eq!(track(&[], "a"), None);
    }
}
