// SPDX-License-Identifier: GPL-2.0-only

//! `report`: what is known of the tree, on one HTML page.
//!
//! Each part turns values into a view of plain text, and [`page`] fills the templates with the views; the templates
//! escape all of it. [`gather`] alone reads files. A part without data says how to get it.

pub mod checks;
pub mod failure;
pub mod forward;
pub mod gather;
pub mod graph;
pub mod igt;
pub mod kunit;
pub mod origin;
pub mod picture;
pub mod registry;
pub mod summary;
pub mod topics;
pub mod visible;

use std::fs;
use std::path::PathBuf;

use askama::Template;
use jiff::Timestamp;

use crate::error::{Explain, FileContext, FileError};
use crate::workspace::Workspace;

/// Why a part of the page has no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is wrong.
    pub message: String,
    /// How to get the data.
    pub hint: String,
}

impl Missing {
    /// With what to do about it.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Missing {
        Missing { message: message.into(), hint: hint.into() }
    }

    /// An error, with its causes and its hint.
    pub fn of(error: &impl Explain) -> Missing {
        let causes = std::iter::successors(error.source(), |cause| cause.source());
        let message = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
        Missing::new(message, error.hint().unwrap_or_default())
    }
}

/// A part of the page, or why there is none.
pub type Part<T> = Result<T, Missing>;

/// Everything that the page shows.
#[derive(Clone, Debug)]
pub struct Data {
    /// When it was gathered.
    pub made: String,
    /// Base and topics.
    pub tree: Part<topics::Tree>,
    /// What waits to be forwarded, branch by branch.
    pub waiting: Vec<forward::Branch>,
    /// KUnit: suites and runs.
    pub kunit: Part<kunit::Matrix>,
    /// IGT: subtests and drivers.
    pub igt: Part<igt::Igt>,
    /// The checks of patches.
    pub checks: Part<checks::Checks>,
    /// The registry of abstractions.
    pub registry: Part<registry::Registry>,
    /// What rvkms has drawn.
    pub picture: Part<picture::Picture>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    data: &'a Data,
    tiles: Vec<summary::Tile>,
    attention: Vec<summary::Attention>,
}

/// The page.
pub fn page(data: &Data) -> String {
    let page = Page { data, tiles: summary::tiles(data), attention: summary::attention(data) };
    page.render().expect("a string takes all that is written to it")
}

/// Makes the page of a checkout in `build/report/`, and tells where it is.
pub fn write(ws: &Workspace) -> Result<PathBuf, FileError> {
    let dir = ws.build().join("report");
    fs::create_dir_all(&dir).at("create", &dir)?;
    let path = dir.join("index.html");
    crate::file::replace(&path, page(&gather::gather(ws)))?;
    Ok(path)
}

/// A time, for people.
fn when(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A number of things: `1 patch`, `2 patches`.
fn counted(n: usize, thing: &str) -> String {
    let ending = match (n, thing.ends_with("ch")) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{n} {thing}{ending}")
}
