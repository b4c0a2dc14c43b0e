// SPDX-License-Identifier: GPL-2.0-only

//! Sources, and what others can use of them.

use proptest::prelude::*;

use super::{Found, parse};

const SOURCE: &str = r#"
    //! Hidden is only spoken of.
    pub struct Open<T>(T);
    struct Closed;
    pub(crate) struct Near;
    impl<T> Open<T> {
        /// ```
        /// ```
        pub fn get(&self) {}
        pub const LIMIT: u32 = 1;
        fn set(&self) {}
    }
    impl Closed { pub fn get(&self) {} }
    impl Elsewhere { pub fn method(&self) {} }
    impl Trait for Open<u8> { fn foreign() {} }
    pub trait Trait { const C: u8; type T; fn required(&self); }
    pub enum Kind { First, Second { inner: u8 } }
    pub mod flags { pub const A: u8 = 1; mod deep { pub const B: u8 = 1; } }
    mod inner { pub fn lost() {} }
    pub mod file;
    pub use inner::{lost as found, self};
    use other::Imported;
    impl Imported { pub fn ours(&self) {} }
    #[macro_export] macro_rules! exported { () => {} }
    macro_rules! local { () => { pub struct InMacro; } }
    local!();
    #[macros::kunit_tests(rust_open)] mod tests {}
"#;

fn find(path: &str, item: &str) -> Found {
    parse(path, SOURCE).unwrap().find(item)
}

#[test]
fn what_others_can_name_is_public() {
    for item in [
        "Open",
        "Open::get",
        "Open::LIMIT",
        "Elsewhere::method",
        "Imported::ours",
        "Trait",
        "Trait::required",
        "Trait::C",
        "Trait::T",
        "Kind::Second",
        "flags",
        "flags::A",
        "file",
        "found",
        "exported",
    ] {
        assert_eq!(find("rust/kernel/open.rs", item), Found::Public, "{item}");
    }
}

#[test]
fn what_only_the_crate_sees_is_not() {
    for item in ["Closed", "Closed::get", "Open::set", "Near", "flags::deep::B", "inner::lost", "Imported", "local"] {
        assert_eq!(find("rust/kernel/open.rs", item), Found::Private, "{item}");
    }
    assert_eq!(find("drivers/gpu/open.rs", "Near"), Found::Public, "a driver is one crate");
    assert_eq!(find("drivers/gpu/open.rs", "Closed"), Found::Private);
}

const USES: &str = "
    mod inner {
        pub struct P;
        struct Q;
        pub(super) struct R;
        impl P { pub fn get(&self) {} fn set(&self) {} }
        pub mod deep { pub struct D; impl super::P { pub fn far(&self) {} } }
        pub use other::Far;
        use super::*;
        impl Top { pub fn of_top(&self) {} }
    }
    pub struct Top;
    pub mod file;
    pub use inner::P;
    pub use self::inner::{deep::{self as below, D as E}, Far, Gone, Q, R};
    pub use self::{file::Known, Nowhere};
    use file::Type;
    impl Type { pub fn ours(&self) {} }
    impl inner::deep::D { pub fn get(&self) {} }
    impl a::b::T { pub fn f(&self) {} }
    #[cfg(CONFIG_CLK)] mod clk { pub struct Clk; impl Clk { pub fn rate(&self) {} } fn helper() {} }
    #[cfg(CONFIG_CLK)] pub use clk::*;
    pub use elsewhere::*;
    pub use circle::circle;
    pub mod round { pub use super::turn::*; }
    pub mod turn { pub use super::round::*; }
";

