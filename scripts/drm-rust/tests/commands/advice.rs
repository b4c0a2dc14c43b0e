// SPDX-License-Identifier: GPL-2.0-only

//! What a command advises to run names the checkout and the repository as the command itself was told them.

use std::fs;
use std::path::Path;

use crate::env::{Env, Run};
use crate::forms::Lab;

/// How the program is called: from elsewhere, and for a clone whose name needs quotes.
const CALL: [&str; 4] = ["-C", "../checkout", "--repo", "../my clone"];

/// Commands that fail, or stop for the person, and what they advise.
const ADVICE: &[(&[&str], &str)] = &[
    (&["tree", "plan"], "git -C '../my clone' remote add drm https://git.example/drm.git\n"),
    (&["integrate", "--verify", "HEAD"], "`drm-rust -C ../checkout --repo '../my clone' integrate --tip` made"),
    (&["integrate", "--resolve", "none"], "`drm-rust -C ../checkout --repo '../my clone' integrate --dry-run` lists"),
    (
        &["integrate", "--resolve", "linus/master"],
        "drm-rust -C ../checkout --repo '../my clone' integrate --dry-run` tells",
    ),
    (
        &["integrate", "--resolve", "clash", "--done"],
        "`drm-rust -C ../checkout --repo '../my clone' integrate --resolve clash` opens",
    ),
    (
        &["integrate", "-n", "--with", "clash"],
        "drm-rust -C ../checkout --repo '../my clone' integrate --resolve BRANCH ",
    ),
    (
        &["resolution", "push", "ours"],
        "`drm-rust -C ../checkout --repo '../my clone' integrate --resolve BRANCH` makes",
    ),
    (&["resolution", "fetch", "ours"], "`drm-rust -C ../checkout --repo '../my clone' resolution push ours` puts"),
    (&["resolution", "fetch", "none"], "`git -C '../my clone' remote add NAME URL` adds"),
    (&["resolution", "show", "abcd"], "`drm-rust -C ../checkout --repo '../my clone' resolution list` tells"),
    (
        &["cherry-pick", "picked", "--into", "drm-rust-fixes"],
        "fixes shall begin: git -C '../my clone' branch drm-rust-fixes ",
    ),
    (&["cherry-pick", "merge", "--into", "drm-rust-next-fixes"], "`git -C '../my clone' log MERGE^..MERGE` lists"),
    (&["backmerge", "drm", "--why", "x"], "git -C '../my clone' remote add drm https"),
    (&["tc", "HEAD"], "`git -C '../my clone' fetch --all --tags` gets"),
];

fn call(env: &Env, args: &[&str]) -> Run {
    let output = env.drm_rust(&[&CALL[..], args].concat()).current_dir(env.home()).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    Run { stdout, stderr, code: output.status.code().unwrap() }
}

/// A clone that lacks what is worked with.
fn lab() -> Lab {
    let lab = Lab::new();
    let clone = lab.copy("my clone");
    let git = |args: &[&str]| drop(lab.env.git_in(&clone, args));
    git(&["remote", "rename", "drm", "other"]);
    git(&["remote", "set-url", "other", "https://git.example/other.git"]);
    git(&["checkout", "--quiet", "--detach", "v9.10-rc2"]);
    git(&["merge", "--quiet", "--no-ff", "-m", "merge", "picked"]);
    git(&["branch", "merge"]);
    git(&["commit", "--quiet", "--allow-empty", "-m", "on no branch"]);
    git(&["branch", "--quiet", "-D", "drm-rust-fixes"]);
    lab
}

#[test]
fn hints_name_the_repository_that_was_named() {
    let lab = lab();
    for (args, advice) in ADVICE {
        let run = call(&lab.env, args);
        assert!(run.stderr.contains(advice), "{args:?} does not advise {advice}:\n{run}");
        assert!(!run.stderr.contains("git -C linux"), "{args:?}: {run}");
    }
}

/// A person who does as told ends where they wanted to.
#[test]
fn what_is_advised_works() {
    let lab = lab();
    let run = call(&lab.env, &["integrate", "--resolve", "clash", "--with", "clash"]).ok();
    fs::write(lab.env.root().join("build/resolve/clash/a.c"), "both\n").unwrap();
    let told = run.stderr.lines().find_map(|line| line.strip_prefix("  ")).expect("a command");
    let program = Path::new(env!("CARGO_BIN_EXE_drm-rust")).parent().unwrap().to_owned();
    let path = [program.to_str().unwrap(), &std::env::var("PATH").unwrap()].join(":");
    let output =
        lab.env.command("sh").args(["-c", told]).env("PATH", path).current_dir(lab.env.home()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("recorded: a.c\n"), "{told}: {said}");
    assert!(said.contains("`drm-rust -C ../checkout --repo '../my clone' resolution push` shares it"), "{said}");
    assert!(!lab.env.linux("").exists());
}

/// Without `--repo`, `linux/` is named from wherever the person is.
#[test]
fn hints_for_linux_work_from_everywhere() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let cases: [(&str, &[&str], &str, &str); 3] = [
        ("", &[], "git -C linux remote add", "drm-rust op log"),
        ("scripts", &[], "git -C $DIR/checkout/linux remote add", "drm-rust op log"),
        ("../home", &["-C", "../checkout"], "git -C $DIR/checkout/linux remote add", "drm-rust -C ../checkout op log"),
    ];
    for (dir, options, git, program) in cases {
        let told = |args: &[&str]| {
            let output = env.drm_rust(&[options, args].concat()).current_dir(env.root().join(dir)).output().unwrap();
            let top = env.root().with_file_name("").display().to_string();
            String::from_utf8(output.stderr).unwrap().replace(top.trim_end_matches('/'), "$DIR")
        };
        let text = told(&["resolution", "fetch", "none"]);
        assert!(text.contains(&format!("`{git} NAME URL` adds")), "{dir}: {text}");
        let text = told(&["op", "restore", "nothing"]) + &told(&["undo", "abcdef"]);
        assert!(text.contains(&format!("`{program}` lists")), "{dir}: {text}");
    }
}

/// Every `.rs` file below a folder, and its text without what is for readers and tests.
fn sources(dir: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
            found.push((path.display().to_string(), code));
        }
    }
}

/// Texts that name a command which acts on a repository say which one, or go through the place that knows it.
#[test]
fn no_text_leaves_out_the_repository() {
    const ON_A_REPOSITORY: [&str; 12] = [
        "fetch",
        "remote",
        "branch",
        "log",
        "show",
        "worktree",
        "bisect",
        "update-ref",
        "stash",
        "switch",
        "rebase",
        "fsck",
    ];
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 200);
    let mut wrong = Vec::new();
    for (path, code) in &found {
        for (n, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let told = |command: &&&str| {
                ["`", ": ", "\""].iter().any(|start| line.contains(&format!("{start}git {command} ")))
            };
            let is_git = ON_A_REPOSITORY.iter().find(told).is_some();
            let is_said = line.contains("context.say(") && line.contains("`drm-rust ");
            if is_git || is_said {
                wrong.push(format!("{path}:{}: {}", n + 1, line.trim()));
            }
        }
    }
    // What is said of the checkout itself, of any repository, or shown as an example.
    let is_right = |line: &String| {
        ["Keep these changes with `git stash`", "rebase\\n-i`", "--autosquash", "in that folder"]
            .iter()
            .any(|text| line.contains(text))
    };
    wrong.retain(|line| !is_right(line));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
