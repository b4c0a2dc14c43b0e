// SPDX-License-Identifier: GPL-2.0-only

//! `registry.toml`: one row an area.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Explain, FileContext, FileError};
use crate::git::TopicName;

/// The registry cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what it should be.
    #[error("{path} is not valid:\n{message}")]
    Syntax {
        /// The file.
        path: String,
        /// Line, column and reason.
        message: String,
    },
    /// Two rows have one name.
    #[error("the registry has two rows `{0}`")]
    Twice(String),
    /// A row's name cannot be one.
    #[error("`{0}` is no name for an area")]
    Name(String),
    /// The file with the statuses cannot be read.
    #[error("{path} is damaged:\n{message}")]
    Lock {
        /// The file.
        path: String,
        /// Line, column and reason.
        message: String,
    },
    /// No row has this owner.
    #[error("the registry has no owner `{owner}`")]
    NoOwner {
        /// What was asked for.
        owner: String,
        /// Every owner.
        owners: Vec<String>,
    },
    /// There is no such row.
    #[error("the registry has no area `{area}`{}", .similar.as_ref().map(|name| format!("; is `{name}` meant?")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        area: String,
        /// What may be meant.
        similar: Option<String>,
    },
}

impl Explain for RegistryError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            RegistryError::File(error) => return error.hint(),
            RegistryError::Syntax { .. } => "Documentation/rust/drm-rust/maintainers.rst tells of each key".into(),
            RegistryError::Twice(_) => "give each row an `area` of its own".into(),
            RegistryError::Name(_) => "a name has letters, digits, `_` and `-`".into(),
            RegistryError::Lock { .. } => "`drm-rust registry render` writes it anew".into(),
            RegistryError::NoOwner { owners, .. } => format!("the owners are {}", owners.join(", ")),
            RegistryError::Unknown { .. } => "`drm-rust registry list` shows the areas".into(),
        })
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A patch or project of the upstream registry.
    #[default]
    Patch,
    /// An entry of its idea board.
    Idea,
    /// A driver that this tree is for.
    Driver,
}

/// How much work is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// A patch or two.
    S,
    /// A series.
    M,
    /// Several series.
    L,
}

/// What graphics drivers have to do with an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relevance {
    /// They cannot do without it.
    Core,
    /// Some of them can use it.
    Useful,
    /// They have no use for it.
    Unrelated,
}

impl Relevance {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Relevance::Core => "core",
            Relevance::Useful => "useful",
            Relevance::Unrelated => "unrelated",
        }
    }
}

/// What must be found in a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The file, as a path of Linux.
    pub path: String,
    /// A public item as `Name` or `Type::name`; in Kconfig files `SYMBOL` or `SYMBOL selects OTHER`.
    pub item: String,
}

/// How an area is tested.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tests {
    /// KUnit suites.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kunit: Vec<String>,
    /// Files whose documentation has examples that run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doctest: Vec<String>,
    /// Lists or tests of IGT, as `DRIVER:LIST`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub igt: Vec<String>,
    /// Architectures on which a kernel with it boots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boot: Vec<String>,
}

/// A row as the upstream registry has it: what `registry import` keeps up to date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Source {
    /// Its name there.
    pub name: String,
    /// Its status there when it was imported.
    pub status: String,
    /// Who wrote it.
    pub author: String,
    /// Where the code is.
    pub git: String,
    /// Where it is discussed.
    pub list: String,
    /// What it is based on.
    pub base: String,
    /// What an idea asks for.
    pub task: String,
    /// Whether the upstream registry has dropped it.
    pub gone: bool,
}

/// One area.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its unique name.
    pub area: String,
    /// What the row is about.
    #[serde(default)]
    pub kind: Kind,
    /// The tree that takes it.
    pub owner: Option<String>,
    /// What graphics drivers have to do with it.
    pub relevance: Option<Relevance>,
    /// How much work is left.
    pub size: Option<Size>,
    /// Headers of the C side, below `include/`.
    #[serde(default)]
    pub headers: Vec<String>,
    /// What the base has.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// What of the area neither the base nor a topic has.
    #[serde(default)]
    pub lacks: String,
    /// What the C side offers beyond what the area asks for. It does not count.
    #[serde(default)]
    pub beyond: String,
    /// The topics that carry our part.
    #[serde(default)]
    pub topics: Vec<TopicName>,
    /// What these topics add.
    #[serde(default)]
    pub carried: Vec<Evidence>,
    /// How it is tested.
    #[serde(default)]
    pub tests: Tests,
    /// Areas that it stands on.
    #[serde(default)]
    pub requires: Vec<String>,
    /// The row of the upstream registry.
    pub source: Option<Source>,
}

