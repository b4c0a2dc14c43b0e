// SPDX-License-Identifier: GPL-2.0

//! KUnit tests for the workqueue abstractions.

use super::*;
use crate::{
    new_mutex,
    sync::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        Completion,
        Mutex,
        SetOnce, //
    },
    time::{
        delay::fsleep,
        msecs_to_jiffies,
        Delta,
        Instant,
        Monotonic, //
    }, //
};

/// A delay that is longer than any test takes.
fn forever() -> Jiffies {
    msecs_to_jiffies(1_000_000)
}

/// What the work items of a test have in common.
#[pin_data]
struct State {
    /// How often any item has run to the end.
    runs: Atomic<i32>,
    /// How many items have not been dropped.
    alive: Atomic<i32>,
    /// The ids of the items that ran, in order.
    #[pin]
    order: Mutex<KVec<i32>>,
    /// Completes as soon as one item that waits for `gate` runs.
    #[pin]
    started: Completion,
    /// Keeps the items running that wait for it.
    #[pin]
    gate: Completion,
}

impl State {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                runs: Atomic::new(0),
                alive: Atomic::new(0),
                order <- new_mutex!(KVec::new()),
                started <- Completion::new(),
                gate <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    fn runs(&self) -> i32 {
        self.runs.load(Relaxed)
    }

    fn alive(&self) -> i32 {
        self.alive.load(Relaxed)
    }
}

/// What a work item does when it runs.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Action {
    /// Only counts.
    Count,
    /// Waits for `State::gate`.
    Wait,
    /// Waits for `State::gate` for the first time, and enqueues itself each time.
    Repeat,
}

/// A work item which has both kinds of work.
#[pin_data(PinnedDrop)]
struct Item {
    id: i32,
    action: Action,
    state: Arc<State>,
    queue: Option<SharedQueue>,
    #[pin]
    work: Work<Item, 0>,
    #[pin]
    delayed: DelayedWork<Item, 1>,
}

impl_has_work! {
    impl HasWork<Self, 0> for Item { self.work }
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self, 1> for Item { self.delayed }
}

impl Item {
    fn new(state: &Arc<State>, id: i32, action: Action) -> Result<Arc<Self>> {
        Self::with_queue(state, id, action, None)
    }

    fn with_queue(
        state: &Arc<State>,
        id: i32,
        action: Action,
        queue: Option<SharedQueue>,
    ) -> Result<Arc<Self>> {
        let item = Arc::pin_init(
            pin_init!(Self {
                id,
                action,
                state: state.clone(),
                queue,
                work <- new_work!("Item::work"),
                delayed <- new_delayed_work!("Item::delayed"),
            }),
            GFP_KERNEL,
        )?;
        state.alive.add(1, Relaxed);
        Ok(item)
    }

    fn act(&self) {
        if self.action != Action::Count {
            self.state.started.complete_all();
            self.state.gate.wait_for_completion();
        }

        let _ = self.state.order.lock().push(self.id, GFP_KERNEL);
        self.state.runs.add(1, Relaxed);
    }
}

#[pinned_drop]
impl PinnedDrop for Item {
    fn drop(self: Pin<&mut Self>) {
        self.state.alive.add(-1, Relaxed);
    }
}

impl WorkItem<0> for Item {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.act();

        if this.action == Action::Repeat {
            if let Some(queue) = &this.queue {
                let _ = queue.enqueue::<_, 0>(this.clone());
            } else {
                let _ = dfl().enqueue::<_, 0>(this);
            }
        }
    }
}

impl WorkItem<1> for Item {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.act();

        if this.action == Action::Repeat {
            let _ = dfl().enqueue_delayed::<_, 1>(this, 1);
        }
    }
}

/// A delayed work item that refers to its own queue.
#[pin_data(PinnedDrop)]
struct Resident {
    state: Arc<State>,
    queue: SharedQueue<OrderedQueue>,
    #[pin]
    work: DelayedWork<Resident>,
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self> for Resident { self.work }
}

impl_has_shared_queue! {
    impl HasSharedQueue for Resident { self.queue }
}

impl Resident {
    fn new(state: &Arc<State>) -> Result<Arc<Self>> {
        let queue = QueueBuilder::ordered().build(c"test_resident")?;
        let queue = SharedQueue::new(queue, GFP_KERNEL)?;
        let item = Arc::pin_init(
            pin_init!(Self {
                state: state.clone(),
                queue,
                work <- new_delayed_work!("Resident::work"),
            }),
            GFP_KERNEL,
        )?;
        state.alive.add(1, Relaxed);
        Ok(item)
    }
}

