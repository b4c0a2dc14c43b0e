// SPDX-License-Identifier: GPL-2.0-only

//! Checks of patches. A new one is a file and a line in [`CHECKS`].
//!
//! A result depends on the patches, the tree, the tool's version, the code of the checks and, where something is built,
//! the defconfig; it is kept in the user's cache under all of these. What a tool says that broke is not kept.

mod cache;
mod checkpatch;
mod clippy;
mod codespell;
mod findings;
mod goals;
mod htmldocs;
mod maintainers;
mod per_patch;
mod rustdoc;
mod rustfmt;
pub mod scope;
mod source;
mod sparse;
mod spdx;
mod subject;
mod targets;
mod trailers;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Class, Explain, FileContext, FileError};
use crate::git::{GitError, Repo};
use crate::kernel::KernelError;
use crate::kernel::arch::Arch;
use crate::lock::{Lock, LockError};
use crate::process::{Process, ProcessError};
use crate::report::Reporter;
use crate::setup::{self, Group, Need};
use crate::workspace::Workspace;
use cache::Results;
use findings::Findings;
use scope::{Patch, Scope};

/// How long a run waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);

/// A check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A program failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A build could not be made.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// Another run is at work.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No sparse that reads this kernel.
    #[error("this machine has no sparse that understands this kernel")]
    NoSparse,
    /// There is neither a topic nor a range of this name.
    #[error("there is no topic `{0}`")]
    NoScope(String),
    /// A range without patches.
    #[error("`{0}` has no patches to check")]
    Empty(String),
    /// There is no check of this name.
    #[error("there is no check `{0}`")]
    NoCheck(String),
}

impl Explain for CheckError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            CheckError::Git(error) => return error.hint(),
            CheckError::File(error) => return error.hint(),
            CheckError::Process(error) => return error.hint(),
            CheckError::Kernel(error) => return error.hint(),
            CheckError::Lock(error) => return error.hint(),
            CheckError::NoSparse => "run `drm-rust setup --checks`, which builds one".into(),
            CheckError::NoScope(_) => "`drm-rust topic list` shows the topics; a range is REV..REV".into(),
            CheckError::Empty(_) => "a range names what it leaves out first: base..drm-rust-next".into(),
            CheckError::NoCheck(_) => {
                let names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
                format!("the checks are {}", names.join(", "))
            }
        })
    }

    fn class(&self) -> Class {
        match self {
            CheckError::NoScope(_) | CheckError::Empty(_) | CheckError::NoCheck(_) => Class::Usage,
            CheckError::Git(error) => error.class(),
            _ => Class::Failed,
        }
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing wrong.
    Pass,
    /// Something wrong.
    Fail,
    /// There was nothing to look at.
    Skip,
}

impl Status {
    /// As a word.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Skip => "skip",
        }
    }
}

/// The result of a check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it passed.
    pub status: Status,
    /// In one line.
    pub summary: String,
    /// Each finding.
    pub details: Vec<String>,
    /// Whether a tool broke: what it says is of this machine, and holds for this run only.
    #[serde(skip)]
    pub broken: bool,
}

impl Verdict {
    /// The verdict on a number of things.
    fn of(n: usize, thing: &str, findings: impl Into<Findings>) -> Verdict {
        let Findings { details, broken } = findings.into();
        if n == 0 {
            return Verdict::nothing(thing);
        }
        let things = match (n, thing.ends_with("ch")) {
            (1, _) => format!("1 {thing}"),
            (_, true) => format!("{n} {thing}es"),
            (_, false) => format!("{n} {thing}s"),
        };
        let (status, summary) = match details.len() {
            0 => (Status::Pass, things),
            1 => (Status::Fail, format!("1 finding in {things}")),
            found => (Status::Fail, format!("{found} findings in {things}")),
        };
        Verdict { status, summary, details, broken }
    }

    fn nothing(thing: &str) -> Verdict {
        Verdict { status: Status::Skip, summary: format!("no {thing}"), details: Vec::new(), broken: false }
    }
}

/// A verdict and how it came about.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The check.
    pub tool: &'static str,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Seconds that it took.
    pub seconds: f64,
    /// Whether it was known.
    pub cached: bool,
}

/// What a check works on.
struct Job<'a> {
    ws: &'a Workspace,
    scope: &'a Scope,
    /// A work tree at the scope's tip, for checks that need files.
    source: Repo,
    /// A folder for whatever checks leave.
    dir: PathBuf,
    results: Results,
    /// The version of the tool.
    tool: String,
    /// Whether results of an earlier run do not count.
    fresh: bool,
    reporter: &'a dyn Reporter,
}

