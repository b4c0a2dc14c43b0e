// SPDX-License-Identifier: GPL-2.0-only

//! `tree plan` and `tree import-nightly`: the trees we live with, in clones as people have them.

use std::fs;

use crate::env::{Env, hide_ids};

const TIP: &str =
    "\n[[tip]]\ntree = 'drm'\nbranch = 'drm-fixes'\n\n[[tip]]\ntree = 'drm-rust'\nbranch = 'drm-rust-next'\n";

fn with_tip() -> Env {
    let env = Env::new();
    let path = "scripts/drm-rust/trees.toml";
    let text = fs::read_to_string(env.root().join(path)).unwrap();
    env.write(path, &(text + TIP));
    env
}

#[test]
fn a_clone_with_remotes_of_any_name_works_as_it_is() {
    let env = with_tip();
    let clone = env.clone_of_linux("clone");
    let git = |args: &[&str]| env.git_in(&clone, args);
    assert!(
        env.run(&["--repo", "../clone", "tree", "plan"])
            .stderr
            .contains("git -C ../clone remote add drm https://git.example/drm.git")
    );
    git(&["remote", "add", "airlied", "ssh://git@ssh.git.example:22/drm/"]);
    let run = env.run(&["--repo", "../clone", "tree", "plan"]);
    assert!(
        run.stderr.starts_with("error: the remote `airlied` has no drm-fixes\nhint: git -C ../clone fetch airlied;"),
        "{run}"
    );
    git(&["update-ref", "refs/remotes/airlied/drm-fixes", "HEAD"]);
    git(&["branch", "drm-rust-next"]);
    let run = env.run(&["--repo", "../clone", "tree", "plan"]).ok();
    insta::assert_snapshot!(hide_ids(&run.stdout), @"
    ID  drm          drm-fixes            refs/remotes/airlied/drm-fixes
    ID  drm-rust     drm-rust-next        refs/heads/drm-rust-next
    ");
    let json = env.run(&["--repo", "../clone", "tree", "plan", "--json"]).ok().stdout;
    let steps: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(steps[0]["tree"], "drm");
    assert_eq!(steps[1]["reference"], "refs/heads/drm-rust-next");
    // A bare clone, and a work tree of a clone, are as good.
    git(&["worktree", "add", "--quiet", "--detach", "../second"]);
    git(&["clone", "--quiet", "--mirror", ".", "../bare.git"]);
    assert_eq!(env.run(&["--repo", "../second", "tree", "plan", "--json"]).ok().stdout, json);
    env.git_in(&clone.with_file_name("bare.git"), &["remote", "set-url", "origin", "https://git.example/drm"]);
    git(&["branch", "drm-fixes"]);
    env.git_in(&clone.with_file_name("bare.git"), &["branch", "drm-fixes"]);
    let bare = env.run(&["--repo", "../bare.git", "tree", "plan"]).ok().stdout;
    assert!(bare.contains("refs/heads/drm-fixes"), "{bare}");
}

#[test]
fn commands_that_work_on_linux_alone_refuse_another_clone() {
    let env = Env::new();
    let run = env.run(&["--repo", "/", "status"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.starts_with("error: `drm-rust status` works on linux/ only\nhint: "), "{run}");
    let run = env.run(&["--repo", "/nowhere", "tree", "plan"]);
    assert!(run.code == 1 && run.stderr.starts_with("error: /nowhere is no git repository\nhint: "), "{run}");
    // A folder of a repository is not meant: the checkout itself is around it.
    let run = env.run(&["--repo", "scripts", "tree", "plan"]);
    assert!(run.code == 1 && run.stderr.contains("scripts is of the checkout of DRM-Rust"), "{run}");
}

const NIGHTLY: &str = "drm_tip_repos[drm]=\"\nhttps://git.example/drm.git\n\"\n\
    drm_tip_config=(\n\t\"drm\t\tdrm-next\"\n\t\"drm\t\tdrm-fixes\"\n)\n";

#[test]
fn nightly_conf_is_shown_and_then_taken() {
    let env = with_tip();
    fs::write(env.home().join("nightly.conf"), NIGHTLY).unwrap();
    let before = fs::read_to_string(env.root().join("scripts/drm-rust/trees.toml")).unwrap();
    let run = env.run(&["tree", "import-nightly", "../home/nightly.conf"]).ok();
    insta::assert_snapshot!(run, @r#"
    --- a/scripts/drm-rust/trees.toml
    +++ b/scripts/drm-rust/trees.toml
    @@ -12,6 +12,10 @@
     cc = ['rust@lists.example']
     
     [[tip]]
    +tree = "drm"
    +branch = "drm-next"
    +
    +[[tip]]
     tree = 'drm'
     branch = 'drm-fixes'
     
    ----- stderr
    nothing is written; --write does it
    ----- exit 0
    "#);
    assert_eq!(fs::read_to_string(env.root().join("scripts/drm-rust/trees.toml")).unwrap(), before);
    env.run(&["tree", "import-nightly", "--write", "../home/nightly.conf"]).ok();
    let run = env.run(&["tree", "import-nightly", "--write", "../home/nightly.conf"]).ok();
    assert!(run.stdout.is_empty() && run.stderr.starts_with("nothing changes"), "{run}");
}

#[test]
fn nightly_conf_is_never_run() {
    let env = with_tip();
    let trap = env.home().join("trap");
    for code in ["$(touch TRAP)", "`touch TRAP`", "\"; touch TRAP #", "\n\"\ntouch TRAP\nx=\""] {
        let code = code.replace("TRAP", &trap.display().to_string());
        fs::write(env.home().join("nightly.conf"), NIGHTLY.replace("drm.git", &format!("drm.git{code}"))).unwrap();
        let run = env.run(&["tree", "import-nightly", "--write", "../home/nightly.conf"]);
        assert_eq!(run.code, 1, "{code}: {run}");
        assert!(run.stderr.starts_with("error: line "), "{code}: {run}");
        assert!(!trap.exists(), "{code}");
    }
}
