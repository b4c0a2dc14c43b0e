// SPDX-License-Identifier: GPL-2.0-only

//! What others wrote cannot steer the terminal, nor hide in it, whichever way it comes out.

use crate::env::Env;

/// An escape sequence that clears a line, one that is not ended, a bell, text that runs to the left, and a space that
/// nobody sees.
const HOSTILE: &str = "rust: a\u{1b}[2K\u{1b}]0;x\u{7}\u{202e}b\u{200b}c";
const SHOWN: &str = "rust: a\u{fffd}]0;x\u{fffd}\u{fffd}b\u{fffd}c";

fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n') || ['\u{202e}', '\u{200b}'].contains(&c)
}

/// A commit on drm-rust-next with such a subject and a file of such a name.
fn hostile(env: &Env) -> String {
    env.run(&["tree"]).ok();
    let blob = env.linux_git(&["hash-object", "-w", "Makefile"]);
    let index = env.root().join("build/index");
    let git = |args: &[&str]| {
        let mut command = env.command("git");
        let output = command.args(args).current_dir(env.linux("")).env("GIT_INDEX_FILE", &index).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    };
    git(&["read-tree", "drm-rust-next"]);
    git(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},a\u{202e}\u{1b}[31mb.c")]);
    let tree = git(&["write-tree"]);
    git(&["commit-tree", &tree, "-p", "drm-rust-next", "-m", &format!("{HOSTILE}\n\nWhy.\n")])
}

#[test]
fn commits_and_names_are_shown_and_steer_nothing() {
    let env = Env::with_alpha();
    let commit = hostile(&env);
    let range = format!("drm-rust-next..{commit}");
    for args in [
        &["check", &range, "--only", "subject,trailers"][..],
        &["review", &range],
        &["cite", &commit],
        &["check", "a\u{1b}[2J\u{202e}b"],
        &["check", "base..\u{1b}]0;x\u{7}"],
        &["topic", "show", "a\u{1b}[2J\u{202e}b"],
        &["--repo", "\u{1b}[2J\u{202e}", "review", "a..b"],
        &["-C", "\u{1b}[2J\u{202e}", "status"],
        &["build", "--\u{1b}[2J\u{202e}"],
        &["\u{1b}[2J\u{202e}"],
    ] {
        let run = env.run(args);
        let found: Vec<char> = format!("{}{}", run.stdout, run.stderr).chars().filter(|c| is_hidden(*c)).collect();
        assert!(found.is_empty(), "{args:?}: {found:?} in {run:?}");
    }
    let cited = env.run(&["cite", &commit]).ok();
    assert!(cited.stdout.contains(SHOWN), "{cited:?}");
}

#[test]
fn json_hides_nothing_and_means_the_same() {
    let env = Env::with_alpha();
    let commit = hostile(&env);
    let run = env.run(&["review", &format!("drm-rust-next..{commit}"), "--json"]);
    assert!(!run.stdout.contains(is_hidden), "{run:?}");
    let reports: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let found = |value: &serde_json::Value| value.to_string().contains("\u{202e}b\u{200b}c");
    assert!(reports.as_array().unwrap().iter().any(found), "{run:?}");
}

#[test]
fn what_git_says_is_made_visible_too() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    // The server of a stranger says what it wants.
    let server = env.home().join("server");
    std::fs::write(&server, "#!/bin/sh\nprintf '\\033[2J\\033]0;x\\007stranger\\342\\200\\256\\n' >&2\nexit 1\n")
        .unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&server, std::fs::Permissions::from_mode(0o755)).unwrap();
    env.clone_of_linux("clone");
    let mut command = env.drm_rust(&["--repo", "../clone", "pull", "ssh://host.example/x", "tag"]);
    let output = command.env("GIT_SSH_COMMAND", &server).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("stranger"), "{err}");
    assert!(!err.contains(is_hidden), "{err:?}");
}
