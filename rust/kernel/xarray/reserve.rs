// SPDX-License-Identifier: GPL-2.0

//! Reservations of indices of an [`XArray`].
//!
//! C header: [`include/linux/xarray.h`](srctree/include/linux/xarray.h)
//!
//! A [`Reservation`] stands for an index at which nothing is stored yet, but for which the memory
//! has been allocated. Its life:
//!
//! ```text
//!        XArray::reserve          Reservation::fill, ::store
//!        XArray::reserve_alloc
//! vacant ---------------------> reserved ------------------> holds an entry
//!   ^                              |
//!   +------------------------------+
//!     drop, Reservation::release
//! ```
//!
//! A reserved index is invisible to lookups, walks and marks, but is not free:
//! [`Guard::insert`] and the functions that allocate an index do not touch it. Thus one can choose
//! an index, drop the lock, make an object that knows the index, and publish it without having to
//! deal with a failure, even where memory must not be allocated.
//!
//! [`Guard::store`] and [`Guard::remove`] act on reserved indices as if they were vacant. So they
//! end a reservation: the former stores its element, the latter makes the index free. Then
//! [`Reservation::fill`] and [`Reservation::store`] fail and return their element, and dropping the
//! reservation leaves the element of someone else alone. Those who go by [`Guard::insert`],
//! [`Guard::replace`], [`Guard::remove_if`], [`Guard::retain`] and [`Guard::drain`] do not get in
//! the way of reservations.
//!
//! Reservations are made through the [`XArray`] rather than the [`Guard`], and lock the array by
//! themselves when they are dropped. So a [`Reservation`] must not be dropped by the holder of the
//! lock: use [`Reservation::release`] or [`Reservation::store`] then. A reservation which is
//! declared before the guard is dropped after it, and hence in the right order.
//!
//! A reservation that is passed to [`core::mem::forget`] leaves the index reserved until the array
//! is dropped, or an element is stored or removed there.
//!
//! # Not supported
//!
//! - Reservations of several indices at once.
//! - Multi-index entries, and the IRQ and BH safe flavours of the lock.

use super::{
    exchange::into_entry,
    ids::Limit,
    Guard,
    StoreError,
    XArray, //
};
use crate::{
    alloc,
    bindings,
    error::{
        code::{
            EBUSY,
            EINVAL,
            ENOENT, //
        },
        to_result,
        Result, //
    },
    types::ForeignOwnable, //
};
use core::{
    mem::ManuallyDrop,
    ptr, //
};

/// A reserved index of an [`XArray`].
///
/// The index becomes vacant when this is dropped, which takes the lock of the array. See the
/// [module documentation](self).
///
/// Reservations may be sent to other threads if the elements of the array can.
#[must_use = "the index becomes vacant immediately when the reservation is unused"]
pub struct Reservation<'a, T: ForeignOwnable> {
    xa: &'a XArray<T>,
    index: usize,
}

impl<T: ForeignOwnable> XArray<T> {
    /// Reserves the given index.
    ///
    /// Takes the lock, and may drop it if needed to allocate memory, and then reacquire it
    /// afterwards.
    ///
    /// # Errors
    ///
    /// - `EBUSY` if there is an element at the index, or it is reserved, or it is index 0 of an
    ///   array made with [`AllocKind::Alloc1`](super::AllocKind::Alloc1).
    /// - `ENOMEM` if memory could not be allocated.
    ///
    /// C counterpart: `xa_insert()` with a `NULL` entry. This is `xa_reserve()`, except that it
    /// fails if the index is taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    ///
    /// let reservation = xa.reserve(7, GFP_KERNEL)?;
    /// assert!(xa.reserve(7, GFP_KERNEL).is_err_and(|err| err == EBUSY));
    /// assert!(xa.lock().get(7).is_none());
    ///
    /// reservation.fill(KBox::new(10, GFP_KERNEL)?)?;
    /// assert_eq!(xa.lock().get(7), Some(&10));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reserve(&self, index: usize, gfp: alloc::Flags) -> Result<Reservation<'_, T>> {
        let guard = self.lock();

        if index == 0 && guard.is_zero_busy() {
            // The C side loses such a reservation when all other entries are removed.
            return Err(EBUSY);
        }

        // SAFETY:
        // - `self.xa` is always valid by the type invariant.
        // - `guard` holds the lock, and nothing is borrowed from it when the lock is dropped.
        //
        // INVARIANT: A `NULL` entry is stored as `XA_ZERO_ENTRY`.
        to_result(unsafe {
            bindings::__xa_insert(self.xa.get(), index, ptr::null_mut(), gfp.as_raw())
        })?;

