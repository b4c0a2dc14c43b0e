// SPDX-License-Identifier: GPL-2.0-only

//! Histories that are hard to merge, each in both directions.

use drm_rust::git::treeobj::Mode;

use crate::lab::{Files, Lab, Result, text};

type Change = fn(&mut Files);

/// What two branches change.
const CASES: &[(&str, Change, Change)] = &[
    ("nothing on one side", |_| {}, |f| f.edit("gpu/a.c", 1, "x")),
    ("different files", |f| f.edit("gpu/a.c", 1, "x"), |f| f.edit("gpu/b.c", 1, "x")),
    ("one file, different lines", |f| f.edit("gpu/a.c", 1, "x"), |f| f.edit("gpu/a.c", 15, "y")),
    ("one file, the same line", |f| f.edit("gpu/a.c", 1, "x"), |f| f.edit("gpu/a.c", 1, "y")),
    ("the same change", |f| f.edit("gpu/a.c", 1, "x"), |f| f.edit("gpu/a.c", 1, "x")),
    ("rename and edit", |f| f.mv("gpu/a.c", "gpu/z.c"), |f| f.edit("gpu/a.c", 1, "x")),
    (
        "rename with edit, and edit",
        |f| {
            f.mv("gpu/a.c", "z.c");
            f.edit("z.c", 9, "y")
        },
        |f| f.edit("gpu/a.c", 1, "x"),
    ),
    ("rename without a matter", |f| f.mv("gpu/a.c", "gpu/z.c"), |f| f.edit("gpu/b.c", 1, "x")),
    ("renamed to two names", |f| f.mv("gpu/a.c", "y.c"), |f| f.mv("gpu/a.c", "z.c")),
    ("two renamed to one name", |f| f.mv("gpu/a.c", "z.c"), |f| f.mv("gpu/b.c", "z.c")),
    (
        "both renamed alike",
        |f| f.mv("gpu/a.c", "z.c"),
        |f| {
            f.mv("gpu/a.c", "z.c");
            f.edit("z.c", 3, "x")
        },
    ),
    ("rename and delete", |f| f.mv("gpu/a.c", "z.c"), |f| f.rm("gpu/a.c")),
    ("rename onto an added file", |f| f.mv("gpu/a.c", "z.c"), |f| f.put("z.c", "other\n")),
    (
        "rename chain",
        |f| {
            f.mv("gpu/a.c", "t");
            f.mv("gpu/b.c", "gpu/a.c");
            f.mv("t", "gpu/b.c")
        },
        |f| f.edit("gpu/a.c", 1, "x"),
    ),
    ("directory renamed, file added", |f| f.mv("gpu", "drm"), |f| f.put("gpu/new.c", &text("new", 9))),
    ("directory renamed, file added below", |f| f.mv("gpu", "drm"), |f| f.put("gpu/sub/new.c", &text("new", 9))),
    ("directory renamed, file renamed into it", |f| f.mv("gpu", "drm"), |f| f.mv("net/x.c", "gpu/x.c")),
    ("directory renamed and edited", |f| f.mv("gpu", "drm"), |f| f.edit("gpu/sub/d.c", 2, "x")),
    ("directory renamed twice", |f| f.mv("gpu", "drm"), |f| f.mv("gpu", "video")),
    (
        "directory split, file added",
        |f| {
            f.mv("gpu/a.c", "p/a.c");
            f.mv("gpu", "q")
        },
        |f| f.put("gpu/new.c", "n\n"),
    ),
    (
        "directory split evenly, file added",
        |f| {
            f.mv("net/x.c", "p/x.c");
            f.mv("net/y.c", "q/y.c")
        },
        |f| f.put("net/new.c", "n\n"),
    ),
    (
        "directory merged into another",
        |f| {
            f.mv("net/x.c", "gpu/x.c");
            f.mv("net/y.c", "gpu/y.c")
        },
        |f| f.put("net/new.c", "n\n"),
    ),
    ("directory deleted, file added", |f| f.rm("net"), |f| f.put("net/new.c", "n\n")),
    ("directory deleted, file edited", |f| f.rm("net"), |f| f.edit("net/x.c", 1, "x")),
    ("directory deleted", |f| f.rm("gpu/sub"), |f| f.edit("gpu/a.c", 1, "x")),
    (
        "directory deleted on both sides",
        |f| f.rm("gpu/sub"),
        |f| {
            f.rm("gpu/sub");
            f.edit("gpu/a.c", 1, "x")
        },
    ),
    ("deleted and edited", |f| f.rm("gpu/a.c"), |f| f.edit("gpu/a.c", 1, "x")),
    (
        "deleted on both sides",
        |f| f.rm("gpu/a.c"),
        |f| {
            f.rm("gpu/a.c");
            f.put("n.c", &text("n", 5))
        },
    ),
    ("deleted, and renamed elsewhere by the other", |f| f.rm("gpu/sub/d.c"), |f| f.mv("gpu/sub", "deep/er")),
    ("everything deleted", |f| f.0.clear(), |_| {}),
    ("everything deleted twice", |f| f.0.clear(), |f| f.0.clear()),
    ("everything deleted, one edited", |f| f.0.clear(), |f| f.edit("Makefile", 0, "x")),
    ("mode and content", |f| f.chmod("gpu/a.c", Mode::Executable), |f| f.edit("gpu/a.c", 1, "x")),
    (
        "mode and mode",
        |f| f.chmod("run.sh", Mode::File),
        |f| {
            f.chmod("run.sh", Mode::File);
            f.edit("run.sh", 1, "x")
        },
    ),
    ("mode and rename", |f| f.chmod("gpu/a.c", Mode::Executable), |f| f.mv("gpu/a.c", "z.c")),
    ("mode and deletion", |f| f.chmod("gpu/a.c", Mode::Executable), |f| f.rm("gpu/a.c")),
    ("added with different modes", |f| f.set("n", Mode::File, b"x\n"), |f| f.set("n", Mode::Executable, b"x\n")),
    ("added alike", |f| f.put("n/a", "x\n"), |f| f.put("n/a", "x\n")),
    ("added differently", |f| f.put("n/a", &text("one", 9)), |f| f.put("n/a", &text("two", 9))),
    (
        "added almost alike",
        |f| f.put("n/a", &text("n", 20)),
        |f| {
            f.put("n/a", &text("n", 20));
            f.edit("n/a", 4, "x")
        },
    ),
    ("new directories with different files", |f| f.put("n/a", "x\n"), |f| f.put("n/b", "y\n")),
    ("link moved on one side", |f| f.set("link", Mode::Symlink, b"elsewhere"), |f| f.edit("gpu/a.c", 1, "x")),
    ("link moved on both sides", |f| f.set("link", Mode::Symlink, b"here"), |f| f.set("link", Mode::Symlink, b"there")),
    ("link became a file", |f| f.put("link", "a file\n"), |f| f.edit("gpu/a.c", 1, "x")),
    ("link became a file, and moved", |f| f.put("link", "a file\n"), |f| f.set("link", Mode::Symlink, b"there")),
    ("file became a link, and changed", |f| f.set("gpu/a.c", Mode::Symlink, b"b.c"), |f| f.edit("gpu/a.c", 1, "x")),
    (
        "link became a directory",
        |f| {
            f.rm("link");
            f.put("link/x", "x\n")
        },
        |f| f.edit("gpu/a.c", 1, "x"),
    ),
    ("submodule moved on one side", |f| f.set("module", Mode::Submodule, &[2; 20]), |f| f.edit("gpu/a.c", 1, "x")),
    (
        "submodule moved on both sides",
        |f| f.set("module", Mode::Submodule, &[2; 20]),
        |f| f.set("module", Mode::Submodule, &[3; 20]),
    ),
    (
        "submodule moved alike",
        |f| f.set("module", Mode::Submodule, &[2; 20]),
        |f| f.set("module", Mode::Submodule, &[2; 20]),
    ),
    ("submodule removed and moved", |f| f.rm("module"), |f| f.set("module", Mode::Submodule, &[3; 20])),
    ("submodule added", |f| f.set("m/two", Mode::Submodule, &[4; 20]), |f| f.put("m/three", "x\n")),
    ("binary on one side", |f| f.set("blob.bin", Mode::File, &[0, 9]), |f| f.edit("gpu/a.c", 1, "x")),
    ("binary on both sides", |f| f.set("blob.bin", Mode::File, &[0, 9]), |f| f.set("blob.bin", Mode::File, &[0, 8])),
    ("binary and text", |f| f.set("gpu/a.c", Mode::File, &[0, 9]), |f| f.edit("gpu/a.c", 1, "x")),
    ("file and directory", |f| f.put("n", "x\n"), |f| f.put("n/x", "x\n")),
    (
        "file became a directory",
        |f| {
            f.rm("gpu/a.c");
            f.put("gpu/a.c/x", "x\n")
        },
        |f| f.edit("gpu/b.c", 1, "x"),
    ),
    (
        "file became a directory alone",
        |f| {
            f.rm("gpu/a.c");
            f.put("gpu/a.c/x", "x\n")
        },
        |f| f.edit("Makefile", 1, "x"),
    ),
    (
        "file became a directory, and changed",
        |f| {
            f.rm("gpu/a.c");
            f.put("gpu/a.c/x", "x\n")
        },
        |f| f.edit("gpu/a.c", 1, "x"),
    ),
    ("file moved into a directory of its name", |f| f.mv("gpu/a.c", "gpu/a.c/a.c"), |f| f.edit("gpu/a.c", 1, "x")),
    (
        "directory became a file",
        |f| {
            f.rm("net");
            f.put("net", "x\n")
        },
        |f| f.edit("gpu/b.c", 1, "x"),
    ),
    (
        "directory became a file, and changed",
        |f| {
            f.rm("net");
            f.put("net", "x\n")
        },
        |f| f.edit("net/x.c", 1, "x"),
    ),
    (
        "directory became a file, file added",
        |f| {
            f.rm("net");
            f.put("net", "x\n")
        },
        |f| f.put("net/z.c", "x\n"),
    ),
    ("a name that sorts between", |f| f.put("names", "x\n"), |f| f.edit("names.c", 1, "x")),
    ("odd names", |f| f.edit("names/\u{fc} \u{6f22}", 1, "x"), |f| f.edit("names/tab\there \"x\"", 1, "x")),
    ("odd names, one file", |f| f.edit("names/\u{fc} \u{6f22}", 1, "x"), |f| f.edit("names/\u{fc} \u{6f22}", 7, "x")),
    ("odd names in conflict", |f| f.edit("names/tab\there \"x\"", 1, "x"), |f| f.edit("names/tab\there \"x\"", 1, "y")),
    ("no text in a name", |f| drop(f.0.remove(&b"names/latin\xe9"[..])), |f| f.edit("gpu/a.c", 1, "x")),
    (
        "no text in a name that both change",
        |f| f.0.get_mut(&b"names/latin\xe9"[..]).unwrap().1[0] = b'Z',
        |f| f.0.get_mut(&b"names/latin\xe9"[..]).unwrap().1.extend(b"more\n"),
    ),
    (
        "several at once",
        |f| {
            f.edit("gpu/a.c", 1, "x");
            f.edit("net/x.c", 3, "y");
            f.put("n/a", "a\n")
        },
        |f| {
            f.edit("gpu/a.c", 18, "x");
            f.edit("net/x.c", 3, "z");
            f.put("n/b", "b\n");
            f.rm("gpu/sub")
        },
    ),
    (
        "attributes: union",
        |f| {
            f.put(".gitattributes", "*.c merge=union\n");
            f.edit("gpu/a.c", 1, "x")
        },
        |f| f.edit("gpu/a.c", 1, "y"),
    ),
    (
        "attributes on both sides",
        |f| {
            f.put("gpu/.gitattributes", "*.c merge=union\n");
            f.edit("gpu/a.c", 1, "x")
        },
        |f| {
            f.put("gpu/.gitattributes", "*.c merge=binary\n");
            f.edit("gpu/a.c", 1, "y")
        },
    ),
    (
        "attributes: no text",
        |f| {
            f.put(".gitattributes", "*.c -merge\n");
            f.edit("gpu/a.c", 1, "x")
        },
        |f| f.edit("gpu/a.c", 15, "y"),
    ),
    ("line ends", |f| f.put("gpu/a.c", &text("gpu/a.c", 20).replace('\n', "\r\n")), |f| f.edit("gpu/a.c", 15, "y")),
    ("no newline at the end", |f| f.put("Makefile", text("Makefile", 20).trim_end()), |f| f.edit("Makefile", 1, "y")),
    ("emptied", |f| f.put("gpu/a.c", ""), |f| f.put("gpu/b.c", "")),
];

