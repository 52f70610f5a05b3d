//! What a method found beside the weights, for people.

use super::printer::Printer;
use crate::fit::{Details, Method, TieModel};
use crate::head::Head;

/// Columns named before the rest is only counted.
const NAMED: usize = 6;

/// Prints tie parameter, certificate without gap, and the method's own findings.
pub(super) fn print(head: &Head, printer: &Printer) {
    match head.outcomes.ties {
        TieModel::None => {}
        TieModel::RaoKupper { theta } => printer.line(format!("  ties: Rao–Kupper, θ = {theta:.4}; {}", at_zero(head))),
        TieModel::Davidson { nu } => printer.line(format!("  ties: Davidson, ν = {nu:.4}; {}", at_zero(head))),
    }
    match &head.details {
        None => {}
        Some(Details::Recipe(found)) => {
            let rounds = if head.method == Method::VisionrewardProjected { "epochs" } else { "fits" };
            printer.line(format!(
                "  rule: {} {rounds}; objective {:.6}, exact constrained optimum {:.6}",
                found.rounds, found.objective, found.exact_objective
            ));
            let rows: Vec<Vec<String>> = (found.differs.iter().take(2 * NAMED))
                .map(|&j| {
                    let label = format!("  {}", head.columns[j].label);
                    vec![label, format!("{:.4}", head.weights[j]), format!("{:.4}", found.exact[j])]
                })
                .collect();
            if !rows.is_empty() {
                printer.table(&["  differs on", "rule", "exact"], &rows, 1);
            }
        }
        Some(Details::Budget(budget)) => {
            let rows: Vec<Vec<String>> = (budget.curve.iter())
                .map(|p| {
                    let accuracy = match (p.accuracy, p.accuracy_se) {
                        (Some(value), Some(se)) => format!("{value:.3} ± {se:.3}"),
                        _ => "–".into(),
                    };
                    let mut names: Vec<&str> =
                        p.columns.iter().take(NAMED).map(|&j| head.columns[j].label.as_str()).collect();
                    let more = format!("and {} more", p.columns.len().saturating_sub(NAMED));
                    if p.columns.len() > NAMED {
                        names.push(&more);
                    }
                    vec![
                        format!("  {}", p.features),
                        accuracy,
                        format!("{:.4} ± {:.4}", p.loss, p.loss_se),
                        names.join(", "),
                    ]
                })
                .collect();
            printer.table(&["  features", "accuracy (diff-half)", "log loss", "which"], &rows, 1);
            let proof = if budget.proven {
                "no choice of as many features fits better (proven)".to_owned()
            } else {
                let gap = head.certificate.gap.map_or("unknown".into(), |gap| format!("{gap:.1e}"));
                format!("best found; a better choice could lower the objective by at most {gap}")
            };
            printer.line(format!("  out of fold, ± one standard error by prompt; {proof}"));
            if budget.enough > 0 {
                let enough = budget.enough;
                printer.line(format!("  {enough} features are within one standard error of the lowest log loss"));
            }
        }
        Some(Details::Ratings(scale)) => {
            let cuts: Vec<String> =
                scale.levels.iter().zip(&scale.cut_points).map(|(l, c)| format!("{l} | {c:.3}")).collect();
            printer.line(format!("  ordered logit on {} ratings of {} items", scale.ratings, scale.items));
            printer.line(format!("  highest rating | cut-point: {}", cuts.join(", ")));
            printer.line(format!("  chances of verdicts: margin × {:.4}", head.outcomes.slope));
        }
        Some(Details::Hierarchical(parts)) => {
            let row = |p: &crate::fit::method::Part| {
                vec![format!("  {}", p.dimension), format!("{:.4}", p.weight), p.labels.clone(), p.pairs.to_string()]
            };
            let rows: Vec<Vec<String>> = parts.iter().map(row).collect();
            printer.table(&["  part", "weight", "labels of", "pairs"], &rows, 1);
        }
    }
}

fn at_zero(head: &Head) -> String {
    format!("equal scores tie with probability {:.3}", head.chance(0.0).tie)
}
