//! What an evaluation tells beside accuracies, as tables for people: tests, places, generators, parts, calibration,
//! correlations, curves. `headfit evaluate` prints them, a report's page shows them.

use serde::Serialize;

use crate::evaluate::against::{Against, Change};
use crate::evaluate::systems::PEOPLE;
use crate::evaluate::{
    Comparison, CurveAxis, Evaluation, Measure, Protocol, Standing, Stratum, SystemRanking, Verdict, Within,
};

/// One table with its heading and what has to be said under it; each may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// Heading.
    pub title: String,
    /// Names of the columns.
    pub head: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
    /// Columns of text, on the left.
    pub texts: usize,
    /// Sentences under the table.
    pub lines: Vec<String>,
}

/// Sheets, as they are made.
#[derive(Default)]
struct Sheets(Vec<Sheet>);

impl Sheets {
    fn title(&mut self, title: &str) {
        self.0.push(Sheet { title: title.to_owned(), ..Sheet::default() });
    }

    fn table(&mut self, head: &[&str], rows: Vec<Vec<String>>, texts: usize) {
        if self.0.last().is_none_or(|sheet| !sheet.head.is_empty()) {
            self.title("");
        }
        if let Some(sheet) = self.0.last_mut() {
            sheet.head = head.iter().map(|h| (*h).to_owned()).collect();
            (sheet.rows, sheet.texts) = (rows, texts);
        }
    }

    /// A sentence under the table.
    fn line(&mut self, text: impl Into<String>) {
        if let Some(sheet) = self.0.last_mut() {
            sheet.lines.push(text.into());
        }
    }

    /// A sentence of its own.
    fn prose(&mut self, text: impl Into<String>) {
        self.0.push(Sheet { lines: vec![text.into()], ..Sheet::default() });
    }
}

/// Which tables are shown in full.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown {
    /// Reliability table and all scorers' calibration.
    pub calibration: bool,
    /// Win shares of all generators.
    pub systems: bool,
    /// Accuracy by margin, generator pairs and attributes.
    pub strata: bool,
}

/// Everything on one dimension beside the accuracies.
pub fn of_dimension(found: &Evaluation, dimension: &str, shown: Shown) -> Vec<Sheet> {
    let mut made = Sheets::default();
    let sheets = &mut made;
    tests(found, dimension, sheets);
    places(found, dimension, sheets);
    systems(found, dimension, shown.systems, sheets);
    if shown.strata {
        strata(found, dimension, sheets);
    }
    calibration(found, dimension, shown.calibration, sheets);
    correlations(found, dimension, sheets);
    curves(found, dimension, sheets);
    unseen(found, dimension, sheets);
    legacy(found, dimension, sheets);
    made.0
}

/// Per dimension everything beside its accuracies: in full, and in short.
pub(super) fn by_dimension(found: &Evaluation) -> Vec<(String, Vec<Sheet>, Vec<Sheet>)> {
    let full = Shown { calibration: true, systems: true, strata: true };
    let both = |d: &str| (d.to_owned(), of_dimension(found, d, full), of_dimension(found, d, Shown::default()));
    found.dimensions().into_iter().map(both).collect()
}

/// New head minus old head, one line per dimension; `None` where no head would be replaced.
pub fn against(against: &[Against]) -> Option<Sheet> {
    let first = against.first()?;
    let points = |d: Option<f64>| d.map_or("–".to_owned(), |d| format!("{:+.1}", 100.0 * d));
    let shown = |p: Option<f64>| p.map_or("–".to_owned(), |p| format!("{p:.4}"));
    let says = |change: Change| match change {
        Change::Better => "better",
        Change::Worse => "WORSE",
        Change::NotShown => "no difference shown",
        Change::NotEnoughData => "not enough data",
    };
    let line = |a: &Against| {
        let pairs = if a.unseen_only { format!("{} unseen", a.n) } else { a.n.to_string() };
        let interval = if a.low.is_some() { format!("{} to {}", points(a.low), points(a.high)) } else { String::new() };
        let numbers = [points(a.difference), interval, shown(a.p), shown(a.q), pairs, a.prompts.to_string()];
        [a.dimension.clone(), says(a.change).to_owned()].into_iter().chain(numbers).collect()
    };
    let head = ["dimension", "new head", "difference", "95 % interval", "p", "q", "pairs", "prompts"];
    let unseen = "unseen: only prompts count that neither head was fitted on.";
    Some(Sheet {
        title: format!("New head minus old head, {}, in points", first.protocol.id()),
        head: head.map(str::to_owned).to_vec(),
        rows: against.iter().map(line).collect(),
        texts: 2,
        lines: against.iter().any(|a| a.unseen_only).then(|| unseen.to_owned()).into_iter().collect(),
    })
}