        Ok(Reservation { xa: self, index })
    }

    /// Reserves the lowest free index within `limit`, and returns it along with the reservation.
    ///
    /// Takes the lock, and may drop it if needed to allocate memory, and then reacquire it
    /// afterwards.
    ///
    /// # Errors
    ///
    /// - `EBUSY` if there is no free index within `limit`.
    /// - `ENOMEM` if memory could not be allocated.
    ///
    /// C counterpart: `xa_alloc()` with a `NULL` entry.
    ///
    /// # Examples
    ///
    /// Makes an object that knows its index:
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// struct Object {
    ///     id: u32,
    /// }
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc1), GFP_KERNEL)?;
    ///
    /// let (id, reservation) = xa.reserve_alloc(.., GFP_KERNEL)?;
    /// let object = KBox::new(Object { id }, GFP_KERNEL)?;
    /// reservation.fill(object)?;
    ///
    /// assert!(xa.lock().get(1).is_some_and(|object| object.id == 1));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reserve_alloc(
        &self,
        limit: impl Into<Limit>,
        gfp: alloc::Flags,
    ) -> Result<(u32, Reservation<'_, T>)> {
        let limit = limit.into();
        let guard = self.lock();
        let mut id = 0;

        // SAFETY:
        // - `self.xa` is always valid by the type invariant.
        // - `guard` holds the lock, and nothing is borrowed from it when the lock is dropped.
        // - `id` is valid for writes.
        //
        // INVARIANT: A `NULL` entry is stored as `XA_ZERO_ENTRY`.
        to_result(unsafe {
            bindings::__xa_alloc(
                self.xa.get(),
                &mut id,
                ptr::null_mut(),
                limit.to_raw(&guard),
                gfp.as_raw(),
            )
        })?;

        Ok((
            id,
            Reservation {
                xa: self,
                // CAST: `usize` has at least 32 bits in the kernel.
                index: id as usize,
            },
        ))
    }
}

impl<T: ForeignOwnable> Reservation<'_, T> {
    /// The index that is reserved.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Stores an element at the reserved index, and takes the lock to do so.
    ///
    /// Never allocates memory.
    ///
    /// On failure, returns the element which was attempted to be stored, and one of these errors,
    /// both of which mean that the reservation has been ended by an access to the array that does
    /// not care about reservations:
    ///
    /// - `EBUSY` if [`Guard::store`] has put an element at the index.
    /// - `ENOENT` if [`Guard::remove`] has made the index vacant.
    ///
    /// C counterpart: `xa_cmpxchg()` of `XA_ZERO_ENTRY`.
    ///
    /// # Examples
    ///
    /// See [`XArray::reserve`].
    pub fn fill(self, value: T) -> Result<(), StoreError<T>> {
        let xa = self.xa;
        let mut guard = xa.lock();

        self.store(&mut guard, value)
    }

    /// Stores an element at the reserved index, under a lock that is held already.
    ///
    /// Never allocates memory, and hence never drops the lock.
    ///
    /// On failure, returns the element which was attempted to be stored. The errors are those of
    /// [`Reservation::fill`], and `EINVAL` if `guard` belongs to another array. In the latter case
    /// the index stays reserved, as if the reservation had been forgotten, since its own array is
    /// not locked.
    ///
    /// C counterpart: `__xa_cmpxchg()` of `XA_ZERO_ENTRY`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let reservation = xa.reserve(7, GFP_KERNEL)?;
    ///
    /// let mut guard = xa.lock();
    /// reservation.store(&mut guard, KBox::new(10, GFP_ATOMIC)?)?;
    /// assert_eq!(guard.get(7), Some(&10));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn store(self, guard: &mut Guard<'_, T>, value: T) -> Result<(), StoreError<T>> {
        // The lock must not be taken here. The C function below ends the reservation, unless it has
        // been ended before.
        let this = ManuallyDrop::new(self);

        if !ptr::eq(this.xa, guard.xa) {
            return Err(StoreError {
                error: EINVAL,
                value,
            });
        }

        let xa = this.xa.xa.get();
        let new = into_entry(value);

        // SAFETY:
        // - `xa` is always valid by the type invariant of `XArray`.
        // - `guard` holds the lock of this array.
        //
        // INVARIANT: `new` came from `T::into_foreign`.
        let old = unsafe {
            let reserved = bindings::xa_zero_entry();
            bindings::__xa_cmpxchg(xa, this.index, reserved, new, 0)
        };

        // `__xa_cmpxchg` shows a reserved entry as `NULL`, like a vacant one. They are told apart
        // by what is there now.
        let error = if !old.is_null() {
            EBUSY
        } else if guard.load(this.index, |_| ()).is_none() {
            ENOENT
        } else {
            return Ok(());
        };

        Err(StoreError {
            error,
            // SAFETY: `new` came from `T::into_foreign`, and `__xa_cmpxchg` has not stored it: the
            // index either held another entry, which is left there, or is vacant even now.
            value: unsafe { T::from_foreign(new) },
        })
    }

    /// Makes the index vacant again, under a lock that is held already.
    ///
    /// Does the same as dropping the reservation, other than that it does not take the lock.
    ///
    /// Returns the reservation as an error if `guard` belongs to another array.
    ///
    /// C counterpart: `__xa_cmpxchg()` of `XA_ZERO_ENTRY` and `NULL`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::xarray::{AllocKind, XArray};
    ///
    /// let xa = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
    /// let reservation = xa.reserve(0, GFP_KERNEL)?;
    ///
    /// let mut guard = xa.lock();
    /// assert!(reservation.release(&mut guard).is_ok());
    /// assert_eq!(guard.alloc(.., KBox::new(10, GFP_ATOMIC)?, GFP_ATOMIC)?, 0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn release(self, guard: &mut Guard<'_, T>) -> Result<(), Self> {
        if !ptr::eq(self.xa, guard.xa) {
            return Err(self);
        }

        let this = ManuallyDrop::new(self);
        // SAFETY:
        // - `this.xa.xa` is always valid by the type invariant of `XArray`.
        // - `guard` holds the lock of this array.
        // - Only `XA_ZERO_ENTRY` is removed, which nobody owns or borrows.
        unsafe {
            let reserved = bindings::xa_zero_entry();
            bindings::__xa_cmpxchg(this.xa.xa.get(), this.index, reserved, ptr::null_mut(), 0)
        };
        Ok(())
    }
}

