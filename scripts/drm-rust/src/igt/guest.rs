// SPDX-License-Identifier: GPL-2.0-only

//! One kernel that runs IGT, from its start to its end.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::console::{CARDS, Console, EXIT, Event};
use super::lists::Test;
use super::root::Root;
use super::{IgtError, Options};
use crate::error::FileContext;
use crate::kernel::arch::Machine;
use crate::kernel::build::Kernel;
use crate::kernel::machine;
use crate::process::quote;
use crate::stream::{self, End, Limits, Next, OUTPUT, Tail};

/// Lines of the console to show where a kernel died.
const LAST_LINES: usize = 20;
/// What a kernel may take in addition to its subtests: to come up, to write results, to kill a test.
const MARGIN: Duration = Duration::from_secs(60);
/// Where a kernel finds the run's folder.
const SHARE: &str = "/drm-rust/share";

/// The kernel, the user space and the folder of a run.
pub(super) struct Guest<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) root: &'a Root,
    /// The folder on this machine.
    pub(super) dir: PathBuf,
    pub(super) options: &'a Options,
    /// Everything that the kernels say.
    pub(super) log: File,
}

/// What is left of a kernel that ended.
pub(super) struct Ended {
    pub(super) console: Console,
    pub(super) seconds: f64,
    /// How it died, if it did not get to the script's end.
    pub(super) death: Option<String>,
    pub(super) last_lines: Vec<String>,
}

impl Guest<'_> {
    /// Runs tests; `ended` is called for each subtest that ended. Results go into a folder of this name.
    pub(super) fn run_tests(&mut self, tests: &[Test], name: &str, ended: impl Fn()) -> Result<Ended, IgtError> {
        let names: Vec<_> = tests.iter().flat_map(Test::names).collect();
        let list: String = names.iter().map(|name| format!("igt@{name}\n")).collect();
        let path = self.dir.join(format!("{name}.list"));
        fs::write(&path, list).at("write", &path)?;
        let meta = tests.iter().any(|test| test.name == "meta_test");
        // Reading the runner's socket, IGT 2.5 mixes up what subtests wrote to standard error.
        let mut script = String::from("export IGT_RUNNER_DISABLE_SOCKET_COMMUNICATION=1\n");
        script += &format!("export IGT_FORCE_DRIVER={}\n", quote(&self.options.driver));
        // These tests do what must never happen, and are meant for those who ask for them.
        script += if meta { "export IGT_CI_META_TEST=1\n" } else { "" };
        script += &format!(
            "igt_runner --sync --multiple-mode --per-test-timeout {} --prune-mode keep-subtests \
             --test-list {SHARE}/{name}.list /usr/libexec/igt-gpu-tools {SHARE}/{name}\n",
            self.options.limit.as_secs()
        );
        let total = self.options.limit * (names.len() as u32 + 1) + MARGIN;
        self.boot(&script, total, ended)
    }

    /// Has IGT gather the results of a kernel that died.
    pub(super) fn gather(&mut self, name: &str) -> Result<(), IgtError> {
        self.boot(&format!("igt_results {SHARE}/{name}\n"), MARGIN, || ()).map(drop)
    }

    fn boot(&mut self, script: &str, total: Duration, ended: impl Fn()) -> Result<Ended, IgtError> {
        let path = self.dir.join("run");
        let load = self.module()?;
        fs::write(&path, load + &self.script(script)).at("write", &path)?;
        let arch = self.kernel.arch;
        let mut boot = machine::with_root(arch, &self.root.dir, Path::new("/drm-rust/init"));
        machine::share(arch, &self.dir, &mut boot);
        if arch.machine == Machine::Uml {
            boot.kernel.push("console=tty".into());
        }
        boot.kernel.extend(self.options.kernel_args.iter().cloned());
        let limits = Limits { total: Some(total), silence: Some(self.options.limit + MARGIN), output: Some(OUTPUT) };
        let mut console = Console::default();
        let mut tail = Tail::new(LAST_LINES);
        let mut last = Duration::ZERO;
        let log = &mut self.log;
        let end = stream::run(&machine::command(arch, &self.kernel.image, &boot), limits, |line, at| {
            // A full disk shows in what is missing from the log.
            let _ = writeln!(log, "{line}");
            tail.push(line);
            last = at;
            match console.line(line) {
                Some(Event::Panic) => return Next::Stop,
                Some(Event::Ended) => ended(),
                Some(Event::Done) | None => {}
            }
            Next::Go
        })?;
        let death = death(end, &console, limits);
        Ok(Ended { console, seconds: last.as_secs_f64(), death, last_lines: tail.into_lines() })
    }

    /// The command that loads the driver, where it is a module: a copy of it in the run's folder.
    fn module(&self) -> Result<String, IgtError> {
        let driver = &self.options.driver;
        let list = self.kernel.dir.join("modules.order");
        // A kernel without modules has no list.
        let modules = fs::read_to_string(&list).unwrap_or_default();
        let file = format!("{}.o", driver.replace('-', "_"));
        let Some(module) = modules.lines().find(|line| line.rsplit('/').next() == Some(&file)) else {
            return Ok(String::new());
        };
        let module = self.kernel.dir.join(module).with_extension("ko");
        let copy = self.dir.join("driver.ko");
        fs::copy(&module, &copy).at("copy", &module)?;
        let start = format!("{}.", driver.replace('-', "_"));
        let parameters = self.options.kernel_args.iter().filter_map(|word| word.strip_prefix(&start));
        let parameters: String = parameters.map(|word| format!(" {}", quote(word))).collect();
        Ok(format!("insmod {SHARE}/driver.ko{parameters} || exit\n"))
    }

    /// The script of a run: what is to be done, if the driver has a card.
    fn script(&self, what: &str) -> String {
        let driver = quote(&self.options.driver);
        format!(
            "cards=$(sed 's/ .*//' /sys/kernel/debug/dri/*/name | sort -u | tr '\\n' ' ')\n\
             echo \"{CARDS}$cards\"\n\
             case \" $cards\" in *\" \"{driver}\" \"*) ;; *) exit ;; esac\n\
             {what}\
             echo \"{EXIT}$?\"\n"
        )
    }
}

/// How a kernel died, if it did.
fn death(end: End, console: &Console, limits: Limits) -> Option<String> {
    let seconds = |limit: Option<Duration>| limit.unwrap_or_default().as_secs();
    if let Some(why) = &console.panic {
        return Some(format!("panicked: {why}"));
    }
    match end {
        End::Stopped => Some("panicked".into()),
        End::TooMuch => Some("was stopped: it said more than 1 GiB".into()),
        End::Silent => Some(format!("hung: it said nothing for {} s", seconds(limits.silence))),
        End::TooLong => Some(format!("was stopped after {} s", seconds(limits.total))),
        // A driver without a card ends the script early.
        End::Exit(0) if console.cards.is_some() && console.running.is_none() => None,
        End::Exit(code) => Some(format!("ended early, with exit code {code}")),
    }
}
