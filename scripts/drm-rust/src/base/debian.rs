// SPDX-License-Identifier: GPL-2.0-only

//! Packages of a Debian suite that the machine itself does not use.
//!
//! A private apt configuration in the cache names the machine's own mirror and the wanted suite. Apt verifies
//! the suite's signature and the package's checksum; the machine's configuration stays as it is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Explain, FileContext, FileError};
use crate::process::{Process, ProcessError};

/// The keys that sign Debian's archive.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A package could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DebianError {
    /// Apt is missing or failed.
    #[error("apt cannot be used here")]
    Apt(#[from] ProcessError),
    /// The private configuration could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// No mirror of the machine has the suite.
    #[error("no mirror of this machine's apt configuration serves {suite}")]
    NoMirror {
        /// The suite.
        suite: String,
    },
    /// The suite has other versions.
    #[error("{package} {version} is gone from {suite}, which now has {offered}")]
    OtherVersion {
        /// The package.
        package: String,
        /// What was wanted.
        version: String,
        /// The suite.
        suite: String,
        /// What there is, newest first.
        offered: String,
    },
    /// The suite does not have the package.
    #[error("{suite} has no package {package}")]
    NoPackage {
        /// The package.
        package: String,
        /// The suite.
        suite: String,
    },
}

impl DebianError {
    /// Whether another source may still do.
    pub fn is_unavailable(&self) -> bool {
        !matches!(self, DebianError::File(_))
    }
}

impl Explain for DebianError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            DebianError::Apt(_) => "on a machine without apt, name a tarball: see `drm-rust tree --help`".into(),
            DebianError::File(error) => return error.hint(),
            DebianError::NoMirror { .. } => {
                "check the network and the Debian mirror in /etc/apt, or name a tarball with --base".into()
            }
            DebianError::OtherVersion { .. } => {
                "`drm-rust tree --base-latest` takes the newest one; topics may need new anchors then".into()
            }
            DebianError::NoPackage { .. } => "name a tarball with --base: see `drm-rust tree --help`".into(),
        })
    }
}

/// A private view of one suite.
struct Suite<'a> {
    name: &'a str,
    dir: PathBuf,
    /// Debian's name of an architecture that is not the machine's.
    arch: Option<&'a str>,
}

impl Suite<'_> {
    /// An apt command that sees this suite only.
    fn apt(&self, program: &str) -> Process {
        let dir = self.dir.display();
        let options = [
            format!("Dir::Etc::SourceList={dir}/sources.list"),
            "Dir::Etc::SourceParts=/dev/null".into(),
            "Dir::Etc::Preferences=/dev/null".into(),
            "Dir::Etc::PreferencesParts=/dev/null".into(),
            format!("Dir::State={dir}/state"),
            format!("Dir::State::Lists={dir}/lists"),
            "Dir::State::Status=/dev/null".into(),
            format!("Dir::Cache={dir}/cache"),
            "APT::Sandbox::User=root".into(),
            "Acquire::Languages=none".into(),
            "Acquire::Retries=3".into(),
        ];
        let of_arch = |arch| [format!("APT::Architecture={arch}"), format!("APT::Architectures={arch}")];
        let options: Vec<_> = options.into_iter().chain(self.arch.into_iter().flat_map(of_arch)).collect();
        options.iter().fold(Process::new(program), |process, option| process.args(["-o", option]))
    }

    /// Points the view at a mirror. False where the mirror does not serve the suite.
    fn update(&self, mirror: &str) -> Result<bool, DebianError> {
        let list = self.dir.join("sources.list");
        let signed = if Path::new(KEYRING).exists() { format!("[signed-by={KEYRING}] ") } else { String::new() };
        fs::write(&list, format!("deb {signed}{mirror} {} main\n", self.name)).at("write", &list)?;
        let args = ["-o", "APT::Update::Error-Mode=any", "update", "--quiet=2"];
        Ok(self.apt("apt-get").args(args).output()?.code == 0)
    }

    /// The versions that the suite has of a package, newest first.
    fn versions(&self, package: &str) -> Result<Vec<String>, DebianError> {
        let output = self.apt("apt-cache").args(["madison", package]).run()?;
        let version = |line: &String| line.split('|').nth(1).map(|version| version.trim().to_owned());
        Ok(output.lines().iter().filter_map(version).collect())
    }

    /// An empty folder for downloads: a file of an earlier, interrupted run would be taken as it is.
    fn fresh_folder(&self) -> Result<PathBuf, DebianError> {
        let dir = self.dir.join("download");
        if dir.exists() {
            fs::remove_dir_all(&dir).at("remove", &dir)?;
        }
        fs::create_dir_all(&dir).at("create", &dir)?;
        Ok(dir)
    }

    /// Downloads a package, named as apt names it, and gives the file.
    fn download(&self, package: &str) -> Result<PathBuf, DebianError> {
        let dir = self.fresh_folder()?;
        self.apt("apt-get").args(["download", "--quiet=2", package]).dir(&dir).run()?;
        let file = fs::read_dir(&dir).at("read", &dir)?.flatten().map(|entry| entry.path());
        file.into_iter()
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .ok_or_else(|| DebianError::NoPackage { package: package.to_owned(), suite: self.name.to_owned() })
    }
}

/// The mirrors that the machine's apt uses, likeliest first.
pub fn mirrors() -> Result<Vec<String>, DebianError> {
    let output = Process::new("apt-get").args(["--print-uris", "update"]).run()?;
    Ok(mirrors_of(&output.text()))
}