/// The head against every other scorer under the leading protocol.
fn tests(found: &Evaluation, dimension: &str, sheets: &mut Sheets) {
    let protocol = leading(found.protocols());
    let of: Vec<&Comparison> =
        found.comparisons.iter().filter(|c| c.dimension == dimension && Some(c.protocol) == protocol).collect();
    let (Some(protocol), false) = (protocol, of.is_empty()) else { return };
    sheets.title(&format!("{dimension}: the head minus each scorer, {}, on common pairs (points)", protocol.id()));
    let rows: Vec<Vec<String>> = of
        .iter()
        .map(|c| {
            vec![
                c.scorer.clone(),
                points(c.difference, c.low, c.high),
                p_value(c.p),
                p_value(c.q),
                p_value(c.mcnemar),
                c.detectable.map_or("–".to_owned(), |d| format!("{:.1}", 100.0 * d)),
                c.n.to_string(),
                c.prompts.to_string(),
                reading(c).to_owned(),
            ]
        })
        .collect();
    let head = ["scorer", "difference", "p", "q", "McNemar", "detectable", "pairs", "prompts", "reading"];
    sheets.table(&head, rows, 1);
}

/// What a comparison allows to say once the number of comparisons is counted in.
fn reading(c: &Comparison) -> &'static str {
    let survives = c.q.is_none_or(|q| q < 0.05);
    match c.verdict {
        Verdict::HeadWins if survives => "head wins",
        Verdict::HeadLoses if survives => "head LOSES",
        Verdict::HeadWins | Verdict::HeadLoses => "gone after adjustment",
        Verdict::NoDifferenceShown => "not shown",
        Verdict::NotEnoughData => "not enough data",
    }
}

fn places(found: &Evaluation, dimension: &str, sheets: &mut Sheets) {
    let protocol = leading(found.protocols());
    let mut of: Vec<&Standing> =
        found.standings.iter().filter(|s| s.dimension == dimension && Some(s.protocol) == protocol).collect();
    if of.len() < 2 {
        return;
    }
    of.sort_by_key(|s| s.rank);
    let one = |s: &&Standing| match s.rank_low == s.rank_high {
        true => format!("{} {}", s.rank, s.scorer),
        false => format!("{} {} [{}–{}]", s.rank, s.scorer, s.rank_low, s.rank_high),
    };
    sheets.prose(format!(
        "{dimension}: places with simultaneous 95 % limits, {}, on the {} pairs that all {} cover: {}.",
        protocol.map_or("", Protocol::id),
        of[0].n,
        of.len(),
        of.iter().map(one).collect::<Vec<_>>().join(", ")
    ));
}

fn systems(found: &Evaluation, dimension: &str, full: bool, sheets: &mut Sheets) {
    for ranking in found.systems.iter().filter(|s| s.dimension == dimension) {
        let heading = format!(
            "{dimension}: order of {}s by win share, agreement with people ({} pairs of two {}s, {} prompts)",
            ranking.attribute, ranking.pairs, ranking.attribute, ranking.prompts
        );
        sheets.title(&heading);
        let rows: Vec<Vec<String>> = (ranking.agreement.iter())
            .map(|a| {
                let reason = a.reason.clone().unwrap_or_default();
                vec![
                    a.scorer.clone(),
                    estimate(a.kendall, a.low, a.high),
                    a.systems.to_string(),
                    a.n.to_string(),
                    reason,
                ]
            })
            .collect();
        sheets.table(&["scorer", "Kendall tau-b", "systems", "pairs", ""], rows, 1);
        if full {
            shares(ranking, sheets);
        }
    }
    let parts = found.strata.iter().filter(|s| s.dimension == dimension && s.by.ends_with(" pairs"));
    let of_head: Vec<&Stratum> = parts.filter(|s| s.scorer == "head").collect();
    if !of_head.is_empty() {
        let one = |s: &&Stratum| format!("{} {} ({} pairs)", s.stratum, estimate(s.value, s.low, s.high), s.n);
        let parts: Vec<String> = of_head.iter().map(one).collect();
        sheets.line(format!("head, {} by {}: {}", of_head[0].protocol.id(), of_head[0].by, parts.join(", ")));
    }
}

