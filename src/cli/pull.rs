//! `headfit pull`.

use std::path::PathBuf;

use clap::Args;

use super::printer::Printer;
use crate::dataset::pull::{KNOWN, Request, pull};
use crate::{Error, Result, output};

/// Download a public data set from the Hugging Face Hub
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    headfit pull --list                                  the data sets that have a short name\n  \
    headfit pull genai-bench                             into the hub's cache; prints the files\n  \
    headfit pull hpdv2 -o raw/                           copies beside it\n  \
    headfit pull owner/name --file 'data/*.csv'          any data set of the hub\n\n\
    Then `headfit import KIND FILES -o DATA` makes a data set of them. Images and videos are not fetched by short names.\n\n\
    HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN and HF_HUB_OFFLINE=1 mean what they mean to the hub's own tools. An\n\
    interrupted download goes on where it stopped; size and hash of every file are checked.")]
pub struct PullArgs {
    /// Short name, or owner/name
    #[arg(value_name = "NAME", required_unless_present = "list")]
    name: Option<String>,
    /// List the short names
    #[arg(long)]
    list: bool,
    /// Files to bring, as a pattern; may be repeated (default: those with labels)
    #[arg(long, value_name = "PATTERN")]
    file: Vec<String>,
    /// Branch, tag or commit
    #[arg(long, default_value = "main", value_name = "REVISION")]
    revision: String,
    /// Copy the files into this folder
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Overwrite files of that folder
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// As [`pull`]; [`Error::Usage`] where a copy exists.
pub fn run(args: &PullArgs, printer: &Printer) -> Result<()> {
    if args.list {
        let row = |k: &crate::dataset::pull::Known| [k.name, k.repository, k.kind].map(str::to_owned).to_vec();
        printer.table(&["name", "repository", "import with"], &KNOWN.iter().map(row).collect::<Vec<_>>(), 3);
        return Ok(());
    }
    let request = Request::new(args.name.as_deref().unwrap_or_default(), &args.revision, args.file.clone())?;
    let progress = printer.progress(format!("asking for {}", request.repository));
    let on_progress = |name: &str, done: u64, size: u64| {
        progress.set_message(format!("{name}  {} of {} MB", done / 1_000_000, size.div_ceil(1_000_000)));
    };
    let pulled = pull(&request, &on_progress)?;
    progress.finish_and_clear();
    for file in &pulled {
        let path = match &args.output {
            Some(folder) => {
                let target = folder.join(&file.name);
                copy(&file.path, &target, args.force)?;
                target
            }
            None => file.path.clone(),
        };
        let proof = if file.verified { "hash verified" } else { "from the cache, not verified" };
        printer.note(format!("{}: {} bytes, {proof}", file.name, file.bytes));
        printer.line(path.display().to_string());
    }
    if let Some(known) = KNOWN.iter().find(|k| k.repository == request.repository) {
        printer.note(format!("next: headfit import {} FILES -o DATA", known.kind));
    }
    Ok(())
}

/// Copies without ever showing half a file.
fn copy(from: &std::path::Path, to: &std::path::Path, force: bool) -> Result<()> {
    let folder = to.parent().unwrap_or_else(|| std::path::Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let mut part = output::FileWriter::new(to, force)?;
    std::io::copy(&mut std::fs::File::open(from).map_err(Error::io(from))?, &mut part).map_err(Error::io(to))?;
    part.finish()
}
