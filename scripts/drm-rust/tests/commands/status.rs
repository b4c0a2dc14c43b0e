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

#[test]
fn where_topics_have_arrived_is_said() {
    let env = Env::with_alpha();
    let path = "scripts/drm-rust/trees.toml";
    let text = fs::read_to_string(env.root().join(path)).unwrap();
    env.write(
        path,
        &(text
            + "[tree.linus]\nhttps = ['https://git.example/linus.git']\n[[tip]]\ntree = 'drm'\nbranch = 'drm-fixes'\n"),
    );
    env.run(&["tree"]).ok();
    let git = |args: &[&str]| env.linux_git(args);
    git(&["remote", "add", "airlied", "https://git.example/drm.git"]);
    git(&["remote", "add", "torvalds", "https://git.example/linus.git"]);
    let line = "  rust/alpha  ID  current  1 patch  in drm-rust-next\n";
    let status = || hide_ids(&env.run(&["status"]).ok().stdout) + "\n";
    git(&["update-ref", "refs/remotes/airlied/drm-next", "base"]);
    assert!(status().contains(&format!("{line}waiting")), "{}", status());
    git(&["update-ref", "refs/remotes/airlied/drm-next", "topic/rust/alpha"]);
    assert!(status().contains(&format!("{line}              arrived in drm/drm-next\nwaiting")), "{}", status());
    // Linus has it as another commit, in a history that has nothing of ours.
    git(&["switch", "--quiet", "--orphan", "other"]);
    git(&["checkout", "--quiet", "base", "--", "."]);
    git(&["commit", "--quiet", "-m", "Linux 9.9"]);
    let mut pick = env.command("git");
    pick.arg("-C").arg(env.root().join("linux")).args(["cherry-pick", "topic/rust/alpha"]);
    // Nobody commits a patch before it is written.
    assert!(pick.env("GIT_COMMITTER_DATE", "1767500000 +0000").output().unwrap().status.success());
    git(&["update-ref", "refs/remotes/torvalds/master", "HEAD"]);
    git(&["switch", "--quiet", "drm-rust-next"]);
    let told =
        "arrived in linus/master as other commits\n              the next base has it: the topic can be removed then\n";
    assert!(status().contains(told), "{}", status());
    // A published topic waits until upstream has it.
    git(&["tag", "-a", "-m", "x", "topic/rust/alpha-1", "topic/rust/alpha"]);
    git(&["update-ref", "refs/drm-rust/published/rust/alpha", "topic/rust/alpha-1"]);
    assert!(status().contains("published as topic/rust/alpha-1\n"), "{}", status());
    git(&["update-ref", "-d", "refs/remotes/torvalds/master"]);
    git(&["update-ref", "refs/remotes/airlied/drm-next", "base"]);
    assert!(status().contains("published as topic/rust/alpha-1, waits for 1 day\n"), "{}", status());
    let json: serde_json::Value = serde_json::from_str(&env.run(&["status", "--json"]).ok().stdout).unwrap();
    assert_eq!(json["topics"][0]["waits"], 1);
    assert_eq!(json["topics"][0]["arrived"], serde_json::json!([]));
}

#[test]
fn the_same_lines_at_another_place_have_not_arrived() {
    let env = Env::new();
    let kconfig = |alpha: &str, beta: &str| {
        let entry = |name: &str, select: &str| {
            format!(
                "config DRM_{name}\n\ttristate\n\tdepends on DRM\n\tselect FOO\n{select}\tselect FW\n\thelp\n\t  One.\n\n"
            )
        };
        entry("ALPHA", alpha) + &entry("BETA", beta)
    };
    let clone = env.clone_of_linux("clone");
    let commit = |text: &str, subject: &str| {
        fs::write(clone.join("Kconfig"), text).unwrap();
        env.git_in(&clone, &["add", "Kconfig"]);
        let mut git = env.command("git");
        git.arg("-C").arg(&clone).args(["commit", "--quiet", "-m", subject]);
        // Nobody commits a patch before it is written.
        assert!(git.env("GIT_COMMITTER_DATE", "1767500000 +0000").status().unwrap().success());
    };
    commit(&kconfig("", ""), "kconfig");
    env.git_in(&clone, &["tag", "v9.9"]);
    let anchor = "config DRM_ALPHA\n\ttristate\n\tdepends on DRM\n\tselect FOO";
    env.topic(
        "rust/alpha",
        &format!(
            "title = 'Alpha'\nsummary = 'x'\nauthor = 'A <a@drm-rust.example>'\ntrailers = ['Signed-off-by: A <a@drm-rust.example>']\n\
             [[patch]]\nsubject = 'drm: select BAR'\ndate = 2026-01-02T03:04:05Z\nbody = 'It needs it.'\n\
             [[patch.edit]]\nfile = 'Kconfig'\nafter = \"\"\"{anchor}\"\"\"\ninsert = \"\"\"\n\tselect BAR\n\"\"\"\n"
        ),
    );
    env.run(&["tree", "--base", "git:../clone#v9.9"]).ok();
    env.linux_git(&["remote", "add", "airlied", "https://git.example/drm.git"]);
    let arrived = |text: &str, subject: &str| {
        env.git_in(&clone, &["reset", "--quiet", "--hard", "v9.9"]);
        commit(text, subject);
        env.linux_git(&["fetch", "--quiet", "../../clone", "+HEAD:refs/remotes/airlied/drm-next"]);
        hide_ids(&env.run(&["status"]).ok().stdout)
    };
    let line = "\tselect BAR\n";
    let other = arrived(&kconfig("", line), "drm: beta: select BAR");
    assert!(!other.contains("drm/drm-next"), "{other}");
    // What has the subject, too, may be the patch, but a person must look.
    let presumed = "presumed in drm/drm-next, 1 of 1: the same subject, but another place or white space\nwaiting";
    for text in [kconfig("", line), kconfig("\tselect  BAR\n", "")] {
        let run = arrived(&text, "drm: select BAR");
        assert!(run.contains(presumed) && !run.contains("arrived"), "{run}");
    }
    let moved = format!("# A head.\n{}", kconfig(line, ""));
    env.git_in(&clone, &["reset", "--quiet", "--hard", "v9.9"]);
    commit(&format!("# A head.\n{}", kconfig("", "")), "a head");
    commit(&moved, "drm: select the BAR");
    env.linux_git(&["fetch", "--quiet", "../../clone", "+HEAD:refs/remotes/airlied/drm-next"]);
    let run = hide_ids(&env.run(&["status"]).ok().stdout);
    assert!(run.contains("arrived in drm/drm-next as other commits\n"), "{run}");
}