/// Win share and place of every system by people, and its place by every scorer.
fn shares(ranking: &SystemRanking, sheets: &mut Sheets) {
    let scorers: Vec<&str> = ranking.agreement.iter().map(|a| a.scorer.as_str()).collect();
    let mut head = vec![ranking.attribute.as_str(), "people's win share", "pairs", "place"];
    head.extend(&scorers);
    let rows: Vec<Vec<String>> = (ranking.scores.iter().filter(|s| s.scorer == PEOPLE))
        .map(|people| {
            let place = |scorer: &&str| {
                let own = ranking.scores.iter().find(|s| s.system == people.system && s.scorer == **scorer);
                own.map_or("–".to_owned(), |s| s.rank.to_string())
            };
            let mut row = vec![
                people.system.clone(),
                estimate(Some(people.value), people.low, people.high),
                people.n.to_string(),
                people.rank.to_string(),
            ];
            row.extend(scorers.iter().map(place));
            row
        })
        .collect();
    sheets.table(&head, rows, 1);
}

fn strata(found: &Evaluation, dimension: &str, sheets: &mut Sheets) {
    let of: Vec<&Stratum> = found.strata.iter().filter(|s| s.dimension == dimension).collect();
    let best = found.best_scorer(dimension).map(|row| row.scorer.clone());
    let mut scorers: Vec<&str> = vec!["head", "mean"];
    scorers.extend(best.as_deref().filter(|b| !["head", "mean"].contains(b)));
    for by in of.chunk_by(|a, b| a.by == b.by) {
        sheets.title(&format!("{dimension}: {} by {}", by[0].protocol.id(), by[0].by));
        let rows: Vec<Vec<String>> = by
            .chunk_by(|a, b| a.stratum == b.stratum)
            .map(|part| {
                let own = |scorer: &&str| part.iter().find(|s| s.scorer == **scorer);
                let mut row = vec![part[0].stratum.clone()];
                row.extend(scorers.iter().map(|s| own(s).map_or("–".to_owned(), |s| estimate(s.value, s.low, s.high))));
                let first = own(&scorers[0]).unwrap_or(&part[0]);
                row.extend([first.n.to_string(), first.ties.to_string(), first.prompts.to_string()]);
                row
            })
            .collect();
        let mut head = vec![by[0].by.as_str()];
        head.extend(&scorers);
        head.extend(["pairs", "ties", "prompts"]);
        sheets.table(&head, rows, 1);
    }
}

fn calibration(found: &Evaluation, dimension: &str, full: bool, sheets: &mut Sheets) {
    let of: Vec<_> = found.calibration.iter().filter(|c| c.dimension == dimension).collect();
    for c in of.iter().filter(|c| c.scorer == "head") {
        match &c.reason {
            Some(reason) => sheets.line(format!("{dimension}: no calibration of the head: {reason}.")),
            None => sheets.prose(format!(
                "{dimension}: win probabilities of the head: expected calibration error {}, Brier score {} (coin 0.25), log \
                 loss {} (coin 0.693), calibration slope {} (1 = neither too sure nor too shy); {} pairs of {} prompts, {} \
                 ties as half a win.",
                measure(c.ece),
                measure(c.brier),
                measure(c.log_loss),
                c.slope.map_or("–".to_owned(), |s| format!("{s:.2}")),
                c.n,
                c.prompts,
                c.ties
            )),
        }
        if full {
            let rows: Vec<Vec<String>> = (c.bins.iter())
                .map(|b| {
                    vec![
                        format!("{:.3} to {:.3}", b.from, b.to),
                        format!("{:.3}", b.predicted),
                        estimate(Some(b.observed), b.low, b.high),
                        b.n.to_string(),
                        b.prompts.to_string(),
                    ]
                })
                .collect();
            sheets.table(&["win probability", "mean", "people agree", "pairs", "prompts"], rows, 1);
        }
    }
    if full {
        let rows: Vec<Vec<String>> = of
            .iter()
            .map(|c| {
                let mut row = vec![c.scorer.clone(), measure(c.ece), measure(c.brier), measure(c.log_loss)];
                row.extend([c.n.to_string(), c.reason.clone().unwrap_or_default()]);
                row
            })
            .collect();
        sheets.title(&format!("{dimension}: calibration, margins of other scorers scaled out of fold"));
        sheets.table(&["scorer", "calibration error", "Brier", "log loss", "pairs", ""], rows, 1);
    }
}

fn correlations(found: &Evaluation, dimension: &str, sheets: &mut Sheets) {
    let of: Vec<_> = found.correlations.iter().filter(|c| c.dimension == dimension).collect();
    if of.is_empty() {
        return;
    }
    sheets.title(&format!("{dimension}: item score against mean rating"));
    let rows: Vec<Vec<String>> = of
        .chunk_by(|a, b| a.scorer == b.scorer)
        .map(|own| {
            let mut row = vec![own[0].scorer.clone()];
            row.extend(own.iter().map(|c| estimate(c.value, c.low, c.high)));
            let prompts = |within| own.iter().find(|c| c.within == within).map_or(0, |c| c.prompts);
            row.extend([own[0].n.to_string(), format!("{} / {}", prompts(Within::Pooled), prompts(Within::Prompt))]);
            row.push(own.iter().find_map(|c| c.reason.clone()).unwrap_or_default());
            row
        })
        .collect();
    let head = [
        "scorer",
        "tau-b pooled",
        "Spearman pooled",
        "Pearson pooled",
        "tau-b in prompt",
        "Spearman in prompt",
        "Pearson in prompt",
        "items",
        "prompts",
        "",
    ];
    sheets.table(&head, rows, 1);
}