#[pinned_drop]
impl PinnedDrop for Resident {
    fn drop(self: Pin<&mut Self>) {
        self.state.alive.add(-1, Relaxed);
    }
}

impl WorkItem for Resident {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.state.runs.add(1, Relaxed);
        this.state.started.complete_all();
    }
}

/// A delayed work item with a reference count of its own.
#[pin_data]
struct Counted {
    refs: Atomic<i32>,
    state: Arc<State>,
    #[pin]
    work: DelayedWork<Counted>,
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self> for Counted { self.work }
}

impl Counted {
    fn new(state: &Arc<State>) -> Result<ARef<Self>> {
        let item = KBox::pin_init(
            pin_init!(Self {
                refs: Atomic::new(1),
                state: state.clone(),
                work <- new_delayed_work!("Counted::work"),
            }),
            GFP_KERNEL,
        )?;
        state.alive.add(1, Relaxed);

        // SAFETY: Nobody moves the item out of its box.
        let item = KBox::into_raw(unsafe { Pin::into_inner_unchecked(item) });

        // SAFETY: The pointer comes from a box, and the count started with one.
        Ok(unsafe { ARef::from_raw(NonNull::new_unchecked(item)) })
    }
}

// SAFETY: The item is freed when the count drops to zero, which counts the increments.
unsafe impl AlwaysRefCounted for Counted {
    fn inc_ref(&self) {
        self.refs.add(1, Relaxed);
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller owns an increment, so that the item is valid.
        let refs = unsafe { &obj.as_ref().refs };

        if refs.fetch_add(-1, Full) == 1 {
            // SAFETY: That was the last increment, and `new` got the pointer from a box.
            let item = unsafe { KBox::from_raw(obj.as_ptr()) };
            item.state.alive.add(-1, Relaxed);
        }
    }
}

impl WorkItem for Counted {
    type Pointer = ARef<Self>;

    fn run(this: ARef<Self>) {
        this.state.runs.add(1, Relaxed);
    }
}

/// Returns an unbound system workqueue.
fn dfl() -> &'static Queue {
    // SAFETY: `system_dfl_wq` is a C global, always available.
    unsafe { Queue::from_raw(bindings::system_dfl_wq) }
}

/// Waits until a condition holds, but no longer than ten seconds.
fn eventually(condition: impl Fn() -> bool) -> bool {
    for _ in 0..1_000 {
        if condition() {
            return true;
        }
        fsleep(Delta::from_millis(10));
    }
    false
}

/// Whether `item` is the only reference.
fn is_unique<T>(item: Arc<T>) -> bool {
    Arc::into_unique_or_drop(item).is_some()
}

#[macros::kunit_tests(rust_workqueue_cancel)]
mod cancel {
    use super::*;

    #[test]
    fn idle_item() -> Result {
        let state = State::new()?;
        let item = Item::new(&state, 0, Action::Count)?;

        assert!(cancel_work::<_, 0>(&item).is_none());
        assert!(cancel_work::<_, 1>(&item).is_none());
        assert!(cancel_work_sync::<_, 0>(&item).is_none());
        assert!(cancel_work_sync::<_, 1>(&item).is_none());
        assert!(!flush_work::<_, 0>(&item));
        assert!(!flush_work::<_, 1>(&item));
        assert!(is_unique(item));
        assert_eq!(state.alive(), 0);
        Ok(())
    }

    #[test]
    fn returns_pending_item() -> Result {
        let state = State::new()?;
        let queue = QueueBuilder::ordered().build(c"test_cancel")?;
        let first = Item::new(&state, 1, Action::Wait)?;
        let second = Item::new(&state, 2, Action::Count)?;

        // The second one stays pending behind the first one.
        assert!(queue.enqueue::<_, 0>(first).is_ok());
        assert!(queue.enqueue::<_, 0>(second.clone()).is_ok());
        state.started.wait_for_completion();

        // A failing attempt to enqueue it again returns the reference.
        let again = queue.enqueue::<_, 0>(second.clone()).err().ok_or(EINVAL)?;
        assert!(Arc::ptr_eq(&again, &second));
        drop(again);

        let pending = cancel_work::<_, 0>(&second).ok_or(EINVAL)?;
        assert!(Arc::ptr_eq(&pending, &second));
        assert!(cancel_work::<_, 0>(&second).is_none());
        drop(pending);
        assert!(is_unique(second));

        state.gate.complete_all();
        drop(queue);
        assert_eq!(state.runs(), 1);
        assert_eq!(state.alive(), 0);
        Ok(())
    }

