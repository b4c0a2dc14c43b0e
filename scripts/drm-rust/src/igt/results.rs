// SPDX-License-Identifier: GPL-2.0-only

//! How subtests ended, as `igt_runner` writes it down in `results.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::kunit::known::Known;
use crate::visible::cut;

/// The largest results that are read (bytes): those of all of IGT are a tenth of it.
pub const LARGEST: u64 = 256 << 20;
/// What is kept of a line (bytes).
const LINE: usize = 2048;

/// Lines of a subtest's output to keep.
const LOG_LINES: usize = 40;

/// How a subtest ended, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As it should.
    Pass,
    /// As it should, with a warning of its own.
    Warn,
    /// As it should, while the kernel logged a warning.
    DmesgWarn,
    /// It chose not to run.
    Skip,
    /// An expectation failed.
    Fail,
    /// An expectation failed, and the kernel logged a warning.
    DmesgFail,
    /// It ran into its time limit.
    Timeout,
    /// A signal ended it.
    Crash,
    /// It found the machine in a state in which no test can run.
    Abort,
    /// The kernel died or hung in it.
    Incomplete,
    /// It was asked for and never began.
    #[serde(rename = "notrun")]
    NotRun,
}

impl Status {
    /// Whether this makes a run fail.
    pub fn is_bad(self) -> bool {
        self >= Status::Fail
    }

    /// IGT's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Warn => "warn",
            Status::DmesgWarn => "dmesg-warn",
            Status::Skip => "skip",
            Status::Fail => "fail",
            Status::DmesgFail => "dmesg-fail",
            Status::Timeout => "timeout",
            Status::Crash => "crash",
            Status::Abort => "abort",
            Status::Incomplete => "incomplete",
            Status::NotRun => "notrun",
        }
    }
}

/// A subtest that ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subtest {
    /// `test@subtest`, or `test` where it has no subtests.
    pub name: String,
    /// How.
    pub status: Status,
    /// After how long (seconds).
    pub seconds: f64,
    /// What it requires and did not find, where it chose not to run; why it passes in spite of a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it and the kernel said, where something is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

impl Subtest {
    /// The test that it belongs to.
    pub fn test(&self) -> &str {
        self.name.split('@').next().unwrap_or(&self.name)
    }

    /// Lets a subtest pass whose only fault is that the kernel warned of what is known of the base.
    pub fn excuse(&mut self, known: &Known) {
        let warnings = self.log.iter().map(String::as_str).filter(|line| is_warning(line));
        let why = known.warning(&self.name, warnings).filter(|_| self.status == Status::DmesgWarn);
        if let Some(why) = why {
            self.reason = Some(format!("known to warn: {why}"));
            self.status = Status::Pass;
        }
    }

    /// A subtest of which only this is known.
    pub fn bare(name: &str, status: Status, why: &str) -> Subtest {
        Subtest { name: name.to_owned(), status, seconds: 0.0, reason: Some(why.to_owned()), log: Vec::new() }
    }
}

/// `results.json` is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// No JSON, or other fields than are known.
    #[error("the results of igt_runner are not well-formed")]
    Syntax(#[from] serde_json::Error),
    /// More than a run can have.
    #[error("the results of igt_runner have more than {LARGEST} bytes")]
    TooLarge,
}

/// Text of a test, which may write any bytes: IGT passes them on.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyBytes;
        impl Visitor<'_> for AnyBytes {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        deserializer.deserialize_bytes(AnyBytes)
    }
}

#[derive(Deserialize)]
struct Document {
    tests: BTreeMap<Text, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    result: Status,
    #[serde(default)]
    time: Time,
    #[serde(default)]
    out: Text,
    #[serde(default)]
    err: Text,
    #[serde(default)]
    dmesg: Text,
}

#[derive(Default, Deserialize)]
struct Time {
    #[serde(default)]
    start: f64,
    #[serde(default)]
    end: f64,
}

