//! The programs under `examples/` run on the demo data set and find what is in it.

use headfit::audit::Area;
use headfit::evaluate::Protocol;

use crate::support::crate_folder;

#[allow(dead_code)]
#[path = "../../examples/audit.rs"]
mod audit;
#[allow(dead_code)]
#[path = "../../examples/evaluate.rs"]
mod evaluate;
#[allow(dead_code)]
#[path = "../../examples/refit.rs"]
mod refit;
#[allow(dead_code)]
#[path = "../../examples/select.rs"]
mod select;

#[test]
fn refit_finds_a_sparse_head() {
    let used = refit::run(&crate_folder().join("datasets/demo"), "physics").unwrap();
    assert!((1..30).contains(&used), "{used} weights");
}

#[test]
fn evaluate_puts_the_head_above_chance() {
    let evaluation = evaluate::run(&crate_folder().join("datasets/demo"), "physics").unwrap();
    let head = evaluation.rows.iter().find(|r| r.scorer == "head" && r.protocol == Protocol::DiffHalf).unwrap();
    assert!(head.low.unwrap() > 0.5);
}

#[test]
fn audit_looks_at_the_preferences() {
    let audit = audit::run(&crate_folder().join("datasets/demo"), "physics").unwrap();
    assert!(audit.findings.iter().any(|f| f.area == Area::Preferences && f.estimate.is_some()));
}

#[test]
fn selected_winners_dominate() {
    let selection = select::run(&crate_folder().join("datasets/demo"), "overall").unwrap();
    assert!(!selection.pairs.is_empty());
    assert!(selection.pairs.iter().all(|pair| pair.dominates && pair.gap >= 0.3));
}
