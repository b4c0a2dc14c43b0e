// SPDX-License-Identifier: GPL-2.0-only

//! Reads Kconfig files as far as it takes to tell what they define, and why a symbol did not take.
//!
//! Language: `Documentation/kbuild/kconfig-language.rst` of Linux. Kconfig itself decides; this only explains.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::fs;
use std::path::Path;

use super::config::{Config, Refused};
use super::kexpr::{self, Expr};
use crate::error::{FileContext, FileError};

/// A place that defines a symbol.
#[derive(Clone, Debug)]
struct Definition {
    place: String,
    prompt: bool,
    /// All of them must hold, those of its menus and its choice too.
    depends: Vec<Expr>,
    choice: bool,
}

/// The symbols of one architecture.
#[derive(Debug, Default)]
pub struct Symbols {
    definitions: HashMap<String, Vec<Definition>>,
    /// Who selects a symbol, and when.
    selects: HashMap<String, Vec<(String, Option<Expr>)>>,
}

/// Reads the Kconfig files of Linux at `top`, for the architecture whose folder is `arch/<folder>`.
pub fn read(top: &Path, folder: &str) -> Result<Symbols, FileError> {
    let text = |name: &str| {
        let path = top.join(name);
        fs::read_to_string(&path).at("read", &path)
    };
    let header_arch = if folder == "um" { "x86" } else { folder };
    let mut source = |name: &str| {
        let name = name.replace("$(SRCARCH)", folder).replace("$(HEADER_ARCH)", header_arch);
        if top.join(&name).is_file() { Ok(Some((text(&name)?, name))) } else { Ok(None) }
    };
    let mut reader = Reader::default();
    reader.file("Kconfig", &text("Kconfig")?, &mut source)?;
    Ok(reader.symbols)
}

/// Reads one Kconfig file, without those that it sources.
pub fn parse(text: &str) -> Symbols {
    let mut reader = Reader::default();
    let Ok(()) = reader.file("Kconfig", text, &mut |_| Ok::<_, Infallible>(None));
    reader.symbols
}

/// Gives the text and the name of a file that another one sources, if there is one.
type Source<'a, E> = dyn FnMut(&str) -> Result<Option<(String, String)>, E> + 'a;

/// What the lines being read belong to.
#[derive(Default)]
enum Entry {
    #[default]
    None,
    Symbol(String),
    /// The innermost menu or choice.
    Block,
}

/// Something that puts a condition on what is in it.
struct Block {
    depends: Vec<Expr>,
    choice: bool,
}

#[derive(Default)]
struct Reader {
    symbols: Symbols,
    blocks: Vec<Block>,
    entry: Entry,
}

