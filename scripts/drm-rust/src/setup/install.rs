// SPDX-License-Identifier: GPL-2.0-only

//! Getting what is missing.

use std::path::Path;

use super::Finding;
use super::needs::Get;
use super::rust_src::{self, RustSrcError};
use super::sparse::{self, SparseError};
use crate::base::debian::{self, DebianError};
use crate::error::Explain;
use crate::process::{Process, ProcessError};
use crate::report::{Reporter, Unit};

/// Something could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// An installer failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The sources of Rust's library could not be had.
    #[error("cannot get the sources of Rust's core library")]
    RustSrc(#[from] RustSrcError),
    /// Debian's packages could not be had.
    #[error(transparent)]
    Debian(#[from] DebianError),
    /// Sparse could not be had.
    #[error("cannot get sparse")]
    Sparse(#[from] SparseError),
    /// A part of the Rust toolchain is missing.
    #[error("the Rust toolchain lacks {names}")]
    Rust {
        /// Its names.
        names: String,
        /// Why rustup could not add it.
        #[source]
        source: ProcessError,
    },
}

impl Explain for InstallError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            InstallError::Process(error) => return error.hint(),
            InstallError::Debian(error) => return error.hint(),
            InstallError::RustSrc(_) => "`rustup component add rust-src` gets them too".into(),
            InstallError::Sparse(_) => "see whether its sources build by hand; 0.6.5 is the first that will do".into(),
            InstallError::Rust { .. } => "install a complete toolchain with rustup, which keeps it in your home".into(),
        })
    }
}

/// What has to be run, sorted by installer.
#[derive(Default)]
struct Work {
    apt: Vec<&'static str>,
    backports: Vec<&'static str>,
    cargo: Vec<&'static str>,
    pip: Vec<&'static str>,
    rustup: Vec<&'static str>,
    rust_src: bool,
    sparse: bool,
}

fn work(findings: &[Finding]) -> Work {
    let mut work = Work::default();
    for finding in findings.iter().filter(|finding| !finding.state.is_met()) {
        match finding.need.get {
            Get::Apt(packages) => work.apt.extend(packages),
            Get::Backports(packages) => work.backports.extend(packages),
            Get::Cargo(name) => work.cargo.push(name),
            Get::Pip(name) => work.pip.push(name),
            Get::Rustup(name) => work.rustup.push(name),
            Get::RustSrc => work.rust_src = true,
            Get::Sparse => work.sparse = true,
        }
    }
    work.backports.sort_unstable();
    work.backports.dedup();
    work.pip.dedup();
    if !work.pip.is_empty() && !has_pip() {
        work.apt.push("python3-pip");
    }
    work
}

fn has_pip() -> bool {
    Process::new("python3").args(["-m", "pip", "--version"]).output().is_ok_and(|output| output.code == 0)
}

fn apt_install(packages: &[&str]) -> Process {
    let args = ["install", "--yes", "--no-install-recommends"];
    Process::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(args).args(packages)
}

fn cargo_install(name: &str) -> Process {
    Process::new("cargo").args(["install", "--locked", "--quiet", name])
}

fn rustup_add(components: &[&str]) -> Process {
    Process::new("rustup").args(["component", "add"]).args(components)
}

/// Debian's pip refuses to install without this, into a user's home, too. It is no option: an older one knows none.
const PIP_MAY_INSTALL: (&str, &str) = ("PIP_BREAK_SYSTEM_PACKAGES", "1");

fn pip_install(name: &str) -> Process {
    let process = Process::new("python3").env(PIP_MAY_INSTALL.0, PIP_MAY_INSTALL.1);
    process.args(["-m", "pip", "install", "--quiet", "--root-user-action=ignore", name])
}

/// Whether this machine has Debian's packages.
fn has_apt() -> bool {
    Process::new("apt-get").arg("--version").output().is_ok_and(|output| output.code == 0)
}

/// The commands that a person would run to get what is missing.
pub fn commands(findings: &[Finding]) -> Vec<String> {
    lines(&work(findings), has_apt())
}

