//! The command line: the only place that prints, reads the clock and decides the exit code. One file per command.

mod against;
mod args;
mod audit;
mod check;
mod completions;
mod config;
mod demo;
mod evaluate;
mod explain;
mod explain_protocol;
mod extra_args;
mod fit;
mod fit_details;
mod head;
mod import;
mod init;
mod pipeline;
mod plot;
mod printer;
mod protocol_args;
mod published;
mod pull;
mod report;
mod schema;
mod score;
mod select;
mod selftest;
mod suite;
mod synth;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::Result;
use printer::Printer;

/// Fit, evaluate and explain the interpretable linear head of a checklist reward model.
#[derive(Debug, Parser)]
#[command(
    name = "headfit",
    version,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        headfit demo                                          the whole job on built-in simulated data\n  \
        headfit check DATA                                    is the data set sound?\n  \
        headfit fit DATA -o heads.json                        one head per dimension\n  \
        headfit evaluate DATA --cross-validate 5              accuracy against cached scorers, with intervals\n  \
        headfit audit DATA                                    which labels, judges and weights can be trusted\n  \
        headfit report DATA -o DIR                            everything as JSON, Markdown, HTML and SVG\n  \
        headfit verify DIR                                    is a report what its scores and labels say?\n\n\
        Exit codes: 0 done, 1 the environment failed, 2 usage, 3 bad data, 4 not converged, 5 a check you asked for failed."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: args::GlobalArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::InitArgs),
    Pull(pull::PullArgs),
    Import(import::ImportArgs),
    Check(check::CheckArgs),
    Fit(fit::FitArgs),
    Evaluate(evaluate::EvaluateArgs),
    ExplainProtocol(explain_protocol::ExplainProtocolArgs),
    Audit(audit::AuditArgs),
    Score(score::ScoreArgs),
    Compare(explain::CompareArgs),
    Explain(explain::ExplainArgs),
    Select(select::SelectArgs),
    Head(head::HeadArgs),
    Report(report::ReportArgs),
    Plot(plot::PlotArgs),
    Verify(verify::VerifyArgs),
    Synth(synth::SynthArgs),
    Selftest(selftest::SelftestArgs),
    Schema(schema::SchemaArgs),
    Demo(demo::DemoArgs),
    Completions(completions::CompletionsArgs),
    Man(completions::ManArgs),
}

/// Parses the process arguments, runs the command, prints what went wrong, and gives the exit code.
pub fn main() -> ExitCode {
    let start = std::time::Instant::now();
    let args: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let defaults = config::find(&args);
    let command = match &defaults {
        None => Ok(Cli::command()),
        Some(path) => config::apply(Cli::command(), path),
    };
    let command = match command {
        Ok(command) => command,
        Err(error) => {
            Printer::new(false, false).error(&error);
            return ExitCode::from(error.exit_code());
        }
    };
    let cli = match command.try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        // clap prints help and version to stdout (code 0) and usage errors to stderr (code 2).
        Err(message) => {
            let _ = message.print();
            if let Some(path) = defaults.filter(|_| message.use_stderr()) {
                Printer::new(false, false).note(format!("(some defaults are from {})", path.display()));
            }
            return ExitCode::from(u8::from(message.use_stderr()) * 2);
        }
    };
    let printer = Printer::new(cli.global.quiet, cli.global.verbose);
    printer.detail(format!("headfit {}", env!("CARGO_PKG_VERSION")));
    if let Some(path) = defaults {
        printer.detail(format!("defaults from {}", path.display()));
    }
    let code = match run(cli, &printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            printer.error(&error);
            ExitCode::from(error.exit_code())
        }
    };
    printer.detail(format!("took {:.2} s", start.elapsed().as_secs_f64()));
    code
}

fn run(cli: Cli, printer: &Printer) -> Result<()> {
    if let Some(threads) = cli.global.threads {
        // Fails only where a pool exists already, which cannot be at this point; the default pool would serve.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global();
    }
    match cli.command {
        Command::Init(args) => init::run(&args, printer),
        Command::Pull(args) => pull::run(&args, printer),
        Command::Import(args) => import::run(&args, printer),
        Command::Check(args) => check::run(&args, printer),
        Command::Fit(args) => fit::run(&args, printer),
        Command::Evaluate(args) => evaluate::run(&args, printer),
        Command::ExplainProtocol(args) => explain_protocol::run(&args, printer),
        Command::Audit(args) => audit::run(&args, printer),
        Command::Score(args) => score::run(&args, printer),
        Command::Compare(args) => explain::compare(&args, printer),
        Command::Explain(args) => explain::explain(&args, printer),
        Command::Select(args) => select::run(&args, printer),
        Command::Head(args) => head::run(&args, printer),
        Command::Report(args) => report::run(&args, printer),
        Command::Plot(args) => plot::run(&args, printer),
        Command::Verify(args) => verify::run(&args, printer),
        Command::Synth(args) => synth::run(&args, printer),
        Command::Selftest(args) => selftest::run(&args, printer),
        Command::Schema(args) => schema::run(&args, printer),
        Command::Demo(args) => demo::run(&args, printer),
        Command::Completions(args) => completions::completions(&args, printer),
        Command::Man(args) => completions::man(&args, printer),
    }
}
