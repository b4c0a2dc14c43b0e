// SPDX-License-Identifier: GPL-2.0-only

//! Which branch a patch belongs to, and why: pure, from where the bug is.

use serde::Serialize;

use super::Phase;

/// Where a commit is that a patch fixes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Linus has it.
    Linus,
    /// drm-next has it, and so has drm-rust-next.
    DrmNext,
    /// drm-next has it, but not drm-rust-next.
    Upstream,
    /// drm-rust-next alone has it.
    Ours,
    /// The repository has it, but none of these branches.
    Elsewhere,
    /// The repository does not have it.
    Nowhere,
}

/// A commit that a patch fixes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// As the trailer cites it.
    pub cite: String,
    /// Where it is.
    pub place: Place,
}

/// The branch of a patch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The branch.
    pub branch: &'static str,
    /// Why.
    pub reasons: Vec<String>,
}

const NOT_OURS: &str = "none of Linus's tree, drm-next and drm-rust-next has";

/// A patch fixes a commit that is in none of the branches.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the patch fixes {cite}, which {}", .known.then_some(NOT_OURS).unwrap_or("is not in the repository"))]
pub struct Undecided {
    /// The commit.
    pub cite: String,
    /// Whether the repository has it.
    pub known: bool,
}

/// Decides. `stable` tells whether the patch asks for stable kernels.
pub fn route(phase: Phase, stable: bool, faults: &[Fault]) -> Result<Route, Undecided> {
    let route = |branch, reasons| Ok(Route { branch, reasons });
    if faults.is_empty() {
        return match stable {
            true => route("drm-rust-fixes", vec!["it is for stable kernels: the bug is in a release".to_owned()]),
            false => route("drm-rust-next", vec!["it fixes no commit: it has no Fixes: trailer".to_owned()]),
        };
    }
    if let Some(lost) = faults.iter().find(|fault| matches!(fault.place, Place::Elsewhere | Place::Nowhere)) {
        return Err(Undecided { cite: lost.cite.clone(), known: lost.place == Place::Elsewhere });
    }
    // A patch needs everything that it fixes: the youngest bug decides.
    let branch = |fault: &Fault| match (&fault.place, phase) {
        (Place::Linus, _) => (0, "drm-rust-fixes"),
        (Place::DrmNext, Phase::Freeze | Phase::MergeWindow) => (1, "drm-rust-next-fixes"),
        _ => (2, "drm-rust-next"),
    };
    let reasons = faults.iter().map(|fault| reason(fault, phase)).collect();
    let (_, branch) = faults.iter().map(branch).max().expect("there is one");
    route(branch, reasons)
}

fn reason(fault: &Fault, phase: Phase) -> String {
    let place = match (&fault.place, phase) {
        (Place::Linus, _) => "which Linus's tree has".to_owned(),
        (Place::DrmNext, Phase::Open) => "which drm-next has, and drm-next is open".to_owned(),
        (Place::DrmNext, phase) => format!("which drm-next has, in the {}", phase.name()),
        (Place::Upstream, _) => "which drm-next has, but not drm-rust-next: it needs a backmerge first".to_owned(),
        _ => "which only drm-rust-next has".to_owned(),
    };
    format!("it fixes {}, {place}", fault.cite)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(phase: Phase, stable: bool, places: &[Place]) -> Result<&'static str, bool> {
        let faults: Vec<Fault> = places.iter().map(|place| Fault { cite: "1".into(), place: place.clone() }).collect();
        let route = route(phase, stable, &faults).map_err(|undecided| undecided.known)?;
        assert_eq!(route.reasons.len(), places.len().max(1));
        Ok(route.branch)
    }

    #[test]
    fn the_table() {
        use Phase::*;
        use Place::*;
        for phase in [MergeWindow, Open, Freeze] {
            assert_eq!(branch(phase, false, &[]), Ok("drm-rust-next"));
            assert_eq!(branch(phase, true, &[]), Ok("drm-rust-fixes"));
            assert_eq!(branch(phase, false, &[Linus]), Ok("drm-rust-fixes"));
            assert_eq!(branch(phase, true, &[Linus, Linus]), Ok("drm-rust-fixes"));
            assert_eq!(branch(phase, true, &[Ours]), Ok("drm-rust-next"));
            assert_eq!(branch(phase, true, &[Upstream]), Ok("drm-rust-next"));
            assert_eq!(branch(phase, false, &[Linus, Ours]), Ok("drm-rust-next"));
            assert_eq!(branch(phase, false, &[Linus, Nowhere]), Err(false));
            assert_eq!(branch(phase, false, &[Elsewhere]), Err(true));
        }
        assert_eq!(branch(Open, false, &[DrmNext]), Ok("drm-rust-next"));
        for late in [Freeze, MergeWindow] {
            assert_eq!(branch(late, false, &[DrmNext]), Ok("drm-rust-next-fixes"));
            assert_eq!(branch(late, false, &[DrmNext, Linus]), Ok("drm-rust-next-fixes"));
            assert_eq!(branch(late, false, &[DrmNext, Ours]), Ok("drm-rust-next"));
        }
    }
}
