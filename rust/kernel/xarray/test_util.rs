// SPDX-License-Identifier: GPL-2.0

//! Values and arrays shared by the XArray test suites.

use super::*;
use crate::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

/// Counts how often the values made by it are dropped.
pub(super) struct Drops(Arc<Atomic<i32>>);

/// A number which tells a [`Drops`] when it goes away.
pub(super) struct Counted {
    pub(super) number: u32,
    drops: Arc<Atomic<i32>>,
}

impl Drops {
    pub(super) fn new() -> Result<Self> {
        Ok(Self(Arc::new(Atomic::new(0), GFP_KERNEL)?))
    }

    /// Makes a boxed value which is counted when dropped. May be called with the lock held.
    pub(super) fn value(&self, number: u32) -> Result<KBox<Counted>> {
        let drops = self.0.clone();
        Ok(KBox::new(Counted { number, drops }, GFP_ATOMIC)?)
    }

    /// The number of values dropped so far.
    pub(super) fn count(&self) -> i32 {
        self.0.load(Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Relaxed);
    }
}

/// A type without data whose boxes carry pointers fit for an [`XArray`].
#[derive(Debug, PartialEq)]
#[repr(align(8))]
pub(super) struct Unit;

/// Makes an array of [`Counted`] values which holds `index as u32` at each of `indices`.
pub(super) fn array(
    kind: AllocKind,
    drops: &Drops,
    indices: &[usize],
) -> Result<Pin<KBox<XArray<KBox<Counted>>>>> {
    let xa = KBox::pin_init(XArray::new(kind), GFP_KERNEL)?;
    let mut guard = xa.lock();
    for &index in indices {
        // CAST: The tests look at the low bits of the index only.
        guard.store(index, drops.value(index as u32)?, GFP_ATOMIC)?;
    }
    drop(guard);
    Ok(xa)
}
