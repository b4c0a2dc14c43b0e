// SPDX-License-Identifier: GPL-2.0-only

//! Checkouts of this repository whose files git converts: the same commits, or an error that says so.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::env::Env;

/// What the other clones have: the branches of an unconverted checkout.
fn plain() -> String {
    let env = env();
    env.run(&["tree"]).ok();
    branches(&env)
}

fn branches(env: &Env) -> String {
    env.linux_git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"])
}

/// A topic with a keyword that git may expand.
fn env() -> Env {
    let env = Env::with_alpha();
    env.write("rust/kernel/alpha.rs", "//! Alpha \u{e9}.\n// $Id$\npub struct Alpha;\n");
    env.commit("keyword");
    env
}

/// A setting of a person: `git config` for `key=value`, or a line of attributes.
#[derive(Clone, Copy, Debug)]
enum Conversion {
    /// Settings of this clone.
    Config(&'static [(&'static str, &'static str)]),
    /// A line of info/attributes.
    Info(&'static str, &'static [(&'static str, &'static str)]),
    /// A line of the person's attributes for all clones.
    Global(&'static str),
}
use Conversion::{Config, Global, Info};

/// Letters move on by 13 places: twice, they are where they were.
const ROT: &[(&str, &str)] =
    &[("filter.rot.smudge", "tr a-zA-Z n-za-mN-ZA-M"), ("filter.rot.clean", "tr a-zA-Z n-za-mN-ZA-M")];

const CONVERSIONS: [(Conversion, bool); 13] = [
    (Config(&[("core.autocrlf", "true")]), true),
    // Nothing is converted on the way out, and the way back changes nothing.
    (Config(&[("core.autocrlf", "input")]), false),
    (Config(&[("core.eol", "crlf")]), false),
    (Config(&[("core.autocrlf", "true"), ("core.safecrlf", "true")]), true),
    (Info("* text=auto eol=crlf", &[]), true),
    (Info("*.toml text eol=crlf", &[]), true),
    (Info("*.rs ident", &[]), true),
    (Info("*.rs working-tree-encoding=UTF-16", &[]), true),
    (Info("*.rs filter=rot", ROT), true),
    (Info("*.rs filter=nowhere", &[]), false),
    (Info("*.rs text eol=lf", &[]), false),
    (Global("* text eol=crlf"), true),
    (Global("*.rs ident"), true),
];

fn convert(env: &Env, conversion: Conversion) {
    let set = |settings: &[(&str, &str)]| settings.iter().for_each(|(k, v)| drop(env.git(&["config", k, v])));
    match conversion {
        Config(settings) => set(settings),
        Info(line, settings) => {
            set(settings);
            fs::create_dir_all(env.root().join(".git/info")).unwrap();
            fs::write(env.root().join(".git/info/attributes"), format!("{line}\n")).unwrap();
        }
        Global(line) => {
            let path = env.home().join("attributes");
            fs::write(&path, format!("{line}\n")).unwrap();
            env.git(&["config", "--global", "core.attributesFile", path.to_str().unwrap()]);
        }
    }
    // As a clone has them.
    env.git(&["rm", "--quiet", "--cached", "-r", "."]);
    env.git(&["reset", "--quiet", "--hard"]);
    assert_eq!(env.git(&["status", "--porcelain"]), "", "{conversion:?}");
}

#[test]
fn conversions_give_the_same_commits_or_are_told() {
    let plain = plain();
    for (conversion, is_told) in CONVERSIONS {
        let env = env();
        convert(&env, conversion);
        let run = env.run(&["tree"]);
        if is_told {
            assert_eq!(run.code, 1, "{conversion:?}: {run}");
            assert!(run.stderr.contains("of this checkout otherwise than here"), "{conversion:?}: {run}");
            assert!(run.stderr.contains(": git converts its content"), "{conversion:?}: {run}");
            assert!(!env.root().join("linux").exists());
        } else {
            run.ok();
            assert_eq!(branches(&env), plain, "{conversion:?}");
            assert_eq!(env.linux_git(&["status", "--porcelain"]), "", "{conversion:?}");
        }
    }
}

/// What this repository says of its own files: only the attributes of one clone are stronger.
#[test]
fn this_repository_says_that_nothing_is_converted() {
    let attributes = include_str!("../../../../.gitattributes");
    let refs = |conversion: Option<Conversion>| {
        let env = env();
        env.write(".gitattributes", attributes);
        env.commit("attributes");
        conversion.iter().for_each(|conversion| convert(&env, *conversion));
        env.run(&["tree"]).ok();
        branches(&env)
    };
    let plain = refs(None);
    assert_eq!(plain, self::plain());
    for (conversion, _) in CONVERSIONS.iter().filter(|(conversion, _)| !matches!(conversion, Info(..))) {
        assert_eq!(refs(Some(*conversion)), plain, "{conversion:?}");
    }
}

#[test]
fn the_way_out_of_a_conversion_works() {
    let env = env();
    convert(&env, Config(&[("core.autocrlf", "true")]));
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: git stores 4 files of this checkout otherwise than here:
      rust/kernel/alpha.rs: git converts its content
      scripts/drm-rust/topics/rust/alpha.toml: git converts its content
      scripts/drm-rust/base.toml: git converts its content
      scripts/drm-rust/trees.toml: git converts its content
    hint: others would get other commits. `git check-attr --all FILE` and `git config --show-origin core.autocrlf`
          tell why. Take that away, stage what you have changed, and let git write the files anew:
          git checkout-index --force --all
    ----- exit 1
    ");
    env.git(&["config", "core.autocrlf", "false"]);
    env.git(&["checkout-index", "--force", "--all"]);
    env.run(&["tree"]).ok();
    assert_eq!(branches(&env), plain());
}

#[test]
fn an_absorb_writes_nothing_into_a_converted_checkout() {
    let env = crate::absorb::env();
    env.linux_git(&["commit", "--quiet", "--allow-empty", "--message", "x"]);
    env.write("linux/rust/kernel/alpha.rs", "//! More.\n");
    env.linux_git(&["commit", "--quiet", "--amend", "-a", "--message", "drm-rust: alpha: add more"]);
    convert(&env, Config(&[("core.autocrlf", "true")]));
    let run = env.run(&["absorb", "rust/alpha"]);
    assert!(run.code == 1 && run.stderr.contains("git converts its content"), "{run}");
    assert_eq!(env.git(&["status", "--porcelain"]), "");
}

#[test]
fn modes_and_links_are_those_of_git() {
    let plain = plain();
    let chmod = |env: &Env, mode| {
        fs::set_permissions(env.root().join("rust/kernel/alpha.rs"), fs::Permissions::from_mode(mode)).unwrap();
    };
    // A strict umask is no conversion.
    let env = self::env();
    chmod(&env, 0o600);
    env.run(&["tree"]).ok();
    assert_eq!(branches(&env), plain);
    // A file system without modes, as git is told.
    let env = self::env();
    env.git(&["config", "core.fileMode", "false"]);
    chmod(&env, 0o777);
    insta::assert_snapshot!(env.run(&["tree"]), @"
    ----- stderr
    error: git stores 1 file of this checkout otherwise than here:
      rust/kernel/alpha.rs: is executable, but not in git (core.fileMode is off)
    hint: others would get other commits. Where the file system keeps modes and links, tell git so (git config
          core.fileMode true) and let it write the files anew; where it does not, make the checkout on one that does
    ----- exit 1
    ");
    chmod(&env, 0o644);
    env.run(&["tree"]).ok();
    assert_eq!(branches(&env), plain);
    env.git(&["update-index", "--chmod=+x", "rust/kernel/alpha.rs"]);
    let run = env.run(&["tree"]);
    assert!(run.code == 1 && run.stderr.contains("is executable in git only"), "{run}");
    // Where git looks at modes, a person has changed it.
    env.git(&["config", "core.fileMode", "true"]);
    env.run(&["tree"]).ok();
    // A file system without links.
    let env = self::env();
    env.git(&["config", "core.symlinks", "false"]);
    let blob = env.git(&["hash-object", "-w", "scripts/drm-rust/base.toml"]);
    env.git(&["update-index", "--cacheinfo", &format!("120000,{blob},rust/kernel/alpha.rs")]);
    let run = env.run(&["tree"]);
    assert!(run.code == 1 && run.stderr.contains("alpha.rs: is a symbolic link in git"), "{run}");
}
