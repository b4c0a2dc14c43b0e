// SPDX-License-Identifier: GPL-2.0-only

//! `absorb`: commits that a person made with plain git come back as overlay and manifest.

use std::fs;
use std::time::Instant;

use crate::env::{ALPHA, Env, Run, hide_ids};
use crate::kill::{Random, kill_after};

const MANIFEST: &str = "scripts/drm-rust/topics/rust/alpha.toml";

/// A made tree with topic/rust/alpha checked out. Its manifest has a comment that must not get lost.
pub(crate) fn env() -> Env {
    let env = Env::with_alpha();
    env.topic("rust/alpha", &ALPHA.replacen("\n[[patch]]", "\n# The module itself.\n[[patch]]", 1));
    env.commit("comment");
    env.run(&["tree"]).ok();
    env.linux_git(&["switch", "--quiet", "topic/rust/alpha"]);
    env
}

/// Commits files in linux/; none deletes one.
pub(crate) fn commit(env: &Env, message: &str, files: &[(&str, Option<&str>)]) {
    commit_as(env, "DRM-Rust maintainers <maintainers@drm-rust.example>", message, files);
}

fn commit_as(env: &Env, author: &str, message: &str, files: &[(&str, Option<&str>)]) {
    stage(env, files);
    env.linux_git(&["commit", "--quiet", "--author", author, "--date", "2026-02-03T04:05:06Z", "--message", message]);
}

fn stage(env: &Env, files: &[(&str, Option<&str>)]) {
    for (path, text) in files {
        let full = env.linux(path);
        match text {
            Some(text) => {
                fs::create_dir_all(full.parent().unwrap()).unwrap();
                fs::write(full, text).unwrap();
            }
            None => fs::remove_file(full).unwrap(),
        }
    }
    env.linux_git(&["add", "--all", "--force", "--", ":!.b4-config"]);
}

fn absorb(env: &Env, args: &[&str]) -> Run {
    env.run(&[&["absorb", "rust/alpha"], args].concat())
}

/// Absorbs, and finds that the topic's tree is what the person had, that the branches are those which `tree` makes,
/// and that a second time there is nothing to do. Gives what was said, and the manifest's difference.
#[track_caller]
fn absorbed(env: &Env, args: &[&str]) -> String {
    let tree = env.linux_git(&["rev-parse", "topic/rust/alpha^{tree}"]);
    let run = absorb(env, args).ok();
    assert_eq!(env.linux_git(&["rev-parse", "topic/rust/alpha^{tree}"]), tree);
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
    let refs = env.refs();
    assert!(env.run(&["tree"]).ok().stderr.contains("is up to date"));
    assert_eq!(absorb(env, &[]).ok().stderr, "topic/rust/alpha has nothing that the manifest lacks\n");
    assert_eq!(env.refs(), refs);
    env.git(&["add", "--all"]);
    let diff = env.git(&["diff", "--cached", "--unified=0", "--no-color", "--", "scripts"]);
    let diff = diff.lines().filter(|line| !line.starts_with("@@") && !line.starts_with("index "));
    hide_ids(&(run.stderr + &diff.collect::<Vec<_>>().join("\n")))
}

/// What a command that must not change anything says.
#[track_caller]
fn refused(env: &Env, args: &[&str]) -> String {
    let state = |env: &Env| (env.refs(), env.git(&["status", "--porcelain"]), env.git(&["diff"]));
    let before = state(env);
    let run = absorb(env, args);
    assert_ne!(run.code, 0, "{run}");
    assert_eq!(state(env), before);
    hide_ids(&run.stderr)
}

pub(crate) const SIGNED: &str = "Signed-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>";

