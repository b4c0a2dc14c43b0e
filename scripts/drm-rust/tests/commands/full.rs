// SPDX-License-Identifier: GPL-2.0-only

//! A full disk, at any moment, in every command that writes: the old state or the new one, and told as that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::env::{ALPHA, Env, Run};
use crate::{absorb, integrate};

/// What other than the tests' own files is on the disk before it is filled (KiB).
const SIZE: u64 = 12 << 10;

/// A small file system of its own.
struct Disk(PathBuf);

impl Disk {
    /// None where it cannot be made: that wants root.
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    fn mount() -> Option<Disk> {
        let top = tempfile::tempdir().unwrap().keep();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={SIZE}k"), "tmpfs"]).arg(&top);
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Disk(top));
        }
        println!("skipped: a small file system cannot be mounted here, which wants root");
        fs::remove_dir(&top).unwrap();
        None
    }

    /// Leaves so many KiB; 0 takes everything.
    fn leave(&self, kib: u64) {
        let filler = self.0.join("filler");
        let _ = fs::remove_file(&filler);
        let stat = rustix::fs::statvfs(&self.0).unwrap();
        let free = stat.f_bavail * stat.f_frsize / 1024;
        fs::write(&filler, vec![0; (free.saturating_sub(kib) * 1024) as usize]).unwrap();
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }

    /// Takes everything away. Git may have left something at work in the background for a moment.
    fn clear(&self) {
        let is_clear = || {
            let left: Vec<_> = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect();
            left.iter().for_each(|path| drop(fs::remove_dir_all(path)));
            left.is_empty()
        };
        assert!((0..PATIENCE).any(|_| is_clear() || wait()), "the disk cannot be cleared");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmount = || Command::new("umount").arg(&self.0).output().is_ok_and(|output| output.status.success());
        let is_done = (0..PATIENCE).any(|_| unmount() || wait()) && fs::remove_dir(&self.0).is_ok();
        assert!(is_done || std::thread::panicking(), "{} stays mounted", self.0.display());
    }
}

/// How often to try again, and the pause between.
const PATIENCE: u32 = 100;

fn wait() -> bool {
    std::thread::sleep(std::time::Duration::from_millis(100));
    false
}

/// Every branch, and every file of the checkout that is not made.
fn state(env: &Env) -> Vec<String> {
    let mut state: Vec<String> = match env.root().join("linux/.git").exists() {
        true => {
            env.linux_git(&["for-each-ref", "--format=%(refname) %(objectname)"]).lines().map(str::to_owned).collect()
        }
        false => Vec::new(),
    };
    let mut dirs = vec![env.root()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(env.root()).unwrap().display().to_string();
            match path.is_dir() {
                true if [".git", "linux", "build", ".linux.new"].contains(&name.as_str()) => {}
                true => dirs.push(path),
                false => state.push(format!("{name}: {:?}", fs::read(path).unwrap())),
            }
        }
    }
    state.sort();
    state
}

/// A command that changes something.
struct Case {
    name: &'static str,
    env: fn(&Path) -> Env,
    /// Gives it something to do, a different thing in each round.
    prepare: fn(&Env, u32),
    args: &'static [&'static str],
}

const BIG: usize = 24 << 10;

fn big(round: u32) -> String {
    format!("//! Round {round}.\n{}", "// More.\n".repeat(BIG / 9))
}

fn made(place: &Path) -> Env {
    let env = Env::below(place).and_alpha();
    env.run(&["tree"]).ok();
    env
}

fn on_branch(place: &Path) -> Env {
    let env = made(place);
    env.linux_git(&["switch", "--quiet", "topic/rust/alpha"]);
    env
}

fn commit_big(env: &Env, round: u32) {
    let file = format!("rust/kernel/r{round}.rs");
    let message =
        "rust: alpha: add a file\n\nMore.\n\nSigned-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>";
    absorb::commit(env, message, &[(&file, Some(&big(round))), ("rust/kernel/alpha.rs", Some(&big(round)))]);
}

fn mailbox(env: &Env, round: u32) {
    let text = big(round);
    let lines = text.lines().count();
    let added: String = text.lines().map(|line| format!("+{line}\n")).collect();
    let mail = format!(
        "From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: B. Dev <b@dev.example>\nTo: list@lists.example\n\
         Subject: [PATCH] rust: zeta: add it\nMessage-ID: <z{round}@dev.example>\nDate: Fri, 2 Jan 2026 10:00:00 +0100\n\n\
         Why.\n\nSigned-off-by: B. Dev <b@dev.example>\n---\n\
         diff --git a/rust/kernel/z{round}.rs b/rust/kernel/z{round}.rs\nnew file mode 100644\n\
         index 000000000000..111111111111\n--- /dev/null\n+++ b/rust/kernel/z{round}.rs\n@@ -0,0 +1,{lines} @@\n\
         {added}-- \n2.47.0\n\n"
    );
    fs::write(env.root().join("build/series.mbx"), mail).unwrap();
}

