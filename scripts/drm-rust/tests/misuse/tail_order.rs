// SPDX-License-Identifier: GPL-2.0-only

//! The hardware is programmed in an order that drivers can choose within limits only.

use kernel::drm::kms::{
    tail::{CommitTail, Finished, Started},
    KmsDriver,
};

/// Programs planes first, although what needs it is still to be switched off.
pub fn commit_tail<'a, T: KmsDriver>(tail: CommitTail<'a, T, Started>) -> Finished<'a> {
    #[cfg(not(misuse))]
    let tail = tail.disable_modesets();
    tail.commit_planes() //~ E0599
        .enable_modesets()
        .hw_done()
        .wait_for_vblanks()
        .cleanup_planes()
}
