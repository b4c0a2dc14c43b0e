// SPDX-License-Identifier: GPL-2.0

//! Creating workqueues.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h).

use super::{
    OrderedQueue,
    OwnedQueue, //
};
use crate::{
    prelude::*,
    str::CStr, //
};
use core::marker::PhantomData;

mod private {
    pub trait Sealed {}
}

/// The kinds of workqueues that a [`QueueBuilder`] creates.
pub trait QueueKind: private::Sealed {
    /// The type of the created queue.
    type Queue;

    /// The flags that make up this kind of queue.
    #[doc(hidden)]
    const FLAGS: bindings::wq_flags;

    /// The limit of concurrently executing work items unless another one is set.
    #[doc(hidden)]
    const MAX_ACTIVE: c_int;

    /// Converts a queue with these flags and this limit.
    #[doc(hidden)]
    fn from_owned(queue: OwnedQueue) -> Self::Queue;
}

/// Work items run on any CPU that the scheduler likes (`WQ_UNBOUND`).
pub enum Unbound {}

/// Work items run on the CPU that has enqueued them (`WQ_PERCPU`).
pub enum PerCpu {}

/// Work items run one by one in the order of being enqueued (`alloc_ordered_workqueue()`).
pub enum Ordered {}

impl private::Sealed for Unbound {}
impl private::Sealed for PerCpu {}
impl private::Sealed for Ordered {}

impl QueueKind for Unbound {
    type Queue = OwnedQueue;

    const FLAGS: bindings::wq_flags = bindings::wq_flags_WQ_UNBOUND;
    const MAX_ACTIVE: c_int = 0;

    fn from_owned(queue: OwnedQueue) -> OwnedQueue {
        queue
    }
}

impl QueueKind for PerCpu {
    type Queue = OwnedQueue;

    const FLAGS: bindings::wq_flags = bindings::wq_flags_WQ_PERCPU;
    const MAX_ACTIVE: c_int = 0;

    fn from_owned(queue: OwnedQueue) -> OwnedQueue {
        queue
    }
}

impl QueueKind for Ordered {
    type Queue = OrderedQueue;

    const FLAGS: bindings::wq_flags =
        bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags___WQ_ORDERED;
    const MAX_ACTIVE: c_int = 1;

    fn from_owned(queue: OwnedQueue) -> OrderedQueue {
        // INVARIANT: The queue was created with `__WQ_ORDERED` and a limit of one.
        OrderedQueue(queue)
    }
}

/// A description of a workqueue to be created.
///
/// The type parameter is the kind of queue. It decides which options there are: an ordered queue
/// has no limit that could be changed, for example.
///
/// # Not supported
///
/// `WQ_BH`, `WQ_SYSFS`, and the attributes of unbound queues (`struct workqueue_attrs`).
///
/// # Examples
///
/// ```
/// use kernel::workqueue::{
///     OrderedQueue,
///     OwnedQueue,
///     QueueBuilder, //
/// };
///
/// let per_cpu: OwnedQueue = QueueBuilder::per_cpu().highpri().build(c"example_percpu")?;
/// let unbound: OwnedQueue = QueueBuilder::unbound().max_active(4).build(c"example_unbound")?;
/// let ordered: OrderedQueue = QueueBuilder::ordered().mem_reclaim().build(c"example_ordered")?;
/// # Ok::<(), Error>(())
/// ```
#[must_use]
pub struct QueueBuilder<K: QueueKind> {
    flags: bindings::wq_flags,
    max_active: c_int,
    _kind: PhantomData<K>,
}

impl QueueBuilder<Unbound> {
    /// Describes an unbound queue, whose work items run on any CPU (`WQ_UNBOUND`).
    #[inline]
    pub const fn unbound() -> Self {
        Self::new()
    }
}

impl QueueBuilder<PerCpu> {
    /// Describes a per-CPU queue, whose work items run on the CPU that enqueued them
    /// (`WQ_PERCPU`).
    #[inline]
    pub const fn per_cpu() -> Self {
        Self::new()
    }

