// SPDX-License-Identifier: GPL-2.0-only

//! Reads dim's `nightly.conf`, which is a bash script, without running it.
//!
//! What is plain data is understood: comments, `declare -A`, assignments to elements of arrays, and arrays of
//! words. Whatever bash would have to evaluate is refused with its line.

use super::TreeName;
use super::file::is_revision;
use crate::error::Explain;
use crate::git::BranchName;

/// The largest file that can be meant (bytes).
const LARGEST: usize = 1 << 20;

/// The file cannot be taken for data.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct NightlyError {
    /// The line.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl Explain for NightlyError {
    fn hint(&self) -> Option<String> {
        Some("only drm_tip_repos, drm_old_urls and drm_tip_config are read, as plain data; nothing is ever run".into())
    }
}

/// A tree of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its name.
    pub name: TreeName,
    /// Its URLs, as they are written.
    pub urls: Vec<String>,
    /// Those that it had.
    pub old: Vec<String>,
}

/// A branch of the integration tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The tree that it belongs to.
    pub tree: TreeName,
    /// Its name.
    pub branch: BranchName,
    /// The revision that is taken in its stead.
    pub pin: Option<String>,
    /// The comment above or beside it.
    pub comment: String,
}

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nightly {
    /// The trees, in order.
    pub repositories: Vec<Repository>,
    /// The branches, in the order of merging.
    pub branches: Vec<Branch>,
}

/// Reads the text of the file.
pub fn parse(text: &str) -> Result<Nightly, NightlyError> {
    let mut reader = Reader { rest: text, line: 1 };
    if text.len() > LARGEST {
        return reader.fail(format!("the file has {} bytes; that is no nightly.conf", text.len()));
    }
    let mut nightly = Nightly::default();
    let mut configured = false;
    loop {
        reader.skip_blank();
        reader.skip_comment();
        if reader.rest.is_empty() {
            return finish(nightly, configured, &reader);
        }
        if reader.take("\n") {
            continue;
        }
        statement(&mut reader, &mut nightly, &mut configured)?;
        reader.end_of_statement()?;
    }
}

fn finish(nightly: Nightly, configured: bool, reader: &Reader<'_>) -> Result<Nightly, NightlyError> {
    if !configured {
        return reader.fail("the file ends without drm_tip_config=(…)".into());
    }
    let known = |branch: &Branch| nightly.repositories.iter().any(|repository| repository.name == branch.tree);
    match nightly.branches.iter().find(|branch| !known(branch)) {
        Some(branch) => {
            reader.fail(format!("{} is of the tree `{}`, which the file lacks", branch.branch, branch.tree))
        }
        None => Ok(nightly),
    }
}

/// One assignment or declaration.
fn statement(reader: &mut Reader<'_>, nightly: &mut Nightly, configured: &mut bool) -> Result<(), NightlyError> {
    let name = reader.name();
    match name {
        "declare" | "typeset" => reader.declaration(),
        "drm_tip_repos" | "drm_old_urls" => {
            let line = reader.line;
            let Some(key) = reader.take("[").then(|| reader.until(']')).flatten().filter(|_| reader.take("]=")) else {
                return reader.fail(format!("`{name}` is not assigned as {name}[TREE]=\"URLs\""));
            };
            let at = |message| NightlyError { line, message };
            let tree: TreeName = key.trim_matches(['"', '\'']).parse().map_err(at)?;
            let urls: Vec<String> = reader.word()?.split_whitespace().map(str::to_owned).collect();
            let i = nightly.repositories.iter().position(|repository| repository.name == tree).unwrap_or_else(|| {
                let (urls, old) = (Vec::new(), Vec::new());
                nightly.repositories.push(Repository { name: tree.clone(), urls, old });
                nightly.repositories.len() - 1
            });
            let repository = &mut nightly.repositories[i];
            let list = if name == "drm_tip_repos" { &mut repository.urls } else { &mut repository.old };
            if !list.is_empty() {
                return Err(at(format!("`{name}[{tree}]` is assigned twice")));
            }
            *list = urls;
            Ok(())
        }
        "drm_tip_config" if *configured => reader.fail("`drm_tip_config` is assigned twice".into()),
        "drm_tip_config" => {
            *configured = true;
            config(reader, nightly)
        }
        _ => reader.not_data(),
    }
}

