// SPDX-License-Identifier: GPL-2.0

//! Stores and removals that depend on what an [`XArray`](super::XArray) holds.
//!
//! C header: [`include/linux/xarray.h`](srctree/include/linux/xarray.h)
//!
//! [`Guard::store`] and [`Guard::remove`] act whatever is at the index. The methods here look
//! first, and hand the value back when the index is not in the state asked for:
//!
//! | Method                | the index is vacant | reserved    | holds an entry                   |
//! |-----------------------|---------------------|-------------|----------------------------------|
//! | [`Guard::insert`]     | stores              | `EBUSY`     | `EBUSY`                          |
//! | [`Guard::replace`]    | `ENOENT`            | `ENOENT`    | exchanges                        |
//! | [`Guard::replace_if`] | `ENOENT`            | `ENOENT`    | exchanges, or `EBUSY` if refused |
//! | [`Guard::remove_if`]  | [`None`]            | [`None`]    | removes, or [`None`] if refused  |
//!
//! The C function `__xa_cmpxchg()` compares addresses. An address does not identify an owned value:
//! once the value is gone, another one may live there. So the comparison is done by a closure,
//! which gets a borrow of the current entry. The address of the entry is then used to make sure
//! that it is this very entry that is exchanged.
//!
//! # Not supported
//!
//! - Multi-index entries, and the IRQ and BH safe flavours of the lock.

use super::{
    Guard,
    StoreError, //
};
use crate::{
    alloc,
    bindings,
    build_assert::const_assert,
    error::{
        code::{
            EBUSY,
            ENOENT, //
        },
        to_result,
        Error, //
    },
    ffi::c_void,
    types::ForeignOwnable, //
};

/// Turns `value` into an entry which the C side takes for a pointer.
///
/// The result came from `T::into_foreign`.
pub(super) fn into_entry<T: ForeignOwnable>(value: T) -> *mut c_void {
    const_assert!(
        T::FOREIGN_ALIGN >= 4,
        "pointers stored in XArray must be 4-byte aligned"
    );

    value.into_foreign()
}

