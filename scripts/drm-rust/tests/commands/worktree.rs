// SPDX-License-Identifier: GPL-2.0-only

//! The work tree of a person is never overwritten by surprise.

use std::fs;

use crate::env::Env;

/// A made tree, and an overlay that has changed since.
fn changed() -> (Env, String) {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let refs = env.refs();
    env.write("rust/kernel/alpha.rs", "//! Changed.\n");
    (env, refs)
}

#[test]
fn a_dirty_file_stops_the_command() {
    let (env, refs) = changed();
    fs::write(env.linux("Makefile"), "mine\n").unwrap();
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: linux/ has changes that are not committed:
      Makefile
    hint: nothing was changed. Keep them with `git -C linux stash`, or drop them with `git -C linux restore --staged --worktree .`; what shall last belongs into the overlay
    ----- exit 1
    ");
    assert_eq!(fs::read_to_string(env.linux("Makefile")).unwrap(), "mine\n");
    assert_eq!(env.refs(), refs);
}

#[test]
fn a_staged_change_stops_the_command() {
    let (env, refs) = changed();
    fs::write(env.linux("Makefile"), "mine\n").unwrap();
    env.linux_git(&["add", "Makefile"]);
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: linux/ has changes that are not committed:
      Makefile
    hint: nothing was changed. Keep them with `git -C linux stash`, or drop them with `git -C linux restore --staged --worktree .`; what shall last belongs into the overlay
    ----- exit 1
    ");
    assert_eq!(env.refs(), refs);
}

#[test]
fn an_untracked_file_in_the_way_stops_the_command() {
    let env = Env::new();
    env.run(&["tree"]).ok();
    fs::write(env.linux("rust/kernel/alpha.rs"), "mine\n").unwrap();
    env.topic("rust/alpha", crate::env::ALPHA);
    env.write("rust/kernel/alpha.rs", "//! Alpha.\n");
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: files in linux/ are in the way:
      Untracked working tree file 'rust/kernel/alpha.rs' would be overwritten by merge.
    hint: nothing was changed. Move them away, or remove them
    ----- exit 1
    ");
    assert_eq!(fs::read_to_string(env.linux("rust/kernel/alpha.rs")).unwrap(), "mine\n");
    fs::remove_file(env.linux("rust/kernel/alpha.rs")).unwrap();
    env.run(&["tree"]).ok();
}

#[test]
fn build_products_are_no_dirt() {
    let (env, _) = changed();
    fs::write(env.linux("a.o"), "object\n").unwrap();
    env.run(&["tree"]).ok();
    assert!(env.linux("a.o").exists());
}

#[test]
fn another_branch_stays_checked_out() {
    let (env, _) = changed();
    env.linux_git(&["switch", "--quiet", "--create", "mine"]);
    let run = env.run(&["tree"]).ok();
    assert!(run.stderr.contains("note: linux/ has mine checked out: its work tree stays as it is"), "{run}");
    assert_eq!(fs::read_to_string(env.linux("rust/kernel/alpha.rs")).unwrap(), "//! Alpha.\n");
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
    env.linux_git(&["switch", "--quiet", "drm-rust-next"]);
    assert_eq!(fs::read_to_string(env.linux("rust/kernel/alpha.rs")).unwrap(), "//! Changed.\n");
}

#[test]
fn a_topic_branch_that_is_checked_out_follows() {
    let (env, _) = changed();
    env.linux_git(&["switch", "--quiet", "topic/rust/alpha"]);
    env.run(&["tree"]).ok();
    assert_eq!(fs::read_to_string(env.linux("rust/kernel/alpha.rs")).unwrap(), "//! Changed.\n");
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
}

#[test]
fn a_checked_out_topic_is_not_removed() {
    let (env, refs) = changed();
    env.linux_git(&["switch", "--quiet", "topic/rust/alpha"]);
    env.remove("rust/kernel/alpha.rs");
    env.remove("scripts/drm-rust/topics/rust/alpha.toml");
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: linux/ has topic/rust/alpha checked out, which is about to be removed
    hint: check out another branch: git -C linux switch drm-rust-next
    ----- exit 1
    ");
    assert_eq!(env.refs().lines().count(), refs.lines().count());
}

#[test]
fn commits_on_a_topic_branch_are_kept_until_a_person_decides() {
    let (env, _) = changed();
    env.linux_git(&["switch", "--quiet", "topic/rust/alpha"]);
    fs::write(env.linux("Makefile"), "mine\n").unwrap();
    env.linux_git(&["commit", "--quiet", "--all", "--message", "mine"]);
    let mine = env.linux_git(&["rev-parse", "HEAD"]);
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: branches were moved by other means:
      topic/rust/alpha
    hint: their commits are not in the manifests.
          `drm-rust absorb rust/alpha` takes them into overlay and manifest. To do without them,
          keep them under a name of your own (git -C linux branch my-work topic/rust/alpha),
          then let `drm-rust tree --reset` take the branches back; `drm-rust undo` would restore them
    ----- exit 1
    ");
    assert_eq!(env.linux_git(&["rev-parse", "topic/rust/alpha"]), mine);
    env.run(&["tree", "--reset"]).ok();
    assert_ne!(env.linux_git(&["rev-parse", "topic/rust/alpha"]), mine);
    // Nothing is lost: the op log knows the state before.
    env.run(&["undo"]).ok();
    assert_eq!(env.linux_git(&["rev-parse", "topic/rust/alpha"]), mine);
    assert_eq!(fs::read_to_string(env.linux("Makefile")).unwrap(), "mine\n");
}

#[test]
fn branches_of_a_person_are_left_alone() {
    let (env, _) = changed();
    env.linux_git(&["branch", "mine"]);
    env.linux_git(&["branch", "topic/me/mine"]);
    let mine = env.linux_git(&["rev-parse", "mine"]);
    env.run(&["tree"]).ok();
    assert_eq!(env.linux_git(&["rev-parse", "mine", "topic/me/mine"]), format!("{mine}\n{mine}"));
}

#[test]
fn a_lost_branch_comes_back() {
    let (env, _) = changed();
    env.linux_git(&["branch", "--quiet", "-D", "topic/rust/alpha"]);
    env.run(&["tree"]).ok();
    env.linux_git(&["rev-parse", "--verify", "topic/rust/alpha"]);
}
