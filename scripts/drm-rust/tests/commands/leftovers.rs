// SPDX-License-Identifier: GPL-2.0-only

//! Files beside overlay and manifests that nobody means: what editors leave, what git ignores; and odd names.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::env::{ALPHA, Env};

/// What is found beside a file called `alpha.rs` or `alpha.toml`.
const LEFT: [&str; 21] = [
    ".FILE.swp",
    ".FILE.swo",
    ".FILE.un~",
    "FILE~",
    "#FILE#",
    ".#FILE",
    "FILE.orig",
    "FILE.rej",
    ".FILE.kate-swp",
    ".DS_Store",
    "._FILE",
    "4913",
    "FILE___jb_tmp___",
    "FILE___jb_old___",
    ".goutputstream-A1B2C3",
    ".~lock.FILE#",
    ".nfs0000000012345",
    ".fuse_hidden000012",
    ".drm-rust-a1b2c3",
    ".FILE.swa",
    "FILE.rs~",
];

fn leave(path: &Path) {
    let _ = fs::remove_file(path);
    match path.file_name().unwrap().to_str().unwrap().starts_with(".#") {
        // Emacs locks a file by a link that leads nowhere.
        true => symlink("tester@host.1234:1700000000", path).unwrap(),
        false => fs::write(path, "left\n").unwrap(),
    }
}

#[test]
fn what_editors_leave_stops_nothing() {
    let env = Env::with_alpha();
    // Also where no base says yet what is ignored.
    for round in ["tree", "again"] {
        for (dir, file) in [("rust/kernel", "alpha.rs"), ("scripts/drm-rust/topics/rust", "alpha.toml")] {
            for name in LEFT {
                let name = name.replace("FILE", file);
                leave(&env.root().join(dir).join(&name));
            }
        }
        fs::create_dir_all(env.root().join("rust/new")).unwrap();
        leave(&env.root().join("rust/new/.x.rs.swp"));
        env.run(&["tree"]).ok();
        let status = env.run(&["status"]).ok();
        assert!(!status.stdout.contains("not committed"), "{status}");
        let said = env.run(&["absorb", "rust/alpha"]).ok().stderr;
        assert!(said.contains("nothing that the manifest lacks"), "{round}: {said}");
    }
    assert_eq!(env.linux_git(&["ls-tree", "-r", "--name-only", "drm-rust-next", "rust/kernel"]).lines().count(), 2);
}

#[test]
fn what_the_base_ignores_is_ignored_and_nothing_else() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    for name in ["alpha.o", ".alpha.o.d", ".hidden/file"] {
        env.write(&format!("rust/kernel/{name}"), "");
    }
    env.run(&["tree"]).ok();
    env.write("rust/kernel/stray.rs", "");
    env.write("scripts/drm-rust/topics/rust/Stray", "");
    let run = env.run(&["tree"]);
    assert!(run.code == 1 && run.stderr.contains("topics/rust/Stray: is not named like a topic"), "{run}");
    env.remove("scripts/drm-rust/topics/rust/Stray");
    let run = env.run(&["tree"]);
    assert!(run.code == 1 && run.stderr.contains("rust/kernel/stray.rs: no topic claims this file"), "{run}");
}

#[test]
fn what_git_tracks_is_no_leftover() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    env.write("rust/kernel/alpha.rs.orig", "");
    env.commit("by mistake");
    let run = env.run(&["tree"]);
    assert!(run.code == 1 && run.stderr.contains("alpha.rs.orig: no topic claims this file"), "{run}");
}

/// What a topic claims counts, whatever the rules of this person are: others get the same commits.
#[test]
fn a_claimed_file_is_never_ignored() {
    let refs = |prepare: fn(&Env)| {
        let env = Env::with_alpha();
        env.topic("rust/alpha", &ALPHA.replace("alpha.rs\"]", "alpha.rs\", \"rust/kernel/.beta.o\"]"));
        env.write("rust/kernel/.beta.o", "beta\n");
        prepare(&env);
        env.run(&["tree"]).ok();
        env.linux_git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"])
    };
    let plain = refs(|_| ());
    let rules = |env: &Env| {
        fs::write(env.home().join("ignore"), "*.rs\n*.o\n").unwrap();
        let path = env.home().join("ignore").display().to_string();
        env.git(&["config", "--global", "core.excludesFile", &path]);
        env.git(&["rm", "--quiet", "--cached", "rust/kernel/alpha.rs"]);
    };
    assert_eq!(refs(rules), plain);
    let info = |env: &Env| fs::write(env.root().join(".git/info/exclude"), "/rust/\n").unwrap();
    assert_eq!(refs(info), plain);
}

#[test]
fn names_that_cannot_be_told_are_told_escaped() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let path = env.root().join(OsStr::from_bytes(b"rust/kernel/b\xe9ta.rs"));
    fs::write(&path, "").unwrap();
    insta::assert_snapshot!(env.run(&["tree"]), @r"
    ----- stderr
    error: 1 problem in the topics:
      rust/kernel/b\xe9ta.rs: the name is not in UTF-8
        hint: rename the file, or remove it
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ----- exit 1
    ");
    env.git(&["add", "--all"]);
    assert_eq!(env.run(&["tree"]).code, 1, "a tracked one, too");
    fs::remove_file(&path).unwrap();
    env.run(&["tree"]).ok();
    fs::write(env.root().join(OsStr::from_bytes(b"scripts/drm-rust/topics/rust/b\xe9ta.toml")), "").unwrap();
    let run = env.run(&["tree"]);
    assert!(run.code == 1 && run.stderr.contains(r"topics/rust/b\xe9ta.toml: the name is not in UTF-8"), "{run}");
}

#[test]
fn names_that_differ_only_in_case_are_told() {
    let env = Env::with_alpha();
    env.topic("rust/alpha", &ALPHA.replace("alpha.rs\"]", "alpha.rs\", \"rust/kernel/Alpha.rs\"]"));
    env.write("rust/kernel/Alpha.rs", "");
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: 1 problem in the topics:
      scripts/drm-rust/topics/rust/alpha.toml: rust/kernel/alpha.rs differs from rust/kernel/Alpha.rs only in case
        hint: choose another name: some file systems hold only one of the two
    hint: Documentation/rust/drm-rust/manifests.rst describes every key
    ----- exit 1
    ");
}
