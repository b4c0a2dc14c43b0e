// SPDX-License-Identifier: GPL-2.0-only

//! What a kernel build says: steps, which are folded into progress, and messages, which are shown whole.

use std::collections::HashMap;

/// A line of the build.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A step: its command, as in `CC`, and what it makes.
    Step(&'a str, &'a str),
    /// Something that says nothing.
    Noise,
    /// Part of a message.
    Message(&'a str),
}

/// Tells what a line is.
pub fn classify(line: &str) -> Line<'_> {
    if let Some(step) = step(line) {
        return step;
    }
    let is_make = line.split_once(": ").is_some_and(|(who, what)| {
        (who == "make" || (who.starts_with("make[") && who.ends_with(']')))
            && ["Entering directory", "Leaving directory", "Nothing to be done for"].iter().any(|s| what.starts_with(s))
    });
    if is_make || line.trim().is_empty() { Line::Noise } else { Line::Message(line) }
}

/// `  CC      kernel/fork.o`, `  RUSTC L rust/core.o`, `  CC [M]  drivers/gpu/drm/drm.o`.
fn step(line: &str) -> Option<Line<'_>> {
    let text = line.strip_prefix("  ").filter(|text| text.starts_with(|c: char| c.is_ascii_uppercase()))?;
    let (command, what) = text.split_once(' ')?;
    let is_command = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_-".contains(c);
    if !command.chars().all(is_command) {
        return None;
    }
    let mut what = what.trim_start();
    // A mark of the step, not its object: `[M]`, `L`, `TK`.
    if let Some((mark, rest)) = what.split_once(' ')
        && mark.len() <= 3
        && mark.chars().all(|c| c.is_ascii_uppercase() || "[]".contains(c))
    {
        what = rest.trim_start();
    }
    Some(Line::Step(command, what))
}

/// How large one message may be, and all that are kept (bytes). What is longer goes on as another one.
const MESSAGE: usize = 256 << 10;
const MESSAGES: usize = 16 << 20;

/// Messages that tell of something wrong, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// The message that goes on, if one does.
    open: String,
    /// Each message once, and how often it came: a header's warning comes with every file that includes it.
    found: Vec<(String, usize)>,
    /// Where each is, by what tells it from another one.
    known: HashMap<Vec<String>, usize>,
    kept: usize,
    /// How many there were no place for.
    left_out: usize,
}

impl Messages {
    /// Takes a line of the build.
    pub fn take(&mut self, line: &Line<'_>) {
        match line {
            Line::Message(text) => {
                if self.open.len() + text.len() > MESSAGE {
                    self.close();
                }
                self.open += if self.open.is_empty() { "" } else { "\n" };
                self.open += text;
            }
            // An empty line separates messages of the Rust compiler, but not one message's parts of clang's.
            Line::Step(..) | Line::Noise => self.close(),
        }
    }

    fn close(&mut self) {
        let block = std::mem::take(&mut self.open);
        let marks: Vec<String> = marks(&block).into_iter().map(str::to_owned).collect();
        if marks.is_empty() {
            return;
        }
        if let Some(&known) = self.known.get(&marks) {
            self.found[known].1 += 1;
        } else if self.kept + block.len() > MESSAGES {
            self.left_out += 1;
        } else {
            self.kept += block.len();
            self.known.insert(marks, self.found.len());
            self.found.push((block, 1));
        }
    }

    /// The messages, each whole and once.
    pub fn findings(mut self) -> Vec<String> {
        self.close();
        let text = |(block, count): (String, usize)| match count {
            1 => block,
            count => format!("{block}\n({count} times)"),
        };
        let left_out = (self.left_out > 0).then(|| format!("{} more messages: the log has them", self.left_out));
        self.found.into_iter().map(text).chain(left_out).collect()
    }
}

/// What tells a message from another one: what is wrong, and the place, which rustc names in a line of its own. What
/// make says of the object counts only where there is nothing else.
fn marks(block: &str) -> Vec<&str> {
    let of_make = |line: &&str| line.contains("***");
    let is_place = |line: &str| line.trim_start().starts_with("--> ");
    let (make, compiler): (Vec<_>, Vec<_>) = block.lines().filter(|line| tells(line)).partition(of_make);
    if compiler.is_empty() {
        return make;
    }
    let is_mark = |line: &&str| is_place(line) || compiler.contains(line);
    block.lines().filter(is_mark).collect()
}

/// What shows that the machine has failed, not the sources.
const MACHINE: [&str; 6] = [
    "No space left on device",
    "Cannot allocate memory",
    "Killed",
    "Terminated",
    "internal compiler error",
    "signal: ",
];

/// Whether messages of a failed build name a mistake in a source file. Otherwise it may have failed for another reason:
/// a full disk, a compiler that was killed.
pub fn blame_sources(findings: &[String]) -> bool {
    let of_machine = |finding: &String| MACHINE.iter().any(|sign| finding.contains(sign));
    !findings.iter().any(of_machine) && findings.iter().any(|finding| has_placed_error(finding))
}

/// Whether a message has an error with its place: `a.c:3:1: error: …`, or that of rustc, with the place below it.
fn has_placed_error(message: &str) -> bool {
    let of_clang = |line: &str| {
        [": error: ", ": fatal error: "]
            .iter()
            .filter_map(|word| line.split_once(word))
            .any(|(place, _)| is_place(place))
    };
    let of_rustc = |line: &str| line.starts_with("error: ") || line.starts_with("error[");
    let mut lines = message.lines().skip_while(|line| !of_rustc(line));
    let placed = lines.any(|line| line.trim_start().strip_prefix("--> ").is_some_and(is_place));
    placed || message.lines().any(of_clang)
}

