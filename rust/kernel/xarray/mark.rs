// SPDX-License-Identifier: GPL-2.0

//! Marks on the entries of an [`XArray`](super::XArray).
//!
//! C header: [`include/linux/xarray.h`](srctree/include/linux/xarray.h)
//!
//! Each entry has a bit for each [`Mark`], which the array can search for: marked entries are found
//! without looking at the ones in between. The array gives no meaning to the marks.
//!
//! The life of a mark:
//!
//! - A new entry has no mark, whatever way it is stored, if the index was vacant or reserved.
//! - [`Guard::set_mark`] and [`Guard::clear_mark`] change one. Vacant and reserved indices cannot
//!   be marked.
//! - An entry that takes the place of another one gets the marks of that one, see
//!   [`Guard::store`] and [`Guard::replace`].
//! - The marks go away when the entry is removed.
//!
//! Changing marks takes a shared borrow of the [`Guard`] only, so that it is possible while walking
//! over entries: entries do not move or go away by it, and the lock keeps other tasks out.
//!
//! # Not supported
//!
//! - `XA_MARK_0`: arrays that track their free indices, and all arrays made by
//!   [`XArray::new`](super::XArray::new) do, use it for that, as `XA_FREE_MARK`. Changing it would
//!   let an index that is taken be allocated, so [`Mark`] does not have it.
//! - Looking at marks without the lock.
//! - Multi-index entries, and the IRQ and BH safe flavours of the lock.

use super::{
    entries::{
        Iter,
        Walk, //
    },
    Guard, //
};
use crate::{
    bindings,
    types::ForeignOwnable, //
};
use core::ops::RangeBounds;

/// A mark that entries can carry.
///
/// `XA_MARK_0` is left out: see the [module documentation](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// C counterpart: `XA_MARK_1`.
    One,
    /// C counterpart: `XA_MARK_2`.
    Two,
}

impl Mark {
    fn as_raw(self) -> bindings::xa_mark_t {
        match self {
            Self::One => bindings::XA_MARK_1,
            Self::Two => bindings::XA_MARK_2,
        }
    }
}