impl Job<'_> {
    /// The findings that are known under this key, or new ones.
    fn cached(
        &self,
        key: &[&str],
        find: impl FnOnce() -> Result<Findings, CheckError>,
    ) -> Result<Findings, CheckError> {
        let key: Vec<&str> = key.iter().copied().chain([self.tool.as_str()]).chain(CODE.iter().copied()).collect();
        if let Some(known) = self.results.get::<Vec<String>>(&key).filter(|_| !self.fresh) {
            return Ok(known.into());
        }
        let findings = find()?;
        if !findings.broken {
            self.results.keep(&key, &findings.details, self.reporter);
        }
        Ok(findings)
    }

    /// The verdict on each patch, where it depends on nothing but the patch.
    fn each_patch(
        &self,
        check: &str,
        find: impl Fn(&Patch) -> Result<Findings, CheckError> + Sync,
    ) -> Result<Verdict, CheckError> {
        let one = |patch: &Patch| self.cached(&[check, &patch.commit.to_string()], || find(patch));
        let found: Vec<Findings> = self.scope.patches.par_iter().map(one).collect::<Result<_, _>>()?;
        Ok(Verdict::of(found.len(), "patch", found.into_iter().collect::<Findings>()))
    }
}

/// What a check needs, which tells when it can run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// The patches: at once.
    Patches,
    /// The files, too: beside others.
    Files,
    /// A build: one after the other.
    Build,
    /// A build of other commits, when a person asks for it: last.
    History,
}

struct Check {
    name: &'static str,
    needs: Needs,
    /// What it calls besides git, by the names that setup has for it. A build needs all that builds the tree.
    calls: &'static [&'static str],
    /// What the result depends on and the tree that is checked does not have: the version of what it calls, and the
    /// configuration.
    tool: fn(&Job<'_>) -> Result<String, CheckError>,
    run: fn(&Job<'_>) -> Result<Verdict, CheckError>,
}

/// Every check, in the order in which they are shown.
static CHECKS: &[Check] = &[
    Check { name: "subject", needs: Needs::Patches, calls: &[], tool: none, run: subject::run },
    Check { name: "trailers", needs: Needs::Patches, calls: &[], tool: none, run: trailers::run },
    Check { name: "checkpatch", needs: Needs::Files, calls: &["perl"], tool: checkpatch::tool, run: checkpatch::run },
    Check { name: "codespell", needs: Needs::Files, calls: &["codespell"], tool: codespell::tool, run: codespell::run },
    Check { name: "maintainers", needs: Needs::Files, calls: &["perl"], tool: none, run: maintainers::run },
    Check { name: "spdx", needs: Needs::Files, calls: &["python3", "ply", "gitpython"], tool: none, run: spdx::run },
    Check { name: "rustfmt", needs: Needs::Files, calls: &["rustfmt"], tool: rustfmt::tool, run: rustfmt::run },
    Check {
        name: "htmldocs",
        needs: Needs::Files,
        calls: &["python3", "sphinx", "pyyaml"],
        tool: htmldocs::tool,
        run: htmldocs::run,
    },
    Check { name: "clippy", needs: Needs::Build, calls: &[], tool: um_build, run: clippy::run },
    Check { name: "rustdoc", needs: Needs::Build, calls: &[], tool: um_build, run: rustdoc::run },
    Check { name: "sparse", needs: Needs::Build, calls: &["sparse"], tool: sparse::tool, run: sparse::run },
    Check { name: "per-patch", needs: Needs::History, calls: &[], tool: per_patch::tool, run: per_patch::run },
];

/// The code of the checks: results of other code do not count.
const CODE: &[&str] = &[
    include_str!("checkpatch.rs"),
    include_str!("clippy.rs"),
    include_str!("codespell.rs"),
    include_str!("findings.rs"),
    include_str!("goals.rs"),
    include_str!("htmldocs.rs"),
    include_str!("maintainers.rs"),
    include_str!("mod.rs"),
    include_str!("per_patch.rs"),
    include_str!("rustdoc.rs"),
    include_str!("rustfmt.rs"),
    include_str!("scope.rs"),
    include_str!("source.rs"),
    include_str!("sparse.rs"),
    include_str!("spdx.rs"),
    include_str!("subject.rs"),
    include_str!("targets.rs"),
    include_str!("trailers.rs"),
    include_str!("../kernel/arch.rs"),
    include_str!("../kernel/config.rs"),
    include_str!("../kernel/kbuild.rs"),
    include_str!("../kernel/make.rs"),
    include_str!("../kernel/output.rs"),
    include_str!("../git/message.rs"),
    include_str!("../git/person.rs"),
    include_str!("../review/author.rs"),
    include_str!("../review/author_signoff.rs"),
    include_str!("../review/committer_signoff.rs"),
    include_str!("../review/cover_letter.rs"),
    include_str!("../review/fixes.rs"),
    include_str!("../review/fixup.rs"),
    include_str!("../review/link.rs"),
    include_str!("../review/oracle.rs"),
    include_str!("../topic/subject.rs"),
    include_str!("../../words.txt"),
];

fn none(_: &Job<'_>) -> Result<String, CheckError> {
    Ok(String::new())
}

/// What a build for um depends on.
fn um_build(job: &Job<'_>) -> Result<String, CheckError> {
    build_tools(job, &[um()])
}

/// What builds depend on besides the tree: the versions of the compilers, and the defconfigs of the architectures,
/// which are those of drm-rust-next.
fn build_tools(job: &Job<'_>, arches: &[&'static Arch]) -> Result<String, CheckError> {
    let mut text = String::new();
    let clang = setup::llvm::name("clang");
    for (program, argument) in [("rustc", "-vV"), ("clippy-driver", "-V"), ("bindgen", "-V"), (&clang, "--version")] {
        text += &Process::new(program).arg(argument).run()?.text();
    }
    for arch in arches {
        // A tree without one says so when it is needed.
        let blob = job.ws.linux().git(["rev-parse", "--verify", "--quiet", &source::defconfig(arch)]).output()?;
        text += &format!("\n{arch} {}", blob.text());
    }
    Ok(format!("{text}\n{:?}", setup::kernel_variables(job.ws)))
}

