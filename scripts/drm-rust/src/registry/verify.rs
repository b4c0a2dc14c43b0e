// SPDX-License-Identifier: GPL-2.0-only

//! Looks for everything that rows claim.

use std::fmt;

use serde::Serialize;

use super::items::Found;
use super::model::{Evidence, Registry, Row, similar};
use super::proof::{self, Proof, Results, Tested};
use super::requires::Graph;
use super::status::{Held, Status, compute};
use super::tree::{Files, Place};
use crate::git::objects::ObjectError;
use crate::topic::Topics;

/// A claim that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lie {
    /// The row.
    pub area: String,
    /// The key, for example `evidence[0]`.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}\n    hint: {}", self.area, self.key, self.message, self.hint)
    }
}

/// A row and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct Checked<'a> {
    /// The row.
    #[serde(flatten)]
    pub row: &'a Row,
    /// Its status.
    pub status: Status,
    /// Where each piece of evidence was found.
    pub evidence_held: Vec<Held>,
    /// Where each item was found that topics carry.
    pub carried_held: Vec<Held>,
    /// What the latest runs say of its tests.
    pub tested: Vec<Tested>,
}

/// The registry and what was found.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// The rows, in order.
    pub rows: Vec<Checked<'a>>,
    /// What does not hold.
    pub lies: Vec<Lie>,
}

/// Looks for everything that the rows claim.
pub fn verify<'a>(
    registry: &'a Registry,
    topics: &Topics,
    files: &mut dyn Files,
    results: &Results,
) -> Result<Outcome<'a>, ObjectError> {
    let graph = Graph::new(registry);
    let mut checker = Checker { registry, topics, files, results, lies: Vec::new() };
    let mut rows = Vec::new();
    for row in &registry.rows {
        let evidence_held = checker.evidence(row)?;
        let carried_held = checker.carried(row)?;
        checker.headers(row)?;
        let tested = checker.tests(row)?;
        checker.requires(row, &graph);
        let status = compute(&evidence_held, &carried_held, !row.lacks.is_empty());
        rows.push(Checked { row, status, evidence_held, carried_held, tested });
    }
    Ok(Outcome { rows, lies: checker.lies })
}

struct Checker<'a> {
    registry: &'a Registry,
    topics: &'a Topics,
    files: &'a mut dyn Files,
    results: &'a Results,
    lies: Vec<Lie>,
}

