// SPDX-License-Identifier: GPL-2.0-only

//! `resolution fixup`: a patch that the tip's merge of a branch needs, recorded for everybody.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::env::{Env, Run, hide_ids};
use crate::integrate;

/// A tip with a branch that uses a name, next to one that has changed it.
fn env() -> Env {
    let env = integrate::env();
    env.git(&["config", "user.name", "Tester"]);
    env.git(&["config", "user.email", "tester@drm-rust.example"]);
    integrate::branch(&env, "net/a", "A. Dev", &[("net/a", "old();\nmore();\n")]);
    env
}

fn integrate_tip(env: &Env) -> Run {
    env.run(&["integrate", "--tip", "--with", "net/a"]).ok()
}

/// A patch of `net/a` from one line to another.
fn patch(from: &str, to: &str) -> String {
    format!("--- a/net/a\n+++ b/net/a\n@@ -1,2 +1,2 @@\n-{from}();\n+{to}();\n more();\n")
}

fn fixup(env: &Env, patch: &str, more: &[&str]) -> Run {
    fs::write(env.home().join("patch"), patch).unwrap();
    env.run(&[&["resolution", "fixup", "net/a", "../home/patch"], more].concat())
}

fn in_tip(env: &Env) -> String {
    env.linux_git(&["show", "drm-rust-tip:net/a"])
}

