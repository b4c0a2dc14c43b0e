// SPDX-License-Identifier: GPL-2.0-only

//! What can be said about topics without looking at the base.

use std::collections::BTreeSet;

use super::manifest::{Manifest, Patch};
use super::overlay::{self, path_error};
use super::subject::{self, Finding};
use super::{Problem, Topics, manifest_path, owners};
use crate::git::{TopicName, person};

/// Checks all topics against each other and against the overlay files that there are.
pub fn validate(topics: &Topics, present: &[String]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, manifest) in topics {
        let mut say = |key: String, message: String, hint: &str| {
            problems.push(Problem { file: manifest_path(name), key, message, hint: hint.into() });
        };
        check_head(manifest, &mut say);
        check_requires(name, manifest, topics, &mut say);
        for (i, patch) in manifest.patches.iter().enumerate() {
            check_patch(manifest, patch, &format!("patch[{i}]"), &mut say);
        }
    }
    problems.extend(check_claims(topics, present));
    problems.extend(overlay::collisions(topics));
    problems.extend(cycles(topics));
    problems
}

type Say<'a> = &'a mut dyn FnMut(String, String, &str);

fn check_head(manifest: &Manifest, say: Say<'_>) {
    if manifest.title.trim().is_empty() || manifest.title.contains('\n') {
        say("title".into(), "is not one line".into(), "say what the topic is, in one line");
    }
    if manifest.summary.trim().is_empty() {
        say("summary".into(), "is empty".into(), "say what the topic adds and why: it goes into the pull request");
    }
}

fn check_requires(name: &TopicName, manifest: &Manifest, topics: &Topics, say: Say<'_>) {
    for (i, required) in manifest.requires.iter().enumerate() {
        let key = format!("requires[{i}]");
        if required == name {
            say(key, "the topic requires itself".into(), "remove it");
        } else if !topics.contains_key(required) {
            say(key, format!("there is no topic {required}"), "`drm-rust topic list` shows the topics");
        } else if manifest.requires[..i].contains(required) {
            say(key, format!("{required} is required twice"), "remove one");
        }
    }
}

fn check_patch(manifest: &Manifest, patch: &Patch, at: &str, say: Say<'_>) {
    if let Some(finding) = subject::findings(&patch.subject).into_iter().find(|finding| !finding.is_style) {
        let Finding { message, hint, .. } = finding;
        say(format!("{at}.subject"), format!("{message}: `{}`", patch.subject.escape_debug()), hint);
    }
    let author = manifest.author_of(patch);
    if person::sign_off((&author.name, &author.mail), manifest.trailers_of(patch)).is_none() {
        let hint = format!(
            "add \"Signed-off-by: {author}\", in the author's name only (see the Developer's Certificate of Origin)"
        );
        say(format!("{at}.trailers"), format!("no Signed-off-by of the author {author}"), &hint);
    }
    for trailer in manifest.trailers_of(patch) {
        if !is_trailer(trailer) {
            say(format!("{at}.trailers"), format!("`{trailer}` is no trailer"), "write `Key-words: value` in one line");
        }
    }
    if patch.is_empty() {
        say(at.to_owned(), "the patch changes nothing".into(), "give it `files` or an [[patch.edit]], or remove it");
    }
    for (key, path) in paths(patch) {
        if let Some(message) = path_error(path) {
            let message = format!("`{}` {message}", path.escape_debug());
            say(format!("{at}.{key}"), message, "use the path that it has in Linux");
        }
    }
    for (i, edit) in patch.edits.iter().enumerate() {
        if let Err((key, message, hint)) = edit.check() {
            let key = if key.is_empty() { String::new() } else { format!(".{key}") };
            say(format!("{at}.edit[{i}]{key}"), message, &hint);
        }
    }
}

/// Every path of a patch, with its key.
fn paths(patch: &Patch) -> Vec<(String, &str)> {
    let mut paths: Vec<(String, &str)> = Vec::new();
    let key = |list: &str, k: usize, rest: &str| format!("{list}[{k}]{rest}");
    paths.extend(patch.files.iter().enumerate().map(|(k, file)| (key("files", k, ""), file.as_str())));
    paths.extend(patch.deletes.iter().enumerate().map(|(k, delete)| (key("delete", k, ".file"), delete.file.as_str())));
    for (k, rename) in patch.renames.iter().enumerate() {
        paths.push((key("rename", k, ".from"), &rename.from));
        paths.push((key("rename", k, ".to"), &rename.to));
    }
    paths.extend(patch.edits.iter().enumerate().map(|(k, edit)| (key("edit", k, ".file"), edit.file.as_str())));
    paths
}

pub(super) fn is_trailer(text: &str) -> bool {
    let key = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match text.split_once(": ") {
        Some((name, value)) => {
            !name.is_empty() && name.chars().all(key) && !value.trim().is_empty() && !text.contains('\n')
        }
        None => false,
    }
}

