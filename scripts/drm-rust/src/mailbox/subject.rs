// SPDX-License-Identifier: GPL-2.0-only

//! Subjects of patches, `[PATCH v2 1/3] subsystem: what it does`, as b4, `git am` and patchwork take them.

use super::one_line;

/// What a mail's subject says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Whether the mail answers or forwards another one.
    pub is_reply: bool,
    /// The revision, where one is given.
    pub revision: Option<usize>,
    /// The patch's number and how many there are, where these are given.
    pub counters: Option<(usize, usize)>,
    /// The subject of the commit.
    pub text: String,
    /// The words of all brackets before it, each on its own: `PATCH`, `v2`, `1/3`, `net-next`.
    words: Vec<String>,
    /// Whether b4 and git read the brackets as they are written.
    is_plain: bool,
}

impl Subject {
    /// Reads a subject that is decoded already.
    pub fn parse(text: &str) -> Subject {
        let line = one_line(text);
        let (is_reply, mut rest) = answers(&line);
        let mut subject = Subject {
            is_reply,
            revision: None,
            counters: None,
            text: String::new(),
            words: Vec::new(),
            is_plain: true,
        };
        while let Some((words, after)) = brackets(rest) {
            subject.read(&words);
            subject.is_plain &= !words.contains(['[', ']']);
            rest = after.trim_start_matches([' ', ':']);
            // As git, which takes `[PATCH] Re: x` for `x`.
            while rest.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:")) {
                rest = rest[3..].trim_start();
            }
        }
        rest.clone_into(&mut subject.text);
        subject
    }

    /// Takes the words of a pair of brackets.
    fn read(&mut self, brackets: &str) {
        for word in brackets.split(|c: char| c.is_whitespace() || "[]".contains(c)) {
            let parts = word.trim_matches([',', ';']).split([',', ';']).filter(|part| !part.is_empty());
            for (n, part) in parts.enumerate() {
                self.is_plain &= n == 0;
                self.word(part);
            }
        }
    }

    fn word(&mut self, word: &str) {
        // `PATCHv2` is two words.
        for kind in ["patch", "rfc", "resend"] {
            let is_kind = word.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind));
            if is_kind && revision(&word[kind.len()..]).is_some() {
                self.is_plain &= kind == "patch";
                self.words.push(word[..kind.len()].to_owned());
                return self.word(&word[kind.len()..]);
            }
        }
        if let Some(revision) = revision(word) {
            self.revision = Some(revision);
        } else if let Some(counters) = counters(word) {
            self.counters = Some(counters);
        }
        self.words.push(word.to_owned());
    }

    /// Whether it says that the mail is a patch, or the cover letter of some.
    pub fn is_patch(&self) -> bool {
        let is_patch = |word: &String| word.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("patch"));
        !self.is_reply && (self.words.iter().any(is_patch) || self.revision.is_some() || self.counters.is_some())
    }

    /// The subject as every program reads it, where some would read the brackets otherwise.
    pub fn rewritten(&self) -> Option<String> {
        if self.is_plain || self.is_reply {
            return None;
        }
        let is_patch = |word: &&String| !word.eq_ignore_ascii_case("patch");
        let words: Vec<&str> = self.words.iter().filter(is_patch).map(String::as_str).collect();
        Some(format!("[{}] {}", [&["PATCH"], &words[..]].concat().join(" "), self.text))
    }
}

/// Whether a subject is that of an answer, and what it answers.
fn answers(text: &str) -> (bool, &str) {
    let mut rest = text;
    let mut is_reply = false;
    while let Some((word, after)) = rest.split_once(':') {
        let after = after.trim_start();
        // Programs of other languages answer with `AW:`, `SV:`, `VS:` …
        let is_known = ["re", "aw", "fw", "fwd"].iter().any(|known| word.eq_ignore_ascii_case(known));
        let is_short = (2..=3).contains(&word.len()) && word.chars().all(char::is_alphanumeric);
        if !(is_known || is_short && after.starts_with('[')) {
            break;
        }
        (is_reply, rest) = (true, after);
    }
    (is_reply, rest)
}

/// What stands in brackets at the beginning of a text, and what follows it. Brackets may be nested.
fn brackets(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('[')?;
    let mut depth = 1;
    let end = text.char_indices().find(|(_, c)| {
        depth = match c {
            '[' => depth + 1,
            ']' => depth - 1,
            _ => depth,
        };
        depth == 0
    });
    let end = end.map(|(at, _)| at).or_else(|| text.find(']'))?;
    Some((text[..end].to_owned(), &text[end + 1..]))
}

fn revision(word: &str) -> Option<usize> {
    number(word.strip_prefix(['v', 'V'])?)
}

fn counters(word: &str) -> Option<(usize, usize)> {
    let (at, of) = word.split_once('/')?;
    Some((number(at)?, number(of)?))
}

