// SPDX-License-Identifier: GPL-2.0-only

//! Resolutions: listed, shown, forgotten, taken in and given out.

use std::fs;

use drm_rust::git::treeobj::Mode;
use drm_rust::merge::{Conflict, Contents, Resolver};
use drm_rust::resolve::branch;
use drm_rust::resolve::record::MergeOf;
use drm_rust::resolve::recorded::Recorded;
use drm_rust::resolve::scratch::Scratch;
use drm_rust::workspace::Workspace;

use crate::env::{Env, hide_ids};

const ID: &str = "926133105e31f617cc54391d3e20dbea186fdfea";

/// A checkout with a tree, and a folder as dim keeps its rr-cache.
fn env() -> Env {
    let env = Env::with_alpha();
    env.git(&["config", "user.name", "Tester"]);
    env.run(&["tree"]).ok();
    let cache = env.root().join("build/cache/rr-cache").join(ID);
    fs::create_dir_all(&cache).unwrap();
    fs::write(cache.join("preimage"), "a\n<<<<<<<\n1\n=======\n2\n>>>>>>>\nb\n").unwrap();
    fs::write(cache.join("postimage"), "a\n1\n2\nb\n").unwrap();
    env
}

#[test]
fn a_cache_is_taken_in_and_given_out_unchanged() {
    let env = env();
    insta::assert_snapshot!(env.run(&["resolution", "list"]).ok(), @"
    ----- stderr
    no resolution is recorded
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "import", "build/cache"]).ok(), @"
    ----- stderr
    1 resolution taken in
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "import", "build/cache/rr-cache"]).ok(), @"
    ----- stderr
    0 resolutions taken in
    known already: 1
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "list"]).ok(), @"
    926133105e31  (nothing is known about it)
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "show", "9261"]).ok(), @"
    resolution 926133105e31f617cc54391d3e20dbea186fdfea-59dffa7a5407
        @@ -1,7 +1,4 @@
         a
        -<<<<<<<
         1
        -=======
         2
        ->>>>>>>
         b
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "export", "build/out"]).ok(), @"
    ----- stderr
    1 resolution written to $DIR/checkout/build/out
    ----- exit 0
    ");
    let read = |dir: &str, file: &str| fs::read(env.root().join(dir).join(ID).join(file)).unwrap();
    for file in ["preimage", "postimage"] {
        assert_eq!(read("build/out", file), read("build/cache/rr-cache", file));
        let spec = format!("drm-rust-rerere:rr-cache/{ID}/{file}");
        assert_eq!(env.linux_git(&["show", &spec]) + "\n", String::from_utf8(read("build/out", file)).unwrap());
    }
    insta::assert_snapshot!(env.linux_git(&["log", "--format=%an: %s", "drm-rust-rerere"]), @"Tester: import build/cache");
}

#[test]
fn what_is_forgotten_does_not_come_back() {
    let env = env();
    env.run(&["resolution", "import", "build/cache"]).ok();
    insta::assert_snapshot!(env.run(&["resolution", "forget", "92613310", "--why", "loses 2"]).ok(), @"
    ----- stderr
    forgotten: 926133105e31
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "import", "build/cache"]).ok(), @"
    ----- stderr
    0 resolutions taken in
    forgotten before, and they stay so: 1
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "list", "--json"]).ok(), @"
    []
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "forget", "92613310", "--why", "again"]), @"
    ----- stderr
    error: no resolution belongs to `92613310`
    hint: `drm-rust resolution list` tells the ids, the branches and the paths
    ----- exit 1
    ");
    // An undo brings it back, and other commands leave the branch alone.
    env.run(&["undo"]).ok();
    env.run(&["tree"]).ok();
    assert!(env.run(&["resolution", "show", ID]).ok().stdout.starts_with(&format!("resolution {ID}-")));
}

