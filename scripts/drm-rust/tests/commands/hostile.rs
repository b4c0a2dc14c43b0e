// SPDX-License-Identifier: GPL-2.0-only

//! Whose git it is changes nothing: every command says and makes the same under settings, variables, attributes and
//! replaced objects that git itself would follow.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::env::Env;
use crate::integrate;
use crate::pick::Lab;
use crate::remotes::{bare, sign};

/// Settings of a person. `@` is a folder with a few files that they name.
const SETTINGS: [&str; 5] = [
    // Looks.
    "log.showSignature=true color.ui=always color.diff=always color.grep=always color.status=always color.branch=always \
     log.decorate=full log.date=relative log.abbrevCommit=true core.abbrev=7 core.quotePath=true column.ui=always \
     column.tag=always format.pretty=oneline log.follow=true log.mailmap=false tag.sort=-refname branch.sort=-refname \
     core.pager=false pager.log=true versionsort.suffix=-rc blame.date=relative log.showRoot=false \
     log.diffMerges=combined grep.lineNumber=true grep.column=true grep.patternType=perl notes.displayRef=refs/notes/*",
    // Differences.
    "diff.noprefix=true diff.mnemonicPrefix=true diff.srcPrefix=x/ diff.dstPrefix=y/ diff.external=false \
     diff.algorithm=minimal diff.renames=copies diff.renameLimit=1 diff.context=0 diff.interHunkContext=9 \
     diff.suppressBlankEmpty=true diff.orderFile=@/order diff.statNameWidth=5 diff.statGraphWidth=2 diff.relative=true \
     diff.submodule=log diff.dirstat=lines diff.colorMoved=zebra diff.wsErrorHighlight=all diff.indentHeuristic=false \
     core.whitespace=-trailing-space,tab-in-indent core.bigFileThreshold=1 diff.wordRegex=. diff.ignoreSubmodules=all \
     diff.c.textconv=false",
    // Merges.
    "merge.renames=false merge.renameLimit=1 merge.conflictStyle=zdiff3 merge.directoryRenames=true merge.default=evil \
     merge.evil.driver=true merge.verbosity=0 merge.ff=false merge.verifySignatures=true merge.renormalize=true \
     merge.log=true merge.branchdesc=true merge.autoStash=true merge.stat=true rerere.enabled=true \
     rerere.autoUpdate=true apply.whitespace=error apply.ignoreWhitespace=change pull.rebase=true rebase.autoSquash=true",
    // Messages.
    "i18n.commitEncoding=ISO-8859-1 i18n.logOutputEncoding=ISO-8859-1 core.commentChar=S trailer.separators=%= \
     trailer.why.key=Why trailer.ifexists=replace trailer.sign.key=Signed-off-by mailmap.file=@/mailmap \
     mailmap.blob=HEAD:Makefile format.signOff=true format.subjectPrefix=RFC format.attach=x format.signature=y \
     format.noprefix=true format.from=true commit.gpgSign=true commit.cleanup=strip tag.gpgSign=false \
     mailinfo.scissors=true mailinfo.quotedCr=strip am.messageid=true push.gpgSign=if-asked",
    // Files.
    "core.autocrlf=true core.eol=crlf core.attributesFile=@/attributes core.hooksPath=@/hooks \
     core.fsmonitor=@/hooks/fsmonitor status.showUntrackedFiles=no status.short=true status.branch=true \
     status.relativePaths=false status.renames=copies submodule.recurse=true checkout.guess=true gc.auto=1 \
     filter.evil.clean=false filter.evil.smudge=false filter.evil.required=true core.splitIndex=false \
     fetch.prune=true fetch.pruneTags=true fetch.recurseSubmodules=true push.followTags=true transfer.fsckObjects=true",
];

