// SPDX-License-Identifier: GPL-2.0-only

//! The cache is verified whenever it is used, and only sound bases get into it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use drm_rust::base::cache::{BaseError, Cache, CachedBase};
use drm_rust::base::fetch::{FetchError, sha256_of};
use drm_rust::base::import::ImportError;
use drm_rust::base::pin::{Cut, Pin, Sha256, Source};
use drm_rust::error::Explain;
use drm_rust::git::Oid;
use drm_rust::report::{Reporter, Unit};
use sha2::Digest;
use tempfile::TempDir;

use crate::archives::{Entry, file, kernel, tar, xz};

/// Keeps what a person would be told.
#[derive(Default)]
pub(crate) struct Notes(Mutex<Vec<String>>);

impl Notes {
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

impl Reporter for Notes {
    fn begin(&self, _: &str, _: Option<u64>, _: Unit) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

/// A cache of its own, and archives to fill it.
pub(crate) struct Env {
    dir: TempDir,
    pub(crate) notes: Notes,
}

impl Env {
    pub(crate) fn new() -> Self {
        Env { dir: tempfile::tempdir().unwrap(), notes: Notes::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.path().join("cache")
    }

    pub(crate) fn archive(&self, name: &str, bytes: &[u8]) -> Source {
        let path = self.path().join(name);
        fs::write(&path, bytes).unwrap();
        Source::File { path, sha256: sha256(bytes) }
    }

    pub(crate) fn base(&self, sources: Vec<Source>) -> Result<CachedBase, BaseError> {
        self.pinned(sources, None)
    }

    /// The base of a pin that names its commit.
    fn pinned(&self, sources: Vec<Source>, commit: Option<Oid>) -> Result<CachedBase, BaseError> {
        Cache::at(self.cache()).base(&Pin { commit, ..pin(sources) }, false, &self.notes)
    }

    /// The imported bases: folders only, none of them half-done.
    pub(crate) fn imported(&self) -> Vec<PathBuf> {
        match fs::read_dir(self.cache().join("base")) {
            Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => Vec::new(),
        }
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    Sha256::from_bytes(sha2::Sha256::digest(bytes).into())
}

pub(crate) fn pin(sources: Vec<Source>) -> Pin {
    Pin {
        version: "9.9".into(),
        author: "DRM-Rust maintainers <maintainers@drm-rust.example>".parse().unwrap(),
        date: "2026-01-01T00:00:00Z".parse().unwrap(),
        commit: None,
        sources,
    }
}

fn good(env: &Env) -> Source {
    env.archive("linux-9.9.tar.xz", &xz(&tar(&kernel())))
}

#[test]
fn an_imported_base_needs_its_archive_no_more_where_its_commit_is_pinned() {
    let env = Env::new();
    let source = good(&env);
    let first = env.base(vec![source.clone()]).unwrap().base;
    let Source::File { path, .. } = &source else { unreachable!() };
    let archive = fs::read(path).unwrap();
    fs::remove_file(path).unwrap();
    let second = env.pinned(vec![source.clone()], Some(first.commit)).unwrap().base;
    assert_eq!((first.commit, first.version, first.origin), (second.commit, second.version, second.origin));
    // What nobody has pinned may have been written by anybody.
    assert!(matches!(env.base(vec![source.clone()]), Err(BaseError::NoSource(_))));
    fs::write(path, archive).unwrap();
    env.base(vec![source]).unwrap();
    assert_eq!(env.imported().len(), 1);
}

#[test]
fn a_damaged_base_is_imported_again() {
    let env = Env::new();
    let source = good(&env);
    let first = env.base(vec![source.clone()]).unwrap();
    let commit = Some(first.base.commit);
    let dir = env.imported().remove(0);
    for name in ["base.pack", "base.idx"] {
        let path = dir.join(name);
        let sound = fs::read(&path).unwrap();
        let flipped = |at: usize| {
            let mut bytes = sound.clone();
            bytes[at] ^= 0x20;
            bytes
        };
        for damage in [flipped(sound.len() / 2), flipped(0), sound[..sound.len() / 2].to_vec(), Vec::new()] {
            fs::write(&path, &damage).unwrap();
            let again = env.pinned(vec![source.clone()], commit).unwrap();
            assert_eq!(again.base.commit, first.base.commit, "{name}");
            assert_ne!(fs::read(&path).unwrap(), damage, "{name}");
        }
        assert_eq!(sha256_of(&dir.join("base.pack")).unwrap(), sha256_of(&first.files[0]).unwrap());
    }
}

#[test]
fn a_poisoned_cache_gives_no_other_base() {
    let poisoner = Env::new();
    let evil = poisoner.archive("evil.tar", &tar(&[file("linux-9.9/Makefile", "all:; rm -rf /\n")]));
    poisoner.base(vec![evil]).unwrap();
    let theirs = poisoner.imported().remove(0);
    let env = Env::new();
    let source = good(&env);
    let commit = env.base(vec![source.clone()]).unwrap().base.commit;
    let dir = env.imported().remove(0);
    let poison = || {
        for name in ["base.pack", "base.idx"] {
            fs::remove_file(dir.join(name)).unwrap();
            fs::copy(theirs.join(name), dir.join(name)).unwrap();
        }
    };
    poison();
    let pinned = env.pinned(vec![source.clone()], Some(commit)).unwrap();
    assert_eq!(pinned.base.commit, commit);
    assert_ne!(fs::read(&pinned.files[0]).unwrap(), fs::read(theirs.join("base.pack")).unwrap());
    poison();
    assert_eq!(env.base(vec![source.clone()]).unwrap().base.commit, commit, "nor where nothing is pinned");
    // A folder, or a file, of somebody else's by a link.
    fs::remove_dir_all(&dir).unwrap();
    std::os::unix::fs::symlink(&theirs, &dir).unwrap();
    assert_eq!(env.pinned(vec![source.clone()], Some(commit)).unwrap().base.commit, commit);
    assert!(!dir.is_symlink() && theirs.join("base.pack").is_file(), "what it led to is as it was");
    fs::rename(dir.join("base.pack"), env.path().join("x.pack")).unwrap();
    std::os::unix::fs::symlink(env.path().join("x.pack"), dir.join("base.pack")).unwrap();
    env.pinned(vec![source], Some(commit)).unwrap();
    assert!(!dir.join("base.pack").is_symlink());
}

#[test]
fn an_archive_must_be_what_the_pin_says() {
    let env = Env::new();
    let source = good(&env);
    let commit = env.base(vec![source.clone()]).unwrap().base.commit;
    fs::remove_dir_all(env.cache()).unwrap();
    let other = env.pinned(vec![source.clone()], Some(Oid::ZERO)).err().unwrap();
    assert!(matches!(other, BaseError::Commit { found, .. } if found == commit), "{other:?}");
    assert!(other.hint().unwrap().contains(&format!("commit = \"{commit}\"")));
    let pin = Pin { version: "9.8".into(), ..pin(vec![source]) };
    let error = Cache::at(env.cache()).base(&pin, false, &env.notes).err().unwrap();
    assert!(error.to_string().contains("is Linux 9.9, but base.toml pins 9.8"), "{error}");
    assert!(error.hint().unwrap().contains("version = \"9.9\""));
    assert!(env.imported().is_empty(), "nothing of it stays");
}

#[test]
fn others_cannot_write_to_a_cache() {
    let env = Env::new();
    let source = good(&env);
    env.base(vec![source.clone()]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&env.cache()), mode(&env.cache().join("base"))), (0o700, 0o700));
    for folder in ["", "base", "downloads"] {
        let path = env.cache().join(folder);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        let error = env.base(vec![source.clone()]).err().unwrap();
        assert!(matches!(error, BaseError::Own(_)) && error.hint().unwrap().contains("chmod -R go-w"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        if !folder.is_empty() {
            let away = env.path().join("away");
            fs::rename(&path, &away).unwrap();
            std::os::unix::fs::symlink(&away, &path).unwrap();
            let error = env.base(vec![source.clone()]).err().unwrap();
            assert!(error.to_string().contains("is a symbolic link"), "{error}");
            fs::remove_file(&path).unwrap();
            fs::rename(&away, &path).unwrap();
        }
    }
    // The lock of somebody else's.
    fs::write(env.path().join("precious"), "precious").unwrap();
    fs::remove_file(env.cache().join("lock")).unwrap();
    std::os::unix::fs::symlink(env.path().join("precious"), env.cache().join("lock")).unwrap();
    assert!(env.base(vec![source]).is_err());
    assert_eq!(fs::read(env.path().join("precious")).unwrap(), b"precious");
}

#[test]
fn an_archive_that_is_not_pinned_is_told_as_what_it_is() {
    let env = Env::new();
    let makefile = "VERSION = 9\nPATCHLEVEL = 10\nSUBLEVEL = 0\nEXTRAVERSION = -rc7\n";
    let entries = |makefile: &str, ignore: &str| {
        let date = 1_790_000_000;
        vec![
            file("linux-9.9/Makefile", makefile).dated(date),
            file("linux-9.9/.gitignore", ignore).dated(date + 5),
            file("linux-9.9/old", ""),
        ]
    };
    let archive = |name: &str, entries: &[Entry]| {
        let source = env.archive(name, &tar(entries));
        Cache::at(env.cache()).archive(&source, &pin(Vec::new()).author, &env.notes)
    };
    let base = archive("linux-9.9.tar", &entries(makefile, "*.o\n")).unwrap();
    assert_eq!(base.base.version, "9.10-rc7", "whatever the file is called");
    let text = git_commit(&env, &base);
    assert!(
        text.contains("Linux 9.10-rc7\n") && text.contains("maintainers@drm-rust.example> 1790000005 +0000"),
        "{text}"
    );
    assert!(!text.contains("Left out"));
    // A package that ignores everything.
    let base = archive("any", &entries(makefile, "*.o\n# ours\n/*\n!/debian/\n")).unwrap();
    let told = "`/*` of .gitignore, which hides new files such as Documentation/gpu/new.rst";
    assert_eq!(env.notes.text(), format!("left out of the base: {told}"));
    assert!(git_commit(&env, &base).ends_with(&format!("Left out:\n\n- {told}")));
    let error = archive("no-kernel", &entries("all:\n", "")).err().unwrap();
    assert!(matches!(error, BaseError::Import { source: ImportError::NoVersion, .. }), "{error:?}");
    assert!(error.hint().is_some());
}

/// The commit of a base, as git tells it.
fn git_commit(env: &Env, base: &CachedBase) -> String {
    let repo = env.path().join("repo");
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(env.path()).args(args).env("HOME", env.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    };
    let _ = fs::remove_dir_all(&repo);
    git(&["init", "--quiet", "--bare", "repo"]);
    for file in &base.files {
        let name = format!("pack-x.{}", file.extension().unwrap().to_str().unwrap());
        fs::copy(file, repo.join("objects/pack").join(name)).unwrap();
    }
    git(&["-C", "repo", "cat-file", "-p", &base.base.commit.to_string()])
}

#[test]
fn what_is_not_pinned_is_not_used() {
    let env = Env::new();
    let Source::File { path, .. } = good(&env) else { unreachable!() };
    let other = env.archive("other.tar", &tar(&kernel()));
    let wrong = Source::File { path, sha256: sha256(b"something else") };
    // A wrong archive is an alarm, no reason to try the next source.
    let error = env.base(vec![wrong, other]).err().unwrap();
    assert!(matches!(error, BaseError::Fetch(FetchError::Checksum { .. })), "{error:?}");
    assert!(error.hint().unwrap().contains("nothing of it is used"));
    assert!(env.imported().is_empty());
}

#[test]
fn a_missing_archive_leads_to_the_next_source() {
    let env = Env::new();
    let missing = Source::File { path: env.path().join("missing.tar"), sha256: sha256(b"") };
    env.base(vec![missing.clone(), good(&env)]).unwrap();
    assert!(env.notes.text().contains("missing.tar: cannot open"), "{}", env.notes.text());
    let error = env.base(vec![missing]).err().unwrap();
    assert!(matches!(error, BaseError::NoSource(_)), "{error:?}");
    assert!(error.hint().unwrap().contains("--base"));
}

#[test]
fn nothing_of_a_refused_archive_stays() {
    let env = Env::new();
    let hostile = tar(&[file("linux-9.9/Makefile", "\n"), file("linux-9.9/../../x", "")]);
    let whole = xz(&tar(&kernel()));
    for (name, bytes) in [("hostile.tar", hostile.as_slice()), ("cut.tar.xz", &whole[..whole.len() / 2])] {
        let error = env.base(vec![env.archive(name, bytes)]).err().unwrap();
        assert!(matches!(error, BaseError::Import { .. }), "{error:?}");
        assert!(error.hint().unwrap().contains("nothing of it was kept"));
        assert!(env.imported().is_empty(), "{:?}", env.imported());
    }
}

#[test]
fn the_commit_depends_on_the_archive_and_the_pin_alone() {
    let plain = tar(&kernel());
    let commit = |pin: &Pin| {
        let env = Env::new();
        let mut pin = pin.clone();
        pin.sources = vec![env.archive("any-name", &plain)];
        Cache::at(env.cache()).base(&pin, false, &env.notes).unwrap().base.commit
    };
    let pinned = pin(Vec::new());
    assert_eq!(commit(&pinned), commit(&pinned));
    let later = Pin { date: "2026-01-02T00:00:00Z".parse().unwrap(), ..pinned.clone() };
    assert_ne!(commit(&pinned), commit(&later));
}

#[test]
fn a_cut_is_part_of_what_is_pinned() {
    let env = Env::new();
    let Source::File { sha256, .. } = good(&env) else { unreachable!() };
    let downloads = env.cache().join("downloads");
    fs::create_dir_all(&downloads).unwrap();
    fs::rename(env.path().join("linux-9.9.tar.xz"), downloads.join(sha256.to_string())).unwrap();
    let source = |cut| Source::Debian {
        package: "linux-source-9.9".into(),
        version: "9.9-1".into(),
        suite: "none".into(),
        sha256,
        cut,
    };
    let cut = Cut { file: ".gitignore".into(), from: "# tail".into() };
    let whole = env.base(vec![source(Vec::new())]).unwrap().base.commit;
    let shorter = env.base(vec![source(vec![cut])]).unwrap().base.commit;
    assert_ne!(whole, shorter);
    assert_eq!(env.imported().len(), 2);
}

#[test]
fn two_imports_at_once_do_the_work_once() {
    let env = Env::new();
    let source = good(&env);
    let commits: Vec<_> = std::thread::scope(|scope| {
        let import = || env.base(vec![source.clone()]).unwrap().base.commit;
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(import)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(commits.iter().all(|commit| *commit == commits[0]));
    assert_eq!(env.imported().len(), 1);
}