/// Every overlay file is added by one patch, and what later patches do to it fits.
fn check_claims(topics: &Topics, overlay: &[String]) -> Vec<Problem> {
    // Where topics are in a circle, there is no order to follow.
    let Ok(order) = order(topics) else { return Vec::new() };
    let (owners, mut problems) = owners::follow(topics, &order);
    let overlay: BTreeSet<&str> = overlay.iter().map(String::as_str).collect();
    for (file, origin) in owners.iter().filter(|(file, _)| !overlay.contains(file.as_str())) {
        problems.push(Problem {
            file: manifest_path(&origin.topic),
            key: format!("patch[{}].files", origin.patch),
            message: format!("{file} does not exist"),
            hint: "write the file, or correct its path".into(),
        });
    }
    for file in overlay.iter().filter(|file| !owners.contains_key(**file)) {
        problems.push(Problem {
            file: (*file).to_owned(),
            key: String::new(),
            message: "no topic claims this file".into(),
            hint: "add it to `files` of the patch that adds it, or remove it".into(),
        });
    }
    problems
}

fn cycles(topics: &Topics) -> Option<Problem> {
    let name = order(topics).err()?;
    Some(Problem {
        file: manifest_path(&name),
        key: "requires".into(),
        message: "the topic requires itself, by way of others".into(),
        hint: "cut the circle: move what both need into a topic of its own".into(),
    })
}

/// The topics in the order in which they are merged: what is required comes first, else by name.
/// The error is a topic on a circle.
pub fn order(topics: &Topics) -> Result<Vec<TopicName>, TopicName> {
    fn visit(
        name: &TopicName,
        topics: &Topics,
        open: &mut BTreeSet<TopicName>,
        done: &mut Vec<TopicName>,
    ) -> Result<(), TopicName> {
        if done.contains(name) {
            return Ok(());
        }
        if !open.insert(name.clone()) {
            return Err(name.clone());
        }
        let requires = topics.get(name).map(|manifest| manifest.requires.clone()).unwrap_or_default();
        for required in requires.iter().filter(|required| *required != name && topics.contains_key(*required)) {
            visit(required, topics, open, done)?;
        }
        open.remove(name);
        done.push(name.clone());
        Ok(())
    }
    let mut done = Vec::new();
    for name in topics.keys() {
        visit(name, topics, &mut BTreeSet::new(), &mut done)?;
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn topics(requires: &[(&str, &[&str])]) -> Topics {
        let manifest = |requires: &[&str]| {
            let text = format!("title='t'\nsummary='s'\nauthor='A <a@b.example>'\nrequires={requires:?}\n");
            Manifest::parse(&text).unwrap()
        };
        requires.iter().map(|(name, requires)| (name.parse().unwrap(), manifest(requires))).collect()
    }

    #[test]
    fn required_topics_come_first() {
        let topics = topics(&[("a/a", &["z/z"]), ("b/b", &[]), ("z/z", &["b/b"])]);
        let order: Vec<_> = order(&topics).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(order, ["b/b", "z/z", "a/a"]);
    }

    #[test]
    fn circles_are_named() {
        let topics = topics(&[("a/a", &["b/b"]), ("b/b", &["a/a"])]);
        let problems = validate(&topics, &[]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].message.contains("requires itself"), "{:?}", problems);
    }

    #[test]
    fn unknown_and_double_requirements() {
        let topics = topics(&[("a/a", &["x/x", "b/b", "b/b"]), ("b/b", &[])]);
        let keys: Vec<_> = validate(&topics, &[]).into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["requires[0]", "requires[2]"]);
    }

    /// Whether a topic is reached from what it requires, found by following every path.
    fn requires_itself(edges: &[(usize, usize)], start: usize) -> bool {
        let mut reached = BTreeSet::new();
        let mut next: Vec<usize> = vec![start];
        while let Some(at) = next.pop() {
            next.extend(edges.iter().filter(|(from, to)| *from == at && reached.insert(*to)).map(|(_, to)| *to));
        }
        reached.contains(&start)
    }

    proptest! {
        #[test]
        fn any_order_respects_what_is_required(
            edges in prop::collection::vec((0..7_usize, 0..7_usize).prop_filter("a topic and another", |(a, b)| a != b), 0..12)
        ) {
            let names: Vec<String> = (0..7).map(|i| format!("a/t{i}")).collect();
            let required = |i| edges.iter().filter(move |(from, _)| *from == i).map(|(_, to)| names[*to].as_str());
            let lists: Vec<Vec<&str>> = (0..7).map(|i| required(i).collect()).collect();
            let rows: Vec<(&str, &[&str])> = names.iter().zip(&lists).map(|(n, l)| (n.as_str(), l.as_slice())).collect();
            match order(&topics(&rows)) {
                Ok(order) => {
                    prop_assert_eq!(order.len(), 7);
                    let at = |i: usize| order.iter().position(|name| name.as_str() == names[i]).unwrap();
                    for (from, to) in &edges {
                        prop_assert!(at(*to) < at(*from), "{} comes before {}", names[*to], names[*from]);
                    }
                }
                Err(name) => {
                    let i = names.iter().position(|n| n == name.as_str()).unwrap();
                    prop_assert!(requires_itself(&edges, i), "{name} is on a circle");
                }
            }
        }
    }
}
