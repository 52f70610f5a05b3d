//! `headfit explain` and `headfit compare`: two items under a head.

use std::path::PathBuf;

use clap::Args;

use super::args::DataArgs;
use super::printer::Printer;
use super::score::ranges;
use crate::dataset::{self, Dataset};
use crate::features::{ColumnKind, FeatureMatrix};
use crate::head::explain::{Change, Context, Explanation, NewAnswer, Reading};
use crate::head::{FeatureRows, Head, HeadsFile, Scale, Verdict};
use crate::problems::visible;
use crate::{Error, Result};

/// The pair and the heads.
#[derive(Debug, Args)]
pub struct PairArgs {
    #[command(flatten)]
    data: DataArgs,
    /// First item
    #[arg(value_name = "A")]
    a: String,
    /// Second item
    #[arg(value_name = "B")]
    b: String,
    /// Heads written by `headfit fit` or `headfit head import`
    #[arg(long, value_name = "FILE")]
    head: PathBuf,
    /// Only the head of this dimension; may be repeated
    #[arg(long, value_name = "NAME")]
    dimension: Vec<String>,
    /// Read answers as yes (P(yes) from ½ on) or no, as VisionReward's scorers do
    #[arg(long)]
    hard: bool,
    /// Write the result as JSON too (- = standard output, instead of the tables)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// Which of two items is better, by how much, and how sure is that?
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    headfit compare DATA item-a item-b --head heads.json\n\n\
    P(A), P(tie), P(B): what people would say, by the model that the head was fitted under. `low to high`: the score if\n\
    every missing answer were the worst, or the best, possible. `headfit explain` shows which questions decide.")]
pub struct CompareArgs {
    #[command(flatten)]
    pair: PairArgs,
}

/// Why one item beats another: question by question, and what would flip it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    headfit explain DATA item-a item-b --head heads.json --dimension overall\n\n\
    Each step is weight × (answer of A − answer of B) in the head's coding; the steps sum to the margin. Below: the margin\n\
    by checklist dimension, the changes that would turn the verdict alone, and the fewest that would do it together. A\n\
    change is another answer to one question, or another rung of a ladder with the answers that follow from it.")]
pub struct ExplainArgs {
    #[command(flatten)]
    pair: PairArgs,
    /// Steps shown (all are in the JSON)
    #[arg(long, default_value_t = 15, value_name = "N")]
    top: usize,
}

/// Runs `compare`.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn compare(args: &CompareArgs, printer: &Printer) -> Result<()> {
    let Some((loaded, all)) = prepare(&args.pair, printer)? else { return Ok(()) };
    headline(&all, printer);
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|e| {
            let percent = |p: f64| format!("{:.0} %", 100.0 * p);
            vec![
                e.dimension.clone(),
                verdict(e.verdict).to_owned(),
                format!("{:+.4}", e.margin),
                format!("{:.4}", e.tie_threshold),
                score(e, true),
                score(e, false),
                percent(e.chance.a),
                percent(e.chance.tie),
                percent(e.chance.b),
            ]
        })
        .collect();
    let head = ["dimension", "better", "A − B", "tie up to", "A", "B", "P(A)", "P(tie)", "P(B)"];
    printer.table(&head, &rows, 2);
    for head in loaded.heads.heads.iter().filter(|h| all.iter().any(|e| e.dimension == h.dimension)) {
        scales(head, &loaded, printer)?;
    }
    Ok(())
}

/// Runs `explain`.
///
/// # Errors
/// See the exit codes in `headfit --help`.
pub fn explain(args: &ExplainArgs, printer: &Printer) -> Result<()> {
    let Some((_, all)) = prepare(&args.pair, printer)? else { return Ok(()) };
    headline(&all, printer);
    for explanation in &all {
        one(explanation, args.top, printer);
    }
    Ok(())
}

/// What both commands work on.
struct Loaded {
    heads: HeadsFile,
    matrix: FeatureMatrix,
    pair: [usize; 2],
}

