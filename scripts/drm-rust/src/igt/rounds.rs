// SPDX-License-Identifier: GPL-2.0-only

//! What is left to run after a kernel has ended.

use std::collections::BTreeMap;

use super::console::Console;
use super::lists::Test;
use super::results::{Status, Subtest};

/// A run's tests and their results so far.
#[derive(Debug)]
pub struct Rounds {
    tests: Vec<Test>,
    results: BTreeMap<String, Subtest>,
    /// Tests that cannot get any further, and why.
    stuck: BTreeMap<String, String>,
}

impl Rounds {
    /// A run that has not begun.
    pub fn new(tests: Vec<Test>) -> Rounds {
        Rounds { tests, results: BTreeMap::new(), stuck: BTreeMap::new() }
    }

    /// The tests that have subtests without a result.
    pub fn left(&self) -> Vec<Test> {
        let is_left = |test: &&Test| !self.stuck.contains_key(&test.name);
        let left = self.tests.iter().filter(is_left).filter_map(|test| {
            let ended = |subtest: &String| self.results.contains_key(&format!("{}@{subtest}", test.name));
            let subtests: Vec<_> = test.subtests.iter().filter(|subtest| !ended(subtest)).cloned().collect();
            let whole = test.subtests.is_empty() && !self.results.contains_key(&test.name);
            (whole || !subtests.is_empty()).then(|| Test { name: test.name.clone(), subtests })
        });
        left.collect()
    }

    /// Takes the results of a round: of its runner, and of its console. A test that was started and has nothing new
    /// will have nothing new next time.
    pub fn take(&mut self, found: Vec<Subtest>, console: &Console, death: Option<&str>) {
        let before = self.left();
        // IGT gives results in lower case, whatever the names are.
        let wanted = |lower: &str| self.tests.iter().find(|test| test.name.eq_ignore_ascii_case(lower));
        for mut subtest in found {
            // A test that could not begin has a result for itself; its subtests say the same.
            let Some(test) = wanted(subtest.test()) else { continue };
            let name = test.names().into_iter().find(|name| name.eq_ignore_ascii_case(&subtest.name));
            subtest.name = name.unwrap_or(subtest.name);
            self.results.entry(subtest.name.clone()).or_insert(subtest);
        }
        if let (Some(death), Some(name)) = (death, &console.running)
            && name.contains('@')
        {
            let why = format!("the kernel {death}");
            let entry = self.results.entry(name.clone());
            let subtest = entry.or_insert_with(|| Subtest::bare(name, Status::Incomplete, &why));
            subtest.status = Status::Incomplete;
            subtest.reason = Some(why);
        }
        let after = self.left();
        for test in before.iter().filter(|test| console.started.contains(&test.name) && after.contains(test)) {
            let of_death = death.filter(|_| console.running.as_deref() == Some(&test.name));
            let why = of_death.map_or("the test ended before it".into(), |death| format!("the kernel {death}"));
            self.stuck.insert(test.name.clone(), why);
        }
    }

    /// All results, in the order in which they were asked for.
    pub fn finish(mut self) -> Vec<Subtest> {
        let mut subtests = Vec::new();
        for test in &self.tests {
            let why = self.stuck.get(&test.name).map_or("too many kernels died before it", String::as_str);
            for name in test.names() {
                let found = self.results.remove(&name);
                subtests.push(found.unwrap_or_else(|| Subtest::bare(&name, Status::NotRun, why)));
            }
            // What the test says of itself, besides its subtests.
            let own = self.results.remove(&test.name);
            subtests.extend(own.filter(|own| own.status.is_bad()));
        }
        subtests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_found_whatever_their_case() {
        let test = Test { name: "kms_colorop".into(), subtests: vec!["plane-XR24-bypass".into()] };
        let mut rounds = Rounds::new(vec![test]);
        let found = Subtest::bare("kms_colorop@plane-xr24-bypass", Status::Pass, "");
        rounds.take(vec![found], &Console::default(), None);

        assert_eq!(rounds.left(), []);
        let subtests = rounds.finish();
        assert_eq!(subtests.len(), 1);
        assert_eq!((&*subtests[0].name, subtests[0].status), ("kms_colorop@plane-XR24-bypass", Status::Pass));
    }
}