    #[test]
    fn returns_delayed_item() -> Result {
        let state = State::new()?;
        let item = Item::new(&state, 0, Action::Count)?;

        for sync in [false, true] {
            assert!(dfl()
                .enqueue_delayed::<_, 1>(item.clone(), forever())
                .is_ok());
            assert!(dfl().enqueue_delayed::<_, 1>(item.clone(), 0).is_err());

            let pending = if sync {
                cancel_work_sync::<_, 1>(&item)
            } else {
                cancel_work::<_, 1>(&item)
            };
            assert!(Arc::ptr_eq(&pending.ok_or(EINVAL)?, &item));
        }

        assert_eq!(state.runs(), 0);
        assert!(is_unique(item));
        Ok(())
    }

    #[test]
    fn last_reference() -> Result {
        let state = State::new()?;
        let item = Item::new(&state, 0, Action::Count)?;

        assert!(dfl()
            .enqueue_delayed::<_, 1>(item.clone(), forever())
            .is_ok());

        // The returned reference keeps the item alive on its own.
        let pending = cancel_work::<_, 1>(&item).ok_or(EINVAL)?;
        drop(item);
        assert_eq!(state.alive(), 1);
        assert!(cancel_work::<_, 1>(&pending).is_none());
        drop(pending);
        assert_eq!(state.alive(), 0);
        Ok(())
    }

    #[test]
    fn sync_waits_for_running_item() -> Result {
        let state = State::new()?;
        let item = Item::new(&state, 0, Action::Wait)?;
        let opener = state.clone();

        assert!(dfl().enqueue::<_, 0>(item.clone()).is_ok());
        state.started.wait_for_completion();

        // It is running, hence not pending, and an asynchronous cancellation does not wait.
        assert!(cancel_work::<_, 0>(&item).is_none());
        assert_eq!(state.runs(), 0);

        system_long().try_spawn(GFP_KERNEL, move || {
            fsleep(Delta::from_millis(30));
            opener.gate.complete_all();
        })?;
        assert!(cancel_work_sync::<_, 0>(&item).is_none());
        assert_eq!(state.runs(), 1);

        // The reference that `run` got was dropped before it returned.
        assert!(is_unique(item));
        Ok(())
    }

    #[test]
    fn sync_stops_repeating_items() -> Result {
        for _ in 0..20 {
            let state = State::new()?;
            let item = Item::new(&state, 0, Action::Repeat)?;

            state.gate.complete_all();
            assert!(dfl().enqueue::<_, 0>(item.clone()).is_ok());
            assert!(dfl().enqueue_delayed::<_, 1>(item.clone(), 1).is_ok());
            state.started.wait_for_completion();
            fsleep(Delta::from_millis(2));

            drop(cancel_work_sync::<_, 0>(&item));
            drop(cancel_work_sync::<_, 1>(&item));

            let runs = state.runs();
            assert!(is_unique(item));
            fsleep(Delta::from_millis(1));
            assert_eq!(state.runs(), runs);
            assert_eq!(state.alive(), 0);
        }
        Ok(())
    }

    #[test]
    fn flush_waits() -> Result {
        let state = State::new()?;
        let item = Item::new(&state, 0, Action::Count)?;

        for runs in 1..=10 {
            assert!(dfl().enqueue::<_, 0>(item.clone()).is_ok());
            flush_work::<_, 0>(&item);
            assert_eq!(state.runs(), runs);
        }

        // The timer is cut short.
        assert!(dfl()
            .enqueue_delayed::<_, 1>(item.clone(), forever())
            .is_ok());
        flush_work::<_, 1>(&item);
        assert_eq!(state.runs(), 11);
        assert!(is_unique(item));
        Ok(())
    }

