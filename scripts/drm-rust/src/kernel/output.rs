// SPDX-License-Identifier: GPL-2.0-only

//! What a kernel build says: steps, which are folded into progress, and messages, which are shown whole.

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

/// Messages that belong together, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    blocks: Vec<String>,
    open: bool,
}

impl Messages {
    /// Takes a line of the build.
    pub fn take(&mut self, line: &Line<'_>) {
        match line {
            Line::Message(text) if self.open => {
                let block = self.blocks.last_mut().expect("one is open");
                block.push('\n');
                block.push_str(text);
            }
            Line::Message(text) => self.blocks.push((*text).to_owned()),
            Line::Step(..) | Line::Noise => {}
        }
        // An empty line separates messages of the Rust compiler, but not one message's parts of clang's.
        self.open = matches!(line, Line::Message(_));
    }

    /// The messages that tell of something wrong, each whole and once: a header's warning comes with every file
    /// that includes it.
    pub fn findings(&self) -> Vec<String> {
        let mut counts: Vec<(&str, &str, usize)> = Vec::new();
        for block in &self.blocks {
            let Some(line) = block.lines().find(|line| tells(line)) else { continue };
            match counts.iter_mut().find(|(known, ..)| *known == line) {
                Some((.., count)) => *count += 1,
                None => counts.push((line, block, 1)),
            }
        }
        let text = |(_, block, count): (&str, &str, usize)| match count {
            1 => block.to_owned(),
            count => format!("{block}\n({count} times)"),
        };
        counts.into_iter().map(text).collect()
    }
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
}
