//! `headfit explain-protocol`.

use clap::Args;

use super::printer::Printer;
use crate::Result;
use crate::evaluate::Protocol;

/// What an accuracy rule means: formula, source, pitfalls
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit explain-protocol tau                          one rule\n  \
    headfit explain-protocol                              all of them\n\n\
    Counts over pairs: C right sign, D wrong sign, T_h human tie only, T_m model tie only, T_hm both tie, N all.\n\
    The model calls a tie where |margin| ≤ ε.")]
pub struct ExplainProtocolArgs {
    /// The rule (default: all)
    #[arg(value_name = "ID")]
    protocol: Option<Protocol>,
}

/// Runs the command.
///
/// # Errors
/// None; the signature is that of all commands.
pub fn run(args: &ExplainProtocolArgs, printer: &Printer) -> Result<()> {
    let chosen = args.protocol.as_ref().map_or(&Protocol::ALL[..], std::slice::from_ref);
    for (place, protocol) in chosen.iter().enumerate() {
        if place > 0 {
            printer.line("");
        }
        printer.line(protocol.id());
        printer.line(format!("  formula   {}", protocol.formula()));
        printer.line(format!("  source    {}", protocol.source()));
        printer.line(format!("  pitfalls  {}", protocol.pitfalls()));
    }
    printer.line("");
    printer.line("C right sign, D wrong sign, T_h human tie only, T_m model tie only, T_hm both tie, N all pairs.");
    printer.line("The model calls a tie where |margin| ≤ ε.");
    Ok(())
}