/// Reads, explains, writes the JSON; `None` where that is all that was asked for.
fn prepare(args: &PairArgs, printer: &Printer) -> Result<Option<(Loaded, Vec<Explanation>)>> {
    let heads = HeadsFile::read(&args.head)?;
    if let Some(unknown) = args.dimension.iter().find(|name| !heads.heads.iter().any(|h| h.dimension == **name)) {
        let known: Vec<&str> = heads.heads.iter().map(|h| h.dimension.as_str()).collect();
        return Err(Error::Usage(format!("--dimension {unknown}: the file has heads of {}", known.join(", "))));
    }
    let mut ds = dataset::read(&args.data.source(), args.data.read_options())?;
    if args.hard {
        ds.harden();
    }
    let pair = [find(&ds, &args.a)?, find(&ds, &args.b)?];
    if pair[0] == pair[1] {
        return Err(Error::Usage("A and B are the same item".to_owned()));
    }
    let matrix = heads.features(&ds)?;
    matrix.notes.iter().for_each(|note| printer.detail(note));
    let ranges = ranges(&heads, Some(&ds));
    let context = Context { data: &ds, ranges: &ranges };
    let chosen = heads.heads.iter().filter(|h| args.dimension.is_empty() || args.dimension.contains(&h.dimension));
    let all = chosen.map(|head| head.explain(&matrix, pair[0], pair[1], context)).collect::<Result<Vec<_>>>()?;
    if let Some(json) = &args.json {
        printer.json(json, &all, args.force)?;
        if json == std::path::Path::new("-") {
            return Ok(None);
        }
    }
    Ok(Some((Loaded { heads, matrix, pair }, all)))
}

fn find(ds: &Dataset, id: &str) -> Result<usize> {
    ds.items.by_id.get(id).copied().ok_or_else(|| {
        let near: Vec<&str> =
            ds.items.ids.iter().filter(|known| known.contains(id)).take(5).map(String::as_str).collect();
        let hint = match near.as_slice() {
            [] => format!("; its first is {}", ds.items.ids.first().map_or("none", String::as_str)),
            near => format!("; did you mean {}?", near.join(", ")),
        };
        Error::Usage(format!("{} has no item {id}{hint}", ds.name))
    })
}

fn headline(all: &[Explanation], printer: &Printer) {
    let Some(first) = all.first() else { return };
    printer.line(format!("A = {}", visible(&first.a.item)));
    printer.line(format!("B = {}", visible(&first.b.item)));
    match (&first.a.prompt, &first.b.prompt) {
        (Some(prompt), _) if first.same_prompt => printer.prose(&format!("prompt: {prompt}")),
        _ if !first.same_prompt => printer.prose(
            "The two items answer different prompts: the judge's answers were never meant to compare across prompts, so \
             read the margin with care.",
        ),
        _ => {}
    }
    printer.line("");
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::A => "A",
        Verdict::Tie => "tie",
        Verdict::B => "B",
    }
}

/// A score, with its interval where answers are missing.
fn score(e: &Explanation, of_a: bool) -> String {
    let side = if of_a { &e.a } else { &e.b };
    if side.bounds.missing == 0 {
        return format!("{:.4}", side.score);
    }
    match (side.bounds.low, side.bounds.high) {
        (Some(low), Some(high)) => {
            format!("{:.4} ({low:.4} to {high:.4}, {} missing)", side.score, side.bounds.missing)
        }
        _ => format!("{:.4} ({} missing, no limits known)", side.score, side.bounds.missing),
    }
}

/// The scores on the scales that VisionReward's numbers are published on, for heads of plain answers.
fn scales(head: &Head, loaded: &Loaded, printer: &Printer) -> Result<()> {
    if head.check_scale(Scale::Unit).is_err() || !head.columns.iter().any(|c| c.kind == ColumnKind::Question) {
        return Ok(());
    }
    let rows = FeatureRows::new(std::slice::from_ref(head), &loaded.matrix)?;
    let values = |scale| loaded.pair.map(|item| head.row_score(&rows.get(item)[0], scale).unwrap_or(f64::NAN));
    let names = [
        (Scale::Unit, "0/1 sum (the paper's equation 4)"),
        (Scale::Signed, "±1 sum (released image scorer)"),
        (Scale::Mean, "±1 mean (released video scorer)"),
    ];
    printer.line("");
    printer.line(format!("{} on other scales:", head.dimension));
    let table: Vec<Vec<String>> = names
        .iter()
        .map(|(scale, name)| {
            let [a, b] = values(*scale);
            vec![(*name).to_owned(), format!("{a:.6}"), format!("{b:.6}"), format!("{:+.6}", a - b)]
        })
        .collect();
    printer.table(&["  scale", "A", "B", "A − B"], &table, 1);
    if head.imported.is_some() {
        let [a, b] = values(Scale::Signed);
        let margin = crate::stats::counts::margin(a, b);
        let says = match margin {
            0.0 => "B (the scores are equal, and the released rule calls an equal score a loss of the first)",
            m if m > 0.0 => "A",
            _ => "B",
        };
        printer.line(format!("  the released comparison prefers {says}"));
    }
    Ok(())
}

