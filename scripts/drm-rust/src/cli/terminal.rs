// SPDX-License-Identifier: GPL-2.0-only

//! The one exit of text: standard output and standard error.
//!
//! Commits, mails, file names and consoles say what others want. So a person gets all text through [`visible`]. What a
//! program takes as it is ([`exact`]) is changed only where standard output is a terminal.

use std::io::{self, IsTerminal, Write};

use drm_rust::visible::{escape_json, visible};

/// What a line for the person begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing.
    None,
    /// `error:`
    Error,
    /// `hint:`
    Hint,
}

/// Whether standard error is a terminal.
#[expect(clippy::disallowed_methods, reason = "the one exit")]
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Writes text for a person, or for a script that reads lines, to standard output.
pub(super) fn data(text: &str) -> io::Result<()> {
    write(&visible(text))
}

/// Writes JSON to standard output.
pub(super) fn json(text: &str) -> io::Result<()> {
    write(&escape_json(text))
}

/// Writes what has a form of its own to standard output, byte for byte: a mail, a script, what a command printed.
#[expect(clippy::disallowed_methods, reason = "the one exit")]
pub(super) fn exact(text: &str) -> io::Result<()> {
    if io::stdout().is_terminal() { data(text) } else { write(text) }
}

#[expect(clippy::disallowed_methods, reason = "the one exit")]
fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Tells the person something, in lines of their own. Nobody can be told that this fails.
#[expect(clippy::disallowed_methods, reason = "the one exit")]
pub(super) fn tell(mark: Mark, text: &str) {
    let mut err = io::stderr().lock();
    let (word, colour) = match mark {
        Mark::None => ("", ""),
        Mark::Error => ("error:", "\x1b[1;31m"),
        Mark::Hint => ("hint:", "\x1b[1;36m"),
    };
    let (colour, plain) = if err.is_terminal() && mark != Mark::None { (colour, "\x1b[0m") } else { ("", "") };
    let space = if mark == Mark::None { "" } else { " " };
    let _ = writeln!(err, "{colour}{word}{plain}{space}{}", visible(text));
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn sources(dir: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        let files = files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
        files.chain(folders.iter().flat_map(|dir| sources(dir))).collect()
    }

    /// Clippy refuses `std::io::stdout` and `stderr` elsewhere; these are the other ways out.
    #[test]
    fn there_is_no_other_exit() {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let ways = [
            (concat!("io::std", "out"), &["cli/terminal.rs"][..]),
            (concat!("io::std", "err"), &["cli/terminal.rs"]),
            // Help, and mistakes of the command line that hide nothing.
            (concat!("error.pri", "nt()"), &["cli/mod.rs"]),
            // What it shows is made visible before.
            (concat!("ProgressDraw", "Target::std"), &["cli/progress.rs"]),
            // Dialogues: the shell in a kernel, and git send-email.
            (concat!("run_", "attached()"), &["kernel/boot.rs", "forward/send.rs"]),
            (concat!("Stdio::in", "herit"), &[]),
            (concat!("/dev/", "tty"), &[]),
        ];
        let files = sources(&src);
        assert!(files.len() > 200);
        for (way, allowed) in ways {
            let users = files.iter().filter(|path| {
                let text = std::fs::read_to_string(path).unwrap();
                text.lines().any(|line| line.contains(way) && !line.trim_start().starts_with("//"))
            });
            let users: Vec<String> = users.map(|path| path.strip_prefix(&src).unwrap().display().to_string()).collect();
            let others: Vec<&String> = users.iter().filter(|user| !allowed.contains(&user.as_str())).collect();
            assert!(others.is_empty(), "{way} is in {others:?}");
        }
    }
}
