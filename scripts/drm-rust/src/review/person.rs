// SPDX-License-Identifier: GPL-2.0-only

//! Whether two names are one person's.

use deunicode::deunicode;

/// A name and a mail address.
pub type Person = (String, String);

/// The person of a trailer's value, `Name <mail>`.
pub fn parse(value: &str) -> Option<(&str, &str)> {
    let (name, rest) = value.split_once('<')?;
    let (mail, _) = rest.split_once('>')?;
    Some((name.trim().trim_matches('"'), mail.trim()))
}

/// Whether a trailer's value names a person: by mail, or by name in any of its forms.
pub fn is_named((name, mail): &Person, value: &str) -> bool {
    let Some((other, address)) = parse(value) else { return false };
    (!mail.is_empty() && address.eq_ignore_ascii_case(mail)) || is_same_name(name, other)
}

/// Whether two people are one.
pub fn is_same(a: &Person, b: &Person) -> bool {
    (!a.1.is_empty() && a.1.eq_ignore_ascii_case(&b.1)) || is_same_name(&a.0, &b.0)
}

/// `Last, First` is `First Last`; a name in ASCII is the one with accents. An empty name is nobody's.
fn is_same_name(a: &str, b: &str) -> bool {
    let (a, b) = (in_order(a), in_order(b));
    if ![&a, &b].iter().all(|name| name.contains(char::is_alphanumeric)) {
        return false;
    }
    // Two names that both have letters beyond ASCII may look alike without them.
    if a.is_ascii() == b.is_ascii() {
        return a.to_lowercase() == b.to_lowercase();
    }
    let (ascii, other) = if a.is_ascii() { (a, b) } else { (b, a) };
    let ascii = ascii.to_lowercase();
    [deunicode(&other), deunicode(&german(&other))].iter().any(|form| {
        let form = in_order(form).to_lowercase();
        !form.is_empty() && !form.contains("[?]") && form == ascii
    })
}

/// A name with single blanks, the first name first.
fn in_order(name: &str) -> String {
    let name = match name.split_once(',') {
        Some((last, first)) if !first.trim().is_empty() => format!("{first} {last}"),
        _ => name.to_owned(),
    };
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Umlauts as they are written where there are none.
fn german(name: &str) -> String {
    [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue"), ("ø", "oe"), ("å", "aa")]
        .iter()
        .fold(name.to_owned(), |name, (umlaut, letters)| name.replace(umlaut, letters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_name() {
        for (a, b) in [
            ("A Person", "a  person"),
            ("Person, A", "A Person"),
            ("Thomas Hellström", "thomas  HELLSTRÖM"),
            ("Thomas Hellström", "Thomas Hellstrom"),
            ("Thomas Hellström", "Thomas Hellstroem"),
            ("Bjørn Straße", "Bjorn Strasse"),
            ("Hellström, Thomas", "Thomas Hellstrom"),
            ("Łukasz", "Lukasz"),
        ] {
            assert!(is_same_name(a, b) && is_same_name(b, a), "{a} {b}");
        }
    }

    #[test]
    fn different_people_are_different() {
        for (a, b) in [
            ("A Person", "B Person"),
            ("", ""),
            ("", "A"),
            ("王伟", "王薇"),
            ("王伟", ""),
            ("\u{e000}", "[?]"),
            (",", ","),
        ] {
            assert!(!is_same_name(a, b) && !is_same_name(b, a), "{a} {b}");
        }
        assert!(!is_named(&("Ö".into(), String::new()), "<>"));
        assert!(!is_named(&("王伟".into(), "w@x.example".into()), "王薇 <v@x.example>"));
        assert!(!is_named(&("A".into(), "a@x.example".into()), "A a@x.example"));
        assert!(is_named(&("王伟".into(), "w@x.example".into()), "Wei Wang <W@x.example>"));
    }
}
