// SPDX-License-Identifier: GPL-2.0-only

//! Branches of the tip that are not in the repository: the tip is made without them, and says so.

use crate::neighbours::plan::{Missing, PlanError};

/// What a person should know about them. One of our own that must be there is an error.
pub(super) fn notices(missing: Vec<Missing>, has_history: bool, place: &str) -> Result<Vec<String>, PlanError> {
    let (mut optional, mut no_remote, mut notices) = (Vec::new(), Vec::new(), Vec::new());
    let mut lines: Vec<String> = Vec::new();
    for Missing { tree, branch, why } in missing {
        let name = format!("{tree}/{branch}");
        match why {
            None => optional.push(name),
            Some(PlanError::NoRemote(remotes)) => {
                no_remote.push(name);
                lines.extend(remotes.into_iter().map(|(_, line)| line));
            }
            Some(error @ PlanError::NoOwn(_)) => return Err(error),
            Some(error) => notices.push(format!("{error}: the tip goes without {name}")),
        }
    }
    if !no_remote.is_empty() {
        let names = no_remote.join(", ");
        notices.insert(
            0,
            match has_history {
                true => {
                    lines.dedup();
                    format!("no remote of {place}/ has {names}: the tip goes without them\n  {}", lines.join("\n  "))
                }
                false => format!(
                    "linux/ stands on a release without its history: the tip goes without {names}\n  \
                 drm-rust tree --base git:PATH#REV   takes a clone that has it"
                ),
            },
        );
    }
    if !optional.is_empty() {
        notices.push(format!("not there, and need not be: {}", optional.join(", ")));
    }
    Ok(notices)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(name: &str, why: Option<PlanError>) -> Missing {
        let (tree, branch) = name.split_once('/').unwrap();
        Missing { tree: tree.parse().unwrap(), branch: branch.parse().unwrap(), why }
    }

    #[test]
    fn each_reason_has_its_notice() {
        let no_remote = |tree: &str| {
            Some(PlanError::NoRemote(vec![(tree.parse().unwrap(), format!("git -C linux remote add {tree} URL"))]))
        };
        let all = || {
            vec![
                missing("drm/drm-fixes", no_remote("drm")),
                missing("drm/drm-next", no_remote("drm")),
                missing(
                    "rust/rust-next",
                    Some(PlanError::NoBranch { remote: "x".into(), branch: "rust-next".parse().unwrap() }),
                ),
                missing("drm-rust/drm-rust-fixes", None),
            ]
        };
        insta::assert_snapshot!(notices(all(), true, "linux").unwrap().join("\n"), @"
        no remote of linux/ has drm/drm-fixes, drm/drm-next: the tip goes without them
          git -C linux remote add drm URL
        the remote `x` has no rust-next: the tip goes without rust/rust-next
        not there, and need not be: drm-rust/drm-rust-fixes
        ");
        insta::assert_snapshot!(notices(all(), false, "linux").unwrap()[0], @"
        linux/ stands on a release without its history: the tip goes without drm/drm-fixes, drm/drm-next
          drm-rust tree --base git:PATH#REV   takes a clone that has it
        ");
        let own = PlanError::NoOwn("drm-rust-next".parse().unwrap());
        assert!(notices(vec![missing("drm-rust/drm-rust-next", Some(own))], true, "linux").is_err());
    }
}
