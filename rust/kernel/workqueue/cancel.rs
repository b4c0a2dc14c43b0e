// SPDX-License-Identifier: GPL-2.0

//! Cancelling, awaiting and rescheduling work items.
//!
//! See [`SharedWorkItem`] for an overview.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h).

use super::{
    HasWork,
    Queue,
    RawDelayedWorkItem,
    RawWorkItem,
    Work,
    WorkItem,
    WorkItemPointer, //
};
use crate::{
    container_of,
    prelude::*,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        Arc, //
    },
    time::Jiffies, //
};
use core::ptr::NonNull;

/// A shared pointer to a work item.
///
/// Whoever has one can refer to the work item while it is in a workqueue.
///
/// Implemented for [`Arc`] and [`ARef`]. There should be no need to implement it for anything
/// else.
///
/// # Life cycle
///
/// A work item goes round in this circle:
///
/// ```text
///              enqueue                    a worker takes it
///   idle  -----------------> pending ------------------------> running
///    ^ ^                      |   ^  enqueue, also by the item     |
///    | '---- cancel_work -----'   '--------------------------------|
///    |                                                             |
///    '-------------------- its `run` method returns ---------------'
/// ```
///
/// "Pending" includes waiting for the timer of a delayed work item. An item can be pending and
/// running at the same time. It does not run more than once at a time provided that it is always
/// enqueued on the same queue.
///
/// # Who owns the reference
///
/// Enqueuing a work item gives the workqueue a reference to it, which the workqueue passes on to
/// [`WorkItem::run`]. There is exactly one such reference while the item is pending, and none
/// otherwise. Taking an item off its workqueue therefore hands out that reference again:
/// [`cancel_work`], [`cancel_work_sync`] and [`Queue::mod_delayed`] return it, and nothing leaks.
///
/// Only items behind a shared pointer can be cancelled. A work item in a `Pin<KBox<T>>` belongs to
/// the workqueue altogether while it is pending, so that nobody else has any way to refer to it.
///
/// # Waiting
///
/// [`cancel_work_sync`] and [`flush_work`] sleep until the item does not run any more. Calling
/// them deadlocks
///
/// - in the [`WorkItem::run`] method of the very same item,
/// - with a lock held that the method acquires,
/// - in a work item that an ordered queue runs before the one waited for.
///
/// `CONFIG_PROVE_LOCKING` reports these.
///
/// # Not supported
///
/// Disabling work items (`disable_work()`) and RCU work items.
///
/// # Safety
///
/// Implementers must ensure that
///
/// - [`raw_work`] returns the pointer that [`__enqueue`] passes to its closure for `self`, and
///   that this pointer is valid at least as long as `self`;
/// - the `work_struct` which it points at is the `work` field of a `delayed_work`, with the same
///   access rules, if [`DELAYED`] is `true`;
/// - [`__enqueue`] gives up ownership of one reference if its closure returns `true`, and of none
///   otherwise.
///
/// [`raw_work`]: SharedWorkItem::raw_work
/// [`DELAYED`]: SharedWorkItem::DELAYED
/// [`__enqueue`]: RawWorkItem::__enqueue
pub unsafe trait SharedWorkItem<const ID: u64 = 0>:
    WorkItemPointer<ID> + RawWorkItem<ID, EnqueueOutput = Result<(), Self>> + Sized
{
    /// Whether the work item is a delayed one.
    const DELAYED: bool;

    /// Returns a pointer to the `work_struct` of the work item.
    fn raw_work(&self) -> *mut bindings::work_struct;

    /// Takes back the reference which a call to [`__enqueue`] has given up.
    ///
    /// # Safety
    ///
    /// The closure passed to [`__enqueue`] must have returned `true` for the work item that `self`
    /// points at, nobody may have taken back the reference since then, and the function pointer in
    /// the `work_struct` must not be called on behalf of that [`__enqueue`] any more.
    ///
    /// [`__enqueue`]: RawWorkItem::__enqueue
    unsafe fn reclaim(&self) -> Self;
}

// SAFETY:
// - `raw_work` does the same as `__enqueue`, starting from the same pointer.
// - `T::DELAYED` comes with the guarantee that is needed for `DELAYED`.
// - `__enqueue` calls `Arc::into_raw` and undoes it if the closure returns `false`.
unsafe impl<T, const ID: u64> SharedWorkItem<ID> for Arc<T>
where
    T: WorkItem<ID, Pointer = Self>,
    T: HasWork<T, ID>,
{
    const DELAYED: bool = T::DELAYED;

    #[inline]
    fn raw_work(&self) -> *mut bindings::work_struct {
        // SAFETY: Pointers into an `Arc` point at a valid value.
        let work = unsafe { T::raw_get_work(Arc::as_ptr(self).cast_mut()) };

        // SAFETY: `raw_get_work` returns a pointer to a valid value.
        unsafe { Work::raw_get(work) }
    }

    #[inline]
    unsafe fn reclaim(&self) -> Self {
        // SAFETY: By the safety requirements, `__enqueue` has called `Arc::into_raw` on a pointer
        // to the same value, and nobody else calls `Arc::from_raw` for it.
        unsafe { Arc::from_raw(Arc::as_ptr(self)) }
    }
}

