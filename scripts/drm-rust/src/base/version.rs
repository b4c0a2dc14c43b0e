// SPDX-License-Identifier: GPL-2.0-only

//! The release that a kernel's own Makefile tells.

/// No release has a longer name (bytes).
const LONGEST: usize = 64;

/// The release as people name it, for example `7.3-rc7` or `7.3.4`; none where the file does not tell.
pub fn of_makefile(makefile: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(makefile);
    let value = |key: &str| {
        text.lines().find_map(|line| Some(line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim().to_owned()))
    };
    let number = |key: &str| value(key).filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
    let mut version = format!("{}.{}", number("VERSION")?, number("PATCHLEVEL")?);
    if let Some(sublevel) = number("SUBLEVEL").filter(|sublevel| sublevel.bytes().any(|b| b != b'0')) {
        version += &format!(".{sublevel}");
    }
    let extra = value("EXTRAVERSION").unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._+~".contains(c);
    version += &extra;
    (extra.chars().all(plain) && version.len() <= LONGEST).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(lines: &str) -> Option<String> {
        of_makefile(format!("# SPDX-License-Identifier: GPL-2.0\n{lines}NAME = Baby\n").as_bytes())
    }

    #[test]
    fn releases_are_named_as_linus_names_them() {
        let told = |lines| version(lines).unwrap();
        assert_eq!(told("VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 0\nEXTRAVERSION = -rc7\n"), "7.3-rc7");
        assert_eq!(told("VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 0\nEXTRAVERSION =\n"), "7.3");
        assert_eq!(told("VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\nEXTRAVERSION =\n"), "7.3.4");
        assert_eq!(told("VERSION=7\nPATCHLEVEL=3\nEXTRAVERSION=-mine+1\nVERSION = 8\n"), "7.3-mine+1");
    }

    #[test]
    fn what_is_no_release_tells_none() {
        let long = format!("VERSION = 7\nPATCHLEVEL = 3\nEXTRAVERSION = -{}\n", "x".repeat(80));
        for lines in [
            "",
            "VERSION = 7\n",
            "VERSION = x\nPATCHLEVEL = 1\n",
            "VERSIONS = 7\nPATCHLEVEL = 1\n",
            "VERSION = 7\nPATCHLEVEL = 3\nEXTRAVERSION = $(shell id)\n",
            long.as_str(),
        ] {
            assert_eq!(version(lines), None, "{lines:?}");
        }
        assert_eq!(of_makefile(b"\xff\xfe"), None);
    }
}