fn lines(work: &Work, has_apt: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let packages = [work.apt.as_slice(), &work.backports].concat();
    if !has_apt && !packages.is_empty() {
        lines.push(format!("# with this machine's own packages: what Debian calls {}", packages.join(" ")));
    }
    if has_apt && !work.apt.is_empty() {
        lines.push("sudo apt-get update".into());
        lines.push(format!("sudo {}", apt_install(&work.apt).command_line()));
    }
    if has_apt && !work.backports.is_empty() {
        // Only root can use the private configuration that `setup` makes.
        lines.push(format!("sudo apt-get install -t {}", debian::backports()));
        let line = lines.last_mut().expect("just added");
        work.backports.iter().for_each(|package| *line += &format!(" {package}"));
    }
    if !work.rustup.is_empty() {
        lines.push(rustup_add(&work.rustup).command_line());
    }
    lines.extend(work.cargo.iter().map(|name| cargo_install(name).command_line()));
    if !work.pip.is_empty() {
        let ((variable, value), names) = (PIP_MAY_INSTALL, work.pip.join(" "));
        lines.push(format!(
            "{variable}={value} python3 -m pip install --user {names}  # programs go to ~/.local/bin, for PATH"
        ));
    }
    if work.rust_src {
        lines.push("rustup component add rust-src".into());
    }
    if work.sparse {
        lines.push("drm-rust setup --checks  # builds sparse from Debian's sources".into());
    }
    lines
}

/// Whether this user can install something.
pub fn can_install(finding: &Finding) -> bool {
    finding.need.get.is_of_user() || (rustix::process::geteuid().is_root() && has_apt())
}

/// Installs what is missing.
pub fn install(findings: &[Finding], cache: &Path, reporter: &dyn Reporter) -> Result<(), InstallError> {
    let work = work(findings);
    if !work.rustup.is_empty() {
        let names = work.rustup.join(", ");
        step(reporter, &format!("installing {names}"), || rustup_add(&work.rustup).run())
            .map_err(|source| InstallError::Rust { names, source })?;
    }
    if !work.apt.is_empty() {
        step(reporter, &format!("installing {}", work.apt.join(" ")), || {
            Process::new("apt-get").args(["update", "--quiet=2"]).run()?;
            apt_install(&work.apt).run()
        })?;
    }
    if !work.backports.is_empty() {
        step(reporter, &format!("installing {}", work.backports.join(" ")), || {
            debian::install(&work.backports, &debian::backports(), &cache.join("downloads"))
        })?;
    }
    for name in &work.cargo {
        step(reporter, &format!("installing {name}"), || cargo_install(name).run())?;
    }
    for name in &work.pip {
        step(reporter, &format!("installing {name}"), || pip_install(name).run())?;
    }
    if work.rust_src {
        step(reporter, "fetching rust-src", || rust_src::fetch(cache))?;
    }
    if work.sparse {
        step(reporter, "building sparse", || sparse::build(cache))?;
    }
    Ok(())
}

fn step<T, E>(reporter: &dyn Reporter, what: &str, run: impl FnOnce() -> Result<T, E>) -> Result<(), E> {
    reporter.begin(what, None, Unit::Items);
    let result = run().map(drop);
    reporter.end();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_run_by_a_user_of_debian() {
        let work = Work {
            apt: vec!["curl", "python3-pip"],
            pip: vec!["b4==0.16.0", "ply"],
            backports: vec!["qemu-system-x86"],
            cargo: vec!["bindgen-cli"],
            rustup: vec!["rustc", "cargo"],
            rust_src: true,
            sparse: true,
        };
        let foreign = lines(&work, false);
        assert_eq!(
            foreign[0],
            "# with this machine's own packages: what Debian calls curl python3-pip qemu-system-x86"
        );
        assert!(!foreign.join("\n").contains("apt-get"));
        let lines = lines(&work, true).join("\n").replace(&debian::backports(), "SUITE");
        insta::assert_snapshot!(lines, @"
        sudo apt-get update
        sudo apt-get install --yes --no-install-recommends curl python3-pip
        sudo apt-get install -t SUITE qemu-system-x86
        rustup component add rustc cargo
        cargo install --locked --quiet bindgen-cli
        PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --user b4==0.16.0 ply  # programs go to ~/.local/bin, for PATH
        rustup component add rust-src
        drm-rust setup --checks  # builds sparse from Debian's sources
        ");
    }
}
