// SPDX-License-Identifier: GPL-2.0-only

//! The architectures. A new one is an entry of [`ARCHES`] and a defconfig.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::{Class, Explain};

/// How a kernel runs on this machine.
#[derive(Debug, PartialEq, Eq)]
pub enum Machine {
    /// As a program.
    Uml,
    /// In QEMU.
    Qemu {
        /// The emulator.
        program: &'static str,
        /// What Rust calls a machine of this architecture.
        host: &'static str,
        /// The machine, and whatever KUnit or a user space needs of it.
        args: &'static [&'static str],
        /// The kernel's name for the serial console.
        console: &'static str,
        /// What the kernel does at its end for QEMU to end: `reboot` (which `-no-reboot` turns into an exit) or
        /// `poweroff`.
        shutdown: &'static str,
    },
}

/// An architecture.
#[derive(Debug, PartialEq, Eq)]
pub struct Arch {
    /// The name, as `ARCH=` takes it.
    pub name: &'static str,
    /// The folder below `arch/`.
    pub folder: &'static str,
    /// What is booted, below the build folder.
    pub image: &'static str,
    /// Debian's name of it.
    pub debian: &'static str,
    /// Whether Rust and KASAN go together.
    pub kasan: bool,
    /// What runs it.
    pub machine: Machine,
}

/// Every architecture that the tree supports.
pub static ARCHES: &[Arch] = &[
    Arch { name: "um", folder: "um", image: "linux", debian: "amd64", kasan: true, machine: Machine::Uml },
    Arch {
        name: "x86_64",
        folder: "x86",
        image: "arch/x86/boot/bzImage",
        debian: "amd64",
        kasan: true,
        machine: Machine::Qemu {
            program: "qemu-system-x86_64",
            host: "x86_64",
            args: &["-bios", "qboot.rom", "-cpu", "max"],
            console: "ttyS0",
            shutdown: "reboot",
        },
    },
    Arch {
        name: "arm64",
        folder: "arm64",
        image: "arch/arm64/boot/Image",
        debian: "arm64",
        kasan: true,
        machine: Machine::Qemu {
            program: "qemu-system-aarch64",
            host: "aarch64",
            args: &["-machine", "virt", "-cpu", "cortex-a57"],
            console: "ttyAMA0",
            shutdown: "reboot",
        },
    },
    Arch {
        name: "riscv",
        folder: "riscv",
        image: "arch/riscv/boot/Image",
        debian: "riscv64",
        kasan: true,
        machine: Machine::Qemu {
            program: "qemu-system-riscv64",
            host: "riscv64",
            args: &["-machine", "virt", "-cpu", "rv64"],
            console: "ttyS0",
            shutdown: "reboot",
        },
    },
    Arch {
        name: "loongarch",
        folder: "loongarch",
        image: "arch/loongarch/boot/vmlinux.elf",
        debian: "loong64",
        kasan: false,
        machine: Machine::Qemu {
            program: "qemu-system-loongarch64",
            host: "loongarch64",
            args: &["-machine", "virt", "-cpu", "max", "-device", "pvpanic-pci"],
            console: "ttyS0",
            shutdown: "poweroff",
        },
    },
];

impl Arch {
    /// Whether programs of this machine run on its kernel.
    pub fn is_of_this_machine(&self) -> bool {
        self.is_of(std::env::consts::ARCH)
    }

    /// Whether programs of a machine, as Rust calls it, run on its kernel. UML is a program of the machine itself.
    fn is_of(&self, machine: &str) -> bool {
        match &self.machine {
            Machine::Uml => true,
            Machine::Qemu { host, .. } => *host == machine,
        }
    }

    /// The defconfig of this tree, below the top of Linux.
    pub fn defconfig(&self) -> PathBuf {
        PathBuf::from(format!("arch/{}/configs/drm_rust_defconfig", self.folder))
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// There is no such architecture.
#[derive(Debug, thiserror::Error)]
#[error("the tree has no architecture `{0}`")]
pub struct UnknownArch(String);

impl Explain for UnknownArch {
    fn hint(&self) -> Option<String> {
        let names: Vec<_> = ARCHES.iter().map(|arch| arch.name).collect();
        Some(format!("architectures are named as the kernel's ARCH= names them: {}", names.join(", ")))
    }

    fn class(&self) -> Class {
        Class::Usage
    }
}

impl FromStr for &'static Arch {
    type Err = UnknownArch;

    fn from_str(name: &str) -> Result<Self, UnknownArch> {
        ARCHES.iter().find(|arch| arch.name == name).ok_or_else(|| UnknownArch(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_machine_runs_programs_of_its_own_and_uml() {
        let names = |machine| {
            let arches = ARCHES.iter().filter(|arch| arch.is_of(machine));
            arches.map(|arch| arch.name).collect::<Vec<_>>()
        };
        assert_eq!(names("x86_64"), ["um", "x86_64"]);
        assert_eq!(names("aarch64"), ["um", "arm64"]);
        assert_eq!(names("riscv64"), ["um", "riscv"]);
        assert_eq!(names("loongarch64"), ["um", "loongarch"]);
    }
}
