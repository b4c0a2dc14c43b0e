// SPDX-License-Identifier: GPL-2.0

//! Walks over the entries of an [`XArray`].
//!
//! C header: [`include/linux/xarray.h`](srctree/include/linux/xarray.h)
//!
//! All walks are methods of [`Guard`], and hence run with the lock of the array held. They visit
//! the present entries in ascending order of their indices, pass over vacant indices without
//! looking at each of them, and never see reserved ones. Each step costs a descent from the root,
//! like a step of the C macro `xa_for_each()`.
//!
//! What a walk may do with the entries depends on how it borrows the [`Guard`]:
//!
//! - [`Guard::iter`], [`Guard::range`] and [`Guard::find`] borrow it shared. Any number of such
//!   walks may coexist.
//! - [`Guard::iter_mut`] and [`Guard::range_mut`] borrow it exclusively and give out mutable
//!   references, which may outlive the walk but not the borrow of the guard.
//! - [`Guard::retain`] and [`Guard::drain`] take entries out.
//!
//! The lock is a spinlock: code that runs for each entry must not sleep, and a walk over many
//! entries keeps other CPUs waiting.
//!
//! # Not supported
//!
//! - Walks without the lock, e.g. under RCU.
//! - Walks from high to low indices, for which there is no C function either.
//! - Multi-index entries, and the IRQ and BH safe flavours of the lock.

use super::{
    Guard,
    XArray, //
};
use crate::{
    bindings,
    ffi::c_void,
    types::ForeignOwnable, //
};
use core::{
    iter::FusedIterator,
    marker::PhantomData,
    ops::{
        Bound,
        RangeBounds, //
    },
    ptr::NonNull, //
};

/// The position of a walk.
///
/// # Invariants
///
/// If `rest` is `Some((first, last))`, then `first <= last`.
pub(super) struct Walk {
    /// First and last index still to be visited.
    rest: Option<(usize, usize)>,
    /// Which entries to visit: `XA_PRESENT` or a mark.
    filter: bindings::xa_mark_t,
}

impl Walk {
    pub(super) fn new(range: impl RangeBounds<usize>, filter: bindings::xa_mark_t) -> Self {
        let first = match range.start_bound() {
            Bound::Included(&first) => Some(first),
            Bound::Excluded(&before) => before.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        let last = match range.end_bound() {
            Bound::Included(&last) => Some(last),
            Bound::Excluded(&after) => after.checked_sub(1),
            Bound::Unbounded => Some(usize::MAX),
        };

        Self {
            // INVARIANT: Ranges with `first > last` are filtered out.
            rest: first.zip(last).filter(|(first, last)| first <= last),
            filter,
        }
    }

    /// Steps to the next entry, and returns its index and its pointer.
    ///
    /// The pointer came from `T::into_foreign`.
    fn next<T: ForeignOwnable>(&mut self, xa: &XArray<T>) -> Option<(usize, NonNull<c_void>)> {
        let (first, last) = self.rest?;
        let mut index = first;

        // SAFETY: `xa.xa` is always valid by the type invariant of `XArray`, and `index` is valid
        // for reads and writes.
        let ptr = unsafe { bindings::xa_find(xa.xa.get(), &mut index, last, self.filter) };
        let ptr = NonNull::new(ptr.cast());

        // INVARIANT: `index + 1 <= last`, and the sum does not overflow, if `index < last`.
        self.rest = (ptr.is_some() && index < last).then(|| (index + 1, last));
        ptr.map(|ptr| (index, ptr))
    }
}

/// An iterator over entries of an [`XArray`] and their indices.
///
/// Made by [`Guard::iter`] and [`Guard::range`], for example.
pub struct Iter<'g, T: ForeignOwnable> {
    pub(super) guard: &'g Guard<'g, T>,
    pub(super) walk: Walk,
}