/// Reads mirrors out of what `apt-get --print-uris update` prints. Archives named after Debian come first:
/// a machine may have others, and security updates live in an archive of their own.
fn mirrors_of(uris: &str) -> Vec<String> {
    let mut mirrors: Vec<String> = Vec::new();
    for line in uris.lines() {
        let uri = line.trim_start_matches('\'').split('\'').next().unwrap_or_default();
        if let Some((mirror, _)) = uri.split_once("/dists/")
            && !mirrors.iter().any(|known| known == mirror)
        {
            mirrors.push(mirror.to_owned());
        }
    }
    mirrors.sort_by_key(|mirror| !mirror.trim_end_matches('/').ends_with("/debian"));
    mirrors
}

fn open_suite<'a>(
    name: &'a str,
    arch: Option<&'a str>,
    package: &str,
    cache: &Path,
) -> Result<(Suite<'a>, Vec<String>), DebianError> {
    let folder = arch.map_or(name.to_owned(), |arch| format!("{name}-{arch}"));
    let suite = Suite { name, dir: cache.join("apt").join(folder), arch };
    for part in ["state", "lists/partial", "cache/archives/partial"] {
        let dir = suite.dir.join(part);
        fs::create_dir_all(&dir).at("create", &dir)?;
    }
    for mirror in mirrors()? {
        if suite.update(&mirror)? {
            let versions = suite.versions(package)?;
            return Ok((suite, versions));
        }
    }
    Err(DebianError::NoMirror { suite: name.to_owned() })
}

/// The newest version of a package whose upstream version starts with `prefix`.
pub fn newest(package: &str, prefix: &str, suite: &str, cache: &Path) -> Result<String, DebianError> {
    let (_, versions) = open_suite(suite, None, package, cache)?;
    versions
        .into_iter()
        .find(|version| version.starts_with(prefix))
        .ok_or_else(|| DebianError::NoPackage { package: package.to_owned(), suite: suite.to_owned() })
}

/// Downloads a package of a suite into a folder and gives the file.
pub fn download(package: &str, version: &str, suite: &str, into: &Path) -> Result<PathBuf, DebianError> {
    let (view, versions) = open_suite(suite, None, package, into)?;
    if versions.is_empty() {
        return Err(DebianError::NoPackage { package: package.to_owned(), suite: suite.to_owned() });
    }
    if !versions.iter().any(|offered| offered == version) {
        return Err(DebianError::OtherVersion {
            package: package.to_owned(),
            version: version.to_owned(),
            suite: suite.to_owned(),
            offered: versions.join(", "),
        });
    }
    view.download(&format!("{package}={version}"))
}

/// Downloads the newest package that a suite has for another architecture, under Debian's name of it.
pub fn download_for(arch: &str, package: &str, suite: &str, into: &Path) -> Result<PathBuf, DebianError> {
    let (view, versions) = open_suite(suite, Some(arch), package, into)?;
    if versions.is_empty() {
        let package = format!("{package}:{arch}");
        return Err(DebianError::NoPackage { package, suite: suite.to_owned() });
    }
    view.download(package)
}

/// Downloads the newest sources that a suite has of a package, as upstream released them, and gives the archive.
pub fn download_source(package: &str, suite: &str, into: &Path) -> Result<PathBuf, DebianError> {
    let (view, _) = open_suite(suite, None, package, into)?;
    let list = view.dir.join("sources.list");
    let text = fs::read_to_string(&list).at("read", &list)?;
    fs::write(&list, text.replacen("deb ", "deb-src ", 1)).at("write", &list)?;
    view.apt("apt-get").args(["update", "--quiet=2"]).run()?;
    let dir = view.fresh_folder()?;
    view.apt("apt-get").args(["source", "--quiet=2", "--download-only", package]).dir(&dir).run()?;
    let files = fs::read_dir(&dir).at("read", &dir)?.flatten().map(|entry| entry.path());
    let is_upstream =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".orig.tar"));
    let missing = || DebianError::NoPackage { package: package.to_owned(), suite: suite.to_owned() };
    files.into_iter().find(is_upstream).ok_or_else(missing)
}

/// The backports of the release that this machine runs.
pub fn backports() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    format!("{}-backports", codename.unwrap_or("stable").trim_matches('"'))
}

/// Installs packages of a suite on this machine, with whatever they need of the machine's own suites. Needs root.
pub fn install(packages: &[&str], suite: &str, into: &Path) -> Result<(), DebianError> {
    let first = packages.first().copied().unwrap_or_default();
    let (view, _) = open_suite(suite, None, first, into)?;
    let lists = view.dir.join("install/partial");
    fs::create_dir_all(&lists).at("create", &lists)?;
    // The machine's sources, and the suite: in a list of our own, since apt's stays as it is.
    let path = view.dir.join("install.list");
    let own = fs::read_to_string("/etc/apt/sources.list").unwrap_or_default();
    let of_suite = view.dir.join("sources.list");
    let of_suite = fs::read_to_string(&of_suite).at("read", &of_suite)?;
    fs::write(&path, format!("{own}\n{of_suite}")).at("write", &path)?;
    let apt = || {
        let list = format!("Dir::Etc::SourceList={}", path.display());
        let lists = format!("Dir::State::Lists={}", view.dir.join("install").display());
        Process::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(["-o", &list, "-o", &lists])
    };
    apt().args(["update", "--quiet=2"]).run()?;
    let install = ["install", "--yes", "--quiet=2", "--no-install-recommends", "--target-release", suite];
    apt().args(install).args(packages).run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_come_from_apts_own_words() {
        let uris = "'http://s.example/debian-security/dists/x-security/InRelease' f 0\n\
                    'http://m.example/debian/dists/x/InRelease' f 0\n\
                    'http://m.example/debian/dists/x-updates/InRelease' f 0\n";
        assert_eq!(mirrors_of(uris), ["http://m.example/debian", "http://s.example/debian-security"]);
        assert!(mirrors_of("").is_empty());
    }
}
