// SPDX-License-Identifier: GPL-2.0-only

//! A tail cannot be left before its end.

use kernel::drm::kms::{
    tail::{CommitTail, Finished, Started},
    KmsDriver,
};

/// Forgets to release the framebuffers of old states.
pub fn commit_tail<'a, T: KmsDriver>(tail: CommitTail<'a, T, Started>) -> Finished<'a> {
    let tail = tail.disable_modesets().commit_planes().enable_modesets();
    let tail = tail.hw_done().wait_for_flip_done();
    #[cfg(not(misuse))]
    let tail = tail.cleanup_planes();
    tail //~ E0308
}
