// SPDX-License-Identifier: GPL-2.0-only

//! A small checkout of its own: a synthetic base, a fixed clock, and nothing of the user's.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::Digest;
use tempfile::TempDir;

/// The synthetic base: a few files that topics can change.
pub(crate) const BASE_FILES: [(&str, &str); 6] = [
    ("Makefile", "VERSION = 9\n"),
    (".gitignore", ".*\n*.o\n"),
    ("drivers/gpu/drm/Kconfig", "config DRM\n\ttristate\n\nconfig DRM_OTHER\n\ttristate\n"),
    ("rust/kernel/lib.rs", "pub mod alloc;\npub mod page;\npub mod xarray;\n"),
    ("rust/helpers/helpers.c", "#include \"page.c\"\n#include \"xarray.c\"\n"),
    ("scripts/run.sh", "#!/bin/sh\n"),
];

/// The commit that an import of it gives.
pub(crate) const BASE: &str = "f569386b48243855458e0fafe80616e32035116e";

/// A manifest with one patch that adds a file and one line of the base.
pub(crate) const ALPHA: &str = r#"
title = "Alpha abstractions"
summary = """
What alpha is for.
"""
author = "DRM-Rust maintainers <maintainers@drm-rust.example>"
trailers = ["Signed-off-by: DRM-Rust maintainers <maintainers@drm-rust.example>"]

[[patch]]
subject = "rust: alpha: add the alpha module"
date = 2026-01-02T03:04:05Z
body = """
Drivers need alpha.
"""
files = ["rust/kernel/alpha.rs"]

[[patch.edit]]
file = "rust/kernel/lib.rs"
after = "pub mod alloc;"
insert = """
pub mod alpha;
"""
"#;

/// A checkout in a temporary folder.
pub(crate) struct Env {
    dir: TempDir,
}

/// What a run left: prints as the snapshot of a test.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "----- stderr\n{}", self.stderr)?;
        }
        write!(f, "----- exit {}", self.code)
    }
}

impl Run {
    /// Fails the test where the run did not end well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self}");
        self
    }
}

impl Env {
    /// A checkout without topics.
    pub(crate) fn new() -> Self {
        Env::below(&std::env::temp_dir())
    }

    /// The same, in a folder of the caller's choice.
    pub(crate) fn below(place: &Path) -> Self {
        let env = Env { dir: tempfile::tempdir_in(place).expect("a temporary folder") };
        fs::create_dir_all(env.home()).unwrap();
        let archive = tarball(&BASE_FILES);
        let sha256 = hex(&sha2::Sha256::digest(&archive));
        fs::write(env.dir.path().join("linux-9.9.tar"), archive).unwrap();
        let author = "DRM-Rust maintainers <maintainers@drm-rust.example>";
        env.write(
            "scripts/drm-rust/base.toml",
            &format!(
                "version = '9.9'\nauthor = '{author}'\ndate = 2026-01-01T00:00:00Z\n\
                 commit = '{BASE}'\n[[source]]\nkind = 'file'\npath = '../../../linux-9.9.tar'\nsha256 = '{sha256}'\n"
            ),
        );
        env.write(
            "scripts/drm-rust/trees.toml",
            &format!(
                "[ours]\nidentity = '{author}'\ntree = 'drm-rust'\nupstream = 'drm'\n\
                 [tree.drm-rust]\nhttps = ['https://git.example/drm-rust.git']\n\
                 [tree.drm]\nhttps = ['https://git.example/drm.git']\n[tree.drm.receiver]\n\
                 greeting = 'all'\nto = ['Drm <drm@lists.example>']\ncc = ['rust@lists.example']\n"
            ),
        );
        env.write(".gitignore", "/linux/\n/.linux.new/\n/build/\n");
        env.write(".b4-config", "[b4]\n\tsend-prefixes = drm-rust\n");
        env.git(&["init", "--quiet", "--initial-branch=main"]);
        env.commit("begin");
        env
    }

    /// A checkout with the topic `rust/alpha`.
    pub(crate) fn with_alpha() -> Self {
        Env::new().and_alpha()
    }