    #[test]
    fn mod_moves_timer() -> Result {
        let state = State::new()?;
        let item = Item::new(&state, 0, Action::Count)?;

        // Idle: the workqueue takes the reference.
        let idle = dfl().mod_delayed::<_, 1>(item.clone(), forever());
        assert!(matches!(idle, Ok(None)));

        // Pending: the additional reference comes back.
        for delay in [forever(), forever() / 2, forever()] {
            let pending = dfl().mod_delayed::<_, 1>(item.clone(), delay);
            assert!(matches!(pending, Ok(Some(_))));
        }
        assert_eq!(state.runs(), 0);

        // Sooner.
        let start = Instant::<Monotonic>::now();
        let pending = dfl().mod_delayed::<_, 1>(item.clone(), msecs_to_jiffies(50));
        assert!(matches!(pending, Ok(Some(_))));
        drop(pending);
        assert!(eventually(|| state.runs() == 1));
        // The current jiffy has begun already, so that it may be missing.
        assert!(start.elapsed() >= Delta::from_millis(30));

        // Immediately.
        let idle = dfl().mod_delayed::<_, 1>(item.clone(), 0);
        assert!(matches!(idle, Ok(None)));
        flush_work::<_, 1>(&item);
        assert_eq!(state.runs(), 2);

        assert!(is_unique(item));
        assert_eq!(state.alive(), 0);
        Ok(())
    }

    #[test]
    fn other_reference_counts() -> Result {
        let state = State::new()?;
        let item = Counted::new(&state)?;

        for runs in 1..=3 {
            assert!(dfl().enqueue_delayed(item.clone(), forever()).is_ok());
            assert!(dfl().enqueue_delayed(item.clone(), forever()).is_err());
            assert_eq!(item.refs.load(Relaxed), 2);

            assert!(matches!(
                dfl().mod_delayed(item.clone(), forever()),
                Ok(Some(_))
            ));
            assert_eq!(item.refs.load(Relaxed), 2);

            let pending = cancel_work(&item).ok_or(EINVAL)?;
            assert_eq!(item.refs.load(Relaxed), 2);
            assert!(core::ptr::eq(&*pending, &*item));

            assert!(matches!(dfl().mod_delayed(pending, forever()), Ok(None)));
            flush_work(&item);
            assert!(cancel_work_sync(&item).is_none());
            assert_eq!(state.runs(), runs);
            assert_eq!(item.refs.load(Relaxed), 1);
        }

        drop(item);
        assert_eq!(state.alive(), 0);
        Ok(())
    }

    #[test]
    fn mod_fails_during_sync_cancel() -> Result {
        let state = State::new()?;
        let item = Item::new(&state, 0, Action::Wait)?;
        let other = item.clone();

        assert!(dfl().enqueue_delayed::<_, 1>(item.clone(), 0).is_ok());
        state.started.wait_for_completion();

        // The item is running, so that cancelling it waits for the gate.
        system_long().try_spawn(GFP_KERNEL, move || {
            drop(cancel_work_sync::<_, 1>(&other));
        })?;

        // At some point, the item can neither be enqueued nor be rescheduled any more. Until
        // then, take it back in order to try again.
        let failed = eventually(
            || match dfl().mod_delayed::<_, 1>(item.clone(), forever()) {
                Ok(_) => {
                    drop(cancel_work::<_, 1>(&item));
                    false
                }
                Err(same) => Arc::ptr_eq(&same, &item),
            },
        );
        assert!(failed);
        assert!(dfl().enqueue_delayed::<_, 1>(item.clone(), 0).is_err());

        state.gate.complete_all();
        drop(item);
        assert!(eventually(|| state.alive() == 0));
        assert_eq!(state.runs(), 1);
        Ok(())
    }

    #[test]
    fn concurrent_mod_and_cancel() -> Result {
        let state = State::new()?;
        let item = Item::new(&state, 0, Action::Count)?;
        let threads = QueueBuilder::unbound()
            .max_active(8)
            .build(c"test_threads")?;

        for thread in 0..8_usize {
            let item = item.clone();
            threads.try_spawn(GFP_KERNEL, move || {
                for i in 0..500_usize {
                    match (i + thread) % 5 {
                        0 => drop(cancel_work::<_, 1>(&item)),
                        1 => drop(cancel_work_sync::<_, 1>(&item)),
                        2 => drop(dfl().enqueue_delayed::<_, 1>(item.clone(), i % 3)),
                        _ => drop(dfl().mod_delayed::<_, 1>(item.clone(), i % 3)),
                    }
                }
            })?;
        }

        drop(threads);
        drop(cancel_work_sync::<_, 1>(&item));

        // Every single reference was accounted for.
        assert!(is_unique(item));
        assert_eq!(state.alive(), 0);
        Ok(())
    }
}