impl<'g, T: ForeignOwnable> Iterator for Iter<'g, T> {
    type Item = (usize, T::Borrowed<'g>);

    fn next(&mut self) -> Option<Self::Item> {
        let (index, ptr) = self.walk.next(self.guard.xa)?;

        // SAFETY:
        // - `ptr` came from `T::into_foreign`.
        // - The lock is held, and the guard is borrowed shared for `'g`. Entries are taken out,
        //   and borrowed mutably, only through a guard that is borrowed exclusively.
        Some((index, unsafe { T::borrow(ptr.as_ptr()) }))
    }
}

impl<T: ForeignOwnable> FusedIterator for Iter<'_, T> {}

/// An iterator over mutably borrowed entries of an [`XArray`] and their indices.
///
/// Made by [`Guard::iter_mut`] and [`Guard::range_mut`].
///
/// # Invariants
///
/// - A [`Guard`] of `xa` is borrowed exclusively for `'g`, on behalf of this iterator.
/// - No entry whose index is still to be visited by `walk` has been given out.
pub struct IterMut<'g, T: ForeignOwnable> {
    xa: &'g XArray<T>,
    walk: Walk,
    _guard: PhantomData<&'g mut Guard<'g, T>>,
}

impl<'g, T: ForeignOwnable> Iterator for IterMut<'g, T> {
    type Item = (usize, T::BorrowedMut<'g>);

    fn next(&mut self) -> Option<Self::Item> {
        // INVARIANT: The walk never goes back to an index.
        let (index, ptr) = self.walk.next(self.xa)?;

        // SAFETY:
        // - `ptr` came from `T::into_foreign`.
        // - By the type invariants, the guard is borrowed exclusively for `'g`, so the entry is not
        //   taken out before the end of `'g`, nor borrowed other than by this iterator, which has
        //   not given out the entry before.
        Some((index, unsafe { T::borrow_mut(ptr.as_ptr()) }))
    }
}

impl<T: ForeignOwnable> FusedIterator for IterMut<'_, T> {}

/// An iterator which takes entries out of an [`XArray`].
///
/// Made by [`Guard::drain`]. The entries it has not yielded are removed when it is dropped.
pub struct Drain<'g, 'a, T: ForeignOwnable> {
    guard: &'g mut Guard<'a, T>,
    walk: Walk,
}

impl<T: ForeignOwnable> Iterator for Drain<'_, '_, T> {
    type Item = (usize, T);

    fn next(&mut self) -> Option<Self::Item> {
        let (index, _) = self.walk.next(self.guard.xa)?;
        let value = self.guard.remove(index)?;

        Some((index, value))
    }
}

impl<T: ForeignOwnable> FusedIterator for Drain<'_, '_, T> {}

impl<T: ForeignOwnable> Drop for Drain<'_, '_, T> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

impl<'a, T: ForeignOwnable> Guard<'a, T> {
    /// Iterates over all entries in ascending order of their indices.
    ///
    /// C counterpart: `xa_for_each()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// guard.store(70, KBox::new(7, GFP_ATOMIC)?, GFP_ATOMIC)?;
    /// guard.store(3, KBox::new(5, GFP_ATOMIC)?, GFP_ATOMIC)?;
    ///
    /// let mut iter = guard.iter();
    /// assert_eq!(iter.next(), Some((3, &5)));
    /// assert_eq!(iter.next(), Some((70, &7)));
    /// assert_eq!(iter.next(), None);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        self.range(..)
    }

