// SPDX-License-Identifier: GPL-2.0-only

//! `registry.lock`: the statuses as they were computed last, and of which base. It is written with the page, so that
//! what changed since can be told, and the page can be checked without the tree.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::model::RegistryError;
use super::status::Status;
use super::verify::Checked;
use crate::error::FileContext;

const HEAD: &str = "\
# SPDX-License-Identifier: GPL-2.0-only
#
# Written by `drm-rust registry render`: the status of each area, as it was computed last.

";

/// The statuses as they were computed last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The version of the base.
    pub base: String,
    /// By area.
    pub status: BTreeMap<String, Status>,
}

/// A row whose status is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The row.
    pub area: String,
    /// What it was; none where the row is new.
    pub old: Option<Status>,
    /// What it is; none where there is no such row any more.
    pub new: Option<Status>,
}

impl Lock {
    /// The lock of what was computed.
    pub fn new(base: &str, rows: &[Checked<'_>]) -> Lock {
        let status = rows.iter().map(|checked| (checked.row.area.clone(), checked.status)).collect();
        Lock { base: base.to_owned(), status }
    }

    /// Reads the file. One that is not there yet has no rows.
    pub fn load(path: &Path) -> Result<Lock, RegistryError> {
        if !path.exists() {
            return Ok(Lock::default());
        }
        let text = std::fs::read_to_string(path).at("read", path)?;
        toml::from_str(&text).map_err(|error| RegistryError::Lock {
            path: path.display().to_string(),
            message: error.to_string().trim_end().to_owned(),
        })
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        HEAD.to_owned() + &toml::to_string(self).expect("plain data can be written")
    }

    /// What is different now.
    pub fn changes(&self, now: &Lock) -> Vec<Change> {
        let change = |area: &String, old, new| Change { area: area.clone(), old, new };
        let gone = self.status.iter().filter(|(area, _)| !now.status.contains_key(*area));
        let mut changes: Vec<Change> = gone.map(|(area, old)| change(area, Some(*old), None)).collect();
        for (area, &new) in &now.status {
            let old = self.status.get(area).copied();
            if old != Some(new) {
                changes.push(change(area, old, Some(new)));
            }
        }
        changes.sort_by(|a, b| a.area.cmp(&b.area));
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(base: &str, rows: &[(&str, Status)]) -> Lock {
        Lock { base: base.into(), status: rows.iter().map(|(area, status)| ((*area).to_owned(), *status)).collect() }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let lock = lock("7.3.4", &[("a b", Status::Wanted), ("c", Status::Carried)]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("registry.lock");
        assert_eq!(Lock::load(&path).unwrap(), Lock::default());
        std::fs::write(&path, lock.text()).unwrap();
        assert_eq!(Lock::load(&path).unwrap(), lock);
        std::fs::write(&path, lock.text().replace("wanted", "merged")).unwrap();
        assert!(Lock::load(&path).unwrap_err().to_string().contains("line 8"));
    }

    #[test]
    fn changes_are_told_by_row() {
        let old = lock("1", &[("same", Status::Wanted), ("moved", Status::Carried), ("gone", Status::Partial)]);
        let new = lock("2", &[("same", Status::Wanted), ("moved", Status::Upstream), ("new", Status::Wanted)]);
        let told: Vec<_> = old.changes(&new).into_iter().map(|c| (c.area, c.old, c.new)).collect();
        assert_eq!(
            told,
            [
                ("gone".to_owned(), Some(Status::Partial), None),
                ("moved".to_owned(), Some(Status::Carried), Some(Status::Upstream)),
                ("new".to_owned(), None, Some(Status::Wanted)),
            ]
        );
        assert_eq!(old.changes(&old), []);
    }
}