impl<T: ForeignOwnable> Guard<'_, T> {
    /// Sets a mark on the entry at the given index.
    ///
    /// Returns `false`, and does nothing, if there is no entry.
    ///
    /// C counterpart: `__xa_set_mark()`, which also marks reserved indices.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{mark::Mark, AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    /// guard.store(3, KBox::new(10, GFP_ATOMIC)?, GFP_ATOMIC)?;
    ///
    /// assert!(guard.set_mark(3, Mark::One));
    /// assert!(guard.has_mark(3, Mark::One));
    /// assert!(!guard.has_mark(3, Mark::Two));
    /// assert!(!guard.set_mark(4, Mark::One));
    ///
    /// // The mark goes with the entry.
    /// guard.remove(3);
    /// assert!(!guard.has_mark(3, Mark::One));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn set_mark(&self, index: usize, mark: Mark) -> bool {
        let present = self.load(index, |_| ()).is_some();

        if present {
            // SAFETY:
            // - `self.xa.xa` is always valid by the type invariant of `XArray`.
            // - The caller holds the lock.
            unsafe { bindings::__xa_set_mark(self.xa.xa.get(), index, mark.as_raw()) };
        }
        present
    }

    /// Clears a mark of the entry at the given index.
    ///
    /// Does nothing if there is no entry, or it does not have the mark.
    ///
    /// C counterpart: `__xa_clear_mark()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{mark::Mark, AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    /// guard.store(3, KBox::new(10, GFP_ATOMIC)?, GFP_ATOMIC)?;
    /// guard.set_mark(3, Mark::One);
    ///
    /// guard.clear_mark(3, Mark::One);
    /// assert!(!guard.has_mark(3, Mark::One));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn clear_mark(&self, index: usize, mark: Mark) {
        // SAFETY:
        // - `self.xa.xa` is always valid by the type invariant of `XArray`.
        // - The caller holds the lock.
        unsafe { bindings::__xa_clear_mark(self.xa.xa.get(), index, mark.as_raw()) };
    }

    /// Tells whether there is an entry at the given index which has a mark.
    ///
    /// C counterpart: `xa_get_mark()`.
    ///
    /// # Examples
    ///
    /// See [`Guard::set_mark`].
    pub fn has_mark(&self, index: usize, mark: Mark) -> bool {
        // SAFETY: `self.xa.xa` is always valid by the type invariant of `XArray`.
        unsafe { bindings::xa_get_mark(self.xa.xa.get(), index, mark.as_raw()) }
    }

    /// Tells whether any entry of the array has a mark.
    ///
    /// Takes constant time.
    ///
    /// C counterpart: `xa_marked()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{mark::Mark, AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    /// guard.store(3, KBox::new(10, GFP_ATOMIC)?, GFP_ATOMIC)?;
    ///
    /// assert!(!guard.any_marked(Mark::Two));
    /// guard.set_mark(3, Mark::Two);
    /// assert!(guard.any_marked(Mark::Two));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn any_marked(&self, mark: Mark) -> bool {
        // SAFETY: `self.xa.xa` is always valid by the type invariant of `XArray`, and its flags do
        // not change while the lock is held, which it is.
        unsafe { bindings::xa_marked(self.xa.xa.get(), mark.as_raw()) }
    }

    /// Iterates over the entries in `range` which have a mark, in ascending order of their indices.
    ///
    /// Marks may be changed on the way. A mark counts as it is when the iterator gets to the entry.
    ///
    /// C counterpart: `xa_for_each_marked()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{mark::Mark, AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    /// for index in 0..6 {
    ///     guard.store(index, KBox::new(index, GFP_ATOMIC)?, GFP_ATOMIC)?;
    /// }
    /// guard.set_mark(1, Mark::One);
    /// guard.set_mark(4, Mark::One);
    ///
    /// assert!(guard.range_marked(.., Mark::One).eq([(1, &1), (4, &4)]));
    ///
    /// for (index, _) in guard.range_marked(2.., Mark::One) {
    ///     guard.clear_mark(index, Mark::One);
    /// }
    /// assert!(guard.range_marked(.., Mark::One).eq([(1, &1)]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn range_marked(&self, range: impl RangeBounds<usize>, mark: Mark) -> Iter<'_, T> {
        Iter {
            guard: self,
            walk: Walk::new(range, mark.as_raw()),
        }
    }
}

#[cfg(CONFIG_RUST_XARRAY_KUNIT_TEST)]
#[macros::kunit_tests(rust_xarray_mark)]
mod tests {
    use super::super::{
        test_util::{
            array,
            Counted,
            Drops, //
        },
        AllocKind, //
    };
    use super::*;
    use crate::prelude::*;

    const INDICES: [usize; 7] = [0, 1, 63, 64, 4095, 4096, usize::MAX];

    fn marked(guard: &Guard<'_, KBox<Counted>>, mark: Mark, expected: &[usize]) -> bool {
        guard.any_marked(mark) != expected.is_empty()
            && INDICES
                .iter()
                .all(|&index| guard.has_mark(index, mark) == expected.contains(&index))
            && guard
                .range_marked(.., mark)
                .map(|(index, _)| index)
                .eq(expected.iter().copied())
    }

    #[test]
    fn set_and_clear() -> Result {
        for kind in [AllocKind::Alloc, AllocKind::Alloc1] {
            let drops = Drops::new()?;
            let xa = array(kind, &drops, &INDICES)?;
            let guard = xa.lock();

            assert!(marked(&guard, Mark::One, &[]));
            for nth in 0..INDICES.len() {
                assert!(guard.set_mark(INDICES[nth], Mark::One));
                assert!(marked(&guard, Mark::One, &INDICES[..=nth]));
                assert!(marked(&guard, Mark::Two, &[]));
            }
            assert!(guard.set_mark(64, Mark::Two));
            assert!(marked(&guard, Mark::Two, &[64]));
            for nth in 0..INDICES.len() {
                guard.clear_mark(INDICES[nth], Mark::One);
                // Clearing again makes no difference.
                guard.clear_mark(INDICES[nth], Mark::One);
                assert!(marked(&guard, Mark::One, &INDICES[nth + 1..]));
            }
            assert!(marked(&guard, Mark::Two, &[64]));
        }
        Ok(())
    }

