// SPDX-License-Identifier: GPL-2.0

//! Workqueues to which their work items refer.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h).

use super::{
    impl_has_work,
    new_work,
    HasDelayedWork,
    OrderedQueue,
    OwnedQueue,
    Queue,
    Work,
    WorkItem, //
};
use crate::{
    alloc::Flags,
    prelude::*,
    sync::Arc,
    time::Jiffies, //
};
use core::{
    mem::ManuallyDrop,
    ops::Deref, //
};

/// The types of queues that can be shared.
///
/// Implemented for [`OwnedQueue`] and [`OrderedQueue`].
pub trait ShareableQueue: private::Sealed + Send + Sync + 'static {
    /// Returns the queue regardless of its kind.
    fn as_owned(&self) -> &OwnedQueue;
}

impl ShareableQueue for OwnedQueue {
    fn as_owned(&self) -> &OwnedQueue {
        self
    }
}

impl ShareableQueue for OrderedQueue {
    fn as_owned(&self) -> &OwnedQueue {
        self
    }
}

/// A reference-counted handle to a workqueue.
///
/// In contrast to an [`OwnedQueue`], work items may own such a handle to the queue that they run
/// on, and enqueue themselves or other items there. It dereferences to the queue.
///
/// # Delayed work items
///
/// A work item that owns a handle to a queue keeps this queue alive, including the time it spends
/// waiting for its timer. That makes it sound to enqueue it there with a delay: see
/// [`HasSharedQueue`], [`enqueue_delayed`] and [`mod_delayed`].
///
/// # Dropping
///
/// Dropping a handle neither sleeps nor waits, and can be done in any context apart from an NMI.
/// When the last one is gone, a system workqueue waits for the remaining work items and destroys
/// the queue after that. The detour makes it possible that a work item on the queue drops the
/// last handle to it.
///
/// This also means that work items may still run after the last handle has been dropped. Cancel
/// them, or call [`OwnedQueue::flush`], if something else depends on their having finished.
///
/// # Examples
///
/// ```
/// use kernel::{
///     sync::Arc,
///     workqueue::{
///         OrderedQueue,
///         QueueBuilder,
///         SharedQueue, //
///     }, //
/// };
///
/// let queue = QueueBuilder::ordered().build(c"example")?;
/// let queue: SharedQueue<OrderedQueue> = SharedQueue::new(queue, GFP_KERNEL)?;
/// let handle = queue.clone();
///
/// queue.try_spawn(GFP_KERNEL, move || {
///     let _ = handle.try_spawn(GFP_KERNEL, || pr_info!("Hello from another work item\n"));
/// })?;
/// # Ok::<(), Error>(())
/// ```
pub struct SharedQueue<Q: ShareableQueue = OwnedQueue> {
    inner: ManuallyDrop<Arc<Inner<Q>>>,
}

/// The queue, and the work item that destroys it.
#[pin_data]
struct Inner<Q: ShareableQueue> {
    queue: Q,
    #[pin]
    destroy: Work<Inner<Q>>,
}

impl_has_work! {
    impl{Q: ShareableQueue} HasWork<Self> for Inner<Q> { self.destroy }
}

impl<Q: ShareableQueue> WorkItem for Inner<Q> {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        // This is the last reference, so the queue is destroyed right here.
        drop(this);
    }
}

impl<Q: ShareableQueue> SharedQueue<Q> {
    /// Makes a queue a shared one.
    pub fn new(queue: Q, flags: Flags) -> Result<Self> {
        let inner = Arc::pin_init(
            pin_init!(Inner {
                queue,
                destroy <- new_work!("SharedQueue::destroy"),
            }),
            flags,
        )?;

        Ok(Self {
            inner: ManuallyDrop::new(inner),
        })
    }
}

impl<Q: ShareableQueue> Clone for SharedQueue<Q> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<Q: ShareableQueue> Deref for SharedQueue<Q> {
    type Target = Q;

    #[inline]
    fn deref(&self) -> &Q {
        &self.inner.queue
    }
}

impl<Q: ShareableQueue> Drop for SharedQueue<Q> {
    fn drop(&mut self) {
        // SAFETY: `inner` is neither used nor dropped after this.
        let inner = unsafe { ManuallyDrop::take(&mut self.inner) };

        if let Some(inner) = Arc::into_unique_or_drop(inner) {
            // SAFETY: `system_dfl_wq` is a C global, always available.
            let system = unsafe { Queue::from_raw(bindings::system_dfl_wq) };

            // This cannot fail: whoever enqueues `destroy` owns the only reference.
            let _ = system.enqueue(Arc::from(inner));
        }
    }
}

/// Declares that a work item owns a handle to the queue it is meant for.
///
/// Use [`impl_has_shared_queue!`] to implement this trait.
///
/// # Safety
///
/// Implementers must ensure that [`shared_queue`] returns the queue behind a [`SharedQueue`] which
/// is owned by `self`, and that this handle is neither dropped nor replaced as long as somebody
/// has a shared reference to `self` or an [`Arc`] that owns it.
///
/// [`impl_has_shared_queue!`]: crate::impl_has_shared_queue
/// [`shared_queue`]: HasSharedQueue::shared_queue
pub unsafe trait HasSharedQueue {
    /// Returns the queue.
    fn shared_queue(&self) -> &OwnedQueue;
}

