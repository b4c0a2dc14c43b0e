// SPDX-License-Identifier: GPL-2.0-only

//! Progress on a terminal: nothing for the first quarter of a second, then a bar.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use drm_rust::report::{Reporter, Unit};
use drm_rust::visible::visible;

use super::terminal::{self, Mark};

const DELAY: Duration = Duration::from_millis(250);

/// Shows the running step.
pub(super) struct Progress {
    visible: bool,
    quiet: bool,
    bar: Mutex<ProgressBar>,
}

impl Progress {
    /// `visible` where standard error is a terminal.
    pub(super) fn new(visible: bool, quiet: bool) -> Self {
        Progress { visible, quiet, bar: Mutex::new(ProgressBar::hidden()) }
    }

    fn bar(&self) -> ProgressBar {
        self.bar.lock().expect("no thread panicked").clone()
    }
}

impl Reporter for Progress {
    fn begin(&self, step: &str, total: Option<u64>, unit: Unit) {
        let template = match (total, unit) {
            (None, Unit::Items) => "{msg} {spinner} {human_pos} [{elapsed}]",
            (None, Unit::Bytes) => "{msg} {spinner} [{elapsed}]",
            (Some(_), Unit::Items) => "{msg} {wide_bar} {human_pos}/{human_len} [{eta}]",
            (Some(_), Unit::Bytes) => "{msg} {wide_bar} {bytes}/{total_bytes} [{eta}]",
        };
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        bar.set_style(ProgressStyle::with_template(template).expect("a valid template"));
        bar.set_message(visible(step).into_owned());
        *self.bar.lock().expect("no thread panicked") = bar.clone();
        if self.visible {
            std::thread::spawn(move || {
                std::thread::sleep(DELAY);
                if !bar.is_finished() {
                    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(30));
                    bar.enable_steady_tick(Duration::from_millis(100));
                }
            });
        }
    }

    fn advance(&self, amount: u64) {
        self.bar().inc(amount);
    }

    fn end(&self) {
        self.bar().finish_and_clear();
    }

    fn note(&self, text: &str) {
        if !self.quiet {
            self.bar().suspend(|| terminal::tell(Mark::None, &format!("note: {text}")));
        }
    }
}