#[test]
fn two_branches_are_joined_and_tombstones_win() {
    let env = env();
    env.run(&["resolution", "import", "build/cache"]).ok();
    env.linux_git(&["branch", "theirs", "drm-rust-rerere"]);
    env.run(&["undo"]).ok();
    let other = "0123456789012345678901234567890123456789";
    let cache = env.root().join("build/other").join(other);
    fs::create_dir_all(&cache).unwrap();
    fs::write(cache.join("preimage"), "<<<<<<<\n1\n=======\n>>>>>>>\n").unwrap();
    fs::write(cache.join("postimage"), "1\n").unwrap();
    env.run(&["resolution", "import", "build/other"]).ok();
    insta::assert_snapshot!(env.run(&["resolution", "join", "theirs"]).ok(), @"
    ----- stderr
    2 resolutions now, 1 before
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "list"]).ok(), @"
    012345678901  (nothing is known about it)
    926133105e31  (nothing is known about it)
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["resolution", "join", "theirs"]).ok(), @"
    ----- stderr
    nothing there that is not known
    ----- exit 0
    ");
    env.run(&["resolution", "forget", "9261", "--why", "wrong"]).ok();
    // Their branch goes on from before, and still has it.
    env.linux_git(&["branch", "-f", "both", "drm-rust-rerere~1"]);
    let tree = env.linux_git(&["rev-parse", "both^{tree}"]);
    let commit = env.linux_git(&["commit-tree", "-p", "both", "-m", "on", &tree]);
    insta::assert_snapshot!(env.run(&["resolution", "join", &commit]).ok().stderr, @"1 resolution now, 1 before");
    insta::assert_snapshot!(env.linux_git(&["ls-tree", "-r", "--name-only", "drm-rust-rerere"]), @"
    forgotten/926133105e31f617cc54391d3e20dbea186fdfea-59dffa7a5407.toml
    rr-cache/0123456789012345678901234567890123456789/postimage
    rr-cache/0123456789012345678901234567890123456789/preimage
    ");
    insta::assert_snapshot!(env.run(&["resolution", "join", "no-such-branch"]), @"
    ----- stderr
    error: there is no commit `no-such-branch` in $DIR/checkout/linux
    hint: give a branch, a tag or a commit id that exists there
    ----- exit 1
    ");
    assert_eq!(env.linux_git(&["log", "--format=%p", "-1", "drm-rust-rerere"]).split(' ').count(), 2);
}

/// A conflict of a file, with its contents in `linux/`.
fn conflict(env: &Env) -> (Conflict, Contents) {
    let side = |text: &str| {
        env.write("build/side", text);
        let oid = env.linux_git(&["hash-object", "-w", "../build/side"]).parse().unwrap();
        Some((Mode::File, oid))
    };
    let [base, ours, theirs, marked] = ["0\n", "1\n", "2\n", "<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n"];
    let (kind, message) = ("CONFLICT (contents)".into(), "CONFLICT (content): Merge conflict in a/b.rs\n".into());
    let [base, ours, theirs, marked] =
        [base, ours, theirs, marked].map(|text| (side(text), Some(text.as_bytes().to_vec())));
    let conflict = Conflict {
        path: "a/b.rs".into(),
        base: base.0,
        ours: ours.0,
        theirs: theirs.0,
        marked: marked.0.map(|(_, oid)| oid),
        kind,
        message,
    };
    (conflict, Contents { base: base.1, ours: ours.1, theirs: theirs.1, marked: marked.1 })
}

#[test]
fn a_conflict_is_settled_recorded_shown_and_settled_again() {
    let env = env();
    let ws = Workspace {
        root: env.root(),
        clone: None,
        cache: env.cache(),
        now: "2026-03-04T05:06:07Z".parse().unwrap(),
        command: "integrate --resolve topic/rust/alpha".into(),
    };
    let (conflict, contents) = conflict(&env);
    let commit = |name| env.linux_git(&["rev-parse", name]).parse().unwrap();
    let merge = MergeOf { branch: "topic/rust/alpha".into(), ours: commit("base"), theirs: commit("topic/rust/alpha") };
    let dir = env.root().join("build/resolve");
    let scratch = Scratch::create(&dir, merge, &[(conflict.clone(), contents.clone())]).unwrap();
    let who = "A Person <person@drm-rust.example>".parse().unwrap();
    let error = scratch.record(&ws, &who, "both").unwrap_err();
    assert_eq!(error.to_string(), "the conflict in a/b.rs is not settled yet");
    env.write("build/resolve/a/b.rs", "1 and 2\n");
    let (added, tip) = scratch.record(&ws, &who, "both are needed").unwrap();
    assert_eq!(added.len(), 1);
    assert_eq!(tip, branch::tip(&ws.linux()).unwrap());
    insta::assert_snapshot!(env.run(&["resolution", "list"]).ok(), @"
    926133105e31  2026-03-04 a/b.rs for topic/rust/alpha by A Person
    ----- exit 0
    ");
    insta::assert_snapshot!(hide_ids(&env.run(&["resolution", "show", "topic/rust/alpha"]).ok().to_string()), @"
    resolution 926133105e31f617cc54391d3e20dbea186fdfea-b9bedd49f4e0
    path:     a/b.rs
    conflict: CONFLICT (content): Merge conflict in a/b.rs
    merge:    topic/rust/alpha ID into ID
    who:      A Person <person@drm-rust.example>
    date:     2026-03-04T05:06:07Z
    why:      both are needed
        @@ -1,5 +1 @@
        -<<<<<<<
        -1
        -=======
        -2
        ->>>>>>>
        +1 and 2
    ----- exit 0
    ");
    insta::assert_snapshot!(hide_ids(&env.run(&["op", "log", "-n", "1"]).ok().stdout), @"ID  2026-03-04 05:06:07  integrate --resolve topic/rust/alpha");
    let settled = Recorded::new(&ws.linux(), tip).unwrap().resolve(&conflict, &contents).unwrap().unwrap();
    assert_eq!(settled.entry, Some((Mode::File, b"1 and 2\n".to_vec())));
    insta::assert_snapshot!(settled.note, @"a/b.rs: resolved as recorded (926133105e31)");
}

#[test]
fn without_a_tree_there_is_a_hint() {
    let env = Env::new();
    insta::assert_snapshot!(env.run(&["resolution", "list"]), @"
    ----- stderr
    error: there is no tree yet: $DIR/checkout/linux is missing
    hint: `drm-rust tree` makes it
    ----- exit 1
    ");
}
