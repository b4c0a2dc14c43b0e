// SPDX-License-Identifier: GPL-2.0-only

//! Running a program whose output is read while it runs, and which may have to be stopped.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, ErrorKind, PipeReader};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::process::{Process, ProcessError};

/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(3);

/// What is read of one line (bytes).
const LINE: usize = 64 << 10;
/// Lines that wait for their reader: a program that says more waits, too.
const WAITING: usize = 256;

/// What a kernel, or a build of one, may say in one run (bytes): a thousand times what is usual, and no full disk.
pub const OUTPUT: u64 = 1 << 30;

/// When to stop a program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// After this time.
    pub total: Option<Duration>,
    /// After this time without output.
    pub silence: Option<Duration>,
    /// After so many bytes of output.
    pub output: Option<u64>,
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
    /// It was stopped: it said too much.
    TooMuch,
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
    let (mut heard, mut said) = (start, 0);
    let end = loop {
        let deadlines = [limits.total.map(|limit| start + limit), limits.silence.map(|limit| heard + limit)];
        let wait = deadlines.iter().flatten().min().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match lines.recv_timeout(wait.unwrap_or(Duration::MAX / 2)) {
            Ok((line, _, bytes)) => {
                heard = Instant::now();
                said += bytes;
                if limits.output.is_some_and(|most| said > most) {
                    break Some(End::TooMuch);
                }
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
    while end != End::TooMuch
        && let Ok((line, heard, _)) = lines.try_recv()
        && heard <= now
    {
        each(&line, start.elapsed());
    }
    stop(&mut child).map_err(|source| process.lost(source))?;
    Ok(end)
}

/// The lines, when they were read, and how long they were.
fn read_lines(output: PipeReader) -> Receiver<(String, Instant, u64)> {
    let (send, lines) = sync_channel(WAITING);
    std::thread::spawn(move || {
        let mut output = BufReader::with_capacity(LINE, output);
        let mut line = Vec::new();
        while let Ok(Some(cut)) = read_line(&mut output, &mut line) {
            // A console may say anything: bytes that are no text are replaced.
            let mut text = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            if cut > 0 {
                text += &format!(" [{cut} bytes left out]");
            }
            if send.send((text, Instant::now(), line.len() as u64 + cut + 1)).is_err() {
                return;
            }
        }
    });
    lines
}

/// Reads a line, without its end and no more of it than is kept. Gives how much is left out; none where nothing is left.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<u64>> {
    line.clear();
    let (mut cut, mut begun) = (0, false);
    loop {
        let chunk = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            chunk => chunk?,
        };
        if chunk.is_empty() {
            return Ok(begun.then_some(cut));
        }
        begun = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let text = &chunk[..end.unwrap_or(chunk.len())];
        let kept = text.len().min(LINE - line.len());
        line.extend_from_slice(&text[..kept]);
        cut += (text.len() - kept) as u64;
        let used = text.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Some(cut));
        }
    }
}

/// The last lines of an output.
#[derive(Clone, Debug)]
pub struct Tail {
    most: usize,
    lines: VecDeque<String>,
}

impl Tail {
    /// Keeps this many lines.
    pub fn new(most: usize) -> Tail {
        Tail { most, lines: VecDeque::new() }
    }

    /// Takes the next line.
    pub fn push(&mut self, line: &str) {
        if self.lines.len() == self.most {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }

    /// The lines.
    pub fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
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
        let total = Limits { total: Some(Duration::from_millis(30)), ..Limits::default() };
        assert_eq!(run(&talk, total, slow(Next::Go)).unwrap(), End::TooLong);
        assert_eq!(run(&talk, Limits::default(), slow(Next::Stop)).unwrap(), End::Stopped);
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let (end, lines) = shell("head -c 300000000 /dev/zero; echo; echo next", Limits::default());
        assert_eq!((end, lines.len()), (End::Exit(0), 2));
        assert_eq!(lines[0].len(), (64 << 10) + " [299934464 bytes left out]".len());
        assert!(lines[0].ends_with("[299934464 bytes left out]"));
        assert_eq!(lines[1], "next");
    }

    #[test]
    fn what_says_too_much_is_stopped() {
        let limits = Limits { output: Some(1 << 20), ..Limits::default() };
        let (end, lines) = shell("yes 0123456789", limits);
        assert_eq!(end, End::TooMuch);
        assert_eq!(lines.len(), (1 << 20) / 11);
    }

    #[test]
    fn the_tail_is_the_end() {
        let mut tail = Tail::new(2);
        ["a", "b", "c"].iter().for_each(|line| tail.push(line));
        assert_eq!(tail.into_lines(), ["b", "c"]);
    }
}