/// The array of branches.
fn config(reader: &mut Reader<'_>, nightly: &mut Nightly) -> Result<(), NightlyError> {
    if !reader.take("=(") {
        return reader.fail("`drm_tip_config` is not assigned as drm_tip_config=(…)".into());
    }
    // What stands beside the parenthesis is about the list.
    reader.skip_blank();
    reader.skip_comment();
    let mut above = String::new();
    loop {
        reader.skip_blank();
        if reader.rest.is_empty() {
            return reader.fail("the file ends within drm_tip_config=(…)".into());
        } else if reader.take(")") {
            return Ok(());
        } else if reader.rest.starts_with('#') {
            above = reader.skip_comment();
        } else if reader.take("\n") {
            // A comment belongs to the line below it.
            if reader.rest.trim_start_matches([' ', '\t']).starts_with('\n') {
                above.clear();
            }
        } else {
            let line = reader.line;
            let word = reader.word()?;
            reader.skip_blank();
            let beside = reader.skip_comment();
            let above = std::mem::take(&mut above);
            let comment = if beside.is_empty() { above } else { beside };
            let branch = branch(&word, comment).map_err(|message| NightlyError { line, message })?;
            if nightly.branches.iter().any(|other| (&other.tree, &other.branch) == (&branch.tree, &branch.branch)) {
                return Err(NightlyError {
                    line,
                    message: format!("{} of {} is there twice", branch.branch, branch.tree),
                });
            }
            nightly.branches.push(branch);
        }
    }
}

/// `tree branch [revision]`
fn branch(text: &str, comment: String) -> Result<Branch, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let ([tree, branch] | [tree, branch, _]) = words[..] else {
        return Err(format!("`{}` is not TREE BRANCH [COMMIT]", text.escape_debug()));
    };
    let pin = words.get(2).map(|pin| (*pin).to_owned());
    if let Some(pin) = pin.as_ref().filter(|pin| !is_revision(pin)) {
        return Err(format!("`{}` is neither 12 digits or more of a commit nor a tag", pin.escape_debug()));
    }
    let branch = branch.parse().map_err(|error: crate::git::names::NameError| error.to_string())?;
    Ok(Branch { tree: tree.parse()?, branch, pin, comment })
}

