// SPDX-License-Identifier: GPL-2.0-only

//! Expressions of Kconfig: what they say, and their value in a configuration.

use std::fmt;

use super::config::Config;

/// A value: n, m or y.
pub type Tristate = u8;
/// n.
pub const NO: Tristate = 0;
const MODULE: Tristate = 1;
const YES: Tristate = 2;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A symbol or a constant, as it is written.
    Name(String),
    /// Not.
    Not(Box<Expr>),
    /// Both.
    And(Box<Expr>, Box<Expr>),
    /// At least one.
    Or(Box<Expr>, Box<Expr>),
    /// A comparison of two names: `=`, `!=`, `<` and so on.
    Compare(String, String, String),
}

/// The value of a symbol; of a constant, itself.
pub fn value(config: &Config, name: &str) -> Tristate {
    match config.get(name).map_or(name, String::as_str) {
        "y" => YES,
        "m" => MODULE,
        _ => NO,
    }
}

impl Expr {
    /// Its value; none where it takes a shell or a compiler to tell.
    pub fn value(&self, config: &Config) -> Option<Tristate> {
        Some(match self {
            Expr::Name(name) if name.contains('$') => return None,
            Expr::Name(name) => value(config, name),
            Expr::Not(expr) => YES - expr.value(config)?,
            Expr::And(a, b) => match (a.value(config), b.value(config)) {
                (Some(NO), _) | (_, Some(NO)) => NO,
                (a, b) => a?.min(b?),
            },
            Expr::Or(a, b) => match (a.value(config), b.value(config)) {
                (Some(YES), _) | (_, Some(YES)) => YES,
                (a, b) => a?.max(b?),
            },
            Expr::Compare(a, operator, b) => {
                let text = |name: &str| config.get(name).map_or(name, String::as_str).trim_matches('"').to_owned();
                // A symbol that is not set is n.
                let text = |name: &str| match text(name) {
                    same if same == name && is_symbol(name) => "n".to_owned(),
                    other => other,
                };
                match operator.as_str() {
                    "=" if text(a) == text(b) => YES,
                    "!=" if text(a) != text(b) => YES,
                    "=" | "!=" => NO,
                    _ => return None,
                }
            }
        })
    }

    /// The symbol that must be on for it to hold, where it is as simple as that.
    pub fn required(&self) -> Option<&str> {
        match self {
            Expr::Name(name) => Some(name),
            Expr::Compare(name, operator, value) if operator == "=" && value != "n" => Some(name),
            _ => None,
        }
    }

    /// The parts that must all hold.
    pub fn conjuncts(&self) -> Vec<&Expr> {
        match self {
            Expr::And(a, b) => [a.conjuncts(), b.conjuncts()].concat(),
            other => vec![other],
        }
    }
}

fn is_symbol(name: &str) -> bool {
    name.chars().any(|c| c.is_ascii_uppercase()) && !name.starts_with('"')
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Name(name) => f.write_str(name),
            Expr::Not(expr) => write!(f, "!{expr}"),
            Expr::And(a, b) => write!(f, "({a} && {b})"),
            Expr::Or(a, b) => write!(f, "({a} || {b})"),
            Expr::Compare(a, operator, b) => write!(f, "({a} {operator} {b})"),
        }
    }
}

/// Reads an expression; none if it is none.
pub fn parse(text: &str) -> Option<Expr> {
    let tokens = tokens(text);
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let expr = parser.or()?;
    (parser.at == tokens.len()).then_some(expr)
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        let c = chars[at];
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        if c == '#' {
            break;
        }
        if c == '"' {
            at += 1 + chars[at + 1..].iter().position(|&c| c == '"').map_or(chars.len() - at - 1, |end| end + 1);
        } else if c == '$' {
            let mut depth = 0;
            while at < chars.len() {
                depth += i32::from(chars[at] == '(') - i32::from(chars[at] == ')');
                at += 1;
                if depth == 0 && chars[at - 1] == ')' {
                    break;
                }
            }
        } else if "()".contains(c) {
            at += 1;
        } else if "!=<>&|".contains(c) {
            at += 1;
            // `!(` and `!X` are two tokens, `!=`, `<=`, `&&` one.
            let next = chars.get(at).copied().unwrap_or(' ');
            if (next == '=' && "!<>".contains(c)) || (next == c && "&|".contains(c)) {
                at += 1;
            }
        } else {
            while at < chars.len() && !chars[at].is_whitespace() && !"()!=<>&|\"#".contains(chars[at]) {
                at += 1;
            }
        }
        tokens.push(chars[start..at].iter().collect());
    }
    tokens
}

struct Parser<'a> {
    tokens: &'a [String],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Option<Expr> {
        let mut expr = self.and()?;
        while self.accept("||") {
            expr = Expr::Or(Box::new(expr), Box::new(self.and()?));
        }
        Some(expr)
    }

    fn and(&mut self) -> Option<Expr> {
        let mut expr = self.not()?;
        while self.accept("&&") {
            expr = Expr::And(Box::new(expr), Box::new(self.not()?));
        }
        Some(expr)
    }

    fn not(&mut self) -> Option<Expr> {
        if self.accept("!") {
            return Some(Expr::Not(Box::new(self.not()?)));
        }
        if self.accept("(") {
            let expr = self.or()?;
            return self.accept(")").then_some(expr);
        }
        let name = self.name()?;
        match self.peek() {
            Some(operator @ ("=" | "!=" | "<" | "<=" | ">" | ">=")) => {
                let operator = operator.to_owned();
                self.at += 1;
                Some(Expr::Compare(name, operator, self.name()?))
            }
            _ => Some(Expr::Name(name)),
        }
    }

    fn name(&mut self) -> Option<String> {
        let token = self.peek().filter(|token| !token.starts_with(['(', ')', '!', '=', '<', '>', '&', '|']))?;
        let name = token.to_owned();
        self.at += 1;
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::config;
    use super::*;

    #[test]
    fn expressions_have_values() {
        let config = config::parse("CONFIG_A=y\nCONFIG_M=m\nCONFIG_N=10\nCONFIG_S=\"text\"\n");
        for (text, expected) in [
            ("A", Some(YES)),
            ("M && A", Some(MODULE)),
            ("!M", Some(MODULE)),
            ("!(A && X) # comment", Some(YES)),
            ("A=y && M!=n", Some(YES)),
            ("X = n", Some(YES)),
            ("S = \"text\" || X", Some(YES)),
            ("X || $(success,true)", None),
            ("X && $(cc-option,-f(a))", Some(NO)),
            ("N > 5", None),
        ] {
            assert_eq!(parse(text).unwrap().value(&config), expected, "{text}");
        }
        for bad in ["A &&", "(A", "A B", "", "&& A"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn conjuncts_are_told_apart() {
        let expr = parse("A && (B || C) && !D").unwrap();
        let parts: Vec<_> = expr.conjuncts().into_iter().map(Expr::to_string).collect();
        assert_eq!(parts, ["A", "(B || C)", "!D"]);
    }
}
