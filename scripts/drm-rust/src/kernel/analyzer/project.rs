// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's `rust-project.json`, with the overlay's files in the place of their second copies in `linux/`.

use serde_json::{Value, json};

use super::splice::{Copy, Sources, folder};

/// Rewrites the project in place, and gives the copies that it needs. What depends on what stays: crates are known
/// by their number.
pub(super) fn rewrite(project: &mut Value, sources: &Sources) -> Vec<Copy> {
    let crates = project["crates"].as_array_mut().into_iter().flatten();
    crates.flat_map(|krate| rewrite_crate(krate, sources)).collect()
}

fn rewrite_crate(krate: &mut Value, sources: &Sources) -> Vec<Copy> {
    let linux = format!("{}/linux/", sources.root);
    let Some(file) = krate["root_module"].as_str().and_then(|path| path.strip_prefix(&linux)).map(str::to_owned) else {
        return Vec::new();
    };
    if sources.overlay.contains(&file) {
        krate["root_module"] = json!(format!("{}/{file}", sources.root));
        return Vec::new();
    }
    let copies = sources.splice(&file);
    if let Some(root) = copies.last() {
        krate["root_module"] = json!(format!("{linux}{}", root.path));
        add_folder(krate, &format!("{linux}{}", folder(&file)), &format!("{}/{}", sources.root, folder(&file)));
    }
    copies
}

/// Modules are found only in the folders of their crate; without any named, in that of its root.
fn add_folder(krate: &mut Value, own: &str, other: &str) {
    if !krate["source"].is_object() {
        krate["source"] = json!({ "include_dirs": [own], "exclude_dirs": [] });
    }
    if let Some(folders) = krate["source"]["include_dirs"].as_array_mut() {
        folders.push(json!(other));
    }
}

/// The libraries of the procedural macros.
pub(super) fn macros(project: &Value) -> impl Iterator<Item = &str> {
    project["crates"].as_array().into_iter().flatten().filter_map(|krate| krate["proc_macro_dylib_path"].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_and_folders_change_and_nothing_else() {
        let mut project = json!({ "sysroot": "/rust", "crates": [
            { "display_name": "core", "root_module": "/rust/core/lib.rs", "deps": [] },
            { "display_name": "m", "root_module": "/top/linux/m.rs", "deps": [], "proc_macro_dylib_path": "/o/m.so" },
            { "display_name": "kernel", "root_module": "/top/linux/k/lib.rs", "deps": [{ "crate": 0, "name": "core" }],
              "source": { "include_dirs": ["/top/linux/k", "/o/rust"], "exclude_dirs": [] } },
            { "display_name": "base", "root_module": "/top/linux/d/base/base.rs", "deps": [] },
            { "display_name": "ours", "root_module": "/top/linux/d/ours/ours.rs", "deps": [], "cfg": ["X"] },
        ]});
        let overlay = ["d/base/new.rs", "d/ours/ours.rs", "k/new.rs"].map(str::to_owned).into();
        let read = |path: &str| match path {
            "k/lib.rs" | "d/base/base.rs" => Some("mod new;\n".to_owned()),
            "k/new.rs" | "d/base/new.rs" => Some(String::new()),
            _ => None,
        };
        let mut expected = project.clone();
        let copies = rewrite(&mut project, &Sources { root: "/top", overlay: &overlay, read: &read });
        expected["crates"][2]["root_module"] = json!("/top/linux/k/lib_analyzer_generated.rs");
        expected["crates"][2]["source"]["include_dirs"] = json!(["/top/linux/k", "/o/rust", "/top/k"]);
        expected["crates"][3]["root_module"] = json!("/top/linux/d/base/base_analyzer_generated.rs");
        let folders = json!(["/top/linux/d/base", "/top/d/base"]);
        expected["crates"][3]["source"] = json!({ "include_dirs": folders, "exclude_dirs": [] });
        expected["crates"][4]["root_module"] = json!("/top/d/ours/ours.rs");
        assert_eq!(project, expected);
        let paths: Vec<_> = copies.iter().map(|copy| copy.path.as_str()).collect();
        assert_eq!(paths, ["k/lib_analyzer_generated.rs", "d/base/base_analyzer_generated.rs"]);
        assert_eq!(macros(&project).collect::<Vec<_>>(), ["/o/m.so"]);
    }
}