    /// Iterates over the entries whose indices are in `range`, in ascending order.
    ///
    /// A range that contains no index, even one whose start is behind its end, gives no entries.
    ///
    /// C counterpart: `xa_for_each_range()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// for index in [0, 8, 15, usize::MAX] {
    ///     guard.store(index, KBox::new(index, GFP_ATOMIC)?, GFP_ATOMIC)?;
    /// }
    ///
    /// assert!(guard.range(8..15).map(|(index, _)| index).eq([8]));
    /// assert!(guard.range(8..=15).map(|(index, _)| index).eq([8, 15]));
    /// assert!(guard.range(9..).map(|(index, _)| index).eq([15, usize::MAX]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn range(&self, range: impl RangeBounds<usize>) -> Iter<'_, T> {
        Iter {
            guard: self,
            walk: Walk::new(range, bindings::XA_PRESENT),
        }
    }

    /// Iterates over all entries, borrowed mutably, in ascending order of their indices.
    ///
    /// C counterpart: `xa_for_each()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// guard.store(1, KBox::new(10, GFP_ATOMIC)?, GFP_ATOMIC)?;
    /// guard.store(2, KBox::new(20, GFP_ATOMIC)?, GFP_ATOMIC)?;
    ///
    /// for (_, value) in guard.iter_mut() {
    ///     *value += 1;
    /// }
    /// assert!(guard.iter().eq([(1, &11), (2, &21)]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        self.range_mut(..)
    }

    /// Iterates over the entries whose indices are in `range`, borrowed mutably, in ascending
    /// order.
    ///
    /// C counterpart: `xa_for_each_range()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// guard.store(1, KBox::new(10, GFP_ATOMIC)?, GFP_ATOMIC)?;
    /// guard.store(2, KBox::new(20, GFP_ATOMIC)?, GFP_ATOMIC)?;
    ///
    /// let last = guard.range_mut(2..).next();
    /// if let Some((_, value)) = last {
    ///     *value = 0;
    /// }
    /// assert!(guard.iter().eq([(1, &10), (2, &0)]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn range_mut(&mut self, range: impl RangeBounds<usize>) -> IterMut<'_, T> {
        // INVARIANT: The lifetime of the returned iterator is the one of the exclusive borrow of
        // `self`, and nothing has been given out yet.
        IterMut {
            xa: self.xa,
            walk: Walk::new(range, bindings::XA_PRESENT),
            _guard: PhantomData,
        }
    }

    /// Returns the entry with the lowest index in `range`, and that index.
    ///
    /// C counterpart: `xa_find()`, and `xa_find_after()` when the start of the range is excluded.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// guard.store(64, KBox::new(1, GFP_ATOMIC)?, GFP_ATOMIC)?;
    ///
    /// assert_eq!(guard.find(..), Some((64, &1)));
    /// assert_eq!(guard.find(65..), None);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn find(&self, range: impl RangeBounds<usize>) -> Option<(usize, T::Borrowed<'_>)> {
        self.range(range).next()
    }

    /// Tells whether there is no entry in the array.
    ///
    /// Reserved indices do not count, unlike in the C function `xa_empty()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc1), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// assert!(guard.is_empty());
    /// guard.store(1, KBox::new(1, GFP_ATOMIC)?, GFP_ATOMIC)?;
    /// assert!(!guard.is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.find(..).is_none()
    }

    /// Removes and drops all entries for which `keep` returns `false`.
    ///
    /// `keep` is called once for each entry, in ascending order of the indices. It, and the
    /// destructors of the removed entries, run with the lock of the array held.
    ///
    /// C counterpart: `xa_for_each()` with `__xa_erase()` in its body.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// for index in 0..6 {
    ///     guard.store(index, KBox::new(index, GFP_ATOMIC)?, GFP_ATOMIC)?;
    /// }
    /// guard.retain(|index, _| index % 2 == 0);
    /// assert!(guard.iter().map(|(index, _)| index).eq([0, 2, 4]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn retain<F>(&mut self, mut keep: F)
    where
        F: FnMut(usize, T::BorrowedMut<'_>) -> bool,
    {
        let mut walk = Walk::new(.., bindings::XA_PRESENT);

        while let Some((index, ptr)) = walk.next(self.xa) {
            // SAFETY:
            // - `ptr` came from `T::into_foreign`.
            // - The lock is held and the guard is borrowed exclusively, so no other borrow of the
            //   entry exists. `keep` cannot hold on to this one, since it has to work with any
            //   lifetime, so it ends before the entry is removed.
            let value = unsafe { T::borrow_mut(ptr.as_ptr()) };

            if !keep(index, value) {
                drop(self.remove(index));
            }
        }
    }

    /// Removes the entries whose indices are in `range`, and returns them.
    ///
    /// Entries are removed as the returned iterator advances. When it is dropped early the rest of
    /// them are removed and dropped, with the lock of the array held. They stay in the array when
    /// it is passed to [`core::mem::forget`].
    ///
    /// Reserved indices stay reserved.
    ///
    /// C counterpart: `xa_for_each_range()` with `__xa_erase()` in its body.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// for index in 0..6 {
    ///     guard.store(index, KBox::new(index, GFP_ATOMIC)?, GFP_ATOMIC)?;
    /// }
    /// assert_eq!(guard.drain(1..=4).map(|(_, value)| *value).sum::<usize>(), 10);
    /// assert!(guard.iter().map(|(index, _)| index).eq([0, 5]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn drain(&mut self, range: impl RangeBounds<usize>) -> Drain<'_, 'a, T> {
        Drain {
            guard: self,
            walk: Walk::new(range, bindings::XA_PRESENT),
        }
    }
}

