// SPDX-License-Identifier: GPL-2.0-only

//! A person settles conflicts in a scratch work tree, with git.

use std::fs;
use std::path::Path;
use std::process::Command;

use drm_rust::git::Oid;
use drm_rust::git::treeobj::Mode;
use drm_rust::resolve::record::MergeOf;
use drm_rust::resolve::scratch::Scratch;

use crate::merges::conflicts;
use crate::store::{branches, wanted};

fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(dir).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn merge() -> MergeOf {
    MergeOf { branch: "theirs".into(), ours: Oid::from_bytes([1; 20]), theirs: Oid::from_bytes([2; 20]) }
}

#[test]
fn conflicts_are_settled_with_an_editor_and_git() {
    let repo = branches();
    let found = conflicts(&repo, "ours", "theirs");
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a/b");
    assert!(Scratch::open(&dir).unwrap().is_none());
    let scratch = Scratch::create(&dir, merge(), &found).unwrap();
    insta::assert_snapshot!(git(&dir, &["status", "--short"]), @"
    UU binary
    AA both
    DU gone
    DD old
    AU one
    UU text
    UA two
    ");
    insta::assert_snapshot!(scratch.left().unwrap().join(" "), @"binary both gone old one text two");
    assert!(git(&dir, &["status"]).contains("You have unmerged paths"));
    assert_eq!(
        fs::read(dir.join("text")).unwrap(),
        *found.iter().find(|(c, _)| c.path == "text").unwrap().1.marked.as_ref().unwrap()
    );
    // An editor is enough where there are markers.
    for path in ["text", "both"] {
        fs::write(dir.join(path), wanted(path).unwrap().1).unwrap();
    }
    let scratch = Scratch::open(&dir).unwrap().unwrap();
    insta::assert_snapshot!(scratch.left().unwrap().join(" "), @"binary gone old one two");
    for path in ["binary", "gone", "two"] {
        fs::write(dir.join(path), wanted(path).unwrap().1).unwrap();
        git(&dir, &["add", path]);
    }
    git(&dir, &["rm", "--quiet", "old", "one"]);
    assert!(scratch.left().unwrap().is_empty());
    assert_eq!(*scratch.merge(), merge());
    let settled = scratch.settled().unwrap();
    assert_eq!(settled.len(), found.len());
    for (settled, (conflict, contents)) in settled.iter().zip(&found) {
        assert_eq!((&settled.conflict, &settled.contents), (conflict, contents));
        let entry = settled.entry.as_ref().map(|(mode, text)| (*mode, text.as_slice()));
        assert_eq!(entry, wanted(&conflict.path), "{}", conflict.path);
    }
    scratch.remove().unwrap();
    assert!(!dir.exists());
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "").unwrap();
    let Err(error) = Scratch::create(folder.path(), merge(), &[]) else { panic!("made") };
    assert!(error.to_string().ends_with("is there already, and holds no conflicts"));
    assert!(folder.path().join("mine").exists());
}

#[test]
fn nothing_is_written_outside() {
    let repo = branches();
    let (mut conflict, contents) = conflicts(&repo, "ours", "theirs").remove(5);
    for bad in ["../evil", "a/../../evil", ".git/hooks/x", "/tmp/evil"] {
        let folder = tempfile::tempdir().unwrap();
        conflict.path = bad.into();
        let found = [(conflict.clone(), contents.clone())];
        assert!(Scratch::create(&folder.path().join("x"), merge(), &found).is_err(), "{bad}");
        assert!(!folder.path().join("evil").exists() && !folder.path().join("x/.git/hooks").exists());
    }
    let submodule = Some((Mode::Submodule, Oid::from_bytes([1; 20])));
    conflict = drm_rust::merge::Conflict { path: "sub".into(), ours: submodule, ..conflict };
    let folder = tempfile::tempdir().unwrap();
    assert!(Scratch::create(&folder.path().join("x"), merge(), &[(conflict, contents)]).is_err());
}
