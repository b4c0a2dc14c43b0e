// SPDX-License-Identifier: GPL-2.0-only

//! Boots a kernel to a user space that runs one command.
//!
//! Where programs of this machine run on the kernel (UML, QEMU of the same architecture), the user space is this
//! machine's own, read only. Other architectures get an initramfs with Debian's static busybox.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::arch::{Arch, Machine};
use super::build::Kernel;
use super::machine::{self, Boot};
use crate::base::debian::{self, DebianError};
use crate::error::{Explain, FileContext, FileError};
use crate::process::{Process, ProcessError, quote};
use crate::stream::{self, End, Limits, Next, Tail};

/// The suite whose busybox is for every architecture of [`super::arch::ARCHES`].
const SUITE: &str = "sid";
/// What the init script says before the command and after it.
const BEGIN: &str = "drm-rust: begin";
const EXIT: &str = "drm-rust: exit ";
/// Lines of the console to show where no command ran to its end.
const LAST_LINES: usize = 20;

/// A kernel could not be booted, or did not get to the command's end.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// Reading or writing failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A program failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Busybox could not be had.
    #[error(transparent)]
    Debian(#[from] DebianError),
    /// The kernel ended, or was stopped, before the command did.
    #[error("the kernel {what}; its last lines:\n{}", .last_lines.join("\n"))]
    Died {
        /// What happened.
        what: String,
        /// The end of its console.
        last_lines: Vec<String>,
    },
}

impl Explain for BootError {
    fn hint(&self) -> Option<String> {
        match self {
            BootError::File(error) => error.hint(),
            BootError::Process(error) => error.hint(),
            BootError::Debian(error) => error.hint(),
            BootError::Died { .. } => Some("boot.log of the build folder has everything that the kernel said".into()),
        }
    }
}

/// Boots to a shell on the caller's terminal, until it ends. `words` are for the kernel's command line.
pub fn shell(kernel: &Kernel, cache: &Path, words: Vec<String>) -> Result<(), BootError> {
    let mut boot = prepare(kernel, cache, None)?;
    boot.interactive = true;
    boot.kernel.extend(words);
    machine::command(kernel.arch, &kernel.image, &boot).run_attached()?;
    Ok(())
}

/// Boots and runs a command; `each` gets the lines that it prints, and ends the run where it fails. `words` are for the
/// kernel's command line. Gives the command's exit status, or the error of `each`.
pub fn run<E>(
    kernel: &Kernel,
    cache: &Path,
    command: &[String],
    words: Vec<String>,
    limit: Option<Duration>,
    mut each: impl FnMut(&str) -> Result<(), E>,
) -> Result<Result<u8, E>, BootError> {
    let mut boot = prepare(kernel, cache, Some(command))?;
    boot.kernel.extend(words);
    let path = kernel.dir.join("boot.log");
    let mut log = File::create(&path).at("create", &path)?;
    let mut session = Session::new();
    let limits = Limits { total: limit, ..Limits::default() };
    let end = stream::run(&machine::command(kernel.arch, &kernel.image, &boot), limits, |line, _| {
        // A full disk shows in what is missing from the log.
        let _ = writeln!(log, "{line}");
        session.line(line, &mut each)
    })?;
    if let Some(outcome) = session.outcome {
        return Ok(outcome);
    }
    let what = match end {
        End::TooLong => format!("was stopped after {} s", limit.unwrap_or_default().as_secs()),
        End::Exit(code) => format!("ended with exit code {code}"),
        End::Silent | End::Stopped | End::TooMuch => "panicked".into(),
    };
    Err(BootError::Died { what, last_lines: session.tail.into_lines() })
}

/// What the console has told of the command so far.
struct Session<E> {
    tail: Tail,
    /// Whether the command has begun.
    running: bool,
    /// Its exit status, once it has ended, or why nobody wants more of what it prints.
    outcome: Option<Result<u8, E>>,
}

impl<E> Session<E> {
    fn new() -> Self {
        Session { tail: Tail::new(LAST_LINES), running: false, outcome: None }
    }

