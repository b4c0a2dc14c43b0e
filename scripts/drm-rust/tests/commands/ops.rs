// SPDX-License-Identifier: GPL-2.0-only

//! Transactions: op log, undo, and two runs at once.

use std::fs::File;

use crate::env::{Env, hide_ids};

fn branches(env: &Env) -> String {
    env.linux_git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"])
}

fn alpha(env: &Env, text: &str) -> String {
    env.write("rust/kernel/alpha.rs", &format!("//! {text}\n"));
    env.run(&["tree"]).ok();
    branches(env)
}

#[test]
fn undo_walks_back_and_can_return() {
    let env = Env::with_alpha();
    let one = alpha(&env, "one");
    let two = alpha(&env, "two");
    let three = alpha(&env, "three");
    let log = env.run(&["op", "log"]).ok().stdout;
    let newest = log.split(' ').next().unwrap().to_owned();
    let run = env.run(&["undo"]).ok();
    insta::assert_snapshot!(hide_ids(&run.stderr), @"
    back to ID: tree
    drm-rust-next: ID -> ID
    topic/rust/alpha: ID -> ID
    ");
    assert_eq!(branches(&env), two);
    assert_eq!(std::fs::read_to_string(env.linux("rust/kernel/alpha.rs")).unwrap(), "//! two\n");
    env.run(&["op", "undo"]).ok();
    assert_eq!(branches(&env), one);
    insta::assert_snapshot!(env.run(&["undo"]), @"
    ----- stderr
    error: there is nothing to undo: this was the first operation
    hint: `drm-rust op log` lists the operations
    ----- exit 1
    ");
    env.run(&["undo", &newest]).ok();
    assert_eq!(branches(&env), three);
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
    insta::assert_snapshot!(hide_ids(&env.run(&["op", "log"]).ok().stdout), @"
    ID  2026-01-02 00:00:00  undo ID
    ID  2026-01-02 00:00:00  op undo
    ID  2026-01-02 00:00:00  undo
    ID  2026-01-02 00:00:00  tree
    ID  2026-01-02 00:00:00  tree
    ID  2026-01-02 00:00:00  tree
    ");
    insta::assert_snapshot!(env.run(&["undo", "feedbeef"]), @"
    ----- stderr
    error: there is no operation `feedbeef`
    hint: `drm-rust op log` lists the operations
    ----- exit 1
    ");
}

#[test]
fn tree_after_undo_applies_the_overlay_again() {
    let env = Env::with_alpha();
    alpha(&env, "one");
    let two = alpha(&env, "two");
    env.run(&["undo"]).ok();
    env.run(&["tree"]).ok();
    assert_eq!(branches(&env), two);
}

#[test]
fn the_op_log_keeps_what_it_knows_from_garbage_collection() {
    let env = Env::with_alpha();
    let one = alpha(&env, "one");
    alpha(&env, "two");
    env.linux_git(&["reflog", "expire", "--expire=now", "--all"]);
    env.linux_git(&["gc", "--quiet", "--prune=now"]);
    env.run(&["undo"]).ok();
    assert_eq!(branches(&env), one);
    assert_eq!(env.linux_git(&["fsck", "--no-dangling"]), "");
}

#[test]
fn the_op_log_is_data() {
    let env = Env::with_alpha();
    assert_eq!(env.run(&["op", "log", "--json"]).ok().stdout, "[]\n");
    alpha(&env, "one");
    alpha(&env, "two");
    let log: serde_json::Value = serde_json::from_str(&env.run(&["op", "log", "--json"]).ok().stdout).unwrap();
    assert_eq!(log.as_array().unwrap().len(), 2);
    assert_eq!(log[0]["command"], "tree");
    assert_eq!(log[0]["base"]["version"], "9.9");
    assert_eq!(log[0]["view"]["topic/rust/alpha"], env.linux_git(&["rev-parse", "topic/rust/alpha"]).as_str());
    assert_eq!(env.run(&["op", "log", "-n", "1"]).ok().stdout.lines().count(), 1);
}

#[test]
fn undo_refuses_what_would_lose_work() {
    let env = Env::with_alpha();
    alpha(&env, "one");
    alpha(&env, "two");
    std::fs::write(env.linux("Makefile"), "mine\n").unwrap();
    let before = env.refs();
    let run = env.run(&["undo"]);
    assert!(run.code == 1 && run.stderr.contains("not committed"), "{run}");
    assert_eq!(env.refs(), before);
}

#[test]
fn nothing_to_undo_is_said() {
    let env = Env::with_alpha();
    insta::assert_snapshot!(env.run(&["undo"]), @"
    ----- stderr
    error: there is no tree yet: $DIR/checkout/linux is missing
    hint: `drm-rust tree` makes it
    ----- exit 1
    ");
}

#[test]
fn a_second_run_waits_for_the_first() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let lock = File::options().write(true).open(env.root().join("build/drm-rust.lock")).unwrap();
    lock.lock().unwrap();
    let second = env.drm_rust(&["tree"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(lock);
    assert!(second.wait_with_output().unwrap().status.success());
}

#[test]
fn many_runs_at_once_all_end_well() {
    let env = Env::with_alpha();
    let runs: Vec<_> = (0..6).map(|_| env.drm_rust(&["tree", "--quiet"]).spawn().unwrap()).collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    assert_eq!(env.run(&["op", "log"]).ok().stdout.lines().count(), 1);
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
}
