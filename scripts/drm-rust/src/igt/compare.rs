// SPDX-License-Identifier: GPL-2.0-only

//! Two drivers, subtest by subtest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::results::Status;
use super::{Death, Report};

/// The driver that others are measured against where nobody says another one.
pub const REFERENCE: &str = "vkms";

/// How a subtest ended with each driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// `test@subtest`.
    pub name: String,
    /// With the driver.
    pub status: Status,
    /// With the one that it is measured against.
    pub reference: Status,
}

impl Row {
    /// Whether the driver does worse.
    pub fn is_worse(&self) -> bool {
        self.status > self.reference
    }
}

/// The subtests of both, in the order of the first. What one of them lacks never ran there.
pub fn rows(report: &Report, reference: &Report) -> Vec<Row> {
    let mut others: BTreeMap<_, _> =
        reference.subtests.iter().map(|subtest| (subtest.name.as_str(), subtest.status)).collect();
    let row = |name: &str, status, reference| Row { name: name.to_owned(), status, reference };
    let both = report.subtests.iter().map(|subtest| {
        let other = others.remove(subtest.name.as_str()).unwrap_or(Status::NotRun);
        row(&subtest.name, subtest.status, other)
    });
    let mut rows: Vec<_> = both.collect();
    rows.extend(others.into_iter().map(|(name, status)| row(name, Status::NotRun, status)));
    rows
}

/// Takes over what a second run of the worse rows has shown, and names the rows that were not worse any more. Some
/// tests measure times, and fail now and then with any driver.
pub fn settle(first: [&mut Report; 2], again: [&Report; 2]) -> Vec<String> {
    let fine: Vec<_> = rows(again[0], again[1]).into_iter().filter(|row| !row.is_worse()).map(|row| row.name).collect();
    for (first, again) in first.into_iter().zip(again) {
        for subtest in &mut first.subtests {
            let new = again.subtests.iter().find(|new| new.name == subtest.name && fine.contains(&new.name));
            if let Some(new) = new {
                *subtest = new.clone();
            }
        }
    }
    fine
}

/// Where a driver does worse, a line for each: in its subtests, where the kernel dies or reports a mistake of its own
/// outside of subtests, or because nothing passes with it.
pub fn worse(rows: &[Row], report: &Report) -> Vec<String> {
    let of_row = |row: &Row| format!("{}: {}, not {}", row.name, row.status.name(), row.reference.name());
    let subtests = rows.iter().filter(|row| row.is_worse()).map(of_row);
    let outside = report.unknown_splats().filter(|splat| splat.test.is_none());
    let outside = outside.map(|splat| format!("outside of tests: {}", splat.line));
    // A row tells of a death in its subtest. In a test with subtests, the kernel died between or after them.
    let is_row = |name: &str| {
        let has_subtests = |row: &Row| row.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('@'));
        rows.iter().any(|row| row.name == name) && !rows.iter().any(has_subtests)
    };
    let deaths = report.deaths.iter().filter(|death| !death.test.as_deref().is_some_and(is_row)).map(Death::line);
    let none = !report.subtests.iter().any(|subtest| subtest.status < Status::Skip);
    subtests.chain(deaths).chain(outside).chain(none.then(|| "no subtest passed".to_owned())).collect()
}

/// The table for a person: every row, or those that differ.
pub fn table(rows: &[Row], names: [&str; 2], all: bool) -> String {
    let shown: Vec<_> = rows.iter().filter(|row| all || row.status != row.reference).collect();
    if shown.is_empty() {
        return format!("{} and {} do not differ in {} subtests\n", names[0], names[1], rows.len());
    }
    let width = shown.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let mut text = format!("{:width$}  {:10}  {:10}\n", "", names[0], names[1]);
    for row in shown {
        let mark = match row.status.cmp(&row.reference) {
            std::cmp::Ordering::Greater => "worse",
            std::cmp::Ordering::Less => "better",
            std::cmp::Ordering::Equal => "",
        };
        let line = format!("{:width$}  {:10}  {:10}  {mark}", row.name, row.status.name(), row.reference.name());
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::results::Subtest;
    use super::*;

    fn report(driver: &str, statuses: &[(&str, Status)]) -> Report {
        Report {
            driver: driver.into(),
            igt: "2.5".into(),
            seconds: 1.0,
            subtests: statuses.iter().map(|(name, status)| Subtest::bare(name, *status, "why")).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn only_what_is_worse_twice_is_worse() {
        let all = [("a@1", Status::Fail), ("a@2", Status::Fail), ("a@3", Status::Pass)];
        let mut ours = report("ours", &all);
        let mut theirs = report("theirs", &[("a@1", Status::Pass), ("a@2", Status::Pass), ("a@3", Status::Pass)]);
        // The second time, one is as bad as before, and the other one fails with both.
        let ours_again = report("ours", &[("a@1", Status::Fail), ("a@2", Status::Fail)]);
        let theirs_again = report("theirs", &[("a@1", Status::Pass), ("a@2", Status::Fail)]);

        let fine = settle([&mut ours, &mut theirs], [&ours_again, &theirs_again]);
        assert_eq!(fine, ["a@2"]);
        let rows = rows(&ours, &theirs);
        assert_eq!(worse(&rows, &ours), ["a@1: fail, not pass"]);
        assert_eq!(rows[1].reference, Status::Fail);
    }

    #[test]
    fn a_kernel_that_dies_outside_of_subtests_is_worse() {
        let died_in = |test: Option<&str>| {
            let mut ours = report("ours", &[("a@1", Status::Pass), ("a@2", Status::Incomplete), ("b", Status::NotRun)]);
            let test = test.map(str::to_owned);
            ours.deaths = vec![Death { test, what: "hung".into(), last_lines: Vec::new() }];
            worse(&rows(&ours, &ours), &ours)
        };
        assert_eq!(died_in(None), ["outside of tests: the kernel hung"]);
        assert_eq!(died_in(Some("a")), ["a: the kernel hung"]);
        // The other driver does the same there.
        assert!(died_in(Some("a@2")).is_empty() && died_in(Some("b")).is_empty());
    }
}
