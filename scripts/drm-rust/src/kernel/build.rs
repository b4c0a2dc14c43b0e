// SPDX-License-Identifier: GPL-2.0-only

//! Builds a kernel of the tree out of tree, and knows when there is nothing to build.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::Digest;

use super::KernelError;
use super::arch::Arch;
use super::config::{self, Config};
use super::kconfig;
use super::make::Make;
use super::only::Only;
use super::targets;
use super::variant::Variant;
use crate::base::pin::Sha256;
use crate::error::FileContext;
use crate::git::{GitError, Repo};
use crate::lock::Lock;
use crate::process::Process;
use crate::report::{Reporter, Unit};
use crate::setup::{self, Group};
use crate::workspace::Workspace;

/// Everything that make said, in the build folder.
const LOG: &str = "build.log";
/// The lock of the build folder.
const LOCK: &str = ".drm-rust.lock";

/// What to build.
#[derive(Clone, Debug)]
pub struct Request {
    /// The architecture.
    pub arch: &'static Arch,
    /// What to add to the configuration, for a purpose.
    pub variant: Variant,
    /// A configuration target of the kernel instead of this tree's defconfig, for example `defconfig`.
    pub config: Option<String>,
    /// Files whose symbols are set in addition.
    pub fragments: Vec<PathBuf>,
    /// A smaller kernel for some suites.
    pub only: Option<Only>,
    /// Goals of make, folders or objects, instead of the whole kernel.
    pub targets: Vec<String>,
}

impl Request {
    /// This tree's defconfig of an architecture.
    pub fn new(arch: &'static Arch, variant: Variant) -> Self {
        Request { arch, variant, config: None, fragments: Vec::new(), only: None, targets: Vec::new() }
    }

    /// The build folder: one for each configuration, so that none makes another build again.
    pub fn dir(&self, ws: &Workspace) -> PathBuf {
        ws.build().join(self.name())
    }

    /// The build folder's name.
    pub fn name(&self) -> String {
        let mut name = self.arch.name.to_owned();
        let own = (!self.fragments.is_empty()).then_some("custom");
        let only = self.only.as_ref().map(|only| only.name.as_str());
        for part in self.config.iter().map(String::as_str).chain(self.variant.suffix()).chain(own).chain(only) {
            name += "-";
            name += part;
        }
        name
    }
}

/// A kernel that was built.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Its architecture.
    pub arch: &'static Arch,
    /// The build folder.
    pub dir: PathBuf,
    /// What is booted.
    pub image: PathBuf,
    /// Warnings of this build, each whole.
    pub warnings: Vec<String>,
    /// How long it took.
    pub time: Duration,
    /// Whether nothing had to be built.
    pub unchanged: bool,
    /// Nobody else builds in the folder, or runs what is there, while it is used.
    _lock: Arc<Lock>,
}

/// What is remembered of a build folder.
#[derive(Default, Serialize, Deserialize)]
struct Memory {
    /// What its configuration was made from.
    config: String,
    /// What its kernel was made from; empty if the build failed or the work tree had changes.
    kernel: String,
    /// The kernel as its build left it.
    #[serde(default)]
    image: Option<Stamp>,
    /// The steps of its longest build, to measure the progress of the next.
    steps: u64,
}

impl Memory {
    fn path(dir: &Path) -> PathBuf {
        dir.join(".drm-rust.json")
    }

    fn load(dir: &Path) -> Memory {
        let text = fs::read_to_string(Memory::path(dir)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn save(&self, dir: &Path) -> Result<(), KernelError> {
        let path = Memory::path(dir);
        let text = serde_json::to_string(self).expect("plain data can be written");
        Ok(crate::file::replace(&path, text)?)
    }
}

/// What tells a file from one that was written in its place, for example by a make of somebody else.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    /// When it was written: seconds and nanoseconds.
    written: (i64, i64),
}

impl Stamp {
    /// None where there is no such file.
    fn of(path: &Path) -> Option<Stamp> {
        let data = fs::metadata(path).ok()?;
        Some(Stamp { size: data.size(), written: (data.mtime(), data.mtime_nsec()) })
    }
}

/// Builds. The build folder is this run's alone as long as the builder lives, or a kernel of it.
pub struct Builder<'a> {
    ws: &'a Workspace,
    request: &'a Request,
    reporter: &'a dyn Reporter,
    lock: Arc<Lock>,
}

impl<'a> Builder<'a> {
    /// Takes the build folder, when no other run uses it any more.
    pub fn new(ws: &'a Workspace, request: &'a Request, reporter: &'a dyn Reporter) -> Result<Self, KernelError> {
        let lock = Lock::wait(&request.dir(ws).join(LOCK), reporter)?;
        Ok(Builder { ws, request, reporter, lock: Arc::new(lock) })
    }

