// SPDX-License-Identifier: GPL-2.0-only

//! `topic list`, `show`, `new` and `remove`.

use crate::env::Env;

#[test]
fn list_and_show() {
    let env = Env::with_alpha();
    insta::assert_snapshot!(env.run(&["topic", "list"]), @"
    rust/alpha     1 patch     1 file  Alpha abstractions
    ----- exit 0
    ");
    insta::assert_snapshot!(env.run(&["topic", "show", "rust/alpha"]), @"
    rust/alpha: Alpha abstractions

        What alpha is for.

    ------------  rust: alpha: add the alpha module
        adds   rust/kernel/alpha.rs
        edits  rust/kernel/lib.rs
    ----- exit 0
    ");
    env.run(&["tree"]).ok();
    let shown = env.run(&["topic", "show", "rust/alpha"]).ok().stdout;
    let commit = env.linux_git(&["rev-parse", "--short=12", "topic/rust/alpha"]);
    assert!(shown.contains(&format!("{commit}  rust: alpha: add the alpha module")), "{shown}");
    insta::assert_snapshot!(env.run(&["topic", "show", "rust/gone"]), @"
    ----- stderr
    error: there is no topic rust/gone
    hint: `drm-rust topic list` shows the topics
    ----- exit 1
    ");
    insta::assert_snapshot!(env.run(&["topic", "show", "Rust"]), @"
    ----- stderr
    error: `Rust` is not a topic name
    hint: a topic is owner/name in lower-case letters, digits and `-`, for example rust/xarray
    ----- exit 2
    ");
}

#[test]
fn list_and_show_as_data() {
    let env = Env::with_alpha();
    insta::assert_snapshot!(env.run(&["topic", "list", "--json"]).ok().stdout, @r#"
    [
      {
        "name": "rust/alpha",
        "title": "Alpha abstractions",
        "requires": [],
        "patches": 1,
        "files": 1
      }
    ]
    "#);
    let shown: serde_json::Value =
        serde_json::from_str(&env.run(&["topic", "show", "rust/alpha", "--json"]).ok().stdout).unwrap();
    assert_eq!(shown["patches"][0]["edits"][0], "rust/kernel/lib.rs");
    assert_eq!(shown["patches"][0]["commit"], serde_json::Value::Null);
}

#[test]
fn a_new_topic_is_valid_and_changes_nothing_yet() {
    let env = Env::with_alpha();
    let new = ["topic", "new", "drm/omega", "--title", "Omega: a \"new\" driver", "--requires", "rust/alpha"];
    insta::assert_snapshot!(env.run(&new), @"
    ----- stderr
    wrote scripts/drm-rust/topics/drm/omega.toml: its comments show what a patch looks like
    ----- exit 0
    ");
    env.run(&["tree"]).ok();
    assert_eq!(
        env.linux_git(&["rev-parse", "topic/drm/omega"]),
        env.linux_git(&["rev-parse", "topic/rust/alpha"]),
        "an empty topic stands at what it requires"
    );
    insta::assert_snapshot!(env.run(&new), @"
    ----- stderr
    error: there is a topic drm/omega already
    hint: see `drm-rust topic show drm/omega`, or choose another name
    ----- exit 1
    ");
    insta::assert_snapshot!(env.run(&["topic", "new", "drm/psi", "--title", "P", "--requires", "drm/gone"]), @"
    ----- stderr
    error: there is no topic drm/gone
    hint: `drm-rust topic list` shows the topics
    ----- exit 1
    ");
    assert_eq!(env.run(&["topic", "new", "drm/psi", "--title", " "]).code, 2);
}

#[test]
fn remove_takes_only_what_git_can_bring_back() {
    let env = Env::with_alpha();
    env.write("rust/kernel/alpha.rs", "//! Not committed.\n");
    insta::assert_snapshot!(env.run(&["topic", "remove", "rust/alpha"]), @"
    ----- stderr
    error: not committed, so that removing would lose it:
      rust/kernel/alpha.rs
    hint: commit the files first: then `git revert` can bring them back
    ----- exit 1
    ");
    env.commit("keep");
    insta::assert_snapshot!(env.run(&["topic", "remove", "--dry-run", "rust/alpha"]), @"
    ----- stderr
    would remove rust/kernel/alpha.rs
    would remove scripts/drm-rust/topics/rust/alpha.toml
    ----- exit 0
    ");
    assert!(env.root().join("rust/kernel/alpha.rs").exists());
    insta::assert_snapshot!(env.run(&["topic", "remove", "rust/alpha"]), @"
    ----- stderr
    removed rust/kernel/alpha.rs
    removed scripts/drm-rust/topics/rust/alpha.toml
    `git restore .` brings them back; `drm-rust tree` takes them out of linux/
    ----- exit 0
    ");
    assert!(!env.root().join("rust").exists());
    env.run(&["tree"]).ok();
    env.git(&["restore", "."]);
    env.run(&["tree"]).ok();
}

#[test]
fn a_required_topic_is_not_removed() {
    let env = Env::with_alpha();
    env.run(&["topic", "new", "drm/omega", "--title", "O", "--requires", "rust/alpha"]).ok();
    env.commit("omega");
    insta::assert_snapshot!(env.run(&["topic", "remove", "rust/alpha"]), @"
    ----- stderr
    error: rust/alpha is required by drm/omega
    hint: remove the topics that require it first, or their requirement
    ----- exit 1
    ");
}
