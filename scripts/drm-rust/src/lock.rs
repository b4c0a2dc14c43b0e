// SPDX-License-Identifier: GPL-2.0-only

//! Keeps two runs from changing one checkout at once.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::io::{FdFlags, fcntl_setfd};

use crate::error::{Explain, FileContext, FileError};
use crate::report::Reporter;

/// The lock was not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The lock file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another run holds it.
    #[error("another drm-rust is at work in this checkout{0}")]
    Busy(String),
}

impl Explain for LockError {
    fn hint(&self) -> Option<String> {
        match self {
            LockError::File(error) => error.hint(),
            LockError::Busy(_) => Some("wait until it has finished; a lock never outlives its program".into()),
        }
    }
}

/// The files of the locks that this program holds.
static HELD: Mutex<Vec<Weak<File>>> = Mutex::new(Vec::new());

/// Starts a program. One that finishes by itself what it had begun keeps the locks until then, even if this program is
/// killed; no other gets them: it may leave something behind that runs for days, like an agent that signs.
pub(crate) fn spawn(command: &mut Command, keeps_locks: bool) -> std::io::Result<Child> {
    // One at a time, so that no other program is started while the files may be inherited.
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.retain(|file| file.strong_count() > 0);
    let files: Vec<Arc<File>> = held.iter().filter(|_| keeps_locks).filter_map(Weak::upgrade).collect();
    files.iter().try_for_each(|file| fcntl_setfd(file, FdFlags::empty()))?;
    let child = command.spawn();
    files.iter().try_for_each(|file| fcntl_setfd(file, FdFlags::CLOEXEC))?;
    child
}

/// The lock of a checkout, held until it is dropped, or until this program ends and what it started to
/// [finish on its own](crate::process::Process::detached).
#[derive(Debug)]
pub struct Lock {
    _file: Arc<File>,
}

impl Lock {
    /// Takes the lock, waiting for another run at most `patience`.
    pub fn take(path: &Path, patience: Duration) -> Result<Lock, LockError> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).at("create", dir)?;
        }
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(path).at("open", path)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(error).at("lock", path).map_err(LockError::from),
                Err(TryLockError::WouldBlock) if start.elapsed() >= patience => {
                    let mut pid = String::new();
                    file.read_to_string(&mut pid).at("read", path)?;
                    let who = if pid.is_empty() { pid } else { format!(" (process {})", pid.trim()) };
                    return Err(LockError::Busy(who));
                }
                Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(20)),
            }
        }
        file.set_len(0).at("write", path)?;
        writeln!(file, "{}", std::process::id()).at("write", path)?;
        let file = Arc::new(file);
        HELD.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&file));
        Ok(Lock { _file: file })
    }

    /// Takes the lock, waiting for another run as long as that takes. Says once that it waits.
    pub fn wait(path: &Path, reporter: &dyn Reporter) -> Result<Lock, LockError> {
        match Lock::take(path, Duration::ZERO) {
            Err(busy @ LockError::Busy(_)) => reporter.note(&format!("{busy}; waiting until it has finished")),
            taken => return taken,
        }
        Lock::take(path, Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;
    use crate::report::Unit;

    /// Passes on what a person is told.
    struct Notes(Sender<String>);

    impl Reporter for Notes {
        fn begin(&self, _: &str, _: Option<u64>, _: Unit) {}
        fn advance(&self, _: u64) {}
        fn end(&self) {}
        fn note(&self, text: &str) {
            self.0.send(text.to_owned()).unwrap();
        }
    }

    #[test]
    fn whoever_waits_says_so_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let (send, notes) = channel();
        drop(Lock::wait(&path, &Notes(send.clone())).unwrap());
        assert!(notes.try_recv().is_err());

        let first = Lock::take(&path, Duration::ZERO).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Lock::wait(&path, &Notes(send)).map(drop));
            let note = notes.recv().unwrap();
            assert!(note.ends_with("; waiting until it has finished"), "{note}");
            drop(first);
            second.join().unwrap().unwrap();
        });
        assert!(notes.recv().is_err());
    }

    #[test]
    fn only_what_finishes_by_itself_keeps_a_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let sleeper = |seconds: &str| crate::process::Process::new("sleep").arg(seconds);
        let held = Lock::take(&path, Duration::ZERO).unwrap();
        let mut agent = sleeper("60").start().unwrap();
        drop(held);
        let held = Lock::take(&path, Duration::ZERO).unwrap();
        let mut finisher = sleeper("0.3").detached().start().unwrap();
        drop(held);
        assert!(matches!(Lock::take(&path, Duration::ZERO), Err(LockError::Busy(_))));
        Lock::take(&path, Duration::from_secs(30)).unwrap();
        finisher.wait().unwrap();
        agent.kill().unwrap();
        agent.wait().unwrap();
    }

    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("build/lock");
        let first = Lock::take(&path, Duration::ZERO).unwrap();
        let error = Lock::take(&path, Duration::from_millis(30)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("another drm-rust is at work in this checkout (process {})", std::process::id())
        );
        drop(first);
        Lock::take(&path, Duration::from_secs(5)).unwrap();
    }
}