/// Variables that lead git elsewhere, or change what it says.
const VARIABLES: &str = "\
    GIT_DIR=/nowhere GIT_WORK_TREE=/nowhere GIT_INDEX_FILE=/nowhere/i GIT_OBJECT_DIRECTORY=/nowhere GIT_NAMESPACE=evil \
    GIT_ALTERNATE_OBJECT_DIRECTORIES=/nowhere GIT_COMMON_DIR=/nowhere GIT_CONFIG=/nowhere GIT_ATTR_SOURCE=HEAD \
    GIT_REPLACE_REF_BASE=refs/heads/ GIT_GRAFT_FILE=@/grafts GIT_SHALLOW_FILE=@/shallow GIT_EXTERNAL_DIFF=false \
    GIT_DIFF_OPTS=--unified=0 GIT_LITERAL_PATHSPECS=1 GIT_ICASE_PATHSPECS=1 GIT_DEFAULT_HASH=sha256 GIT_PAGER=false \
    GIT_DEFAULT_REF_FORMAT=reftable GIT_MERGE_VERBOSITY=0 GIT_TEMPLATE_DIR=@ GIT_REFLOG_ACTION=evil GIT_NOTES_REF=refs/x \
    GIT_PREFIX=evil/ GIT_INTERNAL_SUPER_PREFIX=evil/ GIT_QUARANTINE_PATH=/nowhere GIT_ATTR_NOSYSTEM=0 GIT_FLUSH=1 \
    GIT_TEST_ASSUME_DIFFERENT_OWNER=1 GIT_REF_PARANOIA=1 GIT_IMPLICIT_WORK_TREE=0 GIT_SEQUENCE_EDITOR=false \
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=color.ui GIT_CONFIG_VALUE_0=always GIT_CONFIG_PARAMETERS='log.showSignature=true' \
    GIT_TRACE=@/trace COLUMNS=20 LINES=3 TERM=dumb PAGER=false LANGUAGE=de LC_ALL=de_DE.UTF-8 TZ=Asia/Tokyo";

/// What a clone has of its own beside its objects and branches.
const ATTRIBUTES: &str =
    "* -diff merge=union conflict-marker-size=3 whitespace=-trailing-space\n*.rs diff=evil merge=ours\n";

/// Settings of a clone.
const OWN: [&[&str]; 5] = [
    &["merge.ours.driver", "true"],
    &["diff.evil.command", "false"],
    &["diff.external", "false"],
    &["log.showSignature", "true"],
    &["merge.conflictStyle", "diff3"],
];

/// Names and values.
type Variables = Vec<(String, String)>;

/// Every command that looks at commits or makes some; `$` is a commit.
const COMMANDS: &[&str] = &[
    "status",
    "status --json",
    "topic list",
    "topic show rust/alpha",
    "absorb rust/alpha",
    "tree",
    "tree plan",
    "status",
    "integrate --dry-run",
    "integrate --tip",
    "integrate --tip --with clash",
    "integrate --bisect drm-rust-next clash",
    "apply rust/alpha ../home/series",
    "cherry-pick $good --into drm-rust-fixes --dry-run",
    "undo",
    "tree",
    "op log",
    "resolution list",
    "forward --dry-run --override=check=a --override=kunit=a",
    "publish rust/alpha --dry-run --override=link=a --override=reviewed=a --override=clean=a",
    "publish rust/alpha --override=link=a --override=reviewed=a --override=clean=a",
    "report",
    "--repo ../clone cycle",
    "--repo ../clone cite $good",
    "--repo ../clone fixes $good",
    "--repo ../clone tc $good",
    "--repo ../clone route $good",
    "--repo ../clone review linus/master..drm/drm-next",
    "--repo ../clone cherry-pick $bad --dry-run",
    "--repo ../clone cherry-pick $good $twin --dry-run",
    "--repo ../clone cherry-pick $good $twin --override=link=a --override=reviewed=a --override=author-signoff=a",
    "--repo ../clone forward --branch drm-rust-fixes --dry-run --override=check=a --override=kunit=a",
    "--repo ../clone forward --branch drm-rust-fixes --override=check=a --override=kunit=a",
    "--repo ../clone backmerge drm --why=test --dry-run --override=tip=a",
    "--repo ../clone pull https://git.example/neighbour.git misc-1 --dry-run",
    "--repo ../clone pull https://git.example/neighbour.git misc-1 --override=link=a --override=reviewed=a",
];

const TREES: &str = "scripts/drm-rust/trees.toml";
const OURS: &str = "https://git.example/drm-rust.git";
const NEIGHBOUR: &str = "https://git.example/neighbour.git";

/// A checkout and a clone in which merges, conflicts, renames, signatures and names out of ASCII decide something.
struct Hostile {
    lab: Lab,
    good: String,
    bad: String,
    twin: String,
}

