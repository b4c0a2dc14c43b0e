// SPDX-License-Identifier: GPL-2.0-only

//! Progress, told to whoever called: the library itself never prints.

/// Receives the progress of a long operation.
///
/// Calls come from several threads.
pub trait Reporter: Sync {
    /// A step begins. `total` counts `unit`s where it is known beforehand.
    fn begin(&self, step: &str, total: Option<u64>, unit: Unit);
    /// The running step has come `amount` units further.
    fn advance(&self, amount: u64);
    /// The running step ended well.
    fn end(&self);
    /// Something a person should know, which does not stop the work.
    fn note(&self, text: &str);
}

/// What the steps of a progress report count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Anything else.
    Items,
}

/// A reporter that says nothing.
pub struct Silent;

impl Reporter for Silent {
    fn begin(&self, _: &str, _: Option<u64>, _: Unit) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn note(&self, _: &str) {}
}
