// SPDX-License-Identifier: GPL-2.0-only

//! The address that a cell of the upstream registry begins with. The rest of it is free text.

/// The address, where the text begins with one.
pub(super) fn of(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    let host = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://"))?;
    host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[').then_some(word)
}

/// Whether a text is meant to have an address.
pub(super) fn is_meant(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    let scheme = word.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    scheme || word.starts_with("http") || text.contains("://")
}

/// The first character of an address that none may have.
pub(super) fn stranger(address: &str) -> Option<char> {
    address.chars().find(|c| !is_allowed(*c))
}

/// An address with everything that none may have percent-encoded.
pub(super) fn encoded(address: &str) -> String {
    let mut text = String::new();
    for c in address.chars() {
        match c {
            c if is_allowed(c) => text.push(c),
            c => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| text += &format!("%{byte:02X}")),
        }
    }
    text
}

/// The characters of RFC 3986.
fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_stands_at_the_start() {
        assert_eq!(of("https://lists.example/a@b/T/#m1 (in links)"), Some("https://lists.example/a@b/T/#m1"));
        assert_eq!(of("http://[::1]/"), Some("http://[::1]/"));
        for text in
            ["", "not yet published", "see https://a", "httpz://a", "javascript:alert(1)", "https://", "http:///a"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_meant_as_an_address_is_known() {
        for text in
            ["https://a", "httpz://a", "javascript:alert(1)", "see <https://a>", "[a](http://a)", "http//a", "x:y"]
        {
            assert!(is_meant(text), "{text}");
        }
        assert!(["", "not yet published", "soon: in May", "(in links)"].iter().all(|text| !is_meant(text)));
    }

    proptest! {
        #[test]
        fn an_encoded_address_is_one(rest in "\\PC*") {
            let encoded = encoded(&format!("https://a/{rest}"));
            prop_assert_eq!(stranger(&encoded), None);
            prop_assert_eq!(of(&encoded), Some(&*encoded));
            prop_assert!(stranger(&rest).is_some() || encoded.ends_with(&rest));
        }
    }
}
