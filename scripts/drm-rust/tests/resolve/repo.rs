// SPDX-License-Identifier: GPL-2.0-only

//! A repository of a test, with nothing of the user's.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A repository in a temporary folder.
pub(crate) struct Repo {
    dir: TempDir,
}

impl Repo {
    /// An empty repository that records resolutions.
    pub(crate) fn new() -> Self {
        let repo = Repo { dir: tempfile::tempdir().unwrap() };
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo.git(&["config", "rerere.enabled", "true"]);
        repo
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.dir.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").current_dir(self.dir.path()).args(args);
        for (key, value) in [("NAME", "Tester"), ("EMAIL", "t@drm-rust.example"), ("DATE", "1767225600 +0000")] {
            command.env(format!("GIT_AUTHOR_{key}"), value).env(format!("GIT_COMMITTER_{key}"), value);
        }
        command
    }

    /// Runs git and gives what it left.
    pub(crate) fn try_git(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs git, which must succeed.
    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = self.try_git(args);
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Runs git with standard input.
    pub(crate) fn git_with(&self, args: &[&str], input: &str) -> String {
        let mut child = self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Commits these files on a branch that begins at another one.
    pub(crate) fn branch(&self, name: &str, from: &str, files: &[(&str, Option<&str>)]) {
        if !from.is_empty() {
            self.git(&["checkout", "--quiet", "-f", "-B", name, from]);
        }
        for (path, content) in files {
            match content {
                Some(content) => self.write(path, content),
                None => fs::remove_file(self.path(path)).unwrap(),
            }
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", name]);
    }

    /// The folders of the rr-cache that git keeps.
    pub(crate) fn rr_cache(&self) -> Vec<String> {
        let names = fs::read_dir(self.path(".git/rr-cache")).unwrap();
        let mut names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}
