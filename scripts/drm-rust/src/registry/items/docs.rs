// SPDX-License-Identifier: GPL-2.0-only

//! Whether documentation has an example that runs, as rustdoc finds them: in the code blocks of CommonMark,
//! with the same parser.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use syn::{Attribute, Expr, Lit, Meta};

/// Whether the documentation of an item has an example that runs.
pub(super) fn has_example(attributes: &[Attribute]) -> bool {
    let docs: Vec<String> = attributes.iter().filter_map(doc).collect();
    blocks(&docs.join("\n")).iter().any(|info| runs(info))
}

/// Whether a code block runs, by the words behind the fence that opens it, if one does.
fn runs(info: &str) -> bool {
    let is_edition = |word: &str| word.strip_prefix("edition20").is_some_and(|year| year.parse::<u8>().is_ok());
    let mut words = info.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    words.all(|word| matches!(word, "rust" | "should_panic") || is_edition(word))
}

/// What `#[doc = "…"]` says, as comments become it.
fn doc(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        Expr::Lit(expr) if pair.path.is_ident("doc") => match &expr.lit {
            Lit::Str(text) => Some(without_stars(&text.value())),
            _ => None,
        },
        _ => None,
    }
}

/// The text of a block comment, without the star that each of its lines begins with.
fn without_stars(text: &str) -> String {
    let Some((first, rest)) = text.split_once('\n') else { return text.to_owned() };
    let lines = rest.lines().map(str::trim_start);
    let stripped = lines.map(|line| if line.is_empty() { Some(line) } else { line.strip_prefix('*') });
    let stripped: Option<Vec<&str>> = stripped.collect();
    stripped.map_or(text.to_owned(), |lines| format!("{first}\n{}", lines.join("\n")))
}

/// The words behind the fence of each code block; none where it is indented instead.
fn blocks(text: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let margin = text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(|line| line.get(margin..).unwrap_or_default()).collect();
    let block = |event| match event {
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => Some(info.to_string()),
        Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => Some(String::new()),
        _ => None,
    };
    Parser::new(&lines.join("\n")).filter_map(block).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn example(docs: &str) -> bool {
        let item: syn::ItemStruct = syn::parse_str(&format!("{docs}\nstruct A;")).unwrap();
        has_example(&item.attrs)
    }

    #[test]
    fn examples_that_run() {
        for docs in [
            "/// ```\n/// ```",
            "/// ```rust\n/// ```",
            "/// ```should_panic,edition2021\n/// ```",
            "/// ``` rust should_panic\n/// ```",
            "/// ~~~\n/// ~~~",
            "/// ````\n/// ```text\n/// ````",
            "///    ```\n///    ```",
            "///     ```\n///     ```",
            "/// Text.\n///\n///    ```\n///    ```",
            "/// ```text\n/// ```\n///\n/// ```\n/// ```",
            "/// ```text\n/// ~~~\n/// ```\n/// ~~~\n/// ~~~",
            "/// `` ` ``\n/// ```",
            "/// Text.\n///\n///     a();",
            "/// - one\n///\n///   ```\n///   ```",
            "/** Text.\n *\n * ```\n * a();\n * ```\n */",
            "/**\nText.\n```\na();\n```\n*/",
            "/**\n    ```\n    a();\n    ```\n*/",
            "#[doc = \"```\\na();\\n```\"]",
        ] {
            assert!(example(docs), "{docs}");
        }
    }

    #[test]
    fn examples_that_do_not_run() {
        for docs in [
            "/// Text.",
            "/// ```ignore\n/// ```",
            "/// ```no_run\n/// ```",
            "/// ```rust,compile_fail\n/// ```",
            "/// ```text\n/// ```",
            "/// ```c\n/// ```",
            "/// ```edition\n/// ```",
            "/// ````text\n/// ```\n/// a();\n/// ```\n/// ````",
            "/// ~~~text\n/// ```\n/// ~~~",
            "/// ```text\n/// ```rust\n/// ```",
            "/// ```a``` inline",
            "/* ```\n ``` */",
            "/** ```text\n * ```\n */",
            "// ```\n// ```",
            "#[doc(alias = \"```\")]",
        ] {
            assert!(!example(docs), "{docs}");
        }
    }

    proptest! {
        /// A block is closed by its own fence only: what is in it opens none.
        #[test]
        fn blocks_hide_what_is_in_them(lines in prop::collection::vec("(`{0,4}|~{0,6})(rust|text)?", 0..8)) {
            let text = format!("`````text\n{}\n`````", lines.join("\n"));
            prop_assert_eq!(blocks(&text), ["text"]);
        }
    }
}
