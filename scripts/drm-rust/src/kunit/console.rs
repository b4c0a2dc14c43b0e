// SPDX-License-Identifier: GPL-2.0-only

//! What a kernel says on its console when something is wrong with itself, whatever the tests say.

use super::ktap::message;

/// How the first line of a report begins, or what it has in it.
const SIGNS: &[&str] = &[
    "BUG: ",
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
    "unreferenced object 0x",
    "kmemleak: ",
    "rcu: INFO: ",
    "refcount_t: ",
    "list_add corruption",
    "list_del corruption",
    "panicked at",
];

/// Reports of the kernel about itself, as the console shows them.
pub fn splats<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let tells = |line: &str| {
        let text = message(line).trim_start();
        // What a test says about itself is no report of the kernel.
        let of_test = text.starts_with('#') || text.starts_with("ok ") || text.starts_with("not ok ");
        let harmless = text.starts_with("kmemleak: Kernel memory leak detector initialized")
            || text.starts_with("kmemleak: Automatic memory scanning thread");
        !of_test && !harmless && SIGNS.iter().any(|sign| text.contains(sign))
    };
    lines.filter(|line| tells(line)).map(|line| message(line).trim().to_owned()).collect()
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
        let found = splats(console.lines());
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("WARNING: lib/debugobjects.c:615"));
        assert!(found[1].starts_with("BUG: sleeping"));
    }
}
