// SPDX-License-Identifier: GPL-2.0-only

//! `--repo` on every form that a repository has: each command does there what it does in a plain clone, or says in
//! one line why it cannot; nothing is written beside it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use crate::env::{BASE_FILES, Env};
use crate::remotes::{bare, forget, refs, sign};

pub(crate) const TAG: &str = "misc-next-2026-01-02";
const PEOPLE: &str = "Reviewed-by: R <r@kernel.example>\nSigned-off-by: Tester <tester@drm-rust.example>\n\
    Link: https://patch.msgid.link/1@kernel.example";

/// What is done in each repository, one after the other.
const COMMANDS: &[&[&str]] = &[
    &["tree", "plan"],
    &["cite", "HEAD"],
    &["cycle"],
    &["route", "picked"],
    &["review", "v9.10-rc2..drm-rust-fixes"],
    &["fixes", "v9.9"],
    &["tc", "v9.9"],
    &["integrate", "--dry-run"],
    &["integrate", "--tip"],
    &["integrate", "--verify", "drm-rust-tip"],
    &["integrate", "--resolve", "clash", "--with", "clash"],
    &["integrate", "--resolve", "clash", "--done", "--why", "a test"],
    &["integrate", "--tip", "--with", "clash"],
    &["resolution", "list"],
    &["resolution", "export", "../home/rr-cache"],
    &["resolution", "push", "ours"],
    &["cherry-pick", "picked", "--into", "drm-rust-fixes"],
    &["backmerge", "linus", "--why", "for x"],
    &["fast-forward", "drm-rust-next-fixes"],
    &["pull", "PUBLIC", TAG],
    &["forward", "--branch", "drm-rust-fixes", "--override", "check=x", "--override", "kunit=x"],
    &["forward", "--branch", "drm-rust-fixes", "--dry-run"],
];

/// A checkout, our public repository, a neighbour's, and a clone in which everything can be done.
pub(crate) struct Lab {
    pub(crate) env: Env,
    ours: PathBuf,
    pub(crate) public: PathBuf,
    pub(crate) plain: PathBuf,
}

impl Lab {
    pub(crate) fn new() -> Lab {
        let env = Env::new();
        sign(&env);
        let (ours, public) = (bare(&env, "ours.git"), bare(&env, "public.git"));
        let path = "scripts/drm-rust/trees.toml";
        let text = fs::read_to_string(env.root().join(path)).unwrap();
        let https = format!(
            "https = ['https://git.example/drm-rust.git', '{}']\npush = ['drm-rust-*', 'for-linux-next*']",
            ours.display()
        );
        let tip = "[tree.linus]\nhttps = ['https://git.example/linus.git']\n\
            [[tip]]\ntree = 'linus'\nbranch = 'master'\n[[tip]]\ntree = 'drm'\nbranch = 'drm-next'\n\
            [[tip]]\ntree = 'drm-rust'\nbranch = 'drm-rust-next'\n";
        env.write(path, &(text.replace("https = ['https://git.example/drm-rust.git']", &https) + tip));
        env.commit("trees");
        let plain = env.clone_of_linux("plain");
        let lab = Lab { env, ours, public, plain };
        lab.fill();
        lab
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.env.git_in(&self.plain, args)
    }

