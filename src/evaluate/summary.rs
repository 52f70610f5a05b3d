//! What an evaluation means, in one sentence per dimension.

use super::scorers::HEAD;
use super::{Comparison, Design, Evaluation, Extras, Floor, IdentityCheck, Protocol, Row, Verdict};

impl Row {
    /// A row that says why there is no value.
    pub fn without_value(dimension: &str, scorer: &str, protocol: Protocol, reason: &str) -> Self {
        Self {
            dimension: dimension.to_owned(),
            scorer: scorer.to_owned(),
            protocol,
            value: None,
            low: None,
            high: None,
            n: 0,
            prompts: 0,
            ties: 0,
            coverage: 0.0,
            epsilon: None,
            equal_scores: 0,
            se: None,
            interval: None,
            reason: Some(reason.to_owned()),
        }
    }
}

impl Comparison {
    /// A comparison of which nothing is known yet.
    pub fn undecided(dimension: &str, scorer: &str, protocol: Protocol) -> Self {
        Self {
            dimension: dimension.to_owned(),
            scorer: scorer.to_owned(),
            protocol,
            difference: None,
            low: None,
            high: None,
            n: 0,
            prompts: 0,
            verdict: Verdict::NotEnoughData,
            se: None,
            p: None,
            q: None,
            mcnemar: None,
            detectable: None,
        }
    }
}

impl Floor {
    /// A floor whose value follows from a rule and no estimate.
    pub fn rule(dimension: &str, floor: &str, protocol: Protocol, value: f64, n: usize) -> Self {
        Self {
            dimension: dimension.to_owned(),
            floor: floor.to_owned(),
            protocol,
            value,
            low: None,
            high: None,
            n,
            detail: None,
        }
    }
}

impl Evaluation {
    /// An evaluation without any result yet.
    pub fn empty(dataset: &str, design: Design) -> Self {
        Self {
            dataset: dataset.to_owned(),
            simulated: false,
            design,
            draws: 0,
            tests: 0,
            seed: 0,
            missing_score_equal: false,
            extras: Extras::none(),
            rows: Vec::new(),
            floors: Vec::new(),
            comparisons: Vec::new(),
            ceilings: Vec::new(),
            standings: Vec::new(),
            inverted: Vec::new(),
            identity: IdentityCheck::default(),
            correlations: Vec::new(),
            systems: Vec::new(),
            strata: Vec::new(),
            calibration: Vec::new(),
            curves: Vec::new(),
            unseen: Vec::new(),
            legacy: Vec::new(),
            leakage: Vec::new(),
            against: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The dimensions that were evaluated, in order.
    pub fn dimensions(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.dimension.as_str()) {
                names.push(&row.dimension);
            }
        }
        names
    }

    /// The protocols that were asked for, in order.
    pub fn protocols(&self) -> Vec<Protocol> {
        let mut protocols: Vec<Protocol> = Vec::new();
        for row in &self.rows {
            if !protocols.contains(&row.protocol) {
                protocols.push(row.protocol);
            }
        }
        protocols
    }

    /// The row of one scorer on one dimension under one protocol.
    pub fn row(&self, dimension: &str, scorer: &str, protocol: Protocol) -> Option<&Row> {
        self.rows.iter().find(|r| r.dimension == dimension && r.scorer == scorer && r.protocol == protocol)
    }

    /// The comparison of the head with one scorer on one dimension under one protocol.
    pub fn comparison(&self, dimension: &str, scorer: &str, protocol: Protocol) -> Option<&Comparison> {
        self.comparisons.iter().find(|c| c.dimension == dimension && c.scorer == scorer && c.protocol == protocol)
    }

    /// The other scorer with the highest accuracy on a dimension (`diff-half` where it was asked for, else the first
    /// protocol), among those that can be compared and cover at least half of the head's pairs, where there are any: an
    /// accuracy on few pairs of one kind is no measure for the rest.
    pub fn best_scorer(&self, dimension: &str) -> Option<&Row> {
        let protocol = self.leading_protocol()?;
        let others: Vec<&Row> = (self.rows.iter())
            .filter(|r| r.dimension == dimension && r.protocol == protocol && r.scorer != HEAD && r.value.is_some())
            .collect();
        let compared: Vec<&Row> = (others.iter().copied())
            .filter(|row| {
                let comparison = self.comparison(dimension, &row.scorer, protocol);
                comparison.is_some_and(|c| c.verdict != Verdict::NotEnoughData)
            })
            .collect();
        let broad: Vec<&Row> = compared.iter().copied().filter(|row| row.coverage >= 0.5).collect();
        let pool = [broad, compared, others].into_iter().find(|rows| !rows.is_empty())?;
        // The first of equals, so that the order of the scorers decides and nothing else.
        pool.into_iter().reduce(|best, row| if row.value > best.value { row } else { best })
    }