#[test]
fn a_commit_on_top_becomes_a_patch() {
    let env = env();
    let lib = "pub mod alloc;\npub mod alpha;\npub mod beta;\npub mod page;\npub mod xarray;\n";
    let message =
        format!("rust: beta: add the beta module\n\nIt needs \"alpha\".\n\nLink: https://x.example/1\n{SIGNED}\n");
    commit(&env, &message, &[("rust/kernel/beta.rs", Some("//! Beta.\n")), ("rust/kernel/lib.rs", Some(lib))]);
    insta::assert_snapshot!(absorbed(&env, &[]), @r#"
    adds rust: beta: add the beta module
    wrote rust/kernel/beta.rs
    wrote scripts/drm-rust/topics/rust/alpha.toml
    drm-rust-next: ID -> ID
    topic/rust/alpha: ID -> ID
    diff --git a/scripts/drm-rust/topics/rust/alpha.toml b/scripts/drm-rust/topics/rust/alpha.toml
    --- a/scripts/drm-rust/topics/rust/alpha.toml
    +++ b/scripts/drm-rust/topics/rust/alpha.toml
    +
    +[[patch]]
    +subject = "rust: beta: add the beta module"
    +date = 2026-02-03T04:05:06Z
    +body = """
    +It needs "alpha".
    +"""
    +trailers = ["Link: https://x.example/1"]
    +files = ["rust/kernel/beta.rs"]
    +
    +[[patch.edit]]
    +file = "rust/kernel/lib.rs"
    +after = "pub mod alpha;"
    +insert = """
    +pub mod beta;
    +"""
    "#);
    assert_eq!(fs::read_to_string(env.root().join("rust/kernel/beta.rs")).unwrap(), "//! Beta.\n");
    assert_eq!(env.linux_git(&["log", "-1", "--format=%B"]).trim_end(), message.trim_end());
    let who = env.linux_git(&["log", "-1", "--format=%an %ad %cn %cd", "--date=iso-strict-local"]);
    assert_eq!(who, "DRM-Rust maintainers 2026-02-03T04:05:06Z DRM-Rust maintainers 2026-02-03T04:05:06Z");
}

#[test]
fn what_did_not_change_stays_to_the_byte() {
    let env = env();
    let made = env.linux_git(&["rev-parse", "HEAD"]);
    // Another committer, another id, and nothing else.
    env.linux_git(&["commit", "--quiet", "--amend", "--no-edit"]);
    assert_ne!(env.linux_git(&["rev-parse", "HEAD"]), made);
    insta::assert_snapshot!(absorbed(&env, &[]), @"topic/rust/alpha: ID -> ID");
    assert_eq!(env.linux_git(&["rev-parse", "HEAD"]), made);
    assert_eq!(env.git(&["status", "--porcelain"]), "");
}

#[test]
fn an_amended_commit_changes_its_patch_alone() {
    let env = env();
    stage(&env, &[("rust/kernel/alpha.rs", Some("//! Alpha, amended.\n")), ("Makefile", Some("VERSION = 9\nX = 1\n"))]);
    let message = format!("rust: alpha: add the first module\n\nDrivers need alpha.\n\n{SIGNED}\n");
    env.linux_git(&["commit", "--quiet", "--amend", "--message", &message]);
    insta::assert_snapshot!(absorbed(&env, &[]), @r#"
    changes rust: alpha: add the first module
    wrote rust/kernel/alpha.rs
    wrote scripts/drm-rust/topics/rust/alpha.toml
    drm-rust-next: ID -> ID
    topic/rust/alpha: ID -> ID
    diff --git a/scripts/drm-rust/topics/rust/alpha.toml b/scripts/drm-rust/topics/rust/alpha.toml
    --- a/scripts/drm-rust/topics/rust/alpha.toml
    +++ b/scripts/drm-rust/topics/rust/alpha.toml
    -subject = "rust: alpha: add the alpha module"
    +subject = "rust: alpha: add the first module"
    +
    +[[patch.edit]]
    +file = "Makefile"
    +after = "VERSION = 9"
    +insert = """
    +X = 1
    +"""
    "#);
}

#[test]
fn renamed_reordered_and_dropped() {
    let env = env();
    let next = |name: &str| format!("rust: {name}: add {name}\n\n{SIGNED}\n");
    commit(&env, &next("beta"), &[("rust/kernel/beta.rs", Some("//! Beta.\n"))]);
    commit(&env, &next("gamma"), &[("rust/kernel/gamma.rs", Some("//! Gamma.\n"))]);
    absorbed(&env, &[]);
    env.commit("three patches");
    // The order changes, beta goes, gamma's file moves into a folder.
    env.linux_git(&["reset", "--quiet", "--hard", "base"]);
    stage(&env, &[("rust/kernel/gamma/mod.rs", Some("//! Gamma.\n"))]);
    env.linux_git(&["commit", "--quiet", "--reuse-message", "topic/rust/alpha@{1}"]);
    env.linux_git(&["cherry-pick", "--allow-empty", "topic/rust/alpha@{2}~2"]);
    insta::assert_snapshot!(absorbed(&env, &[]), @r#"
    changes rust: gamma: add gamma
    drops rust: beta: add beta
    wrote rust/kernel/gamma/mod.rs
    removed rust/kernel/beta.rs
    removed rust/kernel/gamma.rs
    wrote scripts/drm-rust/topics/rust/alpha.toml
    drm-rust-next: ID -> ID
    topic/rust/alpha: ID -> ID
    diff --git a/scripts/drm-rust/topics/rust/alpha.toml b/scripts/drm-rust/topics/rust/alpha.toml
    --- a/scripts/drm-rust/topics/rust/alpha.toml
    +++ b/scripts/drm-rust/topics/rust/alpha.toml
    +[[patch]]
    +subject = "rust: gamma: add gamma"
    +date = 2026-02-03T04:05:06Z
    +files = ["rust/kernel/gamma/mod.rs"]
    +
    -
    -[[patch]]
    -subject = "rust: beta: add beta"
    -date = 2026-02-03T04:05:06Z
    -files = ["rust/kernel/beta.rs"]
    -
    -[[patch]]
    -subject = "rust: gamma: add gamma"
    -date = 2026-02-03T04:05:06Z
    -files = ["rust/kernel/gamma.rs"]
    "#);
    assert!(!env.root().join("rust/kernel/beta.rs").exists() && !env.root().join("rust/kernel/gamma.rs").exists());
}

#[test]
fn a_file_grows_over_a_series() {
    let env = env();
    let path = "rust/kernel/alpha.rs";
    let texts = ["//! Alpha.\n\nfn a() {}\n", "//! Alpha.\n\nfn a() {}\n\nfn b() {}\n", "//! Alpha.\n\nfn b() {}\n"];
    for (n, text) in texts.iter().enumerate() {
        commit(&env, &format!("rust: alpha: step {n}\n\n{SIGNED}\n"), &[(path, Some(text))]);
    }
    let to = "rust/kernel/alpha/mod.rs";
    commit(&env, &format!("rust: alpha: move it\n\n{SIGNED}\n"), &[(path, None), (to, Some(texts[2]))]);
    commit(&env, &format!("rust: old: add it\n\n{SIGNED}\n"), &[("rust/kernel/old.rs", Some("//! Old.\n"))]);
    commit(&env, &format!("rust: old: remove it\n\n{SIGNED}\n"), &[("rust/kernel/old.rs", None)]);
    let trees = |env: &Env| env.linux_git(&["log", "--format=%T %s", "base..topic/rust/alpha"]);
    let before = trees(&env);
    absorbed(&env, &[]);
    assert_eq!(trees(&env), before);
    assert_eq!(fs::read_to_string(env.root().join(to)).unwrap(), texts[2]);
    assert!(!env.root().join(path).exists() && !env.root().join("rust/kernel/old.rs").exists());
}

#[test]
fn a_commit_is_folded_into_the_patch_that_adds_its_file() {
    let env = env();
    let fix = format!("rust: alpha: fix it\n\n{SIGNED}\n");
    commit(&env, &fix, &[("rust/kernel/alpha.rs", Some("//! Alpha, fixed.\n"))]);
    insta::assert_snapshot!(absorbed(&env, &["--fold"]), @r#"
    changes rust: alpha: add the alpha module
    folds ID ("rust: alpha: fix it") into rust: alpha: add the alpha module
    wrote rust/kernel/alpha.rs
    drm-rust-next: ID -> ID
    topic/rust/alpha: ID -> ID
    "#);
}

#[test]
fn a_folded_commit_of_somebody_else_gives_him_credit() {
    let env = env();
    let files = [("rust/kernel/alpha.rs", Some("//! Alpha, better.\n")), ("Makefile", Some("VERSION = 9\nX = 1\n"))];
    commit_as(&env, "B. Dev <b@dev.example>", "fixup! rust: alpha: add the alpha module", &files);
    insta::assert_snapshot!(refused(&env, &[]), @r#"
    error: ID ("fixup! rust: alpha: add the alpha module") is not signed off by its author, B. Dev <b@dev.example>
    hint: folding adds Co-developed-by and Signed-off-by of that author, who must have signed off the commit
    "#);
    env.linux_git(&[
        "commit",
        "--quiet",
        "--amend",
        "--message",
        "fixup! rust: alpha: add the alpha module\n\nSigned-off-by: B. Dev <b@dev.example>",
    ]);
    insta::assert_snapshot!(absorbed(&env, &[]), @r#"
    changes rust: alpha: add the alpha module
    folds ID ("fixup! rust: alpha: add the alpha module") into rust: alpha: add the alpha module
    wrote rust/kernel/alpha.rs
    wrote scripts/drm-rust/topics/rust/alpha.toml
    drm-rust-next: ID -> ID
    topic/rust/alpha: ID -> ID
    diff --git a/scripts/drm-rust/topics/rust/alpha.toml b/scripts/drm-rust/topics/rust/alpha.toml
    --- a/scripts/drm-rust/topics/rust/alpha.toml
    +++ b/scripts/drm-rust/topics/rust/alpha.toml
    +trailers = [
    +    "Co-developed-by: B. Dev <b@dev.example>",
    +    "Signed-off-by: B. Dev <b@dev.example>",
    +]
    +
    +[[patch.edit]]
    +file = "Makefile"
    +after = "VERSION = 9"
    +insert = """
    +X = 1
    +"""
    "#);
}

#[test]
fn fixups_find_their_patch_and_keep_what_is_between() {
    let env = env();
    let config = |lines: &str| format!("config DRM\n\ttristate\n{lines}\nconfig DRM_OTHER\n\ttristate\n");
    let kconfig = "drivers/gpu/drm/Kconfig";
    commit(&env, &format!("drm: a: add a\n\n{SIGNED}\n"), &[(kconfig, Some(&config("\thelp\n\t  A.\n")))]);
    commit(&env, &format!("drm: b: add b\n\n{SIGNED}\n"), &[("Makefile", Some("VERSION = 9\nB = 1\n"))]);
    commit(&env, "squash! drm: a: add a\n\nMore of it.", &[(kconfig, Some(&config("\thelp\n\t  A, and more.\n")))]);
    commit(
        &env,
        &format!("amend! drm: b: add b\n\ndrm: b: add the letter b\n\n{SIGNED}\n"),
        &[("Makefile", Some("VERSION = 9\nB = 2\n"))],
    );
    insta::assert_snapshot!(absorbed(&env, &[]), @r#"
    adds drm: a: add a
    adds drm: b: add the letter b
    folds ID ("squash! drm: a: add a") into drm: a: add a
    folds ID ("amend! drm: b: add b") into drm: b: add the letter b
    wrote scripts/drm-rust/topics/rust/alpha.toml
    drm-rust-next: ID -> ID
    topic/rust/alpha: ID -> ID
    diff --git a/scripts/drm-rust/topics/rust/alpha.toml b/scripts/drm-rust/topics/rust/alpha.toml
    --- a/scripts/drm-rust/topics/rust/alpha.toml
    +++ b/scripts/drm-rust/topics/rust/alpha.toml
    +
    +[[patch]]
    +subject = "drm: a: add a"
    +date = 2026-02-03T04:05:06Z
    +body = """
    +More of it.
    +"""
    +
    +[[patch.edit]]
    +file = "drivers/gpu/drm/Kconfig"
    +after = """
    +config DRM
    +	tristate
    +"""
    +insert = """
    +	help
    +	  A, and more.
    +"""
    +
    +[[patch]]
    +subject = "drm: b: add the letter b"
    +date = 2026-02-03T04:05:06Z
    +
    +[[patch.edit]]
    +file = "Makefile"
    +after = "VERSION = 9"
    +insert = """
    +B = 2
    +"""
    "#);
    commit(&env, "fixup! drm: nobody: knows this", &[("Makefile", Some("VERSION = 9\nB = 3\n"))]);
    insta::assert_snapshot!(refused(&env, &[]), @r#"
    error: ID ("fixup! drm: nobody: knows this") names a patch that the topic does not have before it
    hint: give it a subject of its own, or that of a patch of the topic
    "#);
}

#[test]
fn what_a_manifest_cannot_say() {
    let message = format!("rust: alpha: change it\n\n{SIGNED}\n");
    let refusal = |prepare: &dyn Fn(&Env)| {
        let env = env();
        prepare(&env);
        refused(&env, &["--fold"])
    };
    let of = |files: &[(&str, Option<&str>)]| refusal(&|env| commit(env, &message, files));
    insta::assert_snapshot!(of(&[("Makefile", Some("VERSION = 9\n\0\n"))]), @r#"
    error: ID ("rust: alpha: change it"): Makefile: the base's file cannot be changed so: it is binary where it changes
    hint: edits insert and replace whole lines of text
    "#);
    insta::assert_snapshot!(of(&[("Makefile", Some("VERSION = 10"))]), @r#"
    error: ID ("rust: alpha: change it"): Makefile: the base's file cannot be changed so: it does not end with a newline
    hint: edits insert and replace whole lines of text
    "#);
    insta::assert_snapshot!(of(&[("scripts/drm-rust/evil.sh", Some("x\n"))]), @r#"
    error: ID ("rust: alpha: change it"): scripts/drm-rust/evil.sh: the overlay cannot have a file there
    hint: files of topics are below a folder of Linux; scripts/drm-rust, build and linux are the repository's own
    "#);
    insta::assert_snapshot!(of(&[("NEW", Some("x\n"))]), @r#"
    error: ID ("rust: alpha: change it"): NEW: the overlay cannot have a file there
    hint: files of topics are below a folder of Linux; scripts/drm-rust, build and linux are the repository's own
    "#);
    insta::assert_snapshot!(refusal(&|env| {
        env.linux_git(&["update-index", "--chmod=+x", "Makefile"]);
        env.linux_git(&["commit", "--quiet", "--message", &message]);
        env.linux_git(&["checkout", "--quiet", "--", "."]);
    }), @r#"
    error: ID ("rust: alpha: change it"): Makefile: its mode changes
    hint: an edit changes lines, not modes
    "#);
    insta::assert_snapshot!(refusal(&|env| {
        std::os::unix::fs::symlink("alpha.rs", env.linux("rust/kernel/link.rs")).unwrap();
        commit(env, &message, &[]);
    }), @r#"
    error: ID ("rust: alpha: change it"): rust/kernel/link.rs: it is a symbolic link
    hint: overlay files are regular files
    "#);
    insta::assert_snapshot!(refusal(&|env| {
        env.linux_git(&["switch", "--quiet", "--create", "side", "base"]);
        commit(env, &message, &[("Makefile", Some("VERSION = 10\n"))]);
        env.linux_git(&["switch", "--quiet", "topic/rust/alpha"]);
        env.linux_git(&["merge", "--quiet", "--no-edit", "side"]);
    }), @r#"
    error: ID ("Merge branch 'side' into topic/rust/alpha") is a merge
    hint: a patch has one parent. `git -C linux rebase` makes a line of commits; what the topic stands on
          goes into `requires` of its manifest
    "#);
    insta::assert_snapshot!(refusal(&|env| {
        env.linux_git(&["commit", "--quiet", "--allow-empty", "--message", &message]);
    }), @r#"
    error: ID ("rust: alpha: change it"): it changes nothing
    hint: `git -C linux rebase -i` and `git commit --amend` correct it
    "#);
    insta::assert_snapshot!(refusal(&|env| {
        commit_as(env, "B. Dev <b@dev.example>", "Fix it.", &[("rust/kernel/new.rs", Some("x\n"))]);
    }), @r#"
    error: topic/rust/alpha cannot be patches:
      ID ("Fix it."): subject: the subject names no subsystem: `Fix it.`
        hint: kernel style is `subsystem: what it does`, for example `rust: xarray: add cyclic allocation`
      ID ("Fix it."): trailers: no Signed-off-by of the author B. Dev <b@dev.example>
        hint: add "Signed-off-by: B. Dev <b@dev.example>", in the author's name only (see the Developer's Certificate of Origin)
    hint: `git -C linux rebase -i` and `git commit --amend` correct commits
    "#);
    insta::assert_snapshot!(refusal(&|env| {
        env.linux_git(&["checkout", "--quiet", "--orphan", "other"]);
        commit(env, &message, &[]);
        env.linux_git(&["branch", "--force", "topic/rust/alpha"]);
    }), @"
    error: topic/rust/alpha stands neither on the base nor on what the topic requires
    hint: put its commits on the base: git -C linux rebase --onto base OLD-BASE topic/rust/alpha
    ");
}

#[test]
fn files_of_required_topics_can_change() {
    let env = env();
    let beta = ALPHA.replace("alpha", "beta").replace("pub mod alloc", "pub mod page");
    env.topic("rust/beta", &beta.replace("author =", "requires = ['rust/alpha']\nauthor ="));
    env.write("rust/kernel/beta.rs", "//! Beta.\n");
    env.run(&["tree"]).ok();
    env.commit("beta");
    env.linux_git(&["switch", "--quiet", "topic/rust/beta"]);
    commit(&env, &format!("rust: beta: reach out\n\n{SIGNED}"), &[("rust/kernel/alpha.rs", Some("//! Mine.\n"))]);
    let run = env.run(&["absorb", "rust/beta", "--fold"]);
    insta::assert_snapshot!(hide_ids(&run.to_string()), @"
    ----- stderr
    adds rust: beta: reach out
    wrote rust/kernel/alpha.rs
    wrote scripts/drm-rust/topics/rust/beta.toml
    drm-rust-next: ID -> ID
    topic/rust/beta: ID -> ID
    ----- exit 0
    ");
}

#[test]
fn two_topics_are_absorbed_one_after_the_other() {
    let env = env();
    let beta = ALPHA.replace("alpha", "beta").replace("pub mod alloc", "pub mod page");
    env.topic("rust/beta", &beta.replace("author =", "requires = ['rust/alpha']\nauthor ="));
    env.write("rust/kernel/beta.rs", "//! Beta.\n");
    env.run(&["tree"]).ok();
    env.commit("beta");
    stage(&env, &[("rust/kernel/alpha.rs", Some("//! Alpha, amended.\n"))]);
    env.linux_git(&["commit", "--quiet", "--amend", "--no-edit"]);
    env.linux_git(&["switch", "--quiet", "topic/rust/beta"]);
    commit(&env, &format!("rust: beta: go on\n\n{SIGNED}"), &[("rust/kernel/beta/a.rs", Some("//! A.\n"))]);
    let mine = env.linux_git(&["rev-parse", "topic/rust/beta"]);
    absorb(&env, &[]).ok();
    assert_eq!(env.linux_git(&["rev-parse", "topic/rust/beta"]), mine, "nobody's commits are lost");
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: branches were moved by other means:
      topic/rust/beta
    hint: their commits are not in the manifests.
          `drm-rust absorb rust/beta` takes them into overlay and manifest. To do without them,
          keep them under a name of your own (git -C linux branch my-work topic/rust/beta),
          then let `drm-rust tree --reset` take the branches back; `drm-rust undo` would restore them
    ----- exit 1
    ");
    insta::assert_snapshot!(hide_ids(&env.run(&["absorb", "topic/rust/beta"]).ok().stderr), @"
    note: topic/rust/beta stood on an earlier state of what the topic requires
    adds rust: beta: go on
    wrote rust/kernel/beta/a.rs
    wrote scripts/drm-rust/topics/rust/beta.toml
    drm-rust-next: ID -> ID
    topic/rust/beta: ID -> ID
    ");
    assert!(env.run(&["tree"]).ok().stderr.contains("is up to date"));
    assert_eq!(env.linux_git(&["log", "--format=%s", "base..topic/rust/beta"]).lines().count(), 3);
    assert_eq!(fs::read_to_string(env.linux("rust/kernel/alpha.rs")).unwrap(), "//! Alpha, amended.\n");
}

#[test]
fn changes_that_are_not_committed_are_never_written_over() {
    let env = env();
    stage(&env, &[("rust/kernel/alpha.rs", Some("//! Alpha, amended.\n"))]);
    env.linux_git(&["commit", "--quiet", "--amend", "--message", &format!("rust: alpha: add alpha\n\n{SIGNED}")]);
    env.write("rust/kernel/alpha.rs", "//! Mine.\n");
    env.topic("rust/alpha", &fs::read_to_string(env.root().join(MANIFEST)).unwrap().replace("Drivers", "Some"));
    insta::assert_snapshot!(refused(&env, &[]), @"
    error: changed since the branch was made:
      rust/kernel/alpha.rs
      scripts/drm-rust/topics/rust/alpha.toml
    hint: nothing was written. Keep these changes with `git stash`, absorb, and put them on top; or, to
          drop the commits, `drm-rust tree --reset`
    ");
    env.git(&["checkout", "--quiet", "."]);
    // A title is not a part of the commits.
    env.topic("rust/alpha", &fs::read_to_string(env.root().join(MANIFEST)).unwrap().replace("Alpha abs", "All abs"));
    absorb(&env, &[]).ok();
    assert!(fs::read_to_string(env.root().join(MANIFEST)).unwrap().contains("title = \"All abs"));
    // Nor what is not committed in linux/.
    stage(&env, &[("rust/kernel/alpha.rs", Some("//! Alpha, again.\n"))]);
    env.linux_git(&["commit", "--quiet", "--amend", "--no-edit"]);
    fs::write(env.linux("Makefile"), "mine\n").unwrap();
    insta::assert_snapshot!(refused(&env, &[]), @"
    error: linux/ has changes that are not committed:
      Makefile
    hint: nothing was changed. Keep them with `git -C linux stash`, or drop them with `git -C linux restore --staged --worktree .`; what shall last belongs into the overlay
    ");
    assert_eq!(fs::read_to_string(env.linux("Makefile")).unwrap(), "mine\n");
}

#[test]
fn what_an_interrupted_run_has_written_already_is_no_change_of_a_person() {
    let env = env();
    let files = [("rust/kernel/beta.rs", Some("//! Beta.\n")), ("rust/kernel/gamma.rs", Some("//! Gamma.\n"))];
    commit(&env, &format!("rust: beta: add beta\n\n{SIGNED}"), &files);
    let mine = env.linux_git(&["rev-parse", "HEAD"]);
    // One of two files is there, the manifest is not.
    env.write("rust/kernel/beta.rs", "//! Beta.\n");
    assert_eq!(env.run(&["tree"]).code, 1);
    assert_eq!(env.linux_git(&["rev-parse", "HEAD"]), mine);
    absorb(&env, &[]).ok();
    // Everything is written, but the branch does not stand there yet.
    let made = env.linux_git(&["rev-parse", "HEAD"]);
    env.linux_git(&["update-ref", "refs/heads/topic/rust/alpha", &mine]);
    assert!(env.run(&["tree"]).stderr.contains("`drm-rust absorb rust/alpha` takes them"));
    insta::assert_snapshot!(hide_ids(&absorb(&env, &[]).ok().stderr), @"topic/rust/alpha: ID -> ID");
    assert_eq!(env.linux_git(&["rev-parse", "HEAD"]), made);
}

#[test]
fn published_commits_stay() {
    let env = env();
    env.linux_git(&["tag", "--annotate", "--message", "x", "topic/rust/alpha-1"]);
    env.linux_git(&["update-ref", "refs/drm-rust/published/rust/alpha", "refs/tags/topic/rust/alpha-1"]);
    commit(&env, &format!("rust: beta: add beta\n\n{SIGNED}"), &[("rust/kernel/beta.rs", Some("//! Beta.\n"))]);
    absorbed(&env, &[]);
    env.commit("beta");
    commit(&env, "fixup! rust: alpha: add the alpha module", &[("rust/kernel/alpha.rs", Some("//! New.\n"))]);
    insta::assert_snapshot!(refused(&env, &[]), @"
    error: this would change commits that were published:
      rust/alpha as topic/rust/alpha-1
    hint: others may have them. Put patches after those of the topic, or into another topic that requires
          it; or begin a new revision: drm-rust topic new OWNER/NAME --after rust/alpha
    ");
}

#[test]
fn a_dry_run_only_tells() {
    let env = env();
    commit(&env, &format!("rust: beta: add beta\n\n{SIGNED}"), &[("rust/kernel/beta.rs", Some("//! Beta.\n"))]);
    let before = (env.refs(), env.git(&["status", "--porcelain"]));
    insta::assert_snapshot!(absorb(&env, &["--dry-run"]).ok(), @r#"
    --- scripts/drm-rust/topics/rust/alpha.toml
    +++ scripts/drm-rust/topics/rust/alpha.toml
    @@ -21,3 +21,8 @@
     insert = """
     pub mod alpha;
     """
    +
    +[[patch]]
    +subject = "rust: beta: add beta"
    +date = 2026-02-03T04:05:06Z
    +files = ["rust/kernel/beta.rs"]
    ----- stderr
    adds rust: beta: add beta
    would write rust/kernel/beta.rs
    would write scripts/drm-rust/topics/rust/alpha.toml
    ----- exit 0
    "#);
    assert_eq!((env.refs(), env.git(&["status", "--porcelain"])), before);
}

#[test]
fn undo_brings_the_commits_back() {
    let env = env();
    commit(&env, &format!("rust: beta: add beta\n\n{SIGNED}"), &[("rust/kernel/beta.rs", Some("//! Beta.\n"))]);
    let mine = env.linux_git(&["rev-parse", "HEAD"]);
    absorb(&env, &[]).ok();
    assert_ne!(env.linux_git(&["rev-parse", "topic/rust/alpha"]), mine);
    env.run(&["undo"]).ok();
    assert_eq!(env.linux_git(&["rev-parse", "topic/rust/alpha"]), mine);
    // They are a person's again, also where the overlay goes back, too.
    env.git(&["restore", "."]);
    env.git(&["clean", "--quiet", "--force"]);
    assert!(env.run(&["tree"]).stderr.contains("`drm-rust absorb rust/alpha` takes them"));
    assert_eq!(env.linux_git(&["rev-parse", "topic/rust/alpha"]), mine);
    absorbed(&env, &[]);
    assert!(env.root().join("rust/kernel/beta.rs").exists());
}

#[test]
fn a_date_that_git_has_none_of_is_told() {
    let env = env();
    commit(&env, &format!("rust: beta: add beta\n\n{SIGNED}"), &[("rust/kernel/beta.rs", Some("//! Beta.\n"))]);
    // No git makes such a commit; another program may have.
    let script = "git cat-file commit HEAD | sed -E 's/^(author|committer) (.*>) [0-9]+/\\1 \\2 -86400/' |\
        git hash-object -t commit -w --stdin --literally | xargs git update-ref refs/heads/topic/rust/alpha";
    assert!(env.command("sh").args(["-c", script]).current_dir(env.linux("")).status().unwrap().success());
    let before = env.refs();
    let run = absorb(&env, &[]);
    assert!(run.code == 1 && run.stderr.contains("its date is before 1970, which git does not take"), "{run}");
    assert_eq!(env.refs(), before);
}

#[test]
fn a_rebase_must_be_finished_first() {
    let env = env();
    let rebase = ["rebase", "--quiet", "--exec", "false", "base"];
    assert!(!env.command("git").current_dir(env.linux("")).args(rebase).output().unwrap().status.success());
    insta::assert_snapshot!(absorb(&env, &[]), @"
    ----- stderr
    error: `git rebase` is at work on topic/rust/alpha in $DIR/checkout/linux
    hint: nothing was changed. Finish it: git -C $DIR/checkout/linux rebase --continue
          or drop it: git -C $DIR/checkout/linux rebase --abort
    ----- exit 1
    ");
    env.linux_git(&["rebase", "--abort"]);
    absorb(&env, &[]).ok();
}

#[test]
fn what_is_not_there() {
    let env = Env::with_alpha();
    insta::assert_snapshot!(absorb(&env, &[]), @"
    ----- stderr
    error: there is no tree yet: $DIR/checkout/linux is missing
    hint: `drm-rust tree` makes it
    ----- exit 1
    ");
    env.run(&["tree"]).ok();
    insta::assert_snapshot!(env.run(&["absorb", "rust/gone"]), @"
    ----- stderr
    error: there is no topic rust/gone
    hint: `drm-rust topic list` shows the topics, `drm-rust topic new` begins one
    ----- exit 1
    ");
    env.run(&["topic", "new", "drm/omega", "--title", "O"]).ok();
    insta::assert_snapshot!(env.run(&["absorb", "drm/omega"]), @"
    ----- stderr
    error: linux/ has no branch topic/drm/omega
    hint: `drm-rust tree` makes it
    ----- exit 1
    ");
}

#[test]
fn a_file_becomes_a_folder_and_a_folder_a_file() {
    let env = env();
    stage(&env, &[("rust/kernel/alpha.rs", None), ("rust/kernel/alpha.rs/a.rs", Some("//! A.\n"))]);
    env.linux_git(&["commit", "--quiet", "--amend", "--no-edit"]);
    absorbed(&env, &[]);
    env.commit("a folder");
    stage(&env, &[("rust/kernel/alpha.rs/a.rs", None)]);
    fs::remove_dir(env.linux("rust/kernel/alpha.rs")).unwrap();
    stage(&env, &[("rust/kernel/alpha.rs", Some("//! Alpha.\n"))]);
    env.linux_git(&["commit", "--quiet", "--amend", "--no-edit"]);
    absorbed(&env, &[]);
    assert!(env.root().join("rust/kernel/alpha.rs").is_file());
}

/// The branch still has everything until the last step: whenever a run is killed, the next one finishes.
#[test]
fn a_killed_absorb_is_finished_by_the_next() {
    let mut random = Random::new();
    let mut env = Env::new();
    let (mut whole, mut begun) = (None, 0);
    for round in 0..60 {
        if round % 10 == 0 {
            env = self::env();
        }
        let path = |n: usize| format!("rust/kernel/r{round}/f{n}.rs");
        let files: Vec<(String, String)> = (0..8).map(|n| (path(n), format!("//! {round} {n}\n"))).collect();
        let mut files: Vec<(&str, Option<&str>)> = files.iter().map(|(p, t)| (p.as_str(), Some(t.as_str()))).collect();
        let text = format!("//! Round {round}.\n");
        files.push(("rust/kernel/alpha.rs", Some(&text)));
        commit(&env, &format!("rust: r{round}: add files\n\n{SIGNED}"), &files);
        let tree = env.linux_git(&["rev-parse", "HEAD^{tree}"]);
        let start = Instant::now();
        match whole {
            None => {
                absorb(&env, &["--fold"]).ok();
                whole = Some(start.elapsed());
            }
            Some(whole) => {
                kill_after(&env, &["absorb", "rust/alpha", "--fold"], &env.lock(), random.delay(whole));
                begun += usize::from(!env.git(&["status", "--porcelain"]).is_empty());
                assert_eq!(env.linux_git(&["rev-parse", "topic/rust/alpha^{tree}"]), tree, "round {round}");
                absorb(&env, &["--fold"]).ok();
            }
        }
        assert_eq!(env.linux_git(&["rev-parse", "topic/rust/alpha^{tree}"]), tree, "round {round}");
        assert!(env.run(&["tree"]).ok().stderr.contains("is up to date"), "round {round}");
        assert_eq!(env.linux_git(&["status", "--porcelain"]), "", "round {round}");
        env.commit("absorbed");
    }
    println!("{begun} of 59 kills left something written");
    assert!(begun > 0, "no kill hit");
}

#[test]
fn what_would_be_executed_needs_a_word() {
    let env = env();
    let files = [
        ("rust/.cargo/config.toml", Some("[build]\nrustc-wrapper = 'x'\n")),
        ("rust/kernel/beta.rs", Some("//! Beta.\n")),
    ];
    commit(
        &env,
        "rust: beta: add it\n\nWhy.\n\nSigned-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>",
        &files,
    );
    insta::assert_snapshot!(hide_ids(&absorb(&env, &[]).to_string()), @r#"
    ----- stderr
    error: needs a word of yours, as it would be executed:
      ID ("rust: beta: add it"): rust/.cargo/config.toml: tools and editors read .cargo by themselves
    hint: nothing was written. Read these files; then allow each of them by name: --allow-file rust/.cargo/config.toml
    ----- exit 1
    "#);
    assert!(!env.root().join("rust/.cargo").exists() && !env.root().join("rust/kernel/beta.rs").exists());
    absorbed(&env, &["--allow-file", "rust/.cargo/config.toml"]);
    assert!(env.root().join("rust/.cargo/config.toml").exists());
}
