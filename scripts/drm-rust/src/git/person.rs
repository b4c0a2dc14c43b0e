// SPDX-License-Identifier: GPL-2.0-only

//! Whether two names are one person's: the one rule of sign-offs, for commits, manifests and mails.

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

/// The `Signed-off-by:` of a person among trailers, `Key: value` each.
pub fn sign_off<'a>((name, mail): (&str, &str), trailers: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let who = (name.to_owned(), mail.to_owned());
    trailers.into_iter().find(|trailer| {
        let value = trailer.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case("signed-off-by"));
        value.is_some_and(|(_, value)| is_named(&who, value))
    })
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
    fn a_sign_off_is_found_in_any_form() {
        let trailers = ["Reviewed-by: B. Dev <b@x.example>", "signed-off-by: B. Dev <c@x.example>"];
        for who in [("Dev, B.", "b@x.example"), ("B. Dev", ""), ("c@x.example", "C@x.example"), ("Bêa", "c@x.example")]
        {
            assert_eq!(sign_off(who, trailers), Some(trailers[1]), "{who:?}");
        }
        assert_eq!(sign_off(("A. Dev", "b@x.example"), trailers), None);
        assert_eq!(sign_off(("B. Dev", "b@x.example"), ["Signed-off-by:", "x"]), None);
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
