// SPDX-License-Identifier: GPL-2.0-only

//! What `git verify-tag --raw` says: the status lines of gpg and gpgsm, or the line of ssh-keygen that git reads itself.

/// How good a signature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// By a key whose owner is known to the person's gpg, or by a principal of gpg.ssh.allowedSignersFile.
    Good,
    /// Good in itself, by a key that may be anybody's.
    Unknown,
    /// Good once; it has expired.
    Expired,
    /// Its key has expired.
    ExpiredKey,
    /// Its key is revoked.
    RevokedKey,
    /// Of something else.
    Bad,
    /// By a key that is not here, or of a kind that cannot be checked.
    NoKey,
    /// More than one, of which git counts none.
    Several,
}

impl State {
    /// What is wrong with it.
    fn problem(self) -> Option<&'static str> {
        Some(match self {
            State::Good => return None,
            State::Unknown => "the signature is good, but nobody has said whose key it is",
            State::Expired => "the signature has expired",
            State::ExpiredKey => "the key of the signature has expired",
            State::RevokedKey => "the key of the signature is revoked",
            State::Bad => "the signature is not one of this tag",
            State::NoKey => "the signature cannot be checked, for its key is not here",
            State::Several => "there is more than one signature",
        })
    }
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) state: State,
    /// Who has signed, as far as that is known.
    signer: Option<String>,
    /// The fingerprint of the key, and that of the key which it is a part of.
    keys: Vec<String>,
    /// The principal whose key it is, by the person's own list.
    principal: Option<String>,
}

impl Signature {
    /// Reads what was said; none where there is nothing of a signature.
    pub(super) fn parse(said: &str) -> Option<Signature> {
        let status: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("[GNUPG:] ")).collect();
        if status.is_empty() { said.lines().next().and_then(of_ssh) } else { of_gpg(&status) }
    }

    /// What stands for the signer in a list of those who may sign: keys by their fingerprints, and a principal. The names
    /// that a key of gpg has are not here: anybody can give them to a key.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().chain(&self.principal).map(String::as_str)
    }

    /// Who it is, in words.
    pub(super) fn who(&self) -> String {
        let key = self.keys.first().map(|key| format!("the key {key}"));
        match (&self.signer, key) {
            (Some(signer), Some(key)) => format!("{signer} with {key}"),
            (Some(signer), None) => signer.clone(),
            (None, Some(key)) => key,
            (None, None) => "somebody".to_owned(),
        }
    }

    /// Why it does not count.
    pub(super) fn problem(&self) -> Option<String> {
        self.state.problem().map(|problem| format!("{problem}: {}", self.who()))
    }
}

/// What tells of one signature, and how good it is.
const STATES: [(&str, State); 6] = [
    ("GOODSIG", State::Good),
    ("EXPSIG", State::Expired),
    ("EXPKEYSIG", State::ExpiredKey),
    ("REVKEYSIG", State::RevokedKey),
    ("BADSIG", State::Bad),
    ("ERRSIG", State::NoKey),
];

fn of_gpg(status: &[&str]) -> Option<Signature> {
    let word = |line: &&str| line.split(' ').next().unwrap_or_default().to_owned();
    let found = status.iter().filter_map(|line| {
        let state = STATES.iter().find(|(name, _)| *name == word(line))?.1;
        Some((state, line.splitn(3, ' ').collect::<Vec<_>>()))
    });
    let found: Vec<_> = found.collect();
    let (mut state, fields) = found.first().cloned()?;
    // As git does: a level below this is unknown.
    let is_valid =
        status.iter().any(|line| ["TRUST_MARGINAL", "TRUST_FULLY", "TRUST_ULTIMATE"].contains(&&*word(line)));
    if state == State::Good && !is_valid {
        state = State::Unknown;
    }
    let valid: Vec<&&str> = status.iter().filter(|line| word(line) == "VALIDSIG").collect();
    if found.len() > 1 || valid.len() > 1 {
        state = State::Several;
    }
    let key = fields.get(1).map(|key| (*key).to_owned());
    let signer = fields.get(2).filter(|_| state != State::NoKey).map(|name| (*name).to_owned());
    let mut keys: Vec<String> = valid.first().map_or_else(Vec::new, |line| {
        let fields: Vec<&str> = line.split(' ').collect();
        // The key, and the last field, the primary key.
        [fields.get(1), fields.get(10)].into_iter().flatten().map(|key| (*key).to_owned()).collect()
    });
    keys.dedup();
    let keys = if keys.is_empty() { key.into_iter().collect() } else { keys };
    Some(Signature { state, signer, keys, principal: None })
}

