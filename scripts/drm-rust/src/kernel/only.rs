// SPDX-License-Identifier: GPL-2.0-only

//! A smaller kernel, for some suites: this tree's defconfig without what they do not need.

use std::collections::BTreeSet;
use std::fs;

use super::arch::Arch;
use super::config::{self, Config};
use super::gates;
use super::kconfig::{self, Symbols};
use crate::error::{Class, Explain, FileContext, FileError};
use crate::git::{GitError, Repo};

/// What takes long to compile or to link, and goes with everything that depends on it.
const PARTS: &[&str] = &["RUST", "RUST_KERNEL_DOCTESTS", "DRM", "FB", "NET", "UML_PCI_OVER_VIRTIO", "IKCONFIG"];

/// The suite of all doctests, which no source names.
const DOCTESTS: &str = "rust_doctests_kernel";

/// No smaller kernel can be made.
#[derive(Debug, thiserror::Error)]
pub enum OnlyError {
    /// Reading failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// No source has such a suite.
    #[error("linux/ has no suite `{0}`")]
    NoSuite(String),
    /// Nothing says what turns the suite on.
    #[error("no Makefile compiles {0}")]
    NoGate(String),
    /// The defconfig leaves the suite out.
    #[error("the defconfig of {arch} leaves out the suite `{suite}`: it needs {}", join(.symbols))]
    NotOurs {
        /// The architecture.
        arch: &'static Arch,
        /// What was asked for.
        suite: String,
        /// Symbols that it does not have.
        symbols: BTreeSet<String>,
    },
}

fn join(symbols: &BTreeSet<String>) -> String {
    symbols.iter().map(|symbol| format!("CONFIG_{symbol}")).collect::<Vec<_>>().join(" and ")
}

impl Explain for OnlyError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            OnlyError::File(error) => return error.hint(),
            OnlyError::Git(error) => return error.hint(),
            OnlyError::NoSuite(_) => "`drm-rust test` lists the suites; --filter takes the name of a test, too".into(),
            OnlyError::NoGate(_) | OnlyError::NotOurs { .. } => "without --only, all suites are built".into(),
        })
    }

    fn class(&self) -> Class {
        match self {
            OnlyError::NoSuite(_) => Class::Usage,
            _ => Class::Failed,
        }
    }
}

/// A smaller configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    /// What tells its build folder from others.
    pub name: String,
    /// What it changes of the defconfig.
    pub fragment: String,
}

/// The smaller configuration for suites, by their names or a pattern as KUnit's filter takes it.
pub fn find(linux: &Repo, arch: &'static Arch, filter: &str) -> Result<Only, OnlyError> {
    let suite = filter.split_once('.').map_or(filter, |(suite, _)| suite);
    // Every part has doctests.
    let (suites, parts) = match suite {
        DOCTESTS => (vec![BTreeSet::from(["RUST_KERNEL_DOCTESTS".to_owned()])], &[][..]),
        _ => (gates::of_suites(linux, suite)?, PARTS),
    };
    let path = linux.top().join(arch.defconfig());
    let defconfig = fs::read_to_string(&path).at("read", &path)?;
    let plan = Plan { symbols: kconfig::read(linux.top(), arch.folder)?, on: on(&defconfig), parts };
    plan.only(&suites).map_err(|symbols| OnlyError::NotOurs { arch, suite: suite.to_owned(), symbols })
}

/// The symbols that a defconfig turns on, or gives a value.
fn on(defconfig: &str) -> Config {
    config::parse(defconfig).into_iter().filter(|(_, value)| value != "n").collect()
}

/// What decides about what is left out.
struct Plan {
    symbols: Symbols,
    /// The defconfig's.
    on: Config,
    /// What is left out, unless it is needed.
    parts: &'static [&'static str],
}

impl Plan {
    /// What to change of the defconfig for all suites that it has; where it has none, the symbols that it lacks.
    fn only(&self, suites: &[BTreeSet<String>]) -> Result<Only, BTreeSet<String>> {
        let lacks = |gates: &BTreeSet<String>| gates.iter().filter(|gate| self.lacks(gate)).cloned().collect();
        let lacking: Vec<BTreeSet<String>> = suites.iter().map(lacks).collect();
        if lacking.iter().all(|lacks| !lacks.is_empty()) {
            return Err(lacking.into_iter().flatten().collect());
        }
        let ours = suites.iter().zip(&lacking).filter(|(_, lacks)| lacks.is_empty());
        let wanted: BTreeSet<&str> = ours.flat_map(|(gates, _)| gates).map(String::as_str).collect();
        // What has no prompt comes with what selects it.
        let roots = wanted.iter().flat_map(|gate| std::iter::once(*gate).chain(self.selectors(gate)));
        let kept = self.symbols.needs(roots.filter(|root| self.on.contains_key(*root)));
        // All that is Rust needs RUST.
        let names = wanted.iter().filter(|gate| wanted.len() == 1 || **gate != "RUST");
        let name = names.map(|gate| gate.to_lowercase()).collect::<Vec<_>>().join("-");
        Ok(Only { name, fragment: self.fragment(&kept) })
    }

