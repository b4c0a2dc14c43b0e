// SPDX-License-Identifier: GPL-2.0-only

//! A person settles conflicts of the tip once, and everybody has them settled.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::env::{Env, Run, hide_ids};
use crate::integrate::{LIB, branch, env, lib};

const WITH: [&str; 4] = ["--with", "net/a", "--with", "net/b"];

fn shown(run: &Run) -> String {
    hide_ids(&run.to_string())
}

/// Two branches: a file that both change, one that a side changes and the other one deletes, and a binary file.
fn conflicting() -> Env {
    let env = env();
    env.git(&["config", "user.name", "Tester"]);
    branch(&env, "net/a", "A. Dev", &[(LIB, &lib("fn one() {}")), ("Makefile", "VERSION = 10\n"), ("logo", "a\0\n")]);
    branch(&env, "net/b", "B. Dev", &[(LIB, &lib("fn two() {}")), ("logo", "b\0\n")]);
    remove(&env, "net/b", "Makefile");
    env
}

/// One more commit on a branch, that deletes a file.
fn remove(env: &Env, name: &str, path: &str) {
    let index = env.home().join("index");
    let git = |args: &[&str]| {
        let output = git_in(env, "linux", args).env("GIT_INDEX_FILE", &index).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["read-tree", name]);
    git(&["update-index", "--force-remove", path]);
    let tree = git(&["write-tree"]);
    let commit = git(&["commit-tree", "-p", name, "-m", &format!("{name}: remove {path}"), &tree]);
    git(&["branch", "-f", name, &commit]);
}

fn git_in(env: &Env, dir: &str, args: &[&str]) -> Command {
    let mut command = env.command("git");
    command.arg("-C").arg(env.root().join(dir)).args(args);
    command
}

fn tip(env: &Env) -> Run {
    env.run(&[&["integrate", "--tip"], &WITH[..]].concat())
}

fn scratch(env: &Env) -> PathBuf {
    env.root().join("build/resolve/net/b")
}

/// Settles all conflicts of `net/b`.
fn settle(env: &Env) {
    settle_in(env, &[]);
}

/// The same with a clone in place of `linux/`.
fn settle_in(env: &Env, repo: &[&str]) {
    env.run(&[repo, &["integrate", "--resolve", "net/b"], &WITH[..]].concat()).ok();
    let dir = scratch(env);
    fs::write(dir.join(LIB), lib("fn one() {}\nfn two() {}")).unwrap();
    fs::write(dir.join("logo"), "both\0\n").unwrap();
    env.git_in(&dir, &["add", "logo"]);
    env.git_in(&dir, &["rm", "--quiet", "Makefile"]);
    env.run(&[repo, &["integrate", "--resolve", "net/b", "--done", "--why", "both are needed"]].concat()).ok();
}