    /// Excludes the work items from concurrency management, because they keep the CPU busy for
    /// long (`WQ_CPU_INTENSIVE`).
    #[inline]
    pub const fn cpu_intensive(self) -> Self {
        self.with(bindings::wq_flags_WQ_CPU_INTENSIVE)
    }

    /// Makes the queue an unbound one if the kernel is told to save power
    /// (`WQ_POWER_EFFICIENT`).
    #[inline]
    pub const fn power_efficient(self) -> Self {
        self.with(bindings::wq_flags_WQ_POWER_EFFICIENT)
    }
}

impl QueueBuilder<Ordered> {
    /// Describes an ordered queue, which runs one work item at a time in the order of being
    /// enqueued (`alloc_ordered_workqueue()`).
    #[inline]
    pub const fn ordered() -> Self {
        Self::new()
    }
}

/// The kinds of queues which can run several work items at once.
///
/// Implemented for [`Unbound`] and [`PerCpu`].
pub trait Concurrent: QueueKind {}

impl Concurrent for Unbound {}
impl Concurrent for PerCpu {}

impl<K: Concurrent> QueueBuilder<K> {
    /// Limits how many work items run at the same time, on each CPU in the case of a per-CPU
    /// queue.
    ///
    /// Zero stands for the default, 1024. Values above the maximum, 2048, are reduced to that.
    ///
    /// A limit of one does not make an ordered queue, use [`QueueBuilder::ordered`] for that.
    #[inline]
    pub const fn max_active(mut self, max_active: u32) -> Self {
        let limit = bindings::wq_consts_WQ_MAX_ACTIVE;

        // CAST: The smaller number fits into a `c_int`.
        self.max_active = if max_active < limit {
            max_active as c_int
        } else {
            limit as c_int
        };
        self
    }
}

impl<K: QueueKind> QueueBuilder<K> {
    const fn new() -> Self {
        Self {
            flags: K::FLAGS,
            max_active: K::MAX_ACTIVE,
            _kind: PhantomData,
        }
    }

    const fn with(mut self, flag: bindings::wq_flags) -> Self {
        self.flags |= flag;
        self
    }

    /// Makes the work items run at high priority (`WQ_HIGHPRI`).
    #[inline]
    pub const fn highpri(self) -> Self {
        self.with(bindings::wq_flags_WQ_HIGHPRI)
    }

    /// Guarantees that at least one worker is there to run work items under memory pressure
    /// (`WQ_MEM_RECLAIM`).
    ///
    /// Required for queues that memory reclaim depends on.
    #[inline]
    pub const fn mem_reclaim(self) -> Self {
        self.with(bindings::wq_flags_WQ_MEM_RECLAIM)
    }

    /// Stops the queue from running work items while the system is suspended (`WQ_FREEZABLE`).
    #[inline]
    pub const fn freezable(self) -> Self {
        self.with(bindings::wq_flags_WQ_FREEZABLE)
    }

    /// Creates the queue.
    ///
    /// `name` shows up in the names of worker threads and in reports of stalls. No more than 31
    /// bytes of it are used, and it need not be unique.
    ///
    /// This function sleeps. Returns [`ENOMEM`] if the C side cannot create the queue, for which
    /// it gives no reason.
    pub fn build(self, name: &CStr) -> Result<K::Queue> {
        // SAFETY: `name` is a valid C string for the duration of the call, which copies it.
        let wq = unsafe {
            bindings::alloc_workqueue_named(name.as_char_ptr(), self.flags, self.max_active)
        };

        // SAFETY: A pointer that is not null points at a workqueue that has just been created, so
        // nobody else owns it.
        let queue = unsafe { OwnedQueue::from_raw(wq) }.ok_or(ENOMEM)?;

        Ok(K::from_owned(queue))
    }
}
