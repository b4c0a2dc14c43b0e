// SPDX-License-Identifier: GPL-2.0

//! Conversions between nanoseconds and jiffies.
//!
//! A plain [`Delta`] counts nanoseconds, a [`Delta<Jiffy>`] counts jiffies. A jiffy lasts
//! `1 / HZ` seconds, which need not be a whole number of nanoseconds (for example with
//! `CONFIG_HZ=300`), so that converting always involves a rounding direction:
//!
//! - [`Delta::to_jiffies`] rounds up: a timeout never gets shorter by being converted.
//! - [`Delta::to_nanos`] rounds down.
//!
//! Together this makes jiffies survive a round trip through nanoseconds unchanged, as long as
//! nothing saturates. Both conversions are exact apart from that rounding, on all values of `HZ`
//! and on 32-bit systems too; the C helpers work on 32-bit quantities and silently truncate.
//!
//! # Negative and huge spans
//!
//! Spans may be negative. Conversions keep the sign and saturate: a number of jiffies at
//! [`MAX_JIFFY_OFFSET`] in either direction, a number of nanoseconds at the limits of [`i64`].
//! This differs from [`msecs_to_jiffies`], which follows C in taking a value above [`i32::MAX`]
//! (a negative one, in C) for "wait forever". Only [`Delta::as_timeout`], which produces the
//! unsigned count that most C functions want as a timeout, replaces negative spans by zero.
//!
//! # Not supported
//!
//! `clock_t` (`USER_HZ`) and `struct timespec64` conversions.
//!
//! C header: [`include/linux/jiffies.h`](srctree/include/linux/jiffies.h).
//!
//! [`msecs_to_jiffies`]: super::msecs_to_jiffies

use super::{
    Delta,
    Jiffies,
    Jiffy,
    NSEC_PER_SEC, //
};
use crate::ffi::c_long;
use core::ops;

/// The number of jiffies per second (`HZ`).
///
/// # Examples
///
/// ```
/// use kernel::time::{
///     Delta,
///     HZ, //
/// };
///
/// assert_eq!(Delta::from_secs(1).to_jiffies().as_timeout(), HZ);
/// ```
// `bindings::HZ` is the `HZ` of user space, which is always 100: bindgen does not notice that
// include/asm-generic/param.h defines the macro anew.
pub const HZ: Jiffies = bindings::KERNEL_HZ;

/// The longest span of time that the C side handles as a timeout, in jiffies
/// (`MAX_JIFFY_OFFSET`).
///
/// It is a quarter of the range of [`Jiffies`], which leaves room for adding a little to a
/// timeout without running into the range that compares as "in the past".
///
/// # Examples
///
/// ```
/// use kernel::time::{
///     msecs_to_jiffies,
///     MAX_JIFFY_OFFSET, //
/// };
///
/// // C takes a negative number of milliseconds for an infinite timeout.
/// assert_eq!(msecs_to_jiffies(u32::MAX), MAX_JIFFY_OFFSET);
/// ```
// CAST: The value is positive and `Jiffies` has the size of `c_long`.
pub const MAX_JIFFY_OFFSET: Jiffies = ((c_long::MAX >> 1) - 1) as Jiffies;

/// [`HZ`] for signed calculations.
// CAST: `HZ` is at most 12287, see `SHIFT_HZ` in the C header.
const HZ_I64: i64 = HZ as i64;

/// Divides two 64-bit numbers, rounding towards zero.
///
/// [`Delta`]'s division knows how to do this on 32-bit systems, which lack an instruction for it
/// (and a kernel lacks the library function that the compiler would call).
#[inline]
fn div_i64(dividend: i64, divisor: i64) -> i64 {
    Delta::from_nanos(dividend) / Delta::from_nanos(divisor)
}