#[macros::kunit_tests(rust_workqueue_owned)]
mod owned {
    use super::*;

    #[test]
    fn all_kinds() -> Result {
        let queues = [
            QueueBuilder::unbound().build(c"test_kinds")?,
            QueueBuilder::unbound().highpri().build(c"test_kinds")?,
            QueueBuilder::unbound()
                .mem_reclaim()
                .freezable()
                .build(c"test_kinds")?,
            QueueBuilder::unbound().max_active(1).build(c"test_kinds")?,
            QueueBuilder::unbound()
                .max_active(u32::MAX)
                .build(c"test_kinds")?,
            QueueBuilder::per_cpu().build(c"test_kinds")?,
            QueueBuilder::per_cpu()
                .cpu_intensive()
                .highpri()
                .build(c"test_kinds")?,
            QueueBuilder::per_cpu()
                .power_efficient()
                .max_active(3)
                .build(c"test_kinds")?,
        ];
        let state = State::new()?;

        for queue in &queues {
            let item = Item::new(&state, 0, Action::Count)?;
            assert!(queue.enqueue::<_, 0>(item.clone()).is_ok());
            queue.flush();
            assert!(is_unique(item));
        }

        assert_eq!(state.runs(), 8);
        assert_eq!(state.alive(), 0);
        Ok(())
    }

    #[test]
    fn ordered_runs_in_order() -> Result {
        for queue in [
            QueueBuilder::ordered().build(c"test_ordered")?,
            QueueBuilder::ordered()
                .highpri()
                .mem_reclaim()
                .freezable()
                .build(c"test_ordered")?,
        ] {
            let state = State::new()?;
            assert!(queue
                .enqueue::<_, 0>(Item::new(&state, 0, Action::Wait)?)
                .is_ok());

            for id in 1..50 {
                let item = Item::new(&state, id, Action::Count)?;
                // A mix of plain and delayed work.
                if id % 2 == 0 {
                    assert!(queue.enqueue::<_, 0>(item).is_ok());
                } else {
                    assert!(queue.enqueue::<_, 1>(item).is_ok());
                }
            }
            assert_eq!(state.runs(), 0);

            state.gate.complete_all();
            queue.flush();

            let order = state.order.lock();
            assert_eq!(order.len(), 50);
            assert!(order.iter().copied().eq(0..50));
        }
        Ok(())
    }

    #[test]
    fn drop_drains() -> Result {
        let state = State::new()?;
        let queue = QueueBuilder::unbound().max_active(2).build(c"test_drop")?;

        for id in 0..20 {
            let item = Item::new(&state, id, Action::Wait)?;
            assert!(queue.enqueue::<_, 0>(item).is_ok());
        }

        state.started.wait_for_completion();
        assert_eq!(state.runs(), 0);
        let opener = state.clone();
        system_long().try_spawn(GFP_KERNEL, move || {
            fsleep(Delta::from_millis(20));
            opener.gate.complete_all();
        })?;

        drop(queue);
        assert_eq!(state.runs(), 20);
        assert_eq!(state.alive(), 0);
        Ok(())
    }

    #[test]
    fn drain_empties_queue() -> Result {
        let state = State::new()?;
        let mut unbound = QueueBuilder::unbound().build(c"test_drain")?;
        let mut ordered = QueueBuilder::ordered().build(c"test_drain")?;

        state.gate.complete_all();
        for round in 1..=3 {
            for id in 0..10 {
                assert!(unbound
                    .enqueue::<_, 0>(Item::new(&state, id, Action::Wait)?)
                    .is_ok());
                assert!(ordered
                    .enqueue::<_, 0>(Item::new(&state, id, Action::Count)?)
                    .is_ok());
            }
            unbound.drain();
            ordered.drain();
            assert_eq!(state.runs(), round * 20);
            assert_eq!(state.alive(), 0);
        }
        Ok(())
    }

