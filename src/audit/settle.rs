//! Many looks at once: q-values, final verdicts, order.

use std::cmp::Ordering;

use super::{Finding, Verdict};
use crate::stats::benjamini_hochberg_some;

/// Largest false discovery rate at which a finding stands.
pub const LEVEL: f64 = 0.05;

/// Adjusts the p-values of all findings together (Benjamini–Hochberg), takes back what does not stand, drops remedies for
/// what is fine, and sorts: worst first. Returns the number of tests.
pub fn settle(findings: &mut [Finding]) -> usize {
    // What is too small to matter, or on the harmless side, can raise no alarm whatever its p-value. It enters with p = 1, as
    // a test that is kept but never rejected: else the many small and certain effects would make room for chance alarms.
    let p: Vec<Option<f64>> =
        findings.iter().map(|f| f.p.map(|p| if f.verdict >= Verdict::Look { p } else { 1.0 })).collect();
    let tests = p.iter().flatten().count();
    for (finding, q) in findings.iter_mut().zip(benjamini_hochberg_some(&p)) {
        finding.q = q;
        if finding.verdict >= Verdict::Look && q.is_some_and(|q| q > LEVEL) {
            finding.verdict = Verdict::Fine;
            finding.reason = Some(format!("large enough to matter, but not shown among {tests} tests"));
        }
        if finding.verdict < Verdict::Look {
            finding.remedy.clear();
        }
    }
    findings.sort_by(order);
    tests
}

/// Bad, look, not enough data, fine; within a verdict by size in units of its band, then by name.
fn order(a: &Finding, b: &Finding) -> Ordering {
    let place = |f: &Finding| match f.verdict {
        Verdict::Bad => 0,
        Verdict::Look => 1,
        Verdict::NotEnoughData => 2,
        Verdict::Fine => 3,
    };
    let names = |f: &Finding| (f.area, f.check.clone(), f.dimension.clone(), f.subject.clone());
    place(a).cmp(&place(b)).then(size(b).total_cmp(&size(a))).then_with(|| names(a).cmp(&names(b)))
}

/// Distance from the null value in units of what would be bad.
fn size(finding: &Finding) -> f64 {
    match (finding.estimate, finding.band) {
        (Some(estimate), Some(band)) if band.bad > 0.0 => ((estimate - band.null).abs() / band.bad).min(1e9),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Area, Band, Side};

    fn finding(subject: &str, estimate: f64, p: f64) -> Finding {
        let band = Band { null: 0.0, look: 0.1, bad: 0.3, side: Side::Both };
        let mut finding = Finding::of(Area::Judge, "c", None, subject).saying("m", "r");
        (finding.estimate, finding.p, finding.band) = (Some(estimate), Some(p), Some(band));
        finding.verdict = band.verdict(estimate, estimate - 0.05, estimate + 0.05);
        finding
    }

    #[test]
    fn a_lucky_look_among_many_is_taken_back() {
        let mut all: Vec<Finding> = (0..19).map(|i| finding(&format!("s{i:02}"), 0.0, 0.5)).collect();
        all.push(finding("lucky", 0.2, 0.04));
        all.push(finding("real", 0.4, 1e-9));
        assert_eq!(settle(&mut all), 21);
        assert_eq!((all[0].subject.as_str(), all[0].verdict), ("real", Verdict::Bad));
        let lucky = all.iter().find(|f| f.subject == "lucky").unwrap();
        assert_eq!((lucky.verdict, lucky.remedy.as_str()), (Verdict::Fine, ""));
        assert!(lucky.q.unwrap() > 0.05 && lucky.reason.as_deref().unwrap().contains("21 tests"));
    }
}
