// SPDX-License-Identifier: GPL-2.0-only

//! Patches that are mails yet: they have an author and a message, and no place in a history.

use super::ReviewError;
use super::oracle::{Found, Oracle};
use crate::check::scope::Patch;
use crate::git::{GitError, Oid, Repo};
use crate::mailbox::letter::Letter;
use crate::mailbox::{Mail, patch};

/// The patches of some mails, in their order. Answers and cover letters are none.
pub fn patches(repo: &Repo, mails: &[Letter]) -> Result<Vec<Patch>, ReviewError> {
    let counter = |mail: &Letter| mail.subject.counters.map_or(1, |(at, _)| at);
    let mut sent: Vec<&Letter> = mails.iter().filter(|mail| mail.subject.is_patch() && counter(mail) > 0).collect();
    if let ([], [only]) = (&sent[..], mails) {
        // `git format-patch -k` leaves out the brackets.
        sent.extend((!only.subject.is_reply && !only.subject.is_patch()).then_some(only));
    }
    sent.sort_by_key(|mail| counter(mail));
    if sent.is_empty() {
        return Err(ReviewError::NoPatch);
    }
    sent.into_iter().map(|mail| read(repo, mail)).collect()
}

fn read(repo: &Repo, letter: &Letter) -> Result<Patch, ReviewError> {
    let mail = Mail::parse(&letter.bytes)?;
    let message = patch::message(&mail);
    let author = patch::author(&mail);
    let (subject, body) = message.split_once("\n\n").unwrap_or((&message, ""));
    let nowhere = Oid::from_bytes([0; 20]);
    Ok(Patch {
        commit: nowhere,
        tree: nowhere,
        parents: Vec::new(),
        committer: author.clone(),
        author,
        subject: subject.to_owned(),
        body: body.to_owned(),
        trailers: repo.trailers(&message)?,
        files: Vec::new(),
        added: Vec::new(),
        removed: Vec::new(),
    })
}

/// What is known of commits, as long as it is open which of them a patch will stand on.
pub(super) struct Anywhere<'a>(pub(super) &'a dyn Oracle);

impl Oracle for Anywhere<'_> {
    fn find(&self, id: &str) -> Result<Found, GitError> {
        self.0.find(id)
    }

    fn is_ancestor(&self, _: Oid, _: Oid) -> Result<bool, GitError> {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::letter::mailbox;

    fn subjects(mails: &[(&str, &str)]) -> Result<Vec<(String, String)>, ReviewError> {
        let dir = tempfile::tempdir().unwrap();
        let mail = |(subject, body): &(&str, &str)| {
            format!("From x Fri Jan  2 10:00:00 2026\nFrom: A <a@b.example>\nSubject: {subject}\n\n{body}\n\n")
        };
        let text: String = mails.iter().map(mail).collect();
        let patches = patches(&Repo::at(dir.path()), &mailbox(text.as_bytes()).unwrap())?;
        Ok(patches.into_iter().map(|patch| (patch.author.0, patch.subject)).collect())
    }

    #[test]
    fn patches_are_what_would_become_commits() {
        let body = "From: B <b@b.example>\n\nWhy.\n---\ndiff --git a/a b/a";
        let mails = [
            ("[PATCH 2/2] x: b", "Why."),
            ("Re: [PATCH 1/2] x: a", "No."),
            ("[PATCH 0/2] x", "All."),
            ("[PATCH 1/2] x: a", body),
        ];
        let pair = |name: &str, subject: &str| (name.to_owned(), subject.to_owned());
        assert_eq!(subjects(&mails).unwrap(), [pair("B", "x: a"), pair("A", "x: b")]);
        assert_eq!(subjects(&[("x: a", "Why.")]).unwrap(), [pair("A", "x: a")]);
        for none in [&mails[1..3], &mails[1..2], &mails[2..3]] {
            assert!(matches!(subjects(none), Err(ReviewError::NoPatch)));
        }
    }
}
