// SPDX-License-Identifier: GPL-2.0-only

//! Help texts, manual pages and completions; and that the documentation says the same as the help.

use std::fs;
use std::path::Path;

use crate::env::Env;

const DOCUMENT: &str = "../../Documentation/rust/drm-rust/commands.rst";

const DIM: &str = "../../Documentation/rust/drm-rust/coming-from-dim.rst";

const HEAD: &str = "\
.. SPDX-License-Identifier: GPL-2.0

Commands of drm-rust
====================

What ``--help`` says, command by command. A test keeps this page equal to the
program; ``UPDATE_DOCS=1 cargo test --test commands help`` writes it anew.

Exit codes: 0 good, 1 failed (environment or input), 2 wrong usage, 3 merge
conflict, 4 a check or test failed, 70 a bug. Standard output is data, standard
error is for people.
";

const COMMANDS: &[&[&str]] = &[
    &[],
    &["setup"],
    &["tree"],
    &["tree", "plan"],
    &["tree", "import-nightly"],
    &["status"],
    &["build"],
    &["test"],
    &["boot"],
    &["igt"],
    &["rust-analyzer"],
    &["ci"],
    &["ci", "plan"],
    &["check"],
    &["topic"],
    &["topic", "list"],
    &["topic", "show"],
    &["topic", "new"],
    &["topic", "remove"],
    &["topic", "check-merge"],
    &["absorb"],
    &["apply"],
    &["integrate"],
    &["publish"],
    &["forward"],
    &["cycle"],
    &["route"],
    &["review"],
    &["pull"],
    &["backmerge"],
    &["fast-forward"],
    &["cherry-pick"],
    &["cite"],
    &["fixes"],
    &["tc"],
    &["resolution"],
    &["resolution", "list"],
    &["resolution", "show"],
    &["resolution", "forget"],
    &["resolution", "fixup"],
    &["resolution", "import"],
    &["resolution", "join"],
    &["resolution", "fetch"],
    &["resolution", "push"],
    &["resolution", "export"],
    &["registry"],
    &["registry", "list"],
    &["registry", "show"],
    &["registry", "next"],
    &["registry", "verify"],
    &["registry", "import"],
    &["registry", "render"],
    &["report"],
    &["op"],
    &["op", "log"],
    &["op", "undo"],
    &["undo"],
    &["completions"],
    &["man"],
];

fn page(env: &Env) -> String {
    let mut page = HEAD.to_owned();
    for &command in COMMANDS {
        let name = [&["drm-rust"], command].concat().join(" ");
        let help = env.run(&[command, &["--help"]].concat()).ok().stdout;
        page += &format!("\n{name}\n{}\n\n::\n\n", "-".repeat(name.len()));
        for line in help.trim_end().lines() {
            page += format!("  {line}").trim_end();
            page += "\n";
        }
    }
    page
}

#[test]
fn the_documentation_says_what_the_help_says() {
    let page = page(&Env::new());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(written == page, "{DOCUMENT} is out of date: UPDATE_DOCS=1 cargo test --test commands help");
}

#[test]
fn every_command_is_documented() {
    let env = Env::new();
    let help = env.run(&["--help"]).ok().stdout;
    let is_command = |line: &&str| line.starts_with("  ") && !line.trim().starts_with('-') && !line.starts_with("   ");
    let listed = help.lines().skip_while(|line| !line.starts_with("The tree:")).take_while(|line| *line != "Options:");
    for line in listed.filter(is_command) {
        let name = line.split_whitespace().next().unwrap();
        assert!(COMMANDS.iter().any(|command| command.first() == Some(&name)), "{name} is not in the documentation");
    }
}

#[test]
fn counterparts_of_dim_s_commands_exist() {
    let env = Env::new();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DIM)).unwrap();
    let lines: Vec<&str> = page.lines().collect();
    let is_row = |line: &str| line.starts_with("    * - ");
    let mut found = 0;
    for (i, _) in lines.iter().enumerate().filter(|(_, line)| is_row(line)) {
        // The second column, which may have several lines.
        let second = lines[i + 1..].iter().skip_while(|line| !line.starts_with("      - "));
        let mut second = second.copied();
        let first = second.next().unwrap();
        let rest: Vec<&str> = second.take_while(|line| !line.starts_with("      - ")).collect();
        let text = format!("{first} {}", rest.join(" "));
        for command in text.split("``").skip(1).step_by(2) {
            let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
            let words: Vec<&str> = command.split_whitespace().take_while(is_name).collect();
            env.run(&[&words[..], &["--help"]].concat()).ok();
            found += 1;
        }
    }
    assert!(found > 20, "{found} commands were found in {DIM}");
}

#[test]
fn help_fits_a_terminal() {
    for line in page(&Env::new()).lines() {
        assert!(line.chars().count() <= 82, "{line}");
    }
}

#[test]
fn manual_pages_are_well_formed() {
    let env = Env::new();
    for name in ["", "tree", "topic"] {
        let args: Vec<&str> = ["man", name].into_iter().filter(|arg| !arg.is_empty()).collect();
        let page = env.run(&args).ok().stdout;
        assert!(page.contains(".SH NAME") && page.contains(".SH OPTIONS"), "{page}");
    }
}

#[test]
fn completions_are_shell_scripts() {
    let env = Env::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = env.run(&["completions", shell]).ok().stdout;
        assert!(script.contains("forward"), "{script}");
    }
    let script = env.home().join("drm-rust.bash");
    fs::write(&script, env.run(&["completions", "bash"]).ok().stdout).unwrap();
    let check = env.command("bash").arg("-n").arg(&script).status().unwrap();
    assert!(check.success());
}

#[test]
fn wrong_usage_is_told_with_code_2() {
    let env = Env::new();
    for args in
        [&["nonsense"][..], &["tree", "--nonsense"], &["topic"], &["op", "log", "-n", "x"], &["tree", "--base", "x"]]
    {
        let run = env.run(args);
        assert_eq!(run.code, 2, "{args:?}: {run}");
        assert_eq!(run.stdout, "", "{args:?}");
    }
}
