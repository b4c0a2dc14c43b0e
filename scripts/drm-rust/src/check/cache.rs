// SPDX-License-Identifier: GPL-2.0-only

//! Results of checks, kept in the user's cache under what they depend on.
//!
//! Whoever says that a check passed is believed only if it is this cache: each result is authenticated, together with
//! its key, by a secret that the cache made for itself. One that was copied from elsewhere, or to another key, is none.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use hmac::{Hmac, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Digest;

use crate::base::pin::Sha256;
use crate::error::{FileContext, FileError};
use crate::owned;
use crate::report::Reporter;

/// The file that holds the secret, and how long that is (bytes).
const SECRET: &str = "secret";
const SECRET_SIZE: usize = 32;
/// No result is larger (bytes).
const LARGEST: u64 = 64 << 20;

/// A folder of results.
#[derive(Clone, Debug)]
pub(super) struct Results {
    dir: PathBuf,
    secret: Arc<OnceLock<[u8; SECRET_SIZE]>>,
    /// Whether a person knows that nothing can be kept: once is enough.
    told: Arc<AtomicBool>,
}

impl Results {
    pub(super) fn new(cache: &Path) -> Self {
        Results { dir: cache.join("checks"), secret: Arc::default(), told: Arc::default() }
    }

    fn name(key: &[impl AsRef<str>]) -> String {
        let mut hash = sha2::Sha256::new();
        for part in key.iter().map(AsRef::as_ref) {
            hash.update(format!("{}:{part}", part.len()));
        }
        Sha256::from_bytes(hash.finalize().into()).to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }

    /// The result of this key; a file that cannot be read, or is of another cache, is none.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &[impl AsRef<str>]) -> Option<T> {
        let name = Self::name(key);
        let mut text = Vec::new();
        let file = owned::open(&self.path(&name)).ok().filter(|_| owned::is_folder(&self.dir))?;
        file.take(LARGEST).read_to_end(&mut text).ok()?;
        let at = text.iter().position(|&byte| byte == b'\n')?;
        let (seal, result) = (&text[..at], &text[at + 1..]);
        let known = self.seal(&name, result).ok()?;
        (known.as_bytes() == seal).then(|| serde_json::from_slice(result).ok())?
    }

    /// What authenticates a result.
    fn seal(&self, name: &str, result: &[u8]) -> io::Result<String> {
        let secret = match self.secret.get() {
            Some(secret) => secret,
            None => {
                let secret = secret(&self.dir)?;
                self.secret.get_or_init(|| secret)
            }
        };
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).expect("a secret may have any length");
        mac.update(name.as_bytes());
        mac.update(result);
        Ok(Sha256::from_bytes(mac.finalize().into_bytes().into()).to_string())
    }

    /// Keeps a result. Where that fails, the result is as good, and has to be found again next time.
    pub(super) fn keep<T: Serialize>(&self, key: &[impl AsRef<str>], result: &T, reporter: &dyn Reporter) {
        if let Err(error) = self.put(key, result)
            && !self.told.swap(true, Ordering::Relaxed)
        {
            reporter.note(&format!("results are not kept: {error}: {}", error.source));
        }
    }

    /// Writes a result. Others may read it while it is written.
    fn put<T: Serialize>(&self, key: &[impl AsRef<str>], result: &T) -> Result<(), FileError> {
        let name = Self::name(key);
        let path = self.path(&name);
        fs::create_dir_all(&self.dir).at("create", &self.dir)?;
        if !owned::is_folder(&self.dir) {
            return Err(io::Error::other("it is a link, or another user's")).at("write to", &self.dir);
        }
        let result = serde_json::to_vec(result).map_err(Into::into).at("write", &path)?;
        let seal = self.seal(&name, &result).at("write", self.dir.join(SECRET))?;
        let mut file = tempfile::NamedTempFile::new_in(&self.dir).at("write", &path)?;
        file.write_all(&[seal.as_bytes(), b"\n", &result].concat()).at("write", &path)?;
        file.persist(&path).map_err(|error| error.error).at("write", &path)?;
        Ok(())
    }
}

