// SPDX-License-Identifier: GPL-2.0-only

//! What is imported is what git would have added.

use std::fs;
use std::path::Path;
use std::process::Command;

use drm_rust::base::import::{Found, Import, ImportError, import};
use drm_rust::git::Oid;
use drm_rust::git::commit::Commit;
use drm_rust::report::Silent;

use crate::archives::{deb, gz, kernel, tar, xz};

/// Imports an archive into a new folder; gives the commit and its tree.
pub(crate) fn import_into(dir: &Path, archive: &[u8]) -> Result<(Oid, Oid), ImportError> {
    let path = dir.join("archive");
    fs::write(&path, archive).unwrap();
    let commit = |found: &Found| {
        Ok(Commit {
            tree: found.tree,
            parents: Vec::new(),
            author: "DRM-Rust maintainers <maintainers@drm-rust.example>".parse().unwrap(),
            date: 1,
            message: "Linux 9.9\n".into(),
        })
    };
    let what = Import { archive: &path, cuts: &[], commit: &commit, observer: None };
    let (commit, found) = import(&what, &dir.join("base"), &Silent)?;
    Ok((commit, found.tree))
}

fn run(program: &str, dir: &Path, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(dir).env("HOME", dir).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// The tree that tar and git make of a tarball.
fn tree_by_git(tarball: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("k.tar"), tarball).unwrap();
    run("tar", dir.path(), &["xf", "k.tar"]);
    let tree = dir.path().join("linux-9.9");
    run("git", &tree, &["init", "--quiet"]);
    run("git", &tree, &["add", "--all", "--force"]);
    run("git", &tree, &["write-tree"])
}

#[test]
fn every_form_of_an_archive_gives_the_commit_that_git_would_make() {
    let plain = tar(&kernel());
    let expected = tree_by_git(&plain);
    let mut commits = Vec::new();
    let forms = [plain.clone(), gz(&plain), xz(&plain), deb(&xz(&plain)), deb(&plain)];
    for form in forms {
        let dir = tempfile::tempdir().unwrap();
        let (commit, tree) = import_into(dir.path(), &form).unwrap();
        assert_eq!(tree.to_string(), expected);
        commits.push(commit);
    }
    assert!(commits.iter().all(|commit| *commit == commits[0]));
}

#[test]
fn git_finds_nothing_wrong_with_a_pack() {
    let dir = tempfile::tempdir().unwrap();
    let (commit, _) = import_into(dir.path(), &xz(&tar(&kernel()))).unwrap();
    run("git", dir.path(), &["init", "--quiet", "--bare", "repo"]);
    let pack = dir.path().join("repo/objects/pack");
    for extension in ["pack", "idx"] {
        fs::rename(dir.path().join("base").with_extension(extension), pack.join(format!("pack-base.{extension}")))
            .unwrap();
    }
    let repo = dir.path().join("repo");
    run("git", &repo, &["update-ref", "refs/heads/base", &commit.to_string()]);
    run("git", &repo, &["verify-pack", "objects/pack/pack-base.idx"]);
    assert_eq!(run("git", &repo, &["fsck", "--full", "--strict"]), "");
    assert_eq!(run("git", &repo, &["show", "base:lib/up"]), "../Makefile");
    // The index is the one that git itself would write.
    fs::copy(pack.join("pack-base.pack"), dir.path().join("again.pack")).unwrap();
    run("git", &repo, &["index-pack", "--rev-index", "../again.pack"]);
    assert_eq!(fs::read(dir.path().join("again.idx")).unwrap(), fs::read(pack.join("pack-base.idx")).unwrap());
}
