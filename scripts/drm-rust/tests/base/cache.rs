// SPDX-License-Identifier: GPL-2.0-only

//! The cache is verified whenever it is used, and only sound bases get into it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use drm_rust::base::cache::{BaseError, Cache, CachedBase};
use drm_rust::base::fetch::{FetchError, sha256_of};
use drm_rust::base::pin::{Cut, Pin, Sha256, Source};
use drm_rust::error::Explain;
use drm_rust::report::{Reporter, Unit};
use sha2::Digest;
use tempfile::TempDir;

use crate::archives::{file, kernel, tar, xz};

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
        Cache::at(self.cache()).base(&pin(sources), false, &self.notes)
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
        sources,
    }
}

fn good(env: &Env) -> Source {
    env.archive("linux-9.9.tar.xz", &xz(&tar(&kernel())))
}

#[test]
fn an_imported_base_needs_its_archive_no_more() {
    let env = Env::new();
    let source = good(&env);
    let first = env.base(vec![source.clone()]).unwrap();
    let Source::File { path, .. } = &source else { unreachable!() };
    fs::remove_file(path).unwrap();
    let second = env.base(vec![source]).unwrap();
    assert_eq!(first.base.commit, second.base.commit);
    assert_eq!(env.imported().len(), 1);
}

#[test]
fn a_damaged_base_is_imported_again() {
    let env = Env::new();
    let source = good(&env);
    let first = env.base(vec![source.clone()]).unwrap();
    let dir = env.imported().remove(0);
    for name in ["base.pack", "base.idx", "base.toml"] {
        let path = dir.join(name);
        let sound = fs::read(&path).unwrap();
        let flipped = |at: usize| {
            let mut bytes = sound.clone();
            bytes[at] ^= 0x20;
            bytes
        };
        for damage in [flipped(sound.len() / 2), flipped(0), sound[..sound.len() / 2].to_vec(), Vec::new()] {
            fs::write(&path, &damage).unwrap();
            let again = env.base(vec![source.clone()]).unwrap();
            assert_eq!(again.base.commit, first.base.commit, "{name}");
        }
        assert_eq!(sha256_of(&dir.join("base.pack")).unwrap(), sha256_of(&first.files[0]).unwrap());
    }
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
