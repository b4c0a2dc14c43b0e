// SPDX-License-Identifier: GPL-2.0-only

//! The only place that starts other programs.
//!
//! Arguments are passed as they are, never through a shell. Variables that would make git act on another
//! repository are removed, and messages are in the C locale.

use std::ffi::{OsStr, OsString};
use std::io::{PipeReader, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use crate::error::Explain;
use crate::lock;
use crate::machine::{Lack, is_full};

/// A program that is about to run.
#[derive(Clone, Debug)]
pub struct Process {
    program: OsString,
    args: Vec<OsString>,
    /// Arguments before the others that are not worth showing to a person.
    settings: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
    input: Option<Vec<u8>>,
    detached: bool,
    bound: bool,
    limits: Option<Limits>,
}

/// What a program may use that reads what strangers send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it may run.
    pub time: Duration,
    /// How long it, and each program that it starts, may use a processor.
    pub processor: Duration,
    /// Its memory (bytes of address space).
    pub memory: u64,
    /// The largest file that it may write (bytes).
    pub file: u64,
}

/// What a program that ended has left.
#[derive(Debug)]
pub struct Output {
    /// The exit code; -1 where a signal ended the program.
    pub code: i32,
    /// Everything written to standard output.
    pub stdout: Vec<u8>,
    /// Everything written to standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output as text without its last newline.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').to_owned()
    }

    /// Standard output as a list of lines.
    pub fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }
}

