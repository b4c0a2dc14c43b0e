// SPDX-License-Identifier: GPL-2.0-only

//! The command line of the DRM-Rust toolchain: arguments in, text and exit codes out.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