    /// A commit on what is checked out.
    fn commit(&self, path: &str, text: &str, message: &str) {
        let path = self.plain.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "-m", message]);
    }

    /// Commits something at a place, and puts a reference there.
    fn on(&self, start: &str, reference: &str, path: &str, text: &str, message: &str) {
        self.git(&["checkout", "--quiet", "--detach", start]);
        self.commit(path, text, message);
        self.git(&["update-ref", reference, "HEAD"]);
    }

    fn fill(&self) {
        self.git(&["tag", "v9.8"]);
        for (path, text) in &BASE_FILES[1..] {
            let path = self.plain.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.commit("Makefile", "VERSION = 9\n", "drm: add a bug");
        self.git(&["tag", "v9.9"]);
        let fixes = format!("Fixes: {}", self.git(&["log", "-1", "--abbrev=12", "--format=%h (\"%s\")"]));
        self.commit("a.c", "1\n2\n3\n4\n5\n6\n7\n8\n", "drm: add a");
        self.git(&["tag", "v9.10-rc2"]);
        for name in ["linus", "drm"] {
            self.git(&["remote", "add", name, &format!("https://git.example/{name}.git")]);
        }
        self.git(&["remote", "add", "ours", self.ours.to_str().unwrap()]);
        for name in ["remotes/drm/drm-fixes", "heads/drm-rust-next", "heads/drm-rust-next-fixes"] {
            self.git(&["update-ref", &format!("refs/{name}"), "HEAD"]);
        }
        let rc2 = "v9.10-rc2";
        self.on(rc2, "refs/remotes/linus/master", "a.c", "l\n2\n3\n4\n5\n6\n7\n8\n", "linus: x");
        self.on(rc2, "refs/remotes/drm/drm-next", "a.c", "1\n2\n3\n4\n5\n6\n7\nd\n", "next: x");
        let fix = |name: &str| format!("drm: fix {name}\n\nWhy.\n\n{fixes}\n{PEOPLE}\n");
        self.on(rc2, "refs/heads/picked", "picked.c", "x\n", &fix("picked"));
        self.on(rc2, "refs/heads/clash", "a.c", "c\n2\n3\n4\n5\n6\n7\n8\n", "clash: x");
        self.on(rc2, "refs/heads/drm-rust-fixes", "fixed.c", "x\n", &fix("it"));
        self.on(rc2, "refs/heads/theirs", "misc.c", "x\n", &format!("misc: add misc\n\nWhy.\n\n{PEOPLE}\n"));
        self.git(&["tag", "-s", "-m", &format!("{TAG}:\n\nCore Changes:\n- misc"), TAG, "theirs"]);
        self.git(&["push", "--quiet", self.public.to_str().unwrap(), TAG]);
        self.git(&["tag", "--delete", TAG]);
        self.git(&["branch", "--quiet", "--delete", "--force", "theirs", "master"]);
        self.git(&["checkout", "--quiet", "drm-rust-fixes"]);
        self.git(&["config", "gc.auto", "0"]);
    }

    pub(crate) fn beside(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.plain.with_file_name(name.as_ref())
    }

    /// A copy of the clone.
    pub(crate) fn copy(&self, name: impl AsRef<OsStr>) -> PathBuf {
        let to = self.beside(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        assert!(self.env.command("cp").arg("-a").arg(&self.plain).arg(&to).status().unwrap().success());
        to
    }

    /// Where the git directory of a copy is elsewhere.
    fn apart(&self, name: &str, git_dir: &str) -> PathBuf {
        let (top, git_dir) = (self.copy(name), self.beside(git_dir));
        fs::create_dir_all(git_dir.parent().unwrap()).unwrap();
        fs::rename(top.join(".git"), &git_dir).unwrap();
        fs::write(top.join(".git"), format!("gitdir: {}\n", git_dir.display())).unwrap();
        top
    }

    /// Runs everything in a repository, and tells what came of it, with the repository's own names hidden.
    fn everything(&self, named: &Path) -> Vec<String> {
        forget(&self.env, &self.ours, &["refs/"]);
        // No remote takes the end of a shallow clone's history for the beginning of all history.
        self.git(&["push", "--quiet", "ours", "v9.10-rc2"]);
        for place in [self.env.root().join("build"), self.env.home().join("rr-cache")] {
            let _ = fs::remove_dir_all(place);
        }
        let run = |args: &&[&str]| {
            let more = args.iter().map(|arg| arg.replace("PUBLIC", &format!("file://{}", self.public.display())));
            let mut command = self.env.drm_rust(&["--repo"]);
            let output = command.arg(named).args(more).output().unwrap();
            let scratch = self.env.root().join("build/resolve/clash/a.c");
            if scratch.exists() {
                fs::write(scratch, "both\n2\n3\n4\n5\n6\n7\nd\n").unwrap();
            }
            let code = output.status.code().unwrap();
            let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            format!("{args:?} ended with {code}\n{}", text.concat())
                .replace(&*named.to_string_lossy(), "REPO")
                .replace("'REPO'", "REPO")
        };
        COMMANDS.iter().map(run).collect()
    }
}

/// The references that a repository has in common with every other one.
fn state(lab: &Lab, repo: &Path) -> String {
    refs(&lab.env, repo) + "\n" + &refs(&lab.env, &lab.ours)
}

/// What lies in a folder, but for git's own files.
fn listing(dir: &Path) -> Vec<OsString> {
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

/// Whether the test may give files to somebody else.
fn is_root(dir: &Path) -> bool {
    fs::metadata(dir).unwrap().uid() == 0
}

#[test]
fn every_command_works_in_every_form_of_a_repository() {
    let lab = Lab::new();
    let git = |dir: &Path, args: &[&str]| drop(lab.env.git_in(dir, args));
    let mut forms: Vec<(&str, PathBuf)> = Vec::new();
    // Where the branch that moves is checked out elsewhere than in the main work tree.
    git(&lab.copy("main"), &["checkout", "--quiet", "--detach"]);
    git(&lab.beside("main"), &["worktree", "add", "--quiet", "../linked", "drm-rust-fixes"]);
    forms.push(("a linked work tree", lab.beside("linked")));
    forms.push(("a separate git directory", lab.apart("apart", "apart.git")));
    let submodule = lab.apart("super/linux", "super/.git/modules/linux");
    git(&lab.beside("super/.git/modules/linux"), &["config", "core.worktree", "../../../linux"]);
    forms.push(("a submodule", submodule));
    let bare = lab.beside("bare.git");
    fs::rename(lab.copy("to-be-bare").join(".git"), &bare).unwrap();
    git(&bare, &["config", "core.bare", "true"]);
    forms.push(("a bare repository", bare.clone()));
    lab.copy("sub");
    forms.push(("a subfolder", lab.beside("sub/rust/kernel")));
    forms.push(("a name with a space and a newline", lab.copy("a b\nc")));
    forms.push(("a name that is no UTF-8", lab.copy(OsStr::from_bytes(b"\xff"))));
    symlink(lab.copy("linked-to"), lab.beside("link")).unwrap();
    forms.push(("a link", lab.beside("link")));
    let shallow = lab.copy("shallow");
    fs::write(shallow.join(".git/shallow"), lab.git(&["rev-parse", "v9.9"]) + "\n").unwrap();
    forms.push(("a shallow clone", shallow));
    let table = lab.copy("table");
    let migrate = ["refs", "migrate", "--ref-format=reftable"];
    // Only where this git knows tables.
    if lab.env.command("git").args(migrate).current_dir(&table).output().unwrap().status.success() {
        forms.push(("references in a table", table));
    }
    if is_root(&lab.plain) {
        let theirs = lab.copy("theirs");
        assert!(lab.env.command("chown").args(["-R", "65534"]).arg(&theirs).status().unwrap().success());
        git(&theirs, &["config", "--global", "--add", "safe.directory", theirs.to_str().unwrap()]);
        forms.push(("somebody else's", theirs));
    }
    let before = listing(&bare);
    let expected = lab.everything(&lab.plain);
    let failed: Vec<_> = expected.iter().filter(|told| !told.contains("ended with 0\n")).collect();
    assert!(failed.is_empty(), "in a plain clone:\n{failed:#?}");
    let end = state(&lab, &lab.plain);
    for (name, named) in forms {
        for (told, expected) in lab.everything(&named).iter().zip(&expected) {
            // A repository that is found from inside of it is named by its top.
            let top = lab.beside("sub");
            assert_eq!(&told.replace(top.to_str().unwrap(), "REPO"), expected, "in {name}");
        }
        assert_eq!(state(&lab, &named), end, "in {name}");
    }
    let mut after = listing(&bare);
    // What git itself and the program keep there.
    after.retain(|name| !before.contains(name));
    assert_eq!(after, ["drm-rust.lock"]);
}

#[test]
fn what_is_no_repository_to_work_on_is_told_in_one_line() {
    let lab = Lab::new();
    let git = |dir: &Path, args: &[&str]| drop(lab.env.git_in(dir, args));
    let long = lab.beside("sha256");
    fs::create_dir(&long).unwrap();
    git(&long, &["init", "--quiet", "--object-format=sha256"]);
    git(&long, &["commit", "--quiet", "--allow-empty", "-m", "x"]);
    let mut odd = vec![
        (long.clone(), "has SHA-256 ids: those of Linux are SHA-1"),
        (lab.plain.join(".git"), "is the inside of a repository, not its work tree"),
        (lab.beside("nothing"), "is no git repository"),
        (lab.env.home(), "is no git repository"),
        (lab.env.root(), "is of the checkout of DRM-Rust, which is no clone of Linux"),
        (lab.env.root().join("scripts"), "is of the checkout of DRM-Rust, which is no clone of Linux"),
    ];
    if is_root(&lab.plain) {
        let theirs = lab.copy("theirs");
        assert!(lab.env.command("chown").args(["-R", "65534"]).arg(&theirs).status().unwrap().success());
        odd.push((theirs, "dubious ownership"));
    }
    for (dir, why) in odd {
        for args in COMMANDS {
            let run = lab.env.run(&[&["--repo", dir.to_str().unwrap()], *args].concat());
            assert_eq!(run.code, 1, "{args:?} in {}: {run}", dir.display());
            assert!(run.stderr.contains(why) && run.stderr.contains("\nhint: "), "{args:?}: {run}");
        }
    }
    let spec = format!("git:{}#HEAD", long.display());
    let run = lab.env.run(&["tree", "--base", &spec]);
    assert!(run.code == 1 && run.stderr.contains("has SHA-256 ids"), "{run}");
    assert!(!lab.env.root().join(".linux.new").exists());
}

/// A bare repository that somebody names is meant, whatever git is told of those that it finds.
#[test]
fn a_bare_repository_may_have_to_be_named() {
    let lab = Lab::new();
    let bare = lab.beside("bare.git");
    fs::rename(lab.copy("to-be-bare").join(".git"), &bare).unwrap();
    lab.env.git_in(&bare, &["config", "core.bare", "true"]);
    lab.env.git(&["config", "--global", "safe.bareRepository", "explicit"]);
    lab.env.run(&["--repo", "../bare.git", "integrate", "--tip"]).ok();
    let forward = ["forward", "--branch", "drm-rust-fixes", "--override", "check=x", "--override", "kunit=x"];
    lab.env.run(&[&["--repo", "../bare.git"], &forward[..]].concat()).ok();
}

/// A base may be in a repository of any form, too.
#[test]
fn a_base_is_taken_from_every_form_of_a_repository() {
    let lab = Lab::new();
    let bare = lab.beside("bare.git");
    fs::rename(lab.copy("to-be-bare").join(".git"), &bare).unwrap();
    lab.env.git_in(&bare, &["config", "core.bare", "true"]);
    lab.git(&["worktree", "add", "--quiet", "--detach", "../linked"]);
    let apart = lab.apart("apart", "apart.git");
    let shallow = lab.copy("shallow");
    fs::write(shallow.join(".git/shallow"), lab.git(&["rev-parse", "v9.9"]) + "\n").unwrap();
    lab.copy("sub");
    let base = lab.git(&["rev-parse", "v9.10-rc2"]);
    let places =
        [bare, lab.beside("linked"), apart, shallow, lab.copy("a b"), lab.beside("sub/rust"), lab.plain.clone()];
    for place in places {
        let run = lab.env.run(&["tree", "--base", &format!("git:{}#v9.10-rc2", place.display())]);
        assert_eq!(run.code, 0, "{}: {run}", place.display());
        assert_eq!(lab.env.linux_git(&["rev-parse", "base"]), base, "{}", place.display());
        fs::remove_dir_all(lab.env.linux("")).unwrap();
    }
}

/// A clone without the files that nobody asked for yet.
fn partial(lab: &Lab, name: &str) -> PathBuf {
    let place = lab.beside(name);
    lab.git(&["config", "uploadpack.allowFilter", "true"]);
    lab.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let url = format!("file://{}", lab.plain.display());
    let git = |args: &[&str]| drop(lab.env.git_in(&place, args));
    lab.git(&["clone", "--quiet", "--no-checkout", "--filter=blob:none", &url, place.to_str().unwrap()]);
    git(&["checkout", "--quiet", "--detach", "--no-guess", "v9.8"]);
    git(&["fetch", "--quiet", "origin", "+refs/heads/*:refs/heads/*", "+refs/remotes/*:refs/remotes/*"]);
    for name in ["linus", "drm"] {
        git(&["remote", "add", name, &format!("https://git.example/{name}.git")]);
    }
    place
}

#[test]
fn a_partial_clone_is_no_base_before_it_has_all() {
    let lab = Lab::new();
    let clone = partial(&lab, "a partial one");
    let spec = format!("git:{}#v9.10-rc2", clone.display());
    let run = lab.env.run(&["tree", "--base", &spec]);
    let told = "error: $DIR/a partial one is a partial clone, which lacks files or folders of v9.10-rc2\n\
        hint: nothing was changed. Get all of it: git -C '$DIR/a partial one' fetch --refetch --no-filter origin\n";
    assert!(run.code == 1 && run.stderr == told, "{run}");
    assert!(!lab.env.root().join(".linux.new").exists() && !lab.env.linux("").exists());
    lab.env.git_in(&clone, &["fetch", "--quiet", "--refetch", "--no-filter", "origin"]);
    lab.env.run(&["tree", "--base", &spec]).ok();
    assert_eq!(lab.env.linux_git(&["rev-parse", "base"]), lab.git(&["rev-parse", "v9.10-rc2"]));
}

#[test]
fn a_partial_clone_is_worked_on_while_its_remote_is_there() {
    let lab = Lab::new();
    let (clone, other) = (partial(&lab, "partial"), partial(&lab, "other"));
    lab.env.run(&["--repo", "../plain", "integrate", "--tip"]).ok();
    lab.env.run(&["--repo", "../partial", "integrate", "--tip"]).ok();
    let tip = |dir: &Path| lab.env.git_in(dir, &["rev-parse", "drm-rust-tip^{tree}"]);
    assert_eq!(tip(&clone), tip(&lab.plain));
    fs::rename(&lab.plain, lab.beside("gone")).unwrap();
    let before = refs(&lab.env, &other);
    let run = lab.env.run(&["--repo", "../other", "integrate", "--tip"]);
    assert!(run.code == 1 && run.stderr.contains("git -C ../other fetch --refetch --no-filter"), "{run}");
    assert_eq!(refs(&lab.env, &other), before);
}

/// A work tree of `linux/` has its branches, of which the op log knows.
#[test]
fn a_work_tree_of_linux_is_read_but_not_moved() {
    let env = Env::with_alpha();
    env.run(&["tree"]).ok();
    env.linux_git(&["worktree", "add", "--quiet", "--detach", "../../linked", "topic/rust/alpha"]);
    env.linux_git(&["branch", "drm-rust-fixes", "base"]);
    let repo = ["--repo", "../linked"];
    let cited = env.run(&[&repo[..], &["cite", "HEAD"]].concat()).ok().stdout;
    assert!(cited.contains("rust: alpha: add the alpha module"), "{cited}");
    let before = env.refs();
    for args in [
        &["cherry-pick", "HEAD", "--into", "drm-rust-fixes"][..],
        &["fast-forward", "drm-rust-fixes"],
        &["resolution", "import", "."],
        &["forward", "--branch", "drm-rust-fixes"],
    ] {
        let run = env.run(&[&repo[..], args].concat());
        assert!(run.code == 1 && run.stderr.contains("/linked is a work tree of linux/\nhint: "), "{args:?}: {run}");
    }
    assert_eq!(env.refs(), before);
}
