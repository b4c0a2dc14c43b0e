// SPDX-License-Identifier: GPL-2.0-only

//! Keeps two runs from changing one checkout at once.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

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

/// The lock of a checkout, held until it is dropped.
///
/// Programs that are started meanwhile inherit it: when this one is killed, the lock lasts until they have
/// finished what they had begun.
#[derive(Debug)]
pub struct Lock {
    _file: File,
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
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).map_err(std::io::Error::from).at("lock", path)?;
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