/// All rows, in order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// The rows.
    #[serde(default, rename = "row")]
    pub rows: Vec<Row>,
}

impl Registry {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Registry, RegistryError> {
        let text = std::fs::read_to_string(path).at("read", path)?;
        Registry::parse(&text, &path.display().to_string())
    }

    /// Reads the text of a file, whose path is for messages.
    pub fn parse(text: &str, path: &str) -> Result<Registry, RegistryError> {
        let registry: Registry = toml::from_str(text).map_err(|error| {
            let message = error.to_string().trim_end().to_owned();
            RegistryError::Syntax { path: path.to_owned(), message }
        })?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let is_name = |area: &str| !area.is_empty() && area.chars().all(is_part);
        if let Some(row) = registry.rows.iter().find(|row| !is_name(&row.area)) {
            return Err(RegistryError::Name(row.area.clone()));
        }
        let mut areas = BTreeSet::new();
        match registry.rows.iter().find(|row| !areas.insert(&row.area)) {
            Some(row) => Err(RegistryError::Twice(row.area.clone())),
            None => Ok(registry),
        }
    }

    /// The row of an area: by its name, or by the one that the upstream registry has for it, in whatever case.
    pub fn row(&self, area: &str) -> Result<&Row, RegistryError> {
        let by_name = self.rows.iter().find(|row| row.area.eq_ignore_ascii_case(area));
        let is_said = |row: &&Row| row.source.as_ref().is_some_and(|source| source.name.eq_ignore_ascii_case(area));
        by_name.or_else(|| self.rows.iter().find(is_said)).ok_or_else(|| {
            let names = self.rows.iter().map(|row| row.area.as_str());
            RegistryError::Unknown { area: area.to_owned(), similar: similar(area, names).map(str::to_owned) }
        })
    }

    /// An owner, in whatever case it is written.
    pub fn owner(&self, owner: &str) -> Result<&str, RegistryError> {
        let owners: BTreeSet<&String> = self.rows.iter().filter_map(|row| row.owner.as_ref()).collect();
        let found = owners.iter().find(|known| known.eq_ignore_ascii_case(owner));
        found.map(|known| known.as_str()).ok_or_else(|| RegistryError::NoOwner {
            owner: owner.to_owned(),
            owners: owners.iter().map(|&known| known.clone()).collect(),
        })
    }
}

/// Items by file, in order.
pub fn by_file(evidence: &[Evidence]) -> Vec<(&str, Vec<&str>)> {
    let mut files: Vec<(&str, Vec<&str>)> = Vec::new();
    for Evidence { path, item } in evidence {
        match files.iter_mut().find(|(file, _)| file == path) {
            Some((_, items)) => items.push(item),
            None => files.push((path, vec![item])),
        }
    }
    files
}

/// The name that comes closest to another, if one is close.
pub fn similar<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = names.map(|other| (strsim::jaro_winkler(name, other), other)).filter(|(likeness, _)| *likeness > 0.85);
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_needs_its_name_only() {
        let registry = Registry::parse("[[row]]\narea = 'a'\n", "r").unwrap();
        assert_eq!(registry.row("a").unwrap().kind, Kind::Patch);
        assert!(registry.row("a").unwrap().source.is_none());
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| Registry::parse(text, "registry.toml").unwrap_err().to_string();
        assert_eq!(error("[[row]]\narea = 'a'\n[[row]]\narea = 'a'\n"), "the registry has two rows `a`");
        let unknown = error("[[row]]\narea = 'a'\nowners = 'b'\n");
        assert!(unknown.contains("line 3") && unknown.contains("owners"), "{unknown}");
        assert!(error("[[row]]\narea = 'a'\nsize = 'XL'\n").contains("XL"));
        assert_eq!(error("[[row]]\narea = 'a b'\n"), "`a b` is no name for an area");
        assert_eq!(error("[[row]]\narea = ''\n"), "`` is no name for an area");
    }

    #[test]
    fn a_slip_is_understood() {
        let registry = Registry::parse("[[row]]\narea = 'xarray'\n[[row]]\narea = 'drm'\n", "r").unwrap();
        let error = registry.row("xaray").unwrap_err().to_string();
        assert_eq!(error, "the registry has no area `xaray`; is `xarray` meant?");
        assert_eq!(registry.row("DRM").unwrap().area, "drm");
        let error = registry.row("zzz").unwrap_err().to_string();
        assert_eq!(error, "the registry has no area `zzz`");
    }
}
