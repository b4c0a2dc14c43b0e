// SPDX-License-Identifier: GPL-2.0-only

//! What must not depend on whose git it is: the settings, variables and attributes that decide what git prints and makes.
//!
//! Git is asked in one of four ways:
//!
//! - [`Repo::git`](super::Repo::git): with the user's configuration below [`SETTINGS`], for what is the user's: branches,
//!   remotes, keys, names, work trees;
//! - [`Repo::plain`](super::Repo::plain): with the objects of a repository alone, for differences, merges, messages and
//!   whatever else is made from commits: no configuration and no attributes, neither the user's nor those in a commit;
//! - [`alone`]: without any repository, for texts;
//! - [`unpinned`]: with everything that the user has set, for what the user's own git does to files.

use crate::process::Process;

/// Settings that give the same answers everywhere: nothing runs in the background, no hook and no helper of the user
/// interferes, nothing is coloured, shortened, reordered or verified by the way.
pub(crate) const SETTINGS: [&str; 93] = [
    // What is ours.
    "advice.detachedHead=false",
    "core.abbrev=12",
    "diff.algorithm=histogram",
    "gc.auto=0",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "maintenance.auto=false",
    "merge.renameLimit=7000",
    // What is git's own, whatever the user prefers.
    "apply.ignoreWhitespace=no",
    "apply.whitespace=warn",
    "branch.sort=refname",
    "checkout.guess=false",
    "color.advice=false",
    "color.branch=false",
    "color.decorate=false",
    "color.diff=false",
    "color.grep=false",
    "color.interactive=false",
    "color.pager=false",
    "color.push=false",
    "color.remote=false",
    "color.showBranch=false",
    "color.status=false",
    "color.transport=false",
    "color.ui=false",
    "column.branch=never",
    "column.status=never",
    "column.tag=never",
    "column.ui=never",
    "core.attributesFile=/dev/null",
    "core.autocrlf=false",
    "core.bigFileThreshold=512m",
    "core.commentChar=#",
    "core.eol=lf",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "core.safecrlf=false",
    "core.whitespace=",
    "diff.colorMoved=no",
    "diff.context=3",
    "diff.dirstat=",
    "diff.dstPrefix=b/",
    "diff.ignoreSubmodules=none",
    "diff.indentHeuristic=true",
    "diff.interHunkContext=0",
    "diff.mnemonicPrefix=false",
    "diff.noprefix=false",
    "diff.orderFile=/dev/null",
    "diff.relative=false",
    "diff.renameLimit=1000",
    "diff.renames=true",
    "diff.srcPrefix=a/",
    "diff.statGraphWidth=-1",
    "diff.statNameWidth=-1",
    "diff.submodule=short",
    "diff.suppressBlankEmpty=false",
    "grep.column=false",
    "grep.extendedRegexp=false",
    "grep.fullName=false",
    "grep.lineNumber=false",
    "grep.patternType=default",
    "log.abbrevCommit=false",
    "log.date=default",
    "log.decorate=false",
    "log.diffMerges=separate",
    "log.follow=false",
    "log.mailmap=true",
    "log.showRoot=true",
    "log.showSignature=false",
    "mailinfo.quotedCr=warn",
    "mailinfo.scissors=false",
    "mailmap.blob=",
    "mailmap.file=/dev/null",
    "merge.branchdesc=false",
    "merge.conflictStyle=merge",
    "merge.default=",
    "merge.directoryRenames=conflict",
    "merge.log=false",
    "merge.renames=true",
    "merge.renormalize=false",
    "merge.verbosity=2",
    "merge.verifySignatures=false",
    "push.gpgSign=false",
    "rerere.autoUpdate=false",
    "rerere.enabled=false",
    "status.relativePaths=true",
    "status.renames=false",
    "status.showUntrackedFiles=normal",
    "status.submoduleSummary=false",
    "submodule.recurse=false",
    "tag.sort=refname",
    "trailer.separators=:",
];

/// The tree without entries.
pub(crate) const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// Git under [`SETTINGS`].
pub(super) fn program() -> Process {
    let settings = SETTINGS.iter().flat_map(|setting| ["-c", setting]).chain(["--no-replace-objects", "--no-pager"]);
    let variables = [
        // A command that only looks must not leave a lock of the index behind when it is killed.
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        // Nothing can be there: neither the file that a variable names nor that of the repository counts.
        ("GIT_GRAFT_FILE", "/dev/null/grafts"),
        // The width of a diffstat.
        ("COLUMNS", "80"),
    ];
    variables.into_iter().fold(Process::new("git").settings(settings), |git, (key, value)| git.env(key, value))
}

/// Git without any configuration but [`SETTINGS`].
pub(super) fn unconfigured() -> Process {
    let variables = [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_COUNT", "0"),
        ("GIT_CONFIG_PARAMETERS", ""),
    ];
    variables.into_iter().fold(program(), |git, (key, value)| git.env(key, value))
}

/// Git without any repository: it neither finds nor needs one.
pub(crate) fn alone<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(args: I) -> Process {
    unconfigured().env("GIT_DIR", "/dev/null").args(args)
}

/// Git as the user runs it.
pub(crate) fn unpinned() -> Process {
    Process::new("git").env("GIT_OPTIONAL_LOCKS", "0")
}

/// Lets the git that another program runs answer as it does here.
pub(crate) fn pin(process: Process) -> Process {
    let settings = SETTINGS.iter().filter_map(|setting| setting.split_once('=')).chain([("safe.directory", "*")]);
    let mut count = 0;
    let process = settings.fold(process, |process, (key, value)| {
        let process = process.env(format!("GIT_CONFIG_KEY_{count}"), key);
        let process = process.env(format!("GIT_CONFIG_VALUE_{count}"), value);
        count += 1;
        process
    });
    let process = process.env("GIT_CONFIG_COUNT", count.to_string()).env("GIT_CONFIG_GLOBAL", "/dev/null");
    process.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_REPLACE_OBJECTS", "1")
}
