// SPDX-License-Identifier: GPL-2.0-only

//! Base tarball → complete checked-out git tree, against `tar x` + `git add` + `git commit` in the same run.
//!
//! `cargo bench` (or `make bench`) prints wall times, ratios and peak memory.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark runs programs and prints")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use drm_rust::base::fetch::fetch;
use drm_rust::base::pin::Pin;
use drm_rust::report::Silent;

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let dir = tempfile::tempdir_in(root.join("build")).unwrap();
    let archive = archive(&root);
    let second_place = checkout(&root, &dir.path().join("second"));
    let checkout = checkout(&root, &dir.path().join("first"));

    println!("base tarball to complete checked-out git tree, {} cores", cores());
    let peer = peer(&archive, &dir.path().join("peer"));
    let cache = dir.path().join("cache");
    fs::create_dir_all(cache.join("drm-rust/downloads")).unwrap();
    fs::hard_link(&archive, cache.join("drm-rust/downloads").join(archive.file_name().unwrap())).unwrap();
    let (ours, peak) = tree(&checkout, &cache);
    row("tar x + git add + git commit", peer, None);
    row("drm-rust tree", ours, Some(peer));
    println!("peak memory of drm-rust: {} MiB", peak >> 10);
    println!("bound by: {}", bound(&archive, &checkout, dir.path()));

    println!("\nkeeping it up to date");
    let base = checkout.join("linux");
    let status = time(|| run(Command::new("git").arg("-C").arg(&base).args(["status", "--porcelain"])));
    row("peer: git status", status, None);
    row("drm-rust tree, nothing to do", tree(&checkout, &cache).0, Some(status));
    let file = checkout.join("rust/kernel/time/jiffies.rs");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "// One more line.\n").unwrap();
    row("drm-rust tree, one changed file", tree(&checkout, &cache).0, Some(status));
    // In a place of its own: ext4 is slow to reuse the inodes of files that were deleted a moment ago.
    let (second, _) = tree(&second_place, &cache);
    let clone = dir.path().join("clone");
    let cloned =
        time(|| run(Command::new("git").args(["clone", "--quiet", "--local"]).arg(root.join("linux")).arg(&clone)));
    row("peer: git clone --local", cloned, None);
    row("drm-rust tree, second checkout", second, Some(cloned));
}

fn row(what: &str, time: Duration, peer: Option<Duration>) {
    let ratio = peer.map(|peer| format!("   {:.2} times as fast", peer.as_secs_f64() / time.as_secs_f64()));
    println!("  {what:34} {:7.2} s{}", time.as_secs_f64(), ratio.unwrap_or_default());
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Begins with nothing left to be written by what ran before.
fn time(work: impl FnOnce()) -> Duration {
    run(&mut Command::new("sync"));
    let start = Instant::now();
    work();
    start.elapsed()
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
}

/// The pinned archive, in the user's cache.
fn archive(root: &Path) -> PathBuf {
    let pin = Pin::load(&root.join("scripts/drm-rust/base.toml")).unwrap();
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    fetch(&pin.sources[0], &cache.join("drm-rust/downloads"), &Silent).unwrap()
}

/// A second checkout of this repository.
fn checkout(root: &Path, place: &Path) -> PathBuf {
    run(Command::new("git").args(["clone", "--quiet", "--local"]).arg(root).arg(place));
    place.to_owned()
}

/// What a person would do by hand, from the same package; without the garbage collection that git would start in
/// the background, where it would slow down what is measured next.
fn peer(archive: &Path, dir: &Path) -> Duration {
    fs::create_dir(dir).unwrap();
    let script = "dpkg-deb --fsys-tarfile \"$1\" | tar x --to-stdout --wildcards './usr/src/linux-source-*.tar.xz' \
        | xz -dc -T0 | tar x --strip-components=1 \
        && sed -i '/^# Debian packaging/,$d' .gitignore && git init -q . && git add -A -f . \
        && git -c user.name=b -c user.email=b@b.example -c gc.auto=0 -c maintenance.auto=false commit -q -m base";
    time(|| run(Command::new("bash").args(["-ec", script, "bash"]).arg(archive).current_dir(dir)))
}

/// Runs `drm-rust tree`; gives its wall time and its peak memory in KiB.
fn tree(checkout: &Path, cache: &Path) -> (Duration, u64) {
    run(&mut Command::new("sync"));
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_drm-rust"));
    let mut child = command.args(["tree", "-q"]).current_dir(checkout).env("XDG_CACHE_HOME", cache).spawn().unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        if let Some(code) = child.try_wait().unwrap() {
            assert!(code.success());
            return (start.elapsed(), peak);
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the work itself costs: decompression on all cores, and writing the files.
fn bound(archive: &Path, checkout: &Path, dir: &Path) -> String {
    let tar = dir.join("base.tar");
    let script = "dpkg-deb --fsys-tarfile \"$1\" | tar x --to-stdout --wildcards './usr/src/linux-source-*.tar.xz' \
        | xz -dc -T0 > \"$2\"";
    let xz = time(|| run(Command::new("bash").args(["-ec", script, "bash"]).arg(archive).arg(&tar)));
    let out = dir.join("out");
    fs::create_dir(&out).unwrap();
    let write = time(|| run(Command::new("tar").arg("xf").arg(&tar).current_dir(&out)));
    let files = Command::new("git").arg("-C").arg(checkout.join("linux")).args(["ls-files"]).output().unwrap();
    let files = files.stdout.iter().filter(|&&byte| byte == b'\n').count();
    format!(
        "xz alone takes {:.1} s on all cores, writing {files} files alone {:.1} s on one",
        xz.as_secs_f64(),
        write.as_secs_f64()
    )
}
