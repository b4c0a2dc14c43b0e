// SPDX-License-Identifier: GPL-2.0

//! Points in time that are measured in jiffies.
//!
//! The kernel counts timer interrupts, [`HZ`] of them per second, in a variable called `jiffies`.
//! Reading it costs next to nothing, which makes it the clock of choice for timeouts that need no
//! better resolution than a few milliseconds. [`time::Instant`] is the precise, more expensive
//! alternative.
//!
//! - [`Instant`] is a value of that counter.
//! - [`Deadline`] is the instant at which a wait should be given up.
//! - [`Delta<Jiffy>`] is the span between two instants. See [`Delta::to_jiffies`] and
//!   [`Delta::as_timeout`] for how to get one, and for how it is rounded.
//!
//! # Wrap-around
//!
//! The counter is as wide as a [`c_ulong`]. On 32-bit systems it wraps every 49.7 days with
//! `CONFIG_HZ=1000`, and for the first time five minutes after boot to make sure that somebody
//! notices code which is not prepared. Instants are therefore compared by the sign of their
//! difference, as the C macros of the `time_after()` family do it: the answer is right for two
//! instants less than half of the counter's range apart (24.8 days in the example) and wrong
//! beyond that.
//!
//! This relation is not transitive, hence not an order, and [`Instant`] does not implement
//! [`PartialOrd`] on purpose. Sorting instants, or taking the maximum of many, needs a common
//! reference: compare their distances from it.
//!
//! # Context
//!
//! Everything in this module can be used in any context, apart from [`get_jiffies_64`] in an NMI.
//! The counter does not advance while the system is suspended, and, because somebody has to
//! handle the timer interrupt, may stand still while interrupts are disabled.
//!
//! # Not supported
//!
//! Comparisons of 64-bit jiffies (`time_after64()` and so on): these do not wrap in practice, so
//! that plain comparisons of what [`get_jiffies_64`] returns do the same.
//!
//! # Examples
//!
//! ```
//! use kernel::time::{
//!     jiffies::{
//!         Deadline,
//!         Instant, //
//!     },
//!     Delta, //
//! };
//!
//! let start = Instant::now();
//! let deadline = Deadline::after(Delta::from_millis(50));
//!
//! while !deadline.has_expired() {
//!     // Poll a register here.
//! #   kernel::time::delay::fsleep(Delta::from_millis(10));
//! }
//!
//! assert!(start.elapsed() >= Delta::from_millis(50).to_jiffies());
//! ```
//!
//! C header: [`include/linux/jiffies.h`](srctree/include/linux/jiffies.h).
//!
//! [`c_ulong`]: crate::ffi::c_ulong
//! [`HZ`]: super::HZ
//! [`time::Instant`]: super::Instant

use super::{
    Delta,
    Jiffies,
    Jiffy, //
};
use crate::sync::atomic::{
    atomic_load,
    Relaxed, //
};
use core::ops;

/// Returns the 64-bit count of jiffies.
///
/// It does not wrap in practice, so that its values can be compared with each other as they are.
/// Like the native count, it does not start at zero but some 300 seconds before the lower half
/// wraps.
///
/// On 32-bit systems this loops while another CPU is advancing the count. For that reason it must
/// not be called in an NMI, which may have interrupted just that.
///
/// # Examples
///
/// ```
/// use kernel::time::jiffies::get_jiffies_64;
///
/// let before = get_jiffies_64();
/// assert!(get_jiffies_64() >= before);
/// ```
#[inline]
pub fn get_jiffies_64() -> u64 {
    // SAFETY: This function has no requirements.
    unsafe { bindings::get_jiffies_64() }
}

/// A value of the `jiffies` counter.
///
/// Instants can be compared for equality, but are not ordered. See the [module level
/// documentation](self#wrap-around) for the limits of [`is_after`](Self::is_after) and its
/// siblings.
///
/// Adding a [`Delta<Jiffy>`] to an instant, or subtracting it, wraps around just like the counter
/// does, hence never overflows.
///
/// # Examples
///
/// ```
/// use kernel::time::{
///     jiffies::Instant,
///     Delta,
///     Jiffies, //
/// };
///
/// let before_wrap = Instant::from_raw(Jiffies::MAX);
/// let after_wrap = before_wrap + Delta::from_jiffies(3);
///
/// assert_eq!(after_wrap.as_raw(), 2);
/// assert!(after_wrap.is_after(before_wrap));
/// assert_eq!((after_wrap - before_wrap).as_jiffies(), 3);
/// ```
#[repr(transparent)]
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Instant(Jiffies);

