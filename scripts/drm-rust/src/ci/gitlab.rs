// SPDX-License-Identifier: GPL-2.0-only

//! The pipeline for GitLab: `.gitlab-ci.yml` is what this writes.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::{Cell, Check, cells, yaml};
use crate::kernel::arch::Machine;

/// Everything but the cells.
const HEAD: &str = include_str!("gitlab.yml");

/// Jobs by name, in the order of the table.
struct Jobs(Vec<(String, Job)>);

impl Serialize for Jobs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, job)| (name, job)))
    }
}

#[derive(Serialize)]
struct Job {
    extends: &'static str,
    needs: Vec<String>,
    variables: BTreeMap<&'static str, String>,
    script: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifacts: Option<Artifacts>,
}

#[derive(Serialize)]
struct Artifacts {
    paths: Vec<String>,
}

/// The pipeline.
pub fn pipeline() -> String {
    HEAD.to_owned() + &yaml(&Jobs(cells().map(|cell| (name(cell), job(cell))).collect()))
}

fn name(cell: Cell) -> String {
    format!("{} {}", cell.check.name(), cell.arch)
}

fn job(cell: Cell) -> Job {
    let dir = cell.request().name();
    let mut needs = vec!["tree".to_owned()];
    if cell.check == Check::Test {
        needs.push(name(Cell { check: Check::Build, ..cell }));
    }
    let runs = cell.check != Check::Build;
    let qemu = if runs && cell.arch.machine != Machine::Uml { " --qemu" } else { "" };
    let files = [".config", ".drm-rust.json", "build.log", cell.arch.image];
    let paths = || files.map(|file| format!("build/{dir}/{file}")).to_vec();
    Job {
        extends: if runs { ".test" } else { ".build" },
        needs,
        script: vec![format!("drm-rust setup{qemu}"), cell.command()],
        artifacts: (!runs).then(|| Artifacts { paths: paths() }),
        variables: [("KERNEL", dir)].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_jobs() {
        let pipeline = pipeline();
        let start = pipeline.find("test arm64:").unwrap();
        let jobs: String = pipeline[start..].lines().take(23).map(|line| format!("{line}\n")).collect();
        insta::assert_snapshot!(jobs, @"
        test arm64:
          extends: .test
          needs:
          - tree
          - build arm64
          variables:
            KERNEL: arm64
          script:
          - drm-rust setup --qemu
          - drm-rust test arm64
        debug arm64:
          extends: .test
          needs:
          - tree
          variables:
            KERNEL: arm64-debug
          script:
          - drm-rust setup --qemu
          - drm-rust test arm64 --variant debug
        build riscv:
          extends: .build
          needs:
          - tree
        ");
    }
}
