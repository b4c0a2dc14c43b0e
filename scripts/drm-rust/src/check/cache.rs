// SPDX-License-Identifier: GPL-2.0-only

//! Results of checks, kept in the user's cache under what they depend on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Digest;

use crate::base::pin::Sha256;
use crate::error::{FileContext, FileError};
use crate::report::Reporter;

/// A folder of results.
#[derive(Clone, Debug)]
pub(super) struct Results {
    dir: PathBuf,
    /// Whether a person knows that nothing can be kept: once is enough.
    told: Arc<AtomicBool>,
}

impl Results {
    pub(super) fn new(cache: &Path) -> Self {
        Results { dir: cache.join("checks"), told: Arc::default() }
    }

    fn path(&self, key: &[impl AsRef<str>]) -> PathBuf {
        let mut hash = sha2::Sha256::new();
        for part in key.iter().map(AsRef::as_ref) {
            hash.update(format!("{}:{part}", part.len()));
        }
        self.dir.join(format!("{}.json", Sha256::from_bytes(hash.finalize().into())))
    }

    /// The result of this key; a file that cannot be read is none.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &[impl AsRef<str>]) -> Option<T> {
        serde_json::from_slice(&fs::read(self.path(key)).ok()?).ok()
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
        let path = self.path(key);
        fs::create_dir_all(&self.dir).at("create", &self.dir)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.dir).at("write", &path)?;
        serde_json::to_writer(&mut file, result).map_err(Into::into).at("write", &path)?;
        file.persist(&path).map_err(|error| error.error).at("write", &path)?;
        Ok(())
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
        fs::write(results.path(&["a", "bc"]), "{").unwrap();
        assert_eq!(results.get(&["a", "bc"]), None::<i32>);
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
