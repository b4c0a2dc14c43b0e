// SPDX-License-Identifier: GPL-2.0-only

//! A branch that git is at work on stays where it is, whatever command would move it, and in whatever work tree.

use std::fs;
use std::path::Path;

use crate::env::{Env, Run};
use crate::forms::{Lab, TAG};

/// `linux/` with a topic of two patches, of which the first is being edited, and something to do for `tree`.
fn editing() -> Env {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    env.linux_git(&["checkout", "--quiet", "topic/rust/alpha"]);
    fs::write(env.linux("rust/kernel/z.rs"), "//! Z.\n").unwrap();
    env.linux_git(&["add", "--force", "rust/kernel/z.rs"]);
    let signed = "rust: z: add z\n\nWhy.\n\nSigned-off-by: Tester <tester@drm-rust.example>";
    env.linux_git(&["commit", "--quiet", "-m", signed]);
    env.run(&["absorb", "rust/alpha"]).ok();
    env.commit("absorb");
    let mut rebase = env.command("git");
    rebase.current_dir(env.linux("")).env("GIT_SEQUENCE_EDITOR", "sed -i 1s/^pick/edit/");
    assert!(rebase.args(["rebase", "--quiet", "-i", "base"]).output().unwrap().status.success());
    env.write("rust/kernel/z.rs", "//! Z of the overlay.\n");
    env
}

#[track_caller]
fn refused(run: &Run, what: &str, branch: &str, place: &str) {
    let error = format!("error: `git {what}` is at work on {branch} in {place}\nhint: nothing was changed. ");
    let hint = match what {
        "bisect" => format!("End it: git -C {place} bisect reset\n"),
        _ => format!("Finish it: git -C {place} {what} --continue\n      or drop it: git -C {place} {what} --abort\n"),
    };
    assert!(run.code == 1 && run.stderr.ends_with(&(error + &hint)), "{run}");
}

#[test]
fn a_rebase_of_a_topic_ends_as_it_began() {
    let env = editing();
    let before = heads(&env, &env.linux(""));
    for args in [&["tree"][..], &["tree", "--reset"], &["absorb", "rust/alpha"], &["undo"]] {
        refused(&env.run(args), "rebase", "topic/rust/alpha", "$DIR/checkout/linux");
    }
    assert_eq!(heads(&env, &env.linux("")), before);
    fs::write(env.linux("rust/kernel/alpha.rs"), "//! Mine.\n").unwrap();
    env.linux_git(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
    env.linux_git(&["rebase", "--continue"]);
    env.git(&["restore", "rust/kernel/z.rs"]);
    env.run(&["absorb", "rust/alpha"]).ok();
    assert_eq!(fs::read_to_string(env.root().join("rust/kernel/alpha.rs")).unwrap(), "//! Mine.\n");
    env.run(&["tree"]).ok();
}

#[test]
fn a_merge_into_drm_rust_next_is_seen() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    env.linux_git(&["merge", "--quiet", "--no-ff", "--no-commit", "--strategy=ours", "base"]);
    // Nothing to merge: git itself says so, and there is nothing to see.
    env.write("rust/kernel/alpha.rs", "//! Alpha of the overlay.\n");
    env.linux_git(&["branch", "mine", "base"]);
    env.linux_git(&["checkout", "--quiet", "mine"]);
    env.linux_git(&["commit", "--quiet", "--allow-empty", "-m", "mine"]);
    env.linux_git(&["checkout", "--quiet", "drm-rust-next"]);
    env.linux_git(&["merge", "--quiet", "--no-ff", "--no-commit", "mine"]);
    refused(&env.run(&["tree"]), "merge", "drm-rust-next", "$DIR/checkout/linux");
    env.linux_git(&["merge", "--abort"]);
    // Whoever does something with a branch of their own is not in the way.
    env.linux_git(&["checkout", "--quiet", "mine"]);
    env.linux_git(&["bisect", "start"]);
    env.run(&["tree"]).ok();
}

/// Lets git be at work on a branch in a work tree of its own.
fn begin(lab: &Lab, what: &str, branch: &str) {
    lab.git(&["worktree", "add", "--quiet", "--force", "../busy", branch]);
    let busy = lab.beside("busy");
    let args: &[&str] = match what {
        "bisect" => &["bisect", "start"],
        _ => &["rebase", "--quiet", "--root", "--exec", "false"],
    };
    lab.env.command("git").current_dir(busy).args(args).output().unwrap();
}

fn end(lab: &Lab, what: &str) {
    let busy = lab.beside("busy");
    let args: &[&str] = if what == "bisect" { &["bisect", "reset"] } else { &["rebase", "--abort"] };
    lab.env.git_in(&busy, args);
    lab.git(&["worktree", "remove", "--force", "../busy"]);
}

#[test]
fn no_command_moves_a_branch_of_a_clone_that_git_is_at_work_on() {
    let lab = Lab::new();
    let public = format!("file://{}", lab.public.display());
    lab.git(&["checkout", "--quiet", "--detach"]);
    let run = |args: &[&str]| lab.env.run(&[&["--repo", "../plain"], args].concat());
    run(&["integrate", "--tip"]).ok();
    let cache = lab.env.home().join("rr-cache");
    let conflict = cache.join("1".repeat(40));
    fs::create_dir_all(&conflict).unwrap();
    fs::write(conflict.join("preimage"), "<<<<<<<\n1\n=======\n2\n>>>>>>>\n").unwrap();
    fs::write(conflict.join("postimage"), "1\n2\n").unwrap();
    run(&["resolution", "import", "../home/rr-cache"]).ok();
    fs::write(conflict.join("postimage"), "2\n1\n").unwrap();
    for (branch, args) in [
        ("drm-rust-tip", &["integrate", "--tip", "--with", "picked"][..]),
        ("drm-rust-rerere", &["resolution", "import", "../home/rr-cache"]),
        ("drm-rust-fixes", &["cherry-pick", "picked", "--into", "drm-rust-fixes"]),
        ("drm-rust-next", &["backmerge", "linus", "--why", "for x", "--override", "tip=x"]),
        ("drm-rust-next", &["pull", &public, TAG]),
        ("drm-rust-next-fixes", &["fast-forward", "drm-rust-next-fixes"]),
    ] {
        for what in ["rebase", "bisect"] {
            begin(&lab, what, branch);
            let before = heads(&lab.env, &lab.plain);
            refused(&run(args), what, branch, "$DIR/busy");
            assert_eq!(heads(&lab.env, &lab.plain), before, "{args:?}");
            end(&lab, what);
        }
        run(args).ok();
    }
}

fn heads(env: &Env, repo: &Path) -> String {
    env.git_in(repo, &["for-each-ref", "refs/heads"])
}