fn curves(found: &Evaluation, dimension: &str, sheets: &mut Sheets) {
    for curve in found.curves.iter().filter(|c| c.dimension == dimension) {
        let (axis, digits) = match curve.axis {
            CurveAxis::TrainingPairs => ("training pairs", 0),
            CurveAxis::Questions => ("questions at most", 0),
            CurveAxis::Lambda => ("λ/λ_max", 4),
        };
        sheets.title(&format!("{dimension}: out-of-fold {} against {axis}", curve.protocol.id()));
        let rows: Vec<Vec<String>> = (curve.points.iter())
            .map(|p| {
                vec![
                    format!("{:.digits$}", p.x),
                    estimate(Some(p.value), p.low, p.high),
                    format!("{:.1}", p.questions),
                    p.n.to_string(),
                ]
            })
            .collect();
        sheets.table(&[axis, "accuracy", "weights", "pairs"], rows, 0);
        sheets.line(curve.verdict.clone());
    }
}

fn unseen(found: &Evaluation, dimension: &str, sheets: &mut Sheets) {
    for u in found.unseen.iter().filter(|u| u.dimension == dimension) {
        let text = match (&u.reason, u.unseen.value) {
            (Some(reason), None) => format!("{dimension}, unseen {}: {reason}.", u.attribute),
            _ => format!(
                "{dimension}: on pairs of two {}s that the head never saw {} {}; with equally many training pairs that share \
                 {}s but no prompt {}; difference {} points ({} of {} values, {} fits, {} pairs, {} prompts).",
                u.attribute,
                u.protocol.id(),
                measure(u.unseen),
                u.attribute,
                measure(u.seen),
                points(u.difference.value, u.difference.low, u.difference.high),
                u.attribute,
                u.groups,
                u.fits,
                u.n,
                u.prompts
            ),
        };
        sheets.prose(text);
    }
}

fn legacy(found: &Evaluation, dimension: &str, sheets: &mut Sheets) {
    let of: Vec<_> = found.legacy.iter().filter(|l| l.dimension == dimension).collect();
    if of.is_empty() {
        return;
    }
    sheets.title(&format!(
        "{dimension}: VideoAlign's shipped rule, for comparison only (it depends on the order of the rows)"
    ));
    let share = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.4}"));
    let rows: Vec<Vec<String>> = of
        .iter()
        .map(|l| {
            let ours = found.row(dimension, &l.scorer, Protocol::Tau).and_then(|r| r.value);
            let mut row = vec![l.scorer.clone(), share(l.with_ties)];
            row.extend([share(l.lowest), share(l.highest), share(ours), share(l.without_ties), l.n.to_string()]);
            row
        })
        .collect();
    let head = ["scorer", "with ties, as filed", "worst order", "best order", "tau", "without ties", "pairs"];
    sheets.table(&head, rows, 1);
}

/// `diff-half` where it was asked for, else the first.
fn leading(protocols: Vec<Protocol>) -> Option<Protocol> {
    protocols.iter().copied().find(|p| *p == Protocol::DiffHalf).or(protocols.first().copied())
}

fn measure(m: Measure) -> String {
    estimate(m.value, m.low, m.high)
}

/// `0.745 [0.720, 0.777]`.
pub fn estimate(value: Option<f64>, low: Option<f64>, high: Option<f64>) -> String {
    match (value, low, high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} [{low:.3}, {high:.3}]"),
        (Some(value), _, _) => format!("{value:.3}"),
        _ => "–".to_owned(),
    }
}

/// `+3.1 [+0.4, +5.9]`, in percentage points.
fn points(value: Option<f64>, low: Option<f64>, high: Option<f64>) -> String {
    let point = |v: f64| format!("{:+.1}", 100.0 * v);
    match (value, low, high) {
        (Some(value), Some(low), Some(high)) => format!("{} [{}, {}]", point(value), point(low), point(high)),
        (Some(value), _, _) => point(value),
        _ => "–".to_owned(),
    }
}

fn p_value(p: Option<f64>) -> String {
    match p {
        None => "–".to_owned(),
        Some(p) if p < 0.0005 => "<.001".to_owned(),
        Some(p) => format!("{p:.3}"),
    }
}
