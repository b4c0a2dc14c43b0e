// SPDX-License-Identifier: GPL-2.0-only

//! URLs of repositories: which ones git may be given, and which ones name the same repository.

/// Where a repository is, whatever way leads there. Two URLs of one repository have the same address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The host; none on this machine.
    host: Option<String>,
    path: String,
}

/// The ways to a repository that are used. Others, such as `ext::`, run programs.
const SCHEMES: [&str; 6] = ["https", "http", "ssh", "git+ssh", "git", "file"];

/// Hosts whose tree is the same under another name: what an ssh host is called for everybody else.
const HOSTS: [(&str, &str); 2] = [("ra.kernel.org", "git.kernel.org"), ("gitolite.kernel.org", "git.kernel.org")];

impl Address {
    /// The address that a URL leads to; none where it is no URL that may be used.
    pub fn of(url: &str) -> Option<Address> {
        let url = url.trim();
        if !is_safe(url) {
            return None;
        }
        if let Some((scheme, rest)) = url.split_once("://") {
            let scheme = scheme.to_ascii_lowercase();
            let (host, path) = rest.split_at(rest.find('/')?);
            return match SCHEMES.contains(&scheme.as_str()) {
                true if scheme == "file" => Some(Address::local(path)),
                true => Address::remote(host, path),
                false => None,
            };
        }
        match url.split_once(':') {
            // As ssh has it: user@host:path.
            Some((host, path)) if !host.contains('/') => Address::remote(host, path),
            _ if url.starts_with('/') => Some(Address::local(url)),
            _ => None,
        }
    }

    fn local(path: &str) -> Address {
        Address { host: None, path: clean(path) }
    }

    fn remote(host: &str, path: &str) -> Option<Address> {
        let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
        let host = match host.rsplit_once(':') {
            Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => host,
            Some(_) => return None,
            None => &host,
        };
        let known = HOSTS.iter().find(|(other, _)| *other == host).map(|(_, host)| *host);
        let host = known.unwrap_or(host.strip_prefix("ssh.").unwrap_or(host));
        let path = clean(path);
        // This host takes a name in any case.
        let path = if host == "github.com" { path.to_lowercase() } else { path };
        (!host.is_empty() && !path.is_empty()).then(|| Address { host: Some(host.to_owned()), path })
    }
}

/// Whether nothing in it can be taken for an option, another helper of git, or a command.
fn is_safe(url: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "'\"`$;&|<>(){}\\*?!^".contains(c);
    // `helper::address` makes git run git-remote-helper.
    !url.is_empty() && !url.starts_with('-') && !url.contains("::") && !url.contains(odd) && !host_is_option(url)
}

/// `ssh://-oProxyCommand=…/` would be an option of ssh.
fn host_is_option(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    host.split('@').any(|part| part.starts_with('-'))
}

/// A path without what does not matter.
fn clean(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path = parts.join("/");
    path.strip_suffix(".git").unwrap_or(&path).trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        Address::of(a).unwrap_or_else(|| panic!("{a}")) == Address::of(b).unwrap_or_else(|| panic!("{b}"))
    }

    #[test]
    fn one_repository_has_many_urls() {
        let url = "https://gitlab.freedesktop.org/drm/misc/kernel.git";
        for other in [
            "https://gitlab.freedesktop.org/drm/misc/kernel",
            "https://gitlab.freedesktop.org/drm/misc/kernel/",
            "https://gitlab.freedesktop.org/drm/misc/kernel.git/",
            "HTTPS://user@GitLab.freedesktop.org:443//drm/misc/kernel.git",
            "git@gitlab.freedesktop.org:drm/misc/kernel.git",
            "git@ssh.gitlab.freedesktop.org:drm/misc/kernel",
            "ssh.gitlab.freedesktop.org:/drm/misc/kernel",
            "ssh://git@ssh.gitlab.freedesktop.org/drm/misc/kernel.git",
            "ssh://git@ssh.gitlab.freedesktop.org:22/drm/misc/kernel.git",
        ] {
            assert!(same(url, other), "{other}");
        }
        let linus = "git://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git";
        assert!(same(linus, "gitolite.kernel.org:pub/scm/linux/kernel/git/torvalds/linux"));
        assert!(same("https://github.com/Rust-for-Linux/linux", "git@github.com:rust-for-linux/linux.git"));
        assert!(same("/srv/git/linux.git", "file:///srv//git/linux"));
    }

    #[test]
    fn others_are_others() {
        let url = "https://gitlab.freedesktop.org/drm/kernel.git";
        for other in [
            "https://gitlab.freedesktop.org/drm/misc/kernel.git",
            "https://gitlab.example/drm/kernel.git",
            "https://gitlab.freedesktop.org/DRM/kernel.git",
            "/drm/kernel.git",
        ] {
            assert!(!same(url, other), "{other}");
        }
    }

    #[test]
    fn what_could_run_something_has_no_address() {
        for bad in [
            "",
            "-upload-pack=id",
            "--upload-pack=id",
            "ext::sh -c id",
            "ext::sh",
            "fd::3",
            "ssh://-oProxyCommand=id/x",
            "ssh://git@-oProxyCommand=id/x",
            "-oProxyCommand=id:x",
            "https://host/$(id)",
            "https://host/a`id`",
            "https://host/a b",
            "https://host/a;id",
            "https://host/a\nb",
            "https://host",
            "https://host:x1/a",
            "https:///a",
            "ftp://host/a",
            "relative/path",
            "host:",
        ] {
            assert_eq!(Address::of(bad), None, "{bad}");
        }
    }
}
