// SPDX-License-Identifier: GPL-2.0-only

//! A commit tells where it was discussed.

use crate::check::scope::Patch;

/// Where message ids lead to.
const ARCHIVES: [&str; 3] =
    ["https://patch.msgid.link/", "https://lore.kernel.org/", "https://patchwork.freedesktop.org/patch/msgid/"];

/// What is wrong with `Link:`.
pub fn problems(patch: &Patch) -> Vec<String> {
    let mut links = patch.trailers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("link"));
    if patch.is_merge() || links.any(|(_, value)| is_discussion(value)) {
        return Vec::new();
    }
    vec!["it has no `Link: https://patch.msgid.link/<message-id>`".to_owned()]
}

/// Whether a URL names a message of an archive. A note such as `# v1` may follow it.
fn is_discussion(value: &str) -> bool {
    let url = value.split_whitespace().next().unwrap_or_default();
    let path = ARCHIVES.iter().find_map(|archive| url.strip_prefix(archive));
    path.is_some_and(|path| {
        let id = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let (local, host) = id.rsplit_once('@').unwrap_or_default();
        !local.is_empty() && !host.is_empty()
    })
}

/// Whether it is a URL at all.
pub fn is_url(value: &str) -> bool {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.split('/').next().is_some_and(|host| host.contains('.')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::scope::tests::patch;

    #[test]
    fn a_link_names_a_message() {
        for good in [
            "https://patch.msgid.link/1-a@b.example",
            "https://lore.kernel.org/r/1@b.example",
            "https://lore.kernel.org/dri-devel/1@b.example/ # v1",
        ] {
            assert!(problems(&patch("x: y", &[("Link", good)])).is_empty(), "{good}");
        }
        for bad in [
            "https://patch.msgid.link/",
            "https://patch.msgid.link/@",
            "https://lore.kernel.org/dri-devel/",
            "https://patch.msgid.link.evil.example/1@b",
            "http://a.example/1@b",
            "1@b.example",
        ] {
            assert_eq!(problems(&patch("x: y", &[("Link", bad)])).len(), 1, "{bad}");
        }
        assert_eq!(problems(&patch("x: y", &[("Closes", "https://patch.msgid.link/1@b")])).len(), 1);
    }
}
