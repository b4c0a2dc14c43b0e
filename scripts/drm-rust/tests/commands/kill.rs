// SPDX-License-Identifier: GPL-2.0-only

//! Killing the program at random instants leaves the old state or the new one.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process_group};

use drm_rust::lock::Lock;

use crate::env::Env;
use crate::integrate;

const KILLS: u32 = 240;

/// What must be old or new as a whole: every branch, the op log's newest view, and the objects behind them.
pub(crate) fn state(env: &Env) -> Option<String> {
    if !env.root().join("linux").exists() {
        return None;
    }
    let refs = env.linux_git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"]);
    let op = env.linux_git(&["show", "refs/drm-rust/oplog:op.json"]);
    let op: serde_json::Value = serde_json::from_str(&op).unwrap();
    let view = op["view"].as_object().unwrap();
    let view: Vec<String> =
        view.iter().map(|(name, oid)| format!("refs/heads/{name} {}", oid.as_str().unwrap())).collect();
    assert_eq!(refs.lines().collect::<Vec<_>>(), view, "branches and op log agree");
    assert_eq!(env.linux_git(&["fsck", "--connectivity-only", "--no-dangling"]), "");
    Some(refs)
}

/// Starts the program, kills it and what it started after a while, and waits until the lock is free.
pub(crate) fn kill_after(env: &Env, args: &[&str], lock: &Path, delay: Duration) {
    let mut command = env.drm_rust(args);
    command.stdout(Stdio::null());
    let mut child = command.process_group(0).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    // A run that has ended already leaves no group to kill.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    child.wait().unwrap();
    drop(Lock::take(lock, Duration::from_secs(30)).unwrap());
}

/// A small generator: the delays differ in each run of the tests, and the seed, which is printed, tells which.
pub(crate) struct Random(u64);

impl Random {
    #[expect(clippy::print_stdout, reason = "it is shown where a test fails")]
    pub(crate) fn new() -> Random {
        let seed = UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 | 1;
        println!("seed {seed}");
        Random(seed)
    }

    /// A delay after which a run that takes `whole` is under way, or has just ended.
    pub(crate) fn delay(&mut self, whole: Duration) -> Duration {
        Duration::from_micros(self.below(whole.as_micros() as u64 * 5 / 4))
    }