#[test]
fn uses_are_followed_inside_the_file() {
    let items = parse("rust/kernel/uses.rs", USES).unwrap();
    let found = |item: &&str| format!("{item}: {:?}", items.find(item));
    let names = ["P", "P::get", "P::far", "P::set", "inner::P", "E", "E::get", "below::D", "Far", "Gone", "Q", "R"];
    let more = ["Known", "Nowhere", "Type", "Type::ours", "Top::of_top", "Clk", "Clk::rate", "helper", "circle"];
    let last = ["a::b::T::f", "T::f", "T", "round::Top", "elsewhere"];
    let found: Vec<String> = names.iter().chain(&more).chain(&last).map(found).collect();
    insta::assert_snapshot!(found.join("\n"), @"
    P: Public
    P::get: Public
    P::far: Public
    P::set: Private
    inner::P: Private
    E: Public
    E::get: Public
    below::D: Public
    Far: Public
    Gone: TextOnly
    Q: Private
    R: Private
    Known: Public
    Nowhere: TextOnly
    Type: Private
    Type::ours: Public
    Top::of_top: Public
    Clk: Public
    Clk::rate: Public
    helper: Private
    circle: Public
    a::b::T::f: Public
    T::f: TextOnly
    T: TextOnly
    round::Top: TextOnly
    elsewhere: TextOnly
    ");
}

#[test]
fn methods_are_no_more_public_than_their_alias_or_trait() {
    let text = "
        type Closed = other::Type;
        impl Closed { pub fn get(&self) {} }
        pub type Open = other::Type;
        impl Open { pub fn get(&self) {} }
        trait Hidden {}
        impl dyn Hidden + Send { pub fn get(&self) {} }
        pub trait Shown {}
        impl dyn Shown { pub fn get(&self) {} }
    ";
    let items = parse("rust/kernel/alias.rs", text).unwrap();
    for (item, public) in [("Closed", false), ("Open", true), ("Hidden", false), ("Shown", true)] {
        let expected = if public { Found::Public } else { Found::Private };
        assert_eq!(items.find(&format!("{item}::get")), expected, "{item}");
    }
}

#[test]
fn items_of_others_and_exported_macros_are_found() {
    let text = "
        extern \"C\" { pub fn shown(); fn hidden(); pub static COUNT: u32; pub type Opaque; }
        mod inner { #[macro_export] macro_rules! exported { () => {} } macro_rules! local { () => {} } }
    ";
    let items = parse("rust/kernel/ffi.rs", text).unwrap();
    for item in ["shown", "COUNT", "Opaque", "exported"] {
        assert_eq!(items.find(item), Found::Public, "{item}");
    }
    assert_eq!(items.find("hidden"), Found::Private);
    assert_eq!(items.find("inner::local"), Found::Private);
    assert_eq!(items.find("local"), Found::TextOnly);
}

#[test]
fn what_no_kernel_is_built_with_is_private() {
    let text = "
        #[cfg(any())] pub fn gone() {}
        #[cfg(test)] pub mod host { pub fn inner() {} pub use other::Used; }
        #[cfg(test)] #[kunit_tests(rust_host)] mod tests {}
        #[cfg(CONFIG_KUNIT = \"y\")] #[kunit_tests(rust_here)] mod tests {}
        pub struct Type { #[cfg(any())] pub field: u8, pub other: u8 }
        #[cfg(doc)] impl Type { pub fn never(&self) {} }
        impl Type { #[cfg(not(all()))] pub fn not(&self) {} #[cfg(CONFIG_A)] pub fn maybe(&self) {} }
        pub enum Kind { #[cfg(any())] Gone, Here }
        pub trait Trait { #[cfg(any())] fn gone(&self); fn here(&self); }
        #[cfg(test)] pub fn twice() {}
        #[cfg(not(test))] pub fn twice() {}
        #[cfg(any())] #[macro_export] macro_rules! unbuilt { () => {} }
        #[cfg(any())] mod inner { pub struct A; pub struct B; }
        mod inner { pub struct A; }
        pub use inner::{A, B};
    ";
    let items = parse("rust/kernel/cfg.rs", text).unwrap();
    let gone = ["gone", "host", "host::inner", "host::Used", "Type::field", "Type::never", "Type::not"];
    for item in gone.iter().chain(&["Kind::Gone", "Trait::gone", "unbuilt", "B"]) {
        assert_eq!(items.find(item), Found::Private, "{item}");
    }
    for item in ["Type::other", "Type::maybe", "Kind::Here", "Trait::here", "twice", "A"] {
        assert_eq!(items.find(item), Found::Public, "{item}");
    }
    assert!(items.suites.iter().eq(["rust_here"]));
    let items = parse("rust/kernel/file.rs", "#![cfg(any())] pub fn a() {}").unwrap();
    assert_eq!(items.find("a"), Found::Private);
}

#[test]
fn text_is_no_item() {
    for item in ["Hidden", "InMacro", "Open::foreign", "B"] {
        assert_eq!(find("rust/kernel/open.rs", item), Found::TextOnly, "{item}");
    }
    assert_eq!(find("rust/kernel/open.rs", "Opem"), Found::Absent(Some("Open".into())));
    assert_eq!(find("rust/kernel/open.rs", "Zzz"), Found::Absent(None));
}

#[test]
fn suites_and_examples_are_noticed() {
    let items = parse("rust/kernel/open.rs", SOURCE).unwrap();
    assert!(items.suites.contains("rust_open") && items.has_doctest());
}

#[test]
fn examples_are_those_of_items() {
    let example = "\n/// ```\n/// ```\n";
    let has = |text: &str| parse("rust/kernel/a.rs", &text.replace('$', example)).unwrap().has_doctest();
    for text in [
        "//! ```\n//! ```\n",
        "$ fn private() {}",
        "mod a { $ struct A; }",
        "struct A { $ field: u8 }",
        "union A { $ field: u8 }",
        "enum A { $ First }",
        "enum A { First { $ field: u8 } }",
        "trait A { $ fn a(); }",
        "impl A { $ fn a() {} }",
        "impl A for B { $ fn a() {} }",
        "impl A for B { $ type C = u8; }",
        "$ impl A for B {}",
        "extern \"C\" { $ fn a(); }",
        "$ macro_rules! a { () => {} }",
        "/// ```text\n/// ```\nstruct A; /// ```\nstruct B; $ struct C;",
    ] {
        assert!(has(text), "{text}");
    }
    for text in [
        "/// ```ignore\n/// ```\nfn a() {}",
        "fn a() { $ let b = 1; }",
        "const A: &str = \"$\";",
        "const A: &str = r\"\n/// ```\n\"; /* $ */ fn a() {}",
        "#[cfg(any())] mod a { $ struct A; }",
        "#[cfg(test)] $ struct A;",
        "$ #[cfg(doc)] struct A;",
        "/// ```text\nstruct A; /// ```text\n/// ```\nstruct B;",
    ] {
        assert!(!has(text), "{text}");
    }
}

#[test]
fn damaged_sources_are_errors() {
    assert_eq!(parse("a.rs", "pub fn () {}").unwrap_err(), "expected identifier");
}

#[test]
fn kconfig_files_have_symbols_and_selects() {
    let text = "config ALPHA\n\tbool\n\tselect HAVE_RUST if B\n\thelp\n\t  select\n\t  config GAMMA\n\
                menuconfig BETA\n config DELTA\n\thelp\n\t  No.\n\tselect RUST\n";
    let items = parse("arch/x86/Kconfig", text).unwrap();
    for item in ["ALPHA", "BETA", "ALPHA selects HAVE_RUST", "DELTA", "DELTA selects RUST"] {
        assert_eq!(items.find(item), Found::Public, "{item}");
    }
    assert_eq!(items.find("GAMMA"), Found::TextOnly);
}

proptest! {
    /// What is found is what was declared, under whatever modules, and only where all of them are public.
    #[test]
    fn items_are_public_where_all_modules_are(path in prop::collection::vec(("[a-z]{1,5}[0-9]", any::<bool>()), 1..5)) {
        let open = |(name, public): &(String, bool)| format!("{}mod {name} {{ ", if *public { "pub " } else { "" });
        let source: String = path.iter().map(open).collect::<String>() + "pub fn end() {}" + &" }".repeat(path.len());
        let name: String = path.iter().map(|(name, _)| format!("{name}::")).collect::<String>() + "end";
        let public = path.iter().all(|(_, public)| *public);
        let expected = if public { Found::Public } else { Found::Private };
        prop_assert_eq!(parse("rust/kernel/a.rs", &source).unwrap().find(&name), expected);
    }

    /// What is used from modules that nobody sees is as public as it is there.
    #[test]
    fn uses_lead_through_private_modules(path in prop::collection::vec("[a-z]{1,5}[0-9]", 1..5), public: bool) {
        let open: String = path.iter().map(|name| format!("mod {name} {{ ")).collect();
        let end = if public { "pub struct End; impl End { pub fn get() {} }" } else { "struct End;" };
        let path_text = path.join("::");
        let source = format!("{open}{end}{} pub use {path_text}::End as Found;", " }".repeat(path.len()));
        let items = parse("rust/kernel/a.rs", &source).unwrap();
        prop_assert_eq!(items.find("Found") == Found::Public, public);
        prop_assert_eq!(items.find("Found::get") == Found::Public, public);
        prop_assert_ne!(items.find(&format!("{path_text}::End")), Found::Public);
    }

    /// However modules use each other, it comes to an end.
    #[test]
    fn circles_end(uses in prop::collection::vec("(self|super|a|b)::(a|b|self|super)::(a|b|\\*)", 0..6)) {
        let uses: String = uses.iter().map(|path| format!("pub use {path}; impl {} {{ pub fn f() {{}} }} ", path.replace('*', "a"))).collect();
        let source = format!("{uses} pub mod a {{ {uses} pub mod b {{ {uses} }} }} pub mod b {{ {uses} }}");
        if let Ok(items) = parse("rust/kernel/a.rs", &source) {
            items.find("a::b::a::c");
            items.find("b::a::f");
        }
    }
}