fn um() -> &'static Arch {
    "um".parse().expect("the tree has it")
}

/// What to check.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only these checks; all but the last group if there is none.
    pub only: Vec<String>,
    /// Builds every patch, too.
    pub per_patch: bool,
    /// Takes no result of an earlier run.
    pub fresh: bool,
}

/// Runs checks, and gives their results in the order of the table.
pub fn run(
    ws: &Workspace,
    scope: &Scope,
    options: &Options,
    reporter: &dyn Reporter,
) -> Result<Vec<Report>, CheckError> {
    let selected = select(options)?;
    require_tools(ws, &selected)?;
    let dir = ws.build().join("check");
    std::fs::create_dir_all(&dir).at("create", &dir)?;
    let _lock = Lock::take(&dir.join("lock"), PATIENCE)?;
    let results = Results::new(&ws.cache);
    let job = |check: &Check| -> Result<Job<'_>, CheckError> {
        let source = Repo::at(dir.join("linux"));
        let (dir, results, fresh) = (dir.clone(), results.clone(), options.fresh);
        let mut job = Job { ws, scope, source, dir, results, tool: String::new(), fresh, reporter };
        job.tool = (check.tool)(&job)?;
        Ok(job)
    };
    let jobs: Vec<(&Check, Job<'_>)> =
        selected.iter().map(|check| Ok((*check, job(check)?))).collect::<Result<_, CheckError>>()?;
    let runner = Runner { jobs: &jobs };
    runner.run()
}

fn select(options: &Options) -> Result<Vec<&'static Check>, CheckError> {
    if let Some(unknown) = options.only.iter().find(|name| !CHECKS.iter().any(|check| check.name == *name)) {
        return Err(CheckError::NoCheck(unknown.clone()));
    }
    let is_selected = |check: &&Check| match options.only.as_slice() {
        [] => check.needs != Needs::History || options.per_patch,
        only => only.iter().any(|name| name == check.name),
    };
    Ok(CHECKS.iter().filter(is_selected).collect())
}

/// A check that lacks a tool would find nothing, or fail late.
fn require_tools(ws: &Workspace, selected: &[&Check]) -> Result<(), CheckError> {
    let builds = selected.iter().any(|check| matches!(check.needs, Needs::Build | Needs::History));
    let is_called = |need: &Need| selected.iter().any(|check| check.calls.contains(&need.name));
    let found = setup::look(|need| is_called(need) || (builds && need.group == Group::Tree), &ws.cache).into_iter();
    let missing: Vec<_> = found.filter(|found| !found.state.is_met()).collect();
    if missing.is_empty() { Ok(()) } else { Err(KernelError::Tools(missing).into()) }
}

struct Runner<'a> {
    jobs: &'a [(&'static Check, Job<'a>)],
}

