// SPDX-License-Identifier: GPL-2.0-only

//! What the console of a kernel that runs IGT tells: where the run is, and what is wrong with the kernel.

use crate::kunit::console::{Splat, is_report};
use crate::kunit::ktap::message;

/// Reports and started tests that are kept: there are a few hundred tests.
const MOST: usize = 10_000;

/// What the run's script says: which drivers have cards, and the exit status of the runner.
pub const CARDS: &str = "drm-rust: cards ";
/// See [`CARDS`].
pub const EXIT: &str = "drm-rust: exit ";

/// Something that a line tells.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A subtest ended.
    Ended,
    /// The runner ended.
    Done,
    /// The kernel is dead.
    Panic,
}

/// What has been seen of a console.
#[derive(Debug, Default)]
pub struct Console {
    /// The drivers that have cards, once the kernel has come up.
    pub cards: Option<Vec<String>>,
    /// The tests that were started, in order.
    pub started: Vec<String>,
    /// The test or subtest that runs.
    pub running: Option<String>,
    /// The exit status of the runner.
    pub exit: Option<i32>,
    /// Why the kernel panicked, if it did.
    pub panic: Option<String>,
    /// Reports of the kernel about itself, besides a panic.
    pub splats: Vec<Splat>,
}

impl Console {
    /// Takes a line.
    pub fn line(&mut self, line: &str) -> Option<Event> {
        let text = message(line).trim();
        if let Some(cards) = text.strip_prefix(CARDS.trim_end()) {
            self.cards = Some(cards.split_whitespace().map(str::to_owned).collect());
            return None;
        }
        if let Some(status) = text.strip_prefix(EXIT) {
            self.exit = status.trim().parse().ok();
            self.running = None;
            return Some(Event::Done);
        }
        if let Some(marker) = text.strip_prefix("[IGT] ") {
            return self.marker(marker);
        }
        if text.starts_with("---[ end Kernel panic") {
            return Some(Event::Panic);
        }
        if let Some(why) = text.strip_prefix("Kernel panic - not syncing: ") {
            self.panic.get_or_insert(why.to_owned());
            return None;
        }
        if is_report(line) && self.splats.len() < MOST {
            self.splats.push(Splat::new(line, self.running.clone()));
        }
        None
    }

    /// `TEST: executing`, `TEST: starting subtest NAME`, `TEST: finished subtest NAME, SUCCESS`, `TEST: exiting, …`:
    /// tests write this into the kernel's log.
    fn marker(&mut self, marker: &str) -> Option<Event> {
        let (test, what) = marker.split_once(": ")?;
        if what == "executing" {
            if self.started.len() < MOST {
                self.started.push(test.to_owned());
            }
            self.running = Some(test.to_owned());
        } else if let Some(name) = what.strip_prefix("starting subtest ") {
            self.running = Some(format!("{test}@{name}"));
        } else if what.starts_with("finished subtest ") {
            self.running = Some(test.to_owned());
            return Some(Event::Ended);
        } else if what.starts_with("exiting") {
            self.running = None;
        }
        None
    }
}
