// SPDX-License-Identifier: GPL-2.0-only

//! Other people's repositories in tests: real bare ones, over file:// and git's own protocol; and real signatures.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::env::Env;

/// Gives the person of a test an ssh key, and a git that signs with it and trusts it.
pub(crate) fn sign(env: &Env) {
    let key = env.home().join("key");
    let made = env.command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status().unwrap();
    assert!(made.success());
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    fs::write(env.home().join("signers"), format!("tester@drm-rust.example {public}")).unwrap();
    let home = env.home();
    let config = format!(
        "[user]\n\tsigningKey = {0}/key.pub\n[gpg]\n\tformat = ssh\n[gpg \"ssh\"]\n\tallowedSignersFile = {0}/signers\n",
        home.display()
    );
    fs::write(home.join(".gitconfig"), config).unwrap();
}

/// The same with a gpg key, if this machine has gpg.
pub(crate) fn sign_with_gpg(env: &Env) -> bool {
    let make = ["--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "tester@drm-rust.example", "ed25519"];
    let home = env.home().join(".gnupg");
    fs::create_dir_all(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let Ok(made) = env.command("gpg").args(make).args(["sign", "never"]).status() else { return false };
    assert!(made.success());
    fs::write(env.home().join(".gitconfig"), "[user]\n\tsigningKey = tester@drm-rust.example\n").unwrap();
    true
}

/// A bare repository beside the checkout.
pub(crate) fn bare(env: &Env, name: &str) -> PathBuf {
    let dir = env.home().join(name);
    env.git(&["init", "--quiet", "--bare", "--initial-branch=main", dir.to_str().unwrap()]);
    dir
}

/// A hook of a bare repository.
pub(crate) fn hook(repo: &Path, name: &str, script: &str) {
    let path = repo.join("hooks").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn no_hook(repo: &Path, name: &str) {
    fs::remove_file(repo.join("hooks").join(name)).unwrap();
}

/// Every reference of a repository.
pub(crate) fn refs(env: &Env, repo: &Path) -> String {
    env.git_in(repo, &["for-each-ref", "--format=%(refname) %(objectname)"])
}

/// Removes references that fit patterns.
pub(crate) fn forget(env: &Env, repo: &Path, patterns: &[&str]) {
    for name in env.git_in(repo, &[&["for-each-ref", "--format=%(refname)"], patterns].concat()).lines() {
        env.git_in(repo, &["update-ref", "-d", name]);
    }
}

/// Makes a repository our tree, which takes topics: `linux/` has it as the remote `ours`.
pub(crate) fn make_ours(env: &Env, url: &str) {
    let path = "scripts/drm-rust/trees.toml";
    let text = fs::read_to_string(env.root().join(path)).unwrap();
    let https = format!("https = ['https://git.example/drm-rust.git', '{url}']\npush = ['topic/*', 'for-linux-next*']");
    env.write(path, &text.replace("https = ['https://git.example/drm-rust.git']", &https));
    env.commit("our tree");
    env.linux_git(&["remote", "add", "ours", url]);
}

/// A git daemon that serves the home of a test on loopback, for reading and writing.
pub(crate) struct Daemon {
    child: Child,
    port: u16,
}

impl Daemon {
    pub(crate) fn start(env: &Env) -> Daemon {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Daemon::start_at(env, port)
    }

    pub(crate) fn start_at(env: &Env, port: u16) -> Daemon {
        let program = PathBuf::from(env.git(&["--exec-path"])).join("git-daemon");
        let base = format!("--base-path={}", env.home().display());
        let mut command = env.command(program.to_str().unwrap());
        command
            .args(["--listen=127.0.0.1", &format!("--port={port}"), &base, "--reuseaddr", "--export-all"])
            .args(["--enable=receive-pack", &format!("--pid-file={}", env.home().join("daemon.pid").display())])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let daemon = Daemon { child: command.spawn().unwrap(), port };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return daemon;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("git daemon does not listen");
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("git://127.0.0.1:{}/{name}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
