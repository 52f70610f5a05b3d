//! LaTeX tables in the manner of the booktabs package, ready for `\input`.

use super::escape::latex;
use super::{Report, main_protocol, view};
use crate::audit::Verdict;
use crate::plot::text::{count, number, percent};

/// All tables: file name and bytes.
pub(super) fn all(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("tables/leaderboard.tex".to_owned(), leaderboard(report))];
    if !report.heads.is_empty() {
        files.push(("tables/weights.tex".to_owned(), weights(report)));
        files.push(("tables/dimensions.tex".to_owned(), dimensions(report)));
    }
    if report.audit.as_ref().is_some_and(|a| !a.findings.is_empty()) {
        files.push(("tables/findings.tex".to_owned(), findings(report)));
    }
    files.into_iter().map(|(name, text)| (name, text.into_bytes())).collect()
}

/// A table: a caption as a comment, columns, head and rows of finished LaTeX.
fn table(about: &str, columns: &str, head: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("{} \\\\\n", cells.join(" & "));
    // A comment ends with its line, and `latex` leaves no line break in any text.
    let mut out = format!("% {about}\n% needs \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n");
    out.push_str(&line(head));
    out.push_str("\\midrule\n");
    for row in rows {
        out.push_str(&line(row));
    }
    out.push_str("\\bottomrule\n\\end{tabular}\n");
    out
}

fn cells(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|t| (*t).to_owned()).collect()
}

/// A number for LaTeX: the minus sign is one of mathematics.
fn tex(number: &str) -> String {
    number.replace('−', "$-$").replace('–', "--")
}

fn span(low: Option<f64>, high: Option<f64>, write: impl Fn(f64) -> String) -> String {
    low.zip(high).map_or_else(String::new, |(l, h)| format!("[{}, {}]", tex(&write(l)), tex(&write(h))))
}

/// Scorers down, dimensions across; the best of a dimension is bold.
fn leaderboard(report: &Report) -> String {
    let evaluation = &report.evaluation;
    let (protocol, dimensions) = (main_protocol(evaluation), evaluation.dimensions());
    let mut scorers: Vec<&str> = Vec::new();
    for row in evaluation.rows.iter().filter(|r| r.protocol == protocol) {
        if !scorers.contains(&row.scorer.as_str()) {
            scorers.push(&row.scorer);
        }
    }
    let best = |dimension: &str| {
        let values = scorers.iter().filter_map(|s| evaluation.row(dimension, s, protocol)?.value);
        values.fold(f64::NEG_INFINITY, f64::max)
    };
    let cell = |scorer: &str, dimension: &str| {
        let Some((row, value)) = evaluation.row(dimension, scorer, protocol).and_then(|r| r.value.map(|v| (r, v)))
        else {
            return "--".to_owned();
        };
        let text = if value == best(dimension) { format!("\\textbf{{{}}}", percent(value)) } else { percent(value) };
        format!("{text} {{\\scriptsize {}}}", span(row.low, row.high, percent))
    };
    let rows: Vec<Vec<String>> = scorers
        .iter()
        .map(|s| std::iter::once(latex(s)).chain(dimensions.iter().map(|d| cell(s, d))).collect())
        .collect();
    let head: Vec<String> = std::iter::once("Scorer".to_owned()).chain(dimensions.iter().map(|d| latex(d))).collect();
    let about = format!(
        "{} accuracy in per cent with 95 per cent intervals{}",
        protocol.id(),
        if report.simulated { "; SIMULATED data" } else { "" }
    );
    table(&about, &format!("l{}", "r".repeat(dimensions.len())), &head, &rows)
}

/// The weights that are not zero, of every head.
fn weights(report: &Report) -> String {
    let mut rows = Vec::new();
    for head in &report.heads {
        let mut used: Vec<_> = head.weights.iter().filter(|w| w.effect != 0.0).collect();
        used.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
        for w in used {
            rows.push(vec![
                latex(&head.dimension),
                latex(&w.label),
                tex(&number(w.effect, 3)),
                span(w.low, w.high, |v| number(v, 2)),
                w.selected.map_or_else(|| "--".into(), |s| format!("{}\\,\\%", number(s * 100.0, 0))),
                w.marginal.map_or_else(|| "--".into(), |m| tex(&number(m, 2))),
            ]);
        }
    }
    let about = "weights that are not zero; kept: share of bootstrap refits that keep the column; alone: Spearman with the label";
    table(about, "llrrrr", &cells(&["Head", "Column", "Weight", "95\\,\\% interval", "Kept", "Alone"]), &rows)
}

fn dimensions(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report
        .heads
        .iter()
        .map(|head| {
            let row = view::dimension_row(report, head);
            let accuracy = format!("{} {{\\scriptsize {}}}", tex(&row[1]), tex(&row[2].replace(" to ", ", ")));
            let difference = format!("{} {{\\scriptsize {}}}", tex(&row[5]), tex(&row[6].replace(" to ", ", ")));
            vec![latex(&row[0]), accuracy, latex(&row[3]), tex(&row[4]), difference, row[7].clone(), row[9].clone()]
        })
        .collect();
    let head = cells(&["Dimension", "Head", "Best other", "Its accuracy", "Difference", "Weights", "Pairs"]);
    table("the head against the best other scorer, per dimension", "lrlrrrr", &head, &rows)
}

/// Findings that call for attention.
fn findings(report: &Report) -> String {
    let flagged = report.audit.iter().flat_map(|a| &a.findings);
    let rows: Vec<Vec<String>> = flagged
        .filter(|f| matches!(f.verdict, Verdict::Look | Verdict::Bad))
        .map(|f| {
            vec![
                super::audit_view::word(f.verdict).to_owned(),
                latex(&f.check),
                latex(&f.subject),
                latex(f.dimension.as_deref().unwrap_or("")),
                f.estimate.map_or_else(|| "--".into(), |e| tex(&number(e, 3))),
                span(f.low, f.high, |v| number(v, 3)),
                latex(&f.unit),
                count(f.n),
            ]
        })
        .collect();
    let head = cells(&["Verdict", "Check", "About", "Dimension", "Estimate", "95\\,\\% interval", "Unit", "$n$"]);
    table("findings of the audit that call for attention", "llllrrlr", &head, &rows)
}
