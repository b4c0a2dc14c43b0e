// SPDX-License-Identifier: GPL-2.0-only

//! Merges in memory are git's own: trees and conflicts are compared with the installed git.

mod corpus;
mod lab;
mod random;