fn one(e: &Explanation, top: usize, printer: &Printer) {
    let chance = match e.verdict {
        Verdict::B => e.chance.b,
        _ => e.chance.a,
    };
    let sure = match e.verdict {
        Verdict::Tie => format!(
            "{}: a tie. A − B = {:+.4}, within the tie threshold of {:.4}",
            e.dimension, e.margin, e.tie_threshold
        ),
        v => format!(
            "{}: {} is better by {:.4} ({:.0} % of people would say so)",
            e.dimension,
            verdict(v),
            e.margin.abs(),
            100.0 * chance
        ),
    };
    printer.line(sure);
    printer.line(format!("  A {}   B {}", score(e, true), score(e, false)));
    if e.steps.is_empty() {
        printer.line("  the two items do not differ on any question that has a weight");
        printer.line("");
        return;
    }
    let rows: Vec<Vec<String>> = (e.steps.iter().take(top))
        .map(|s| {
            let (a, b) = (reading(&s.a), reading(&s.b));
            let group = s.subdimension.as_deref().or(s.dimension.as_deref()).unwrap_or("");
            vec![
                format!("  {}", s.label),
                group.to_owned(),
                a,
                b,
                format!("{:.4}", s.weight),
                format!("{:+.4}", s.contribution),
                format!("{:+.4}", s.cumulative),
            ]
        })
        .collect();
    printer.table(&["  question", "group", "A", "B", "weight", "step", "sum"], &rows, 4);
    if e.steps.len() > top {
        let rest: f64 = e.steps.iter().skip(top).map(|s| s.contribution).sum();
        printer.line(format!(
            "  … {} smaller steps, together {rest:+.4} (--top {})",
            e.steps.len() - top,
            e.steps.len()
        ));
    }
    printer.line(format!("  {} more questions with a weight are answered alike", e.equal));
    if e.parts.len() > 1 {
        let rows: Vec<Vec<String>> = (e.parts.iter())
            .map(|p| {
                let name = p.dimension.as_deref().unwrap_or("(no dimension)");
                vec![
                    format!("  {name}"),
                    format!("{:.4}", p.a),
                    format!("{:.4}", p.b),
                    format!("{:+.4}", p.contribution),
                ]
            })
            .collect();
        printer.table(&["  by dimension", "A", "B", "A − B"], &rows, 1);
    }
    flips(e, printer);
    printer.line("");
}

fn reading(reading: &Reading) -> String {
    match reading {
        Reading::Answer(1.0) => "yes".to_owned(),
        Reading::Answer(0.0) => "no".to_owned(),
        Reading::Answer(p) => format!("{p:.2}"),
        Reading::Masked => "n/a".to_owned(),
        Reading::Number(x) => format!("{x:.4}"),
        Reading::Missing(_) => "missing".to_owned(),
    }
}

fn flips(e: &Explanation, printer: &Printer) {
    let change = |c: &Change| {
        let side = if c.of_a { "A" } else { "B" };
        let move_of =
            |n: &NewAnswer| format!("from {} to {}", reading(&n.from), if n.to == 1.0 { "yes" } else { "no" });
        let one = |n: &NewAnswer| format!("{} of {side} {}", n.label, move_of(n));
        match (&c.ladder, c.answers.as_slice()) {
            (Some(ladder), [_, _, ..]) => {
                let answers: Vec<String> = c.answers.iter().map(|n| format!("{} {}", n.label, move_of(n))).collect();
                format!("the ladder {ladder} of {side} ({})", answers.join(", "))
            }
            (_, answers) => answers.iter().map(one).collect::<Vec<_>>().join(", "),
        }
    };
    if e.verdict == Verdict::Tie {
        let n = e.flip.alone.len();
        printer.prose(&format!("  {n} changes, each made alone, would break the tie."));
        return;
    }
    match (e.flip.alone.len(), e.flip.fewest.len()) {
        (0, 0) => printer.prose("  No change of answers would make the other item win."),
        (0, k) => {
            let list: Vec<String> = e.flip.fewest.iter().map(change).collect();
            printer.prose(&format!(
                "  No single change flips it; the fewest that do are {k}: {} (margin then {:+.4}).",
                list.join("; "),
                e.flip.margin.unwrap_or(0.0)
            ));
        }
        (n, _) => {
            let list: Vec<String> = e.flip.alone.iter().take(5).map(change).collect();
            let more = if n > 5 { format!("; and {} more", n - 5) } else { String::new() };
            printer.prose(&format!("  One change is enough to flip it: {}{more}.", list.join("; or ")));
        }
    }
}