impl Reader {
    fn file<E>(&mut self, name: &str, text: &str, source: &mut Source<'_, E>) -> Result<(), E> {
        let mut lines = text.lines().enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let mut line = line.trim().to_owned();
            while line.ends_with('\\') && !line.starts_with('#') {
                line.pop();
                line += lines.next().map_or("", |(_, more)| more.trim());
            }
            let line = line.as_str();
            if first(line) == "help" || first(line) == "---help---" {
                // The help ends where a line stands further left than its first one.
                let mut margin = None;
                while let Some((_, text)) = lines.peek() {
                    let column = column(text);
                    if !text.trim().is_empty() && column < *margin.get_or_insert(column.max(1)) {
                        break;
                    }
                    lines.next();
                }
            } else if first(line) == "source" {
                if let Some((text, name)) = source(line["source".len()..].trim().trim_matches('"'))? {
                    self.file(&name, &text, source)?;
                }
                self.entry = Entry::None;
            } else {
                self.line(line, || format!("{name}:{}", number + 1));
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str, place: impl Fn() -> String) {
        let word = first(line);
        let rest = line[word.len()..].trim();
        match word {
            "config" | "menuconfig" => {
                let depends = self.blocks.iter().flat_map(|block| block.depends.clone()).collect();
                let choice = self.blocks.last().is_some_and(|block| block.choice);
                let definition = Definition { place: place(), prompt: false, depends, choice };
                self.symbols.definitions.entry(first(rest).to_owned()).or_default().push(definition);
                self.entry = Entry::Symbol(first(rest).to_owned());
            }
            "menu" | "choice" | "if" => {
                let depends = if word == "if" { kexpr::parse(rest).into_iter().collect() } else { Vec::new() };
                self.blocks.push(Block { depends, choice: word == "choice" });
                self.entry = Entry::Block;
            }
            "endmenu" | "endchoice" | "endif" => {
                self.blocks.pop();
                self.entry = Entry::None;
            }
            "comment" | "mainmenu" => self.entry = Entry::None,
            "depends" | "visible" => {
                let rest = rest.strip_prefix("on").or_else(|| rest.strip_prefix("if")).unwrap_or(rest);
                self.depends(rest);
            }
            "select" => {
                let Entry::Symbol(selector) = &self.entry else { return };
                let symbol = first(rest);
                let condition = rest[symbol.len()..].trim_start().strip_prefix("if");
                let selected = self.symbols.selects.entry(symbol.to_owned()).or_default();
                selected.push((selector.clone(), condition.and_then(kexpr::parse)));
            }
            "bool" | "tristate" | "int" | "hex" | "string" | "prompt" if rest.starts_with('"') => {
                let condition = rest.rsplit_once("\" if ").and_then(|(_, condition)| kexpr::parse(condition));
                if let Some(definition) = self.definition() {
                    definition.prompt = true;
                    definition.depends.extend(condition);
                }
            }
            _ => {}
        }
    }

    fn depends(&mut self, text: &str) {
        let expr = match text.split_once(" if ") {
            Some((expr, condition)) => kexpr::parse(&format!("({expr}) || !({condition})")),
            None => kexpr::parse(text),
        };
        match self.entry {
            Entry::Symbol(_) => self.definition().expect("it is being read").depends.extend(expr),
            Entry::Block => self.blocks.last_mut().expect("it is being read").depends.extend(expr),
            Entry::None => {}
        }
    }

    fn definition(&mut self) -> Option<&mut Definition> {
        let Entry::Symbol(symbol) = &self.entry else { return None };
        self.symbols.definitions.get_mut(symbol)?.last_mut()
    }
}

/// The first word.
fn first(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// The column of a line's first character.
fn column(line: &str) -> usize {
    let white = line.chars().take_while(|c| c.is_whitespace());
    white.fold(0, |column, c| if c == '\t' { (column | 7) + 1 } else { column + 1 })
}

impl Symbols {
    /// The symbols that are defined.
    pub fn defined(&self) -> impl Iterator<Item = &str> {
        self.definitions.keys().map(String::as_str)
    }

    /// What selects, and what it selects.
    pub fn selections(&self) -> impl Iterator<Item = (&str, &str)> {
        self.selects
            .keys()
            .flat_map(|selected| self.selectors(selected).map(move |selector| (selector, selected.as_str())))
    }

    /// Whether a person can turn a symbol on.
    pub fn is_asked_for(&self, symbol: &str) -> bool {
        self.definitions.get(symbol).is_none_or(|definitions| definitions.iter().any(|definition| definition.prompt))
    }

    /// Who selects a symbol.
    pub fn selectors(&self, symbol: &str) -> impl Iterator<Item = &str> {
        self.selects.get(symbol).into_iter().flatten().map(|(selector, _)| selector.as_str())
    }

    /// Symbols, and all that must be on for them, as far as it is not one of several that would do.
    pub fn needs<'a>(&'a self, symbols: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut needs = BTreeSet::new();
        let mut open: Vec<&str> = symbols.into_iter().collect();
        while let Some(symbol) = open.pop() {
            // Of a symbol that is defined in several places, one would do.
            if let (true, Some([definition])) = (needs.insert(symbol), self.definitions.get(symbol).map(Vec::as_slice))
            {
                open.extend(definition.depends.iter().flat_map(Expr::conjuncts).filter_map(Expr::required));
            }
        }
        needs
    }

    /// Why a symbol does not have the value that was asked for, as one sentence.
    pub fn why(&self, refused: &Refused, actual: &Config) -> String {
        let Refused { symbol, wanted, got } = refused;
        let head = format!("CONFIG_{symbol} is {got}, not {wanted}");
        let Some(definitions) = self.definitions.get(symbol) else {
            return format!("{head}: no Kconfig file of this architecture has it");
        };
        if wanted == "n" {
            let is_on = |(selector, condition): &&(String, Option<Expr>)| {
                kexpr::value(actual, selector) > kexpr::NO
                    && condition.as_ref().is_none_or(|condition| condition.value(actual).is_none_or(|v| v > kexpr::NO))
            };
            let selectors = self.selects.get(symbol).into_iter().flatten().filter(is_on);
            let selectors: Vec<_> = selectors.map(|(selector, _)| format!("CONFIG_{selector}")).collect();
            return match selectors.as_slice() {
                [] => head,
                [one] => format!("{head}: {one} selects it"),
                some => format!("{head}: {} select it", some.join(", ")),
            };
        }
        // A symbol gets as much as what it depends on allows: a module, where that is one.
        let limit = kexpr::value(&Config::new(), got);
        let mut reasons = Vec::new();
        for definition in definitions {
            let place = &definition.place;
            let conjuncts = definition.depends.iter().flat_map(Expr::conjuncts);
            let is_limit = |expr: &&Expr| expr.value(actual).is_some_and(|value| value <= limit);
            let failed: Vec<_> = conjuncts.filter(is_limit).map(Expr::to_string).collect();
            reasons.push(match (failed.as_slice(), definition.prompt) {
                ([], true) if definition.choice => format!("its choice has another symbol ({place})"),
                ([], true) => continue,
                ([], false) => format!("it has no prompt: something must select it ({place})"),
                (failed, _) => {
                    let module = match (limit, failed.len()) {
                        (kexpr::NO, _) => "",
                        (_, 1) => ", which is m",
                        _ => ", which are m",
                    };
                    format!("it depends on {}{module} ({place})", failed.join(" and "))
                }
            });
        }
        reasons.sort();
        reasons.dedup();
        if reasons.is_empty() { head } else { format!("{head}: {}", reasons.join("; or ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::{parse, refused};
    use super::*;

    const ROOT: &str = "\
mainmenu \"Linux\"
source \"arch/$(SRCARCH)/Kconfig\"
source \"drivers/Kconfig\"
source \"missing/Kconfig\"
";
    const ARCH: &str = "\
config MMU
	def_bool n
config HIDDEN
	bool
	select PICKED if MMU=n
";
    const DRIVERS: &str = "\
menuconfig DRM
	tristate \"DRM\"
	depends on MMU && \\
		PCI
	help
	  config INSIDE_HELP
	    depends on NOTHING

	  More.

if DRM
config DRM_X
	bool \"X\" if EXPERT
	depends on (A || B)
endif
choice
	prompt \"One\"
config ONE
	bool \"1\"
config TWO
	bool \"2\"
endchoice
config PICKED
	bool \"Picked\"
config DRM_Y
	tristate \"Y\"
	depends on DRM && MMU
";

    fn why(wanted: &str, actual: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in [("Kconfig", ROOT), ("arch/um/Kconfig", ARCH), ("drivers/Kconfig", DRIVERS)] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let symbols = read(dir.path(), "um").unwrap();
        let actual = parse(actual);
        refused(&parse(wanted), &actual).iter().map(|refused| symbols.why(refused, &actual)).collect()
    }

    #[test]
    fn what_is_missing_is_named_with_its_place() {
        let reasons = why("CONFIG_DRM=y\nCONFIG_DRM_X=y\nCONFIG_NOTHING=y\n", "CONFIG_PCI=y\nCONFIG_EXPERT=y\n");
        assert_eq!(
            reasons,
            [
                "CONFIG_DRM is n, not y: it depends on MMU (drivers/Kconfig:1)",
                "CONFIG_DRM_X is n, not y: it depends on DRM and (A || B) (drivers/Kconfig:12)",
                "CONFIG_NOTHING is n, not y: no Kconfig file of this architecture has it",
            ]
        );
    }

    /// What a file defines and selects, by name.
    fn parsed(text: &str) -> String {
        let symbols = super::parse(text);
        let selections = symbols.selections().map(|(selector, selected)| format!("{selector} selects {selected}"));
        let mut names: Vec<String> = symbols.defined().map(str::to_owned).chain(selections).collect();
        names.sort();
        names.join("\n")
    }

    #[test]
    fn a_help_ends_where_a_line_stands_further_left() {
        insta::assert_snapshot!(parsed(
            "config A\n\tbool\n\thelp\n\n\t    config IN_HELP\n\t    select IN_HELP\n\n\t    More.\n\tselect B\n \
             config C\n\thelp\n\t  menuconfig IN_HELP\n\tconfig D\n---help---\n  config IN_HELP\nmenuconfig E # one\n"
        ), @"
        A
        A selects B
        C
        D
        E
        ");
    }

    #[test]
    fn selects_are_those_of_their_symbol() {
        insta::assert_snapshot!(parsed("config A\n select B if C\n select\tD\tif E # one\n imply F\n# select G\n #config H\n"), @"
        A
        A selects B
        A selects D
        ");
        insta::assert_snapshot!(parsed("# one \\\nconfig A\n\tselect \\\n\t\tB\nconfig \\\n  C\n\tselect D \\\n\t\tif E\n"), @"
        A
        A selects B
        C
        C selects D
        ");
        for end in [
            "menu \"M\"",
            "endmenu",
            "choice",
            "endchoice",
            "comment \"C\"",
            "if X",
            "endif",
            "source \"S\"",
            "mainmenu \"M\"",
        ] {
            assert_eq!(parsed(&format!("config A\n{end}\n\tselect B\n")), "A", "{end}");
        }
    }

    #[test]
    fn what_makes_a_symbol_a_module_is_named() {
        let reasons = why("CONFIG_DRM_Y=y\n", "CONFIG_DRM_Y=m\nCONFIG_DRM=m\nCONFIG_MMU=y\n");
        assert_eq!(reasons, ["CONFIG_DRM_Y is m, not y: it depends on DRM, which is m (drivers/Kconfig:25)"]);
        let reasons = why("CONFIG_DRM_Y=y\n", "CONFIG_DRM=m\n");
        assert_eq!(reasons, ["CONFIG_DRM_Y is n, not y: it depends on MMU (drivers/Kconfig:25)"]);
    }

    #[test]
    fn hidden_selected_and_chosen_symbols_are_told_apart() {
        let reasons =
            why("CONFIG_HIDDEN=y\nCONFIG_TWO=y\n# CONFIG_PICKED is not set\n", "CONFIG_ONE=y\nCONFIG_PICKED=y\n");
        assert_eq!(
            reasons,
            [
                "CONFIG_HIDDEN is n, not y: it has no prompt: something must select it (arch/um/Kconfig:3)",
                "CONFIG_PICKED is y, not n",
                "CONFIG_TWO is n, not y: its choice has another symbol (drivers/Kconfig:20)",
            ]
        );
        let selected = why("# CONFIG_PICKED is not set\n", "CONFIG_HIDDEN=y\nCONFIG_PICKED=y\n");
        assert_eq!(selected, ["CONFIG_PICKED is y, not n: CONFIG_HIDDEN selects it"]);
    }
}
