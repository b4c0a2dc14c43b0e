// SPDX-License-Identifier: GPL-2.0-only

//! A clone whose history is deep: commands ask for what they need, and never walk all of it.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::pick::Lab;

/// Commits of Linus's tree; every tenth is a merge, every twentieth fixes another one.
const COMMITS: usize = 100_000;
/// What a command may take while other tests run beside it. Alone each takes less than half a second.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 6 } else { 2 });

/// Commits on top of Linus's tree, for git fast-import.
fn stream() -> String {
    let mut out = String::from("reset refs/remotes/linus/master\nfrom refs/tags/v9.10-rc2\n\n");
    for n in 1..=COMMITS {
        let (folder, file) = (n * 7919 % 20, n * 104_729 % 25);
        let mut message = format!("part{folder}: change file {file} for the {n}th time\n\nIt was due.\n\n");
        if n % 20 == 0 {
            writeln!(
                message,
                "Fixes: {:012x} (\"part{}: change it\")",
                n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16,
                n % 400
            )
            .unwrap();
        }
        message += "Reviewed-by: R <r@kernel.example>\nSigned-off-by: A. Dev <dev@kernel.example>\n";
        let time = 1_500_000_000 + n * 600;
        let person = format!("A. Dev <dev@kernel.example> {time} +0000");
        write!(out, "commit refs/remotes/linus/master\nmark :{n}\nauthor {person}\ncommitter {person}\n").unwrap();
        write!(out, "data {}\n{message}", message.len()).unwrap();
        if n % 10 == 0 && n > 20 {
            writeln!(out, "merge :{}", n - 15).unwrap();
        }
        let text = format!("{n}\n");
        write!(out, "M 100644 inline drivers/part{folder}/file{file}.c\ndata {}\n{text}\n", text.len()).unwrap();
    }
    out + "done\n"
}

/// A laboratory where Linus's tree has gone on for long since the tags, with the other branches on top of it.
fn lab() -> Lab {
    let lab = Lab::new();
    let path = lab.env.home().join("stream");
    fs::write(&path, stream()).unwrap();
    let mut import = Command::new("git");
    import.args(["fast-import", "--quiet", "--done", "--force"]).current_dir(&lab.clone);
    assert!(import.stdin(File::open(&path).unwrap()).status().unwrap().success());
    for name in
        ["refs/tags/v9.10-rc3", "refs/remotes/drm/drm-next", "refs/heads/drm-rust-fixes", "refs/heads/drm-rust-next"]
    {
        lab.git(&["update-ref", name, "refs/remotes/linus/master"]);
    }
    // As `git gc` leaves it: without it git reads each commit to tell which is an ancestor of which.
    lab.git(&["commit-graph", "write", "--reachable"]);
    lab
}

#[test]
fn no_command_walks_a_deep_history() {
    let lab = lab();
    assert!(lab.git(&["rev-list", "--count", "linus/master"]).parse::<usize>().unwrap() > COMMITS);
    let fix = lab.fix("late.c");
    let bug = lab.git(&["rev-parse", "v9.9"]);
    let range = format!("{fix}~20..{fix}");
    let base = format!("git:{}#linus/master", lab.clone.display());
    lab.env.run(&["tree", "--base", &base]).ok();
    let check = lab.env.run(&["check", "rust/alpha", "--only", "subject"]);
    assert!(!check.stderr.contains("no public tree has"), "{check}");
    let repo = ["--repo", "../clone"];
    let mut times = Vec::new();
    for (args, codes) in [
        (&["tree"][..], &[0][..]),
        (&["status"], &[0]),
        (&[&repo[..], &["cite", &bug]].concat(), &[0]),
        (&[&repo[..], &["route", &fix]].concat(), &[0]),
        (&[&repo[..], &["fixes", &bug]].concat(), &[0]),
        (&[&repo[..], &["review", &range]].concat(), &[0, 4]),
        (&[&repo[..], &["cherry-pick", &fix, "--dry-run"]].concat(), &[0]),
    ] {
        let time = || {
            let begun = Instant::now();
            let run = lab.env.run(args);
            assert!(codes.contains(&run.code), "{args:?}: {run}");
            begun.elapsed()
        };
        // Something else may run by the way.
        times.push(([time(), time(), time()].into_iter().min(), args.join(" ")));
    }
    times.sort();
    let told: String =
        times.iter().map(|(time, args)| format!("{:5.2} s  {args}\n", time.unwrap().as_secs_f64())).collect();
    assert!(times.iter().all(|(time, _)| *time < Some(LIMIT)), "\n{told}");
}