/// The text that is left, and the line it is on.
struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, message: String) -> Result<T, NightlyError> {
        Err(NightlyError { line: self.line, message })
    }

    fn not_data<T>(&self) -> Result<T, NightlyError> {
        let text: String = self.rest.lines().next().unwrap_or_default().chars().take(60).collect();
        self.fail(format!("this is no plain data, near `{}`", text.escape_debug()))
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn take(&mut self, text: &str) -> bool {
        let is_there = self.rest.starts_with(text);
        if is_there {
            self.advance(text.len());
        }
        is_there
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        self.advance(self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len()))
    }

    /// The text up to a character on this line, if it is there.
    fn until(&mut self, end: char) -> Option<&'a str> {
        let at = self.rest.find([end, '\n'])?;
        self.rest[at..].starts_with(end).then(|| self.advance(at))
    }

    fn skip_blank(&mut self) {
        self.take_while(|c| c == ' ' || c == '\t');
    }

    /// Skips a comment up to the end of its line and gives its text.
    fn skip_comment(&mut self) -> String {
        match self.rest.starts_with('#') {
            true => self.take_while(|c| c != '\n').trim_start_matches('#').trim().to_owned(),
            false => String::new(),
        }
    }

    fn name(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        match &self.rest[..end] {
            "" => "",
            "declare" | "typeset" | "drm_tip_repos" | "drm_old_urls" | "drm_tip_config" => self.advance(end),
            _ => "",
        }
    }

    /// `-A NAME…`: only the names that are known, and no values.
    fn declaration(&mut self) -> Result<(), NightlyError> {
        loop {
            let rest = self.rest.trim_start_matches([' ', '\t']);
            if rest.is_empty() || rest.starts_with(['\n', '#']) {
                return Ok(());
            }
            self.skip_blank();
            let start = self.rest;
            let word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            let ends = self.rest.is_empty() || self.rest.starts_with([' ', '\t', '\n']);
            let known = ["-A", "-a", "-g", "-gA", "drm_tip_repos", "drm_old_urls", "drm_tip_config"].contains(&word);
            if !ends || !known {
                self.rest = start;
                return self.not_data();
            }
        }
    }

    /// A word of bash, made of plain and quoted parts.
    fn word(&mut self) -> Result<String, NightlyError> {
        let mut word = String::new();
        loop {
            let part = match self.rest.chars().next() {
                Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
                Some(c) if is_plain(c) => self.take_while(is_plain),
                None | Some(' ' | '\t' | '\n' | ')') => return Ok(word),
                Some(_) => return self.not_data(),
            };
            word += part;
        }
    }

    fn quoted(&mut self, quote: char) -> Result<&'a str, NightlyError> {
        self.advance(1);
        let Some(end) = self.rest.find(quote) else {
            return self.fail(format!("a {quote} is not closed"));
        };
        let evaluated = |c: char| c == '\0' || quote == '"' && "$`\\!".contains(c);
        if let Some(at) = self.rest[..end].find(evaluated) {
            let start = self.rest[..at].rfind('\n').map_or(0, |newline| newline + 1);
            self.advance(start);
            return self.not_data();
        }
        let text = self.advance(end);
        self.advance(1);
        Ok(text)
    }

    fn end_of_statement(&mut self) -> Result<(), NightlyError> {
        let had_space = self.rest.starts_with([' ', '\t']);
        self.skip_blank();
        match self.rest.chars().next() {
            None | Some('\n') => Ok(()),
            Some('#') if had_space => Ok(()),
            Some(_) => self.not_data(),
        }
    }
}

/// Whether a character outside of quotes stands for itself.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_./:@+=,%".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"#!/bin/bash
# The trees.
declare -A drm_tip_repos drm_old_urls # both

drm_tip_repos[drm]="
git@ssh.git.example:drm.git
https://git.example/drm.git
"
drm_old_urls[drm]='git://old.example/drm'
drm_tip_repos[drm-misc]=https://git.example/misc.git