#[test]
fn merges_are_those_of_git_merge() {
    let mut lab = Lab::new();
    let base = lab.commit(&Files::start(), &[], "base");
    let (mut here, mut conflicts) = (0, 0);
    for (name, ours, theirs) in CASES {
        let mut sides = Vec::new();
        for change in [ours, theirs] {
            let mut files = Files::start();
            change(&mut files);
            sides.push(lab.commit(&files, &[base], name));
        }
        for (ours, theirs) in [(sides[0], sides[1]), (sides[1], sides[0])] {
            let (result, count) = lab.ours(ours, theirs);
            let gits = lab.git_merge(ours, theirs);
            assert!(lab.same(&result, &gits), "{name}: {result:?}, but git's {gits:?}");
            here += count.trivial + count.contents;
            conflicts += usize::from(matches!(result, Result::Conflict(_)));
        }
    }
    // Both ways to merge and both ends are tried often enough.
    let all = 2 * CASES.len();
    assert!(here > all / 4 && here < all * 3 / 4, "{here} of {all} merged here");
    assert!(conflicts > all / 5, "{conflicts} of {all} in conflict");
}

#[test]
fn crosswise_histories() {
    let mut lab = Lab::new();
    let base = lab.commit(&Files::start(), &[], "base");
    let variant = |changes: &[Change]| {
        let mut files = Files::start();
        changes.iter().for_each(|change| change(&mut files));
        files
    };
    let (left, right): (Change, Change) = (|f| f.edit("gpu/a.c", 1, "left"), |f| f.edit("gpu/a.c", 18, "right"));
    let a = lab.commit(&variant(&[left]), &[base], "left");
    let b = lab.commit(&variant(&[right]), &[base], "right");
    // Each merges the other; then both go on.
    let here = lab.commit(&variant(&[left, right, |f| f.edit("gpu/b.c", 1, "x")]), &[a, b], "here");
    for more in [
        (|f| f.edit("gpu/c.c", 1, "y")) as Change,
        |f| f.edit("gpu/a.c", 1, "changed again"),
        |f| f.edit("gpu/b.c", 1, "conflict"),
        |f| f.mv("gpu", "drm"),
    ] {
        let there = lab.commit(&variant(&[left, right, more]), &[b, a], "there");
        let (result, count) = lab.ours(here, there);
        assert_eq!(result, lab.git_merge(here, there));
        assert_eq!(count.whole, 1);
    }
    // A base that conflicts in itself.
    let (one, two): (Change, Change) = (|f| f.edit("gpu/a.c", 1, "one"), |f| f.edit("gpu/a.c", 1, "two"));
    let a = lab.commit(&variant(&[one]), &[base], "one");
    let b = lab.commit(&variant(&[two]), &[base], "two");
    let here = lab.commit(&variant(&[one]), &[a, b], "here");
    let there = lab.commit(&variant(&[two]), &[b, a], "there");
    assert_eq!(lab.ours(here, there).0, lab.git_merge(here, there));
}

#[test]
fn one_side_is_in_the_other() {
    let mut lab = Lab::new();
    let base = lab.commit(&Files::start(), &[], "base");
    let mut files = Files::start();
    files.mv("gpu", "drm");
    let more = lab.commit(&files, &[base], "more");
    assert_eq!(lab.ours(base, more).0, Result::Clean(lab.repo.tree(more).unwrap()));
    assert_eq!(lab.ours(more, base).0, Result::Clean(lab.repo.tree(more).unwrap()));
}