#[cfg(CONFIG_RUST_XARRAY_KUNIT_TEST)]
#[macros::kunit_tests(rust_xarray_entries)]
mod tests {
    use super::super::{
        test_util::{
            array,
            Drops,
            Unit, //
        },
        AllocKind, //
    };
    use super::*;
    use crate::{
        prelude::*,
        sync::Arc, //
    };

    const MAX: usize = usize::MAX;

    /// Indices around the edges of the nodes of the tree, and those of the index space.
    const INDICES: [usize; 9] = [0, 1, 63, 64, 4095, 4096, 262_144, MAX - 1, MAX];

    #[test]
    fn order() -> Result {
        let drops = Drops::new()?;

        for kind in [AllocKind::Alloc, AllocKind::Alloc1] {
            let stored = [4096, MAX, 1, 64, 0, 262_144, 63, MAX - 1, 4095];
            let xa = array(kind, &drops, &stored)?;
            let guard = xa.lock();

            assert!(guard.iter().map(|(index, _)| index).eq(INDICES));
            assert!(guard
                .iter()
                .all(|(index, value)| value.number == index as u32));
        }
        assert_eq!(drops.count(), 18);
        Ok(())
    }

    #[test]
    fn ranges() -> Result {
        type Bounds = (Bound<usize>, Bound<usize>);

        let table: [(Bounds, &[usize]); 14] = [
            ((Bound::Unbounded, Bound::Unbounded), &INDICES),
            ((Bound::Included(0), Bound::Included(0)), &[0]),
            ((Bound::Included(0), Bound::Excluded(0)), &[]),
            ((Bound::Excluded(0), Bound::Included(1)), &[1]),
            ((Bound::Excluded(0), Bound::Excluded(1)), &[]),
            ((Bound::Included(2), Bound::Included(62)), &[]),
            ((Bound::Included(2), Bound::Excluded(64)), &[63]),
            ((Bound::Included(63), Bound::Included(64)), &[63, 64]),
            ((Bound::Excluded(64), Bound::Included(4096)), &[4095, 4096]),
            ((Bound::Included(MAX), Bound::Included(MAX)), &[MAX]),
            ((Bound::Included(MAX), Bound::Excluded(MAX)), &[]),
            ((Bound::Excluded(MAX - 1), Bound::Unbounded), &[MAX]),
            ((Bound::Excluded(MAX), Bound::Unbounded), &[]),
            ((Bound::Included(64), Bound::Included(63)), &[]),
        ];
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc, &drops, &INDICES)?;
        let mut guard = xa.lock();

