// SPDX-License-Identifier: GPL-2.0-only

//! What a colour pipeline refers to belongs to the commit.

use kernel::{
    drm::kms::{
        atomic::{Check, Commit},
        plane::{DriverPlane, Plane},
        KmsDriver,
    },
    prelude::*,
};

/// Looks at an operation after the state has become accessible.
pub fn check<T: KmsDriver, P: DriverPlane<Driver = T, State = ()>>(
    commit: &mut Commit<'_, T, Check>,
    plane: &Plane<P>,
) -> Result {
    let mut pipeline = commit.color_pipeline(plane)?;
    let op = pipeline.next();
    #[cfg(not(misuse))]
    let _ = op;
    let _state = commit.state_mut(plane); //~ E0499
    #[cfg(misuse)]
    drop(op);
    Ok(())
}
