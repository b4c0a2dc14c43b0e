// SPDX-License-Identifier: GPL-2.0-only

//! Conflicts of real merges are recorded, stored, and settled again.

use std::fs;

use drm_rust::git::Oid;
use drm_rust::git::commit::Commit;
use drm_rust::git::objects::Objects;
use drm_rust::git::treeobj::Mode;
use drm_rust::merge::{Conflict, Contents, Resolver};
use drm_rust::resolve::dir::{self, Imported};
use drm_rust::resolve::record::{MergeOf, Record, Tombstone};
use drm_rust::resolve::recorded::Recorded;
use drm_rust::resolve::store::{Added, Store};

use crate::merges::conflicts;
use crate::repo::Repo;

/// Two branches with conflicts of every kind.
pub(crate) fn branches() -> Repo {
    let repo = Repo::new();
    let lines = |word: &str| format!("1\n2\n{word}\n4\n5\n");
    repo.write("binary", b"base\0");
    repo.branch("main", "", &[("text", Some(&lines("base"))), ("gone", Some("a\nb\n")), ("old", Some(&lines("o")))]);
    repo.branch("ours", "main", &[("text", Some(&lines("ours"))), ("gone", None), ("both", Some("ours\n"))]);
    repo.write("binary", b"ours\0");
    repo.git(&["mv", "old", "one"]);
    repo.branch("ours", "", &[]);
    repo.branch("theirs", "main", &[("text", Some(&lines("theirs"))), ("gone", Some("a\nc\n")), ("both", Some("t\n"))]);
    repo.write("binary", b"theirs\0");
    repo.git(&["mv", "old", "two"]);
    repo.branch("theirs", "", &[]);
    repo
}

/// How a person settles each of them.
pub(crate) fn wanted(path: &str) -> Option<(Mode, &'static [u8])> {
    Some((
        Mode::File,
        match path {
            "text" => b"1\n2\nours and theirs\n4\n5\n",
            "both" => b"ours\nt\n",
            "binary" => b"both\0",
            "gone" => b"a\nb and c\n",
            "two" => b"1\n2\no\n4\n5\n",
            _ => return None,
        },
    ))
}

fn record(path: &str, message: &str) -> Record {
    let oid = |n| Oid::from_bytes([n; 20]);
    Record {
        path: path.into(),
        conflict: message.trim().into(),
        who: "A Person <person@drm-rust.example>".parse().unwrap(),
        why: "both are needed".into(),
        date: "2026-01-02T03:04:05Z".parse().unwrap(),
        merge: Some(MergeOf { branch: "theirs".into(), ours: oid(1), theirs: oid(2) }),
    }
}

/// A store with all of these conflicts settled, as a commit.
fn store(repo: &Repo, found: &[(Conflict, Contents)]) -> (Store, Oid) {
    let mut objects = Objects::new(&drm_rust::git::Repo::at(repo.path("")));
    let mut store = Store::default();
    for (conflict, contents) in found {
        let record = record(&conflict.path, &conflict.message);
        let (_, added) = store.record(&mut objects, conflict, contents, wanted(&conflict.path), record).unwrap();
        assert_eq!(added, Added::New);
    }
    let commit = commit(&mut objects, &store);
    (store, commit)
}

fn commit(objects: &mut Objects, store: &Store) -> Oid {
    let author = "A Person <person@drm-rust.example>".parse().unwrap();
    let tree = store.write(objects);
    let commit = objects.write_commit(&Commit { tree, parents: vec![], author, date: 0, message: "store\n".into() });
    objects.flush().unwrap();
    commit
}

fn of(repo: &Repo) -> drm_rust::git::Repo {
    drm_rust::git::Repo::at(repo.path(""))
}