    #[test]
    fn moves_to_another_queue() -> Result {
        let state = State::new()?;
        let item = Item::new(&state, 0, Action::Count)?;
        let queue = QueueBuilder::ordered().build(c"test_move")?;

        // Waiting for the timer on a queue of the system, then run here instead.
        assert!(dfl()
            .enqueue_delayed::<_, 1>(item.clone(), forever())
            .is_ok());
        let pending = cancel_work::<_, 1>(&item).ok_or(EINVAL)?;
        assert!(queue.enqueue::<_, 1>(pending).is_ok());
        drop(queue);

        assert_eq!(state.runs(), 1);
        assert!(is_unique(item));
        Ok(())
    }

    #[test]
    fn static_queue_takes_delayed_items() -> Result {
        let state = State::new()?;
        let item = Item::new(&state, 0, Action::Count)?;

        // Never destroyed, and found again if the test is.
        static QUEUE: SetOnce<OwnedQueue> = SetOnce::new();
        if QUEUE.as_ref().is_none() {
            QUEUE.populate(QueueBuilder::per_cpu().build(c"test_static")?);
        }
        let queue = QUEUE.as_ref().ok_or(EINVAL)?;

        assert!(queue
            .as_queue()
            .enqueue_delayed::<_, 1>(item.clone(), 1)
            .is_ok());
        assert!(eventually(|| state.runs() == 1));

        // Flushing the queue leaves timers alone.
        assert!(queue
            .as_queue()
            .enqueue_delayed::<_, 1>(item.clone(), forever())
            .is_ok());
        queue.flush();
        assert_eq!(state.runs(), 1);
        assert!(cancel_work_sync::<_, 1>(&item).is_some());
        assert!(is_unique(item));
        Ok(())
    }

    #[test]
    fn shared_survives_handles() -> Result {
        let state = State::new()?;
        let queue = QueueBuilder::unbound().build(c"test_shared")?;
        let queue = SharedQueue::new(queue, GFP_KERNEL)?;
        let item = Item::with_queue(&state, 0, Action::Wait, Some(queue.clone()))?;

        // The item drops the last handle to the queue that it runs on.
        assert!(queue.enqueue::<_, 0>(item).is_ok());
        state.started.wait_for_completion();
        drop(queue);
        state.gate.complete_all();

        assert!(eventually(|| state.alive() == 0));
        assert_eq!(state.runs(), 1);
        Ok(())
    }

    #[test]
    fn shared_repeating_item() -> Result {
        let state = State::new()?;
        let queue = QueueBuilder::unbound().build(c"test_repeat")?;
        let queue = SharedQueue::new(queue, GFP_KERNEL)?;
        let item = Item::with_queue(&state, 0, Action::Repeat, Some(queue.clone()))?;

        state.gate.complete_all();
        assert!(queue.enqueue::<_, 0>(item.clone()).is_ok());
        assert!(eventually(|| state.runs() > 10));
        drop(queue);
        drop(cancel_work_sync::<_, 0>(&item));
        assert!(is_unique(item));
        Ok(())
    }

    #[test]
    fn delayed_item_keeps_queue() -> Result {
        let state = State::new()?;

        // All handles to the queue are gone except for the one of the item, which waits.
        let item = Resident::new(&state)?;
        assert!(enqueue_delayed(item, msecs_to_jiffies(50)).is_ok());
        assert_eq!(state.alive(), 1);
        state.started.wait_for_completion();
        assert!(eventually(|| state.alive() == 0));
        assert_eq!(state.runs(), 1);

        // The queue goes away while nothing is enqueued.
        let item = Resident::new(&state)?;
        assert!(enqueue_delayed(item.clone(), forever()).is_ok());
        assert!(enqueue_delayed(item.clone(), 0).is_err());
        assert!(matches!(mod_delayed(item.clone(), forever()), Ok(Some(_))));
        assert!(cancel_work_sync(&item).is_some());
        assert!(matches!(mod_delayed(item.clone(), forever()), Ok(None)));
        flush_work(&item);
        assert_eq!(state.runs(), 2);
        assert!(is_unique(item));
        assert_eq!(state.alive(), 0);
        Ok(())
    }

    #[test]
    fn delayed_item_never_races_queue() -> Result {
        let state = State::new()?;

        // The last references go in all orders.
        for i in 0..200 {
            let item = Resident::new(&state)?;
            assert!(enqueue_delayed(item.clone(), i % 3).is_ok());

            if i % 4 == 0 {
                drop(mod_delayed(item.clone(), 1));
            }
            if i % 7 == 0 {
                drop(cancel_work(&item));
            }
        }

        assert!(eventually(|| state.alive() == 0));
        Ok(())
    }
}