    /// Takes a line; `each` gets what the command printed.
    fn line(&mut self, line: &str, each: &mut impl FnMut(&str) -> Result<(), E>) -> Next {
        // Lines that were on their way follow.
        if self.outcome.is_some() {
            return Next::Stop;
        }
        if self.running {
            let ended = exit_status(line);
            let printed = ended.map_or(Some(line), |(rest, _)| Some(rest).filter(|rest| !rest.is_empty()));
            let told = printed.map_or(Ok(()), each);
            self.outcome = told.map(|()| ended.map(|(_, status)| status)).transpose();
        }
        if self.outcome.is_some() {
            return Next::Stop;
        }
        self.running |= line == BEGIN;
        self.tail.push(line);
        // What comes after a panic is nothing.
        if line.contains("---[ end Kernel panic") { Next::Stop } else { Next::Go }
    }
}

/// The exit status of the command, where a line tells it, and what stands before: a command need not end its last line.
pub(crate) fn exit_status(line: &str) -> Option<(&str, u8)> {
    let (rest, status) = line.rsplit_once(EXIT)?;
    Some((rest, status.trim().parse().ok()?))
}

/// Makes what the kernel finds: the init script, and where it needs one the initramfs.
pub(crate) fn prepare(kernel: &Kernel, cache: &Path, command: Option<&[String]>) -> Result<Boot, BootError> {
    let arch = kernel.arch;
    let dir = kernel.dir.join("boot");
    fs::create_dir_all(&dir).at("create", &dir)?;
    let script = dir.join("init");
    let builds = kernel.dir.parent().filter(|dir| arch.is_of_this_machine() && dir.starts_with("/tmp"));
    write_executable(&script, &init(arch, command, builds))?;
    let mut boot = if arch.is_of_this_machine() {
        machine::with_root(arch, Path::new("/"), &script)
    } else {
        let initramfs = initramfs(kernel, &dir, &script, cache)?;
        Boot { qemu: vec!["-initrd".into(), initramfs.display().to_string()], ..Boot::default() }
    };
    boot.kernel.push("quiet".into());
    if arch.machine != Machine::Uml {
        // A panic ends QEMU; UML it would start again.
        boot.kernel.push("panic=-1".into());
    }
    Ok(boot)
}

fn write_executable(path: &Path, text: &str) -> Result<(), FileError> {
    crate::file::replace_as(path, text, 0o755, "")
}

/// The first program that runs. Its /tmp is empty, but for a folder of this machine that is to be there.
fn init(arch: &Arch, command: Option<&[String]>, keep: Option<&Path>) -> String {
    let keep = keep.map(|path| quote(&path.display().to_string()));
    let (hold, put) = keep.map_or_else(Default::default, |keep| {
        (format!("mount --bind {keep} /mnt\n"), format!("mkdir -p {keep} && mount --move /mnt {keep}\n"))
    });
    let busybox = if arch.is_of_this_machine() { "" } else { "/bin/busybox --install -s /bin\n" };
    let command = match command {
        Some(words) => words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" "),
        None => "setsid -c sh -i <>/dev/console >&0 2>&1 || sh -i".into(),
    };
    // What QEMU ends at, and UML.
    let end = if arch.machine == Machine::Uml { "o" } else { "b" };
    format!(
        "#!/bin/sh\n\
         export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp TERM=linux\n\
         {busybox}\
         mount -t proc proc /proc\n\
         mount -t sysfs sysfs /sys\n\
         [ -c /dev/null ] || mount -t devtmpfs devtmpfs /dev\n\
         {hold}mount -t tmpfs tmpfs /tmp\n\
         {put}\
         mount -t tmpfs tmpfs /run\n\
         mkdir -p /dev/shm /dev/pts && mount -t tmpfs tmpfs /dev/shm\n\
         mount -t debugfs debugfs /sys/kernel/debug\n\
         cd /tmp\n\
         echo '{BEGIN}'\n\
         ({command})\n\
         echo \"{EXIT}$?\"\n\
         echo {end} >/proc/sysrq-trigger\n\
         sleep 60\n"
    )
}

