// SPDX-License-Identifier: GPL-2.0-only

//! A `linux/` that is damaged is told as that: nothing is made of what is left, and nothing happens in the repository
//! around it.

use std::fs;

use crate::env::Env;
use crate::integrate;

/// Ways to damage `linux/.git`, as a shell has them there.
const DAMAGES: [(&str, &str); 12] = [
    ("no HEAD", "rm HEAD"),
    ("an empty HEAD", ": >HEAD"),
    ("a HEAD of garbage", "echo garbage >HEAD"),
    ("no objects", "rm -rf objects"),
    ("objects without files", "find objects -type f -delete"),
    ("no branches", "rm -rf refs"),
    ("an empty branch", "git pack-refs --all --no-prune; : >refs/heads/topic/rust/alpha"),
    ("an empty op log", "git pack-refs --all --no-prune; : >refs/drm-rust/oplog"),
    ("garbage in packed-refs", "echo garbage >packed-refs"),
    ("garbage in the configuration", "echo '[bad' >>config"),
    ("a .git that names no place", "cd .. && rm -rf .git && echo 'gitdir: /nowhere' >.git"),
    ("a .git of nothing", "cd .. && rm -rf .git && mkdir .git"),
];

const COMMANDS: [&[&str]; 9] = [
    &["status"],
    &["tree"],
    &["integrate", "--tip"],
    &["absorb", "rust/alpha"],
    &["undo"],
    &["forward", "--dry-run"],
    &["topic", "show", "rust/alpha"],
    &["cherry-pick", "drm-rust-next^2", "--into", "drm-rust-fixes"],
    &["cite", "drm-rust-next"],
];

/// Whether a command needs nothing of what is damaged: the manifest is no part of `linux/`, and one reference is not all.
fn needs_none(what: &str, command: &[&str]) -> bool {
    let is_one = ["an empty branch", "an empty op log"].contains(&what);
    command[0] == "topic" || is_one && ["cite", "cherry-pick"].contains(&command[0])
}

/// What the repository around `linux/` has.
fn around(env: &Env) -> String {
    [&["for-each-ref"][..], &["ls-files", "--stage"], &["status", "--porcelain"]].map(|args| env.git(args)).join("\n\n")
}

#[test]
fn damage_is_told_and_nothing_happens_elsewhere() {
    let sound = Env::with_alpha();
    // Names that the repository around has, too, so that a git that finds it would take them.
    sound.git(&["branch", "drm-rust-next"]);
    sound.git(&["branch", "drm-rust-fixes"]);
    sound.git(&["branch", "base"]);
    sound.run(&["tree"]).ok();
    // An operation that could be undone.
    sound.write("rust/kernel/alpha.rs", "//! Alpha, and more.\n");
    sound.run(&["tree"]).ok();
    for (what, script) in DAMAGES {
        let env = sound.copy();
        let git = env.root().join("linux/.git");
        assert!(env.command("sh").args(["-c", script]).current_dir(&git).status().unwrap().success(), "{what}");
        let before = around(&env);
        for command in COMMANDS {
            let run = env.run(command);
            let told = ["damaged", "is no git repository"].iter().any(|words| run.stderr.contains(words));
            let is_told = run.code == 1 && told && run.stderr.contains("hint: ");
            assert!(is_told || needs_none(what, command) && run.code < 70, "{what}: {command:?}\n{run}");
            assert_eq!(around(&env), before, "{what}: {command:?}");
        }
    }
}

/// What is lost, and the commands that need it: git finds a commit, a tree and a file missing at different times.
const LOST: [(&str, &[&[&str]]); 4] = [
    ("topic/rust/alpha", &[&["status"], &["tree"], TIP, &["absorb", "rust/alpha"], &["cite", "topic/rust/alpha"]]),
    ("topic/rust/alpha^{tree}", &[&["status"], &["tree"], TIP, &["forward", "--dry-run"]]),
    ("topic/rust/alpha:rust/kernel", &[&["tree"]]),
    ("base:rust/kernel/lib.rs", &[&["tree"]]),
];

const TIP: &[&str] = &["integrate", "--tip"];

/// Takes the packs apart, so that single objects can be lost.
const UNPACK: &str = "mkdir all && mv objects/pack/*.pack all && rm -f objects/pack/* && \
                      for pack in all/*; do git unpack-objects -q <$pack || exit; done && rm -r all";

#[test]
fn objects_that_are_lost_are_told() {
    let sound = integrate::env();
    let git = |env: &Env| env.root().join("linux/.git");
    assert!(sound.command("sh").args(["-c", UNPACK]).current_dir(git(&sound)).status().unwrap().success());
    // Nothing is wrong yet.
    sound.run(&["tree"]).ok();
    for (object, commands) in LOST {
        let env = sound.copy();
        let id = env.linux_git(&["rev-parse", object]);
        fs::remove_file(git(&env).join("objects").join(&id[..2]).join(&id[2..])).unwrap();
        env.write("rust/kernel/alpha.rs", "//! Changed.\n");
        let before = env.refs();
        for command in commands {
            let run = env.run(command);
            let told = ["damaged", "lacks the object"].iter().any(|words| run.stderr.contains(words));
            assert!(run.code == 1 && told && run.stderr.contains("hint: "), "{object}: {command:?}\n{run}");
            assert_eq!(env.refs(), before, "{object}: {command:?}");
        }
    }
}