/// Divides `dividend` by the positive number `divisor`, rounding up.
#[inline]
fn div_i64_ceil(dividend: i64, divisor: i64) -> i64 {
    // Division rounds towards zero, which is up for negative numbers already.
    if dividend > 0 {
        div_i64(dividend - 1, divisor) + 1
    } else {
        div_i64(dividend, divisor)
    }
}

/// Converts jiffies to a unit of which `per_sec` make up a second, saturating.
fn jiffies_to_unit(jiffies: Jiffies, per_sec: u32, div: fn(i64, i64) -> i64) -> u64 {
    // CAST: `Jiffies` has at most 64 bits.
    let secs = (jiffies / HZ) as u64;
    // CAST: The remainder is less than `HZ`.
    let rem = (jiffies % HZ) as i64;

    // The product is below `HZ * NSEC_PER_SEC`, so that neither it nor the quotient overflows.
    let part = div(rem * i64::from(per_sec), HZ_I64);

    secs.saturating_mul(u64::from(per_sec))
        // CAST: `rem` is not negative, hence neither is `part`.
        .saturating_add(part as u64)
}

/// Converts jiffies to milliseconds, rounding up.
///
/// Saturates at [`u64::MAX`]. The C function `jiffies_to_msecs()` computes the same, but returns
/// only the lower 32 bits.
///
/// # Examples
///
/// ```
/// use kernel::time::{
///     jiffies_to_msecs,
///     HZ, //
/// };
///
/// assert_eq!(jiffies_to_msecs(0), 0);
/// assert_eq!(jiffies_to_msecs(10 * HZ), 10_000);
/// ```
#[inline]
pub fn jiffies_to_msecs(jiffies: Jiffies) -> u64 {
    jiffies_to_unit(jiffies, 1_000, div_i64_ceil)
}

/// Converts jiffies to microseconds, rounding down.
///
/// Saturates at [`u64::MAX`]. The C function `jiffies_to_usecs()` computes the same, but returns
/// only the lower 32 bits.
///
/// # Examples
///
/// ```
/// use kernel::time::{
///     jiffies_to_usecs,
///     HZ, //
/// };
///
/// assert_eq!(jiffies_to_usecs(3 * HZ), 3_000_000);
/// ```
#[inline]
pub fn jiffies_to_usecs(jiffies: Jiffies) -> u64 {
    jiffies_to_unit(jiffies, 1_000_000, div_i64)
}

/// Converts jiffies to nanoseconds, rounding down.
///
/// Saturates at [`u64::MAX`]. The C function `jiffies_to_nsecs()` goes through 32-bit
/// microseconds, whereas this one keeps nanosecond resolution and the whole range.
///
/// # Examples
///
/// ```
/// use kernel::time::{
///     jiffies_to_nsecs,
///     HZ, //
/// };
///
/// assert_eq!(jiffies_to_nsecs(7200 * HZ), 7_200_000_000_000);
/// ```
#[inline]
pub fn jiffies_to_nsecs(jiffies: Jiffies) -> u64 {
    jiffies_to_unit(jiffies, 1_000_000_000, div_i64)
}

/// Converts seconds to jiffies.
///
/// Saturates at [`MAX_JIFFY_OFFSET`], unlike the C macro `secs_to_jiffies()`, which overflows.
/// This function can be used in constants.
///
/// # Examples
///
/// ```
/// use kernel::time::{
///     secs_to_jiffies,
///     Jiffies,
///     HZ, //
/// };
///
/// const TIMEOUT: Jiffies = secs_to_jiffies(10);
///
/// assert_eq!(TIMEOUT, 10 * HZ);
/// ```
#[inline]
pub const fn secs_to_jiffies(secs: u32) -> Jiffies {
    // CAST: `Jiffies` has at least 32 bits.
    let jiffies = (secs as Jiffies).saturating_mul(HZ);

    if jiffies > MAX_JIFFY_OFFSET {
        MAX_JIFFY_OFFSET
    } else {
        jiffies
    }
}