const CASES: [Case; 9] = [
    Case {
        name: "tree",
        env: made,
        prepare: |env, round| env.write("rust/kernel/alpha.rs", &big(round)),
        args: &["tree"],
    },
    Case { name: "tree anew", env: |place| Env::below(place).and_alpha(), prepare: |_, _| (), args: &["tree"] },
    Case { name: "absorb", env: on_branch, prepare: commit_big, args: &["absorb", "rust/alpha"] },
    Case { name: "apply", env: made, prepare: mailbox, args: &["apply", "rust/alpha", "build/series.mbx"] },
    Case {
        name: "undo",
        env: made,
        prepare: |env, round| {
            env.write("rust/kernel/alpha.rs", &big(round));
            env.run(&["tree"]).ok();
        },
        args: &["undo"],
    },
    Case { name: "topic new", env: made, prepare: |_, _| (), args: &["topic", "new", "rust/beta", "--title", "Beta"] },
    Case {
        name: "topic new --after",
        env: made,
        prepare: |env, _| {
            let user = ALPHA.replace("author =", "requires = [\"rust/alpha\"]\nauthor =");
            env.topic("drm/user", user.split("[[patch]]").next().unwrap());
        },
        args: &["topic", "new", "rust/alpha-v2", "--after", "rust/alpha"],
    },
    Case { name: "topic remove", env: made, prepare: |_, _| (), args: &["topic", "remove", "rust/alpha"] },
    Case {
        name: "integrate",
        env: |place| {
            let env = integrate::env_below(place);
            integrate::branch(&env, "net/a", "A. Dev", &[("Makefile", "VERSION = 10\n")]);
            env
        },
        prepare: |env, round| integrate::branch(env, "net/b", "B. Dev", &[("net/b", &big(round))]),
        args: &["integrate", "--tip", "--with", "net/a", "--with", "net/b"],
    },
];

/// Runs a command with so many KiB left, once for each: it ends well, or with exit code 1 and a hint, and never leaves
/// anything but the old or the new state; with space again, `tree` brings everything into order.
fn sweep(disk: &Disk, case: &Case, left: impl Iterator<Item = u64>) -> String {
    let (mut olds, mut news, mut files) = (0, 0, 0);
    let mut env = (case.env)(&disk.0);
    for (round, left) in left.enumerate() {
        if case.name.starts_with("topic") || case.name == "tree anew" || round % 16 == 15 {
            // What cannot be done twice begins anew.
            drop(env);
            disk.clear();
            env = (case.env)(&disk.0);
        }
        (case.prepare)(&env, round as u32);
        let old = state(&env);
        disk.leave(left);
        let run = run(&env, case.args);
        let found = state(&env);
        disk.free();
        let at = format!("{}, {left} KiB left: {run}", case.name);
        assert!(run.code == 0 || told(&run, &disk.0), "{at}");
        if found == old {
            olds += 1;
            env.run(case.args).ok();
        } else {
            news += 1;
            files += usize::from(run.code != 0);
        }
        let new = state(&env);
        assert!(found == old || found == new, "{at}\n{:?}\n{:?}", difference(&found, &old), difference(&found, &new));
        assert!(run.code != 0 || old == new || found != old, "it did nothing: {at}");
        if !case.name.starts_with("topic") {
            let again = env.run(&["tree"]);
            // An undo stays undone until `tree` makes what the overlay says.
            assert_eq!(again.code, 0, "{at}\nthen: {again}");
        }
        if env.root().join("linux").exists() {
            assert_eq!(env.linux_git(&["status", "--porcelain"]), "", "{at}");
            assert_eq!(env.linux_git(&["fsck", "--connectivity-only", "--no-dangling"]), "", "{at}");
        }
    }
    format!("{}: {olds} left the old state, {news} the new one, of which {files} said so", case.name)
}

fn run(env: &Env, args: &[&str]) -> Run {
    env.run(args)
}

/// A full disk is no conflict and no bad patch: exit code 1, why, and which file system.
fn told(run: &Run, top: &Path) -> bool {
    let why = ["No space left on device", "cannot be written"].iter().any(|why| run.stderr.contains(why));
    run.code == 1 && why && run.stderr.contains(&format!("file system at {}", top.display()))
}

fn difference<'a>(one: &'a [String], two: &'a [String]) -> Vec<&'a str> {
    let cut = |line: &'a String| line.get(..120).unwrap_or(line);
    one.iter()
        .filter(|line| !two.contains(line))
        .chain(two.iter().filter(|line| !one.contains(line)))
        .map(cut)
        .collect()
}

#[test]
fn a_full_disk_leaves_the_old_or_the_new_state() {
    let Some(disk) = Disk::mount() else { return };
    for case in &CASES {
        disk.clear();
        println!("{}", sweep(&disk, case, [0, 12, 40, 72, 120].into_iter()));
    }
}

/// `cargo test --test commands full -- --ignored --nocapture`
#[test]
#[ignore = "minutes"]
fn a_full_disk_at_many_moments() {
    let Some(disk) = Disk::mount() else { return };
    for case in &CASES {
        disk.clear();
        println!("{}", sweep(&disk, case, (0..72).map(|n| n * 4)));
    }
}