#[test]
fn a_fixup_is_recorded_shown_applied_and_removed() {
    let env = env();
    integrate_tip(&env);
    let run = fixup(&env, &patch("old", "new"), &["--why", "main has\nrenamed it"]);
    insta::assert_snapshot!(run, @"
    ----- stderr
    recorded: fixups/net/a.patch, of 1 file
    ----- exit 0
    ");
    assert_eq!(
        env.linux_git(&["log", "--format=%an: %s", "drm-rust-rerere"]),
        "Tester: add the fixup of net/a: main has renamed it"
    );
    assert_eq!(env.linux_git(&["ls-tree", "-r", "--name-only", "drm-rust-rerere"]), "fixups/net/a.patch");
    assert!(env.run(&["op", "log", "-n", "1"]).ok().stdout.contains("  resolution fixup net/a "));
    insta::assert_snapshot!(env.run(&["resolution", "list"]).ok().stdout, @"fixup         2026-01-02 net/a: 1 file by Tester");
    insta::assert_snapshot!(env.run(&["resolution", "show", "net/a"]).ok().stdout, @"
    fixup net/a
    who:      Tester <tester@drm-rust.example>
    date:     2026-01-02
    why:      add the fixup of net/a: main has renamed it
        --- a/net/a
        +++ b/net/a
        @@ -1,2 +1,2 @@
        -old();
        +new();
         more();
    ");
    let json: serde_json::Value =
        serde_json::from_str(&env.run(&["resolution", "list", "--json", "--merge", "net/a"]).ok().stdout).unwrap();
    assert_eq!((&json[0]["id"], &json[0]["kind"]), (&"fixups/net/a.patch".into(), &"fixup".into()));
    assert_eq!(env.run(&["resolution", "list", "--json", "--merge", "net/b"]).ok().stdout, "[]\n");
    let run = integrate_tip(&env);
    assert!(run.stderr.contains("net/a: fixups/net/a.patch applied\n"), "{run}");
    assert_eq!(in_tip(&env), "new();\nmore();");
    // One more, on top of it: the tip has the first one by now.
    fixup(&env, &patch("new", "newer"), &["--append"]).ok();
    integrate_tip(&env);
    assert_eq!(in_tip(&env), "newer();\nmore();");
    fixup(&env, &patch("old", "other"), &["--replace"]).ok();
    integrate_tip(&env);
    assert_eq!(in_tip(&env), "other();\nmore();");
    env.run(&["resolution", "fixup", "net/a", "--remove", "--why", "both have it"]).ok();
    integrate_tip(&env);
    assert_eq!(in_tip(&env), "old();\nmore();");
    assert_eq!(env.run(&["resolution", "list"]).ok().stdout, "");
    env.run(&["integrate", "--verify", "drm-rust-tip"]).ok();
    env.run(&["undo"]).ok();
    env.run(&["undo"]).ok();
    assert!(env.run(&["resolution", "list"]).ok().stdout.contains(" net/a: 1 file by Tester\n"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let env = env();
    integrate_tip(&env);
    let before = env.refs();
    let refused = |run: Run, message: &str| {
        assert!(run.code == 1 && run.stderr.contains(message) && run.stderr.contains("\nhint: "), "{run}");
        assert_eq!(env.refs(), before);
    };
    insta::assert_snapshot!(fixup(&env, &patch("never", "new"), &[]), @"
    ----- stderr
    error: it does not apply to the tip's merge of net/a:
    error: patch failed: net/a:1
    error: net/a: patch does not apply
    hint: nothing was recorded. Make it on top of that merge: `git -C linux log --first-parent drm-rust-tip` shows it
    ----- exit 1
    ");
    refused(fixup(&env, &patch("never", "new"), &[]), "error: it does not apply to the tip's merge of net/a:\n");
    refused(fixup(&env, &patch("was", "old"), &[]), "error: the tip's merge of net/a has all of it already\n");
    refused(fixup(&env, "", &[]), "error: it is no patch:\n");
    refused(fixup(&env, "From: A\n\nHello\n", &["--append"]), "error: it is no patch:\n");
    refused(fixup(&env, &patch("old", "new"), &["--replace"]), "error: net/a has no fixup\n");
    refused(env.run(&["resolution", "fixup", "net/a", "--remove"]), "error: net/a has no fixup\n");
    refused(env.run(&["resolution", "fixup", "net/b", "../home/patch"]), "error: the tip has no branch `net/b`");
    let outside = "--- /dev/null\n+++ b/../../x\n@@ -0,0 +1 @@\n+x\n";
    refused(fixup(&env, outside, &[]), "error: it does not apply to the tip's merge of net/a:\n");
    assert_eq!(fixup(&env, "", &["--remove"]).code, 2);
    assert_eq!(fixup(&env, "", &["--append", "--replace"]).code, 2);
    fixup(&env, &patch("old", "new"), &[]).ok();
    let before = env.refs();
    let run = fixup(&env, &patch("old", "other"), &[]);
    assert!(run.code == 1 && run.stderr.contains("error: net/a has a fixup already\n"), "{run}");
    // It stands on the first one, which it does not fit.
    let run = fixup(&env, &patch("old", "other"), &["--append"]);
    assert!(run.code == 1 && run.stderr.contains("error: it does not apply"), "{run}");
    assert_eq!(env.refs(), before);
}

#[test]
fn without_a_tip_nobody_can_try_it() {
    let env = env();
    // From standard input, for a branch that the tip will have.
    let mut command = env.drm_rust(&["resolution", "fixup", "drm-rust-next"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(patch("old", "new").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    insta::assert_snapshot!(said, @"
    note: nobody knows whether it applies: there is no drm-rust-tip
    recorded: fixups/drm-rust/drm-rust-next.patch, of 1 file
    ");
    assert!(output.status.success());
    let run = env.run(&["integrate", "--tip"]).ok();
    assert!(run.stderr.contains("fixups/drm-rust/drm-rust-next.patch does not apply"), "{run}");
    // The tip has another branch only as part of this one.
    env.linux_git(&["branch", "net/c", "drm-rust-next"]);
    env.run(&["integrate", "--tip", "--with", "net/c"]).ok();
    fs::write(env.home().join("patch"), patch("old", "new")).unwrap();
    let run = env.run(&["resolution", "fixup", "net/c", "../home/patch"]).ok();
    assert!(
        hide_ids(&run.stderr).contains("note: nobody knows whether it applies: the tip has no merge of net/c\n"),
        "{run}"
    );
}