impl<T: ForeignOwnable> Drop for Reservation<'_, T> {
    fn drop(&mut self) {
        // SAFETY:
        // - `self.xa.xa` is always valid by the type invariant of `XArray`.
        // - `xa_release` takes the lock, and removes nothing but `XA_ZERO_ENTRY`, which nobody owns
        //   or borrows.
        unsafe { bindings::xa_release(self.xa.xa.get(), self.index) };
    }
}

#[cfg(CONFIG_RUST_XARRAY_KUNIT_TEST)]
#[macros::kunit_tests(rust_xarray_reserve)]
mod tests {
    use super::super::{
        mark::Mark,
        test_util::{
            array,
            Counted,
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

    /// The error of a refused store, and the number in the value it hands back.
    fn refusal(result: Result<(), StoreError<KBox<Counted>>>) -> Option<(Error, u32)> {
        result.err().map(|err| (err.error, err.value.number))
    }

    #[test]
    fn invisible_but_taken() -> Result {
        // Other entries, and the index to reserve.
        let table: [(&[usize], usize); 6] = [
            (&[], 0),
            (&[64], 0),
            (&[0], 1),
            (&[], 5),
            (&[0, 1, 64], 63),
            (&[0, MAX - 1], MAX),
        ];

        for (indices, index) in table {
            let drops = Drops::new()?;
            let xa = array(AllocKind::Alloc, &drops, indices)?;
            let reservation = xa.reserve(index, GFP_KERNEL)?;
            assert_eq!(reservation.index(), index);
            assert_eq!(xa.reserve(index, GFP_KERNEL).err(), Some(EBUSY));

            let mut guard = xa.lock();
            assert!(guard.get(index).is_none());
            assert!(guard.get_mut(index).is_none());
            assert!(guard
                .iter()
                .map(|(index, _)| index)
                .eq(indices.iter().copied()));
            assert_eq!(guard.iter_mut().count(), indices.len());
            assert!(guard.find(index..=index).is_none());
            assert_eq!(guard.is_empty(), indices.is_empty());
            assert!(!guard.set_mark(index, Mark::One));
            assert!(!guard.any_marked(Mark::One));
            assert!(guard.remove_if(index, |_| true).is_none());
            guard.retain(|other, _| other != index);

            let result = guard.insert(index, drops.value(1)?, GFP_ATOMIC);
            assert_eq!(refusal(result), Some((EBUSY, 1)));
            let result = guard.replace(index, drops.value(2)?).map(drop);
            assert_eq!(refusal(result), Some((ENOENT, 2)));
            if let Ok(id) = u32::try_from(index) {
                let result = guard.alloc(id..=id, drops.value(3)?, GFP_ATOMIC);
                assert_eq!(refusal(result.map(drop)), Some((EBUSY, 3)));
            }
            drop(guard);
            drop(reservation);

            let mut guard = xa.lock();
            let result = guard.insert(index, drops.value(4)?, GFP_ATOMIC);
            assert_eq!(refusal(result), None);
        }
        Ok(())
    }

    #[test]
    fn fill_and_store() -> Result {
        for index in [0, 1, 64, MAX] {
            for locked in [false, true] {
                let drops = Drops::new()?;
                let xa = array(AllocKind::Alloc, &drops, &[])?;
                let reservation = xa.reserve(index, GFP_KERNEL)?;
                let value = drops.value(9)?;

                let result = if locked {
                    reservation.store(&mut xa.lock(), value)
                } else {
                    reservation.fill(value)
                };
                assert_eq!(refusal(result), None);
                assert_eq!(drops.count(), 0);

                let guard = xa.lock();
                assert!(guard.get(index).is_some_and(|value| value.number == 9));
                assert_eq!(guard.iter().count(), 1);
                drop(guard);
                drop(xa);
                assert_eq!(drops.count(), 1);
            }
        }
        Ok(())
    }

    #[test]
    fn alloc_around_reservations() -> Result {
        for (kind, first) in [(AllocKind::Alloc, 0), (AllocKind::Alloc1, 1)] {
            let drops = Drops::new()?;
            let xa = array(kind, &drops, &[])?;

            let (a, reservation_a) = xa.reserve_alloc(..first + 3, GFP_KERNEL)?;
            let (b, reservation_b) = xa.reserve_alloc(..first + 3, GFP_KERNEL)?;
            let c = xa.lock().alloc(..first + 3, drops.value(0)?, GFP_ATOMIC)?;
            assert_eq!([a, b, c], [first, first + 1, first + 2]);
            let full = xa.reserve_alloc(..first + 3, GFP_KERNEL);
            assert_eq!(full.err(), Some(EBUSY));

            // Dropped, so the index is free again.
            drop(reservation_a);
            let (again, reservation_a) = xa.reserve_alloc(..first + 3, GFP_KERNEL)?;
            assert_eq!(again, a);

            // Released under the lock.
            let mut guard = xa.lock();
            assert!(reservation_b.release(&mut guard).is_ok());
            let result = guard.alloc(..first + 3, drops.value(0)?, GFP_ATOMIC);
            assert!(result.is_ok_and(|index| index == b));
            drop(guard);

            reservation_a.fill(drops.value(0)?)?;
            assert_eq!(xa.lock().iter().count(), 3);
        }
        Ok(())
    }

    #[test]
    fn busy_zero() -> Result {
        for indices in [&[][..], &[0], &[1], &[0, 1]] {
            let drops = Drops::new()?;
            let xa = array(AllocKind::Alloc1, &drops, indices)?;

            assert_eq!(xa.reserve(0, GFP_KERNEL).err(), Some(EBUSY));
            drop(xa.lock().remove(0));
            assert_eq!(xa.reserve(0, GFP_KERNEL).err(), Some(EBUSY));
            assert_eq!(xa.reserve_alloc(..=0, GFP_KERNEL).err(), Some(EBUSY));
        }
        Ok(())
    }

    #[test]
    fn survives_removal_of_the_others() -> Result {
        for kind in [AllocKind::Alloc, AllocKind::Alloc1] {
            let drops = Drops::new()?;
            let xa = array(kind, &drops, &[0, 2, 4096, MAX])?;
            let reservation = xa.reserve(1, GFP_KERNEL)?;

            assert_eq!(xa.lock().drain(..).count(), 4);
            assert_eq!(drops.count(), 4);
            assert_eq!(refusal(reservation.fill(drops.value(5)?)), None);
        }

        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc, &drops, &[1, 4096])?;
        let reservation = xa.reserve(0, GFP_KERNEL)?;

        // Leaves the reserved entry alone, in the root.
        xa.lock().retain(|_, _| false);
        assert_eq!(xa.reserve(0, GFP_KERNEL).err(), Some(EBUSY));
        assert_eq!(refusal(reservation.fill(drops.value(5)?)), None);
        Ok(())
    }

    #[test]
    fn ended_by_store() -> Result {
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc, &drops, &[])?;
        let first = xa.reserve(3, GFP_KERNEL)?;
        let second = xa.reserve(4, GFP_KERNEL)?;
        let third = xa.reserve(5, GFP_KERNEL)?;

        let mut guard = xa.lock();
        for index in 3..6 {
            assert!(guard.store(index, drops.value(1)?, GFP_ATOMIC)?.is_none());
        }
        assert!(third.release(&mut guard).is_ok());
        drop(guard);

        // Neither stores, nor removes what is there.
        assert_eq!(refusal(first.fill(drops.value(2)?)), Some((EBUSY, 2)));
        drop(second);
        assert_eq!(drops.count(), 1);
        assert!(xa.lock().iter().all(|(_, value)| value.number == 1));
        assert_eq!(xa.lock().iter().count(), 3);
        Ok(())
    }