impl Delta {
    /// Returns the smallest number of jiffies greater than or equal to the value in the
    /// [`Delta`].
    ///
    /// The rounding goes up for negative values too, that is, towards zero. The result saturates
    /// at `-MAX_JIFFY_OFFSET` and at [`MAX_JIFFY_OFFSET`]. A [`Delta`] gets that far on 32-bit
    /// systems only.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::Delta;
    ///
    /// assert_eq!(Delta::from_nanos(0).to_jiffies().as_jiffies(), 0);
    /// assert_eq!(Delta::from_nanos(1).to_jiffies().as_jiffies(), 1);
    /// assert_eq!(Delta::from_nanos(-1).to_jiffies().as_jiffies(), 0);
    /// ```
    pub fn to_jiffies(self) -> Delta<Jiffy> {
        // CAST: The value fits into 31 bits.
        const SEC: i32 = NSEC_PER_SEC as i32;

        // Whole seconds and the rest are converted one by one, because the product of all
        // nanoseconds and `HZ` would overflow. Both have the sign of `self`.
        let secs = div_i64(self.as_nanos(), NSEC_PER_SEC);
        let rem = self.rem_nanos(SEC).as_nanos();

        // No overflow: `secs` is less than 2^34 and `rem` less than 2^30, `HZ` less than 2^14.
        let jiffies = secs * HZ_I64 + div_i64_ceil(rem * HZ_I64, NSEC_PER_SEC);

        // CAST: `MAX_JIFFY_OFFSET` fits into `c_long`, and so does its opposite.
        let max = MAX_JIFFY_OFFSET as isize;
        let jiffies = match isize::try_from(jiffies) {
            Ok(jiffies) => jiffies.clamp(-max, max),
            Err(_) if jiffies < 0 => -max,
            Err(_) => max,
        };

        Delta::from_jiffies(jiffies)
    }
}

