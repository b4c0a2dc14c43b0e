// SPDX-License-Identifier: GPL-2.0-only

//! Lists as they are in the kernel, and two people who add to them.

use proptest::prelude::*;

use super::*;
use crate::process::Process;

const LIB: &str = "rust/kernel/lib.rs";
const MAKEFILE: &str = "drivers/gpu/drm/Makefile";

fn merged(path: &str, base: &str, ours: &str, theirs: &str) -> Option<String> {
    let one = merge(path, base, ours, theirs).unwrap().map(|merged| merged.text);
    let two = merge(path, base, theirs, ours).unwrap().map(|merged| merged.text);
    assert_eq!(one, two, "the sides can be swapped");
    one
}

/// A text with lines put before those that begin with a mark, or with nothing put there.
fn with(base: &str, additions: &[(&str, &str)]) -> String {
    additions.iter().fold(base.to_owned(), |text, (mark, new)| {
        assert!(text.contains(mark), "{mark}");
        text.replacen(mark, &format!("{new}{mark}"), 1)
    })
}

const MODS: &str = "\
//! Doc.

use crate::x;

pub mod alloc;
#[cfg(CONFIG_BLOCK)]
pub mod block;
pub mod page;
/// Doc.
#[doc(hidden)]
mod types;

fn f() {}
";

