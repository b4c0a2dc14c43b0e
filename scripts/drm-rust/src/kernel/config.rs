// SPDX-License-Identifier: GPL-2.0-only

//! Kernel configurations: what was asked for, and what Kconfig made of it.

use std::collections::BTreeMap;

/// Symbols without `CONFIG_`, and their values as a `.config` has them; `n` for those that are not set.
pub type Config = BTreeMap<String, String>;

/// Reads a `.config`, a defconfig or a fragment. Later lines win.
pub fn parse(text: &str) -> Config {
    let mut config = Config::new();
    for line in text.lines() {
        let unset = line.strip_prefix("# CONFIG_").and_then(|line| line.strip_suffix(" is not set"));
        if let Some(symbol) = unset {
            config.insert(symbol.to_owned(), "n".into());
        } else if let Some((symbol, value)) = line.strip_prefix("CONFIG_").and_then(|line| line.split_once('=')) {
            config.insert(symbol.to_owned(), value.trim_end().to_owned());
        }
    }
    config
}

/// Whether one of the configurations has a symbol.
pub fn has(configs: &[&Config], symbol: &str) -> bool {
    configs.iter().any(|config| config.get(symbol).is_some_and(|value| value == "y" || value == "m"))
}

/// A symbol that did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The symbol, without `CONFIG_`.
    pub symbol: String,
    /// What was asked for.
    pub wanted: String,
    /// What it has.
    pub got: String,
}

/// The symbols that do not have the value that was asked for.
pub fn refused(wanted: &Config, actual: &Config) -> Vec<Refused> {
    let value = |symbol: &str| actual.get(symbol).map_or("n", String::as_str);
    let differs = |(symbol, wanted): (&String, &String)| {
        let got = value(symbol);
        // A module that is built in is more than was asked for; an empty string is as good as none.
        let same = got == wanted || (wanted == "m" && got == "y") || (wanted == "\"\"" && got == "n");
        (!same).then(|| Refused { symbol: symbol.clone(), wanted: wanted.clone(), got: got.to_owned() })
    };
    wanted.iter().filter_map(differs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_lines_win_and_comments_are_none() {
        let config =
            parse("# a comment\nCONFIG_A=y\nCONFIG_S=\"x=y\"\nCONFIG_A=m\n# CONFIG_B is not set\nCONFIG_N=0x10\n");
        let expected = [("A", "m"), ("B", "n"), ("N", "0x10"), ("S", "\"x=y\"")];
        assert_eq!(config, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    }

    #[test]
    fn what_did_not_take_is_found() {
        let wanted = parse("CONFIG_A=y\nCONFIG_B=m\nCONFIG_C=y\n# CONFIG_D is not set\n# CONFIG_E is not set\n");
        let actual = parse("CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\nCONFIG_E=y\n");
        let refused: Vec<_> = refused(&wanted, &actual).into_iter().map(|r| (r.symbol, r.wanted, r.got)).collect();
        let text = |s: &str| s.to_owned();
        assert_eq!(refused, [(text("C"), text("y"), text("n")), (text("E"), text("n"), text("y"))]);
    }
}