impl Delta<Jiffy> {
    /// Creates a [`Delta`] from an unsigned number of jiffies, such as those which C functions
    /// take and return as timeouts.
    ///
    /// Saturates at [`MAX_JIFFY_OFFSET`].
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::{
    ///     Delta,
    ///     Jiffies,
    ///     MAX_JIFFY_OFFSET, //
    /// };
    ///
    /// assert_eq!(Delta::from_timeout(5).as_jiffies(), 5);
    /// assert_eq!(Delta::from_timeout(Jiffies::MAX).as_timeout(), MAX_JIFFY_OFFSET);
    /// ```
    #[inline]
    pub const fn from_timeout(jiffies: Jiffies) -> Self {
        let jiffies = if jiffies > MAX_JIFFY_OFFSET {
            MAX_JIFFY_OFFSET
        } else {
            jiffies
        };

        // CAST: `MAX_JIFFY_OFFSET` fits into `c_long`.
        Self::from_jiffies(jiffies as isize)
    }

    /// Returns the span as an unsigned number of jiffies, for use as a timeout.
    ///
    /// A negative span gives zero, one above [`MAX_JIFFY_OFFSET`] gives [`MAX_JIFFY_OFFSET`].
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::Delta;
    ///
    /// assert_eq!(Delta::from_jiffies(12).as_timeout(), 12);
    /// assert_eq!(Delta::from_jiffies(-12).as_timeout(), 0);
    ///
    /// // At least two milliseconds.
    /// let timeout = Delta::from_millis(2).to_jiffies().as_timeout();
    /// # assert!(timeout > 0);
    /// ```
    #[inline]
    pub const fn as_timeout(self) -> Jiffies {
        if self.value < 0 {
            return 0;
        }

        // CAST: The value is not negative.
        let jiffies = self.value as Jiffies;

        if jiffies > MAX_JIFFY_OFFSET {
            MAX_JIFFY_OFFSET
        } else {
            jiffies
        }
    }

    /// Returns the largest number of nanoseconds less than or equal to the value in the
    /// [`Delta`].
    ///
    /// The rounding goes down for negative values too, that is, away from zero; it only matters
    /// if [`HZ`] does not divide the number of nanoseconds in a second. The result saturates at
    /// the limits of [`i64`] nanoseconds, about 292 years.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::Delta;
    ///
    /// let delta = Delta::from_secs(-2);
    /// assert_eq!(delta.to_jiffies().to_nanos(), delta);
    ///
    /// // Jiffies survive the round trip.
    /// let jiffies = Delta::from_jiffies(17);
    /// assert_eq!(jiffies.to_nanos().to_jiffies(), jiffies);
    /// ```
    pub fn to_nanos(self) -> Delta {
        // CAST: `HZ` is at most 12287.
        const HZ_ISIZE: isize = HZ as isize;

        // CAST: `isize` has at most 64 bits. Both numbers have the sign of `self`.
        let secs = (self.value / HZ_ISIZE) as i64;
        let rem = (self.value % HZ_ISIZE) as i64;

        // Rounding down is rounding the opposite up. No overflow: `rem` is less than `HZ`.
        let part = -div_i64_ceil(-rem * NSEC_PER_SEC, HZ_I64);

        Delta::from_nanos(secs.saturating_mul(NSEC_PER_SEC).saturating_add(part))
    }

    /// Adds two spans, saturating at the limits of [`isize`] jiffies.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::Delta;
    ///
    /// let max = Delta::from_jiffies(isize::MAX);
    ///
    /// assert_eq!(max.saturating_add(Delta::from_jiffies(1)), max);
    /// assert_eq!(Delta::from_jiffies(1).saturating_add(Delta::from_jiffies(2)).as_jiffies(), 3);
    /// ```
    #[inline]
    pub const fn saturating_add(self, rhs: Self) -> Self {
        Self {
            value: self.value.saturating_add(rhs.value),
        }
    }

    /// Subtracts a span from another, saturating at the limits of [`isize`] jiffies.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::time::Delta;
    ///
    /// let min = Delta::from_jiffies(isize::MIN);
    ///
    /// assert_eq!(min.saturating_sub(Delta::from_jiffies(1)), min);
    /// assert_eq!(Delta::from_jiffies(1).saturating_sub(Delta::from_jiffies(2)).as_jiffies(), -1);
    /// ```
    #[inline]
    pub const fn saturating_sub(self, rhs: Self) -> Self {
        Self {
            value: self.value.saturating_sub(rhs.value),
        }
    }
}

impl ops::Add for Delta<Jiffy> {
    type Output = Self;

    #[inline]
    fn add(self, rhs: Self) -> Self {
        Self {
            value: self.value + rhs.value,
        }
    }
}

impl ops::AddAssign for Delta<Jiffy> {
    #[inline]
    fn add_assign(&mut self, rhs: Self) {
        self.value += rhs.value;
    }
}

impl ops::Sub for Delta<Jiffy> {
    type Output = Self;

    #[inline]
    fn sub(self, rhs: Self) -> Self {
        Self {
            value: self.value - rhs.value,
        }
    }
}

impl ops::SubAssign for Delta<Jiffy> {
    #[inline]
    fn sub_assign(&mut self, rhs: Self) {
        self.value -= rhs.value;
    }
}

#[cfg(CONFIG_RUST_JIFFIES_KUNIT_TEST)]
#[macros::kunit_tests(rust_time_delta)]
mod tests {
    use super::*;
    use crate::time::msecs_to_jiffies;

    /// Whether milli- and microseconds convert without the fixed-point factors of the C side.
    const SIMPLE_HZ: bool = 1_000 % HZ_I64 == 0;

    /// Numbers around the powers of two and ten, where conversions tend to break.
    fn samples() -> impl Iterator<Item = u64> {
        let twos = (0..64).map(|shift| 1 << shift);
        let tens = (0..20).map(|exp| 10_u64.pow(exp));

        twos.chain(tens)
            .flat_map(|n: u64| [n.wrapping_mul(3), n - 1, n, n.saturating_add(1)])
            .chain([u64::MAX])
    }