impl Runner<'_> {
    fn run(&self) -> Result<Vec<Report>, CheckError> {
        let mut reports: Vec<Option<Report>> = self.jobs.iter().map(|(check, job)| self.known(check, job)).collect();
        let open: Vec<usize> = (0..self.jobs.len()).filter(|i| reports[*i].is_none()).collect();
        let needs = |i: &usize| self.jobs[*i].0.needs;
        if let Some(&i) = open.iter().find(|i| needs(i) != Needs::Patches) {
            let job = &self.jobs[i].1;
            source::place(&job.ws.linux(), &job.source, job.scope.tip)?;
        }
        // Builds use all cores already: they follow one another, with the quick checks beside them.
        let (builds, quick): (Vec<usize>, Vec<usize>) =
            open.iter().copied().filter(|i| needs(i) != Needs::History).partition(|i| needs(i) == Needs::Build);
        let one = |i: &usize| Ok((*i, self.fresh(self.jobs[*i].0, &self.jobs[*i].1)?));
        type Done = Result<Vec<(usize, Report)>, CheckError>;
        let (quick, builds) = std::thread::scope(|threads| {
            let quick = threads.spawn(|| quick.iter().map(one).collect::<Done>());
            let builds = builds.iter().map(one).collect::<Done>();
            (quick.join().expect("a check does not panic"), builds)
        });
        let history = open.iter().filter(|i| needs(i) == Needs::History).map(one).collect::<Done>();
        for (i, report) in quick?.into_iter().chain(builds?).chain(history?) {
            reports[i] = Some(report);
        }
        Ok(reports.into_iter().flatten().collect())
    }

    fn known(&self, check: &Check, job: &Job<'_>) -> Option<Report> {
        let start = Instant::now();
        let verdict = job.results.get(&key(check, job)).filter(|_| !job.fresh)?;
        Some(Report { tool: check.name, verdict, seconds: start.elapsed().as_secs_f64(), cached: true })
    }

    fn fresh(&self, check: &Check, job: &Job<'_>) -> Result<Report, CheckError> {
        let start = Instant::now();
        let verdict = (check.run)(job)?;
        if !verdict.broken {
            job.results.keep(&key(check, job), &verdict, job.reporter);
        }
        Ok(Report { tool: check.name, verdict, seconds: start.elapsed().as_secs_f64(), cached: false })
    }
}

/// What the verdict of a check depends on.
fn key(check: &Check, job: &Job<'_>) -> Vec<String> {
    let mut key = vec![check.name.to_owned(), job.scope.tree.to_string(), job.tool.clone()];
    key.extend(job.scope.patches.iter().map(|patch| patch.commit.to_string()));
    key.extend(CODE.iter().map(|code| (*code).to_owned()));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_checks_counts_as_their_code() {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check");
        let code = CODE.concat();
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let is_store = path.ends_with("cache.rs");
            assert!(is_store || code.contains(&text), "{} is missing in CODE", path.display());
        }
    }

    /// Modules that a text names below a path, as in `use crate::kernel::make::Make`.
    fn modules(text: &str, path: &str) -> Vec<String> {
        let name = |rest: &str| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().map(str::to_owned);
        text.split(path).skip(1).filter_map(name).filter(|name| !name.is_empty()).collect()
    }

    #[test]
    fn what_builds_for_the_checks_counts_as_their_code() {
        let kernel = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kernel");
        let mut open = modules(&CODE.concat(), "crate::kernel::");
        let mut seen = std::collections::BTreeSet::new();
        while let Some(name) = open.pop() {
            // A module that is a single file: the errors of `kernel` decide nothing.
            let Ok(text) = std::fs::read_to_string(kernel.join(format!("{name}.rs"))) else { continue };
            assert!(CODE.contains(&text.as_str()), "kernel/{name}.rs is missing in CODE");
            if seen.insert(name) {
                open.extend(modules(&text, "use super::"));
            }
        }
        assert!(seen.contains("make") && seen.contains("output"), "{seen:?}");
    }

    #[test]
    fn setup_knows_what_checks_call() {
        for name in CHECKS.iter().flat_map(|check| check.calls) {
            assert!(setup::NEEDS.iter().any(|need| need.name == *name), "{name}");
        }
    }

    #[test]
    fn verdicts_count() {
        assert_eq!(Verdict::of(0, "C file", Findings::default()).status, Status::Skip);
        assert_eq!(Verdict::of(2, "patch", Findings::default()).summary, "2 patches");
        assert_eq!(Verdict::of(1, "patch", vec!["x".to_owned()]).summary, "1 finding in 1 patch");
    }

    #[test]
    fn a_check_that_does_not_exist_is_named() {
        let options = Options { only: vec!["clippy".into(), "spell".into()], ..Options::default() };
        let Err(error) = select(&options) else { panic!("it was taken") };
        assert_eq!(error.to_string(), "there is no check `spell`");
        assert!(error.hint().unwrap().contains("checkpatch"));
    }
}
