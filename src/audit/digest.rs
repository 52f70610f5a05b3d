//! Findings for people: those that say the same of many questions, groups or dimensions become one entry.

use std::collections::BTreeMap;

use super::{Area, Audit, Finding, Verdict};

/// Checks whose findings are read together, under the name of the first one. Calibration and accuracy of an answer are
/// where a lean to yes shows, too; a ladder's findings add up to those of its dimension.
const TOGETHER: &[&[&str]] = &[
    &["yes-bias", "answer-accuracy", "calibration"],
    &["ladder", "ladders"],
    &["tie-share-by-group", "tie-share"],
    &["yes-share-shift", "yes-share-shift-by-group"],
    &["position-bias", "position-swap"],
];

/// An audit in a few entries, worst first.
#[derive(Debug, Clone, PartialEq)]
pub struct Digest<'a> {
    /// Entries with at least one finding that is bad or to be looked at.
    pub entries: Vec<Entry<'a>>,
    /// Findings that are fine: how many, by check, most first.
    pub fine: Vec<(&'a str, usize)>,
    /// Findings without enough data: how many, by check, most first.
    pub unknown: Vec<(&'a str, usize)>,
    /// What could not be looked at: (check, reason, for how many parts), most parts first.
    pub not_run: Vec<(&'a str, &'a str, usize)>,
}

/// Findings of one check (or of checks that go together) about one attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// Where it comes in.
    pub area: Area,
    /// Name of the check that stands for all.
    pub check: &'a str,
    /// The attribute whose values are the subjects, where they are such.
    pub attribute: Option<&'a str>,
    /// Bad and look, worst first; never empty.
    pub raised: Vec<&'a Finding>,
    /// All findings of the entry, those that are fine among them.
    pub of: usize,
}

impl<'a> Digest<'a> {
    /// Puts the findings of an audit together. They stand in the audit worst first, and so do the entries.
    pub fn new(audit: &'a Audit) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut place: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
        for finding in &audit.findings {
            let key = (family(&finding.check), attribute(finding));
            let at = *place.entry(key).or_insert_with(|| {
                let (check, attribute) = key;
                entries.push(Entry { area: finding.area, check, attribute, raised: Vec::new(), of: 0 });
                entries.len() - 1
            });
            entries[at].of += 1;
            if finding.verdict >= Verdict::Look {
                entries[at].raised.push(finding);
            }
        }
        entries.retain(|entry| !entry.raised.is_empty());
        // The check that stands for all speaks first, where it is as bad as the others.
        let order = |name: &str, f: &&Finding| (std::cmp::Reverse(f.verdict), f.check != name);
        entries.iter_mut().for_each(|entry| entry.raised.sort_by_key(|f| order(entry.check, f)));
        let count = |verdict: Verdict| {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            let of = audit.findings.iter().filter(|f| f.verdict == verdict);
            of.for_each(|f| *counts.entry(&f.check).or_default() += 1);
            most_first(counts)
        };
        let mut not_run: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        audit.not_run.iter().for_each(|part| *not_run.entry((&part.check, &part.reason)).or_default() += 1);
        let not_run = most_first(not_run).into_iter().map(|((check, reason), n)| (check, reason, n)).collect();
        Self { entries, fine: count(Verdict::Fine), unknown: count(Verdict::NotEnoughData), not_run }
    }
}

impl<'a> Entry<'a> {
    /// The worst finding.
    pub fn worst(&self) -> &'a Finding {
        self.raised[0]
    }

    /// How many of its findings have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.raised.iter().filter(|f| f.verdict == verdict).count()
    }

    /// `30 bad, 5 look of 44`.
    pub fn counts(&self) -> String {
        let word = |verdict, word: &str| match self.count(verdict) {
            0 => None,
            n => Some(format!("{n} {word}")),
        };
        let parts: Vec<String> =
            [word(Verdict::Bad, "bad"), word(Verdict::Look, "look")].into_iter().flatten().collect();
        format!("{} of {}", parts.join(", "), self.of)
    }

    /// The worst findings about other subjects than the worst one, one each, at most `most`.
    pub fn others(&self, most: usize) -> Vec<&'a Finding> {
        let mut seen = vec![self.worst().subject.as_str()];
        let mut others = Vec::new();
        for finding in &self.raised {
            if !seen.contains(&finding.subject.as_str()) {
                seen.push(&finding.subject);
                others.push(*finding);
            }
        }
        others.truncate(most);
        others
    }
}

/// The check that stands for this one.
fn family(check: &str) -> &str {
    TOGETHER.iter().find(|family| family.contains(&check)).map_or(check, |family| family[0])
}

/// The attribute of a subject `attribute = value`.
fn attribute(finding: &Finding) -> Option<&str> {
    let (name, _) = finding.subject.split_once(" = ")?;
    Some(name.strip_prefix("with ").unwrap_or(name))
}

fn most_first<K: Ord>(counts: BTreeMap<K, usize>) -> Vec<(K, usize)> {
    let mut counts: Vec<(K, usize)> = counts.into_iter().collect();
    // Stable: equal counts stay in the order of their names.
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::NotRun;

    fn finding(check: &str, subject: &str, verdict: Verdict) -> Finding {
        Finding { verdict, ..Finding::of(Area::Judge, check, Some("overall"), subject) }
    }

    #[test]
    fn what_says_the_same_becomes_one_entry() {
        let not_run = |subject: &str| NotRun {
            check: "influence".to_owned(),
            subject: subject.to_owned(),
            reason: "no refits".to_owned(),
        };
        let audit = Audit {
            findings: vec![
                finding("calibration", "q7", Verdict::Bad),
                finding("group-preference", "generator = x", Verdict::Bad),
                finding("yes-bias", "q7", Verdict::Bad),
                finding("yes-bias", "q8", Verdict::Look),
                finding("group-preference", "family = y", Verdict::Look),
                finding("group-preference", "generator = z", Verdict::Fine),
                finding("yes-bias", "q9", Verdict::Fine),
                finding("yes-bias", "q10", Verdict::NotEnoughData),
            ],
            not_run: vec![not_run("a"), not_run("b")],
            ..Audit::default()
        };
        let digest = Digest::new(&audit);
        let names: Vec<_> = digest.entries.iter().map(|e| (e.check, e.attribute, e.counts())).collect();
        assert_eq!(
            names,
            [
                ("yes-bias", None, "2 bad, 1 look of 5".to_owned()),
                ("group-preference", Some("generator"), "1 bad of 2".to_owned()),
                ("group-preference", Some("family"), "1 look of 1".to_owned()),
            ]
        );
        assert_eq!(digest.entries[0].worst().check, "yes-bias", "though calibration is worse");
        let others: Vec<&str> = digest.entries[0].others(3).iter().map(|f| f.subject.as_str()).collect();
        assert_eq!(others, ["q8"], "q7 is the worst one's subject");
        assert_eq!(digest.fine, [("group-preference", 1), ("yes-bias", 1)]);
        assert_eq!(digest.unknown, [("yes-bias", 1)]);
        assert_eq!(digest.not_run, [("influence", "no refits", 2)]);
    }
}
