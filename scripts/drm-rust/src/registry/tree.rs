// SPDX-License-Identifier: GPL-2.0-only

//! The files that evidence is looked for in.

use std::collections::{BTreeMap, HashMap};

use super::items::{self, Items};
use crate::git::objects::{ObjectError, Objects};
use crate::git::treeobj::{self, Mode};
use crate::git::{BranchName, Oid, Repo, TopicName};

/// A branch that has files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// The base.
    Base,
    /// A topic.
    Topic(TopicName),
}

/// Gives the files of branches.
pub trait Files {
    /// What a file has; None where there is no such file. The inner error is the parser's.
    fn items(&mut self, place: &Place, path: &str) -> Result<Option<&Parsed>, ObjectError>;

    /// Whether there is such a file.
    fn exists(&mut self, place: &Place, path: &str) -> Result<bool, ObjectError>;
}

/// A file that was read, or what the parser says of it.
pub type Parsed = Result<Items, String>;

/// The branches of `linux/`.
pub struct Branches {
    objects: Objects,
    trees: BTreeMap<Place, Oid>,
    parsed: HashMap<(Oid, String), Parsed>,
}

impl Branches {
    /// The branches of a repository. Those that are not there have no files.
    pub fn open(repo: &Repo) -> Result<Branches, ObjectError> {
        let mut objects = Objects::new(repo);
        let mut trees = BTreeMap::new();
        for (name, commit) in repo.view()? {
            let place = match name.topic() {
                Some(topic) => Place::Topic(topic),
                None if name == BranchName::base() => Place::Base,
                None => continue,
            };
            trees.insert(place, objects.tree_of(commit)?);
        }
        Ok(Branches { objects, trees, parsed: HashMap::new() })
    }

    fn lookup(&mut self, place: &Place, path: &str) -> Result<Option<Oid>, ObjectError> {
        let Some(&tree) = self.trees.get(place) else { return Ok(None) };
        let found = treeobj::lookup(&mut self.objects, tree, path)?;
        Ok(found.filter(|(mode, _)| matches!(mode, Mode::File | Mode::Executable)).map(|(_, oid)| oid))
    }
}

impl Files for Branches {
    fn items(&mut self, place: &Place, path: &str) -> Result<Option<&Parsed>, ObjectError> {
        let Some(oid) = self.lookup(place, path)? else { return Ok(None) };
        // How a file is read depends on its path, too.
        let key = (oid, path.to_owned());
        if !self.parsed.contains_key(&key) {
            let text = String::from_utf8_lossy(&self.objects.blob(oid)?).into_owned();
            self.parsed.insert(key.clone(), items::parse(path, &text));
        }
        Ok(self.parsed.get(&key))
    }

    fn exists(&mut self, place: &Place, path: &str) -> Result<bool, ObjectError> {
        Ok(self.lookup(place, path)?.is_some())
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! Files in memory.

    use super::*;

    /// Files by place and path.
    #[derive(Default)]
    pub(crate) struct Memory(BTreeMap<(Place, String), Parsed>);

    impl Memory {
        pub(crate) fn base(mut self, path: &str, text: &str) -> Self {
            self.0.insert((Place::Base, path.to_owned()), items::parse(path, text));
            self
        }

        pub(crate) fn topic(mut self, topic: &str, path: &str, text: &str) -> Self {
            self.0.insert((Place::Topic(topic.parse().unwrap()), path.to_owned()), items::parse(path, text));
            self
        }
    }

    impl Files for Memory {
        fn items(&mut self, place: &Place, path: &str) -> Result<Option<&Parsed>, ObjectError> {
            Ok(self.0.get(&(place.clone(), path.to_owned())))
        }

        fn exists(&mut self, place: &Place, path: &str) -> Result<bool, ObjectError> {
            Ok(self.0.contains_key(&(place.clone(), path.to_owned())))
        }
    }
}
