// SPDX-License-Identifier: GPL-2.0

//! Workqueues that have an owner.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h).

use super::{
    Queue,
    RawWorkItem, //
};
use crate::{
    alloc::{
        AllocError,
        Flags, //
    },
    prelude::*, //
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};

/// A workqueue that belongs to whoever has this value.
///
/// [`QueueBuilder`](super::QueueBuilder) creates it.
///
/// # Dropping
///
/// Dropping the value waits until all work items in the queue have run, and destroys the queue
/// then. Nothing that was enqueued gets lost, and nothing runs afterwards. Because of that,
///
/// - it sleeps;
/// - it must not happen in a work item that runs on this queue, which would wait for itself. Such
///   a deadlock takes a work item that owns its queue, usually via [`Arc`]. Use
///   [`SharedQueue`](super::SharedQueue) where work items need to refer to their queue;
/// - it must not happen with a lock held that one of the work items acquires.
///
/// # Delayed work items
///
/// The timer of a delayed work item refers to the queue on which the item is going to run, and
/// destroying a queue does not stop these timers. Delayed work items can thus only be enqueued on
/// a queue which certainly lives longer. There are two ways to ensure this:
///
/// - The queue is never dropped: see [`OwnedQueue::as_queue`].
/// - The work item holds a reference to the queue: see [`SharedQueue`](super::SharedQueue).
///
/// This is why this type does not dereference to [`Queue`].
///
/// # Invariants
///
/// `self.0` points at a valid workqueue that has not been destroyed and belongs to `self`. There is
/// no timer that will access the workqueue after `self` has been dropped.
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
///     workqueue::QueueBuilder, //
/// };
///
/// let queue = QueueBuilder::unbound().build(c"example")?;
/// let count = Arc::new(Atomic::new(0), GFP_KERNEL)?;
///
/// for _ in 0..10 {
///     let count = count.clone();
///     queue.try_spawn(GFP_KERNEL, move || {
///         count.add(1, Relaxed);
///     })?;
/// }
///
/// // All of them have run when the queue is gone.
/// drop(queue);
/// assert_eq!(count.load(Relaxed), 10);
/// # Ok::<(), Error>(())
/// ```
///
/// [`Arc`]: crate::sync::Arc
pub struct OwnedQueue(NonNull<bindings::workqueue_struct>);

// SAFETY: A workqueue can be used and destroyed by any thread.
unsafe impl Send for OwnedQueue {}
// SAFETY: All functions that take a shared reference can be called concurrently.
unsafe impl Sync for OwnedQueue {}

impl OwnedQueue {
    /// Takes ownership of a workqueue. Returns [`None`] if the pointer is null.
    ///
    /// # Safety
    ///
    /// `wq` must be null or point at a valid workqueue that nobody else destroys. Delayed work
    /// items may only be enqueued on it under the conditions of [`OwnedQueue::delayed_queue`].
    pub(super) unsafe fn from_raw(wq: *mut bindings::workqueue_struct) -> Option<Self> {
        // INVARIANT: The safety requirements guarantee exactly this.
        NonNull::new(wq).map(Self)
    }

    /// Returns the queue in a form that allows to enqueue delayed work items.
    ///
    /// # Safety
    ///
    /// `self` must not be dropped before the timer of each delayed work item that is enqueued via
    /// the result has either expired or been cancelled.
    #[inline]
    pub(super) unsafe fn delayed_queue(&self) -> &Queue {
        // SAFETY: By the type invariants, the workqueue is valid as long as `self` exists.
        unsafe { Queue::from_raw(self.0.as_ptr()) }
    }

    /// Returns the queue in the form that functions which accept any queue take.
    ///
    /// This requires a queue that is never dropped, see [the type level
    /// documentation](Self#delayed-work-items). All of [`Queue`]'s methods can be used then, in
    /// particular [`Queue::enqueue_delayed`] and [`Queue::mod_delayed`].
    #[inline]
    pub fn as_queue(&'static self) -> &'static Queue {
        // SAFETY: `self` is never dropped.
        unsafe { self.delayed_queue() }
    }

    /// Enqueues a work item.
    ///
    /// Like [`Queue::enqueue`], it may fail if the item is in a workqueue already, and enqueues
    /// delayed work items without delay.
    #[inline]
    pub fn enqueue<W, const ID: u64>(&self, w: W) -> W::EnqueueOutput
    where
        W: RawWorkItem<ID> + Send + 'static,
    {
        // SAFETY: `enqueue` starts no timer.
        unsafe { self.delayed_queue() }.enqueue(w)
    }

    /// Tries to spawn the given function or closure as a work item.
    ///
    /// This can fail because it allocates memory to store the work item.
    #[inline]
    pub fn try_spawn<T: 'static + Send + FnOnce()>(
        &self,
        flags: Flags,
        func: T,
    ) -> Result<(), AllocError> {
        // SAFETY: `try_spawn` starts no timer.
        unsafe { self.delayed_queue() }.try_spawn(flags, func)
    }

