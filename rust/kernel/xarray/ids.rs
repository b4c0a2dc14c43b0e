// SPDX-License-Identifier: GPL-2.0

//! Allocation of indices of an [`XArray`](super::XArray).
//!
//! C header: [`include/linux/xarray.h`](srctree/include/linux/xarray.h)
//!
//! An allocation finds a free index within a [`Limit`], and stores an element there. An index is
//! free if there is no element and no reservation at it; it does not matter whether its last
//! element got there by an allocation or by [`Guard::store`]. There are two ways to choose among
//! the free indices:
//!
//! - [`Guard::alloc`] takes the lowest one.
//! - [`Guard::alloc_cyclic`] goes on from a [`Cursor`], so that an index is used again as late as
//!   possible.
//!
//! Indices to be allocated are 32 bits wide. All arrays made by [`XArray::new`](super::XArray::new)
//! keep track of their free indices. Those made with [`AllocKind::Alloc1`](super::AllocKind) never
//! allocate index 0, whatever the limit is and whatever has been stored there.
//!
//! # Not supported
//!
//! - The IRQ and BH safe flavours of the lock.

use super::{
    exchange::into_entry,
    Guard,
    StoreError, //
};
use crate::{
    alloc,
    bindings,
    error::to_result,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::ForeignOwnable, //
};
use core::ops::{
    Bound,
    RangeBounds, //
};

/// A range of indices to allocate from.
///
/// Usually made from a range expression; all functions that allocate take one.
///
/// A limit may contain no index at all, in which case allocations fail with `EBUSY`.
///
/// C counterpart: `struct xa_limit`, whose maximum is inclusive too.
///
/// # Examples
///
/// ```
/// use kernel::xarray::ids::Limit;
///
/// assert_eq!(Limit::from(1..16), Limit::new(1, 15));
/// assert_eq!(Limit::from(..=u32::from(u16::MAX)), Limit::U16);
/// assert_eq!(Limit::from(..), Limit::U32);
/// assert!(Limit::from(7..7).is_empty());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    min: u32,
    max: u32,
}

impl Limit {
    /// All indices of 32 bits.
    ///
    /// C counterpart: `xa_limit_32b`.
    pub const U32: Self = Self::new(0, u32::MAX);

    /// All indices of 31 bits, i.e. those which are positive as an [`i32`], and 0.
    ///
    /// C counterpart: `xa_limit_31b`.
    pub const I32: Self = Self::new(0, u32::MAX >> 1);

    /// All indices of 16 bits.
    ///
    /// C counterpart: `xa_limit_16b`.
    pub const U16: Self = Self::new(0, (1 << 16) - 1);

    const EMPTY: Self = Self::new(1, 0);

    /// Makes the limit from `min` to `max`, both of them included.
    ///
    /// C counterpart: `XA_LIMIT()`.
    pub const fn new(min: u32, max: u32) -> Self {
        Self { min, max }
    }

    /// The lowest index to allocate.
    pub const fn min(self) -> u32 {
        self.min
    }

    /// The highest index to allocate.
    pub const fn max(self) -> u32 {
        self.max
    }

    /// Tells whether there is no index in the limit.
    pub const fn is_empty(self) -> bool {
        self.min > self.max
    }

    /// The part of the limit which the array of `guard` may allocate, for the C side.
    pub(super) fn to_raw<T: ForeignOwnable>(self, guard: &Guard<'_, T>) -> bindings::xa_limit {
        bindings::xa_limit {
            min: self.min.max(u32::from(guard.is_zero_busy())),
            max: self.max,
        }
    }
}

impl<R: RangeBounds<u32>> From<R> for Limit {
    fn from(range: R) -> Self {
        let min = match range.start_bound() {
            Bound::Included(&min) => Some(min),
            Bound::Excluded(&before) => before.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        let max = match range.end_bound() {
            Bound::Included(&max) => Some(max),
            Bound::Excluded(&after) => after.checked_sub(1),
            Bound::Unbounded => Some(u32::MAX),
        };

        min.zip(max)
            .map_or(Self::EMPTY, |(min, max)| Self::new(min, max))
    }
}

/// Where a cyclic allocation starts to search.
///
/// A cursor can be shared, so that it can be put next to its array. It only gives a hint:
/// allocations are correct whatever its value is. Nothing is lost when it is used with one array,
/// whose lock serializes the allocations, other than that two allocations may start at the same
/// index when the lock is dropped to allocate memory.
///
/// C counterpart: the `next` argument of `xa_alloc_cyclic()`.
///
/// # Examples
///
/// ```
/// use kernel::xarray::ids::Cursor;
///
/// let cursor = Cursor::new(100);
/// assert_eq!(cursor.next(), 100);
///
/// cursor.set(7);
/// assert_eq!(cursor.next(), 7);
/// ```
pub struct Cursor(Atomic<u32>);

impl Cursor {
    /// Makes a cursor that starts at index `next`.
    pub const fn new(next: u32) -> Self {
        Self(Atomic::new(next))
    }