// SAFETY:
// - `raw_work` does the same as `__enqueue`, starting from the same pointer.
// - `T::DELAYED` comes with the guarantee that is needed for `DELAYED`.
// - `__enqueue` calls `ARef::into_raw` and undoes it if the closure returns `false`.
unsafe impl<T, const ID: u64> SharedWorkItem<ID> for ARef<T>
where
    T: AlwaysRefCounted,
    T: WorkItem<ID, Pointer = Self>,
    T: HasWork<T, ID>,
{
    const DELAYED: bool = T::DELAYED;

    #[inline]
    fn raw_work(&self) -> *mut bindings::work_struct {
        // SAFETY: An `ARef` points at a valid value.
        let work = unsafe { T::raw_get_work(NonNull::from(&**self).as_ptr()) };

        // SAFETY: `raw_get_work` returns a pointer to a valid value.
        unsafe { Work::raw_get(work) }
    }

    #[inline]
    unsafe fn reclaim(&self) -> Self {
        // SAFETY: By the safety requirements, `__enqueue` has called `ARef::into_raw` on a pointer
        // to the same value, which left an increment of the reference count to be taken over, and
        // nobody else does that.
        unsafe { ARef::from_raw(NonNull::from(&**self)) }
    }
}

/// Returns a pointer to the `delayed_work` of a work item, which is valid as long as `item`.
///
/// # Safety
///
/// `W::DELAYED` must be `true`.
#[inline]
unsafe fn raw_delayed_work<W, const ID: u64>(item: &W) -> *mut bindings::delayed_work
where
    W: SharedWorkItem<ID>,
{
    let work = item.raw_work();

    // SAFETY: By the safety requirements of `SharedWorkItem`, `work` is valid, and because
    // `DELAYED` is `true` it is the `work` field of a `delayed_work`.
    unsafe { container_of!(work, bindings::delayed_work, work) }
}

/// Takes a work item off its workqueue if it is pending.
///
/// Returns the reference that the workqueue held, or [`None`] if the item was not pending. The
/// item may be running in either case, see [`cancel_work_sync`].
///
/// This function does not sleep and can be called in any context apart from an NMI. Keep in mind
/// that dropping the result may drop the work item.
///
/// This corresponds to `cancel_work()` and `cancel_delayed_work()` in C.
///
/// # Examples
///
/// ```
/// use kernel::{
///     sync::Arc,
///     time::msecs_to_jiffies,
///     workqueue::{
///         self,
///         impl_has_delayed_work,
///         new_delayed_work,
///         DelayedWork,
///         WorkItem, //
///     }, //
/// };
///
/// #[pin_data]
/// struct Timeout {
///     #[pin]
///     work: DelayedWork<Timeout>,
/// }
///
/// impl_has_delayed_work! {
///     impl HasDelayedWork<Self> for Timeout { self.work }
/// }
///
/// impl WorkItem for Timeout {
///     type Pointer = Arc<Timeout>;
///
///     fn run(_this: Arc<Timeout>) {
///         pr_info!("Too late\n");
///     }
/// }
///
/// let timeout = Arc::pin_init(
///     pin_init!(Timeout {
///         work <- new_delayed_work!("Timeout::work"),
///     }),
///     GFP_KERNEL,
/// )?;
///
/// let _ = workqueue::system().enqueue_delayed(timeout.clone(), msecs_to_jiffies(600_000));
/// let reference = workqueue::cancel_work(&timeout).ok_or(EINVAL)?;
/// assert!(Arc::ptr_eq(&reference, &timeout));
///
/// // It was taken off the workqueue, so that there is nothing left to cancel.
/// assert!(workqueue::cancel_work(&timeout).is_none());
/// # Ok::<(), Error>(())
/// ```
pub fn cancel_work<W, const ID: u64>(item: &W) -> Option<W>
where
    W: SharedWorkItem<ID>,
{
    let pending = if W::DELAYED {
        // SAFETY: The work item is a delayed one, so that `raw_delayed_work` can be called and
        // returns a valid pointer to an initialized `delayed_work`.
        unsafe { bindings::cancel_delayed_work(raw_delayed_work(item)) }
    } else {
        // SAFETY: `raw_work` returns a valid pointer to an initialized `work_struct`.
        unsafe { bindings::cancel_work(item.raw_work()) }
    };

    // SAFETY: The item was pending, so `__enqueue` has been successful. The C function returns
    // `true` to exactly one caller, which has taken the item off the workqueue. That prevents the
    // workqueue from calling its function pointer.
    pending.then(|| unsafe { item.reclaim() })
}