impl Hostile {
    fn new() -> Hostile {
        let lab = Lab::new();
        sign(&lab.env);
        lab.git(&["config", "commit.gpgSign", "true"]);
        lab.git(&["config", "user.signingKey", lab.env.home().join("key.pub").to_str().unwrap()]);
        let fixes = format!("Fixes: {}\n", lab.bug);
        let good = lab.next(&[("b é.c", "int b;\n\n\tint c; \n")], "drm: fix b, ü\n\nSo it is.\nWhy: x", &fixes);
        lab.next(&[("a.c", "1\n2\n3\nfour\n5\n6\n7\n8\n")], "drm: write four", "");
        let bad = lab.next(&[("a.c", "1\n2\n3\nFOUR\n5\n6\n7\n8\n")], "drm: write FOUR", &fixes);
        let twin = lab.next(&[("a.c", "1\n2\n3\nFOUR\n5\n6\n7\n8\n9\n")], "drm: write 9", &fixes);
        lab.git(&["mv", "rust/kernel/lib.rs", "rust/kernel/main.rs"]);
        lab.commit(&[], &format!("drm: rename it\n\n{}", "Signed-off-by: A. Dev <dev@kernel.example>\n"));
        lab.git(&["update-ref", "refs/remotes/drm/drm-next", "HEAD"]);
        lab.git(&["update-ref", "refs/remotes/drm/drm-fixes", "linus/master"]);
        lab.git(&["remote", "add", "drm-rust", OURS]);
        lab.git(&["config", "--unset", "commit.gpgSign"]);
        let hostile = Hostile { lab, good, bad, twin };
        hostile.neighbour();
        hostile.linux();
        hostile
    }

    /// Somebody who has a signed tag.
    fn neighbour(&self) {
        let (env, clone) = (&self.lab.env, &self.lab.clone);
        let place = clone.with_file_name("neighbour");
        env.git_in(clone, &["clone", "--quiet", "--branch=drm-rust-next", ".", place.to_str().unwrap()]);
        fs::write(place.join("misc.c"), "int misc;\n").unwrap();
        env.git_in(&place, &["add", "misc.c"]);
        let message = "misc: add misc\n\nWhy.\n\nSigned-off-by: Tester <tester@drm-rust.example>";
        env.git_in(&place, &["commit", "--quiet", "-m", message]);
        env.git_in(&place, &["tag", "-s", "-m", "misc-1:\n\nCore Changes:\n- misc", "misc-1"]);
    }

    /// Linux of this checkout, with what was committed there, and a series in a mailbox.
    fn linux(&self) {
        let env = &self.lab.env;
        let ours = bare(env, "ours.git");
        // Hooks of whoever runs the remote are not the user's.
        env.git_in(&ours, &["config", "core.hooksPath", "hooks"]);
        env.run(&["tree", "--base", "git:../clone#v9.10-rc2"]).ok();
        let refspecs = ["+refs/tags/*:refs/tags/*", "+refs/remotes/*:refs/remotes/*"];
        env.linux_git(&[&["fetch", "--quiet", self.lab.clone.to_str().unwrap()], &refspecs[..]].concat());
        for name in ["linus", "drm", "drm-rust"] {
            env.linux_git(&["remote", "add", name, &format!("https://git.example/{name}.git")]);
        }
        env.linux_git(&["branch", "drm-rust-fixes", "v9.10-rc2"]);
        integrate::branch(env, "clash", "C. Dev", &[("rust/kernel/alpha.rs", "//! Another.\n")]);
        env.linux_git(&["switch", "--quiet", "topic/rust/alpha"]);
        fs::write(env.linux("rust/kernel/beta.rs"), "//! Beta.\n").unwrap();
        env.linux_git(&["add", "--force", "rust/kernel/beta.rs"]);
        let message = "rust: beta: add beta\n\nWhy.\n\nSigned-off-by: Tester <tester@drm-rust.example>";
        env.linux_git(&["commit", "--quiet", "-m", message]);
        env.linux_git(&["switch", "--quiet", "drm-rust-next"]);
        let diff = "diff --git a/rust/kernel/zeta.rs b/rust/kernel/zeta.rs\nnew file mode 100644\n\
                    index 000000000000..111111111111\n--- /dev/null\n+++ b/rust/kernel/zeta.rs\n@@ -0,0 +1 @@\n+//! Zeta.\n";
        let mail = format!(
            "From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: B. Dev <b@dev.example>\nTo: l@lists.example\n\
             Subject: [PATCH] rust: zeta: add zeta\nMessage-ID: <z@dev.example>\nDate: Fri, 2 Jan 2026 10:00:00 +0100\n\n\
             Why.\n\nSigned-off-by: B. Dev <b@dev.example>\n---\n{diff}-- \n2.47.0\n\n"
        );
        fs::write(env.home().join("series"), mail).unwrap();
    }