    #[test]
    fn nanos_to_jiffies_table() {
        let second = HZ_I64;
        let hour = 3600 * HZ_I64;
        let table = [
            (Delta::ZERO, 0),
            (Delta::from_nanos(1), 1),
            (Delta::from_nanos(-1), 0),
            (Delta::from_secs(1), second),
            (Delta::from_secs(1) - Delta::from_nanos(1), second),
            (Delta::from_secs(1) + Delta::from_nanos(1), second + 1),
            (Delta::from_secs(-1), -second),
            (Delta::from_secs(-1) - Delta::from_nanos(1), -second),
            (Delta::from_secs(-1) + Delta::from_nanos(1), -second + 1),
            (Delta::from_secs(3600), hour),
            (Delta::from_secs(-3600), -hour),
        ];

        for (delta, jiffies) in table {
            assert_eq!(delta.to_jiffies().as_jiffies() as i64, jiffies);
        }
    }

    #[test]
    fn nanos_to_jiffies_is_tight() {
        let max = MAX_JIFFY_OFFSET as isize;

        for nanos in samples() {
            for delta in [nanos as i64, (nanos as i64).wrapping_neg()].map(Delta::from_nanos) {
                let jiffies = delta.to_jiffies();

                // Enough jiffies, but not one too many.
                if jiffies.as_jiffies() < max {
                    assert!(jiffies.to_nanos() >= delta);
                }
                if jiffies.as_jiffies() > -max {
                    let less = jiffies - Delta::from_jiffies(1);
                    assert!(less.to_nanos() < delta || delta.as_nanos() == i64::MIN);
                }
            }
        }
    }

    #[test]
    fn jiffies_survive_round_trip() {
        for jiffies in samples() {
            for jiffies in [jiffies as isize, (jiffies as isize).wrapping_neg()] {
                let nanos = Delta::from_jiffies(jiffies).to_nanos();
                let limits = [i64::MIN, i64::MAX];

                // 32-bit jiffies with a low `HZ` never saturate, but run into the other limit.
                if jiffies.unsigned_abs() <= MAX_JIFFY_OFFSET && !limits.contains(&nanos.as_nanos())
                {
                    assert_eq!(nanos.to_jiffies().as_jiffies(), jiffies);
                }
            }
        }
    }

    #[test]
    fn saturation() {
        let max = MAX_JIFFY_OFFSET as isize;
        let extremes = [
            (Delta::from_nanos(i64::MAX), i64::MAX),
            (Delta::from_nanos(i64::MIN), i64::MIN),
        ];

        for (delta, nanos) in extremes {
            let jiffies = delta.to_jiffies().as_jiffies();

            assert!((-max..=max).contains(&jiffies));
            assert!((jiffies < 0) == (nanos < 0));
        }

        assert_eq!(
            Delta::from_jiffies(isize::MAX).as_timeout(),
            MAX_JIFFY_OFFSET
        );
        assert_eq!(Delta::from_jiffies(max).as_timeout(), MAX_JIFFY_OFFSET);
        assert_eq!(
            Delta::from_jiffies(max - 1).as_timeout(),
            MAX_JIFFY_OFFSET - 1
        );
        assert_eq!(Delta::from_jiffies(-1).as_timeout(), 0);
        assert_eq!(Delta::from_jiffies(isize::MIN).as_timeout(), 0);
        assert_eq!(Delta::from_timeout(Jiffies::MAX).as_jiffies(), max);
        assert_eq!(secs_to_jiffies(0), 0);

        if cfg!(CONFIG_64BIT) {
            assert_eq!(
                Delta::from_jiffies(isize::MAX).to_nanos().as_nanos(),
                i64::MAX
            );
            assert_eq!(
                Delta::from_jiffies(isize::MIN).to_nanos().as_nanos(),
                i64::MIN
            );
            assert_eq!(jiffies_to_nsecs(Jiffies::MAX), u64::MAX);
            assert_eq!(
                secs_to_jiffies(u32::MAX),
                (u32::MAX as Jiffies).wrapping_mul(HZ)
            );
        } else {
            assert_eq!(secs_to_jiffies(u32::MAX), MAX_JIFFY_OFFSET);
        }
    }