impl<T: ForeignOwnable> Guard<'_, T> {
    /// Tells whether index 0 counts as taken although nothing is stored there, which is so for
    /// arrays made with [`AllocKind::Alloc1`](super::AllocKind::Alloc1).
    ///
    /// The C side puts a reserved entry at index 0 of such an array when it stores to another
    /// index, drops it when all other entries are gone, and does not bring it back if it is
    /// overwritten and removed. Functions whose outcome would depend on that have to ask.
    pub(super) fn is_zero_busy(&self) -> bool {
        // SAFETY: `self.xa.xa` is always valid by the type invariant of `XArray`, and its flags do
        // not change while the lock is held, which it is.
        let flags = unsafe { (*self.xa.xa.get()).xa_flags };

        flags & bindings::XA_FLAGS_ZERO_BUSY != 0
    }

    /// Stores an element at the given index unless there is one already.
    ///
    /// May drop the lock if needed to allocate memory, and then reacquire it afterwards.
    ///
    /// On failure, returns the element which was attempted to be stored, and one of these errors:
    ///
    /// - `EBUSY` if there is an element at the index, or it is reserved, or it is index 0 of an
    ///   array made with [`AllocKind::Alloc1`](super::AllocKind::Alloc1).
    /// - `ENOMEM` if memory could not be allocated.
    ///
    /// C counterpart: `__xa_insert()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// guard.insert(3, KBox::new(10, GFP_ATOMIC)?, GFP_ATOMIC)?;
    ///
    /// let refused = guard.insert(3, KBox::new(11, GFP_ATOMIC)?, GFP_ATOMIC).err();
    /// assert!(refused.is_some_and(|err| err.error == EBUSY && *err.value == 11));
    /// assert_eq!(guard.get(3), Some(&10));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn insert(
        &mut self,
        index: usize,
        value: T,
        gfp: alloc::Flags,
    ) -> Result<(), StoreError<T>> {
        if index == 0 && self.is_zero_busy() {
            return Err(StoreError {
                error: EBUSY,
                value,
            });
        }

        let new = into_entry(value);

        // SAFETY:
        // - `self.xa.xa` is always valid by the type invariant of `XArray`.
        // - The caller holds the lock.
        // - `&mut self` guarantees that nothing borrowed from `self` is alive when the lock is
        //   dropped.
        //
        // INVARIANT: `new` came from `T::into_foreign`.
        let ret = unsafe { bindings::__xa_insert(self.xa.xa.get(), index, new, gfp.as_raw()) };

        to_result(ret).map_err(|error| StoreError {
            error,
            // SAFETY: `new` came from `T::into_foreign`, and `__xa_insert` does not take ownership
            // of it on error.
            value: unsafe { T::from_foreign(new) },
        })
    }

    /// Replaces the element at the given index, and returns the one that was there.
    ///
    /// Never allocates, and hence never drops the lock. The marks of the index are kept.
    ///
    /// On failure, returns the element which was attempted to be stored, and the error `ENOENT`:
    /// there is no element at the index.
    ///
    /// C counterpart: `__xa_cmpxchg()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    ///
    /// let refused = guard.replace(3, KBox::new(10, GFP_ATOMIC)?).err();
    /// assert!(refused.is_some_and(|err| err.error == ENOENT && *err.value == 10));
    ///
    /// guard.store(3, KBox::new(11, GFP_ATOMIC)?, GFP_ATOMIC)?;
    /// assert_eq!(*guard.replace(3, KBox::new(12, GFP_ATOMIC)?)?, 11);
    /// assert_eq!(guard.get(3), Some(&12));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn replace(&mut self, index: usize, value: T) -> Result<T, StoreError<T>> {
        self.replace_if(index, value, |_| true)
    }

    /// Replaces the element at the given index if `matches` accepts it, and returns it.
    ///
    /// Never allocates, and hence never drops the lock: nothing comes between the comparison and
    /// the exchange. The marks of the index are kept.
    ///
    /// On failure, returns the element which was attempted to be stored, and one of these errors:
    ///
    /// - `ENOENT` if there is no element at the index; `matches` is not called.
    /// - `EBUSY` if `matches` returned `false`.
    ///
    /// C counterpart: `__xa_cmpxchg()`.
    ///
    /// # Examples
    ///
    /// Replaces an element only if it is still the one that was seen before:
    ///
    /// ```
    /// use kernel::{sync::Arc, xarray::{AllocKind, XArray}};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let seen = Arc::new(1, GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    /// guard.store(5, seen.clone(), GFP_ATOMIC)?;
    ///
    /// // An equal value does not do: it has to be the same object.
    /// let equal = Arc::new(1, GFP_ATOMIC)?;
    /// let new = Arc::new(2, GFP_ATOMIC)?;
    /// let refused = guard
    ///     .replace_if(5, new, |entry| core::ptr::eq(&*entry, &*equal))
    ///     .err()
    ///     .ok_or(EINVAL)?;
    /// assert_eq!(refused.error, EBUSY);
    ///
    /// let old = guard.replace_if(5, refused.value, |entry| core::ptr::eq(&*entry, &*seen))?;
    /// assert!(Arc::ptr_eq(&old, &seen));
    /// assert!(guard.get(5).is_some_and(|entry| *entry == 2));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn replace_if<F>(&mut self, index: usize, value: T, matches: F) -> Result<T, StoreError<T>>
    where
        F: FnOnce(T::Borrowed<'_>) -> bool,
    {
        let fail = |error: Error, value: T| Err(StoreError { error, value });

        let Some(current) = self.load(index, |ptr| ptr.as_ptr()) else {
            return fail(ENOENT, value);
        };
        // SAFETY:
        // - `current` came from `T::into_foreign`.
        // - The lock is held and the guard is borrowed exclusively. `matches` cannot hold on to the
        //   borrow, since it has to work with any lifetime, so it ends before the entry is
        //   exchanged.
        if !matches(unsafe { T::borrow(current) }) {
            return fail(EBUSY, value);
        }

        let new = into_entry(value);
        // SAFETY:
        // - `self.xa.xa` is always valid by the type invariant of `XArray`.
        // - The caller holds the lock.
        //
        // INVARIANT: `new` came from `T::into_foreign`.
        let old = unsafe { bindings::__xa_cmpxchg(self.xa.xa.get(), index, current, new, 0) };

        if old == current {
            // SAFETY:
            // - `__xa_cmpxchg` returned the entry that was compared against, so it has put `new` in
            //   the place of `current`, which came from `T::into_foreign`.
            // - `&mut self` guarantees that nothing is borrowed from the entry.
            Ok(unsafe { T::from_foreign(current) })
        } else {
            // SAFETY: `new` came from `T::into_foreign`, and `__xa_cmpxchg` has not stored it.
            fail(EBUSY, unsafe { T::from_foreign(new) })
        }
    }

    /// Removes and returns the element at the given index if `matches` accepts it.
    ///
    /// Returns [`None`] if there is no element at the index, in which case `matches` is not called,
    /// and if `matches` returned `false`.
    ///
    /// C counterpart: `__xa_cmpxchg()` with a `NULL` entry.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let mut guard = xa.lock();
    /// guard.store(5, KBox::new(1, GFP_ATOMIC)?, GFP_ATOMIC)?;
    ///
    /// assert!(guard.remove_if(5, |value| *value > 1).is_none());
    /// assert_eq!(guard.remove_if(5, |value| *value == 1).as_deref(), Some(&1));
    /// assert!(guard.get(5).is_none());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn remove_if<F>(&mut self, index: usize, matches: F) -> Option<T>
    where
        F: FnOnce(T::Borrowed<'_>) -> bool,
    {
        if matches(self.get(index)?) {
            self.remove(index)
        } else {
            None
        }
    }
}

#[cfg(CONFIG_RUST_XARRAY_KUNIT_TEST)]
#[macros::kunit_tests(rust_xarray_exchange)]
mod tests {
    use super::super::{
        test_util::{
            array,
            Drops,
            Unit, //
        },
        AllocKind,
        XArray, //
    };
    use super::*;
    use crate::prelude::*;

    /// The error of a refused store, and the number in the value it hands back.
    fn refusal<R>(
        result: Result<R, StoreError<KBox<super::super::test_util::Counted>>>,
    ) -> Option<(Error, u32)> {
        result.err().map(|err| (err.error, err.value.number))
    }

    #[test]
    fn insert_vacant_and_occupied() -> Result {
        // The array holds an element at 0 and one at 64, or just one at 0.
        for indices in [&[0, 64][..], &[0]] {
            for (index, expected) in [
                (0, Some(EBUSY)),
                (1, None),
                (63, None),
                (64, (indices.len() > 1).then_some(EBUSY)),
                (usize::MAX, None),
            ] {
                let drops = Drops::new()?;
                let xa = array(AllocKind::Alloc, &drops, indices)?;
                let mut guard = xa.lock();
                let result = guard.insert(index, drops.value(7)?, GFP_ATOMIC);

                assert_eq!(refusal(result), expected.map(|error| (error, 7)));
                assert_eq!(drops.count(), i32::from(expected.is_some()));
                assert_eq!(
                    guard.get(index).map(|value| value.number),
                    // CAST: The indices that are occupied beforehand are small.
                    Some(expected.map_or(7, |_| index as u32))
                );
                let len = indices.len() + usize::from(expected.is_none());
                assert_eq!(guard.iter().count(), len);

                drop(guard);
                drop(xa);
                assert_eq!(drops.count(), indices.len() as i32 + 1);
            }
        }
        Ok(())
    }

    #[test]
    fn insert_at_busy_zero() -> Result {
        // Whether the C side has its own entry at index 0 makes no difference.
        for indices in [&[][..], &[1], &[0, 1]] {
            let drops = Drops::new()?;
            let xa = array(AllocKind::Alloc1, &drops, indices)?;
            let mut guard = xa.lock();

            let result = guard.insert(0, drops.value(7)?, GFP_ATOMIC);
            assert_eq!(refusal(result), Some((EBUSY, 7)));

            drop(guard.remove(0));
            let result = guard.insert(0, drops.value(7)?, GFP_ATOMIC);
            assert_eq!(refusal(result), Some((EBUSY, 7)));
            assert!(guard.get(0).is_none());

            // An unconditional store is possible.
            assert!(guard.store(0, drops.value(8)?, GFP_ATOMIC)?.is_none());
            assert!(guard.get(0).is_some_and(|value| value.number == 8));
        }
        Ok(())
    }

    #[test]
    fn replace_outcomes() -> Result {
        for kind in [AllocKind::Alloc, AllocKind::Alloc1] {
            let drops = Drops::new()?;
            let xa = array(kind, &drops, &[5, 64])?;
            let mut guard = xa.lock();

            for (index, accept, expected) in [
                (0, true, Some(ENOENT)),
                (4, true, Some(ENOENT)),
                (usize::MAX, true, Some(ENOENT)),
                (5, false, Some(EBUSY)),
                (64, true, None),
            ] {
                let before = drops.count();
                let mut called = false;
                let result = guard.replace_if(index, drops.value(9)?, |value| {
                    called = true;
                    assert_eq!(value.number as usize, index);
                    accept
                });

                if let Ok(old) = &result {
                    assert_eq!(old.number as usize, index);
                }
                assert_eq!(called, expected != Some(ENOENT));
                assert_eq!(refusal(result), expected.map(|error| (error, 9)));
                assert_eq!(drops.count(), before + 1);
            }
            assert!(guard
                .iter()
                .map(|(index, value)| (index, value.number))
                .eq([(5, 5), (64, 9)]));

            drop(guard);
            drop(xa);
            assert_eq!(drops.count(), 7);
        }
        Ok(())
    }

    #[test]
    fn replace_single_entry_at_zero() -> Result {
        // A lone entry at index 0 lives in the root, outside of any node.
        for kind in [AllocKind::Alloc, AllocKind::Alloc1] {
            let drops = Drops::new()?;
            let xa = array(kind, &drops, &[0])?;
            let mut guard = xa.lock();

            assert_eq!(guard.replace(0, drops.value(3)?)?.number, 0);
            assert_eq!(drops.count(), 1);
            assert!(guard.get(0).is_some_and(|value| value.number == 3));
        }
        Ok(())
    }

    #[test]
    fn remove_if_outcomes() -> Result {
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc, &drops, &[5])?;
        let mut guard = xa.lock();

        for (index, accept, removed) in [
            (4, true, false),
            (5, false, false),
            (5, true, true),
            (5, true, false),
        ] {
            assert_eq!(guard.remove_if(index, |_| accept).is_some(), removed);
            assert_eq!(drops.count(), i32::from(guard.is_empty()));
        }
        Ok(())
    }

    #[test]
    fn unit_owners() -> Result {
        // All of these have the same address.
        let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
        let mut guard = xa.lock();

        guard.insert(1, KBox::new(Unit, GFP_ATOMIC)?, GFP_ATOMIC)?;
        let result = guard.insert(1, KBox::new(Unit, GFP_ATOMIC)?, GFP_ATOMIC);
        assert_eq!(result.err().map(|err| err.error), Some(EBUSY));
        assert_eq!(*guard.replace(1, KBox::new(Unit, GFP_ATOMIC)?)?, Unit);
        assert!(guard.remove_if(1, |_| true).is_some());
        assert!(guard.is_empty());
        Ok(())
    }
}