    #[test]
    fn single_entry() -> Result {
        // A lone entry at index 0 lives in the root, outside of any node.
        for kind in [AllocKind::Alloc, AllocKind::Alloc1] {
            let drops = Drops::new()?;
            let xa = array(kind, &drops, &[0])?;
            let mut guard = xa.lock();

            guard.set_mark(0, Mark::Two);
            assert!(marked(&guard, Mark::Two, &[0]));

            // The mark moves to a node and back.
            guard.store(64, drops.value(64)?, GFP_ATOMIC)?;
            assert!(marked(&guard, Mark::Two, &[0]));
            drop(guard.remove(64));
            assert!(marked(&guard, Mark::Two, &[0]));

            drop(guard.remove(0));
            assert!(marked(&guard, Mark::Two, &[]));
        }
        Ok(())
    }

    #[test]
    fn vacant_indices() -> Result {
        // Among them is index 0 of an array that counts it as taken.
        for kind in [AllocKind::Alloc, AllocKind::Alloc1] {
            let drops = Drops::new()?;
            let xa = array(kind, &drops, &[1, 64])?;
            let guard = xa.lock();

            for index in [0, 2, 63, 4096, usize::MAX] {
                assert!(!guard.set_mark(index, Mark::One));
                guard.clear_mark(index, Mark::One);
                assert!(!guard.has_mark(index, Mark::One));
            }
            assert!(marked(&guard, Mark::One, &[]));
        }
        Ok(())
    }

    #[test]
    fn exchange_keeps_and_removal_clears() -> Result {
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc, &drops, &INDICES)?;
        let mut guard = xa.lock();

        for index in INDICES {
            guard.set_mark(index, Mark::One);
        }
        guard.replace(0, drops.value(0)?)?;
        guard.store(64, drops.value(0)?, GFP_ATOMIC)?;
        assert!(marked(&guard, Mark::One, &INDICES));

        drop(guard.remove(1));
        drop(guard.remove_if(63, |_| true));
        drop(guard.drain(4095..4096));
        guard.retain(|index, _| index != usize::MAX);
        assert!(marked(&guard, Mark::One, &[0, 64, 4096]));

        // A new entry starts without marks.
        guard.insert(1, drops.value(0)?, GFP_ATOMIC)?;
        assert_eq!(guard.alloc(2.., drops.value(0)?, GFP_ATOMIC)?, 2);
        guard.store(4095, drops.value(0)?, GFP_ATOMIC)?;
        assert!(marked(&guard, Mark::One, &[0, 64, 4096]));

        guard.retain(|_, _| false);
        assert!(marked(&guard, Mark::One, &[]));
        Ok(())
    }

    #[test]
    fn marks_do_not_free_indices() -> Result {
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc, &drops, &[0, 1, 2])?;
        let mut guard = xa.lock();

        for mark in [Mark::One, Mark::Two] {
            guard.set_mark(1, mark);
            guard.clear_mark(1, mark);
            guard.set_mark(0, mark);
        }
        assert_eq!(guard.alloc(.., drops.value(3)?, GFP_ATOMIC)?, 3);
        Ok(())
    }

    #[test]
    fn change_while_walking() -> Result {
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc, &drops, &INDICES)?;
        let guard = xa.lock();

        guard.set_mark(0, Mark::One);
        // Each step marks the next entry, which is then visited in turn.
        let mut seen = 0;
        for (index, _) in guard.range_marked(..=4096, Mark::One) {
            assert_eq!(index, INDICES[seen]);
            seen += 1;
            guard.clear_mark(index, Mark::One);
            guard.set_mark(INDICES[seen], Mark::One);
        }
        assert_eq!(seen, 6);
        assert!(marked(&guard, Mark::One, &[usize::MAX]));
        Ok(())
    }
}
