//! `headfit completions` and `headfit man`, from the same definitions that parse the command line.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};

use super::Cli;
use super::printer::Printer;
use crate::{Error, Result, output};

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit completions bash > ~/.local/share/bash-completion/completions/headfit\n  \
    headfit completions zsh > ~/.zfunc/_headfit\n  \
    headfit completions fish > ~/.config/fish/completions/headfit.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: clap_complete::Shell,
}

/// Print the manual page, or write one page per command
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit man | man -l -\n  \
    headfit man -o man1/          headfit.1 and one page per command")]
pub struct ManArgs {
    /// Folder for one page per command (default: the main page on standard output)
    #[arg(long = "output", short = 'o', value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace a folder that was not written by headfit
    #[arg(long)]
    force: bool,
}

/// Runs `completions`.
///
/// # Errors
/// None; the signature is that of all commands.
pub fn completions(args: &CompletionsArgs, printer: &Printer) -> Result<()> {
    clap_complete::generate(args.shell, &mut Cli::command(), "headfit", &mut printer.raw());
    Ok(())
}

/// Runs `man`.
///
/// # Errors
/// [`Error::Usage`] and [`Error::Io`] as in [`output::write_folder`].
pub fn man(args: &ManArgs, printer: &Printer) -> Result<()> {
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    collect(&command, "headfit", &mut pages)?;
    match &args.out {
        None => {
            use std::io::Write;
            let mut out = printer.raw();
            let (_, page) = pages.swap_remove(0);
            out.write_all(&page).and_then(|()| out.flush()).map_err(Error::io("-"))
        }
        Some(folder) => {
            let mark = format!("{{\"command\": \"man\", \"pages\": {}}}\n", pages.len());
            pages.push((output::FOLDER_MARK.to_owned(), mark.into_bytes()));
            output::write_folder(folder, &pages, args.force)?;
            printer.note(format!("wrote {} pages to {}", pages.len() - 1, Path::new(folder).display()));
            Ok(())
        }
    }
}

/// The page of a command and those of its subcommands.
fn collect(command: &clap::Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let mut page = Vec::new();
    let titled = command.clone().name(name.to_owned()).disable_help_flag(true).disable_version_flag(true);
    clap_mangen::Man::new(titled).render(&mut page).map_err(Error::io(name))?;
    pages.push((format!("{name}.1"), page));
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
        collect(sub, &format!("{name}-{}", sub.get_name()), pages)?;
    }
    Ok(())
}