impl Checker<'_> {
    fn lie(&mut self, row: &Row, key: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        let lie = Lie { area: row.area.clone(), key: key.into(), message: message.into(), hint: hint.into() };
        self.lies.push(lie);
    }

    fn evidence(&mut self, row: &Row) -> Result<Vec<Held>, ObjectError> {
        let mut held = Vec::new();
        for (i, evidence) in row.evidence.iter().enumerate() {
            match self.missing(&Place::Base, "the base", evidence)? {
                None => held.push(Held::Base),
                Some((message, hint)) => {
                    self.lie(row, format!("evidence[{i}]"), message, hint);
                    held.push(Held::Nowhere);
                }
            }
        }
        Ok(held)
    }

    /// What topics carry, which the base must not have.
    fn carried(&mut self, row: &Row) -> Result<Vec<Held>, ObjectError> {
        self.topic_names(row);
        let mut held = Vec::new();
        for (i, evidence) in row.carried.iter().enumerate() {
            let key = format!("carried[{i}]");
            if self.missing(&Place::Base, "the base", evidence)?.is_none() {
                let message = format!("the base has {} already", evidence.item);
                self.lie(row, key, message, "move it to `evidence`");
                held.push(Held::Base);
                continue;
            }
            let mut why = None;
            let mut found = false;
            for topic in &row.topics {
                // One that is not there has been told of already.
                let Some(manifest) = self.topics.get(topic) else { continue };
                if !manifest.paths().contains(evidence.path.as_str()) {
                    let hint = "name the topic whose file it is".to_owned();
                    why = why.or(Some((format!("no patch of {topic} is about {}", evidence.path), hint)));
                    continue;
                }
                let missing = self.missing(&Place::Topic(topic.clone()), topic.branch().as_str(), evidence)?;
                found |= missing.is_none();
                why = why.or(missing);
            }
            held.push(if found { Held::Topic } else { Held::Nowhere });
            if let (false, Some((message, hint))) = (found, why) {
                self.lie(row, key, message, hint);
            }
        }
        Ok(held)
    }

    fn topic_names(&mut self, row: &Row) {
        for (i, topic) in row.topics.iter().enumerate() {
            if let Some(manifest) = self.topics.get(topic) {
                let paths = manifest.paths();
                if !row.carried.iter().any(|carried| paths.contains(carried.path.as_str())) {
                    let message = format!("{topic} has no file that is named in `carried`");
                    self.lie(row, format!("topics[{i}]"), message, "name what it adds, or remove the topic");
                }
                continue;
            }
            let meant = similar(topic.as_str(), self.topics.keys().map(|name| name.as_str()));
            let hint = match meant {
                Some(name) => format!("is {name} meant?"),
                None => "`drm-rust topic list` shows the topics".into(),
            };
            self.lie(row, format!("topics[{i}]"), format!("there is no topic {topic}"), hint);
        }
        if row.topics.is_empty() && !row.carried.is_empty() {
            self.lie(row, "carried", "no topic carries it", "name the topic in `topics`");
        }
    }

    /// Why an item is not to be found, and a hint; None where it is.
    fn missing(
        &mut self,
        place: &Place,
        name: &str,
        Evidence { path, item }: &Evidence,
    ) -> Result<Option<(String, String)>, ObjectError> {
        let items = match self.files.items(place, path)? {
            None => {
                let hint = "look for its new place, or remove the evidence".to_owned();
                return Ok(Some((format!("{name} has no file {path}"), hint)));
            }
            Some(Err(error)) => {
                let hint =
                    "evidence is in Rust sources and Kconfig files; `rustfmt --check` tells where a source is wrong";
                let hint = hint.to_owned();
                return Ok(Some((format!("{path} of {name} cannot be parsed: {error}"), hint)));
            }
            Some(Ok(items)) => items,
        };
        Ok(match items.find(item) {
            Found::Public => None,
            Found::Private => {
                let hint = "others cannot use it: name what they use instead".to_owned();
                Some((format!("{item} is private in {path} of {name}"), hint))
            }
            Found::TextOnly => {
                let hint = "a comment, a macro's arguments, a private body or another type's method do not count; \
                            methods are Type::name";
                Some((format!("{path} of {name} mentions {item}, but has no such item"), hint.to_owned()))
            }
            Found::Absent(meant) => {
                let hint = match meant {
                    Some(other) => format!("is {other} meant?"),
                    None => "look for its new name or place, or remove the evidence".to_owned(),
                };
                Some((format!("{path} of {name} has no item {item}"), hint))
            }
        })
    }

    fn headers(&mut self, row: &Row) -> Result<(), ObjectError> {
        for (i, header) in row.headers.iter().enumerate() {
            let path = format!("include/{header}");
            if !self.files.exists(&Place::Base, &path)? {
                let message = format!("the base has no {path}");
                self.lie(row, format!("headers[{i}]"), message, "name headers as #include does");
            }
        }
        Ok(())
    }

    fn tests(&mut self, row: &Row) -> Result<Vec<Tested>, ObjectError> {
        for suite in &row.tests.kunit {
            if !self.declares(row, suite)? {
                let message = format!("no file of the row has the suite {suite}");
                let hint = "the suite is #[kunit_tests(NAME)] in a file of `evidence`, `carried` or of a topic";
                self.lie(row, "tests.kunit", message, hint);
            }
        }
        for path in &row.tests.doctest {
            if !path.starts_with("rust/kernel/") {
                let message = format!("no examples of {path} are built");
                self.lie(row, "tests.doctest", message, "those of the kernel crate are: name a file of rust/kernel/");
            } else if !self.has_doctest(row, path)? {
                let message = format!("{path} has no example that runs");
                self.lie(row, "tests.doctest", message, "name a file of the base or of a topic of the row");
            }
        }
        for name in &row.tests.igt {
            self.igt(row, name)?;
        }
        for name in row.tests.boot.iter().filter(|name| !proof::is_arch(name)) {
            let message = format!("there is no architecture {name}");
            self.lie(row, "tests.boot", message, "`drm-rust build --help` shows the architectures");
        }
        let tested = self.results.of(&row.tests);
        for Tested { kind, name, proof } in &tested {
            let (message, hint) = match proof {
                Proof::Failed(kernels) => {
                    let message = format!("{name} failed in the latest run: {}", kernels.join(", "));
                    (message, "run it again with `drm-rust test` or `drm-rust igt`")
                }
                Proof::Absent(kernels) => {
                    let message = format!("{name} is not in the latest run: {}", kernels.join(", "));
                    (message, "turn its symbol on in arch/um/configs/drm_rust_defconfig")
                }
                Proof::Passed(_) | Proof::Stale(_) | Proof::Unproven => continue,
            };
            self.lie(row, format!("tests.{kind}"), message, hint);
        }
        Ok(tested)
    }

    /// A test of IGT must be there, and so must the driver.
    fn igt(&mut self, row: &Row, name: &str) -> Result<(), ObjectError> {
        let Some((driver, list)) = name.split_once(':') else {
            self.lie(row, "tests.igt", format!("`{name}` is no DRIVER:LIST"), "write it as rvkms:smoke");
            return Ok(());
        };
        let folder = format!("drivers/gpu/drm/{driver}/Kconfig");
        let mut is_driver = false;
        for place in Checker::places(row) {
            is_driver |= self.files.exists(&place, &folder)?;
        }
        if !is_driver {
            let message = format!("`{name}`: there is no {folder}");
            self.lie(row, "tests.igt", message, "name a driver of the base or of a topic of the row");
        }
        if let Some(error) = proof::igt_error(list, &self.results.lists, self.results.catalogue.as_ref()) {
            let hint = "name a list of scripts/drm-rust/igt/ or tests, as in rvkms:smoke or rvkms:kms_flip";
            self.lie(row, "tests.igt", format!("`{name}`: {error}"), hint);
        }
        Ok(())
    }

    /// The places in which files of a row can be.
    fn places(row: &Row) -> Vec<Place> {
        std::iter::once(Place::Base).chain(row.topics.iter().cloned().map(Place::Topic)).collect()
    }

    fn declares(&mut self, row: &Row, suite: &str) -> Result<bool, ObjectError> {
        let evidence = row.evidence.iter().chain(&row.carried).map(|evidence| evidence.path.as_str());
        let of_topics = row.topics.iter().filter_map(|topic| self.topics.get(topic)).flat_map(|topic| topic.files());
        let paths: Vec<&str> = evidence.chain(of_topics).filter(|path| path.ends_with(".rs")).collect();
        for place in Checker::places(row) {
            for path in &paths {
                if let Some(Ok(items)) = self.files.items(&place, path)?
                    && items.suites.contains(suite)
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn has_doctest(&mut self, row: &Row, path: &str) -> Result<bool, ObjectError> {
        for place in Checker::places(row) {
            if let Some(Ok(items)) = self.files.items(&place, path)?
                && items.has_doctest()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn requires(&mut self, row: &Row, graph: &Graph<'_>) {
        for (i, area) in row.requires.iter().enumerate() {
            if self.registry.rows.iter().any(|other| other.area == *area) {
                continue;
            }
            let meant = similar(area, self.registry.rows.iter().map(|other| other.area.as_str()));
            let hint = match meant {
                Some(name) => format!("is {name} meant?"),
                None => "`drm-rust registry list` shows the areas".into(),
            };
            self.lie(row, format!("requires[{i}]"), format!("there is no area {area}"), hint);
        }
        // A circle is told once: at its first row by name.
        if let Some(circle) = graph.circle(&row.area)
            && circle.iter().min() == Some(&row.area.as_str())
        {
            let message = format!("requires itself: {}", circle.join(" -> "));
            self.lie(row, "requires", message, "remove the requirement that is not needed first");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::testing::Memory;
    use super::*;
    use crate::latest::Found;
    use crate::topic::manifest::Manifest;

    fn topics() -> Topics {
        let text = "title = 'T'\nsummary = 'S'\nauthor = 'A <a@b.example>'\n[[patch]]\nsubject = 'a: b'\n\
                    date = 2026-01-01T00:00:00Z\nfiles = ['rust/kernel/new.rs']\n";
        Topics::from([("rust/alpha".parse().unwrap(), Manifest::parse(text).unwrap())])
    }

    fn files() -> Memory {
        let alpha = "//! ```\n//! ```\n// Spoken of.\npub struct Alpha;\nstruct Beta;\n";
        let new = "pub struct New;\n#[kunit_tests(rust_new)]\nmod tests {}\n";
        Memory::default()
            .base("rust/kernel/alpha.rs", alpha)
            .base("rust/kernel/broken.rs", "pub fn (")
            .base("rust/macros/lib.rs", "//! ```\n//! ```\n")
            .base("include/linux/alpha.h", "")
            .base("drivers/gpu/drm/vkms/Kconfig", "config DRM_VKMS\n")
            .topic("rust/alpha", "rust/kernel/alpha.rs", alpha)
            .topic("rust/alpha", "rust/kernel/new.rs", new)
    }

    /// The statuses and the lies of rows.
    fn told(rows: &str) -> String {
        let registry = Registry::parse(rows, "r").unwrap();
        let lists = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("igt");
        let results = Results { lists, ..Results::default() };
        let outcome = verify(&registry, &topics(), &mut files(), &results).unwrap();
        let status = outcome.rows.iter().map(|checked| format!("{} {}\n", checked.row.area, checked.status));
        status.chain(outcome.lies.iter().map(|lie| format!("{lie}\n"))).collect()
    }

    #[test]
    fn claims_that_hold() {
        insta::assert_snapshot!(told("
            [[row]]
            area = 'whole'
            evidence = [{ path = 'rust/kernel/alpha.rs', item = 'Alpha' }]
            headers = ['linux/alpha.h']
            tests = { doctest = ['rust/kernel/alpha.rs'], boot = ['um'], igt = ['vkms:smoke'] }
            [[row]]
            area = 'ours'
            requires = ['whole']
            topics = ['rust/alpha']
            carried = [{ path = 'rust/kernel/new.rs', item = 'New' }]
            tests = { kunit = ['rust_new'] }
            [[row]]
            area = 'nothing'
            requires = ['ours', 'whole']
        "), @"
        whole upstream
        ours carried
        nothing wanted
        ");
    }

    #[test]
    fn evidence_that_does_not_hold() {
        insta::assert_snapshot!(told("
            [[row]]
            area = 'a'
            evidence = [
                { path = 'rust/kernel/gone.rs', item = 'Alpha' },
                { path = 'rust/kernel/alpha.rs', item = 'Beta' },
                { path = 'rust/kernel/alpha.rs', item = 'Spoken' },
                { path = 'rust/kernel/alpha.rs', item = 'Alpah' },
                { path = 'rust/kernel/broken.rs', item = 'Alpha' },
                { path = 'rust/kernel/new.rs', item = 'New' },
            ]
            headers = ['linux/beta.h']
        "), @"
        a wanted
        a: evidence[0]: the base has no file rust/kernel/gone.rs
            hint: look for its new place, or remove the evidence
        a: evidence[1]: Beta is private in rust/kernel/alpha.rs of the base
            hint: others cannot use it: name what they use instead
        a: evidence[2]: rust/kernel/alpha.rs of the base mentions Spoken, but has no such item
            hint: a comment, a macro's arguments, a private body or another type's method do not count; methods are Type::name
        a: evidence[3]: rust/kernel/alpha.rs of the base has no item Alpah
            hint: is Alpha meant?
        a: evidence[4]: rust/kernel/broken.rs of the base cannot be parsed: cannot parse string into token stream
            hint: evidence is in Rust sources and Kconfig files; `rustfmt --check` tells where a source is wrong
        a: evidence[5]: the base has no file rust/kernel/new.rs
            hint: look for its new place, or remove the evidence
        a: headers[0]: the base has no include/linux/beta.h
            hint: name headers as #include does
        ");
    }

    #[test]
    fn what_topics_do_not_carry() {
        insta::assert_snapshot!(told("
            [[row]]
            area = 'known'
            topics = ['rust/alpha']
            carried = [
                { path = 'rust/kernel/alpha.rs', item = 'Alpha' },
                { path = 'rust/kernel/new.rs', item = 'Newer' },
            ]
            [[row]]
            area = 'unknown'
            topics = ['rust/alhpa']
            [[row]]
            area = 'nobody'
            carried = [{ path = 'rust/kernel/new.rs', item = 'New' }]
        "), @"
        known partial
        unknown wanted
        nobody wanted
        known: carried[0]: the base has Alpha already
            hint: move it to `evidence`
        known: carried[1]: rust/kernel/new.rs of topic/rust/alpha has no item Newer
            hint: is New meant?
        unknown: topics[0]: there is no topic rust/alhpa
            hint: is rust/alpha meant?
        nobody: carried: no topic carries it
            hint: name the topic in `topics`
        ");
    }

    #[test]
    fn tests_and_requirements_that_are_not_there() {
        insta::assert_snapshot!(told("
            [[row]]
            area = 'alpha'
            evidence = [{ path = 'rust/kernel/alpha.rs', item = 'Alpha' }]
            tests = { kunit = ['rust_old'], doctest = ['rust/kernel/new.rs', 'rust/macros/lib.rs'],
                      igt = ['vkms:smoek', 'vkmz:smoke', 'smoke'], boot = ['arm65'] }
            requires = ['beta', 'apha']
            [[row]]
            area = 'beta'
            requires = ['gamma']
            [[row]]
            area = 'gamma'
            requires = ['alpha']
        "), @"
        alpha upstream
        beta wanted
        gamma wanted
        alpha: tests.kunit: no file of the row has the suite rust_old
            hint: the suite is #[kunit_tests(NAME)] in a file of `evidence`, `carried` or of a topic
        alpha: tests.doctest: rust/kernel/new.rs has no example that runs
            hint: name a file of the base or of a topic of the row
        alpha: tests.doctest: no examples of rust/macros/lib.rs are built
            hint: those of the kernel crate are: name a file of rust/kernel/
        alpha: tests.igt: `vkms:smoek`: there is no list smoek in scripts/drm-rust/igt/
            hint: name a list of scripts/drm-rust/igt/ or tests, as in rvkms:smoke or rvkms:kms_flip
        alpha: tests.igt: `vkmz:smoke`: there is no drivers/gpu/drm/vkmz/Kconfig
            hint: name a driver of the base or of a topic of the row
        alpha: tests.igt: `smoke` is no DRIVER:LIST
            hint: write it as rvkms:smoke
        alpha: tests.boot: there is no architecture arm65
            hint: `drm-rust build --help` shows the architectures
        alpha: requires[1]: there is no area apha
            hint: is alpha meant?
        alpha: requires: requires itself: alpha -> beta -> gamma -> alpha
            hint: remove the requirement that is not needed first
        ");
    }

    #[test]
    fn a_test_that_fails_proves_the_contrary() {
        let rows = "[[row]]\narea = 'a'\ntopics = ['rust/alpha']\ntests = { kunit = ['rust_new'] }\n\
                    carried = [{ path = 'rust/kernel/new.rs', item = 'New' }]\n";
        let registry = Registry::parse(rows, "r").unwrap();
        let report = |status: &str| {
            let suite = format!(r#"{{"name":"rust_new","status":"{status}","seconds":0}}"#);
            let text = format!(
                r#"{{"arch":"um","seconds":0,"totals":{{"pass":0,"skip":0,"fail":0,"crash":0}},"errors":[],
                "splats":[],"last_lines":[],"suites":[{suite}]}}"#
            );
            let report = serde_json::from_str(&text).unwrap();
            let (kernel, time) = ("um".into(), jiff::Timestamp::UNIX_EPOCH);
            Results { kunit: vec![Found { kernel, time, current: true, report }], ..Results::default() }
        };
        let lies = |status: &str| verify(&registry, &topics(), &mut files(), &report(status)).unwrap().lies;
        assert_eq!(lies("pass"), []);
        assert_eq!(lies("fail")[0].message, "rust_new failed in the latest run: um");
        let mut other = report("pass");
        other.kunit[0].report.suites[0].name = "rust_newer".into();
        let lies = verify(&registry, &topics(), &mut files(), &other).unwrap().lies;
        assert_eq!(lies[0].message, "rust_new is not in the latest run: um");
    }
}