/// Takes a work item off its workqueue if it is pending, and waits until it is not running.
///
/// Returns the reference that the workqueue held, or [`None`] if the item was not pending.
///
/// The item is idle when this function returns, even if its [`WorkItem::run`] method enqueues it
/// again, unless somebody enqueues it afterwards. While this function waits, enqueuing the item
/// fails just as if it was in a workqueue already. An item that is running on several queues at
/// once is only awaited on the last one.
///
/// This function sleeps. See [`SharedWorkItem`](SharedWorkItem#waiting) for what may deadlock:
/// foremost, the item must not call it on itself.
///
/// This corresponds to `cancel_work_sync()` and `cancel_delayed_work_sync()` in C.
///
/// # Examples
///
/// ```
/// use kernel::{
///     sync::Arc,
///     workqueue::{
///         self,
///         impl_has_work,
///         new_work,
///         Work,
///         WorkItem, //
///     }, //
/// };
///
/// #[pin_data]
/// struct Refresh {
///     #[pin]
///     work: Work<Refresh>,
/// }
///
/// impl_has_work! {
///     impl HasWork<Self> for Refresh { self.work }
/// }
///
/// impl WorkItem for Refresh {
///     type Pointer = Arc<Refresh>;
///
///     fn run(this: Arc<Refresh>) {
///         // Keep going until somebody cancels it.
///         let _ = workqueue::system_unbound().enqueue(this);
///     }
/// }
///
/// let refresh = Arc::pin_init(
///     pin_init!(Refresh {
///         work <- new_work!("Refresh::work"),
///     }),
///     GFP_KERNEL,
/// )?;
///
/// let _ = workqueue::system_unbound().enqueue(refresh.clone());
/// drop(workqueue::cancel_work_sync(&refresh));
///
/// // No reference is left behind.
/// assert!(Arc::into_unique_or_drop(refresh).is_some());
/// # Ok::<(), Error>(())
/// ```
pub fn cancel_work_sync<W, const ID: u64>(item: &W) -> Option<W>
where
    W: SharedWorkItem<ID>,
{
    let pending = if W::DELAYED {
        // SAFETY: The work item is a delayed one, so that `raw_delayed_work` can be called and
        // returns a pointer to an initialized `delayed_work`. It stays valid as long as `item`,
        // that is, while this call waits.
        unsafe { bindings::cancel_delayed_work_sync(raw_delayed_work(item)) }
    } else {
        // SAFETY: `raw_work` returns a pointer to an initialized `work_struct`, which stays valid
        // as long as `item`, that is, while this call waits.
        unsafe { bindings::cancel_work_sync(item.raw_work()) }
    };

    // SAFETY: The item was pending, so `__enqueue` has been successful. The C function returns
    // `true` to exactly one caller, which has taken the item off the workqueue. That prevents the
    // workqueue from calling its function pointer.
    pending.then(|| unsafe { item.reclaim() })
}

/// Waits until a work item has finished.
///
/// If the item is pending, this waits until it has run. The timer of a delayed work item is cut
/// short in order not to wait for it. Returns whether it was necessary to wait: an item that was
/// pending may also have finished, on another CPU, before this function gets to it.
///
/// Only what was enqueued before the call is considered: the item may be pending or running again
/// when this function returns.
///
/// This function sleeps. See [`SharedWorkItem`](SharedWorkItem#waiting) for what may deadlock:
/// foremost, the item must not call it on itself.
///
/// This corresponds to `flush_work()` and `flush_delayed_work()` in C.
///
/// # Examples
///
/// ```
/// use kernel::{
///     sync::{
///         atomic::{
///             Atomic,
///             Relaxed, //
///         },
///         Arc, //
///     },
///     workqueue::{
///         self,
///         impl_has_work,
///         new_work,
///         Work,
///         WorkItem, //
///     }, //
/// };
///
/// #[pin_data]
/// struct Sum {
///     result: Atomic<i32>,
///     #[pin]
///     work: Work<Sum>,
/// }
///
/// impl_has_work! {
///     impl HasWork<Self> for Sum { self.work }
/// }
///
/// impl WorkItem for Sum {
///     type Pointer = Arc<Sum>;
///
///     fn run(this: Arc<Sum>) {
///         this.result.store((1..=10).sum(), Relaxed);
///     }
/// }
///
/// let sum = Arc::pin_init(
///     pin_init!(Sum {
///         result: Atomic::new(0),
///         work <- new_work!("Sum::work"),
///     }),
///     GFP_KERNEL,
/// )?;
///
/// let _ = workqueue::system_unbound().enqueue(sum.clone());
/// workqueue::flush_work(&sum);
///
/// assert_eq!(sum.result.load(Relaxed), 55);
/// # Ok::<(), Error>(())
/// ```
pub fn flush_work<W, const ID: u64>(item: &W) -> bool
where
    W: SharedWorkItem<ID>,
{
    if W::DELAYED {
        // SAFETY: The work item is a delayed one, so that `raw_delayed_work` can be called and
        // returns a pointer to an initialized `delayed_work`. It stays valid as long as `item`,
        // that is, while this call waits.
        unsafe { bindings::flush_delayed_work(raw_delayed_work(item)) }
    } else {
        // SAFETY: `raw_work` returns a pointer to an initialized `work_struct`, which stays valid
        // as long as `item`, that is, while this call waits.
        unsafe { bindings::flush_work(item.raw_work()) }
    }
}