    /// The index at which the next allocation starts to search.
    pub fn next(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// Lets the next allocation start to search at index `next`.
    pub fn set(&self, next: u32) {
        self.0.store(next, Relaxed);
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self::new(0)
    }
}

/// The outcome of [`Guard::alloc_cyclic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cyclic {
    /// The index that was allocated.
    pub index: u32,

    /// Whether the search went back to the start of the limit since the previous allocation.
    ///
    /// An index may have been used before once this has been `true`.
    pub wrapped: bool,
}

impl<T: ForeignOwnable> Guard<'_, T> {
    /// Stores an element at the lowest free index within `limit`, and returns the index.
    ///
    /// May drop the lock if needed to allocate memory, and then reacquire it afterwards.
    ///
    /// On failure, returns the element which was attempted to be stored, and one of these errors:
    ///
    /// - `EBUSY` if there is no free index within `limit`.
    /// - `ENOMEM` if memory could not be allocated.
    ///
    /// C counterpart: `__xa_alloc()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc1), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// assert_eq!(guard.alloc(.., KBox::new('a', GFP_ATOMIC)?, GFP_ATOMIC)?, 1);
    /// assert_eq!(guard.alloc(.., KBox::new('b', GFP_ATOMIC)?, GFP_ATOMIC)?, 2);
    ///
    /// // The first hole is filled.
    /// guard.remove(1);
    /// assert_eq!(guard.alloc(.., KBox::new('c', GFP_ATOMIC)?, GFP_ATOMIC)?, 1);
    ///
    /// // The value comes back if no index is free.
    /// let refused = guard.alloc(..=2, KBox::new('d', GFP_ATOMIC)?, GFP_ATOMIC).err();
    /// assert!(refused.is_some_and(|err| err.error == EBUSY && *err.value == 'd'));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn alloc(
        &mut self,
        limit: impl Into<Limit>,
        value: T,
        gfp: alloc::Flags,
    ) -> Result<u32, StoreError<T>> {
        let limit = limit.into().to_raw(self);
        let new = into_entry(value);
        let mut index = 0;

        // SAFETY:
        // - `self.xa.xa` is always valid by the type invariant of `XArray`.
        // - The caller holds the lock.
        // - `index` is valid for writes.
        // - `&mut self` guarantees that nothing borrowed from `self` is alive when the lock is
        //   dropped.
        //
        // INVARIANT: `new` came from `T::into_foreign`.
        let ret =
            unsafe { bindings::__xa_alloc(self.xa.xa.get(), &mut index, new, limit, gfp.as_raw()) };

        match to_result(ret) {
            Ok(()) => Ok(index),
            Err(error) => Err(StoreError {
                error,
                // SAFETY: `new` came from `T::into_foreign`, and `__xa_alloc` does not take
                // ownership of it on error.
                value: unsafe { T::from_foreign(new) },
            }),
        }
    }

    /// Stores an element at the next free index within `limit`, and returns the index.
    ///
    /// The search starts at `cursor`, or at the start of `limit` if that is higher. If there is no
    /// free index from there on it starts again at the start of `limit`, which the result tells.
    /// On success `cursor` is left one behind the index that was found.
    ///
    /// The array keeps note of an allocation of [`u32::MAX`] to tell the next one that it has
    /// wrapped. So each array should have a single cursor.
    ///
    /// May drop the lock if needed to allocate memory, and then reacquire it afterwards.
    ///
    /// On failure, returns the element which was attempted to be stored, and one of these errors:
    ///
    /// - `EBUSY` if there is no free index within `limit`.
    /// - `ENOMEM` if memory could not be allocated.
    ///
    /// C counterpart: `__xa_alloc_cyclic()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{ids::{Cursor, Cyclic}, AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let cursor = Cursor::new(14);
    /// let mut guard = xa.lock();
    ///
    /// for (index, wrapped) in [(14, false), (15, false), (0, true), (1, false)] {
    ///     let value = KBox::new(index, GFP_ATOMIC)?;
    ///     let allocated = guard.alloc_cyclic(..16, &cursor, value, GFP_ATOMIC)?;
    ///     assert_eq!(allocated, Cyclic { index, wrapped });
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn alloc_cyclic(
        &mut self,
        limit: impl Into<Limit>,
        cursor: &Cursor,
        value: T,
        gfp: alloc::Flags,
    ) -> Result<Cyclic, StoreError<T>> {
        let limit = limit.into().to_raw(self);
        let new = into_entry(value);
        let mut index = 0;
        let mut next = cursor.next();

        // SAFETY:
        // - `self.xa.xa` is always valid by the type invariant of `XArray`.
        // - The caller holds the lock.
        // - `index` is valid for writes, and `next` for reads and writes.
        // - `&mut self` guarantees that nothing borrowed from `self` is alive when the lock is
        //   dropped.
        //
        // INVARIANT: `new` came from `T::into_foreign`.
        let ret = unsafe {
            bindings::__xa_alloc_cyclic(
                self.xa.xa.get(),
                &mut index,
                new,
                limit,
                &mut next,
                gfp.as_raw(),
            )
        };

        match to_result(ret) {
            Ok(()) => {
                cursor.set(next);
                Ok(Cyclic {
                    index,
                    wrapped: ret > 0,
                })
            }
            Err(error) => Err(StoreError {
                error,
                // SAFETY: `new` came from `T::into_foreign`, and `__xa_alloc_cyclic` does not take
                // ownership of it on error.
                value: unsafe { T::from_foreign(new) },
            }),
        }
    }
}

