// SPDX-License-Identifier: GPL-2.0-only

//! Running a program whose output is read while it runs, and which may have to be stopped.

use std::io::{BufRead, BufReader, PipeReader};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::process::{Process, ProcessError};

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(3);

/// When to stop a program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// After this time.
    pub total: Option<Duration>,
    /// After this time without output.
    pub silence: Option<Duration>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this exit code; -1 where a signal ended it.
    Exit(i32),
    /// It was stopped: it ran too long.
    TooLong,
    /// It was stopped: it said nothing for too long.
    Silent,
    /// It was stopped by whoever read its output.
    Stopped,
}

/// What the reader of the output wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// More.
    Go,
    /// An end.
    Stop,
}

/// Runs a program, its standard output and standard error as one. `each` gets every line with the time since the start.
pub fn run(
    process: &Process,
    limits: Limits,
    mut each: impl FnMut(&str, Duration) -> Next,
) -> Result<End, ProcessError> {
    let start = Instant::now();
    let too_long = || limits.total.is_some_and(|limit| start.elapsed() >= limit);
    let (mut child, output) = process.start_merged()?;
    let lines = read_lines(output);
    let mut heard = start;
    let end = loop {
        let deadlines = [limits.total.map(|limit| start + limit), limits.silence.map(|limit| heard + limit)];
        let wait = deadlines.iter().flatten().min().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match lines.recv_timeout(wait.unwrap_or(Duration::MAX / 2)) {
            Ok((line, _)) => {
                heard = Instant::now();
                if each(&line, start.elapsed()) == Next::Stop {
                    break Some(End::Stopped);
                }
                if too_long() {
                    break Some(End::TooLong);
                }
            }
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) => {
                break Some(if too_long() { End::TooLong } else { End::Silent });
            }
        }
    };
    let Some(end) = end else {
        let status = child.wait().map_err(|source| process.lost(source))?;
        return Ok(End::Exit(status.code().unwrap_or(-1)));
    };
    // What it has said by now counts; what it says about being stopped does not.
    let now = Instant::now();
    while let Ok((line, heard)) = lines.try_recv()
        && heard <= now
    {
        each(&line, start.elapsed());
    }
    stop(&mut child).map_err(|source| process.lost(source))?;
    Ok(end)
}

/// The lines, and when they were read.
fn read_lines(output: PipeReader) -> Receiver<(String, Instant)> {
    let (send, lines) = channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        // A console may say anything: bytes that are no text are replaced.
        while output.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            if send.send((text, Instant::now())).is_err() {
                return;
            }
            line.clear();
        }
    });
    lines
}

/// Asks a program to end, and makes it.
fn stop(child: &mut Child) -> std::io::Result<()> {
    let pid = Pid::from_child(child);
    // It may have ended by now.
    let _ = kill_process(pid, Signal::TERM);
    let asked = Instant::now();
    while asked.elapsed() < GRACE {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limits: Limits) -> (End, Vec<String>) {
        let mut lines = Vec::new();
        let process = Process::new("sh").args(["-c", script]);
        let each = |line: &str, _| {
            lines.push(line.to_owned());
            if line == "enough" { Next::Stop } else { Next::Go }
        };
        (run(&process, limits, each).unwrap(), lines)
    }

    #[test]
    fn both_outputs_arrive_in_order() {
        let (end, lines) = shell("echo a; echo b >&2; printf 'c\\r\\n'; printf '\\377'; exit 7", Limits::default());
        assert_eq!(end, End::Exit(7));
        assert_eq!(lines, ["a", "b", "c", "\u{fffd}"]);
    }

    #[test]
    fn what_runs_too_long_says_nothing_or_is_read_enough_is_stopped() {
        let short = Some(Duration::from_millis(300));
        let total = Limits { total: short, ..Limits::default() };
        let silence = Limits { silence: short, ..Limits::default() };
        assert_eq!(shell("while :; do echo x; sleep 0.05; done", total).0, End::TooLong);
        assert_eq!(shell("echo x; exec sleep 60", silence), (End::Silent, vec!["x".to_owned()]));
        assert_eq!(shell("echo enough; exec sleep 60", Limits::default()).0, End::Stopped);
    }

    #[test]
    fn what_talks_faster_than_it_is_read_is_stopped() {
        let talk = Process::new("sh").args(["-c", "while :; do echo y; done"]);
        let slow = |next| {
            move |_: &str, _| {
                std::thread::sleep(Duration::from_micros(100));
                next
            }
        };
        let total = Limits { total: Some(Duration::from_millis(30)), silence: None };
        assert_eq!(run(&talk, total, slow(Next::Go)).unwrap(), End::TooLong);
        assert_eq!(run(&talk, Limits::default(), slow(Next::Stop)).unwrap(), End::Stopped);
    }
}