    /// Builds the kernel, unless there is nothing to do.
    pub fn build(&self) -> Result<Kernel, KernelError> {
        let start = Instant::now();
        let (arch, dir) = (self.request.arch, self.request.dir(self.ws));
        let linux = self.ws.linux();
        let image = dir.join(arch.image);
        let mut memory = Memory::load(&dir);
        let fragments = self.fragments()?;
        let config = self.config_key(&fragments)?;
        let key = self.kernel_key(&linux, &dir)?;
        let (warnings, time, _lock) = (Vec::new(), Duration::ZERO, self.lock.clone());
        let mut kernel = Kernel { arch, dir: dir.clone(), image, warnings, time, unchanged: true, _lock };
        let same = key.is_some_and(|key| key == memory.kernel) && memory.config == config;
        let whole = self.request.targets.is_empty();
        let image = Stamp::of(&kernel.image);
        if whole && same && image.is_some() && image == memory.image {
            kernel.time = start.elapsed();
            return Ok(kernel);
        }
        self.require_tools(&self.wanted(&fragments)?, &dir)?;
        memory.kernel.clear();
        if memory.config != config || !dir.join(".config").exists() {
            memory.config.clear();
            memory.save(&dir)?;
            self.configure(&dir, &fragments)?;
            memory.config = config;
        }
        memory.save(&dir)?;
        // The configuration may be new; what changes while make runs is for the next build.
        let key = self.kernel_key(&linux, &dir)?;
        let (steps, warnings) = self.make(&dir, if whole { memory.steps } else { 0 })?;
        // Where a Kconfig file is new, make turns off what it does not allow any more, without a word.
        let taken = require_taken(linux.top(), &dir, arch, &self.wanted(&fragments)?);
        if taken.is_err() {
            // Once the Kconfig file is right, what was turned off must come back.
            memory.config.clear();
            memory.save(&dir)?;
        }
        taken?;
        if whole {
            memory.steps = memory.steps.max(steps);
            memory.kernel = key.unwrap_or_default();
            memory.image = Stamp::of(&kernel.image);
            memory.save(&dir)?;
        } else {
            targets::require_objects(&dir, &self.request.targets)?;
        }
        Ok(Kernel { warnings, time: start.elapsed(), unchanged: false, ..kernel })
    }

    /// A build that lacks a tool would fail late and say little.
    fn require_tools(&self, wanted: &Config, dir: &Path) -> Result<(), KernelError> {
        let present = config::parse(&fs::read_to_string(dir.join(".config")).unwrap_or_default());
        let mut groups = vec![Group::Tree];
        // Without pahole, Kconfig would drop the symbol.
        groups.extend(config::has(&[wanted, &present], "DEBUG_INFO_BTF").then_some(Group::Btf));
        let found = setup::check(&groups, &self.ws.cache).into_iter();
        let missing: Vec<_> = found.filter(|found| !found.state.is_met()).collect();
        if missing.is_empty() { Ok(()) } else { Err(KernelError::Tools(missing)) }
    }

    /// The texts of the fragments: the variant's, those of the request, then those of a smaller kernel.
    fn fragments(&self) -> Result<Vec<String>, KernelError> {
        let top = self.ws.linux().top().to_owned();
        let arch = self.request.arch;
        let of_config = self.request.config.iter().flat_map(|_| super::additions(arch));
        let of_variant = self.request.variant.fragments(arch);
        let paths =
            of_config.chain(of_variant).map(|path| top.join(path)).chain(self.request.fragments.iter().cloned());
        let texts = paths.map(|path| Ok(fs::read_to_string(&path).at("read", &path)?));
        texts.chain(self.request.only.iter().map(|only| Ok(only.fragment.clone()))).collect()
    }

    /// The symbols that must take: those of the defconfig and of the fragments.
    fn wanted(&self, fragments: &[String]) -> Result<Config, KernelError> {
        let mut wanted = match (&self.request.config, &self.request.only) {
            // What a smaller kernel leaves out takes more with it; what it keeps, its fragment names.
            (Some(_), _) | (_, Some(_)) => Config::new(),
            (None, None) => config::parse(&self.defconfig()?),
        };
        fragments.iter().for_each(|text| wanted.extend(config::parse(text)));
        Ok(wanted)
    }

    fn config_key(&self, fragments: &[String]) -> Result<String, KernelError> {
        let mut hash = sha2::Sha256::new();
        match &self.request.config {
            Some(name) => hash.update(name),
            None => hash.update(self.defconfig()?),
        }
        fragments.iter().for_each(|text| hash.update(format!("\0{text}")));
        Ok(Sha256::from_bytes(hash.finalize().into()).to_string())
    }

    fn defconfig(&self) -> Result<String, KernelError> {
        let path = self.ws.linux().top().join(self.request.arch.defconfig());
        if !path.exists() {
            return Err(KernelError::NoDefconfig(self.request.arch));
        }
        Ok(fs::read_to_string(&path).at("read", &path)?)
    }

