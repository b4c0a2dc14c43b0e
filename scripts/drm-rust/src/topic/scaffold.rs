// SPDX-License-Identifier: GPL-2.0-only

//! The manifest that a new topic starts with.

use crate::git::TopicName;
use crate::git::commit::Identity;

/// The text of a new manifest. Its patches stand in comments: a topic without patches is valid.
pub fn manifest(title: &str, requires: &[TopicName], author: &Identity) -> String {
    let text = |text: &str| toml::Value::from(text).to_string();
    let requires: Vec<String> = requires.iter().map(|name| text(name.as_str())).collect();
    let summary = format!("{title}.");
    format!(
        "# SPDX-License-Identifier: GPL-2.0-only

title = {title}
summary = {summary}
requires = [{requires}]
author = {author}
trailers = [{signed}]

# [[patch]]
# subject = \"rust: part: add what it adds\"
# date = 2026-01-01T00:00:00Z
# body = \"\"\"
# Why the change is needed, wrapped at 72 columns.
# \"\"\"
# files = [\"rust/kernel/part.rs\"]
#
# [[patch.edit]]
# file = \"rust/kernel/lib.rs\"
# after = \"pub mod page;\"
# insert = \"\"\"
# pub mod part;
# \"\"\"
",
        title = text(title),
        summary = text(&summary),
        requires = requires.join(", "),
        author = text(&author.to_string()),
        signed = text(&format!("Signed-off-by: {author}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topic::manifest::Manifest;

    #[test]
    fn a_new_manifest_is_valid() {
        let author: Identity = "A \"B\" <a@b.example>".parse().unwrap();
        let requires = ["rust/xarray".parse().unwrap()];
        let text = manifest("Quotes \" and \\ stay", &requires, &author);
        let parsed = Manifest::parse(&text).unwrap();
        assert_eq!(parsed.title, "Quotes \" and \\ stay");
        assert_eq!(parsed.requires, requires);
        assert!(parsed.patches.is_empty());
    }
}
