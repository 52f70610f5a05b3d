//! The `headfit` program: parse, run, report the error, end with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    headfit::cli::main()
}
