// SPDX-License-Identifier: GPL-2.0-only

//! `status`, for people and for programs.

use std::fs;

use crate::env::{Env, hide_ids};

#[test]
fn before_and_after_the_tree_is_made() {
    let env = Env::with_alpha();
    insta::assert_snapshot!(env.run(&["status"]), @"
    base      none yet: `drm-rust tree` makes linux/
    topics    1
      rust/alpha  -             new      1 patch
    waiting   0 commits to be forwarded
    ----- exit 0
    ");
    env.run(&["tree"]).ok();
    insta::assert_snapshot!(hide_ids(&env.run(&["status"]).ok().stdout), @"
    base      Linux 9.9 at ID
              $DIR/checkout/scripts/drm-rust/../../../linux-9.9.tar, SHA-256 ef9b662494425a3a1faa55b1716e17069067059dab16b2dbf8446a05530d20ed
    topics    1
      rust/alpha  ID  current  1 patch  in drm-rust-next
    waiting   1 commit to be forwarded
    ");
}

#[test]
fn what_changed_is_said() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    env.write("rust/kernel/alpha.rs", "//! Changed.\n");
    fs::write(env.linux("Makefile"), "mine\n").unwrap();
    env.linux_git(&["switch", "--quiet", "--create", "mine"]);
    insta::assert_snapshot!(hide_ids(&env.run(&["status"]).ok().stdout), @"
    base      Linux 9.9 at ID
              $DIR/checkout/scripts/drm-rust/../../../linux-9.9.tar, SHA-256 ef9b662494425a3a1faa55b1716e17069067059dab16b2dbf8446a05530d20ed
    linux/    mine is checked out
    topics    1
      rust/alpha  ID  stale    1 patch  in drm-rust-next
    waiting   1 commit to be forwarded
    overlay   1 file not committed
      rust/kernel/alpha.rs
    linux/    1 file not committed
      Makefile
    ");
}

#[test]
fn as_data() {
    let env = Env::with_alpha();
    let status =
        |env: &Env| -> serde_json::Value { serde_json::from_str(&env.run(&["status", "--json"]).ok().stdout).unwrap() };
    assert_eq!(status(&env)["base"], serde_json::Value::Null);
    env.run(&["tree"]).ok();
    let now = status(&env);
    assert_eq!(now["base"]["version"], "9.9");
    assert_eq!(now["topics"][0]["freshness"], "current");
    assert_eq!(now["topics"][0]["merged_into"][0], "drm-rust-next");
    assert_eq!(now["waiting"], 1);
}

#[test]
fn looking_changes_nothing() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let refs = env.refs();
    env.write("rust/kernel/alpha.rs", "//! Changed.\n");
    env.run(&["status"]).ok();
    assert_eq!(env.refs(), refs);
    let objects = env.linux_git(&["count-objects"]);
    env.run(&["status"]).ok();
    assert_eq!(env.linux_git(&["count-objects"]), objects);
}
