// SPDX-License-Identifier: GPL-2.0-only

//! The latest results below `build/`: what `test` and `igt` have written for each kernel.

mod present;

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::git::Oid;
use crate::igt::compare::REFERENCE;
use crate::kernel::arch::ARCHES;
use crate::kernel::variant::Variant;
use crate::{igt, kunit};
pub use present::Present;

/// A run that has left results.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// The build folder: architecture and variant.
    pub kernel: String,
    /// When it ended.
    pub time: Timestamp,
    /// Whether it ran the code that there is now.
    pub current: bool,
    /// What it has shown.
    pub report: T,
}

/// Results that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The build folder: architecture and variant.
    pub kernel: String,
    /// The file, below the checkout.
    pub file: String,
    /// What is wrong with it.
    pub error: String,
}

/// What a run writes down.
trait Report: DeserializeOwned {
    /// The tree that it ran.
    fn tree(&self) -> Option<Oid>;
    /// When it ended.
    fn time(&self) -> Option<Timestamp>;
}

impl Report for kunit::Report {
    fn tree(&self) -> Option<Oid> {
        self.tree
    }

    fn time(&self) -> Option<Timestamp> {
        self.time
    }
}

impl Report for igt::Report {
    fn tree(&self) -> Option<Oid> {
        self.tree
    }

    fn time(&self) -> Option<Timestamp> {
        self.time
    }
}

/// Tells whether a tree has the code that there is now.
pub type IsCurrent<'a> = &'a mut dyn FnMut(Option<Oid>) -> bool;

/// All results of a kind, in the order of the architectures.
pub type Latest<T> = Vec<Result<Found<T>, Damaged>>;

/// The build folders of all architectures and variants, each with whether it is the plain one.
pub fn kernels() -> impl Iterator<Item = (String, bool)> {
    ARCHES.iter().flat_map(|arch| {
        Variant::NAMED.iter().map(|(_, variant)| match variant.suffix() {
            None => (arch.name.to_owned(), true),
            Some(suffix) => (format!("{}-{suffix}", arch.name), false),
        })
    })
}

/// KUnit's results, one for each kernel that ran.
pub fn kunit(build: &Path, is_current: IsCurrent<'_>) -> Latest<kunit::Report> {
    kernels().filter_map(|(kernel, _)| read(build, &kernel, "kunit.json".as_ref(), is_current)).collect()
}

/// IGT's results, one for each driver of each kernel that ran.
pub fn igt(build: &Path, is_current: IsCurrent<'_>) -> Latest<igt::Report> {
    let files = |kernel: &str| {
        let entries = fs::read_dir(build.join(kernel).join("igt")).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| Path::new("igt").join(entry.file_name())).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        files
    };
    let of_kernel = |(kernel, _): (String, bool)| {
        let found: Vec<_> = files(&kernel).iter().filter_map(|file| read(build, &kernel, file, is_current)).collect();
        found
    };
    kernels().flat_map(of_kernel).collect()
}

/// The run of the driver that others are measured against, on the same kernel; none for that driver itself.
pub fn reference<'a>(runs: &'a [Found<igt::Report>], run: &Found<igt::Report>) -> Option<&'a Found<igt::Report>> {
    let is_it = |other: &&Found<igt::Report>| other.kernel == run.kernel && other.report.driver == REFERENCE;
    runs.iter().find(is_it).filter(|_| run.report.driver != REFERENCE)
}

/// A file of results; none where there is no such file.
fn read<T: Report>(
    build: &Path,
    kernel: &str,
    file: &Path,
    is_current: IsCurrent<'_>,
) -> Option<Result<Found<T>, Damaged>> {
    let path = build.join(kernel).join(file);
    let text = fs::read(&path).ok()?;
    let kernel = kernel.to_owned();
    Some(match serde_json::from_slice::<T>(&text) {
        Ok(report) => {
            let time = report.time().or_else(|| modified(&path)).unwrap_or_default();
            Ok(Found { kernel, time, current: is_current(report.tree()), report })
        }
        Err(error) => {
            let file = Path::new("build").join(&kernel).join(file).display().to_string();
            Err(Damaged { kernel, file, error: error.to_string() })
        }
    })
}

/// What a file's time says of results that do not tell theirs.
fn modified(path: &Path) -> Option<Timestamp> {
    Timestamp::try_from(fs::metadata(path).ok()?.modified().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_tell_when_they_ended() {
        let build = tempfile::tempdir().unwrap();
        let path = build.path().join("um/kunit.json");
        let time = |more: &str| {
            let totals = r#""totals":{"pass":0,"skip":0,"fail":0,"crash":0}"#;
            let rest = r#""seconds":1,"errors":[],"splats":[],"last_lines":[],"suites":[]"#;
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, format!(r#"{{"arch":"um",{more}{totals},{rest}}}"#)).unwrap();
            kunit(build.path(), &mut |_| false).remove(0).unwrap().time
        };
        let told: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(time(r#""time":"2026-01-02T03:04:05Z","#), told);
        assert!(time("") > told, "the file's, which is new");
    }

    #[test]
    fn results_are_found_by_kernel_and_damaged_ones_are_told() {
        let build = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = build.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let totals = r#""totals":{"pass":0,"skip":0,"fail":0,"crash":0}"#;
        let empty = r#""seconds":1,"errors":[],"splats":[]"#;
        write("um/kunit.json", &format!(r#"{{"arch":"um",{empty},{totals},"last_lines":[],"suites":[]}}"#));
        write("um-debug/kunit.json", "{");
        write("um/igt/vkms.json", &format!(r#"{{"driver":"vkms","igt":"2",{empty},"deaths":[],"subtests":[]}}"#));
        write("um/igt/vkms.xml", "<x/>");
        write("elsewhere/kunit.json", "{");

        let told: Vec<_> = kunit(build.path(), &mut |_| false)
            .into_iter()
            .map(|found| found.map_or_else(|d| format!("{}: {}", d.file, d.kernel), |f| f.kernel))
            .collect();
        assert_eq!(told, ["um", "build/um-debug/kunit.json: um-debug"]);
        let igt = igt(build.path(), &mut |tree| tree.is_none());
        assert!(
            matches!(&igt[..], [Ok(Found { kernel, current: true, report, .. })] if kernel == "um" && report.driver == "vkms")
        );
    }
}