/// Reads `results.json`. What never began is left out.
pub fn read(bytes: impl AsRef<[u8]>) -> Result<Vec<Subtest>, ResultsError> {
    let bytes = bytes.as_ref();
    if bytes.len() as u64 > LARGEST {
        return Err(ResultsError::TooLarge);
    }
    let document: Document = serde_json::from_slice(bytes)?;
    let ended = document.tests.into_iter().filter(|(_, entry)| entry.result != Status::NotRun);
    Ok(ended.map(|(name, entry)| subtest(&name.0, &entry)).collect())
}

/// Reads a file that the kernel has written, whatever it is; nothing where there is none.
pub(super) fn load(path: &Path) -> Option<Result<Vec<Subtest>, ResultsError>> {
    // A link would lead out of the folder.
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
    Some(read(&bytes))
}

fn subtest(name: &str, entry: &Entry) -> Subtest {
    let clean = matches!(entry.result, Status::Pass | Status::Skip);
    Subtest {
        name: name.strip_prefix("igt@").unwrap_or(name).to_owned(),
        status: entry.result,
        // The clock may have been set back.
        seconds: (entry.time.end - entry.time.start).max(0.0),
        reason: if entry.result == Status::Skip { reason(&entry.out.0) } else { None },
        log: if clean { Vec::new() } else { log(entry) },
    }
}

/// Why a subtest chose not to run: in the words of the test if it has any, else what it requires.
fn reason(out: &str) -> Option<String> {
    const MARK: &str = "Test requirement: ";
    let mut lines = out.lines().map(str::trim).skip_while(|line| !line.starts_with(MARK));
    let requirement = lines.next()?.strip_prefix(MARK)?.to_owned();
    let words = lines.next().filter(|line| !line.starts_with("Last errno:"));
    let words = words.filter(|line| !is_frame(line));
    let words = words.map_or(&*requirement, |words| words.split("Last errno:").next().unwrap_or(words));
    Some(cut(words, LINE).into_owned())
}

/// What the subtest said, then what the kernel warned of: every line once, without what only frames it.
fn log(entry: &Entry) -> Vec<String> {
    // Standard error has the tests' own log in addition.
    let has_log = entry.err.0.lines().any(|line| !is_frame(line));
    let said = if has_log { &entry.err.0 } else { &entry.out.0 };
    // What comes after is the runner's: it has the kernel show all tasks.
    let of_test = entry.dmesg.0.lines().take_while(|line| !line.contains("[IGT] Per-test timeout exceeded"));
    let mut seen = BTreeSet::new();
    let lines = said.lines().filter(|line| !is_frame(line)).chain(of_test.filter(|line| is_warning(line)));
    let lines = lines.filter(|line| seen.insert(*line)).take(LOG_LINES);
    lines.map(|line| cut(line.trim_end(), LINE).into_owned()).collect()
}

/// Whether a line says nothing but where the test is.
fn is_frame(line: &str) -> bool {
    const FRAME: [&str; 6] =
        ["Starting ", "Subtest ", "Dynamic subtest ", "IGT-Version: ", "Using IGT_SRANDOM=", "****"];
    let text = line.trim();
    text.is_empty() || FRAME.iter().any(|mark| text.starts_with(mark))
}

/// Whether a line of the kernel's log, as `<4> [1.0] text`, is a warning or worse.
fn is_warning(line: &str) -> bool {
    let level = line.strip_prefix('<').and_then(|line| line.split('>').next()?.parse::<u8>().ok());
    level.is_some_and(|level| level <= 4)
}

/// How many subtests ended how.
pub fn counts<'a>(subtests: impl IntoIterator<Item = &'a Subtest>) -> BTreeMap<Status, usize> {
    let mut counts = BTreeMap::new();
    subtests.into_iter().for_each(|subtest| *counts.entry(subtest.status).or_default() += 1);
    counts
}