drm_tip_config=( # DO NOT CHANGE THIS LINE
	"drm			drm-fixes"

	# broken since monday
	"drm-misc		drm-misc-fixes b6e1b7081768"
	'drm drm-next v9.9' # waits for v9.10
	#no next-fixes
) # DO NOT CHANGE THIS LINE
"#;

    #[test]
    fn plain_data_is_read() {
        let nightly = parse(TEXT).unwrap();
        let drm = &nightly.repositories[0];
        assert_eq!(drm.urls, ["git@ssh.git.example:drm.git", "https://git.example/drm.git"]);
        assert_eq!(drm.old, ["git://old.example/drm"]);
        let told: Vec<String> = nightly
            .branches
            .iter()
            .map(|b| format!("{} {} {} {}", b.tree, b.branch, b.pin.as_deref().unwrap_or("-"), b.comment))
            .collect();
        let wanted = [
            "drm drm-fixes - ",
            "drm-misc drm-misc-fixes b6e1b7081768 broken since monday",
            "drm drm-next v9.9 waits for v9.10",
        ];
        assert_eq!(told, wanted);
        // What bash has for these arrays, to be sure of the quotes.
        let script = format!("{TEXT}printf '%s\\n' \"${{drm_tip_config[@]}}\" ${{drm_tip_repos[drm-misc]}}");
        let bash = crate::process::Process::new("bash").input(script).run().unwrap();
        let words: Vec<String> =
            bash.lines().iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let last = "https://git.example/misc.git";
        assert_eq!(words, ["drm drm-fixes", "drm-misc drm-misc-fixes b6e1b7081768", "drm drm-next v9.9", last]);
    }

    #[track_caller]
    fn refused(old: &str, new: &str, line: usize, part: &str) {
        assert!(TEXT.contains(old), "{old}");
        let error = parse(&TEXT.replacen(old, new, 1)).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.message.contains(part), "{error}");
    }

    #[test]
    fn whatever_bash_would_evaluate_is_refused_with_its_line() {
        let begin = "# The trees.";
        for code in [
            "touch /tmp/x",
            "$(touch /tmp/x)",
            "`id`",
            "f() { id; }",
            "source x",
            ". x",
            "eval id",
            "if true; then id; fi",
            "x=1",
            "PATH=/tmp",
            "export A=1",
            "((x=1))",
            "[[ a ]]",
            "drm_tip_repos=(a b)",
            "drm_tip_repos+=([a]=b)",
            "drm_tip_config+=(\"a b\")",
            "declare -A drm_tip_repos=([a]=$(id))",
            "declare -A drm_tip_repos; id",
            "declare -x PATH",
            "declare -A other",
            "\u{feff}declare -A drm_tip_repos",
            "cat <<EOF\nx\nEOF",
            "\\",
        ] {
            refused(begin, code, 2, "");
        }
        for code in ["$(id)", "`id`", "$HOME", "${x}", "\\n", "a!b"] {
            refused("https://git.example/drm.git", &format!("https://git.example/{code}"), 7, "no plain data");
        }
        for code in ["$(id)", "a;id", "a&id", "a|id", "a>x", "<(id)", "~/x", "*", "{a,b}", "a b", "$'x'"] {
            refused("https://git.example/misc.git", code, 10, "");
        }
        refused("\"drm			drm-fixes\"", "\"drm $(id)\"", 13, "no plain data");
        refused("\"drm			drm-fixes\"", "$(id)", 13, "no plain data");
        refused(") # DO NOT", ");id # DO NOT", 19, "no plain data");
        refused(") # DO NOT", ")# DO NOT", 19, "no plain data");
        refused("drm_old_urls[drm]", "drm_old_urls[$(id)]", 9, "no name of a tree");
        refused("drm_old_urls[drm]", "drm_old_urls[a[$(id)]", 9, "");
    }

    #[test]
    fn data_that_makes_no_sense_is_refused() {
        refused("drm			drm-fixes", "drm", 13, "TREE BRANCH");
        refused("drm			drm-fixes", "drm a v1 x", 13, "TREE BRANCH");
        refused("drm			drm-fixes", "drm --all", 13, "not a branch name");
        refused("drm			drm-fixes", "drm drm-next", 17, "twice");
        refused("b6e1b7081768", "b6e", 16, "12 digits");
        refused("b6e1b7081768", "--all", 16, "nor a tag");
        refused("drm_old_urls[drm]", "drm_tip_repos[drm]", 9, "twice");
        refused("drm			drm-fixes", "other x", 20, "lacks");
        refused("https://git.example/drm.git\n\"", "https://git.example/drm.git\n", 13, "");
        assert!(parse("").unwrap_err().message.contains("without drm_tip_config"));
        assert!(parse("drm_tip_config=(").unwrap_err().message.contains("ends within"));
        assert!(parse("drm_tip_config=(\"a").unwrap_err().message.contains("not closed"));
        assert!(parse(&"#\n".repeat(1 << 20)).unwrap_err().message.contains("no nightly.conf"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[ -~\n\t\"'()\\[\\]$#=äΩ]{0,200}", at in 0usize..400) {
            let _ = parse(&text);
            let at = (0..=at.min(TEXT.len())).rev().find(|at| TEXT.is_char_boundary(*at)).unwrap();
            let _ = parse(&format!("{}{text}{}", &TEXT[..at], &TEXT[at..]));
        }
    }
}