/// Whether a text is a file and a line, and a column, too.
fn is_place(text: &str) -> bool {
    let mut parts = text.rsplit(':');
    let is_number = |part: Option<&str>| part.is_some_and(|part| part.parse::<u32>().is_ok());
    is_number(parts.next()) && parts.next().is_some()
}

/// Whether a line tells of something wrong.
fn tells(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["warning:", "error:", "error[", "undefined", "fatal", "***"].iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_steps() {
        assert_eq!(classify("  CC      kernel/fork.o"), Line::Step("CC", "kernel/fork.o"));
        assert_eq!(classify("  RUSTC L rust/core.o"), Line::Step("RUSTC", "rust/core.o"));
        assert_eq!(classify("  CC [M]  drivers/gpu/drm/drm.o"), Line::Step("CC", "drivers/gpu/drm/drm.o"));
        assert_eq!(classify("  LD      vmlinux"), Line::Step("LD", "vmlinux"));
        assert_eq!(classify("make[1]: Entering directory '/x'"), Line::Noise);
        assert!(matches!(classify("make[2]: *** [Makefile:1: x.o] Error 1"), Line::Message(_)));
        assert!(matches!(classify("  indented code of a message"), Line::Message(_)));
        assert!(matches!(classify("drivers/a.c:3:1: warning: unused"), Line::Message(_)));
    }

    #[test]
    fn messages_stay_whole_and_apart() {
        let mut messages = Messages::default();
        for line in [
            "  CC      a.o",
            "a.c:3:1: warning: unused variable 'x'",
            "    3 | int x;",
            "      |     ^",
            "  CC      b.o",
            "#",
            "# configuration written to .config",
            "In file included from c.c",
            "a.c:3:1: warning: unused variable 'x'",
            "  RUSTC   c.o",
            "error[E0425]: cannot find value `y`",
            "",
            "error: aborting",
        ] {
            messages.take(&classify(line));
        }
        let findings = messages.findings();
        assert_eq!(findings.len(), 3);
        assert!(findings[0].starts_with("a.c:3:1") && findings[0].ends_with("^\n(2 times)"));
        assert_eq!(findings[1], "error[E0425]: cannot find value `y`");
    }

    fn findings(text: &str) -> Vec<String> {
        let mut messages = Messages::default();
        text.lines().for_each(|line| messages.take(&classify(line)));
        messages.findings()
    }

    #[test]
    fn the_same_mistake_in_two_places_is_two_findings() {
        let message = |place: &str| {
            format!(
                "error[E0308]: mismatched types\n  --> {place}\n   |\n 17 |     let x: u8 = y;\n   |            --   ^ \
                 expected `u8`, found `u16`\n\n"
            )
        };
        let (one, two) = (message("rust/kernel/a.rs:17:17"), message("drivers/gpu/drm/toy/toy.rs:9:17"));
        let end = "error: aborting due to 1 previous error\n\n";
        let found = findings(&[&one, end, "  RUSTC   b.o\n", &two, end, &one].concat());
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[0].contains("rust/kernel/a.rs:17:17") && found[0].ends_with("(2 times)"));
        assert!(found[2].contains("drivers/gpu/drm/toy/toy.rs:9:17"));
    }

    #[test]
    fn what_comes_with_a_known_message_is_shown() {
        let header = "In file included from b.c:1:\na.h:3:1: error: unknown type name 'x'\n";
        let make = |object: &str| format!("make[2]: *** [Makefile:1: {object}] Error 1\n");
        let next = "  CC      next.o\n";
        let found = findings(&[header, &make("b.o"), next, header, &make("c.o")].concat());
        assert_eq!(found.len(), 1, "{found:#?}");
        let found = findings(&[header, next, header, "b.c:7:1: error: expected ';'\n", next, &make("d.o")].concat());
        assert_eq!(found.len(), 3, "{found:#?}");
    }

    #[test]
    fn a_machine_that_fails_is_not_the_sources() {
        let blames = |texts: &[&str]| blame_sources(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        let rustc = "error[E0308]: mismatched types\n  --> rust/kernel/a.rs:17:17\n   |";
        let clang = "In file included from b.c:1:\na.h:3:1: error: unknown type name 'x'";
        let make = "make[2]: *** [Makefile:1: a.o] Error 1";
        for good in [&[rustc][..], &[clang, make], &["x.h:3:10: fatal error: 'y.h' file not found"]] {
            assert!(blames(good), "{good:?}");
        }
        let killed = "make[2]: *** [rust/Makefile:1: rust/kernel.o] Killed";
        for bad in [
            &[][..],
            &[make],
            &[killed],
            &[rustc, killed],
            &["a.c:3:1: warning: unused variable 'x'", "make[2]: *** [Makefile:1: a.o] Error 137"],
            &["error: failed to write to `kernel.rmeta`: No space left on device (os error 28)"],
            &["error: unable to open output file 'a.o'", make],
        ] {
            assert!(!blames(bad), "{bad:?}");
        }
    }

    #[test]
    fn messages_without_an_end_are_bounded_and_told() {
        let mut messages = Messages::default();
        let long = "x".repeat(60 << 10);
        (0..1000).for_each(|n| messages.take(&Line::Message(&format!("a.c:{n}:1: error: {long}"))));
        messages.take(&Line::Noise);
        messages.take(&Line::Message("b.c:1:1: error: the last one"));
        let found = messages.findings();
        assert!(found.iter().map(String::len).sum::<usize>() < 17 << 20);
        assert_eq!(found.iter().filter(|text| text.contains("the last one")).count(), 1);
        assert_eq!(found.last().unwrap(), "182 more messages: the log has them");
    }
}