#[cfg(CONFIG_RUST_XARRAY_KUNIT_TEST)]
#[macros::kunit_tests(rust_xarray_ids)]
mod tests {
    use super::super::{
        test_util::{
            array,
            Counted,
            Drops,
            Unit, //
        },
        AllocKind,
        XArray, //
    };
    use super::*;
    use crate::prelude::*;

    /// Splits the outcome of an allocation into its parts.
    fn outcome<R>(result: Result<R, StoreError<KBox<Counted>>>) -> Result<R, (Error, u32)> {
        result.map_err(|err| (err.error, err.value.number))
    }

    #[test]
    fn limits() {
        let table = [
            (Limit::from(..), 0, u32::MAX),
            (Limit::from(0..), 0, u32::MAX),
            (Limit::from(1..=1), 1, 1),
            (Limit::from(3..8), 3, 7),
            (Limit::from(..=9), 0, 9),
            (
                Limit::from((Bound::Excluded(4), Bound::Included(u32::MAX))),
                5,
                u32::MAX,
            ),
            (Limit::I32, 0, 0x7fff_ffff),
            (Limit::U16, 0, 0xffff),
        ];
        for (limit, min, max) in table {
            assert_eq!((limit.min(), limit.max()), (min, max));
            assert!(!limit.is_empty());
        }

        let empty = [
            Limit::from(0..0),
            Limit::from(7..7),
            Limit::from(u32::MAX..u32::MAX),
            Limit::from((Bound::Excluded(u32::MAX), Bound::Unbounded)),
            Limit::new(8, 7),
        ];
        assert!(empty.iter().all(|limit| limit.is_empty()));
    }

    #[test]
    fn alloc_fills_holes() -> Result {
        // Occupied indices, the limit, and the index that has to be found.
        let table: [(&[usize], Limit, Option<u32>); 13] = [
            (&[], Limit::U32, Some(0)),
            (&[], Limit::from(5..), Some(5)),
            (&[], Limit::from(u32::MAX..), Some(u32::MAX)),
            (&[0], Limit::U32, Some(1)),
            (&[0, 1, 3], Limit::U32, Some(2)),
            (&[1, 2, 3], Limit::U32, Some(0)),
            (&[1, 2, 3], Limit::from(1..), Some(4)),
            (&[62, 63], Limit::from(62..=64), Some(64)),
            (&[0], Limit::from(..=0), None),
            (&[4, 5, 6], Limit::from(4..=6), None),
            (&[u32::MAX as usize], Limit::from(u32::MAX..), None),
            (&[], Limit::from(0..0), None),
            (&[], Limit::new(9, 3), None),
        ];

        for (indices, limit, expected) in table {
            let drops = Drops::new()?;
            let xa = array(AllocKind::Alloc, &drops, indices)?;
            let mut guard = xa.lock();

            let result = outcome(guard.alloc(limit, drops.value(77)?, GFP_ATOMIC));
            assert_eq!(result, expected.ok_or((EBUSY, 77)));

            if let Some(index) = expected {
                assert!(guard
                    .get(index as usize)
                    .is_some_and(|value| value.number == 77));
            }
            assert_eq!(drops.count(), i32::from(expected.is_none()));
            drop(guard);
            drop(xa);
            assert_eq!(drops.count(), indices.len() as i32 + 1);
        }
        Ok(())
    }