impl Instant {
    /// Returns the current value of the counter (`jiffies`).
    #[inline]
    pub fn now() -> Self {
        // SAFETY:
        // - `jiffies` is a static variable of this type.
        // - Concurrent stores come from the C code that advances the counter. The LKMM takes its
        //   plain, aligned stores for atomic ones; the C side reads the variable, which it declares
        //   as `volatile`, under the same assumption.
        Self(unsafe { atomic_load(&raw mut bindings::jiffies, Relaxed) })
    }

    /// Creates an instant from a counter value, such as one that C code has stored.
    #[inline]
    pub const fn from_raw(jiffies: Jiffies) -> Self {
        Self(jiffies)
    }

    /// Returns the counter value.
    #[inline]
    pub const fn as_raw(self) -> Jiffies {
        self.0
    }

    /// Returns the time from `earlier` to `self`, which is negative if `earlier` is later.
    ///
    /// This is the `const` form of subtracting two instants.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::jiffies::Instant;
    ///
    /// let (a, b) = (Instant::from_raw(10), Instant::from_raw(14));
    ///
    /// assert_eq!(b.since(a).as_jiffies(), 4);
    /// assert_eq!(a.since(b).as_jiffies(), -4);
    /// ```
    #[inline]
    pub const fn since(self, earlier: Self) -> Delta<Jiffy> {
        // CAST: The upper half of the range is meant to become negative.
        Delta::from_jiffies(self.0.wrapping_sub(earlier.0) as isize)
    }

    /// Returns the time from this instant until now, which is negative for future instants.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::jiffies::Instant;
    ///
    /// let start = Instant::now();
    /// assert!(start.elapsed().as_jiffies() >= 0);
    /// ```
    #[inline]
    pub fn elapsed(self) -> Delta<Jiffy> {
        Self::now().since(self)
    }

    /// Returns whether this instant comes after `other` (`time_after()`).
    #[inline]
    pub const fn is_after(self, other: Self) -> bool {
        other.since(self).as_jiffies() < 0
    }

    /// Returns whether this instant comes after `other` or equals it (`time_after_eq()`).
    #[inline]
    pub const fn is_after_eq(self, other: Self) -> bool {
        self.since(other).as_jiffies() >= 0
    }

    /// Returns whether this instant comes before `other` (`time_before()`).
    #[inline]
    pub const fn is_before(self, other: Self) -> bool {
        other.is_after(self)
    }

    /// Returns whether this instant comes before `other` or equals it (`time_before_eq()`).
    #[inline]
    pub const fn is_before_eq(self, other: Self) -> bool {
        other.is_after_eq(self)
    }

