// SPDX-License-Identifier: GPL-2.0-only

//! A work tree of the checks' own, so that they see exactly the commits that they check, and builds of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::targets;
use super::{CheckError, Findings, Job};
use crate::error::FileContext;
use crate::git::{BranchName, GitError, Oid, Repo};
use crate::kernel::arch::Arch;
use crate::kernel::config::{self, Config};
use crate::kernel::kbuild::Object;
use crate::kernel::make::{Made, Make};
use crate::kernel::output::blame_sources;

/// Puts the work tree of the checks at a commit, and makes it where there is none.
pub(super) fn place(linux: &Repo, source: &Repo, commit: Oid) -> Result<(), CheckError> {
    let is_ours = || source.git(["rev-parse", "--git-common-dir"]).output().is_ok_and(|output| output.code == 0);
    if source.top().exists() && !is_ours() {
        // Of a `linux/` that is gone.
        fs::remove_dir_all(source.top()).at("remove", source.top())?;
    }
    let workers = format!("checkout.workers={}", rayon::current_num_threads());
    let parallel = ["-c", &workers, "-c", "checkout.thresholdForParallelism=1"];
    let process = if source.exists() {
        source.raw(parallel).args(["checkout", "--quiet", "--force", "--detach"])
    } else {
        linux.git(["worktree", "prune"]).run().map_err(GitError::from)?;
        linux.raw(parallel).args(["worktree", "add", "--quiet", "--force", "--detach"]).arg(source.top())
    };
    process.arg(commit.to_string()).run().map_err(GitError::from)?;
    Ok(())
}

/// Git's name of the defconfig that builds are configured with.
pub(super) fn defconfig(arch: &Arch) -> String {
    format!("{}:{}", BranchName::next().full(), arch.defconfig().display())
}

/// What every build gets: equal flags, so that no check makes another one build again.
const FLAGS: [&str; 2] = ["CLIPPY=1", "KRUSTFLAGS=-Dwarnings"];

/// A build folder for the work tree of the checks.
pub(super) struct Build<'a> {
    job: &'a Job<'a>,
    arch: &'static Arch,
    dir: PathBuf,
}

impl<'a> Build<'a> {
    pub(super) fn new(job: &'a Job<'a>, arch: &'static Arch) -> Result<Self, CheckError> {
        let dir = job.dir.join(arch.name);
        fs::create_dir_all(&dir).at("create", &dir)?;
        Ok(Build { job, arch, dir })
    }

    fn command(&self) -> Make<'_> {
        Make { source: self.job.source.top(), dir: &self.dir, arch: self.arch, ws: self.job.ws }
    }

    /// Configures with this tree's defconfig, even where the commit has none yet, and without some symbols.
    pub(super) fn configure(&self, off: &[String]) -> Result<(), CheckError> {
        let mut text = self.job.ws.linux().git(["show", &defconfig(self.arch)]).run().map_err(GitError::from)?.text();
        off.iter().for_each(|symbol| text += &format!("\n# CONFIG_{symbol} is not set"));
        let path = self.dir.join(".config");
        fs::write(&path, text + "\n").at("write", &path)?;
        self.command().command().arg("olddefconfig").run()?;
        Ok(())
    }

    /// The configuration.
    pub(super) fn config(&self) -> Result<Config, CheckError> {
        let path = self.dir.join(".config");
        Ok(config::parse(&fs::read_to_string(&path).at("read", &path)?))
    }

    /// Those of the objects that the configuration has, and the others.
    pub(super) fn enabled(&self, objects: BTreeSet<Object>) -> Result<(Vec<String>, Vec<String>), CheckError> {
        let config = self.config()?;
        let (on, off): (Vec<_>, Vec<_>) = objects.into_iter().partition(|object| object.is_on(&config));
        let paths = |objects: Vec<Object>| objects.into_iter().map(|object| object.path).collect();
        Ok((paths(on), paths(off)))
    }

    /// Removes an object, so that a build of its folder compiles it.
    pub(super) fn forget(&self, object: &str) {
        // It need not be there.
        let _ = fs::remove_file(self.dir.join(object));
    }

    /// Makes targets. A warning of Rust is an error, and objects are compiled even where they are up to date: a
    /// warning that an earlier run has seen must be seen again.
    pub(super) fn make(&self, args: &[&str], check: &str) -> Result<Made, CheckError> {
        args.iter().filter(|arg| arg.ends_with(".o")).for_each(|object| self.forget(object));
        let step = format!("{check}: building {}", self.arch);
        let args: Vec<String> = FLAGS.iter().chain(args).map(|arg| (*arg).to_owned()).collect();
        Ok(self.command().run(&args, &format!("{check}.log"), &step, None, self.job.reporter)?)
    }

    /// What is wrong with a build: everything where it failed, otherwise warnings about these files. One that failed
    /// without a mistake in a source file says nothing of the patches.
    pub(super) fn problems(&self, made: Made, files: &[&str], check: &str) -> Findings {
        let log = self.dir.join(format!("{check}.log"));
        let shown = log.strip_prefix(&self.job.ws.root).unwrap_or(&log).display().to_string();
        if made.good {
            return made.findings.into_iter().filter(|finding| concerns(finding, files)).collect::<Vec<_>>().into();
        }
        let broken = !blame_sources(&made.findings);
        let mut details = made.findings;
        details.insert(0, format!("{} does not build: {shown} has everything", self.arch));
        Findings { details, broken }
    }
}

/// Whether a message is about one of these files, and not only about what one of them includes.
fn concerns(message: &str, files: &[&str]) -> bool {
    let mut lines = message.lines().filter(|line| !line.trim_start().starts_with("In file included from"));
    lines.any(|line| files.iter().any(|file| line.contains(file)))
}

/// The object that holds a file, by the makefiles of a work tree.
pub(super) fn target(top: &Path, file: &str) -> Option<Object> {
    targets::of_file(file, &|path| fs::read_to_string(top.join(path)).ok())
}

/// The objects that hold these files.
pub(super) fn targets(top: &Path, files: &[&str]) -> BTreeSet<Object> {
    files.iter().filter_map(|file| target(top, file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_of_what_a_file_includes_is_not_its_own() {
        let message = "In file included from /x/rust/helpers/a.c:3:\n/x/include/io.h:9:5: warning: arithmetic";
        assert!(!concerns(message, &["rust/helpers/a.c"]));
        assert!(concerns(message, &["include/io.h"]));
        assert!(concerns("warning: unused\n  --> rust/kernel/a.rs:1:5", &["rust/kernel/a.rs"]));
    }
}