    #[test]
    fn alloc_until_exhausted() -> Result {
        for (kind, first) in [(AllocKind::Alloc, 0), (AllocKind::Alloc1, 1)] {
            let drops = Drops::new()?;
            let xa = array(kind, &drops, &[])?;
            let mut guard = xa.lock();

            for index in first..200 {
                let result = guard.alloc(..200, drops.value(index)?, GFP_ATOMIC);
                assert_eq!(outcome(result), Ok(index));
            }
            let result = guard.alloc(..200, drops.value(9)?, GFP_ATOMIC);
            assert_eq!(outcome(result), Err((EBUSY, 9)));
            assert_eq!(drops.count(), 1);

            // Whatever way an element leaves, its index is free again.
            drop(guard.remove(64));
            drop(guard.remove_if(128, |_| true));
            drop(guard.drain(190..191));
            guard.retain(|index, _| index != 199);
            for index in [64, 128, 190, 199] {
                let result = guard.alloc(..200, drops.value(index)?, GFP_ATOMIC);
                assert_eq!(outcome(result), Ok(index));
            }
            let result = guard.alloc(..200, drops.value(9)?, GFP_ATOMIC);
            assert_eq!(outcome(result), Err((EBUSY, 9)));
        }
        Ok(())
    }

    #[test]
    fn zero_stays_busy() -> Result {
        // Elements stored at index 0 and removed in a way that marks it free on the C side.
        for indices in [&[][..], &[0], &[0, 1], &[1], &[0, 64]] {
            let drops = Drops::new()?;
            let xa = array(AllocKind::Alloc1, &drops, indices)?;
            let mut guard = xa.lock();
            drop(guard.remove(0));

            let result = guard.alloc(..=0, drops.value(5)?, GFP_ATOMIC);
            assert_eq!(outcome(result), Err((EBUSY, 5)));

            let expected = if indices.contains(&1) { 2 } else { 1 };
            let result = guard.alloc(.., drops.value(5)?, GFP_ATOMIC);
            assert_eq!(outcome(result), Ok(expected));

            let cursor = Cursor::default();
            let result = guard.alloc_cyclic(..=0, &cursor, drops.value(5)?, GFP_ATOMIC);
            assert_eq!(outcome(result), Err((EBUSY, 5)));
            assert_eq!(cursor.next(), 0);
        }
        Ok(())
    }

    #[test]
    fn cyclic() -> Result {
        const MAX: u32 = u32::MAX;

        // Occupied indices, the limit, the cursor, and the indices to be found one after the other.
        type Case = (&'static [usize], Limit, u32, &'static [(u32, bool)]);

        let table: [Case; 6] = [
            (
                &[],
                Limit::from(..3),
                0,
                &[(0, false), (1, false), (2, false)],
            ),
            (
                &[],
                Limit::from(..3),
                2,
                &[(2, false), (0, true), (1, false)],
            ),
            (
                &[],
                Limit::from(5..8),
                0,
                &[(5, false), (6, false), (7, false)],
            ),
            (
                &[],
                Limit::from(5..8),
                9,
                &[(5, true), (6, false), (7, false)],
            ),
            (&[6], Limit::from(5..8), 6, &[(7, false), (5, true)]),
            (
                &[0],
                Limit::from((Bound::Unbounded, Bound::Included(MAX))),
                MAX - 1,
                &[(MAX - 1, false), (MAX, false), (1, true), (2, false)],
            ),
        ];

        for (indices, limit, next, expected) in table {
            let drops = Drops::new()?;
            let xa = array(AllocKind::Alloc, &drops, indices)?;
            let cursor = Cursor::new(next);
            let mut guard = xa.lock();

            for &(index, wrapped) in expected {
                let result = guard.alloc_cyclic(limit, &cursor, drops.value(index)?, GFP_ATOMIC);
                assert_eq!(outcome(result), Ok(Cyclic { index, wrapped }));
                assert_eq!(cursor.next(), index.wrapping_add(1));
            }
            if limit != Limit::U32 {
                let next = cursor.next();
                let result = guard.alloc_cyclic(limit, &cursor, drops.value(9)?, GFP_ATOMIC);
                assert_eq!(outcome(result), Err((EBUSY, 9)));
                assert_eq!(cursor.next(), next);
                assert_eq!(drops.count(), 1);
            }
        }
        Ok(())
    }

    #[test]
    fn cyclic_passes_over_freed() -> Result {
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc1, &drops, &[])?;
        let cursor = Cursor::default();
        let mut guard = xa.lock();

        for (index, wrapped) in [(1, false), (2, false), (3, false), (1, true)] {
            let result = guard.alloc_cyclic(..=3, &cursor, drops.value(index)?, GFP_ATOMIC);
            assert_eq!(outcome(result), Ok(Cyclic { index, wrapped }));
            drop(guard.remove(index as usize));
        }
        assert_eq!(drops.count(), 4);
        Ok(())
    }

    #[test]
    fn unit_owners() -> Result {
        let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
        let mut guard = xa.lock();

        for index in 0..3 {
            let value = KBox::new(Unit, GFP_ATOMIC)?;
            assert_eq!(guard.alloc(.., value, GFP_ATOMIC)?, index);
        }
        assert_eq!(guard.iter().count(), 3);
        Ok(())
    }
}
