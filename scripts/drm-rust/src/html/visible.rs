// SPDX-License-Identifier: GPL-2.0-only

//! How texts come onto the page: markup as text, and nothing that cannot be seen. All templates escape with this.

use std::fmt;

use askama::filters::{Escaper, Html};

use crate::visible::visible;

/// Escapes for HTML what [`visible`] leaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Visible;

impl Escaper for Visible {
    fn write_escaped_str<W: fmt::Write>(&self, dest: W, text: &str) -> fmt::Result {
        Html.write_escaped_str(dest, &visible(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        let mut page = String::new();
        Visible.write_escaped_str(&mut page, "\u{1b}[1m<a href=\"'&\">").unwrap();
        assert_eq!(page, "&#60;a href=&#34;&#39;&#38;&#34;&#62;");
    }
}
