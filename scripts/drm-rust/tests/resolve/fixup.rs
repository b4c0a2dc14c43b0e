// SPDX-License-Identifier: GPL-2.0-only

//! Fixups, next to what `git apply --index` does in a work tree.

use std::fs;

use drm_rust::git::Oid;
use drm_rust::git::objects::Objects;
use drm_rust::resolve::fixup::{Fixed, Fixups, Patched, apply};

use crate::repo::Repo;

fn lines(range: std::ops::Range<usize>) -> String {
    range.map(|n| format!("line {n}\n")).collect()
}

/// A branch `fixed` that changes `main` in every way that a patch can.
fn repo() -> Repo {
    let repo = Repo::new();
    let text = lines(0..30);
    let files =
        [("a/b/text", &*text), ("a/gone", "x\n"), ("a/sub/only", "y\n"), ("a/long name", &text), ("mode", "m\n")];
    repo.branch("main", "", &files.map(|(path, content)| (path, Some(content))));
    repo.branch("fixed", "main", &[("a/b/text", Some(&text.replace("line 7\n", "seven\n"))), ("a/gone", None)]);
    repo.write("new/dir/file", "new\n");
    repo.write("binary", b"\0\x01\x02");
    fs::remove_dir_all(repo.path("a/sub")).unwrap();
    repo.git(&["mv", "a/long name", "\u{e4}\" \t"]);
    repo.git(&["add", "--all"]);
    repo.git(&["update-index", "--chmod=+x", "mode"]);
    std::os::unix::fs::symlink("mode", repo.path("link")).unwrap();
    repo.git(&["add", "link"]);
    repo.git(&["commit", "--quiet", "--message", "fixed"]);
    repo
}

fn tree(repo: &Repo, rev: &str) -> Oid {
    repo.git(&["rev-parse", &format!("{rev}^{{tree}}")]).parse().unwrap()
}

fn objects(repo: &Repo) -> Objects {
    Objects::new(&drm_rust::git::Repo::at(repo.path("")))
}

#[test]
fn a_patch_gives_the_tree_that_git_gives() {
    let repo = repo();
    for format in [&["diff", "--binary", "main", "fixed"][..], &["format-patch", "--stdout", "main..fixed"]] {
        let patch = repo.try_git(format).stdout;
        let mut objects = objects(&repo);
        let main = tree(&repo, "main");
        assert_eq!(apply(&mut objects, main, &patch).unwrap(), Patched::Tree(tree(&repo, "fixed")));
        assert_eq!(apply(&mut objects, tree(&repo, "fixed"), &patch).unwrap(), Patched::NotNeeded);
    }
}

#[test]
fn a_patch_that_does_not_fit_is_reported() {
    let repo = repo();
    let patch = repo.try_git(&["diff", "--binary", "main", "fixed"]).stdout;
    repo.branch("other", "main", &[("a/b/text", Some(&lines(0..30).replace("line 8\n", "eight\n")))]);
    let outcome = apply(&mut objects(&repo), tree(&repo, "other"), &patch).unwrap();
    assert_eq!(
        outcome,
        Patched::DoesNotApply("error: patch failed: a/b/text:5\nerror: a/b/text: patch does not apply".into())
    );
    // A file that the patch makes is there, or a folder of it is a file.
    repo.branch("there", "main", &[("new", Some("a file\n"))]);
    let outcome = apply(&mut objects(&repo), tree(&repo, "there"), &patch).unwrap();
    assert!(matches!(outcome, Patched::DoesNotApply(_)), "{outcome:?}");
    let outside = "--- a/../../x\n+++ b/../../x\n@@ -0,0 +1 @@\n+x\n";
    let link = "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/tmp\n\\ No newline at end of file\n";
    let through =
        format!("{link}diff --git a/l/x b/l/x\nnew file mode 100644\n--- /dev/null\n+++ b/l/x\n@@ -0,0 +1 @@\n+x\n");
    for bad in ["", "no patch\n", outside, &through] {
        let outcome = apply(&mut objects(&repo), tree(&repo, "main"), bad.as_bytes()).unwrap();
        assert!(matches!(outcome, Patched::DoesNotApply(_)), "{bad:?}: {outcome:?}");
    }
}

#[test]
fn fixups_are_found_by_their_branch() {
    let repo = repo();
    let patch = String::from_utf8(repo.try_git(&["diff", "--binary", "main", "fixed"]).stdout).unwrap();
    let blob = repo.git_with(&["hash-object", "-w", "--stdin"], &patch).parse().unwrap();
    let at = drm_rust::git::Repo::at(repo.path(""));
    let mut fixups = Fixups::new(&at, [("topic/a/b".to_owned(), blob)].into());
    let mut objects = objects(&repo);
    assert!(fixups.has("topic/a/b") && !fixups.has("topic/a"));
    assert_eq!(fixups.fix("topic/a", tree(&repo, "main"), &mut objects).unwrap(), Fixed::Nothing);
    let note = "fixups/topic/a/b.patch applied".to_owned();
    let fixed = fixups.fix("topic/a/b", tree(&repo, "main"), &mut objects).unwrap();
    assert_eq!(fixed, Fixed::Applied { tree: tree(&repo, "fixed"), note });
    let notice = fixups.fix("topic/a/b", tree(&repo, "fixed"), &mut objects).unwrap();
    assert_eq!(notice, Fixed::Notice("fixups/topic/a/b.patch is no longer needed: the tree has all of it".into()));
}
