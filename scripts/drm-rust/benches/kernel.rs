// SPDX-License-Identifier: GPL-2.0-only

//! From an edit to the verdict of KUnit on UML, against the kernel's own `kunit.py` and plain make in the same run.
//!
//! `make bench-kernel` prints wall and processor times, ratios, and what the time goes into. It edits files of this
//! checkout and restores them; the peers have a build folder of their own, with the same configuration.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark runs programs and prints")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use drm_rust::setup::kernel_variables;
use drm_rust::workspace::Workspace;
use jiff::Timestamp;

/// How often what takes seconds is repeated.
const RUNS: usize = 3;
/// The small kernel's suites, which are in the file that is edited.
const SUITE: &str = "rust_xarray_entries";

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let bench = Bench::new();
    bench.drm_rust(&["test", "um"]);
    bench.prepare_peer();
    println!("KUnit on UML, {} cores", std::thread::available_parallelism().map_or(1, usize::from));
    bench.nothing_to_do();
    bench.drm_rust(&["test", "um", "--only", SUITE]);
    bench.edit(&Edit {
        what: "one file of a driver",
        file: bench.linux.join("drivers/gpu/drm/nova/driver.rs"),
        change: |text, n| text.replace("NVIDIA Graphics and Compute", &format!("NVIDIA Graphics and Compute {n}")),
        only: None,
    });
    bench.edit(&Edit {
        what: "one file of rust/kernel",
        file: bench.root.join("rust/kernel/xarray/entries.rs"),
        change: |text, n| {
            format!("{text}\n/// A change of the code.\n#[doc(hidden)]\npub fn changed() -> usize {{\n    {n}\n}}\n")
        },
        only: Some(SUITE),
    });
}

/// What a run took.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    /// User and system time of all its processes.
    cpu: f64,
}

fn row(what: &str, took: Took, peer: Option<Took>) {
    let ratio = peer.map(|peer| format!("   {:5.2} of kunit.py's wall time", took.wall / peer.wall));
    println!("  {what:44} {:7.2} s wall {:7.2} s cpu{}", took.wall, took.cpu, ratio.unwrap_or_default());
}

/// A change that every contender gets anew.
struct Edit {
    what: &'static str,
    file: PathBuf,
    change: fn(&str, u32) -> String,
    /// A suite that tests the file.
    only: Option<&'static str>,
}

/// Puts a file back.
struct Restore<'a>(&'a Path, String);

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        fs::write(self.0, &self.1).unwrap();
    }
}

struct Bench {
    root: PathBuf,
    linux: PathBuf,
    /// The peers' build folder.
    peer: PathBuf,
    variables: Vec<String>,
}

impl Bench {
    fn new() -> Bench {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache");
        let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("drm-rust");
        let ws = Workspace { root: root.clone(), clone: None, cache, now: Timestamp::now(), command: String::new() };
        // The peers have the same compilers and ccache, but not what drm-rust tells the Rust compiler in addition.
        let variables = kernel_variables(&ws).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let peer = root.join("build/bench/kunit");
        fs::create_dir_all(&peer).unwrap();
        Bench { linux: root.join("linux"), root, peer, variables }
    }

    fn drm_rust(&self, args: &[&str]) -> Took {
        measure(Command::new(env!("CARGO_BIN_EXE_drm-rust")).args(args).current_dir(&self.root))
    }

    /// `kunit.py`, with the variables of make that drm-rust uses.
    fn kunit(&self) -> Took {
        let mut command = Command::new("tools/testing/kunit/kunit.py");
        command.args(["run", "--arch=um", "--build_dir"]).arg(&self.peer);
        command.args(["--jobs", &jobs()]).arg("--kunitconfig").arg(self.peer.join("wanted.config"));
        command.args(self.variables.iter().flat_map(|variable| ["--make_options", variable]));
        measure(command.current_dir(&self.linux))
    }

    /// The same configuration, to the last symbol: what kunit.py would add on UML, this unsets.
    fn prepare_peer(&self) {
        if !self.peer.join(".config").exists() {
            // What does not name its folder need not be compiled again.
            let script = "mkdir -p \"$2\" && cp -a \"$1/.\" \"$2\"";
            measure(Command::new("sh").args(["-ec", script, "sh"]).arg(self.root.join("build/um")).arg(&self.peer));
        }
        fs::copy(self.root.join("build/um/.config"), self.peer.join("wanted.config")).unwrap();
        self.kunit();
        let read = |dir: &Path| fs::read_to_string(dir.join(".config")).unwrap();
        assert_eq!(read(&self.peer), read(&self.root.join("build/um")), "the configurations differ");
    }

    /// Make and the kernel, without anything around them.
    fn plain(&self) -> Took {
        let mut make = Command::new("make");
        make.arg("ARCH=um").arg(format!("O={}", self.peer.display())).args(&self.variables);
        let made = measure(make.arg(format!("--jobs={}", jobs())).current_dir(&self.linux));
        let mut kernel = Command::new(self.peer.join("linux"));
        let ran = measure(kernel.args(["mem=1024M", "console=tty", "kunit_shutdown=halt", "kunit.enable=1"]));
        Took { wall: made.wall + ran.wall, cpu: made.cpu + ran.cpu }
    }