/// How often [`Queue::mod_delayed`] competes with others that enqueue the same work item.
const MOD_ATTEMPTS: usize = 8;

impl Queue {
    /// Enqueues a delayed work item, replacing what is left of the delay if it is pending.
    ///
    /// The item will run on this queue when `delay`, a number of jiffies of at most
    /// `MAX_JIFFY_OFFSET`, has passed from now, no matter which queue it was pending on and for
    /// how long. A delay of zero enqueues it immediately.
    ///
    /// - `Ok(None)` means that the item was not pending. The workqueue has taken over `item`.
    /// - `Ok(Some(_))` means that the item was pending. The workqueue has one reference as
    ///   before, and the other one is returned.
    /// - `Err(_)` returns `item` because other threads interfered: either one is waiting in
    ///   [`cancel_work_sync`] for this item, or several kept enqueuing it at the same time, in
    ///   which case it is pending with the delay that one of them chose.
    ///
    /// This function does not sleep and can be called in any context apart from an NMI.
    ///
    /// This corresponds to `mod_delayed_work()` in C. The C function reports whether the item was
    /// pending but not whether it is pending now, which is not the same while
    /// `cancel_delayed_work_sync()` waits. As this would leave the owner of a reference in doubt,
    /// this function cancels the item and enqueues it again; another thread may find it idle in
    /// between.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     sync::Arc,
    ///     time::msecs_to_jiffies,
    ///     workqueue::{
    ///         self,
    ///         impl_has_delayed_work,
    ///         new_delayed_work,
    ///         DelayedWork,
    ///         WorkItem, //
    ///     }, //
    /// };
    ///
    /// #[pin_data]
    /// struct Watchdog {
    ///     #[pin]
    ///     work: DelayedWork<Watchdog>,
    /// }
    ///
    /// impl_has_delayed_work! {
    ///     impl HasDelayedWork<Self> for Watchdog { self.work }
    /// }
    ///
    /// impl WorkItem for Watchdog {
    ///     type Pointer = Arc<Watchdog>;
    ///
    ///     fn run(_this: Arc<Watchdog>) {
    ///         pr_err!("The device hangs\n");
    ///     }
    /// }
    ///
    /// fn pet(watchdog: &Arc<Watchdog>) {
    ///     let _ = workqueue::system().mod_delayed(watchdog.clone(), msecs_to_jiffies(600_000));
    /// }
    ///
    /// let watchdog = Arc::pin_init(
    ///     pin_init!(Watchdog {
    ///         work <- new_delayed_work!("Watchdog::work"),
    ///     }),
    ///     GFP_KERNEL,
    /// )?;
    ///
    /// pet(&watchdog);
    /// pet(&watchdog);
    /// assert!(workqueue::cancel_work_sync(&watchdog).is_some());
    /// assert!(Arc::into_unique_or_drop(watchdog).is_some());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn mod_delayed<W, const ID: u64>(&self, item: W, delay: Jiffies) -> Result<Option<W>, W>
    where
        W: SharedWorkItem<ID> + RawDelayedWorkItem<ID> + Send + 'static,
    {
        let mut item = item;

        for _ in 0..MOD_ATTEMPTS {
            let pending = cancel_work(&item);

            match self.enqueue_delayed(item, delay) {
                Ok(()) => return Ok(pending),
                // `pending`, if there is one, is not the last reference: drop it.
                Err(same_item) => item = same_item,
            }
        }

        Err(item)
    }
}