    /// Adds the topic `rust/alpha`.
    pub(crate) fn and_alpha(self) -> Self {
        let env = self;
        env.topic("rust/alpha", ALPHA);
        env.write("rust/kernel/alpha.rs", "//! Alpha.\n");
        env.commit("add alpha");
        env
    }

    /// A copy of everything, for a run that changes something.
    pub(crate) fn copy(&self) -> Env {
        let copy = Env { dir: tempfile::tempdir().expect("a temporary folder") };
        let everything = self.dir.path().join(".");
        let copied = Command::new("cp").arg("-a").arg(everything).arg(copy.dir.path()).status().expect("cp runs");
        assert!(copied.success());
        copy
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("checkout")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.home().join(".cache/drm-rust")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root().join("build/drm-rust.lock")
    }

    pub(crate) fn tarball(&self) -> PathBuf {
        self.dir.path().join("linux-9.9.tar")
    }

    pub(crate) fn linux(&self, path: &str) -> PathBuf {
        self.root().join("linux").join(path)
    }

    /// Writes a file of the checkout.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.root().join(path)).unwrap();
    }

    /// Writes a manifest.
    pub(crate) fn topic(&self, name: &str, manifest: &str) {
        self.write(&format!("scripts/drm-rust/topics/{name}.toml"), manifest);
    }

    /// Commits everything of the checkout.
    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Git in the checkout.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.root(), args)
    }

    /// Git in `linux/`.
    pub(crate) fn linux_git(&self, args: &[&str]) -> String {
        self.git_in(&self.root().join("linux"), args)
    }

    /// A repository of a person beside the checkout, with one commit.
    pub(crate) fn clone_of_linux(&self, name: &str) -> PathBuf {
        let dir = self.dir.path().join(name);
        fs::create_dir_all(&dir).unwrap();
        self.git_in(&dir, &["init", "--quiet", "--initial-branch=master"]);
        self.git_in(&dir, &["commit", "--quiet", "--allow-empty", "--message", "Linux 9.9"]);
        dir
    }

    /// Git in any repository.
    #[track_caller]
    pub(crate) fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        let output = self.command("git").args(args).current_dir(dir).output().expect("git runs");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// A program with nothing of the user's environment.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home());
        let identity = [("NAME", "Tester"), ("EMAIL", "tester@drm-rust.example"), ("DATE", "1767225600 +0000")];
        for (key, value) in identity {
            command.env(format!("GIT_AUTHOR_{key}"), value).env(format!("GIT_COMMITTER_{key}"), value);
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("SOURCE_DATE_EPOCH", "1767312000");
        command.current_dir(self.root_or_temp());
        command
    }

    fn root_or_temp(&self) -> PathBuf {
        if self.root().exists() { self.root() } else { self.dir.path().to_owned() }
    }

    /// The program itself, not yet run.
    pub(crate) fn drm_rust(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_drm-rust"));
        command.args(args);
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, |_| {})
    }

    /// Runs the program after something was done to it.
    pub(crate) fn run_with(&self, args: &[&str], change: impl FnOnce(&mut Command)) -> Run {
        let mut command = self.drm_rust(args);
        change(&mut command);
        let output = command.output().expect("the program runs");
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("output is UTF-8");
            text.replace(&self.dir.path().display().to_string(), "$DIR")
        };
        Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap_or(-1) }
    }

    /// Every reference of `linux/` and what HEAD names.
    pub(crate) fn refs(&self) -> String {
        self.linux_git(&["for-each-ref", "--format=%(refname) %(objectname)"])
            + "\n"
            + &self.linux_git(&["symbolic-ref", "HEAD"])
    }
}

/// A tarball of these files, the same bytes each time.
pub(crate) fn tarball(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(if path.ends_with(".sh") { 0o755 } else { 0o644 });
        header.set_mtime(0);
        builder.append_data(&mut header, format!("linux-9.9/{path}"), text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hides ids that depend on where the test ran.
pub(crate) fn hide_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() == 12 && word.chars().all(|c| c.is_ascii_hexdigit());
    let hide = |word: &str| match word.strip_suffix(':').unwrap_or(word) {
        id if is_id(id) => word.replace(id, "ID"),
        _ => word.to_owned(),
    };
    let line = |line: &str| line.split(' ').map(hide).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