    /// Scorers that the head loses against on a dimension under a protocol.
    pub fn loses_against(&self, dimension: &str, protocol: Protocol) -> Vec<&str> {
        (self.comparisons.iter())
            .filter(|c| c.dimension == dimension && c.protocol == protocol && c.verdict == Verdict::HeadLoses)
            .map(|c| c.scorer.as_str())
            .collect()
    }

    /// Does the head win, lose, or is no difference shown against the best other scorer? One sentence, and a second one
    /// that names every other scorer that the head loses against.
    pub fn verdict(&self, dimension: &str) -> String {
        let Some(protocol) = self.leading_protocol() else { return format!("{dimension}: nothing was evaluated.") };
        let head = self.row(dimension, HEAD, protocol);
        let Some(value) = head.and_then(|h| h.value) else {
            let reason = head.and_then(|h| h.reason.as_deref()).unwrap_or("no head");
            return format!("{dimension}: the head cannot be judged ({reason}).");
        };
        let Some(best) = self.best_scorer(dimension) else {
            return format!(
                "{dimension}: the head reaches {} ({}); there is no other scorer.",
                percent(value),
                protocol.id()
            );
        };
        let Some(comparison) = self.comparison(dimension, &best.scorer, protocol) else {
            return format!("{dimension}: the head was not compared with {}.", best.scorer);
        };
        let interval = match (comparison.low, comparison.high) {
            (Some(low), Some(high)) => format!(" [{}, {}]", points(low), points(high)),
            _ => String::new(),
        };
        let difference = comparison.difference.unwrap_or(0.0);
        let by = format!("by {:.1} points{interval}", 100.0 * difference.abs());
        let measured = match difference {
            d if d > 0.0 => format!("the head is higher {by}"),
            d if d < 0.0 => format!("the head is LOWER {by}"),
            _ => format!("both are equal{interval}"),
        };
        let common = format!("{}, {} pairs of {} prompts", protocol.id(), comparison.n, comparison.prompts);
        let scorer = &best.scorer;
        let first = match comparison.verdict {
            Verdict::HeadWins => {
                format!("{dimension}: the head beats the best other scorer, {scorer}, {by} ({common}).")
            }
            Verdict::HeadLoses => {
                format!("{dimension}: the head LOSES against the best other scorer, {scorer}, {by} ({common}).")
            }
            Verdict::NoDifferenceShown => {
                format!(
                    "{dimension}: no difference shown against the best other scorer, {scorer}: {measured} ({common})."
                )
            }
            Verdict::NotEnoughData => {
                format!("{dimension}: not enough data to compare the head with {scorer}: {measured} ({common}).")
            }
        };
        let first = match comparison.q {
            Some(q) if q >= 0.05 && matches!(comparison.verdict, Verdict::HeadWins | Verdict::HeadLoses) => {
                let made = self.comparisons.iter().filter(|c| c.p.is_some()).count();
                format!("{first} Among {made} comparisons this is no rare chance (q = {q:.2}).")
            }
            _ => first,
        };
        let mut beaten_by = self.loses_against(dimension, protocol);
        beaten_by.retain(|other| *other != scorer.as_str());
        match beaten_by.is_empty() {
            true => first,
            false => format!("{first} On common pairs it also LOSES against {}.", beaten_by.join(", ")),
        }
    }

    /// `diff-half` where it was asked for, else the first protocol.
    fn leading_protocol(&self) -> Option<Protocol> {
        let protocols = self.protocols();
        protocols.iter().copied().find(|p| *p == Protocol::DiffHalf).or(protocols.first().copied())
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A difference in percentage points, with its sign.
fn points(difference: f64) -> String {
    format!("{:+.1}", 100.0 * difference)
}