/// `Good "git" signature for PRINCIPAL with ED25519 key SHA256:…`; without `for PRINCIPAL` where the list has none.
fn of_ssh(line: &str) -> Option<Signature> {
    let rest = line.strip_prefix("Good \"git\" signature ")?;
    let (who, key) = match rest.strip_prefix("for ") {
        Some(rest) => rest.rsplit_once(" with ").map(|(who, key)| (Some(who.to_owned()), key))?,
        None => (None, rest.strip_prefix("with ")?),
    };
    let state = if who.is_some() { State::Good } else { State::Unknown };
    let keys = vec![key.rsplit_once(" key ")?.1.to_owned()];
    Some(Signature { state, signer: who.clone(), keys, principal: who })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "0123456789ABCDEF0123456789ABCDEF01234567";
    const PRIMARY: &str = "FEDCBA9876543210FEDCBA9876543210FEDCBA98";

    /// What gpg says of a signature.
    fn gpg(state: &str, trust: &str) -> String {
        format!(
            "[GNUPG:] NEWSIG a@b\n[GNUPG:] KEY_CONSIDERED {PRIMARY} 0\n[GNUPG:] {state} 89ABCDEF01234567 A B <a@b>\n\
             [GNUPG:] VALIDSIG {FIRST} 2026-11-29 1795922892 0 4 0 22 8 00 {PRIMARY}\n[GNUPG:] {trust} 0 pgp\n"
        )
    }

    #[test]
    fn every_state_of_gpg_is_told() {
        for (state, trust, expected) in [
            ("GOODSIG", "TRUST_ULTIMATE", State::Good),
            ("GOODSIG", "TRUST_FULLY", State::Good),
            ("GOODSIG", "TRUST_MARGINAL", State::Good),
            ("GOODSIG", "TRUST_UNDEFINED", State::Unknown),
            ("GOODSIG", "TRUST_NEVER", State::Unknown),
            ("GOODSIG", "X", State::Unknown),
            ("EXPSIG", "TRUST_FULLY", State::Expired),
            ("EXPKEYSIG", "TRUST_FULLY", State::ExpiredKey),
            ("REVKEYSIG", "TRUST_FULLY", State::RevokedKey),
            ("BADSIG", "TRUST_FULLY", State::Bad),
        ] {
            let signature = Signature::parse(&gpg(state, trust)).unwrap();
            assert_eq!(signature.state, expected, "{state} {trust}");
            assert_eq!(signature.ids().collect::<Vec<_>>(), [FIRST, PRIMARY]);
            assert_eq!(signature.problem().is_none(), expected == State::Good);
        }
        let missing = "[GNUPG:] ERRSIG 89ABCDEF01234567 22 8 00 1795922892 9 -\n[GNUPG:] NO_PUBKEY 89ABCDEF01234567\n";
        let missing = Signature::parse(missing).unwrap();
        assert_eq!((missing.state, &*missing.who()), (State::NoKey, "the key 89ABCDEF01234567"));
    }

    #[test]
    fn two_signatures_are_none() {
        let two = gpg("GOODSIG", "TRUST_FULLY") + &gpg("BADSIG", "TRUST_FULLY");
        assert_eq!(Signature::parse(&two).unwrap().state, State::Several);
        let two = gpg("GOODSIG", "TRUST_FULLY") + &format!("[GNUPG:] VALIDSIG {PRIMARY} x");
        assert_eq!(Signature::parse(&two).unwrap().state, State::Several);
    }

    #[test]
    fn ssh_tells_a_principal_or_none() {
        let known = Signature::parse("Good \"git\" signature for a@b with ED25519 key SHA256:abc\n").unwrap();
        assert_eq!((known.state, known.ids().collect::<Vec<_>>()), (State::Good, vec!["SHA256:abc", "a@b"]));
        let odd = Signature::parse("Good \"git\" signature for a with b with ED25519 key SHA256:abc\n").unwrap();
        assert_eq!(odd.principal.as_deref(), Some("a with b"));
        let unknown =
            Signature::parse("Good \"git\" signature with RSA key SHA256:abc\nNo principal matched.\n").unwrap();
        assert_eq!((unknown.state, unknown.ids().collect::<Vec<_>>()), (State::Unknown, vec!["SHA256:abc"]));
    }

    #[test]
    fn anything_else_is_no_signature() {
        for said in
            ["", "error: no signature found\n", "x\nGood \"git\" signature for a@b with K key SHA256:abc", "[GNUPG:] "]
        {
            assert_eq!(Signature::parse(said), None, "{said}");
        }
    }
}