    /// Whether a symbol would have to be asked for, and is not.
    fn lacks(&self, symbol: &str) -> bool {
        !self.on.contains_key(symbol) && self.symbols.is_asked_for(symbol) && self.selectors(symbol).next().is_none()
    }

    /// Symbols of the defconfig that select one which it does not name.
    fn selectors<'a>(&'a self, symbol: &str) -> impl Iterator<Item = &'a str> {
        let named = self.on.contains_key(symbol);
        self.symbols.selectors(symbol).filter(move |selector| !named && self.on.contains_key(*selector))
    }

    /// What is kept, as the defconfig has it, and what goes.
    fn fragment(&self, kept: &BTreeSet<&str>) -> String {
        let is_part = |symbol: &&str| self.parts.contains(symbol) || symbol.contains("_KUNIT_");
        let mut text = String::new();
        for (symbol, value) in &self.on {
            let symbol = symbol.as_str();
            if kept.contains(symbol) {
                text += &format!("CONFIG_{symbol}={value}\n");
            } else if self.symbols.needs([symbol]).iter().any(|need| is_part(need) && !kept.contains(need)) {
                text += &format!("# CONFIG_{symbol} is not set\n");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KCONFIG: &str = "\
config KUNIT
	bool \"KUnit\"
config RUST
	bool \"Rust\"
config SMP
	bool \"SMP\"
config RUST_KERNEL_DOCTESTS
	bool \"Doctests\"
	depends on RUST && KUNIT=y
menuconfig RUST_KUNIT_TESTS
	bool \"Tests\"
	depends on KUNIT && RUST
if RUST_KUNIT_TESTS
config RUST_A_KUNIT_TEST
	bool \"A\"
config RUST_B_KUNIT_TEST
	bool \"B\"
endif
config NET
	bool \"Net\"
config DRM
	tristate \"DRM\"
	depends on NET || SMP
config SHMEM
	bool
config NOVA
	tristate \"Nova\"
	depends on DRM && RUST
	select SHMEM
config OTHER
	bool \"Other\"
";
    const DEFCONFIG: &str = "CONFIG_KUNIT=y\nCONFIG_RUST=y\nCONFIG_SMP=y\nCONFIG_RUST_KERNEL_DOCTESTS=y\n\
        CONFIG_RUST_KUNIT_TESTS=y\nCONFIG_RUST_A_KUNIT_TEST=y\nCONFIG_RUST_B_KUNIT_TEST=y\nCONFIG_NET=y\n\
        CONFIG_DRM=y\nCONFIG_NOVA=y\n";

    fn only(suites: &[&[&str]]) -> Result<Only, BTreeSet<String>> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("Kconfig"), KCONFIG).unwrap();
        let plan = Plan { symbols: kconfig::read(dir.path(), "um").unwrap(), on: on(DEFCONFIG), parts: PARTS };
        let gates = |names: &&[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        plan.only(&suites.iter().map(gates).collect::<Vec<_>>())
    }

    #[test]
    fn what_a_suite_does_not_need_is_left_out() {
        let only = only(&[&["RUST", "RUST_A_KUNIT_TEST"]]).unwrap();
        assert_eq!(only.name, "rust_a_kunit_test");
        insta::assert_snapshot!(only.fragment, @"
        # CONFIG_DRM is not set
        CONFIG_KUNIT=y
        # CONFIG_NET is not set
        # CONFIG_NOVA is not set
        CONFIG_RUST=y
        CONFIG_RUST_A_KUNIT_TEST=y
        # CONFIG_RUST_B_KUNIT_TEST is not set
        # CONFIG_RUST_KERNEL_DOCTESTS is not set
        CONFIG_RUST_KUNIT_TESTS=y
        ");
    }

    #[test]
    fn what_has_no_prompt_comes_with_its_selectors() {
        let only = only(&[&["SHMEM"]]).unwrap();
        assert!(only.fragment.contains("CONFIG_NOVA=y\nCONFIG_RUST=y\n"), "{}", only.fragment);
        assert!(
            only.fragment.contains("CONFIG_DRM=y\n")
                && only.fragment.contains("# CONFIG_RUST_A_KUNIT_TEST is not set\n")
        );
    }

    #[test]
    fn what_the_defconfig_leaves_out_is_named() {
        assert_eq!(only(&[&["OTHER"]]), Err(BTreeSet::from(["OTHER".to_owned()])));
        // Of several suites, those that it has.
        assert_eq!(only(&[&["OTHER"], &["DRM"]]), only(&[&["DRM"]]));
    }
}
