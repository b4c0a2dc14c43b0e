// SPDX-License-Identifier: GPL-2.0-only

//! How texts come onto the page: markup as text, and nothing that cannot be seen. All templates escape with this.

use std::borrow::Cow;
use std::fmt;

use askama::filters::{Escaper, Html};

/// What stands for a character that cannot be seen.
const REPLACEMENT: char = '\u{fffd}';

/// Escapes for HTML what [`visible`] leaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Visible;

impl Escaper for Visible {
    fn write_escaped_str<W: fmt::Write>(&self, dest: W, text: &str) -> fmt::Result {
        Html.write_escaped_str(dest, &visible(text))
    }
}

/// Drops what gives a terminal colours, and makes other control characters and those that turn the direction of the
/// text visible.
fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_hidden) {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = after_sequence(rest).or_else(|| rest.strip_prefix('\r').filter(|r| r.starts_with('\n'))) {
            rest = after;
            continue;
        }
        shown.push(REPLACEMENT);
        rest = rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

fn is_hidden(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// What follows a control sequence of a terminal (ECMA-48), if a text begins with one.
fn after_sequence(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("\u{1b}[").or_else(|| text.strip_prefix('\u{9b}'))?;
    let rest = rest.trim_start_matches(|c| matches!(c, '0'..='?'));
    let rest = rest.trim_start_matches(|c| matches!(c, ' '..='/'));
    rest.strip_prefix(|c| matches!(c, '@'..='~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_dropped_and_what_hides_is_shown() {
        for (text, shown) in [
            ("plain\n\ttext äöü", "plain\n\ttext äöü"),
            ("\u{1b}[1;31mBUG\u{1b}[0m: x\u{1b}[K", "BUG: x"),
            ("\u{9b}32mok", "ok"),
            ("a\u{1b}[", "a\u{fffd}["),
            ("\u{1b}[1;<\u{1b}c", "\u{fffd}[1;<\u{fffd}c"),
            ("a\r\nb\rc\u{7}\0", "a\nb\u{fffd}c\u{fffd}\u{fffd}"),
            ("\u{202e}gnp.exe\u{2066}\u{2069}", "\u{fffd}gnp.exe\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
        }
    }

    #[test]
    fn markup_is_escaped() {
        let mut page = String::new();
        Visible.write_escaped_str(&mut page, "\u{1b}[1m<a href=\"'&\">").unwrap();
        assert_eq!(page, "&#60;a href=&#34;&#39;&#38;&#34;&#62;");
    }
}