    /// What every command says in a copy, and what it leaves there, with the variables that the preparation gives.
    fn transcript(&self, prepare: fn(&Env, &Hostile) -> Variables) -> Vec<String> {
        let env = self.lab.env.copy();
        let variables = prepare(&env, self);
        elsewhere(&env);
        let mut said = Vec::new();
        for command in COMMANDS {
            let fill =
                |word: &str| word.replace("$good", &self.good).replace("$bad", &self.bad).replace("$twin", &self.twin);
            let args: Vec<String> = command.split(' ').map(fill).collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            if *command == "tree" {
                env.write("rust/kernel/alpha.rs", "//! Alpha.\n\n//! More of it.\n");
            }
            let run = env.run_with(&args, |command| {
                command.envs(variables.clone());
            });
            said.push(format!("drm-rust {command}\n{run}\n{}", state(&env)));
        }
        said.push(written(&env.root()));
        said
    }
}

/// Tells a copy where its neighbour is, by a name that merges have in all copies, and where our tree is.
fn elsewhere(env: &Env) {
    let ours = env.home().join("ours.git").display().to_string();
    let trees = fs::read_to_string(env.root().join(TREES)).unwrap();
    let https = format!("https = ['{OURS}', '{ours}']\npush = ['topic/*', '*fixes', 'for-linux-next*']");
    env.write(TREES, &trees.replace(&format!("https = ['{OURS}']"), &https));
    env.commit("our tree");
    let neighbour = format!("url.file://{}.insteadOf", env.root().with_file_name("neighbour").display());
    for dir in [env.root().join("linux"), env.root().with_file_name("clone")] {
        env.git_in(&dir, &["remote", "set-url", "drm-rust", &ours]);
        env.git_in(&dir, &["config", &neighbour, NEIGHBOUR]);
    }
}

/// Where all branches of both repositories stand.
fn state(env: &Env) -> String {
    let refs = |dir: &Path| {
        let mut git = env.command("git");
        git.arg("--no-replace-objects").arg("-C").arg(dir);
        git.args(["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/remotes", "refs/tags"]);
        String::from_utf8(git.output().unwrap().stdout).unwrap()
    };
    [env.root().join("linux"), env.root().with_file_name("clone"), env.home().join("ours.git")]
        .map(|dir| refs(&dir))
        .concat()
}

/// The files that commands have written: mails, tags, the page, the overlay and the work tree.
fn written(root: &Path) -> String {
    let mut text = String::new();
    let top = root.parent().unwrap().display().to_string();
    let mut folders =
        ["build/forward", "build/report", "rust", "scripts/drm-rust/topics", "linux/rust", "linux/scripts"]
            .map(|name| root.join(name))
            .to_vec();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(content) = fs::read_to_string(&path) {
                writeln!(text, "{}\n{content}", path.strip_prefix(root).unwrap().display()).unwrap();
            }
        }
    }
    text.replace(&top, "$DIR")
}

/// The files that hostile settings name.
fn files(env: &Env) -> String {
    let dir = env.home().join("hostile");
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        env.command("chmod").arg("755").arg(&path).status().unwrap();
    };
    write("order", "*.rs\n*.c\n");
    write(
        "mailmap",
        "Nobody <nobody@x.example> <dev@kernel.example>\nNobody <nobody@x.example> <tester@drm-rust.example>\n",
    );
    // What converts files of this repository is refused, not overruled: they would not be what other clones have.
    write("attributes", "* -diff merge=union\n*.c filter=evil text eol=crlf\n");
    for hook in ["fsmonitor", "reference-transaction", "post-checkout", "pre-push", "post-index-change", "pre-commit"] {
        write(&format!("hooks/{hook}"), "#!/bin/sh\nexit 1\n");
    }
    let head = env.git_in(&env.root().with_file_name("clone"), &["rev-parse", "drm/drm-next"]);
    write("grafts", &format!("{head}\n"));
    write("shallow", &format!("{head}\n"));
    dir.display().to_string()
}