#[test]
fn what_is_settled_once_is_settled_for_everybody() {
    let env = conflicting();
    assert!(tip(&env).ok().stderr.contains("the tip goes without it"));
    let refs = env.refs();
    let resolve = [&["integrate", "--resolve", "net/b"], &WITH[..]].concat();
    insta::assert_snapshot!(shown(&env.run(&resolve)), @"
    Makefile
    logo
    rust/kernel/lib.rs
    ----- stderr
    3 conflicts of net/b open in $DIR/checkout/build/resolve/net/b:
    settle them there with any editor; a path without markers with `git add` or `git rm`. Then:
      drm-rust integrate --resolve net/b --done --why TEXT
    ----- exit 0
    ");
    insta::assert_snapshot!(env.git_in(&scratch(&env), &["status", "--short"]), @"
    UD Makefile
    AA logo
    UU rust/kernel/lib.rs
    ");
    // Nothing is recorded before all is settled.
    let done = ["integrate", "--resolve", "net/b", "--done", "--why", "both are needed"];
    insta::assert_snapshot!(shown(&env.run(&done)), @"
    ----- stderr
    error: the conflict in Makefile is not settled yet
    hint: settle each hunk and remove its markers; a path that has none needs `git add` or `git rm` in the scratch
          work tree
    ----- exit 3
    ");
    fs::write(scratch(&env).join(LIB), lib("fn one() {}\nfn two() {}")).unwrap();
    insta::assert_snapshot!(shown(&env.run(&resolve)), @"
    Makefile
    logo
    ----- stderr
    2 conflicts of net/b still open in $DIR/checkout/build/resolve/net/b:
    settle them there with any editor; a path without markers with `git add` or `git rm`. Then:
      drm-rust integrate --resolve net/b --done --why TEXT
    ----- exit 0
    ");
    assert_eq!(env.refs(), refs);
    fs::write(scratch(&env).join("logo"), "both\0\n").unwrap();
    env.git_in(&scratch(&env), &["add", "logo"]);
    env.git_in(&scratch(&env), &["rm", "--quiet", "Makefile"]);
    insta::assert_snapshot!(shown(&env.run(&done)), @"
    ----- stderr
    recorded: Makefile
    recorded: logo
    recorded: rust/kernel/lib.rs
    `drm-rust integrate --tip` merges net/b with it; `drm-rust resolution push` shares it
    ----- exit 0
    ");
    assert!(!scratch(&env).exists());
    insta::assert_snapshot!(shown(&tip(&env)), @"
    merged     ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    merged     ID  net/a  net/a: change
    merged     ID  net/b  net/b: remove Makefile
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    net/b: Makefile: resolved as recorded (a2534a6e694e)
    net/b: logo: resolved as recorded (355b65cbe912)
    net/b: rust/kernel/lib.rs: resolved as recorded (83c35eafe313)
    3 merges, 2 of them as before
    drm-rust-tip: ID -> ID
    ----- exit 0
    ");
    assert!(env.linux_git(&["show", &format!("drm-rust-tip:{LIB}")]).contains("fn one() {}\nfn two() {}"));
    assert_eq!(env.linux_git(&["ls-tree", "--name-only", "drm-rust-tip", "Makefile"]), "");
    assert_eq!(env.linux_git(&["show", "drm-rust-tip:logo"]), "both\0");
    env.run(&["integrate", "--verify", "drm-rust-tip"]).ok();
    insta::assert_snapshot!(shown(&env.run(&resolve)), @"
    ----- stderr
    error: net/b does not conflict
    hint: `drm-rust integrate --dry-run` tells which branches do
    ----- exit 1
    ");
}

#[test]
fn a_wrong_resolution_is_found_by_its_merge_and_forgotten() {
    let env = conflicting();
    settle(&env);
    tip(&env).ok();
    // By the branch, and by the merge as it is in the tip.
    let listed = env.run(&["resolution", "list", "--merge", "net/b"]).ok().stdout;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    let merge = env.linux_git(&["rev-parse", "drm-rust-tip^"]);
    let shown_by = |what: &str| env.run(&["resolution", "show", what]).ok().stdout;
    assert_eq!(shown_by(&merge).lines().filter(|line| line.starts_with("resolution ")).count(), 3);
    assert!(shown_by(&merge).contains("why:      both are needed"));
    let verified = env.linux_git(&["rev-parse", "drm-rust-tip"]);
    env.run(&["resolution", "forget", &merge, "--why", "loses an error path"]).ok();
    let run = tip(&env).ok();
    assert!(run.stderr.contains("the tip goes without it"), "{run}");
    // The tip that was made with them can still be derived.
    env.run(&["integrate", "--verify", &verified]).ok();
    // Settled anew, it comes back.
    settle(&env);
    assert!(tip(&env).ok().stdout.contains("merged     "));
    assert!(env.linux_git(&["show", "drm-rust-tip:integration-manifest"]).contains("net/b"));
}

#[test]
fn only_conflicts_of_the_tip_are_recorded() {
    let env = conflicting();
    // A person merges by hand in linux/ with rerere: that stays private.
    let dir = env.root().join("linux");
    env.git_in(&dir, &["config", "rerere.enabled", "true"]);
    env.git_in(&dir, &["checkout", "--quiet", "-b", "mine", "net/a"]);
    let merged = git_in(&env, "linux", &["merge", "--quiet", "net/b"]).output().unwrap();
    assert!(!merged.status.success());
    fs::write(dir.join(LIB), "private\n").unwrap();
    env.git_in(&dir, &["rm", "--quiet", "Makefile"]);
    env.git_in(&dir, &["add", "--all"]);
    env.git_in(&dir, &["commit", "--quiet", "--message", "by hand"]);
    env.git_in(&dir, &["checkout", "--quiet", "drm-rust-next"]);
    assert!(tip(&env).ok().stderr.contains("the tip goes without it"));
    assert!(!env.refs().contains("drm-rust-rerere"));
    settle(&env);
    let files = env.linux_git(&["ls-tree", "-r", "--name-only", "drm-rust-rerere"]);
    assert_eq!(files.lines().filter(|file| file.ends_with(".toml")).count(), 3, "{files}");
}

#[test]
fn an_open_scratch_work_tree_of_another_merge_stays() {
    let env = conflicting();
    env.run(&[&["integrate", "--resolve", "net/b"], &WITH[..]].concat()).ok();
    branch(&env, "net/b", "B. Dev", &[(LIB, &lib("fn three() {}"))]);
    insta::assert_snapshot!(shown(&env.run(&[&["integrate", "--resolve", "net/b"], &WITH[..]].concat())), @"
    ----- stderr
    error: $DIR/checkout/build/resolve/net/b has the conflicts of an earlier merge of net/b
    hint: drm-rust integrate --resolve net/b --done   records what was settled there;
          rm -r $DIR/checkout/build/resolve/net/b   drops it
    ----- exit 1
    ");
    for (what, with) in [("net/c", &WITH[..]), ("../../x", &WITH[..]), ("drm-rust-next", &[])] {
        let run = env.run(&[&["integrate", "--resolve", what], with].concat());
        insta::allow_duplicates! { insta::assert_snapshot!(run.code, @"1"); }
    }
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--resolve", "drm-rust-next", "--done"])), @"
    ----- stderr
    error: no conflicts of drm-rust-next are open
    hint: `drm-rust integrate --resolve drm-rust-next` opens them
    ----- exit 1
    ");
}

#[test]
fn resolutions_are_fetched_and_pushed() {
    let env = conflicting();
    let bare = env.root().join("build/shared.git");
    env.git(&["init", "--quiet", "--bare", &bare.display().to_string()]);
    let url = format!("file://{}", bare.display());
    insta::assert_snapshot!(env.run(&["resolution", "push"]), @"
    ----- stderr
    error: there is no remote that is drm-rust
    hint: `git -C linux remote add NAME URL` adds one; its URL in trees.toml makes it the default
    ----- exit 1
    ");
    env.linux_git(&["remote", "add", "shared", &url]);
    insta::assert_snapshot!(env.run(&["resolution", "push", "shared"]), @"
    ----- stderr
    error: there is no resolution to push
    hint: `drm-rust integrate --resolve BRANCH` makes one
    ----- exit 1
    ");
    insta::assert_snapshot!(env.run(&["resolution", "fetch", "shared"]), @"
    ----- stderr
    error: shared has no branch drm-rust-rerere
    hint: `drm-rust resolution push shared` puts yours there, if that is its place
    ----- exit 1
    ");
    settle(&env);
    insta::assert_snapshot!(shown(&env.run(&["resolution", "push", "shared"])), @"
    ----- stderr
    drm-rust-rerere of shared is at ID
    ----- exit 0
    ");
    insta::assert_snapshot!(shown(&env.run(&["resolution", "push", "shared"])), @"
    ----- stderr
    drm-rust-rerere of shared is up to date
    ----- exit 0
    ");
    // Somebody else has none of the branches' conflicts settled, and fetches.
    let other = conflicting();
    other.linux_git(&["remote", "add", "shared", &url]);
    insta::assert_snapshot!(other.run(&["resolution", "fetch", "shared"]), @"
    ----- stderr
    3 resolutions now, 0 before
    ----- exit 0
    ");
    assert!(tip(&other).ok().stdout.contains("merged     "));
    tip(&env).ok();
    assert_eq!(env.linux_git(&["rev-parse", "drm-rust-tip"]), other.linux_git(&["rev-parse", "drm-rust-tip"]));
    // Both go on: who comes second must fetch first, and nothing is lost.
    let forget = |env: &Env, n: usize| {
        let listed = env.run(&["resolution", "list"]).ok().stdout;
        let id = listed.lines().nth(n).unwrap().split(' ').next().unwrap().to_owned();
        env.run(&["resolution", "forget", &id, "--why", "wrong"]).ok();
    };
    forget(&env, 0);
    forget(&other, 2);
    env.run(&["resolution", "push", "shared"]).ok();
    let before = env.git_in(&bare, &["for-each-ref"]);
    insta::assert_snapshot!(other.run(&["resolution", "push", "shared"]), @"
    ----- stderr
    error: shared has resolutions that are not known here
    hint: drm-rust resolution fetch shared   takes them in; then push again. Nothing was pushed
    ----- exit 1
    ");
    assert_eq!(env.git_in(&bare, &["for-each-ref"]), before);
    insta::assert_snapshot!(other.run(&["resolution", "fetch", "shared"]), @"
    ----- stderr
    1 resolution now, 2 before
    ----- exit 0
    ");
    other.run(&["resolution", "push", "shared"]).ok();
    env.run(&["resolution", "fetch", "shared"]).ok();
    let tree = |env: &Env| env.linux_git(&["rev-parse", "drm-rust-rerere^{tree}"]);
    assert_eq!(tree(&env), tree(&other));
    // A remote that refuses leaves everything as it was, and says why.
    forget(&env, 0);
    let hook = bare.join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho closed for today >&2\nexit 1\n").unwrap();
    env.command("chmod").args(["+x"]).arg(&hook).status().unwrap();
    let before = env.git_in(&bare, &["for-each-ref"]);
    let run = env.run(&["resolution", "push", "shared"]);
    assert!(run.code == 1 && run.stderr.contains("closed for today"), "{run}");
    assert_eq!(env.git_in(&bare, &["for-each-ref"]), before);
    fs::remove_file(&hook).unwrap();
    env.run(&["resolution", "push", "shared"]).ok();
    // A tree of trees.toml takes what it says.
    env.linux_git(&["remote", "add", "drm", "https://git.example/drm.git"]);
    insta::assert_snapshot!(env.run(&["resolution", "push", "drm"]), @"
    ----- stderr
    error: trees.toml does not allow to push drm-rust-rerere to drm
    hint: add it to the tree's `push` in scripts/drm-rust/trees.toml
    ----- exit 1
    ");
}

#[test]
fn a_topic_is_merged_on_trial() {
    let env = env();
    branch(&env, "drm-next", "A. Dev", &[(LIB, "pub mod alloc;\npub mod page;\npub mod xarray;\nfn one() {}\n")]);
    let trees = fs::read_to_string(env.root().join("scripts/drm-rust/trees.toml")).unwrap();
    env.write("scripts/drm-rust/trees.toml", &(trees + "\n[[tip]]\ntree = 'drm'\nbranch = 'drm-next'\n"));
    env.linux_git(&["remote", "add", "drm", "https://git.example/drm.git"]);
    env.linux_git(&["update-ref", "refs/remotes/drm/drm-next", "drm-next"]);
    insta::assert_snapshot!(shown(&env.run(&["topic", "check-merge", "rust/alpha"])), @"
    merged     ID  drm/drm-next  drm-next: change
    merged     ID  topic/rust/alpha  rust: alpha: add the alpha module
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    2 merges
    ----- exit 0
    ");
    branch(&env, "drm-next", "A. Dev", &[(LIB, "pub mod alloc;\nfn one() {}\npub mod page;\npub mod xarray;\n")]);
    env.linux_git(&["update-ref", "refs/remotes/drm/drm-next", "drm-next"]);
    let refs = env.refs();
    insta::assert_snapshot!(shown(&env.run(&["topic", "check-merge", "rust/alpha"])), @"
    merged     ID  drm/drm-next  drm-next: change
    left out   ID  topic/rust/alpha  rust: alpha: add the alpha module

    topic/rust/alpha at ID conflicts:
      rust/kernel/lib.rs
        CONFLICT (content): Merge conflict in rust/kernel/lib.rs
        line 2:
          <fn one() {}
          >pub mod alpha;
        < ID  A. Dev <dev@drm-rust.example>  drm-next: change
        > ID  DRM-Rust maintainers <maintainers@drm-rust.example>  rust: alpha: add the alpha module
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    note: topic/rust/alpha at ID conflicts in rust/kernel/lib.rs: the tip goes without it
    1 merge
    error: rust/alpha conflicts with what the tip has
    hint: the authors above can tell what becomes of the lines: agree before it is published
    ----- exit 3
    ");
    let json = env.run(&["topic", "check-merge", "rust/alpha", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["conflicts"][0]["branch"], "topic/rust/alpha");
    assert_eq!(env.refs(), refs);
    insta::assert_snapshot!(env.run(&["topic", "check-merge", "rust/none"]), @"
    ----- stderr
    error: there is no commit `refs/heads/topic/rust/none` in $DIR/checkout/linux
    hint: give a branch, a tag or a commit id that exists there
    ----- exit 1
    ");
}

#[test]
fn the_two_patches_that_conflict_are_found() {
    let env = env();
    let commit = |name: &str, author: &str, n: usize, files: &[(&str, &str)]| {
        // A branch of one commit, put on what the branch has.
        let before = git_in(&env, "linux", &["rev-parse", "--verify", "--quiet", name]).output().unwrap().stdout;
        let before = String::from_utf8(before).unwrap().trim().to_owned();
        branch(&env, name, author, files);
        if !before.is_empty() {
            let tree = format!("{name}^{{tree}}");
            let message = format!("{name}: patch {n}");
            let mut git = git_in(&env, "linux", &["commit-tree", "-p", &before, "-m", &message, &tree]);
            let output = git.env("GIT_AUTHOR_NAME", author).output().unwrap();
            env.linux_git(&["branch", "-f", name, String::from_utf8(output.stdout).unwrap().trim()]);
        }
    };
    let (one, two) = (lib("fn one() {}"), lib("fn two() {}"));
    for n in 0..6 {
        let text = format!("{n}\n");
        let mut a: Vec<(&str, &str)> = vec![("net/a", &text)];
        let mut b: Vec<(&str, &str)> = vec![("net/b", &text)];
        if n >= 2 {
            a.push((LIB, &one));
        }
        if n >= 4 {
            b.push((LIB, &two));
        }
        commit("net/a", "A. Dev", n, &a);
        commit("net/b", "B. Dev", n, &b);
    }
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--bisect", "net/a", "net/b"])), @"
    < net/a: ID  A. Dev <tester@drm-rust.example>  net/a: patch 2
    > net/b: ID  B. Dev <tester@drm-rust.example>  net/b: patch 4
      rust/kernel/lib.rs
        CONFLICT (content): Merge conflict in rust/kernel/lib.rs
        line 3:
          <fn one() {}
          >fn two() {}
    ----- exit 0
    ");
    insta::assert_snapshot!(shown(&env.run(&["integrate", "--bisect", "net/a~4", "net/b"])), @"
    ----- stderr
    net/a~4 and net/b do not conflict
    ----- exit 0
    ");
    let json = env.run(&["integrate", "--bisect", "net/a", "net/b", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["theirs"]["subject"], "net/b: patch 4");
}

/// A maintainer's clone, or a work tree of it, is as good as `linux/`: the tip, and what settles its conflicts.
#[test]
fn a_clone_of_ones_own_gets_a_tip() {
    let env = conflicting();
    let clone = env.root().with_file_name("clone");
    env.git(&["clone", "--quiet", "linux", "../clone"]);
    for branch in ["net/a", "net/b"] {
        env.git_in(&clone, &["branch", "--quiet", branch, &format!("origin/{branch}")]);
    }
    let refs = env.refs();
    let repo = ["--repo", "../clone"];
    let tip = |more: &[&str]| env.run(&[&repo[..], &["integrate", "--tip"], &WITH[..], more].concat());
    let run = tip(&[]).ok();
    assert!(run.stdout.starts_with("contained "), "what the tip starts with is in it: {run}");
    assert!(run.stderr.contains("the tip goes without it"), "{run}");
    settle_in(&env, &repo);
    insta::assert_snapshot!(shown(&tip(&[])), @"
    contained  ID  drm-rust/drm-rust-next  Merge branch 'topic/rust/alpha' into drm-rust-next
    merged     ID  net/a  net/a: change
    merged     ID  net/b  net/b: remove Makefile
    ----- stderr
    note: not there, and need not be: drm-rust/drm-rust-fixes
    net/b: Makefile: resolved as recorded (a2534a6e694e)
    net/b: logo: resolved as recorded (355b65cbe912)
    net/b: rust/kernel/lib.rs: resolved as recorded (83c35eafe313)
    2 merges, 1 of them as before
    drm-rust-tip: ID -> ID
    ----- exit 0
    ");
    env.run(&[&repo[..], &["integrate", "--verify", "drm-rust-tip"]].concat()).ok();
    assert_eq!(env.run(&[&repo[..], &["resolution", "list"]].concat()).ok().stdout.lines().count(), 3);
    assert_eq!(env.refs(), refs, "linux/ is left alone");
    let again = tip(&[]).ok();
    assert!(again.stderr.contains("drm-rust-tip is up to date"), "{again}");
    // The work tree that has the branch follows, where nothing would be lost.
    env.git_in(&clone, &["worktree", "add", "--quiet", "../tip", "drm-rust-tip"]);
    let work = env.root().with_file_name("tip");
    fs::write(work.join("Makefile.new"), "not ours\n").unwrap();
    fs::write(work.join("scripts/run.sh"), "changed\n").unwrap();
    branch(&env, "net/c", "C. Dev", &[("net.c", "int c;\n")]);
    env.git_in(&clone, &["fetch", "--quiet", "origin", "net/c:net/c"]);
    let before = env.git_in(&clone, &["rev-parse", "drm-rust-tip"]);
    let run = tip(&["--with", "net/c"]);
    assert!(run.stderr.contains("has changes that are not committed:\n  scripts/run.sh\n"), "{run}");
    assert_eq!(env.git_in(&clone, &["rev-parse", "drm-rust-tip"]), before);
    env.git_in(&work, &["checkout", "--quiet", "scripts/run.sh"]);
    // From within a work tree of the clone, too.
    env.run(&[&["--repo", "../tip", "integrate", "--tip"], &WITH[..], &["--with", "net/c"]].concat()).ok();
    assert_eq!(fs::read_to_string(work.join("net.c")).unwrap(), "int c;\n");
    assert_eq!(env.git_in(&work, &["status", "--porcelain"]), "?? Makefile.new");
    env.git_in(&clone, &["fsck", "--no-progress", "--no-dangling"]);
    // What a person committed there is not dropped.
    env.git_in(&work, &["commit", "--quiet", "--allow-empty", "--message", "mine"]);
    let run = tip(&[]);
    assert!(
        run.stderr.contains("which no tip ends with\nhint: keep its commits: git -C ../clone branch -m drm-rust-tip"),
        "{run}"
    );
}
