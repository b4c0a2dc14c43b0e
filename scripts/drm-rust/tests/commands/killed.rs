// SPDX-License-Identifier: GPL-2.0-only

//! Killed at the worst instant, where the branches have moved and the files have not; and at random ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::env::{ALPHA, Env};
use crate::kill::{Random, kill_after, state};
use crate::{absorb, apply, integrate, pull};

const ALPHA_RS: &str = "rust/kernel/alpha.rs";
const ZETA_RS: &str = "rust/kernel/zeta.rs";

/// A command that lets a work tree follow a branch.
struct Case {
    name: &'static str,
    env: fn() -> Env,
    args: &'static [&'static str],
    /// What is run after the kill.
    again: &'static [&'static str],
    /// A file that the move writes.
    file: &'static str,
}

const TIP: &[&str] = &["integrate", "--tip", "--with", "net/a", "--with", "net/b"];

const CASES: [Case; 5] = [
    Case { name: "tree", env: changed, args: &["tree"], again: &["tree"], file: ALPHA_RS },
    Case {
        name: "undo",
        env: || {
            let env = changed();
            env.run(&["tree"]).ok();
            env
        },
        args: &["undo"],
        again: &["undo"],
        file: ALPHA_RS,
    },
    Case {
        name: "absorb",
        env: || {
            let env = absorb::env();
            absorb::commit(&env, MESSAGE, &[(ZETA_RS, Some("//! Zeta.\n"))]);
            env.linux_git(&["switch", "--quiet", "drm-rust-next"]);
            env
        },
        args: &["absorb", "rust/alpha"],
        again: &["tree"],
        file: ZETA_RS,
    },
    Case {
        name: "apply",
        env: || {
            let env = apply::env();
            series(&env, "zeta");
            env
        },
        args: APPLY,
        again: &["tree"],
        file: ZETA_RS,
    },
    Case {
        name: "integrate",
        env: || {
            let env = integrate::env();
            integrate::branch(&env, "net/a", "A. Dev", &[("Makefile", "VERSION = 10\n")]);
            integrate::branch(&env, "net/b", "B. Dev", &[("net/b", "one\n")]);
            env.run(TIP).ok();
            env.linux_git(&["switch", "--quiet", "drm-rust-tip"]);
            integrate::branch(&env, "net/b", "B. Dev", &[("net/b", "another\n")]);
            env
        },
        args: TIP,
        again: TIP,
        file: "net/b",
    },
];

const MESSAGE: &str = "rust: alpha: add a file\n\nMore.\n\n\
     Signed-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>";
const APPLY: &[&str] = &["apply", "rust/alpha", "build/series.mbx"];

/// A tree that was made a few times, and an overlay that has changed since.
fn changed() -> Env {
    let env = Env::with_alpha();
    for text in ["one", "two", "three"] {
        env.write(ALPHA_RS, &format!("//! {text}\n"));
        env.run(&["tree"]).ok();
    }
    env.write(ALPHA_RS, "//! Changed.\n");
    env
}

/// Writes a series that adds one file.
fn series(env: &Env, name: &str) {
    let diff = apply::new_file(&format!("rust/kernel/{name}.rs"), "//! New.");
    let mail = apply::mail(&format!("[PATCH] rust: {name}: add it"), name, "Why.", &diff);
    env.write("build/series.mbx", &mail);
}

