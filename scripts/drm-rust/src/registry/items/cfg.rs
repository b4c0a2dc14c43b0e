// SPDX-License-Identifier: GPL-2.0-only

//! Whether a kernel can be built with an item, as far as its `#[cfg]` tell.

use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, LitBool, Meta, Token};

/// What is set for tests on the host, for documentation and for interpreters.
const NOT_KERNEL: [&str; 5] = ["test", "testlib", "doc", "doctest", "miri"];

/// Whether a condition holds in kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    Never,
    Sometimes,
    Always,
}

/// Whether no kernel is built with what has these attributes.
pub(super) fn is_never(attributes: &[Attribute]) -> bool {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    // What cannot be read may hold.
    conditions.filter_map(|attribute| attribute.parse_args_with(list).ok()).flatten().any(|holds| holds == Holds::Never)
}

/// Conditions, between commas.
fn list(input: ParseStream<'_>) -> syn::Result<Vec<Holds>> {
    Ok(Punctuated::<_, Token![,]>::parse_terminated_with(input, condition)?.into_iter().collect())
}

fn condition(input: ParseStream<'_>) -> syn::Result<Holds> {
    if input.peek(LitBool) {
        return Ok(if input.parse::<LitBool>()?.value { Holds::Always } else { Holds::Never });
    }
    let meta: Meta = input.parse()?;
    let name = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
    let Meta::List(inner) = &meta else {
        let never = matches!(meta, Meta::Path(_)) && NOT_KERNEL.contains(&name.as_str());
        return Ok(if never { Holds::Never } else { Holds::Sometimes });
    };
    let inner = inner.parse_args_with(list)?.into_iter();
    Ok(match name.as_str() {
        "all" => inner.min().unwrap_or(Holds::Always),
        "any" => inner.max().unwrap_or(Holds::Never),
        "not" => match inner.min() {
            Some(Holds::Always) => Holds::Never,
            Some(Holds::Never) => Holds::Always,
            _ => Holds::Sometimes,
        },
        _ => Holds::Sometimes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never(conditions: &str) -> bool {
        let item: syn::ItemStruct = syn::parse_str(&format!("{conditions} struct A;")).unwrap();
        is_never(&item.attrs)
    }

    #[test]
    fn what_holds_in_no_kernel_is_known() {
        for condition in [
            "any()",
            "false",
            "not(true)",
            "test",
            "doc",
            "any(test, doc)",
            "not(all())",
            "not(not(any()))",
            "all(CONFIG_A, any())",
            "all(CONFIG_A, not(any(CONFIG_B, not(test))))",
        ] {
            assert!(never(&format!("#[cfg({condition})]")), "{condition}");
        }
        assert!(never("#[cfg(CONFIG_A)] #[cfg(test)]"));
    }

    #[test]
    fn what_may_hold_counts() {
        for condition in [
            "CONFIG_A",
            "CONFIG_KUNIT = \"y\"",
            "not(CONFIG_A)",
            "all()",
            "all(CONFIG_A, CONFIG_B = \"m\",)",
            "any(CONFIG_A, any())",
            "any(CONFIG_A, test)",
            "not(test)",
            "not(doc)",
            "not(all(CONFIG_A, doc))",
            "target_arch = \"x86\"",
            "version(1.2)",
        ] {
            assert!(!never(&format!("#[cfg({condition})]")), "{condition}");
        }
        assert!(!never("#[cfg_attr(any(), doc(hidden))] #[inline]"));
    }
}