/// All settings, in the person's configuration.
fn configured(env: &Env, _: &Hostile) -> Variables {
    let files = files(env);
    let path = env.home().join("hostile.config");
    // What is the user's to choose stays: keys, and whom to trust.
    fs::write(&path, format!("[include]\n\tpath = {}\n", env.home().join(".gitconfig").display())).unwrap();
    for setting in SETTINGS.iter().flat_map(|settings| settings.split_whitespace()) {
        let (key, value) = setting.split_once('=').unwrap();
        env.git(&["config", "--file", path.to_str().unwrap(), "--add", key, &value.replace('@', &files)]);
    }
    vec![("GIT_CONFIG_GLOBAL".to_owned(), path.display().to_string())]
}

/// All variables, and what a clone has of its own: replaced objects, grafts, attributes, settings.
fn surrounded(env: &Env, hostile: &Hostile) -> Variables {
    for dir in [env.root().join("linux"), env.root().with_file_name("clone")] {
        let git = |args: &[&str]| env.git_in(&dir, args);
        let grafts = git(&["rev-parse", "drm/drm-next~2"]);
        git(&["replace", &hostile.good, "v9.9"]);
        git(&["replace", "drm/drm-next^{tree}", "v9.9^{tree}"]);
        fs::create_dir_all(dir.join(".git/info")).unwrap();
        fs::write(dir.join(".git/info/grafts"), format!("{grafts}\n")).unwrap();
        fs::write(dir.join(".git/info/attributes"), ATTRIBUTES).unwrap();
        fs::write(dir.join(".git/info/exclude"), ".mailmap\n").unwrap();
        fs::write(dir.join(".mailmap"), "Nobody <nobody@x.example> <dev@kernel.example>\n").unwrap();
        for setting in OWN {
            git(&[&["config"], setting].concat());
        }
    }
    let files = files(env);
    let variables = VARIABLES.split_whitespace().map(|variable| variable.split_once('=').unwrap());
    variables.map(|(key, value)| (key.to_owned(), value.replace('@', &files))).collect()
}

fn assert_same(what: &str, wanted: &[String], found: &[String]) {
    assert_eq!(wanted.len(), found.len());
    let differ: Vec<_> = wanted.iter().zip(found).filter(|(wanted, found)| wanted != found).collect();
    let names: Vec<_> = differ.iter().map(|(wanted, _)| wanted.lines().next()).collect();
    if let Some((wanted, found)) = differ.first() {
        panic!("{what} change what commands do: {names:#?}\n=== wanted\n{wanted}\n=== found\n{found}");
    }
}

/// Parts that show that the commands do what they are here for.
const SHOWN: [&str; 9] = [
    "adds rust: beta: add beta",
    "adds rust: zeta: add zeta",
    "CONFLICT (add/add)",
    "CONFLICT (content)",
    "(\"drm: fix b, ü\")",
    " b é.c ",
    "drm-rust-fixes is at",
    "refs/tags/drm-rust-fixes-2026-01-02",
    "pushed topic/rust/alpha",
];

#[test]
fn whose_git_it_is_changes_nothing() {
    let hostile = Hostile::new();
    let [wanted, configured, surrounded] = std::thread::scope(|scope| {
        let prepared: [fn(&Env, &Hostile) -> Variables; 3] = [|_, _| Vec::new(), configured, surrounded];
        let hostile = &hostile;
        let threads = prepared.map(|prepare| scope.spawn(move || hostile.transcript(prepare)));
        threads.map(|thread| thread.join().unwrap())
    });
    for part in SHOWN {
        assert!(wanted.iter().any(|said| said.contains(part)), "{part}: {}", wanted.join("\n\n"));
    }
    assert_same("settings", &wanted, &configured);
    assert_same("variables, or what a clone has of its own,", &wanted, &surrounded);
}