/// Implements [`HasSharedQueue`] for a struct with a field of the type [`SharedQueue`].
///
/// # Examples
///
/// ```
/// use kernel::workqueue::{
///     impl_has_shared_queue,
///     SharedQueue, //
/// };
///
/// struct MyWorkItem {
///     queue: SharedQueue,
/// }
///
/// impl_has_shared_queue! {
///     impl HasSharedQueue for MyWorkItem { self.queue }
/// }
/// ```
#[macro_export]
macro_rules! impl_has_shared_queue {
    ($(impl$({$($generics:tt)*})?
       HasSharedQueue
       for $self:ty
       { self.$field:ident }
    )*) => {$(
        // SAFETY: The implementation only compiles if the struct itself has the field, and if the
        // field is a `SharedQueue`. This type has no interior mutability, so that the field can
        // neither be dropped nor replaced via shared references.
        unsafe impl$(<$($generics)+>)? $crate::workqueue::HasSharedQueue for $self {
            #[inline]
            fn shared_queue(&self) -> &$crate::workqueue::OwnedQueue {
                // A pattern and a generic function do not dereference anything implicitly, unlike
                // field access and coercions. This way, it is certain that `self` owns the queue.
                let Self { $field: queue, .. } = self;

                $crate::workqueue::as_shared_queue(queue)
            }
        }
    )*};
}
pub use impl_has_shared_queue;

/// Implemented for [`SharedQueue`] and nothing else.
#[doc(hidden)]
pub trait IsSharedQueue: private::Sealed {
    /// Returns the queue regardless of its kind.
    fn as_owned(&self) -> &OwnedQueue;
}

impl<Q: ShareableQueue> IsSharedQueue for SharedQueue<Q> {
    #[inline]
    fn as_owned(&self) -> &OwnedQueue {
        self.inner.queue.as_owned()
    }
}

mod private {
    pub trait Sealed {}

    impl Sealed for super::OwnedQueue {}
    impl Sealed for super::OrderedQueue {}
    impl<Q: super::ShareableQueue> Sealed for super::SharedQueue<Q> {}
}

/// Returns the queue behind a handle. For use by [`impl_has_shared_queue!`] only.
///
/// [`impl_has_shared_queue!`]: crate::impl_has_shared_queue
#[doc(hidden)]
#[inline]
pub fn as_shared_queue<S: IsSharedQueue>(queue: &S) -> &OwnedQueue {
    queue.as_owned()
}

/// Calls `f` with the queue that `item` refers to.
fn with_shared_queue<T, R>(item: Arc<T>, f: impl FnOnce(&Queue, Arc<T>) -> R) -> R
where
    T: HasSharedQueue,
{
    // The item may run, and its last reference may go, before `f` is done with the queue.
    let owner = item.clone();

    // SAFETY: By the safety requirements of `HasSharedQueue`, the queue stays alive as long as
    // there is a reference to `item`. The workqueue has one until the timer has expired, by which
    // time the item is in the queue and the queue cannot be destroyed before the item has started
    // to run, or until the timer has been cancelled.
    let queue = unsafe { owner.shared_queue().delayed_queue() };

    f(queue, item)
}

/// Enqueues a delayed work item on the queue that it has a handle to.
///
/// Apart from the choice of the queue this is like [`Queue::enqueue_delayed`]. In particular,
/// `delay` is in jiffies, and an item that is pending already is returned as an error.
///
/// # Examples
///
/// ```
/// use kernel::{
///     sync::Arc,
///     workqueue::{
///         self,
///         impl_has_delayed_work,
///         impl_has_shared_queue,
///         new_delayed_work,
///         DelayedWork,
///         QueueBuilder,
///         SharedQueue,
///         WorkItem, //
///     }, //
/// };
///
/// #[pin_data]
/// struct Poll {
///     queue: SharedQueue,
///     #[pin]
///     work: DelayedWork<Poll>,
/// }
///
/// impl_has_delayed_work! {
///     impl HasDelayedWork<Self> for Poll { self.work }
/// }
///
/// impl_has_shared_queue! {
///     impl HasSharedQueue for Poll { self.queue }
/// }
///
/// impl WorkItem for Poll {
///     type Pointer = Arc<Poll>;
///
///     fn run(this: Arc<Poll>) {
///         let _ = workqueue::enqueue_delayed(this, 1);
///     }
/// }
///
/// let queue = QueueBuilder::unbound().build(c"example")?;
/// let queue = SharedQueue::new(queue, GFP_KERNEL)?;
/// let poll = Arc::pin_init(
///     pin_init!(Poll {
///         queue,
///         work <- new_delayed_work!("Poll::work"),
///     }),
///     GFP_KERNEL,
/// )?;
///
/// let _ = workqueue::enqueue_delayed(poll.clone(), 2);
/// drop(workqueue::cancel_work_sync(&poll));
/// # Ok::<(), Error>(())
/// ```
pub fn enqueue_delayed<T, const ID: u64>(item: Arc<T>, delay: Jiffies) -> Result<(), Arc<T>>
where
    T: WorkItem<ID, Pointer = Arc<T>> + HasDelayedWork<T, ID> + HasSharedQueue,
    T: Send + Sync + 'static,
{
    with_shared_queue(item, |queue, item| queue.enqueue_delayed(item, delay))
}

/// Enqueues a delayed work item on the queue that it has a handle to, replacing what is left of
/// the delay if it is pending.
///
/// Apart from the choice of the queue this is like [`Queue::mod_delayed`], which also explains
/// the result.
pub fn mod_delayed<T, const ID: u64>(item: Arc<T>, delay: Jiffies) -> Result<Option<Arc<T>>, Arc<T>>
where
    T: WorkItem<ID, Pointer = Arc<T>> + HasDelayedWork<T, ID> + HasSharedQueue,
    T: Send + Sync + 'static,
{
    with_shared_queue(item, |queue, item| queue.mod_delayed(item, delay))
}
