// SPDX-License-Identifier: GPL-2.0-only

//! Random changes of two sides, compared with `git merge-tree`.

use std::cell::Cell;

use drm_rust::git::treeobj::Mode;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::lab::{Files, Lab, Result, text};

/// A change of one side. Numbers choose among what is there.
#[derive(Clone, Debug)]
enum Op {
    Edit(usize, usize, u8),
    Rewrite(usize, u8),
    Add(usize, u8),
    Delete(usize),
    DeleteFolder(usize),
    Move(usize, usize),
    MoveFolder(usize, usize),
    Mode(usize, Mode),
    ToFolder(usize),
}

const FOLDERS: [&str; 8] = ["", "gpu/", "gpu/sub/", "net/", "new/", "new/er/", "names/", "gpu/a.c/"];

fn op() -> impl Strategy<Value = Op> {
    let n = || 0usize..64;
    let mode = prop::sample::select(vec![Mode::File, Mode::Executable, Mode::Symlink]);
    prop_oneof![
        6 => (n(), n(), 0u8..3).prop_map(|(file, line, with)| Op::Edit(file, line, with)),
        1 => (n(), 0u8..3).prop_map(|(file, with)| Op::Rewrite(file, with)),
        3 => (n(), 0u8..3).prop_map(|(place, with)| Op::Add(place, with)),
        3 => n().prop_map(Op::Delete),
        1 => n().prop_map(Op::DeleteFolder),
        2 => (n(), n()).prop_map(|(file, place)| Op::Move(file, place)),
        1 => (n(), n()).prop_map(|(folder, place)| Op::MoveFolder(folder, place)),
        1 => (n(), mode).prop_map(|(file, mode)| Op::Mode(file, mode)),
        1 => n().prop_map(Op::ToFolder),
    ]
}

fn apply(files: &mut Files, op: &Op) {
    // Changes of names that are no text have tests of their own.
    let names: Vec<String> = files.0.keys().filter_map(|name| String::from_utf8(name.clone()).ok()).collect();
    let Some(last) = names.len().checked_sub(1) else { return };
    let name = |n: usize| names[n % (last + 1)].clone();
    let is_text =
        |name: &str| matches!(&files.0[name.as_bytes()], (Mode::File | Mode::Executable, data) if !data.is_empty());
    let folder = |n: usize| FOLDERS[n % FOLDERS.len()];
    match *op {
        Op::Edit(n, line, with) if is_text(&name(n)) => {
            let lines = files.0[name(n).as_bytes()].1.iter().filter(|byte| **byte == b'\n').count().max(1);
            files.edit(&name(n), line % lines, &format!("edited {with}"));
        }
        Op::Edit(..) => {}
        Op::Rewrite(n, with) => files.put(&name(n), &text(&format!("rewritten {with}"), 15)),
        Op::Add(n, with) => files.put(&format!("{}added{}", folder(n), n % 3), &text(&format!("added {with}"), 12)),
        Op::Delete(n) => files.rm(&name(n)),
        Op::DeleteFolder(n) => files.rm(folder(n).trim_end_matches('/')),
        Op::Move(n, place) => {
            let name = name(n);
            files.mv(&name, &format!("{}{}", folder(place), name.rsplit('/').next().unwrap()));
        }
        Op::MoveFolder(n, place) => files.mv(folder(n).trim_end_matches('/'), &format!("{}moved", folder(place))),
        Op::Mode(n, mode) if is_text(&name(n)) => files.chmod(&name(n), mode),
        Op::Mode(..) => {}
        Op::ToFolder(n) => {
            let name = name(n);
            files.mv(&name, &format!("{name}/inside"));
        }
    }
    remove_clashes(files);
}

/// A name is a file or a folder: where it became both, the file goes.
fn remove_clashes(files: &mut Files) {
    let names: Vec<Vec<u8>> = files.0.keys().cloned().collect();
    for name in names {
        let below = [name.as_slice(), b"/"].concat();
        if name.is_empty() || files.0.keys().any(|other| other.starts_with(&below)) {
            files.0.remove(&name);
        }
    }
}

#[test]
fn random_changes_merge_as_git_merges_them() {
    let side = || prop::collection::vec(op(), 1..5);
    // What both sides have in common is no change of either.
    let lab = std::cell::RefCell::new(Lab::new());
    let base = lab.borrow_mut().commit(&Files::start(), &[], "base");
    let (here, clean, all) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) });
    let outcome = runner.run(&(side(), side(), side()), |(ours, theirs, shared)| {
        let mut lab = lab.borrow_mut();
        let mut commits = Vec::new();
        for ops in [ours, theirs] {
            let mut files = Files::start();
            // Now and then both sides make the same change, as cherry-picks do.
            let same = shared.len() == 4;
            shared.iter().filter(|_| same).chain(&ops).for_each(|op| apply(&mut files, op));
            commits.push(lab.commit(&files, &[base], "side"));
        }
        let (result, count) = lab.ours(commits[0], commits[1]);
        all.set(all.get() + 1);
        here.set(here.get() + count.trivial + count.contents);
        clean.set(clean.get() + usize::from(matches!(result, Result::Clean(_))));
        let gits = lab.git_merge_tree(commits[0], commits[1]);
        prop_assert!(lab.same(&result, &gits), "{:?}\n{:?}", result, gits);
        Ok(())
    });
    outcome.unwrap();
    let (here, clean, all) = (here.get(), clean.get(), all.get());
    println!("{all} merges: {here} made here, {clean} clean");
    assert!(here > all / 5 && here < all && clean > all / 5 && clean < all);
}
