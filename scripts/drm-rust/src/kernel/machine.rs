// SPDX-License-Identifier: GPL-2.0-only

//! Running a kernel on this machine: as a program, or in QEMU.

use std::fs;
use std::path::Path;

use super::arch::{Arch, Machine};
use crate::process::Process;
use crate::setup::{self, Finding, Group};

/// The memory of a machine (MiB).
const MEMORY: u32 = 1024;

/// What a run of a kernel is given.
#[derive(Clone, Debug, Default)]
pub struct Boot {
    /// Words of the kernel's command line.
    pub kernel: Vec<String>,
    /// Further arguments of QEMU.
    pub qemu: Vec<String>,
    /// Whether a person types at its console: Ctrl-C is the guest's then, and Ctrl-A X ends QEMU.
    pub interactive: bool,
}

/// The emulator of an architecture, if this machine lacks it.
pub fn missing_emulator(arch: &Arch, cache: &Path) -> Option<Finding> {
    let Machine::Qemu { program, .. } = &arch.machine else { return None };
    let mut found = setup::check(&[Group::Emulators], cache).into_iter();
    found.find(|finding| finding.name == *program && !finding.state.is_met())
}

/// The program that runs a kernel with its console on standard output.
pub fn command(arch: &Arch, image: &Path, boot: &Boot) -> Process {
    let kernel = boot.kernel.iter();
    let process = match &arch.machine {
        Machine::Uml => Process::new(image).arg(format!("mem={MEMORY}M")).args(kernel),
        Machine::Qemu { program, args, console, .. } => {
            let words: Vec<_> = std::iter::once(format!("console={console}")).chain(kernel.cloned()).collect();
            let serial = if boot.interactive { "mon:stdio" } else { "stdio" };
            let process = Process::new(program).args(["-nodefaults", "-nographic", "-no-reboot", "-serial", serial]);
            let process = process.args(["-m", &MEMORY.to_string()]).args(*args).args(accelerator(arch));
            process.arg("-kernel").arg(image).arg("-append").arg(words.join(" ")).args(&boot.qemu)
        }
    };
    process.bound_to_caller()
}

/// Makes a kernel take a folder of this machine as its root, read only, and `init` in there as its first program. UML
/// gets standard input and output as its console.
pub fn with_root(arch: &Arch, root: &Path, init: &Path) -> Boot {
    let mut boot = Boot { kernel: vec!["root=/dev/root".into(), "ro".into()], ..Boot::default() };
    boot.kernel.push(format!("init={}", init.display()));
    let words: &[&str] = match &arch.machine {
        Machine::Uml => {
            boot.kernel.push(format!("rootflags={}", root.display()));
            &["rootfstype=hostfs", "con=none", "con0=fd:0,fd:1", "ssl=none"]
        }
        Machine::Qemu { .. } => {
            boot.qemu = folder(root, "/dev/root", ",readonly=on");
            &["rootfstype=9p", "rootflags=trans=virtio,version=9p2000.L"]
        }
    };
    boot.kernel.extend(words.iter().map(|word| (*word).to_owned()));
    boot
}

/// Lets the first program of a kernel mount another folder of this machine, to write to: by hostfs, whose folder is in
/// `DRM_RUST_SHARE`, or by 9p, where it is `share`.
pub fn share(arch: &Arch, dir: &Path, boot: &mut Boot) {
    match &arch.machine {
        Machine::Uml => boot.kernel.push(format!("DRM_RUST_SHARE={}", dir.display())),
        Machine::Qemu { .. } => boot.qemu.extend(folder(dir, "share", "")),
    }
}

/// QEMU's arguments for a folder of this machine that the kernel knows by `tag`.
fn folder(dir: &Path, tag: &str, options: &str) -> Vec<String> {
    let id = tag.rsplit('/').next().unwrap_or(tag);
    // A comma would end the path.
    let path = dir.display().to_string().replace(',', ",,");
    let device = format!("local,id={id},path={path},security_model=none{options}");
    ["-fsdev", &device, "-device", &format!("virtio-9p-pci,fsdev={id},mount_tag={tag}")].map(str::to_owned).into()
}

/// KVM where this processor can run a guest of the architecture, else emulation. KVM has this machine's processor only,
/// which QEMU calls `max` on every architecture.
fn accelerator(arch: &Arch) -> &'static [&'static str] {
    let cpu = || fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let device = || fs::File::options().read(true).write(true).open("/dev/kvm").is_ok();
    let kvm = arch.is_of_this_machine() && runs_guests(arch, &cpu()) && device();
    if kvm { &["-accel", "kvm", "-cpu", "max"] } else { &["-accel", "tcg"] }
}

/// Whether a processor runs guests, as far as it tells. On x86, a `/dev/kvm` alone tells nothing: without the processor's
/// support the guest hangs. Other architectures have no flag for it, and no `/dev/kvm` without support.
fn runs_guests(arch: &Arch, cpuinfo: &str) -> bool {
    arch.folder != "x86" || cpuinfo.split_whitespace().any(|flag| flag == "vmx" || flag == "svm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_x86_names_its_support_for_guests() {
        let [x86, arm] = ["x86_64", "arm64"].map(|name| name.parse::<&Arch>().unwrap());
        assert!(runs_guests(x86, "flags\t\t: fpu vmx sse") && !runs_guests(x86, "flags\t\t: fpu sse"));
        assert!(runs_guests(arm, "Features\t: fp asimd"));
    }

    #[test]
    fn keys_of_a_person_reach_the_guest() {
        let serial = |interactive| {
            let boot = Boot { interactive, ..Boot::default() };
            let line = command("riscv".parse().unwrap(), Path::new("Image"), &boot).command_line();
            line.split_once("-serial ").unwrap().1.split(' ').next().unwrap().to_owned()
        };
        assert_eq!([serial(true), serial(false)], ["mon:stdio", "stdio"]);
    }
}
