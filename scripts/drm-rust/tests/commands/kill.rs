// SPDX-License-Identifier: GPL-2.0-only

//! Killing the program at random instants leaves the old state or the new one.

use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process_group};

use drm_rust::lock::Lock;

use crate::env::Env;

const KILLS: u32 = 240;

/// What must be old or new as a whole: every branch, the op log's newest view, and the objects behind them.
fn state(env: &Env) -> Option<String> {
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

/// Starts `tree`, kills the program and what it started after a while, and waits until the lock is free.
fn kill_after(env: &Env, delay: Duration) {
    let mut command = env.drm_rust(&["tree", "--quiet"]);
    let mut child = command.process_group(0).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    // A run that has ended already leaves no group to kill.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    child.wait().unwrap();
    drop(Lock::take(&env.root().join("build/drm-rust.lock"), Duration::from_secs(30)).unwrap());
}

/// A small generator: the delays differ in each run of the tests, and the seed tells which.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
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
    let seed = UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 | 1;
    println!("seed {seed}");
    let mut random = Random(seed);
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    let whole = duration(&env).as_micros() as u64;
    let (mut old_seen, mut new_seen, mut none_seen) = (0, 0, 0);
    for round in 0..KILLS {
        // Every eighth round makes the tree from nothing.
        let from_nothing = round % 8 == 7;
        if from_nothing {
            std::fs::remove_dir_all(env.root().join("linux")).unwrap();
        }
        let old = state(&env);
        env.write("rust/kernel/alpha.rs", &format!("//! Round {round}.\n"));
        let span = if from_nothing { whole * 3 } else { whole * 5 / 4 };
        kill_after(&env, Duration::from_micros(random.below(span)));
        let found = state(&env);
        env.run(&["tree"]).ok();
        let new = state(&env);
        assert!(found == old || found == new, "seed {seed}, round {round}: {found:?} is neither {old:?} nor {new:?}");
        assert_eq!(
            std::fs::read_to_string(env.linux("rust/kernel/alpha.rs")).unwrap(),
            format!("//! Round {round}.\n")
        );
        assert_eq!(env.linux_git(&["status", "--porcelain"]), "", "seed {seed}, round {round}");
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
