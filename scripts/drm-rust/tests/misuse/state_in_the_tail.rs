// SPDX-License-Identifier: GPL-2.0-only

//! A state can be changed in the check phase only.

#[cfg(not(misuse))]
use kernel::drm::kms::atomic::Check as Phase;
#[cfg(misuse)]
use kernel::drm::kms::atomic::Tail as Phase;
use kernel::drm::kms::{
    atomic::Commit,
    plane::{DriverPlane, Plane},
    KmsDriver,
};

/// Changes the state of a plane.
pub fn change<T: KmsDriver, P: DriverPlane<Driver = T, State = ()>>(
    commit: &mut Commit<'_, T, Phase>,
    plane: &Plane<P>,
) {
    if let Some(mut state) = commit.state_mut(plane) { //~ E0599
        *state.driver() = ();
    }
}