/// A folder with a git that kills whoever lets it write files with `step`; before that it cuts a file to nothing.
fn killer(env: &Env, step: &str, cut: Option<&Path>) -> PathBuf {
    let dir = env.home().join("bin");
    fs::create_dir_all(&dir).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let git = std::env::split_paths(&path).map(|dir| dir.join("git")).find(|git| git.is_file()).unwrap();
    let cut = cut.map_or(String::new(), |path| {
        format!("mkdir -p '{}'; : >'{}'; ", path.parent().unwrap().display(), path.display())
    });
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in\n*' -m -u -n '*) ;;\n*' {step} '*) {cut}kill -KILL $PPID; exit 1;;\nesac\n\
         exec '{}' \"$@\"\n",
        git.display()
    );
    fs::write(dir.join("git"), script).unwrap();
    fs::set_permissions(dir.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// Runs a command that is killed where `step` begins.
fn killed(env: &Env, args: &[&str], step: &str, cut: Option<&Path>) {
    let dir = killer(env, step, cut);
    let path = format!("{}:{}", dir.display(), std::env::var("PATH").unwrap());
    let run = env.run_with(args, |command| {
        command.env("PATH", path);
    });
    assert_eq!(run.code, -1, "{args:?} was not killed: {run}");
}

#[test]
fn the_work_tree_follows_after_a_kill_between_branches_and_files() {
    for case in &CASES {
        for is_cut in [false, true] {
            let env = (case.env)();
            let old = env.refs();
            let file = env.linux(case.file);
            killed(&env, case.args, "read-tree -m -u", is_cut.then_some(file.as_path()));
            let at = format!("{}, {}", case.name, if is_cut { "cut" } else { "nothing written" });
            assert_ne!(env.refs(), old, "{at}: the branches have moved");
            assert_eq!(env.linux_git(&["fsck", "--connectivity-only", "--no-dangling"]), "", "{at}");
            assert_ne!(env.linux_git(&["status", "--porcelain"]), "", "{at}: the files have not");
            let again = env.run(case.again);
            assert_eq!(again.code, 0, "{at}: {again}");
            assert_eq!(env.linux_git(&["status", "--porcelain"]), "", "{at}");
            assert!(!env.linux(".git/drm-rust-move").exists(), "{at}");
            env.run(&["tree"]).ok();
            assert_eq!(env.linux_git(&["status", "--porcelain"]), "", "{at}");
        }
    }
}

/// Of a person's clone, git itself moves branch and files; what it has begun to write goes back.
#[test]
fn a_clone_is_put_back_after_a_kill_among_its_files() {
    let (env, clone) = pull::upstream();
    let git = |args: &[&str]| env.git_in(&clone, args);
    git(&["switch", "--quiet", "drm-rust-fixes"]);
    let old = git(&["rev-parse", "HEAD"]);
    fs::write(clone.join("mine"), "mine\n").unwrap();
    killed(&env, FORWARD, "merge --ff-only --quiet --no-autostash", Some(&clone.join("a")));
    assert_eq!(git(&["rev-parse", "HEAD"]), old);
    assert_eq!(fs::read_to_string(clone.join("a")).unwrap(), "");
    env.run(FORWARD).ok();
    assert_eq!(fs::read_to_string(clone.join("a")).unwrap(), "a");
    assert_eq!(git(&["status", "--porcelain"]), "?? mine");
}

/// Kills a command many times: `round` gets a delay, and says whether the kill left the new state.
#[expect(clippy::print_stdout, reason = "how many of both there were is the test's result")]
fn kill_often(name: &str, kills: u32, whole: Duration, mut round: impl FnMut(u32, Duration) -> bool) {
    let mut random = Random::new();
    let news = (0..kills).filter(|n| round(*n, random.delay(whole))).count() as u32;
    println!("{name}: {kills} kills: {} left the old state, {news} the new one", kills - news);
    assert!(
        news > 0 && kills - news > kills / 10,
        "{name}: the kills did not hit: {news} of {kills} left the new state"
    );
}

fn timed(env: &Env, args: &[&str]) -> Duration {
    let start = Instant::now();
    env.run(args).ok();
    start.elapsed()
}

#[test]
fn a_killed_undo_can_be_run_again() {
    let env = changed();
    env.run(&["tree"]).ok();
    let whole = timed(&env, &["undo"]);
    kill_often("undo", 40, whole, |round, delay| {
        let target = state(&env);
        env.write(ALPHA_RS, &format!("//! Round {round}.\n"));
        env.run(&["tree"]).ok();
        let old = state(&env);
        kill_after(&env, &["undo"], &env.lock(), delay);
        let found = state(&env);
        assert!(found == old || found == target, "round {round}: {found:?} is neither {old:?} nor {target:?}");
        env.run(&["undo"]).ok();
        assert_eq!(env.linux_git(&["status", "--porcelain"]), "", "round {round}");
        if found == old {
            assert_eq!(state(&env), target, "round {round}");
        }
        // So that there is always something to undo.
        env.run(&["tree"]).ok();
        found != old
    });
}

#[test]
fn a_killed_apply_is_finished_by_the_next() {
    let env = apply::env();
    series(&env, "timed");
    let whole = timed(&env, APPLY);
    kill_often("apply", 20, whole, |round, delay| {
        env.commit("applied");
        series(&env, &format!("z{round}"));
        let old = state(&env);
        kill_after(&env, APPLY, &env.lock(), delay);
        let found = state(&env);
        if found == old {
            env.run(APPLY).ok();
        }
        env.run(&["tree"]).ok();
        assert!(found == old || state(&env) == found, "round {round}");
        assert_eq!(env.linux_git(&["status", "--porcelain"]), "", "round {round}");
        assert!(env.linux(&format!("rust/kernel/z{round}.rs")).exists(), "round {round}");
        found != old
    });
}

const NEW: &[&str] = &["topic", "new", "rust/beta", "--title", "Beta"];
const AFTER: &[&str] = &["topic", "new", "rust/alpha-v2", "--after", "rust/alpha"];
const REMOVE: &[&str] = &["topic", "remove", "rust/alpha"];

#[test]
fn killed_topic_commands_lose_nothing() {
    let env = Env::with_alpha();
    let begin = || drop((env.git(&["reset", "--quiet", "--hard"]), env.git(&["clean", "--quiet", "-d", "--force"])));
    let manifest =
        |name: &str| fs::read_to_string(env.root().join(format!("scripts/drm-rust/topics/rust/{name}.toml")));
    let whole = |args: &[&str]| {
        begin();
        timed(&env, args)
    };
    let time = whole(NEW);
    let made = manifest("beta").unwrap();
    kill_often("topic new", 24, time, |_, delay| {
        begin();
        kill_after(&env, NEW, &env.lock(), delay);
        let found = manifest("beta").ok();
        assert!(found.as_ref().is_none_or(|found| *found == made), "{found:?}");
        let again = env.run(NEW);
        assert!(again.code == i32::from(found.is_some()), "{again}");
        found.is_some()
    });
    kill_often("topic new --after", 24, whole(AFTER), |_, delay| {
        begin();
        kill_after(&env, AFTER, &env.lock(), delay);
        let (old, new) = (manifest("alpha").ok(), manifest("alpha-v2").ok());
        assert!(old.is_some() || new.is_some(), "the manifest is nowhere");
        assert!(old.is_none_or(|text| text == ALPHA) && new.as_ref().is_none_or(|text| text == ALPHA));
        new.is_some()
    });
    kill_often("topic remove", 24, whole(REMOVE), |_, delay| {
        begin();
        kill_after(&env, REMOVE, &env.lock(), delay);
        let is_there = manifest("alpha").is_ok();
        assert!(is_there || !env.root().join(ALPHA_RS).exists(), "the manifest goes last");
        let again = env.run(REMOVE);
        assert!(again.code == i32::from(!is_there), "{again}");
        env.run(&["topic", "list"]).ok();
        !is_there
    });
}

const FORWARD: &[&str] = &["--repo", "../clone", "fast-forward", "drm-rust-fixes"];
const BACK: &[&str] = &["--repo", "../clone", "backmerge", "--why", "For the new API.", "linus", "v9.10-rc1"];

#[test]
fn killing_leaves_a_clone_s_branches_old_or_new() {
    let (env, clone) = pull::upstream();
    let git = |args: &[&str]| env.git_in(&clone, args);
    git(&["branch", "drm-rust-tip", "v9.10-rc1"]);
    for (branch, args) in [("drm-rust-fixes", FORWARD), ("drm-rust-next", BACK)] {
        git(&["switch", "--quiet", branch]);
        let old = git(&["rev-parse", "HEAD"]);
        let whole = timed(&env, args);
        let tree = git(&["rev-parse", "HEAD^{tree}"]);
        kill_often(args[2], 20, whole, |round, delay| {
            git(&["reset", "--quiet", "--hard", &old]);
            kill_after(&env, args, &clone.join(".git/drm-rust.lock"), delay);
            let is_old = git(&["rev-parse", "HEAD"]) == old;
            assert!(is_old || git(&["rev-parse", "HEAD^{tree}"]) == tree, "round {round}");
            assert_eq!(git(&["status", "--porcelain"]), "", "round {round}");
            assert_eq!(git(&["fsck", "--connectivity-only", "--no-dangling"]), "", "round {round}");
            if is_old {
                env.run(args).ok();
            }
            assert_eq!(git(&["rev-parse", "HEAD^{tree}"]), tree, "round {round}");
            !is_old
        });
    }
}