    /// Returns whether this instant lies in the range from `start` to `end`, both included
    /// (`time_in_range()`).
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::{
    ///     jiffies::Instant,
    ///     Jiffies, //
    /// };
    ///
    /// let start = Instant::from_raw(Jiffies::MAX - 1);
    /// let end = Instant::from_raw(1);
    ///
    /// assert!(Instant::from_raw(0).is_in_range(start, end));
    /// assert!(end.is_in_range(start, end));
    /// assert!(!end.is_in_range_open(start, end));
    /// ```
    #[inline]
    pub const fn is_in_range(self, start: Self, end: Self) -> bool {
        self.is_after_eq(start) && self.is_before_eq(end)
    }

    /// Returns whether this instant lies in the range from `start` to `end`, excluding `end`
    /// itself (`time_in_range_open()`).
    #[inline]
    pub const fn is_in_range_open(self, start: Self, end: Self) -> bool {
        self.is_after_eq(start) && self.is_before(end)
    }

    /// Returns whether the counter has reached this instant (`time_is_before_eq_jiffies()`).
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::{
    ///     jiffies::Instant,
    ///     secs_to_jiffies,
    ///     Delta, //
    /// };
    ///
    /// let now = Instant::now();
    ///
    /// assert!(now.is_reached());
    /// assert!(!(now + Delta::from_timeout(secs_to_jiffies(600))).is_reached());
    /// ```
    #[inline]
    pub fn is_reached(self) -> bool {
        self.is_before_eq(Self::now())
    }
}

impl ops::Sub for Instant {
    type Output = Delta<Jiffy>;

    #[inline]
    fn sub(self, earlier: Self) -> Delta<Jiffy> {
        self.since(earlier)
    }
}

impl ops::Add<Delta<Jiffy>> for Instant {
    type Output = Self;

    #[inline]
    fn add(self, delta: Delta<Jiffy>) -> Self {
        Self(self.0.wrapping_add_signed(delta.as_jiffies()))
    }
}

impl ops::AddAssign<Delta<Jiffy>> for Instant {
    #[inline]
    fn add_assign(&mut self, delta: Delta<Jiffy>) {
        *self = *self + delta;
    }
}

impl ops::Sub<Delta<Jiffy>> for Instant {
    type Output = Self;

    #[inline]
    fn sub(self, delta: Delta<Jiffy>) -> Self {
        // CAST: Conversion to the unsigned type keeps the value modulo the counter's range, which
        // is all that a wrapping subtraction depends on.
        Self(self.0.wrapping_sub(delta.as_jiffies() as Jiffies))
    }
}

impl ops::SubAssign<Delta<Jiffy>> for Instant {
    #[inline]
    fn sub_assign(&mut self, delta: Delta<Jiffy>) {
        *self = *self - delta;
    }
}

/// The instant at which a wait should be given up.
///
/// A deadline never expires early. This takes more than adding a timeout to `jiffies`: the current
/// jiffy has already begun, so the next increment of the counter is less than a whole jiffy away.
/// [`Deadline::after`] and [`Deadline::starting_at`] account for that with an additional jiffy.
///
/// # Limits
///
/// A deadline which nobody looks at for longer than half of the counter's range after it has
/// expired seems to lie in the future again, see [the module level
/// documentation](self#wrap-around).
///
/// # Examples
///
/// ```
/// use kernel::time::{
///     jiffies::Deadline,
///     Delta, //
/// };
///
/// let deadline = Deadline::after(Delta::from_secs(600));
///
/// assert!(!deadline.has_expired());
/// assert!(deadline.remaining() >= Delta::from_secs(599).to_jiffies());
///
/// // A timeout of zero, and a negative one likewise, has expired before it began.
/// assert!(Deadline::after(Delta::ZERO).has_expired());
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Deadline {
    end: Instant,
}

impl Deadline {
    /// Creates a deadline that expires when at least `timeout` has passed from now.
    ///
    /// The timeout is rounded up to jiffies and saturates at [`MAX_JIFFY_OFFSET`]. The deadline
    /// expires immediately if it is zero or negative.
    ///
    /// [`MAX_JIFFY_OFFSET`]: super::MAX_JIFFY_OFFSET
    #[inline]
    pub fn after(timeout: Delta) -> Self {
        Self::starting_at(Instant::now(), timeout.to_jiffies())
    }

    /// Creates a deadline that expires when at least `timeout` has passed from `start`.
    ///
    /// The timeout saturates at [`MAX_JIFFY_OFFSET`]. The deadline expires at `start` if it is
    /// zero or negative.
    ///
    /// [`MAX_JIFFY_OFFSET`]: super::MAX_JIFFY_OFFSET
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::{
    ///     jiffies::{
    ///         Deadline,
    ///         Instant, //
    ///     },
    ///     Delta, //
    /// };
    ///
    /// let deadline = Deadline::starting_at(Instant::from_raw(100), Delta::from_jiffies(5));
    ///
    /// assert_eq!(deadline.end().as_raw(), 106);
    /// assert!(!deadline.has_expired_at(Instant::from_raw(105)));
    /// assert!(deadline.has_expired_at(Instant::from_raw(106)));
    /// assert_eq!(deadline.remaining_at(Instant::from_raw(102)).as_jiffies(), 4);
    /// assert_eq!(deadline.remaining_at(Instant::from_raw(112)).as_jiffies(), 0);
    /// ```
    #[inline]
    pub fn starting_at(start: Instant, timeout: Delta<Jiffy>) -> Self {
        let end = match timeout.as_timeout() {
            0 => start,
            timeout => Instant(start.0.wrapping_add(timeout).wrapping_add(1)),
        };

        Self { end }
    }

    /// Creates a deadline that expires when the counter reaches `end`.
    #[inline]
    pub const fn at(end: Instant) -> Self {
        Self { end }
    }

    /// Returns the first instant at which the deadline has expired.
    #[inline]
    pub const fn end(self) -> Instant {
        self.end
    }

    /// Returns whether the deadline has expired.
    #[inline]
    pub fn has_expired(self) -> bool {
        self.has_expired_at(Instant::now())
    }

    /// Returns whether the deadline has expired at the instant `now`.
    #[inline]
    pub const fn has_expired_at(self, now: Instant) -> bool {
        now.is_after_eq(self.end)
    }

    /// Returns the time until the deadline expires, zero if it has already.
    ///
    /// Use [`Delta::as_timeout`] on it for functions that wait for a number of jiffies.
    #[inline]
    pub fn remaining(self) -> Delta<Jiffy> {
        self.remaining_at(Instant::now())
    }

    /// Returns the time from `now` until the deadline expires, zero if it has already.
    #[inline]
    pub const fn remaining_at(self, now: Instant) -> Delta<Jiffy> {
        if self.has_expired_at(now) {
            Delta::from_jiffies(0)
        } else {
            self.end.since(now)
        }
    }
}

#[cfg(CONFIG_RUST_JIFFIES_KUNIT_TEST)]
#[macros::kunit_tests(rust_jiffies)]
mod tests {
    use super::*;
    use crate::time::{
        delay::fsleep,
        jiffies_to_nsecs,
        Monotonic,
        HZ,
        MAX_JIFFY_OFFSET, //
    };

    const MAX: Jiffies = Jiffies::MAX;

    /// The distance at which comparisons turn around.
    const HALF: Jiffies = MAX / 2 + 1;

    /// Counter values around zero, where it wraps, and around half of its range.
    const STARTS: [Jiffies; 9] = [0, 1, 2, MAX, MAX - 1, MAX - 2, HALF, HALF - 1, HALF + 1];

    #[test]
    fn comparisons() {
        // The distance from `a` to `b`; whether `b` is after `a`, and whether it is before.
        let table = [
            (0, false, false),
            (1, true, false),
            (2, true, false),
            (MAX_JIFFY_OFFSET, true, false),
            (HALF - 1, true, false),
            // `time_after()` looks for the difference in the other direction, and half of the
            // range has no opposite: both are "after" each other.
            (HALF, true, true),
            (HALF + 1, false, true),
            (MAX - 1, false, true),
            (MAX, false, true),
        ];

        for a in STARTS {
            for (distance, after, before) in table {
                let b = Instant::from_raw(a.wrapping_add(distance));
                let a = Instant::from_raw(a);

                assert_eq!(b.is_after(a), after);
                assert_eq!(b.is_before(a), before);
                assert_eq!(a.is_after(b), before);
                assert_eq!(a.is_before(b), after);

                if distance != HALF {
                    assert_eq!(b.is_after_eq(a), !before);
                    assert_eq!(b.is_before_eq(a), !after);
                }
                assert!((a == b) == (distance == 0));
            }
        }
    }

    #[test]
    fn ranges() {
        // An offset from the start; whether it is in the closed and in the open range of five.
        let table = [
            (0, true, true),
            (1, true, true),
            (4, true, true),
            (5, true, false),
            (6, false, false),
            (MAX, false, false),
            (HALF - 1, false, false),
        ];

        for start in STARTS {
            for (offset, closed, open) in table {
                let instant = Instant::from_raw(start.wrapping_add(offset));
                let end = Instant::from_raw(start.wrapping_add(5));
                let start = Instant::from_raw(start);

                assert_eq!(instant.is_in_range(start, end), closed);
                assert_eq!(instant.is_in_range_open(start, end), open);
            }

            // Empty ranges.
            let start = Instant::from_raw(start);
            assert!(start.is_in_range(start, start));
            assert!(!start.is_in_range_open(start, start));
        }
    }

    #[test]
    fn arithmetic_wraps() {
        let deltas = [0, 1, -1, 7, -7, isize::MAX, isize::MIN, isize::MIN + 1];

        for start in STARTS.map(Instant::from_raw) {
            for delta in deltas.map(Delta::from_jiffies) {
                let mut instant = start + delta;
                assert_eq!(instant - start, delta);
                assert_eq!(instant - delta, start);

                instant -= delta;
                assert_eq!(instant, start);
                instant += delta;
                assert_eq!(instant.since(start), delta);
            }
        }

        assert_eq!(
            (Instant::from_raw(MAX) + Delta::from_jiffies(1)).as_raw(),
            0
        );
        assert_eq!(
            (Instant::from_raw(0) - Delta::from_jiffies(1)).as_raw(),
            MAX
        );
    }

    #[test]
    fn deadlines() {
        let longest = MAX_JIFFY_OFFSET + 1;
        // A timeout, and the distance at which the deadline must have expired.
        let table = [
            (0, 0),
            (-1, 0),
            (isize::MIN, 0),
            (1, 2),
            (100, 101),
            (MAX_JIFFY_OFFSET as isize, longest),
            (isize::MAX, longest),
        ];

        for start in STARTS.map(Instant::from_raw) {
            for (timeout, distance) in table {
                let deadline = Deadline::starting_at(start, Delta::from_jiffies(timeout));
                let end = Instant::from_raw(start.as_raw().wrapping_add(distance));

                assert_eq!(deadline.end(), end);
                assert_eq!(deadline, Deadline::at(end));
                assert_eq!(deadline.has_expired_at(start), distance == 0);
                assert_eq!(
                    deadline.remaining_at(start).as_jiffies() as Jiffies,
                    distance
                );

                assert!(deadline.has_expired_at(end));
                assert_eq!(deadline.remaining_at(end).as_jiffies(), 0);

                let earlier = end - Delta::from_jiffies(1);
                assert!(!deadline.has_expired_at(earlier));
                assert_eq!(deadline.remaining_at(earlier).as_jiffies(), 1);

                let later = end + Delta::from_jiffies(1000);
                assert!(deadline.has_expired_at(later));
                assert_eq!(deadline.remaining_at(later).as_jiffies(), 0);
            }
        }
    }

    #[test]
    fn progress() {
        let tick = Delta::from_jiffies(1).to_nanos();
        let sleep = tick * 5;

        let clock = super::super::Instant::<Monotonic>::now();
        let start_64 = get_jiffies_64();
        let start = Instant::now();
        let deadline = Deadline::after(sleep);
        assert!(start.is_reached());

        let mut previous = start;
        while !deadline.has_expired() {
            let now = Instant::now();
            assert!(now.is_after_eq(previous));
            previous = now;
            fsleep(tick);
        }

        let elapsed = start.elapsed();
        let elapsed_64 = get_jiffies_64() - start_64;
        let real = clock.elapsed();

        assert!(elapsed >= sleep.to_jiffies());
        assert!(elapsed_64 >= elapsed.as_timeout() as u64);

        // Both clocks measured the same, give or take what it takes to be scheduled on a busy
        // machine, or to catch up with lost timer interrupts.
        let slack = Delta::from_secs(2);
        assert!(elapsed.to_nanos() <= real + slack);
        assert!(real <= elapsed.to_nanos() + slack);
    }

    #[test]
    fn native_count_is_lower_half() {
        let before = Instant::now();
        let lower = Instant::from_raw(get_jiffies_64() as Jiffies);
        let after = Instant::now();

        assert!(lower.is_in_range(before, after));
        assert_eq!(jiffies_to_nsecs(HZ), 1_000_000_000);
    }
}