    #[test]
    fn ended_by_remove() -> Result {
        // With and without other entries, and hence with and without a node for the index.
        for indices in [&[][..], &[4], &[64]] {
            for index in [0, 3] {
                let drops = Drops::new()?;
                let xa = array(AllocKind::Alloc, &drops, indices)?;
                let first = xa.reserve(index, GFP_KERNEL)?;
                assert!(xa.lock().remove(index).is_none());

                assert_eq!(refusal(first.fill(drops.value(2)?)), Some((ENOENT, 2)));
                assert_eq!(drops.count(), 1);
                assert!(xa.lock().get(index).is_none());

                let second = xa.reserve(index, GFP_KERNEL)?;
                assert!(xa.lock().remove(index).is_none());
                drop(second);
                assert_eq!(xa.lock().iter().count(), indices.len());
            }
        }
        Ok(())
    }

    #[test]
    fn guard_of_another_array() -> Result {
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc, &drops, &[])?;
        let other = array(AllocKind::Alloc, &drops, &[])?;

        let first = xa.reserve(0, GFP_KERNEL)?;
        let second = xa.reserve(1, GFP_KERNEL)?;
        let mut guard = other.lock();
        let result = first.store(&mut guard, drops.value(7)?);
        assert_eq!(refusal(result), Some((EINVAL, 7)));
        let second = second.release(&mut guard).err();
        assert!(second.is_some());
        assert!(guard.is_empty());
        drop(guard);