#[test]
fn every_kind_of_conflict_is_settled_as_it_was_recorded() {
    let repo = branches();
    let found = conflicts(&repo, "ours", "theirs");
    let kinds: Vec<String> = found.iter().map(|(c, _)| format!("{} {}", c.path, c.kind)).collect();
    insta::assert_snapshot!(kinds.join("\n"), @"
    binary CONFLICT (contents)
    both CONFLICT (contents)
    gone CONFLICT (modify/delete)
    old CONFLICT (rename/rename)
    one CONFLICT (rename/rename)
    text CONFLICT (contents)
    two CONFLICT (rename/rename)
    ");
    let (store, commit) = store(&repo, &found);
    assert_eq!(Store::load(&mut Objects::new(&of(&repo)), Some(commit)).unwrap(), store);
    for (ours, theirs) in [("ours", "theirs"), ("theirs", "ours")] {
        let mut recorded = Recorded::new(&of(&repo), Some(commit)).unwrap();
        for (conflict, contents) in conflicts(&repo, ours, theirs) {
            let resolution = recorded.resolve(&conflict, &contents).unwrap().unwrap();
            let entry = resolution.entry.as_ref().map(|(mode, text)| (*mode, text.as_slice()));
            assert_eq!(entry, wanted(&conflict.path), "{}", conflict.path);
            assert!(resolution.note.starts_with(&format!("{}: resolved as recorded (", conflict.path)));
        }
        assert_eq!(recorded.used.len(), found.len());
    }
    let mut empty = Recorded::new(&of(&repo), None).unwrap();
    assert_eq!(empty.resolve(&found[0].0, &found[0].1).unwrap(), None);
}

#[test]
fn git_uses_what_is_exported_and_what_git_recorded_is_imported() {
    let repo = branches();
    let found = conflicts(&repo, "ours", "theirs");
    let (store, _) = store(&repo, &found);
    let mut objects = Objects::new(&of(&repo));
    let cache = repo.path(".git/rr-cache");
    assert_eq!(dir::export(&mut objects, &store, &cache).unwrap(), 2);
    assert_eq!(dir::export(&mut objects, &store, &cache).unwrap(), 0);
    repo.git(&["checkout", "--quiet", "-f", "ours"]);
    assert!(!repo.try_git(&["merge", "theirs"]).status.success());
    for path in ["text", "both"] {
        assert_eq!(Some((Mode::File, repo.read(path).as_slice())), wanted(path));
    }
    // A conflict that git waits to see settled, and a folder that is none.
    fs::create_dir(cache.join("0123456789012345678901234567890123456789")).unwrap();
    fs::write(cache.join("0123456789012345678901234567890123456789/preimage"), "x").unwrap();
    fs::create_dir(cache.join("notes")).unwrap();
    let mut imported = Store::default();
    let outcome = dir::import(&mut objects, &mut imported, &repo.path(".git")).unwrap();
    assert_eq!(outcome, Imported { new: 2, known: 0, forgotten: 0, others: 2 });
    let names: Vec<_> = imported.resolutions.keys().cloned().collect();
    assert!(names.iter().all(|name| store.resolutions.contains_key(name)));
    let (who, date) = ("A Person <a@drm-rust.example>".parse().unwrap(), "2020-01-01T00:00:00Z".parse().unwrap());
    imported.forget(&names[0], Tombstone { who, why: "wrong".into(), date });
    let outcome = dir::import(&mut objects, &mut imported, &cache).unwrap();
    assert_eq!(outcome, Imported { new: 0, known: 1, forgotten: 1, others: 2 });
}

#[test]
fn two_resolutions_of_one_conflict_are_variants_that_git_knows_too() {
    let repo = branches();
    let found = conflicts(&repo, "ours", "theirs");
    let (one, _) = store(&repo, &found);
    let mut objects = Objects::new(&of(&repo));
    let mut two = Store::default();
    let (conflict, contents) = found.iter().find(|(conflict, _)| conflict.path == "text").unwrap();
    let entry: Option<(Mode, &[u8])> = Some((Mode::File, b"1\n2\nother\n4\n5\n"));
    let later = Record { date: "2026-02-01T00:00:00Z".parse().unwrap(), ..record("text", "") };
    let (id, _) = two.record(&mut objects, conflict, contents, entry, later).unwrap();
    let both = Store::union(&Store::default(), &one, &two).unwrap();
    assert_eq!(both.variants(id).len(), 2);
    let cache = repo.path(".git/rr-cache");
    dir::export(&mut objects, &both, &cache).unwrap();
    assert!(cache.join(format!("{id}/postimage.1")).exists());
    // The older one fits, and git takes it too.
    let commit = commit(&mut objects, &both);
    let settled = Recorded::new(&of(&repo), Some(commit)).unwrap().resolve(conflict, contents).unwrap().unwrap();
    repo.git(&["checkout", "--quiet", "-f", "ours"]);
    assert!(!repo.try_git(&["merge", "theirs"]).status.success());
    assert_eq!(settled.entry, Some((Mode::File, repo.read("text"))));
    assert_eq!(Some((Mode::File, repo.read("text").as_slice())), wanted("text"));
}

#[test]
fn what_still_has_markers_is_refused() {
    let repo = branches();
    let found = conflicts(&repo, "ours", "theirs");
    let mut objects = Objects::new(&of(&repo));
    let (conflict, contents) = found.iter().find(|(conflict, _)| conflict.path == "text").unwrap();
    let marked = contents.marked.as_ref().unwrap();
    let entry = Some((Mode::File, marked.as_slice()));
    let error = Store::default().record(&mut objects, conflict, contents, entry, record("text", "")).unwrap_err();
    assert_eq!(error.to_string(), "the conflict in text is not settled yet");
}