fn number(digits: &str) -> Option<usize> {
    let is_number = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read<'a> = (Option<usize>, Option<(usize, usize)>, &'a str);

    #[track_caller]
    fn check(subject: &str, (revision, counters, text): Read<'_>) -> Subject {
        let read = Subject::parse(subject);
        assert_eq!((read.revision, read.counters, &*read.text), (revision, counters, text), "{subject}");
        // What b4 and git are given instead says the same.
        if let Some(rewritten) = read.rewritten() {
            let again = Subject::parse(&rewritten);
            assert_eq!((again.revision, again.counters, &*again.text), (revision, counters, text), "{rewritten}");
            assert_eq!(again.rewritten(), None, "{rewritten}");
        }
        read
    }

    #[test]
    fn what_b4_and_git_read_stays() {
        for (subject, read) in [
            ("[PATCH] x: y", (None, None, "x: y")),
            ("[PATCH v2] x: y", (Some(2), None, "x: y")),
            ("[PATCHv2] x: y", (Some(2), None, "x: y")),
            ("[PATCH] [v2] x: y", (Some(2), None, "x: y")),
            ("[PATCH][v2] x: y", (Some(2), None, "x: y")),
            ("[PATCHv2 1/1] x: y", (Some(2), Some((1, 1)), "x: y")),
            ("[PATCH V3 00/12] x: y", (Some(3), Some((0, 12)), "x: y")),
            ("[PATCH drm-rust v3 02/12] x: y", (Some(3), Some((2, 12)), "x: y")),
            ("[RFC PATCH v2 3/4] x: [y] 3/4", (Some(2), Some((3, 4)), "x: [y] 3/4")),
            ("[RFC v2 3/4]: x: y", (Some(2), Some((3, 4)), "x: y")),
            ("[RESEND PATCH net-next,v2] x: y", (Some(2), None, "x: y")),
            ("[v2, PATCH 1/2] x: y", (Some(2), Some((1, 2)), "x: y")),
            ("[PATCH 1/2 v2] x: y", (Some(2), Some((1, 2)), "x: y")),
            ("[patch v2] x: y", (Some(2), None, "x: y")),
            ("[PATCH\n v2\t1/3] x:\n y", (Some(2), Some((1, 3)), "x: y")),
            ("x: [PATCH v2] y", (None, None, "x: [PATCH v2] y")),
            ("[PATCH v2 x: y", (None, None, "[PATCH v2 x: y")),
        ] {
            check(subject, read);
        }
        assert_eq!(check("[PATCH v2, 1/2] x: y", (Some(2), Some((1, 2)), "x: y")).rewritten(), None);
    }

    #[test]
    fn what_others_write_is_rewritten() {
        for (subject, read, rewritten) in [
            ("[PATCH v6,1/2] x: y", (Some(6), Some((1, 2)), "x: y"), "[PATCH v6 1/2] x: y"),
            // patchwork's mailboxes.
            ("[v6,1/2] x: y", (Some(6), Some((1, 2)), "x: y"), "[PATCH v6 1/2] x: y"),
            ("[RFC,net-next,v2,1/3] x: y", (Some(2), Some((1, 3)), "x: y"), "[PATCH RFC net-next v2 1/3] x: y"),
            ("[RFCv2 1/2] x: y", (Some(2), Some((1, 2)), "x: y"), "[PATCH RFC v2 1/2] x: y"),
            ("[PATCH RESENDv3] x: y", (Some(3), None, "x: y"), "[PATCH RESEND v3] x: y"),
            ("[PATCH [RESEND] v2 1/2] x: y", (Some(2), Some((1, 2)), "x: y"), "[PATCH RESEND v2 1/2] x: y"),
        ] {
            assert_eq!(check(subject, read).rewritten().as_deref(), Some(rewritten), "{subject}");
        }
    }

    #[test]
    fn answers_are_no_patches() {
        for subject in
            ["Re: [PATCH] x: y", "AW: [PATCH v2] x: y", "re: Re: [PATCH] x", "SV: [PATCH] x", "Fwd: [PATCH] x"]
        {
            let subject = Subject::parse(subject);
            assert!(subject.is_reply && !subject.is_patch() && subject.rewritten().is_none(), "{subject:?}");
        }
        for subject in ["x: y", "drm: add x", "fs: y: [z]", "[PULL] x"] {
            let subject = Subject::parse(subject);
            assert!(!subject.is_reply && !subject.is_patch(), "{subject:?}");
        }
        assert!(Subject::parse("[v2] x: y").is_patch());
        // Numbers that no series has are words.
        assert_eq!(Subject::parse("[PATCH v99999999999999999999 1/99999] x").revision, None);
    }

    proptest::proptest! {
        #[test]
        fn no_subject_is_too_odd(text in r"(\[|\]|PATCH|v2|,| |1/2|Re:|ä|x){0,12}") {
            let subject = Subject::parse(&text);
            if let Some(rewritten) = subject.rewritten() {
                proptest::prop_assert_eq!(Subject::parse(&rewritten).revision, subject.revision);
            }
        }
    }
}