        // The first one is lost, the second one still stands.
        assert_eq!(xa.reserve(0, GFP_KERNEL).err(), Some(EBUSY));
        assert_eq!(xa.reserve(1, GFP_KERNEL).err(), Some(EBUSY));
        drop(second);
        assert!(xa.reserve(1, GFP_KERNEL).is_ok());
        Ok(())
    }

    #[test]
    fn forgotten() -> Result {
        let drops = Drops::new()?;
        let xa = array(AllocKind::Alloc, &drops, &[1])?;

        core::mem::forget(xa.reserve(0, GFP_KERNEL)?);
        core::mem::forget(xa.reserve(70, GFP_KERNEL)?);
        assert_eq!(xa.reserve(70, GFP_KERNEL).err(), Some(EBUSY));
        assert_eq!(xa.lock().iter().count(), 1);

        // A plain store or removal gets the index back.
        assert!(xa.lock().remove(70).is_none());
        assert!(xa.reserve(70, GFP_KERNEL).is_ok());

        // The array is dropped with one index still reserved.
        drop(xa);
        assert_eq!(drops.count(), 1);
        Ok(())
    }

    #[test]
    fn other_owners() -> Result {
        let units = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
        let reservation = units.reserve(5, GFP_KERNEL)?;
        let unit = KBox::new(Unit, GFP_KERNEL)?;
        reservation.fill(unit)?;
        assert_eq!(units.lock().get(5), Some(&Unit));

        let arcs = KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?;
        let arc = Arc::new(3, GFP_KERNEL)?;
        for _ in 0..2 {
            let (_, reservation) = arcs.reserve_alloc(.., GFP_KERNEL)?;
            reservation.fill(arc.clone())?;
        }
        assert_eq!(arcs.lock().iter().count(), 2);
        drop(arcs);
        assert!(Arc::into_unique_or_drop(arc).is_some());
        Ok(())
    }
}