    /// Waits until all work items have run that are in the queue now (`flush_workqueue()`).
    ///
    /// Delayed work items do not count until their timers have expired.
    ///
    /// This function sleeps. It must not be called by a work item that runs on this queue.
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
    ///     workqueue::QueueBuilder, //
    /// };
    ///
    /// let queue = QueueBuilder::per_cpu().build(c"example")?;
    /// let done = Arc::new(Atomic::new(0), GFP_KERNEL)?;
    /// let result = done.clone();
    ///
    /// queue.try_spawn(GFP_KERNEL, move || result.store(1, Relaxed))?;
    /// queue.flush();
    /// assert_eq!(done.load(Relaxed), 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn flush(&self) {
        // SAFETY: By the type invariants, the workqueue is valid.
        unsafe { bindings::__flush_workqueue(self.0.as_ptr()) };
    }

    /// Waits until the queue is empty (`drain_workqueue()`).
    ///
    /// Unlike [`flush`](Self::flush), this also waits for work items that are enqueued by others
    /// while they run.
    ///
    /// In the meantime only work items on the queue itself may enqueue anything on it. The
    /// exclusive reference ensures that: it rules out that another thread uses the queue.
    ///
    /// This function sleeps. It must not be called by a work item that runs on this queue, and
    /// does not return as long as there is an item that keeps enqueuing itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::workqueue::QueueBuilder;
    ///
    /// let mut queue = QueueBuilder::unbound().build(c"example")?;
    ///
    /// queue.try_spawn(GFP_KERNEL, || pr_info!("Hello\n"))?;
    /// queue.drain();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn drain(&mut self) {
        // SAFETY: By the type invariants, the workqueue is valid.
        unsafe { bindings::drain_workqueue(self.0.as_ptr()) };
    }
}

impl Drop for OwnedQueue {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, the workqueue is valid, belongs to `self`, and no timer
        // is going to access it. Nobody else can access it, because all references to it are
        // bounded by the lifetime of `self`.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}

/// A workqueue that runs one work item at a time, in the order of being enqueued.
///
/// Code that relies on this order, or on work items excluding each other, can ask for a
/// `&OrderedQueue`. It offers everything that [`OwnedQueue`] does, what is said there about
/// dropping and about delayed work items applies here too.
///
/// # Invariants
///
/// The workqueue was created as an ordered one.
///
/// # Examples
///
/// ```
/// use kernel::{
///     new_mutex,
///     sync::{
///         Arc,
///         Mutex, //
///     },
///     workqueue::{
///         OrderedQueue,
///         QueueBuilder, //
///     }, //
/// };
///
/// type Log = Arc<Mutex<KVec<u32>>>;
///
/// fn log_later(queue: &OrderedQueue, log: &Log, value: u32) -> Result {
///     let log = log.clone();
///     queue.try_spawn(GFP_KERNEL, move || {
///         let _ = log.lock().push(value, GFP_KERNEL);
///     })?;
///     Ok(())
/// }
///
/// let queue = QueueBuilder::ordered().build(c"example")?;
/// let log: Log = Arc::pin_init(new_mutex!(KVec::new()), GFP_KERNEL)?;
///
/// for value in 0..5 {
///     log_later(&queue, &log, value)?;
/// }
///
/// queue.flush();
/// assert_eq!(log.lock().as_slice(), [0, 1, 2, 3, 4]);
/// # Ok::<(), Error>(())
/// ```
// There is no `DerefMut`, which would allow to exchange the queue for an unordered one.
pub struct OrderedQueue(pub(super) OwnedQueue);

impl OrderedQueue {
    /// Waits until the queue is empty. See [`OwnedQueue::drain`].
    #[inline]
    pub fn drain(&mut self) {
        self.0.drain();
    }
}

impl Deref for OrderedQueue {
    type Target = OwnedQueue;

    #[inline]
    fn deref(&self) -> &OwnedQueue {
        &self.0
    }
}
