// SPDX-License-Identifier: GPL-2.0-only

//! What b4 changes in a text and in a diff, undone. Both functions are pure.
//!
//! It puts a `>` before lines that begin with `From `, takes carriage returns from the ends of lines, and turns bytes
//! that are no UTF-8 into question marks: in a patch that gives another file than its author's.

/// The message with the lines that begin with `From ` as the mail has them.
pub(super) fn message(message: &str, sent: &str) -> String {
    let is_from = |line: &str| line.trim_start_matches('>').starts_with("From ");
    let quoted = |line: &str| if line.starts_with("From ") { format!(">{line}") } else { line.to_owned() };
    let mut wanted: Vec<&str> = sent.lines().map(str::trim_end).filter(|line| is_from(line)).collect();
    let mut lines: Vec<&str> = message.lines().collect();
    // b4 may leave out the beginning of a text: the last lines are the same.
    for line in lines.iter_mut().rev().filter(|line| is_from(line)) {
        if let Some(at) = wanted.iter().rposition(|sent| quoted(sent) == line.trim_end()) {
            *line = wanted[at];
            wanted.truncate(at);
        }
    }
    let end = if message.ends_with('\n') { "\n" } else { "" };
    lines.join("\n") + end
}

/// The diff that counts: the one that was sent, where b4's is the same but for bytes that b4 changes.
pub(super) fn diff<'a>(b4: &'a [u8], sent: &'a [u8]) -> &'a [u8] {
    let lines = |diff: &'a [u8]| {
        // Both may end with any number of empty lines.
        let diff = diff.trim_ascii_end();
        diff.split(|byte| *byte == b'\n').skip_while(|line| !line.starts_with(b"diff --git "))
    };
    let is_crlf = lines(sent).filter(|line| line.starts_with(b"diff --git ")).all(|line| line.ends_with(b"\r"));
    let plain = |line: &'a [u8]| {
        let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |at| at + 1);
        line[..end].iter().filter(|byte| byte.is_ascii()).copied()
    };
    // Where all lines end with a carriage return, the mail was sent so.
    let is_same =
        lines(b4).count() == lines(sent).count() && lines(b4).zip(lines(sent)).all(|(a, b)| plain(a).eq(plain(b)));
    if is_same && !is_crlf { sent } else { b4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_with_from_come_back() {
        let sent = "From cut off\n-- >8 --\nWhy.\n\nFrom user\n>From x\nFrom x\n>>From y\n---\n stat\n";
        let b4 = "Why.\n\n>From user\n>From x\n>From x\n>>From y\n\nLink: u\n";
        assert_eq!(message(b4, sent), "Why.\n\nFrom user\n>From x\nFrom x\n>>From y\n\nLink: u\n");
        assert_eq!(message(b4, "other\n"), b4);
        assert_eq!(message("a\n\nb", ""), "a\n\nb");
    }

    const DIFF: &str = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+b\r\n-- \n2.47\n";

    #[test]
    fn bytes_that_b4_changes_come_back() {
        let b4 = DIFF.replace('\r', "");
        assert_eq!(
            diff(b4.as_bytes(), format!("---\n stat\n\n{DIFF}").as_bytes()),
            format!("---\n stat\n\n{DIFF}").as_bytes()
        );
        let ends = format!("{b4}\n\n");
        assert_eq!(diff(ends.as_bytes(), DIFF.as_bytes()), DIFF.as_bytes(), "empty lines at the end do not count");
        let latin = [&b"diff --git a/x b/x\n+\xe4\n"[..], "diff --git a/x b/x\n+\u{fffd}\n".as_bytes()];
        assert_eq!(diff(latin[1], latin[0]), latin[0]);
        let crlf = DIFF.replace("\r\n", "\n").replace('\n', "\r\n");
        assert_eq!(diff(b4.as_bytes(), crlf.as_bytes()), b4.as_bytes(), "all lines end so: the mail does");
        assert_eq!(diff(b4.as_bytes(), DIFF.replace("+b", "+c").as_bytes()), b4.as_bytes(), "it is another diff");
    }
}
