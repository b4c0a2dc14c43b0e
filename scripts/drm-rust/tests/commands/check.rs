// SPDX-License-Identifier: GPL-2.0-only

//! `check` on messages; what needs the kernel's own scripts is for `make checks`.

use crate::env::Env;

#[test]
fn good_patches_pass_and_are_remembered() {
    let env = Env::with_alpha();
    let run = env.run(&["check", "--only", "subject,trailers"]).ok();
    assert!(run.stdout.starts_with("pass  subject      1 subject ["), "{run}");
    let run = env.run(&["check", "rust/alpha", "--only", "subject,trailers", "--json"]).ok();
    let reports: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(reports[1]["tool"], "trailers");
    assert_eq!(reports[1]["status"], "pass");
    assert_eq!(reports[1]["details"].as_array().unwrap().len(), 0);
    let known = env.run(&["check", "rust/alpha", "--only", "subject,trailers"]).ok();
    assert!(known.stdout.lines().all(|line| line.ends_with("[known]")), "{known}");
    // The base was made from an archive.
    assert!(known.stderr.starts_with("note: no public tree has "), "{known}");
    let fresh = env.run(&["check", "rust/alpha", "--only", "subject", "--fresh"]).ok();
    assert!(!fresh.stdout.contains("known"), "{fresh}");
}

#[test]
fn bad_patches_are_told_with_their_findings() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let message = "rust: alpha: added nothing\n\nFixes: 123 (\"x\")\n";
    let tree = "drm-rust-next^{tree}";
    let commit = env.linux_git(&["commit-tree", tree, "-p", "drm-rust-next", "-m", message]);
    let run = env.run(&["check", &format!("drm-rust-next..{commit}"), "--only", "subject,trailers"]);
    assert_eq!(run.code, 4, "{run}");
    for part in [
        "fail  subject      1 finding in 1 subject",
        "(\"rust: alpha: added nothing\"): the subject says `added`; the imperative is `add`",
        "the author Tester <tester@drm-rust.example> has not signed off",
        "`Fixes: 123 (\"x\")` should be `Fixes: <12 digits or more> (\"subject\")`",
    ] {
        assert!(run.stdout.contains(part), "{part} is not in\n{run}");
    }
    assert!(run.stderr.contains("does not pass: subject, trailers\nhint: "), "{run}");
}

#[test]
fn what_cannot_be_checked_is_refused() {
    let env = Env::with_alpha();
    insta::assert_snapshot!(env.run(&["check", "rust/beta"]), @"
    ----- stderr
    error: there is no topic `rust/beta`
    hint: `drm-rust topic list` shows the topics; a range is REV..REV
    ----- exit 2
    ");
    insta::assert_snapshot!(env.run(&["check", "base..base", "--only", "subject"]), @"
    ----- stderr
    error: `base..base` has no patches to check
    hint: a range names what it leaves out first: base..drm-rust-next
    ----- exit 2
    ");
    insta::assert_snapshot!(env.run(&["check", "base..nowhere"]), @"
    ----- stderr
    error: there is no commit `nowhere` in $DIR/checkout/linux
    hint: give a branch, a tag or a commit id that exists there
    ----- exit 1
    ");
    insta::assert_snapshot!(env.run(&["check", "--only", "spell"]), @"
    ----- stderr
    error: there is no check `spell`
    hint: the checks are subject, trailers, checkpatch, codespell, maintainers, spdx, rustfmt, htmldocs, clippy, rustdoc, sparse, per-patch
    ----- exit 2
    ");
}

#[test]
fn a_missing_tool_is_named_before_anything_is_checked() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let bin = env.home().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink("/usr/bin/git", bin.join("git")).unwrap();
    let check = |only: &str| {
        let output = env.drm_rust(&["check", "--only", only]).env("PATH", &bin).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let err = check("spdx,sparse");
    assert!(err.contains("lacks curl, make") && err.contains("drm-rust setup --checks"), "{err}");
    assert!(err.contains(", ply, gitpython, sparse\n") && !err.contains("codespell"), "{err}");
    let err = check("codespell");
    assert!(err.starts_with("error: this machine lacks codespell\n"), "what other checks need may be missing: {err}");
}
