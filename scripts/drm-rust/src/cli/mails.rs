// SPDX-License-Identifier: GPL-2.0-only

//! The mails that a person names: standard input, a mailbox, a mail or a Maildir.

use std::fs::File;

use drm_rust::error::FileContext;
use drm_rust::mailbox;
use drm_rust::mailbox::letter::{self, Letter};

use super::context::Context;
use super::error::CommandError;

/// Reads them. None where it is something else.
pub(super) fn named(context: &Context, from: &str) -> Result<Option<Vec<Letter>>, CommandError> {
    if from == "-" {
        let bytes = mailbox::read(std::io::stdin().lock()).map_err(CommandError::io)?;
        return Ok(Some(letter::mailbox(&bytes)?));
    }
    let path = context.here.join(from);
    if letter::is_maildir(&path) {
        return Ok(Some(letter::letters(letter::maildir(&path)?)?));
    }
    if path.is_dir() {
        let hint = "a Maildir has the folders cur, new and tmp. Files of `git format-patch` are read from standard\n\
                    input: cat *.patch | drm-rust …";
        return Err(CommandError::usage(format!("{from} is a folder, but no Maildir"), hint));
    }
    if !path.is_file() {
        return Ok(None);
    }
    let file = File::open(&path).at("open", &path)?;
    Ok(Some(letter::mailbox(&mailbox::read(file).at("read", &path)?)?))
}