    #[test]
    fn to_jiffies_agrees_with_c() {
        assert_eq!(msecs_to_jiffies(u32::MAX), MAX_JIFFY_OFFSET);

        if !SIMPLE_HZ {
            return;
        }

        for n in samples() {
            // Larger numbers of milliseconds mean an infinite timeout in C.
            let Ok(n) = i32::try_from(n) else {
                continue;
            };

            // C does not limit all results.
            let jiffies = msecs_to_jiffies(n as u32).min(MAX_JIFFY_OFFSET);
            let delta = Delta::from_millis(i64::from(n));
            assert_eq!(delta.to_jiffies().as_timeout(), jiffies);

            // SAFETY: This function accepts any number.
            let jiffies = unsafe { bindings::__usecs_to_jiffies(n as u32) };
            let delta = Delta::from_micros(i64::from(n));
            // Where microseconds exceed 32 bits before jiffies do, C regards more of them as an
            // infinite timeout.
            if jiffies < MAX_JIFFY_OFFSET {
                assert_eq!(delta.to_jiffies().as_timeout(), jiffies);
            }
        }
    }

    #[test]
    fn from_jiffies_agrees_with_c() {
        if !SIMPLE_HZ {
            return;
        }

        for jiffies in samples().map(|n| n as Jiffies) {
            // Results that do not fit into 64 bits cannot be compared.
            if jiffies_to_nsecs(jiffies) == u64::MAX {
                continue;
            }

            // SAFETY: This function accepts any number.
            let msecs = unsafe { bindings::jiffies_to_msecs(jiffies) };
            assert_eq!(jiffies_to_msecs(jiffies) as u32, msecs);

            // SAFETY: This function accepts any number.
            let usecs = unsafe { bindings::jiffies_to_usecs(jiffies) };
            assert_eq!(jiffies_to_usecs(jiffies) as u32, usecs);

            // SAFETY: This function accepts any number.
            let nsecs = unsafe { bindings::jiffies64_to_nsecs(jiffies as u64) };
            assert_eq!(jiffies_to_nsecs(jiffies), nsecs);

            if let Ok(signed) = isize::try_from(jiffies) {
                let nanos = Delta::from_jiffies(signed).to_nanos().as_nanos();
                assert!(nanos as u64 == nsecs || nanos == i64::MAX);
            }
        }
    }

    #[test]
    fn tick_by_tick() {
        // The nanoseconds around each of the first ticks. Where a tick starts between two of
        // them, `to_nanos` gives the earlier one.
        for tick in 0..2 * HZ_I64 {
            let start = Delta::from_jiffies(tick as isize).to_nanos().as_nanos();
            let expected = [(-1, tick), (0, tick), (1, tick + 1), (2, tick + 1)];

            for (offset, jiffies) in expected {
                let delta = Delta::from_nanos(start + offset);
                assert_eq!(delta.to_jiffies().as_jiffies() as i64, jiffies);
            }
        }
    }

    #[test]
    fn arithmetic() {
        let mut delta = Delta::from_jiffies(5) - Delta::from_jiffies(7);
        assert_eq!(delta.as_jiffies(), -2);

        delta += Delta::from_jiffies(10);
        assert_eq!((delta + Delta::from_jiffies(1)).as_jiffies(), 9);

        delta -= Delta::from_jiffies(8);
        assert_eq!(delta.as_jiffies(), 0);
        assert!(delta < Delta::from_jiffies(1));
    }
}
