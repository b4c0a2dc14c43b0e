// SPDX-License-Identifier: GPL-2.0-only

//! Text that others wrote, as a person may see it: nothing in it moves the cursor, hides or turns what it says. The
//! terminal, the HTML page and JUnit show text through this.

use std::borrow::Cow;

/// What stands for a character that cannot be seen.
const REPLACEMENT: char = '\u{fffd}';

/// Drops what gives a terminal colours, and makes other control characters visible, and those that turn the direction of
/// the text or take no space.
pub fn visible(text: &str) -> Cow<'_, str> {
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

/// Writes such characters of a JSON text as escapes, which mean the same to programs.
pub fn escape_json(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escaped += &format!("\\u{unit:04x}"));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// The start of a text that may have no end, and how much of it is left out.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let end = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let kept = &text[..end];
    Cow::Owned(format!("{kept} [{} bytes left out]", text.len() - kept.len()))
}

/// Whether a character cannot be seen, or changes how others are: control characters, the marks of Unicode for the
/// direction of text, those without width, those that end lines, and the tags that spell text in secret. Noncharacters
/// are none of XML.
fn is_hidden(c: char) -> bool {
    let of_format = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}');
    of_format || (c.is_control() && !matches!(c, '\n' | '\t'))
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_are_dropped_and_what_hides_is_shown() {
        for (text, shown) in [
            ("plain\n\ttext äöü", "plain\n\ttext äöü"),
            ("\u{1b}[1;31mBUG\u{1b}[0m: x\u{1b}[K", "BUG: x"),
            ("\u{9b}32mok", "ok"),
            ("a\u{1b}[", "a\u{fffd}["),
            ("\u{1b}[1;<\u{1b}c", "\u{fffd}[1;<\u{fffd}c"),
            ("\u{1b}]0;title\u{7}", "\u{fffd}]0;title\u{fffd}"),
            ("a\r\nb\rc\u{7}\0", "a\nb\u{fffd}c\u{fffd}\u{fffd}"),
            ("\u{202e}gnp.exe\u{2066}\u{2069}", "\u{fffd}gnp.exe\u{fffd}\u{fffd}"),
            ("a\u{200b}b\u{feff}c\u{ad}d\u{2028}e\u{e0041}", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}"),
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
        }
    }

    #[test]
    fn what_is_long_is_cut_between_characters() {
        assert_eq!(cut("äöü", 6), "äöü");
        assert_eq!(cut("äöü", 3), "ä [4 bytes left out]");
    }

    proptest! {
        #[test]
        fn nothing_is_hidden_in_any_text(text in "[\u{1b}\\[0-9;m\u{9b}\u{200e}\u{202e}\r\na-c\u{7f}]{0,20}") {
            let shown = visible(&text);
            prop_assert!(!shown.contains(is_hidden), "{shown:?}");
            prop_assert_eq!(visible(&shown), shown.clone());
        }

        #[test]
        fn json_means_the_same(text in "(?s).{0,20}[\u{7f}-\u{9f}\u{202a}-\u{202e}\u{feff}\u{e0001}\u{1b}\"\\\\]{0,5}") {
            let json = serde_json::to_string_pretty(&[&text]).unwrap();
            let escaped = escape_json(&json);
            prop_assert!(!escaped.contains(is_hidden), "{escaped:?}");
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), [text]);
        }
    }
}