    fn nothing_to_do(&self) {
        println!("\nnothing to do (medians of {RUNS})");
        let (mut peer, mut plain, mut ours, mut tree, mut build) = (vec![], vec![], vec![], vec![], vec![]);
        for _ in 0..RUNS {
            peer.push(self.kunit());
            plain.push(self.plain());
            ours.push(self.drm_rust(&["test", "um"]));
            tree.push(self.drm_rust(&["tree"]));
            build.push(self.drm_rust(&["build", "um"]));
        }
        let peer = median(peer);
        row("kunit.py run", peer, None);
        row("make, and the kernel", median(plain), Some(peer));
        let (ours, tree, build) = (median(ours), median(tree), median(build));
        row("drm-rust test", ours, Some(peer));
        let parts = [tree.wall, build.wall - tree.wall, ours.wall - build.wall];
        println!("    of it: tree {:.2} s, build {:.2} s, boot and tests {:.2} s", parts[0], parts[1], parts[2]);
    }

    /// How long a verdict takes after an edit.
    fn edit(&self, edit: &Edit) {
        println!("\n{}: {}", edit.what, edit.file.strip_prefix(&self.root).unwrap().display());
        let before = fs::read_to_string(&edit.file).unwrap();
        let restore = Restore(&edit.file, before.clone());
        let number = std::cell::Cell::new(0);
        let change = || {
            number.set(number.get() + 1);
            let text = (edit.change)(&before, number.get());
            assert_ne!(text, before, "{} is not what it was", edit.file.display());
            fs::write(&edit.file, text).unwrap();
        };
        // The peers know no overlay: bringing linux/ up to date is not in their time.
        let follow = || {
            change();
            self.drm_rust(&["tree"]);
        };
        follow();
        let plain = self.plain();
        follow();
        let peer = self.kunit();
        row("make, and the kernel", plain, Some(peer));
        row("kunit.py run", peer, None);
        change();
        row("drm-rust test", self.drm_rust(&["test", "um"]), Some(peer));
        if let Some(suite) = edit.only {
            self.drm_rust(&["test", "um", "--only", suite]);
            change();
            row(&format!("drm-rust test --only {suite}"), self.drm_rust(&["test", "um", "--only", suite]), Some(peer));
        }
        follow();
        println!("    the build's steps, some at the same time:");
        self.steps(&["build", "um"]);
        if let Some(suite) = edit.only {
            println!("    with --only, and the tests:");
            self.steps(&["test", "um", "--only", suite]);
        }
        drop(restore);
        self.drm_rust(&["tree"]);
    }

    /// Builds with a shell that notes how long each command of make takes.
    fn steps(&self, args: &[&str]) {
        let (shell, log) = (self.root.join("build/bench/shell"), self.root.join("build/bench/steps"));
        let script = format!(
            "#!/bin/bash\nstart=$EPOCHREALTIME\n/bin/sh \"$@\"\nstatus=$?\n\
             printf '%s\\t%s\\t%s\\n' $start $EPOCHREALTIME \"${{2//$'\\n'/ }}\" >>'{}'\nexit $status\n",
            log.display()
        );
        fs::write(&shell, script).unwrap();
        measure(Command::new("chmod").arg("+x").arg(&shell));
        fs::write(&log, "").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_drm-rust"));
        command.args(args).current_dir(&self.root).env("MAKEFLAGS", format!(" -- SHELL={}", shell.display()));
        let whole = measure(&mut command);
        let mut steps: Vec<(String, f64)> = Vec::new();
        for line in fs::read_to_string(&log).unwrap().lines() {
            let mut parts = line.splitn(3, '\t');
            let [Some(start), Some(end), Some(command)] = [parts.next(), parts.next(), parts.next()] else { continue };
            let Some(step) = step(command) else { continue };
            let seconds = end.parse::<f64>().unwrap() - start.parse::<f64>().unwrap();
            match steps.iter_mut().find(|(known, _)| *known == step) {
                Some((_, sum)) => *sum += seconds,
                None => steps.push((step, seconds)),
            }
        }
        steps.sort_by(|a, b| b.1.total_cmp(&a.1));
        steps
            .iter()
            .filter(|(_, seconds)| *seconds >= 0.1)
            .for_each(|(step, seconds)| println!("      {seconds:6.2} s  {step}"));
        println!("      {:6.2} s  altogether", whole.wall);
    }
}

/// What a command of make does; none for those that are quick, and for those that only run others.
fn step(command: &str) -> Option<String> {
    let after = |mark: &str| command.split_once(mark).map(|(_, rest)| rest.split([' ', ';']).next().unwrap_or(rest));
    let object = || after(" -o ").unwrap_or("?").to_owned();
    Some(if command.contains("link-vmlinux.sh") {
        "link vmlinux, with kallsyms".into()
    } else if command.contains("rustdoc_test_gen") {
        "rustdoc: extract the doctests".into()
    } else if command.contains("--crate-name") && command.contains("--emit=") {
        format!("rustc {}", after("--crate-name ")?)
    } else if command.contains("bindgen ") {
        "bindgen".into()
    } else if command.contains("vmlinux.o") && command.contains("ld.lld") {
        "ld vmlinux.o".into()
    } else if command.contains("scripts/mod/modpost ") {
        "modpost".into()
    } else if command.contains("objcopy") {
        "objcopy".into()
    } else if command.contains("clang") && command.contains(" -c ") {
        format!("clang {}", object())
    } else {
        return None;
    })
}

fn jobs() -> String {
    std::thread::available_parallelism().map_or(1, usize::from).to_string()
}

fn median(mut runs: Vec<Took>) -> Took {
    runs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    runs[runs.len() / 2]
}

/// Runs a program; one that fails ends the benchmark.
fn measure(command: &mut Command) -> Took {
    let (start, before) = (Instant::now(), children());
    let output = command.stdin(Stdio::null()).output().unwrap();
    let took = Took { wall: start.elapsed().as_secs_f64(), cpu: children() - before };
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{text}");
    took
}

/// User and system time of all processes that have ended below this one, in seconds.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The program's name, in parentheses, may hold anything. The times are fields 16 and 17, in hundredths.
    let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[13..15].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}