    /// What the kernel depends on, with `.config` as it is: a person may have changed it. None where the work tree
    /// has changes of its own, of which git knows no id.
    fn kernel_key(&self, linux: &Repo, dir: &Path) -> Result<Option<String>, KernelError> {
        // With the cache, which is kept in the index, git need not list the folders that did not change since.
        let status = ["-c", "core.untrackedCache=true", "status", "--porcelain", "--untracked-files=normal"];
        let tools = || (Process::new("rustc").arg("-vV").output(), setup::kernel_variables(self.ws));
        let status = linux.git(status).env("GIT_OPTIONAL_LOCKS", "1").detached();
        let (status, (rustc, variables)) = rayon::join(|| status.run(), tools);
        if !status.map_err(GitError::from)?.text().is_empty() {
            return Ok(None);
        }
        let tree = linux.git(["rev-parse", "HEAD^{tree}"]).run().map_err(GitError::from)?.text();
        let (rustc, variables) = (rustc?.text(), format!("{variables:?}"));
        let config = fs::read_to_string(dir.join(".config")).unwrap_or_default();
        let mut hash = sha2::Sha256::new();
        [&config, &tree, &rustc, &variables].iter().for_each(|part| hash.update(format!("{part}\0")));
        Ok(Some(Sha256::from_bytes(hash.finalize().into()).to_string()))
    }

    fn make_in<'b>(&'b self, source: &'b Path, dir: &'b Path) -> Make<'b> {
        Make { source, dir, arch: self.request.arch, ws: self.ws }
    }

    /// Makes `.config`, and sees that everything that was asked for has taken.
    fn configure(&self, dir: &Path, fragments: &[String]) -> Result<(), KernelError> {
        self.reporter.begin(&format!("configuring {}", self.request.arch), None, Unit::Items);
        let target = self.request.config.as_deref().unwrap_or("drm_rust_defconfig");
        let linux = self.ws.linux();
        let make = self.make_in(linux.top(), dir);
        make.command().arg(target).run()?;
        let path = dir.join(".config");
        if !fragments.is_empty() {
            let mut file = File::options().append(true).open(&path).at("open", &path)?;
            fragments.iter().try_for_each(|text| file.write_all(text.as_bytes())).at("write", &path)?;
            make.command().arg("olddefconfig").run()?;
        }
        self.reporter.end();
        require_taken(linux.top(), dir, self.request.arch, &self.wanted(fragments)?)
    }

    /// Runs make. Gives the number of its steps, and its warnings.
    fn make(&self, dir: &Path, expected: u64) -> Result<(u64, Vec<String>), KernelError> {
        let (linux, arch) = (self.ws.linux(), self.request.arch);
        let expected = (expected > 0).then_some(expected);
        let make = self.make_in(linux.top(), dir);
        let made = make.run(&self.request.targets, LOG, &format!("building {arch}"), expected, self.reporter)?;
        if made.good {
            return Ok((made.steps, made.findings));
        }
        Err(KernelError::Build { arch, findings: made.findings, log: dir.join(LOG) })
    }
}

/// An error where `.config` is not what was asked for, which says what the symbols depend on.
fn require_taken(top: &Path, dir: &Path, arch: &'static Arch, wanted: &Config) -> Result<(), KernelError> {
    let path = dir.join(".config");
    let actual = config::parse(&fs::read_to_string(&path).at("read", &path)?);
    let refused = config::refused(wanted, &actual);
    if refused.is_empty() {
        return Ok(());
    }
    let symbols = kconfig::read(top, arch.folder)?;
    let reasons = refused.iter().map(|refused| symbols.why(refused, &actual)).collect();
    Err(KernelError::Config { arch, reasons })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Explain;

    #[test]
    fn what_a_kconfig_file_does_not_allow_any_more_is_named() {
        let (top, build) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(top.path().join("Kconfig"), "config TOY\n\tbool \"Toy\"\n\tdepends on NEW\n").unwrap();
        let wanted = config::parse("CONFIG_TOY=y\n");
        let taken = |config: &str| {
            fs::write(build.path().join(".config"), config).unwrap();
            require_taken(top.path(), build.path(), "um".parse().unwrap(), &wanted)
        };
        taken("CONFIG_TOY=y\nCONFIG_MORE=y\n").unwrap();
        let error = taken("# CONFIG_TOY is not set\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the configuration of um is not what was asked for:\n  \
             CONFIG_TOY is n, not y: it depends on NEW (Kconfig:1)"
        );
        assert!(error.hint().unwrap().contains("arch/um/configs/drm_rust_defconfig"));
    }

    #[test]
    fn a_file_is_told_from_one_in_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("linux");
        assert_eq!(Stamp::of(&path), None);
        let write = |text: &str, seconds| {
            fs::write(&path, text).unwrap();
            let time = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
            File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
            Stamp::of(&path).unwrap()
        };
        let first = write("kernel", 1);
        assert_eq!(write("kernel", 1), first);
        assert_ne!(write("kernel", 2), first);
        assert_ne!(write("kernel+", 1), first);
    }

    #[test]
    fn a_memory_without_the_image_keeps_its_steps() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(Memory::path(dir.path()), r#"{"config":"a","kernel":"b","steps":7}"#).unwrap();
        let memory = Memory::load(dir.path());
        assert_eq!((memory.steps, memory.image), (7, None));
    }
}