        for (range, expected) in table {
            let expected = expected.iter().copied();

            assert!(guard
                .range(range)
                .map(|(index, _)| index)
                .eq(expected.clone()));
            assert!(guard
                .range_mut(range)
                .map(|(index, _)| index)
                .eq(expected.clone()));
            assert_eq!(
                guard.find(range).map(|(index, _)| index),
                expected.clone().next()
            );
        }
        Ok(())
    }

    #[test]
    fn fused() -> Result {
        let drops = Drops::new()?;

        for indices in [&[][..], &[0], &[5], &[MAX]] {
            let xa = array(AllocKind::Alloc, &drops, indices)?;
            let guard = xa.lock();
            let mut iter = guard.iter();

            for &index in indices {
                assert_eq!(iter.next().map(|(index, _)| index), Some(index));
            }
            for _ in 0..3 {
                assert!(iter.next().is_none());
            }
            assert_eq!(guard.is_empty(), indices.is_empty());
        }
        Ok(())
    }

    #[test]
    fn mutable_borrows_coexist() -> Result {
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc, &drops, &[1, 2])?;
        let mut guard = xa.lock();
        let mut iter = guard.iter_mut();

        if let (Some((_, one)), Some((_, two))) = (iter.next(), iter.next()) {
            core::mem::swap(&mut one.number, &mut two.number);
        }
        assert!(guard
            .iter()
            .map(|(index, value)| (index, value.number))
            .eq([(1, 2), (2, 1)]));
        Ok(())
    }

    #[test]
    fn retain_drops_once() -> Result {
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc1, &drops, &INDICES)?;
        let mut guard = xa.lock();
        let mut seen = 0;

        guard.retain(|index, value| {
            seen += 1;
            value.number = 7;
            index % 2 == 0
        });
        assert_eq!(seen, 9);
        assert_eq!(drops.count(), 4);
        assert!(guard
            .iter()
            .map(|(index, value)| (index, value.number))
            .eq([0, 64, 4096, 262_144, MAX - 1].map(|index| (index, 7))));

        drop(guard);
        drop(xa);
        assert_eq!(drops.count(), 9);
        Ok(())
    }

    #[test]
    fn drain_drops_once() -> Result {
        // How many entries are taken from the iterator, and how many are left in the array,
        // depending on whether the iterator is dropped or forgotten.
        let table = [(0, false, 3), (2, false, 3), (2, true, 7), (6, false, 3)];

        for (taken, forget, left) in table {
            let drops = Drops::new()?;
            let xa = array(AllocKind::Alloc, &drops, &INDICES)?;
            let mut guard = xa.lock();
            let mut drain = guard.drain(1..MAX - 1);

            for nth in 0..taken {
                let entry = drain.next();
                assert_eq!(entry.as_ref().map(|entry| entry.0), Some(INDICES[nth + 1]));
                drop(entry);
                assert_eq!(drops.count(), nth as i32 + 1);
            }
            if forget {
                core::mem::forget(drain);
            } else {
                drop(drain);
            }
            assert_eq!(guard.iter().count(), left);
            assert_eq!(drops.count(), 9 - left as i32);

            drop(guard);
            drop(xa);
            assert_eq!(drops.count(), 9);
        }
        Ok(())
    }

    #[test]
    fn shared_owners() -> Result {
        let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
        let value = Arc::new(5, GFP_KERNEL)?;
        let mut guard = xa.lock();

        // The same pointer under several indices.
        for index in 0..3 {
            guard.store(index, value.clone(), GFP_ATOMIC)?;
        }
        assert!(guard.iter_mut().all(|(_, borrowed)| *borrowed == 5));
        assert!(guard.drain(..2).all(|(_, arc)| Arc::ptr_eq(&arc, &value)));
        drop(guard);
        drop(xa);

        // Only the reference above is left.
        assert!(Arc::into_unique_or_drop(value).is_some());
        Ok(())
    }

    #[test]
    fn unit_owners() -> Result {
        let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
        let mut guard = xa.lock();

        for index in [0, MAX] {
            guard.store(index, KBox::new(Unit, GFP_ATOMIC)?, GFP_ATOMIC)?;
        }
        assert!(guard.iter().eq([(0, &Unit), (MAX, &Unit)]));
        guard.retain(|index, _| index > 0);
        assert_eq!(guard.drain(..).count(), 1);
        assert!(guard.is_empty());
        Ok(())
    }
}
