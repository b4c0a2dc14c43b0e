// SPDX-License-Identifier: GPL-2.0-only

//! `ci`: the plans, and that the one of this repository is up to date.

use std::fs;
use std::path::Path;

use drm_rust::kernel::arch::ARCHES;

use crate::env::Env;

#[test]
fn the_pipeline_of_this_repository_is_the_plan() {
    let plan = Env::new().run(&["ci", "plan", "--format", "gitlab"]).ok().stdout;
    let written = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.gitlab-ci.yml")).unwrap();
    assert!(written == plan, "run `drm-rust ci plan --format gitlab --output .gitlab-ci.yml` at the top");
}

#[test]
fn every_job_of_the_pipeline_is_complete() {
    let plan = Env::new().run(&["ci", "plan", "--format", "gitlab"]).ok().stdout;
    let plan: serde_norway::Value = serde_norway::from_str(&plan).unwrap();
    let jobs = plan.as_mapping().unwrap();
    let cells: Vec<_> = jobs.iter().filter(|(name, _)| name.as_str().unwrap().contains(' ')).collect();
    assert_eq!(cells.len(), 3 * ARCHES.len());
    for (name, job) in cells {
        for key in ["extends", "variables", "script"] {
            assert!(job.get(key).is_some(), "{name:?} has no {key}");
        }
        let base = jobs.get(&job["extends"]).unwrap();
        assert_eq!(base["extends"], ".cell");
        for need in job["needs"].as_sequence().unwrap() {
            assert!(jobs.get(need).is_some(), "{name:?} needs {need:?}, which is no job");
        }
    }
}

#[test]
fn a_plan_is_written_to_a_file() {
    let env = Env::new();
    let stdout = env.run(&["ci", "plan", "--format", "tuxsuite"]).ok().stdout;
    let run = env.run(&["ci", "plan", "--format", "tuxsuite", "--output", "plan.yml"]).ok();
    assert_eq!(run.stdout, "");
    assert_eq!(fs::read_to_string(env.root().join("plan.yml")).unwrap(), stdout);
    insta::assert_snapshot!(env.run(&["ci", "plan", "--format", "tuxsuite", "--output", "no/plan.yml"]), @"
    ----- stderr
    error: cannot write $DIR/checkout/no/plan.yml
    caused by: No such file or directory (os error 2)
    hint: the path does not exist; check its spelling
    ----- exit 1
    ");
    insta::assert_snapshot!(env.run(&["ci", "plan", "--format", "jenkins"]), @"
    ----- stderr
    error: invalid value 'jenkins' for '--format <SYSTEM>'
      [possible values: gitlab, tuxsuite]

    For more information, try '--help'.
    ----- exit 2
    ");
}