/// The secret of a cache, which is made where there is none yet.
fn secret(dir: &Path) -> io::Result<[u8; SECRET_SIZE]> {
    let path = dir.join(SECRET);
    let read = |file: io::Result<File>| {
        let mut secret = [0; SECRET_SIZE];
        file?.read_exact(&mut secret).map(|()| secret)
    };
    if let Ok(secret) = read(owned::open(&path)) {
        return Ok(secret);
    }
    let secret = read(File::open("/dev/urandom"))?;
    // Whoever is first has made it; one that is damaged is made anew.
    let mut new = tempfile::Builder::new().prefix(SECRET).tempfile_in(dir)?;
    new.write_all(&secret)?;
    match new.persist_noclobber(&path) {
        Ok(_) => Ok(secret),
        Err(error) => match read(owned::open(&path)) {
            Ok(secret) => Ok(secret),
            Err(_) => error.file.persist(&path).map(|_| secret).map_err(|error| error.error),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::report::Unit;

    #[test]
    fn a_result_is_found_under_its_own_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let results = Results::new(dir.path());
        results.put(&["a", "bc"], &7).unwrap();
        assert_eq!(results.get(&["a", "bc"]), Some(7));
        assert_eq!(results.get(&["ab", "c"]), None::<i32>);
        for damage in ["{", "", "\n7", "x\n7"] {
            fs::write(results.path(&Results::name(&["a", "bc"])), damage).unwrap();
            assert_eq!(results.get(&["a", "bc"]), None::<i32>);
        }
    }

    #[test]
    fn results_from_elsewhere_are_not_believed() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (ours, theirs) = (Results::new(one.path()), Results::new(two.path()));
        let file = |results: &Results, key: &str| results.path(&Results::name(&[key]));
        theirs.put(&["a"], &"passed").unwrap();
        ours.put(&["b"], &"passed").unwrap();
        // Of another cache, and of another key.
        for from in [file(&theirs, "a"), file(&ours, "b")] {
            fs::copy(from, file(&ours, "a")).unwrap();
            assert_eq!(ours.get(&["a"]), None::<String>);
        }
        // What a link leads to, whatever that says.
        let (real, linked) = (file(&ours, "b"), one.path().join("elsewhere"));
        fs::rename(&real, &linked).unwrap();
        std::os::unix::fs::symlink(&linked, &real).unwrap();
        assert_eq!(ours.get(&["b"]), None::<String>);
        // The next run of the same cache knows its secret.
        ours.put(&["c"], &"passed").unwrap();
        assert_eq!(Results::new(one.path()).get(&["c"]), Some("passed".to_owned()));
        fs::write(one.path().join("checks").join(SECRET), "short").unwrap();
        let damaged = Results::new(one.path());
        assert_eq!(damaged.get(&["c"]), None::<String>);
        damaged.put(&["c"], &"failed").unwrap();
        assert_eq!(Results::new(one.path()).get(&["c"]), Some("failed".to_owned()));
    }

    #[test]
    fn what_cannot_be_kept_is_told_once() {
        struct Notes(Mutex<Vec<String>>);
        impl Reporter for Notes {
            fn begin(&self, _: &str, _: Option<u64>, _: Unit) {}
            fn advance(&self, _: u64) {}
            fn end(&self) {}
            fn note(&self, text: &str) {
                self.0.lock().unwrap().push(text.to_owned());
            }
        }
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("checks"), "no folder").unwrap();
        let notes = Notes(Mutex::default());
        let results = Results::new(dir.path());
        results.keep(&["a"], &7, &notes);
        results.clone().keep(&["b"], &8, &notes);
        let notes = notes.0.into_inner().unwrap();
        assert_eq!(notes.len(), 1);
        assert!(notes[0].starts_with("results are not kept: cannot create "), "{notes:?}");
    }
}