/// An initramfs with a static busybox, the init script and nothing else.
fn initramfs(kernel: &Kernel, dir: &Path, script: &Path, cache: &Path) -> Result<PathBuf, BootError> {
    let busybox = busybox(kernel.arch, cache)?;
    let list = dir.join("initramfs.list");
    let mut text = String::new();
    ["/dev", "/bin", "/proc", "/sys", "/tmp", "/run"].iter().for_each(|path| text += &format!("dir {path} 0755 0 0\n"));
    text += "nod /dev/console 0600 0 0 c 5 1\n";
    text += &format!("file /bin/busybox {} 0755 0 0\n", busybox.display());
    text += "slink /bin/sh busybox 0777 0 0\n";
    text += &format!("file /init {} 0755 0 0\n", script.display());
    fs::write(&list, text).at("write", &list)?;
    let output = Process::new(kernel.dir.join("usr/gen_init_cpio")).arg(&list).run()?;
    let path = dir.join("initramfs.cpio");
    fs::write(&path, output.stdout).at("write", &path)?;
    Ok(path)
}

/// The static busybox of an architecture, from Debian, kept in the cache.
fn busybox(arch: &Arch, cache: &Path) -> Result<PathBuf, BootError> {
    let dir = cache.join("busybox").join(arch.debian);
    let places = ["usr/bin/busybox", "bin/busybox"].map(|place| dir.join(place));
    if let Some(found) = places.iter().find(|place| place.is_file()) {
        return Ok(found.clone());
    }
    let package = debian::download_for(arch.debian, "busybox-static", SUITE, &cache.join("downloads"))?;
    let new = dir.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new).at("remove", &new)?;
    }
    fs::create_dir_all(&new).at("create", &new)?;
    Process::new("dpkg-deb").arg("--extract").args([&package, &new]).run()?;
    fs::rename(&new, &dir).at("rename", &new)?;
    let found = places.iter().find(|place| place.is_file());
    found.cloned().ok_or_else(|| {
        DebianError::NoPackage { package: "busybox-static with a busybox".into(), suite: SUITE.into() }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a command printed, as a console has it, and its exit status.
    fn watch(console: &str) -> (Vec<String>, Option<u8>) {
        let mut session = Session::<()>::new();
        let mut printed = Vec::new();
        let mut each = |line: &str| {
            printed.push(line.to_owned());
            Ok(())
        };
        console.lines().for_each(|line| _ = session.line(line, &mut each));
        (printed, session.outcome.map(|outcome| outcome.expect("nothing fails here")))
    }

    #[test]
    fn a_command_need_not_end_its_last_line() {
        let (printed, status) = watch("booting\ndrm-rust: begin\none\ntwodrm-rust: exit 3\nreboot: System halted\n");
        assert_eq!((printed, status), (vec!["one".to_owned(), "two".to_owned()], Some(3)));
        assert_eq!(watch("drm-rust: begin\ndrm-rust: exit 0\n"), (vec![], Some(0)));
    }

    #[test]
    fn a_reader_that_is_gone_ends_the_run() {
        let mut session = Session::new();
        let mut asked = 0;
        let mut each = |_: &str| {
            asked += 1;
            if asked < 2 { Ok(()) } else { Err("broken pipe") }
        };
        let next = ["drm-rust: begin", "y", "y", "y", "drm-rust: exit 0"].map(|line| session.line(line, &mut each));
        assert_eq!(next, [Next::Go, Next::Go, Next::Stop, Next::Stop, Next::Stop]);
        assert_eq!((session.outcome, asked), (Some(Err("broken pipe")), 2));
    }

    #[test]
    fn only_the_end_of_a_line_of_the_command_tells_its_status() {
        let said = "drm-rust: exit 1 is what it says";
        let (printed, status) = watch(&format!("drm-rust: exit 2\ndrm-rust: begin\n{said}\n"));
        assert_eq!((printed, status), (vec![said.to_owned()], None));
    }
}
