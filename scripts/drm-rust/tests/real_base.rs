// SPDX-License-Identifier: GPL-2.0-only

//! The real base, end to end, in a second checkout that shares the user's cache; and the registry.
//!
//! `make test-tree` runs it, after `make tree` has filled the cache and made `linux/`.

#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use drm_rust::git::Repo;
use drm_rust::git::objects::Objects;
use drm_rust::registry::lock::Lock;
use drm_rust::registry::model::Registry;
use drm_rust::registry::proof::Results;
use drm_rust::registry::status::Status;
use drm_rust::registry::tree::Branches;
use drm_rust::registry::{DATA, LOCK, verify};
use drm_rust::{oplog, topic};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(dir).args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn tree(checkout: &Path) -> (Output, Duration) {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_drm-rust")).arg("tree").current_dir(checkout).output().unwrap();
    let time = start.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (output, time)
}

/// A second checkout beside the first one: what git tracks or would track, in a repository of its own.
fn second_checkout() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in(root().join("build")).unwrap();
    let files = git(&root(), &["ls-files", "--cached", "--others", "--exclude-standard"]);
    for file in files.lines().filter(|file| root().join(file).is_file()) {
        let place = dir.path().join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(root().join(file), place).unwrap();
    }
    git(dir.path(), &["init", "--quiet"]);
    dir
}

/// Modification time, change time and inode of every tracked file.
fn stamps(linux: &Path) -> Vec<(String, i64, i64, i64, u64)> {
    let stamp = |file: &str| {
        let meta = fs::symlink_metadata(linux.join(file)).unwrap();
        (file.to_owned(), meta.mtime(), meta.mtime_nsec(), meta.ctime_nsec(), meta.ino())
    };
    git(linux, &["ls-files"]).lines().map(stamp).collect()
}

#[test]
#[ignore = "needs the real base: make test-tree"]
fn a_second_checkout_is_equal_follows_file_by_file_and_serves_b4() {
    let checkout = second_checkout();
    let linux = checkout.path().join("linux");
    let (_, made) = tree(checkout.path());
    println!("second checkout: {:.1} s", made.as_secs_f64());

    let branches = ["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"];
    assert_eq!(git(&linux, &branches), git(&root().join("linux"), &branches), "two checkouts have equal references");
    assert_eq!(git(&linux, &["status", "--porcelain"]), "");
    let files = git(&linux, &["ls-files"]).lines().count();
    assert!(files > 90_000, "a complete kernel has more than {files} files");

    let before = stamps(&linux);
    let (_, nothing) = tree(checkout.path());
    println!("nothing to do: {:.2} s", nothing.as_secs_f64());
    assert_eq!(stamps(&linux), before, "nothing to do touches no file");

    let file = "rust/kernel/time/jiffies.rs";
    let text = fs::read_to_string(checkout.path().join(file)).unwrap();
    fs::write(checkout.path().join(file), text + "// One more line.\n").unwrap();
    let (_, one) = tree(checkout.path());
    println!("one changed file: {:.2} s", one.as_secs_f64());
    let after = stamps(&linux);
    let changed: Vec<_> = after.iter().zip(&before).filter(|(a, b)| a != b).map(|(a, _)| a.0.as_str()).collect();
    assert_eq!(changed, [file], "one changed file is the only one written");
    assert_eq!(git(&linux, &["fsck", "--connectivity-only", "--no-dangling"]), "");

    let scratch = tempfile::tempdir().unwrap();
    b4_sends_where_the_tree_says(&linux, scratch.path());
}

/// Whatever the last runs of tests gave: what the registry says of the base and the topics is so, and is written down.
#[test]
#[ignore = "needs the real base: make test-tree"]
fn the_registry_says_what_is_so() {
    let start = Instant::now();
    let data = |name: &str| root().join("scripts/drm-rust").join(name);
    let registry = Registry::load(&data(DATA)).unwrap();
    let topics = topic::load(&root()).unwrap();
    let linux = Repo::at(root().join("linux"));
    let results = Results { lists: data("igt"), ..Results::default() };
    let found = verify::verify(&registry, &topics, &mut Branches::open(&linux).unwrap(), &results).unwrap();
    let time = start.elapsed();
    assert!(found.lies.is_empty(), "{:#?}", found.lies);
    assert!(time < Duration::from_secs(2), "{time:?}");

    let items = registry.rows.iter().map(|row| row.evidence.len() + row.carried.len()).sum::<usize>();
    println!("{} rows, {items} items in {:.2} s", registry.rows.len(), time.as_secs_f64());
    assert!(registry.rows.len() >= 82 && items > 250);
    let base = oplog::newest(&linux, &mut Objects::new(&linux)).unwrap().unwrap().operation.base.version;
    let now = Lock::new(&base, &found.rows);
    assert!(Status::ALL.iter().all(|status| now.status.values().any(|found| found == status)));
    assert_eq!(Lock::load(&data(LOCK)).unwrap(), now, "drm-rust registry render");
}

/// Contributors run b4 in `linux/`: the mails of a series go where the tree says.
fn b4_sends_where_the_tree_says(linux: &Path, scratch: &Path) {
    let config = scratch.join("gitconfig");
    let identity = "[user]\nname = Contributor\nemail = contributor@drm-rust.example\n";
    // b4 would fall back to a public server without one.
    fs::write(&config, format!("{identity}[sendemail]\nsmtpserver = 127.0.0.1\nsmtpserverport = 1\n")).unwrap();
    let run = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).current_dir(linux).env("GIT_CONFIG_GLOBAL", &config).env("XDG_DATA_HOME", scratch);
        let output = command.env("XDG_CACHE_HOME", scratch).output().unwrap();
        assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let mails = scratch.join("mails");
    run("b4", &["prep", "--new", "first-light", "--fork-point", "topic/rust/jiffies"]);
    let file = linux.join("rust/kernel/time/jiffies.rs");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "// One more line.\n").unwrap();
    run("git", &["commit", "--quiet", "--all", "--signoff", "--message", "rust: time: add a line"]);
    run("b4", &["send", "--no-sign", "--output-dir", mails.to_str().unwrap()]);
    let mail = fs::read_dir(&mails).unwrap().next().expect("b4 wrote a mail").unwrap().path();
    let mail = fs::read_to_string(mail).unwrap();
    for line in ["Subject: [PATCH drm-rust] rust: time: add a line", "To: dri-devel@lists.freedesktop.org"] {
        assert!(mail.lines().any(|found| found == line), "{mail}");
    }
    assert!(mail.contains("Cc: rust-for-linux@vger.kernel.org"), "{mail}");
}
