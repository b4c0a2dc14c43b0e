// SPDX-License-Identifier: GPL-2.0-only

//! Results of checks, kept in the user's cache under what they depend on.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Digest;

use crate::base::pin::Sha256;
use crate::error::{FileContext, FileError};

/// A folder of results.
#[derive(Clone, Debug)]
pub(super) struct Results {
    dir: PathBuf,
}

impl Results {
    pub(super) fn new(cache: &Path) -> Self {
        Results { dir: cache.join("checks") }
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

    /// Keeps a result. Others may read it while it is written.
    pub(super) fn put<T: Serialize>(&self, key: &[impl AsRef<str>], result: &T) -> Result<(), FileError> {
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
    use super::*;

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
}