#[test]
fn mod_lists_keep_what_is_attached() {
    let ours = with(MODS, &[("pub mod page", "#[cfg(CONFIG_DRM = \"y\")]\npub mod drm;\n"), ("use crate", "//\n")]);
    let theirs = with(MODS, &[("pub mod page", "pub(crate) mod cpu;\n/// EDID.\npub mod edid;\n")]);
    insta::assert_snapshot!(merged(LIB, MODS, &ours, &theirs).unwrap(), @r#"
    //! Doc.

    //
    use crate::x;

    pub mod alloc;
    #[cfg(CONFIG_BLOCK)]
    pub mod block;
    pub(crate) mod cpu;
    #[cfg(CONFIG_DRM = "y")]
    pub mod drm;
    /// EDID.
    pub mod edid;
    pub mod page;
    /// Doc.
    #[doc(hidden)]
    mod types;

    fn f() {}
    "#);
}

#[test]
fn what_is_more_than_an_addition_stays_a_conflict() {
    let ours = with(MODS, &[("pub mod page", "pub mod drm;\n")]);
    let refused = |theirs: &str| assert_eq!(merged(LIB, MODS, &ours, theirs), None, "{theirs}");
    let theirs = with(MODS, &[("pub mod page", "pub mod edid;\n")]);
    assert!(merged(LIB, MODS, &ours, &theirs).is_some());
    // An entry is removed, renamed, moved, or gets another condition.
    refused(&theirs.replace("pub mod alloc;\n", ""));
    refused(&theirs.replace("pub mod alloc;\n", "pub mod allocator;\n"));
    refused(&theirs.replace("pub mod alloc;\n", "").replace("mod types;\n", "mod types;\npub mod alloc;\n"));
    refused(&theirs.replace("CONFIG_BLOCK", "CONFIG_BLK"));
    refused(&theirs.replace("/// Doc.\n#[doc(hidden)]\nmod", "/// Doc.\nmod"));
    // Out of order, or a comment in between.
    refused(&theirs.replace("pub mod edid;\npub mod page;\n", "pub mod page;\npub mod edid;\n"));
    refused(&theirs.replace("pub mod edid;\n", "// Why.\npub mod edid;\n"));
    refused(&theirs.replace("pub mod edid;\n", "\npub mod edid;\n"));
    // The same name, but not the same entry; the same line break of another kind; a list of its own.
    refused(&theirs.replace("pub mod edid;\n", "#[cfg(CONFIG_X)]\npub mod drm;\n"));
    refused(&theirs.replace("pub mod edid;\n", "mod drm;\n"));
    refused(&theirs.replace("pub mod edid;\n", "pub mod edid;\r\n"));
    refused(&theirs.replace("pub mod edid;\n", "#[macro_use]\npub mod edid;\n"));
    refused(&theirs.replace("pub mod edid;\n", "pub mod edid {}\n"));
    // Both sides changed something else in one place, too.
    let other = |text: &str, word: &str| text.replace("fn f() {}", &format!("fn f() {{ {word} }}"));
    assert_eq!(merged(LIB, MODS, &other(&ours, "1"), &other(&theirs, "2")), None);
    // A base that is out of order, has an entry twice, or has none.
    let swap = |text: &str| text.replace("pub mod alloc;\n", "pub mod zz;\n");
    assert_eq!(merged(LIB, &swap(MODS), &swap(&ours), &swap(&theirs)), None);
    let twice = |text: &str| with(text, &[("pub mod alloc", "#[cfg(X)]\npub mod alloc;\n")]);
    assert_eq!(merged(LIB, &twice(MODS), &twice(&ours), &twice(&theirs)), None);
    assert_eq!(merged(LIB, "", "pub mod a;\n", "pub mod b;\n"), None);
    // Not a file with such lists.
    assert_eq!(merged("a.txt", MODS, &ours, &theirs), None);
}

const USES: &str = "\
use core::ptr;

use kernel::{
    bindings,
    drm::{
        self,
        gem, //
    },
    prelude::*, //
};

use crate::{gpu::Gpu, regs};

mod tests {
    use super::*;
}
";

#[test]
fn use_lists_are_joined_inside_and_out() {
    let ours = USES.replace("    prelude", "    faux,\n    of,\n    prelude").replace("ptr;", "ptr;\nuse core::slice;");
    let ours = ours.replace("        gem, //", "        gem,\n        ioctl, //").replace("regs}", "gsp, regs}");
    let theirs = USES
        .replace("    prelude", "    io::Mem,\n    prelude")
        .replace("use core::ptr", "use core::mem;\nuse core::ptr");
    let theirs = theirs
        .replace("        gem, //", "        driver,\n        gem, //")
        .replace("Gpu, regs}", "Gpu, fb::Fb, regs}");
    let theirs = theirs.replace("{gpu::Gpu, fb::Fb, regs}", "{fb::Fb, gpu::Gpu, regs}");
    insta::assert_snapshot!(merged("a.rs", USES, &ours, &theirs).unwrap(), @"
    use core::mem;
    use core::ptr;
    use core::slice;

    use kernel::{
        bindings,
        drm::{
            self,
            driver,
            gem,
            ioctl, //
        },
        faux,
        io::Mem,
        of,
        prelude::*, //
    };

    use crate::{fb::Fb, gpu::Gpu, gsp, regs};

    mod tests {
        use super::*;
    }
    ");
}

#[test]
fn use_lists_that_mean_more_stay_conflicts() {
    let ours = USES.replace("    prelude", "    of,\n    prelude");
    let refused = |theirs: &str| assert_eq!(merged("a.rs", USES, &ours, theirs), None, "{theirs}");
    let theirs = USES.replace("    prelude", "    pci,\n    prelude");
    assert!(merged("a.rs", USES, &ours, &theirs).is_some());
    // The same name from elsewhere, an import that goes away, one under another name.
    refused(&USES.replace("    prelude", "    other::of,\n    prelude"));
    refused(&USES.replace("    prelude", "    other as of,\n    prelude"));
    refused(&theirs.replace("    bindings,\n", ""));
    refused(&theirs.replace("    bindings,\n", "    bindings as b,\n"));
    // Comments and other forms.
    refused(&theirs.replace("    pci,\n", "    // Why.\n    pci,\n"));
    refused(&theirs.replace("    pci,\n", "    pci, // Why.\n"));
    refused(&theirs.replace("    pci,\n", "    pci,  \n"));
    refused(&theirs.replace("use kernel", "pub use kernel"));
    refused(&theirs.replace("    bindings,\n", "").replace("    pci,\n", "    pci,\n    bindings,\n"));
    // The same name in another list of the file.
    refused(&theirs.replace("use crate::{gpu::Gpu, regs}", "use crate::{gpu::Gpu, of, regs}"));
    // A line that would be too long.
    let long = |name: &str| USES.replace("regs}", &format!("regs, {name}}}"));
    let (one, two) = ("r".to_owned() + &"s".repeat(40), "r".to_owned() + &"t".repeat(40));
    assert_eq!(merged("a.rs", USES, &long(&one), &long(&two)), None);
}

const HELPER: &str = "\
/* Sorted alphabetically. */
#include <linux/hrtimer_types.h>

#include <linux/acpi.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <linux/blk-mq.h>

#if defined(CONFIG_X)
// Used elsewhere.
#include <drm/drm_panic.h>
#endif
";

#[test]
fn includes_are_sorted_where_their_surroundings_are() {
    let path = "rust/bindings/bindings_helper.h";
    let at = |mark: &str, name: &str| with(HELPER, &[(mark, &format!("#include <{name}>\n"))]);
    let (gem, file) = ("#include <drm/drm_gem", "#include <drm/drm_file");
    let text = merged(path, HELPER, &at(gem, "drm/drm_fourcc.h"), &at(gem, "drm/drm_framebuffer.h")).unwrap();
    assert_eq!(text, with(HELPER, &[(gem, "#include <drm/drm_fourcc.h>\n#include <drm/drm_framebuffer.h>\n")]));
    // At a place that is out of order, what comes first is not known.
    assert_eq!(
        merged(path, HELPER, &at("#include <drm/drm_device", "drm/a.h"), &at("#include <drm/drm_device", "drm/b.h")),
        None
    );
    assert_eq!(merged(path, HELPER, &at(gem, "drm/zz.h"), &at(gem, "drm/drm_framebuffer.h")), None);
    assert_eq!(merged(path, HELPER, &at(gem, "drm/drm_fb.h"), &at(file, "drm/drm_fb.h")), None);
    // Order may mean something in any other file.
    assert_eq!(merged("a.h", HELPER, &at(gem, "drm/drm_fourcc.h"), &at(gem, "drm/drm_framebuffer.h")), None);
    let helpers = "#include \"a.c\"\n#include \"c.c\"\n#ifdef CONFIG_Y\n#include \"x.c\"\n#endif\n#include \"y.c\"\n";
    let ours = with(helpers, &[("#include \"c", "#ifdef CONFIG_Z\n#include \"b.c\"\n#endif\n")]);
    let theirs = with(helpers, &[("#include \"c", "#include \"aa.c\"\n")]);
    insta::assert_snapshot!(merged("rust/helpers/helpers.c", helpers, &ours, &theirs).unwrap(), @r#"
    #include "a.c"
    #include "aa.c"
    #ifdef CONFIG_Z
    #include "b.c"
    #endif
    #include "c.c"
    #ifdef CONFIG_Y
    #include "x.c"
    #endif
    #include "y.c"
    "#);
    let other = theirs.replace("aa.c", "b.c");
    assert_eq!(merged("rust/helpers/helpers.c", helpers, &ours, &other), None, "with and without a condition");
}

#[test]
fn kconfig_and_makefile() {
    let kconfig = "config A\n\tbool\n\nsource \"a/Kconfig\"\n\nsource \"d/Kconfig\"\n\nif A\n";
    let ours = with(kconfig, &[("source \"d", "source \"b/Kconfig\"\n\n")]);
    let theirs = with(kconfig, &[("source \"d", "source \"c/Kconfig\"\n\n")]);
    let text = merged("drivers/Kconfig", kconfig, &ours, &theirs).unwrap();
    assert_eq!(text, with(kconfig, &[("source \"d", "source \"b/Kconfig\"\n\nsource \"c/Kconfig\"\n\n")]));
    let tight = |text: &str| text.replace("\n\nsource", "\nsource");
    let text = merged("drivers/Kconfig", &tight(kconfig), &tight(&ours), &tight(&theirs)).unwrap();
    assert!(
        text.contains("source \"a/Kconfig\"\nsource \"b/Kconfig\"\nsource \"c/Kconfig\"\nsource \"d/Kconfig\"\n\nif A")
    );
    assert_eq!(merged("drivers/Kconfig", kconfig, &ours, &tight(&theirs)), None);

    // Where the kind of gap changes, another list begins.
    let both = "source \"a\"\nsource \"d\"\n\nsource \"h\"\n\nsource \"m\"\n";
    let add = |one: &str, two: &str| {
        with(both, &[("source \"d", &format!("source \"{one}\"\n")), ("source \"m", &format!("source \"{two}\"\n\n"))])
    };
    let text = merged("Kconfig", both, &add("b", "i"), &add("c", "k")).unwrap();
    assert_eq!(text, add("b\"\nsource \"c", "i\"\n\nsource \"k"));

    let makefile = "# SPDX\nobj-$(CONFIG_A)\t+= a.o\nobj-$(CONFIG_D) += d/\n\nccflags-y += -I\n";
    let add = |line: &str| with(makefile, &[("obj-$(CONFIG_D", line)]);
    let text = merged(MAKEFILE, makefile, &add("obj-$(CONFIG_B) += b/\n"), &add("obj-$(CONFIG_C)+=c/\n")).unwrap();
    assert_eq!(text, add("obj-$(CONFIG_B) += b/\nobj-$(CONFIG_C)+=c/\n"));
    // Sorted by the object in one way and by the option in another.
    assert_eq!(merged(MAKEFILE, makefile, &add("obj-$(CONFIG_C) += b/\n"), &add("obj-$(CONFIG_B)+=c/\n")), None);
    assert_eq!(merged(MAKEFILE, makefile, &add("obj-y += b/\n"), &add("obj-y += aa/ \\\n")), None);
    assert_eq!(merged(MAKEFILE, makefile, &add("obj-$(CONFIG_B) += b/\n"), &add("obj-m += b/\n")), None);
    let unsorted = makefile.replace("a.o", "x.o").replace("CONFIG_A", "CONFIG_X");
    let add = |line: &str| with(&unsorted, &[("obj-$(CONFIG_D", line)]);
    assert_eq!(merged(MAKEFILE, &unsorted, &add("obj-y += y/\n"), &add("obj-y += z/\n")), None);
}

const MAINTAINERS: &str = "\
Text

Maintainers List
----------------

.. note:: sorted.

A DRIVER
M:\tA <a@drm-rust.example>
F:\tdrivers/a/

DRM CORE
M:\tD <d@drm-rust.example>
S:\tMaintained

ZZ DRIVER
S:\tOrphan

THE REST
F:\t*
";

#[test]
fn maintainers_and_tables() {
    let entry = |name: &str| format!("{name}\nS:\tMaintained\nF:\t{name}/\n\n");
    let add = |mark: &str, name: &str| with(MAINTAINERS, &[(mark, &entry(name))]);
    let text = merged("MAINTAINERS", MAINTAINERS, &add("DRM CORE", "CC"), &add("DRM CORE", "BB")).unwrap();
    assert_eq!(text, with(MAINTAINERS, &[("DRM CORE", &(entry("BB") + &entry("CC")))]));
    assert!(merged("MAINTAINERS", MAINTAINERS, &add("THE REST", "ZZZ"), &add("THE REST", "ZZZZ")).is_some());
    assert_eq!(merged("MAINTAINERS", MAINTAINERS, &add("DRM CORE", "CC"), &add("DRM CORE", "EE")), None);
    let same = add("DRM CORE", "CC").replace("CC/", "cc/");
    assert_eq!(merged("MAINTAINERS", MAINTAINERS, &add("DRM CORE", "CC"), &same), None);
    assert_eq!(merged("doc/MAINTAINERS", MAINTAINERS, &add("DRM CORE", "CC"), &add("DRM CORE", "BB")), None);

    let table = "kernel::of_device_table!(\n    T,\n    <D as platform::Driver>::IdInfo,\n    [\n        (of::DeviceId::new(c\"a,1\"), ()),\n        (of::DeviceId::new(c\"a,5\"), ())\n    ]\n);\n";
    let last = "(of::DeviceId::new(c\"a,5\"), ())\n";
    let add = |id: &str| table.replace(last, &format!("(of::DeviceId::new(c\"{id}\"), ()),\n        {last}"));
    let text = merged("a.rs", table, &add("a,3"), &add("a,2")).unwrap();
    insta::assert_snapshot!(text, @r#"
    kernel::of_device_table!(
        T,
        <D as platform::Driver>::IdInfo,
        [
            (of::DeviceId::new(c"a,1"), ()),
            (of::DeviceId::new(c"a,2"), ()),
            (of::DeviceId::new(c"a,3"), ()),
            (of::DeviceId::new(c"a,5"), ())
        ]
    );
    "#);
    let behind = table.replace("c\"a,5\"), ())", "c\"a,5\"), ()),\n        (of::DeviceId::new(c\"a,9\"), ())");
    assert!(merged("a.rs", table, &behind, &add("a,2")).unwrap().ends_with("c\"a,9\"), ())\n    ]\n);\n"));
    // First match wins: a table that is not sorted may have its reasons.
    let unsorted = |text: &str| text.replace("a,1", "z,1");
    assert_eq!(merged("a.rs", &unsorted(table), &unsorted(&add("a,3")), &unsorted(&add("a,2"))), None);
}

/// Names in snake, camel and upper case.
const NAMES: [&str; 16] = [
    "alloc", "bits", "clk", "dma", "edid", "fs", "i2c", "io", "Arc", "Bo", "Core", "Device", "BIT", "GFP", "MASK", "SZ",
];

fn chosen(bits: u16) -> Vec<&'static str> {
    (0..16).filter(|bit| bits >> bit & 1 == 1).map(|bit| NAMES[bit]).collect()
}

fn use_file(bits: u16) -> String {
    format!("use kernel::{{\n    {}, //\n}};\n\nfn f() {{}}\n", chosen(bits).join(",\n    "))
}

fn mod_file(bits: u16) -> String {
    let mut names = chosen(bits);
    names.sort_unstable();
    names.iter().map(|name| format!("#[cfg(CONFIG_{name})]\npub mod {name};\n")).collect::<String>() + "\nfn f() {}\n"
}

fn include_file(bits: u16) -> String {
    let mut names = chosen(bits);
    names.sort_unstable();
    names.iter().map(|name| format!("#include \"{name}.c\"\n")).collect()
}

proptest! {
    #[test]
    fn a_union_has_each_entry_once_in_order(base in 1..=u16::MAX, a: u16, b: u16, out: u16) {
        type File = fn(u16) -> String;
        let files: [(&str, File); 3] =
            [("a.rs", use_file), ("b.rs", mod_file), ("rust/helpers/helpers.c", include_file)];
        for (path, file) in files {
            let (ours, theirs) = (base | a, base | b);
            let text = merged(path, &file(base), &file(ours), &file(theirs));
            if ours == base || theirs == base {
                // Git merges that.
                prop_assert_eq!(text, None);
                continue;
            }
            prop_assert_eq!(text.as_ref(), Some(&file(ours | theirs)), "{}", path);
            // Again changes nothing.
            let text = text.unwrap();
            prop_assert_eq!(merged(path, &file(base), &text, &file(theirs)).unwrap(), text);
            // An entry less on one side is a conflict.
            let less = theirs & !out;
            if less & base != base && less != 0 {
                prop_assert_eq!(merged(path, &file(base), &file(ours), &file(less)), None);
            }
        }
    }

    #[test]
    fn any_text_can_be_read(text: String, lines in proptest::collection::vec(0..14usize, 0..30)) {
        const LINES: [&str; 14] = ["use a::{", "    b,", "};", "use x;", "pub mod a;", "#[cfg(X)]", "#include <a.h>", "#if A",
            "#endif", "source \"a\"", "obj-y += a.o", "of_device_table!(", "[", "(é)"];
        let known: String = lines.iter().map(|&n| format!("{}\n", LINES[n])).collect();
        for path in ["a.rs", "Kconfig", "Makefile", "MAINTAINERS", "rust/helpers/helpers.c"] {
            for text in [&text, &known] {
                for list in find::lists(path, text) {
                    prop_assert_eq!(list.print(&list.entries), &text[list.range.clone()]);
                }
            }
        }
    }
}

#[test]
fn merged_imports_are_as_rustfmt_writes_them() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("rustfmt.toml"), "edition = \"2021\"\n").unwrap();
    let (mut number, mut files) = (7u32, Vec::new());
    let mut bits = || {
        number = number.wrapping_mul(1_103_515_245).wrapping_add(12345);
        (number >> 12) as u16
    };
    for n in 0..80 {
        let (base, a, b) = (bits() & bits() | 1, bits(), bits());
        let filled = |bits: u16| {
            let names =
                chosen(bits).iter().map(|name| format!("a_rather_long_module_name::{name}")).collect::<Vec<_>>();
            let file = format!(
                "use kernel::{{{}}};\nuse kernel::x::{{y::{{{}}}, z}};\n",
                names.join(", "),
                chosen(bits).join(", ")
            );
            let output = Process::new("rustfmt").args(["--edition", "2021"]).dir(dir.path()).input(file).run().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let (base, ours, theirs) = (filled(base), filled(base | a), filled(base | b));
        let Some(text) = merged("a.rs", &base, &ours, &theirs) else { continue };
        let path = dir.path().join(format!("f{n}.rs"));
        std::fs::write(&path, text).unwrap();
        files.push(path);
    }
    assert!(files.len() > 5, "{}", files.len());
    let output = Process::new("rustfmt").args(["--check", "--edition", "2021"]).args(&files).output().unwrap();
    assert_eq!(output.text(), "");
}

#[test]
fn the_resolver_says_what_it_did() {
    let side = |n| Some((Mode::File, crate::git::Oid::from_bytes([n; 20])));
    let conflict = Conflict {
        path: LIB.into(),
        base: side(1),
        ours: side(2),
        theirs: side(3),
        marked: None,
        kind: "CONFLICT (contents)".into(),
        message: String::new(),
    };
    let bytes = |text: String| Some(text.into_bytes());
    let contents = Contents {
        base: bytes(MODS.into()),
        ours: bytes(with(MODS, &[("pub mod page", "pub mod drm;\n")])),
        theirs: bytes(with(MODS, &[("pub mod page", "pub mod edid;\n")])),
        marked: None,
    };
    let resolution = Structural.resolve(&conflict, &contents).unwrap().unwrap();
    assert_eq!(resolution.note, "rust/kernel/lib.rs: union of what both sides add to its `mod` list");
    assert_eq!(resolution.entry.unwrap().0, Mode::File);
    let other_mode = Conflict { theirs: Some((Mode::Executable, crate::git::Oid::from_bytes([3; 20]))), ..conflict };
    assert_eq!(Structural.resolve(&other_mode, &contents).unwrap(), None);
}

/// How many `use` items, `mod` items and includes of a text are in lists, and how many there are.
fn understood(path: &str, text: &str) -> (usize, usize) {
    let lists = find::lists(path, text);
    let starts = |line: &&str| {
        let item = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let is_mod = item.starts_with("mod ") && item.ends_with(';');
        item.starts_with("use ") || is_mod || item.starts_with("#include ")
    };
    (lists.iter().map(|list| list.entries.len()).sum(), text.lines().filter(starts).count())
}

#[test]
fn the_lists_of_real_files_are_understood() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut found, mut all) = (0, 0);
    for dir in ["rust/kernel/drm/kms", "drivers/gpu/drm/rvkms"] {
        for entry in std::fs::read_dir(root.join(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let (some, of) = understood("a.rs", &std::fs::read_to_string(path).unwrap());
                found += some;
                all += of;
            }
        }
    }
    assert!(found * 100 >= all * 95 && all > 90, "{found} of {all}");
}
