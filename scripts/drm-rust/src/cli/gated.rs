// SPDX-License-Identifier: GPL-2.0-only

//! What commands share that check before they change something.

use clap::Args;

use drm_rust::review::Overrides;

use super::error::CommandError;

#[derive(Args)]
pub(super) struct Gated {
    /// Only check and tell
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Let a check warn, and say why
    #[arg(long = "override", value_name = "CHECK=REASON")]
    overrides: Vec<String>,
}

impl Gated {
    /// The overrides, of checks of commits and of the command's own.
    pub(super) fn overrides(&self, gates: &[&'static str]) -> Result<Overrides, CommandError> {
        Ok(Overrides::with_gates(&self.overrides, gates)?)
    }
}