    /// A number below a limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// How long an undisturbed run takes that has something to do.
fn duration(env: &Env) -> Duration {
    env.write("rust/kernel/alpha.rs", "//! Timed.\n");
    let start = Instant::now();
    env.run(&["tree"]).ok();
    start.elapsed()
}

#[test]
fn killing_leaves_the_old_or_the_new_state() {
    let mut random = Random::new();
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let whole = duration(&env);
    let (mut old_seen, mut new_seen, mut none_seen) = (0, 0, 0);
    for round in 0..KILLS {
        // Every eighth round makes the tree from nothing.
        let from_nothing = round % 8 == 7;
        if from_nothing {
            std::fs::remove_dir_all(env.root().join("linux")).unwrap();
        }
        let old = state(&env);
        env.write("rust/kernel/alpha.rs", &format!("//! Round {round}.\n"));
        let delay = random.delay(if from_nothing { whole * 2 } else { whole });
        kill_after(&env, &["tree", "--quiet"], &env.lock(), delay);
        let found = state(&env);
        env.run(&["tree"]).ok();
        let new = state(&env);
        assert!(found == old || found == new, "round {round}: {found:?} is neither {old:?} nor {new:?}");
        assert_eq!(
            std::fs::read_to_string(env.linux("rust/kernel/alpha.rs")).unwrap(),
            format!("//! Round {round}.\n")
        );
        assert_eq!(env.linux_git(&["status", "--porcelain"]), "", "round {round}");
        assert!(!env.root().join(".linux.new").exists());
        match found {
            None => none_seen += 1,
            found if found == old => old_seen += 1,
            _ => new_seen += 1,
        }
    }
    println!("{KILLS} kills: {old_seen} left the old state, {new_seen} the new one, {none_seen} no tree");
    assert!(old_seen > 20 && new_seen > 5, "the kills did not hit: {old_seen} old, {new_seen} new");
}

/// Kills a command many times, each time with something to do that `prepare` makes. Every kill leaves the old state
/// or the one that the command makes when it is run again. Gives what was seen.
fn kill_often(env: &Env, args: &[&str], kills: u32, mut prepare: impl FnMut(u32)) -> String {
    let mut random = Random::new();
    prepare(kills);
    let start = Instant::now();
    env.run(args).ok();
    let whole = start.elapsed();
    let (mut old_seen, mut new_seen) = (0, 0);
    for round in 0..kills {
        prepare(round);
        let old = managed(env);
        kill_after(env, args, &env.lock(), random.delay(whole));
        let found = managed(env);
        // What is done already may be refused: nothing is left to do.
        env.run(args);
        let new = managed(env);
        assert!(found == old || found == new, "round {round}: {found} is neither {old} nor {new}");
        assert_ne!(old, new, "round {round}: the command did nothing");
        if found == old { old_seen += 1 } else { new_seen += 1 }
    }
    assert!(old_seen > kills / 10 && new_seen > 2, "the kills did not hit: {old_seen} old, {new_seen} new");
    format!("{kills} kills: {old_seen} left the old state, {new_seen} the new one")
}

/// The branches that the program makes, as the op log has them too.
fn managed(env: &Env) -> String {
    let op: serde_json::Value = serde_json::from_str(&env.linux_git(&["show", "refs/drm-rust/oplog:op.json"])).unwrap();
    let mut text = String::new();
    for (name, oid) in op["view"].as_object().unwrap() {
        assert_eq!(env.linux_git(&["rev-parse", &format!("refs/heads/{name}")]), oid.as_str().unwrap(), "{name}");
        text += &format!("{name} {oid}\n");
    }
    assert_eq!(env.linux_git(&["fsck", "--connectivity-only", "--no-dangling"]), "");
    assert_eq!(env.linux_git(&["status", "--porcelain"]), "");
    text
}

#[test]
fn killing_integrate_leaves_the_old_or_the_new_tip() {
    let env = integrate::env();
    integrate::branch(&env, "net/a", "A. Dev", &[("Makefile", "VERSION = 10\n")]);
    let args = ["integrate", "--quiet", "--tip", "--with", "net/a", "--with", "net/b"];
    let seen = kill_often(&env, &args, 100, |round| {
        integrate::branch(&env, "net/b", "B. Dev", &[("net/b", &format!("{round}\n"))]);
    });
    println!("{seen}");
    env.run(&["integrate", "--verify", "drm-rust-tip"]).ok();
}

#[test]
fn killing_a_recording_leaves_the_old_or_the_new_resolutions() {
    let env = integrate::env();
    env.git(&["config", "user.name", "Tester"]);
    let lib = |line: String| integrate::lib(&line);
    integrate::branch(&env, "net/a", "A. Dev", &[(integrate::LIB, &lib("fn one() {}".into()))]);
    let open = ["integrate", "--quiet", "--resolve", "net/b", "--with", "net/a", "--with", "net/b"];
    let done = ["integrate", "--quiet", "--resolve", "net/b", "--done"];
    let seen = kill_often(&env, &done, 60, |round| {
        // A kill may leave what was recorded already open.
        let _ = std::fs::remove_dir_all(env.root().join("build/resolve"));
        integrate::branch(&env, "net/b", "B. Dev", &[(integrate::LIB, &lib(format!("fn two{round}() {{}}")))]);
        env.run(&open).ok();
        env.write("build/resolve/net/b/rust/kernel/lib.rs", &lib(format!("fn one() {{}}\nfn two{round}() {{}}")));
    });
    println!("{seen}");
    assert_eq!(env.run(&["resolution", "list"]).ok().stdout.lines().count(), 61);
}