/// Starting or running a program failed.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program could not be started.
    #[error("cannot run {program}")]
    Spawn {
        /// Its name.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The program ended with a code that means failure.
    #[error("`{command}` failed with exit code {code}{}", message(.stderr))]
    Failed {
        /// The command line.
        command: String,
        /// Its exit code.
        code: i32,
        /// What it said.
        stderr: String,
    },
    /// The machine lacks what the program needed: it has answered nothing.
    #[error("`{command}` could not do its work: {lack}{}", message(.stderr))]
    Lacks {
        /// The command line.
        command: Box<str>,
        /// What is lacking.
        lack: Lack,
        /// A path on the file system that is at fault, as far as can be told.
        place: Box<Path>,
        /// What it said.
        stderr: Box<str>,
    },
    /// The program was ended before it had an answer.
    #[error("`{command}` was ended by signal {signal}{}", message(.stderr))]
    Ended {
        /// The command line.
        command: String,
        /// The signal.
        signal: i32,
        /// What it said.
        stderr: String,
    },
    /// The program was ended after its time.
    #[error("{program} was stopped after {} s", .time.as_secs())]
    TooLong {
        /// Its name.
        program: String,
        /// How long it ran.
        time: Duration,
    },
    /// Talking to the running program failed.
    #[error("lost the connection to {program}")]
    Pipe {
        /// Its name.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

fn message(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => format!(":\n{text}"),
    }
}

impl Explain for ProcessError {
    fn hint(&self) -> Option<String> {
        match self {
            ProcessError::Spawn { program, .. } => {
                Some(format!("`drm-rust setup --check` tells what is missing; is {program} in PATH?"))
            }
            ProcessError::Failed { stderr, .. } if stderr.contains("dubious ownership") => {
                Some("git refuses a repository of another user: see `safe.directory` in git-config(1)".into())
            }
            ProcessError::Failed { stderr, .. } if is_promised(stderr) => Some(
                "it is a partial clone. Get all of it while its remote is there:\n\
                 git -C linux fetch --refetch --no-filter"
                    .into(),
            ),
            ProcessError::Failed { stderr, .. } if stderr.contains("index.lock") => {
                Some("another git is at work there, or one was killed: then remove the lock file named above".into())
            }
            ProcessError::Lacks { lack, place, .. } => Some(lack.hint(place)),
            ProcessError::Ended { .. } => {
                Some("was it killed? The kernel does so where memory is short: `dmesg` tells".into())
            }
            ProcessError::Failed { command, .. } => Some(format!("run it by hand to see more: {command}")),
            ProcessError::TooLong { .. } => Some("nothing of it is used: it should have taken seconds".into()),
            ProcessError::Pipe { .. } => None,
        }
    }
}

/// Whether git says that a partial clone lacks something, and that the remote which has it does not give it.
pub(crate) fn is_promised(stderr: &str) -> bool {
    stderr.contains("from promisor remote")
}

/// The variables of git that are the user's to set, or how they begin: who commits, how remotes are reached, where the
/// configuration is, what is traced. Every other one, known or to come, can lead git to another repository or change what it
/// says, and reaches no program.
const GIT_VARIABLES: [&str; 19] = [
    "GIT_ALLOW_PROTOCOL",
    "GIT_ASKPASS",
    "GIT_AUTHOR_",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMITTER_",
    "GIT_CONFIG_",
    "GIT_CURL_",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_HTTP_",
    "GIT_NO_LAZY_FETCH",
    "GIT_PROTOCOL_FROM_USER",
    "GIT_PROXY_",
    "GIT_PYTHON_",
    "GIT_SSH",
    "GIT_SSL_",
    "GIT_TERMINAL_PROMPT",
    "GIT_TRACE",
];

/// Whether a variable of the environment may reach other programs.
fn is_passed_on(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    !name.starts_with(b"GIT_") || GIT_VARIABLES.iter().any(|known| name.starts_with(known.as_bytes()))
}

/// A word as a shell takes it.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@^~%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

impl Limits {
    /// Sets them for a program that has just started. It is over already where that fails.
    fn set(self, pid: Pid) {
        let set = |resource, most: u64| {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            let _ = prlimit(Some(pid), resource, limit);
        };
        set(Resource::Cpu, self.processor.as_secs());
        set(Resource::As, self.memory);
        set(Resource::Fsize, self.file);
    }
}

impl Process {
    /// A program found through PATH, or by its path.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Process {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            settings: Vec::new(),
            envs: Vec::new(),
            dir: None,
            input: None,
            detached: false,
            bound: false,
            limits: None,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Adds arguments before all others which messages leave out.
    pub fn settings<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.settings.extend(args.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.envs.push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs it in a directory.
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// Gives it bytes on standard input.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Lets it finish on its own when the caller is interrupted: it gets a process group of its own, and keeps the
    /// caller's [locks](crate::lock::Lock) until it ends. It must leave nothing behind that runs on.
    pub fn detached(mut self) -> Self {
        self.detached = true;
        self
    }

    /// Ends it when the caller ends, however that comes: a kernel that nobody reads would run on.
    pub fn bound_to_caller(mut self) -> Self {
        self.bound = true;
        self
    }

    /// Bounds what it, and what it starts, may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// The command line, to show to a person.
    pub fn command_line(&self) -> String {
        std::iter::once(&self.program)
            .chain(&self.args)
            .map(|word| quote(&word.to_string_lossy()))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that starts programs")]
    fn command(&self) -> Command {
        let mut command = if self.bound {
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "TERM", "--"]).arg(&self.program);
            command
        } else {
            Command::new(&self.program)
        };
        command.args(&self.settings).args(&self.args).env("LC_ALL", "C");
        for (key, _) in std::env::vars_os().filter(|(key, _)| !is_passed_on(key)) {
            command.env_remove(key);
        }
        command.envs(self.envs.iter().map(|(k, v)| (k, v)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        if self.detached {
            command.process_group(0);
        }
        command
    }

    fn spawn(&self, command: &mut Command) -> Result<Child, ProcessError> {
        let child = lock::spawn(command, self.detached);
        child.map_err(|source| ProcessError::Spawn { program: self.name(), source })
    }

    /// Starts it with pipes on standard input and output, for a dialogue.
    pub fn start(&self) -> Result<Child, ProcessError> {
        self.spawn(self.command().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()))
    }

    /// Starts it without input, with one pipe for both of its outputs.
    pub(crate) fn start_merged(&self) -> Result<(Child, PipeReader), ProcessError> {
        let lost = |source| self.lost(source);
        let (output, both) = std::io::pipe().map_err(lost)?;
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(both.try_clone().map_err(lost)?).stderr(both);
        Ok((self.spawn(&mut command)?, output))
    }

    pub(crate) fn lost(&self, source: std::io::Error) -> ProcessError {
        ProcessError::Pipe { program: self.name(), source }
    }

    /// Runs it with the caller's terminal and gives its exit code.
    pub fn run_attached(&self) -> Result<i32, ProcessError> {
        let status = self.spawn(&mut self.command())?.wait().map_err(|source| self.lost(source))?;
        Ok(status.code().unwrap_or(-1))
    }

    /// Runs it and gives what it left, whatever its exit code. One that a signal ended, or that could not write what it
    /// had to, has no answer: that is an error, so that nobody takes it for a conflict or a patch that does not apply.
    pub fn output(&self) -> Result<Output, ProcessError> {
        let (status, output) = self.finish()?;
        let (command, stderr) = (self.command_line(), String::from_utf8_lossy(&output.stderr).into_owned());
        if let Some(signal) = status.signal() {
            return Err(ProcessError::Ended { command, signal, stderr });
        }
        match Lack::told(&stderr).filter(|_| output.code != 0) {
            Some(lack) => {
                let (command, place, stderr) = (command.into(), self.place().into(), stderr.into());
                Err(ProcessError::Lacks { command, lack, place, stderr })
            }
            None => Ok(output),
        }
    }

    /// Runs it and gives what it left, however it ended.
    pub fn ended(&self) -> Result<Output, ProcessError> {
        self.finish().map(|(_, output)| output)
    }

    /// A path that it works on, of a full file system if there is one.
    fn place(&self) -> PathBuf {
        let words = self.args.iter().chain(self.envs.iter().map(|(_, value)| value));
        let paths = self.dir.iter().map(PathBuf::as_path).chain(words.map(Path::new).filter(|path| path.is_absolute()));
        let paths: Vec<&Path> = paths.collect();
        let place = paths.iter().find(|path| is_full(path)).or(paths.first());
        place.map_or_else(|| PathBuf::from("/"), |place| place.to_path_buf())
    }

    fn finish(&self) -> Result<(ExitStatus, Output), ProcessError> {
        let mut command = self.command();
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.spawn(&mut command)?;
        let pipe = child.stdin.take();
        let pid = Pid::from_child(&child);
        if let Some(limits) = self.limits {
            limits.set(pid);
        }
        let is_stopped = AtomicBool::new(false);
        let (ended, end) = channel::<()>();
        let output = std::thread::scope(|scope| {
            if let (Some(mut pipe), Some(input)) = (pipe, &self.input) {
                // A program may end without reading all of it; its exit code tells.
                scope.spawn(move || pipe.write_all(input));
            }
            if let Some(limits) = self.limits {
                let is_stopped = &is_stopped;
                scope.spawn(move || {
                    if end.recv_timeout(limits.time) == Err(RecvTimeoutError::Timeout) {
                        is_stopped.store(true, Ordering::Relaxed);
                        let _ = kill_process(pid, Signal::KILL);
                    }
                });
            }
            let output = child.wait_with_output();
            drop(ended);
            output
        });
        let output = output.map_err(|source| self.lost(source))?;
        if let Some(limits) = self.limits.filter(|_| is_stopped.into_inner()) {
            return Err(ProcessError::TooLong { program: self.name(), time: limits.time });
        }
        let code = output.status.code().unwrap_or(-1);
        Ok((output.status, Output { code, stdout: output.stdout, stderr: output.stderr }))
    }

    /// Runs it; an exit code other than 0 is an error.
    pub fn run(&self) -> Result<Output, ProcessError> {
        let output = self.output()?;
        if output.code == 0 {
            return Ok(output);
        }
        Err(ProcessError::Failed {
            command: self.command_line(),
            code: output.code,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_dialogue_does_not_block() {
        let input = vec![b'x'; 1 << 20];
        let output = Process::new("cat").input(input.clone()).run().unwrap();
        assert_eq!(output.stdout, input);
    }

    #[test]
    fn failure_tells_command_code_and_message() {
        let error = Process::new("sh").args(["-c", "echo no >&2; exit 3"]).run().unwrap_err();
        assert_eq!(error.to_string(), "`sh -c 'echo no >&2; exit 3'` failed with exit code 3:\nno");
    }

    #[test]
    fn variables_of_git_are_passed_on_where_they_are_known_to_be_harmless() {
        for (name, passed) in [
            ("PATH", true),
            ("GIT_AUTHOR_NAME", true),
            ("GIT_SSH_COMMAND", true),
            ("GIT_CONFIG_VALUE_12", true),
            ("GIT_CONFIG", false),
            ("GIT_DIR", false),
            ("GIT_SHALLOW_FILE", false),
            ("GIT_DEFAULT_HASH", false),
            ("GIT_WHATEVER_COMES", false),
        ] {
            assert_eq!(is_passed_on(OsStr::new(name)), passed, "{name}");
        }
    }

    #[test]
    fn a_program_that_could_not_work_has_no_answer() {
        let run = |script: &str| Process::new("sh").args(["-c", script]).dir("/proc");
        let full = run("echo 'error: cannot write x: No space left on device' >&2; exit 1");
        let error = full.output().unwrap_err();
        assert!(matches!(error, ProcessError::Lacks { lack: Lack::Space, .. }), "{error}");
        assert!(error.to_string().contains("could not do its work: No space left on device:\nerror: cannot write x"));
        assert!(error.hint().unwrap().contains("file system at /proc"), "{:?}", error.hint());
        assert_eq!(full.ended().unwrap().code, 1);
        let killed = run("kill -9 $$");
        assert!(matches!(killed.output(), Err(ProcessError::Ended { signal: 9, .. })));
        assert_eq!(killed.ended().unwrap().code, -1);
        // Whoever gets along without is no error.
        run("echo 'No space left on device' >&2").output().unwrap();
        assert_eq!(run("exit 3").output().unwrap().code, 3);
    }

    #[test]
    fn a_missing_program_has_a_hint() {
        let error = Process::new("no-such-program").run().unwrap_err();
        assert!(error.hint().unwrap().contains("setup --check"));
    }

    const LIMITS: Limits =
        Limits { time: Duration::from_secs(60), processor: Duration::from_secs(60), memory: 1 << 30, file: 1 << 20 };

    #[test]
    fn a_program_that_takes_too_long_is_stopped() {
        let limits = Limits { time: Duration::from_millis(200), ..LIMITS };
        let error = Process::new("sleep").arg("60").limits(limits).run().unwrap_err();
        assert!(matches!(error, ProcessError::TooLong { .. }) && error.hint().is_some(), "{error}");
        let busy = ["-c", "read x; while :; do :; done"];
        let limits = Limits { processor: Duration::from_secs(1), ..LIMITS };
        let error = Process::new("sh").args(busy).input("x\n").limits(limits).output().unwrap_err();
        assert!(matches!(error, ProcessError::Ended { signal: 9, .. }), "{error}");
        assert_eq!(Process::new("cat").input("x").limits(LIMITS).run().unwrap().text(), "x");
    }

    #[test]
    fn a_program_that_takes_too_much_is_stopped() {
        // It waits for input, so that the limits are set by then.
        let dir = tempfile::tempdir().unwrap();
        let run = |script: &str| {
            let process = Process::new("sh").args(["-c", &format!("sleep 0.2; read x; {script}")]).dir(dir.path());
            process.input("x\n").limits(LIMITS).output().unwrap()
        };
        assert_ne!(run("head -c 4M /dev/zero >large").code, 0);
        assert!(dir.path().join("large").metadata().unwrap().len() <= LIMITS.file);
        assert_eq!(run("ulimit -v").text(), (LIMITS.memory >> 10).to_string());
    }

    #[test]
    fn nothing_is_expanded_by_a_shell() {
        let output = Process::new("printf").args(["%s", "$(id) `id` ; id"]).run().unwrap();
        assert_eq!(output.text(), "$(id) `id` ; id");
    }
}
