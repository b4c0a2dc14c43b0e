// SPDX-License-Identifier: GPL-2.0-only

//! What a kernel says on its console when something is wrong with itself, whatever the tests say.

use serde::{Deserialize, Serialize};

use super::ktap::message;
use crate::visible::cut;

/// What is kept of a line of a report (bytes), and how many lines of a leak: its backtrace has sixteen.
const LINE: usize = 2048;
const DETAILS: usize = 100;

/// What the first line of a report has in it.
const SIGNS: &[&str] = &[
    "BUG: ",
    "kernel BUG at ",
    "WARNING: ",
    "KASAN: ",
    "UBSAN: ",
    "KCSAN: ",
    "INFO: possible ",
    "INFO: task ",
    "INFO: inconsistent lock state",
    "INFO: trying to register non-static key",
    "Kernel panic",
    "Oops",
    "general protection fault",
    "Unable to handle kernel",
    "ODEBUG: ",
    LEAK,
    "kmemleak: ",
    "rcu: INFO: ",
    "refcount_t: ",
    "list_add corruption",
    "list_del corruption",
    "panicked at",
];

/// What a report of memory that nothing refers to begins with.
const LEAK: &str = "unreferenced object 0x";

/// What contains a sign and is none.
const HARMLESS: &[&str] =
    &["kmemleak: Kernel memory leak detector initialized", "kmemleak: Automatic memory scanning thread"];

/// Whether a line of the console begins a report of the kernel about itself.
pub fn is_report(line: &str) -> bool {
    let text = message(line).trim_start();
    // What a test says about itself is no report of the kernel.
    let of_test = text.starts_with('#') || text.starts_with("ok ") || text.starts_with("not ok ");
    !of_test
        && !HARMLESS.iter().any(|harmless| text.starts_with(harmless))
        && SIGNS.iter().any(|sign| text.contains(sign))
}

/// A report of the kernel about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splat {
    /// Its first line.
    pub line: String,
    /// Of a leak, what it is and where it was allocated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// The test that ran, with its suites; none before, between and after tests.
    pub test: Option<String>,
    /// Why it is none of ours, if it is known to come with the base.
    pub known: Option<String>,
}

impl Splat {
    /// A report that begins with this line of the console, while a test runs.
    pub fn new(line: &str, test: Option<String>) -> Splat {
        Splat { line: cut(message(line).trim(), LINE).into_owned(), test, ..Splat::default() }
    }

    /// Whether this only counts leaks, which kmemleak lists on demand.
    pub fn counts_leaks(&self) -> bool {
        self.line.contains("new suspected memory leaks (see /sys/kernel/debug/kmemleak)")
    }

    /// Takes the next line of the console, if it goes on with a leak: such lines are indented.
    pub fn take(&mut self, line: &str) {
        let text = message(line);
        if self.line.starts_with(LEAK) && text.starts_with("  ") && self.details.len() < DETAILS {
            self.details.push(cut(text.trim(), LINE).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_told_from_tests() {
        let console = "\
[    0.1] Booting
[    1.0] WARNING: lib/debugobjects.c:615 at debug_print_object+0x1/0x2, CPU#0: kunit/1
[    1.1]     # test: WARNING: said by a test
[    1.2]     ok 1 checks Oops: handling
[    1.3] kmemleak: Kernel memory leak detector initialized (mem pool available: 15)
[    2.0] BUG: sleeping function called from invalid context at kernel/locking/mutex.c:1
";
        let found: Vec<_> = console.lines().filter(|line| is_report(line)).map(message).collect();
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("WARNING: lib/debugobjects.c:615"));
        assert!(found[1].starts_with("BUG: sleeping"));
    }

    #[test]
    fn a_bug_is_one_report() {
        let console = "[    3.0] kernel BUG at drivers/gpu/drm/drm_file.c:12!\n[    3.0] Kernel BUG [#1]\n";
        let found: Vec<_> = console.lines().filter(|line| is_report(line)).map(message).collect();
        assert_eq!(found, ["kernel BUG at drivers/gpu/drm/drm_file.c:12!"]);
    }

    #[test]
    fn a_count_of_leaks_is_a_report_until_they_are_listed() {
        let count = "kmemleak: 6 new suspected memory leaks (see /sys/kernel/debug/kmemleak)";
        assert!(is_report(count) && Splat::new(count, None).counts_leaks());
        let mut leak = Splat::new("unreferenced object 0x6738a248 (size 8):", None);
        leak.take("  comm \"kunit_try_catch\", pid 215, jiffies 4294942177");
        leak.take("drm-rust: exit 0");
        assert!(!leak.counts_leaks());
        assert_eq!(leak.details, ["comm \"kunit_try_catch\", pid 215, jiffies 4294942177"]);
    }
}
