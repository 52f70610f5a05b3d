//! What the charts of a report show: each is a plain function of the report's numbers, so that they can be drawn again
//! from `report.json`.

use super::{HeadSummary, Report, WeightRow, main_protocol, view};
use super::{audit_charts, order_charts as orders};
use crate::Result;
use crate::evaluate::{Calibration, CurveAxis, Evaluation, Verdict};
use crate::features::ColumnKind;
use crate::fit::Rule;
use crate::head::Explanation;
use crate::head::explain::Reading;
use crate::plot::contributions::{Contributions, Part};
use crate::plot::correlation::Correlation;
use crate::plot::curve::{Against, Curve, Point, Series};
use crate::plot::groups::{Attribute, GroupAccuracy, Groups};
use crate::plot::leaderboard::{Entry, Leaderboard, Panel, Standing};
use crate::plot::path::{Loss, Path};
use crate::plot::reliability::{Bin, Reliability};
use crate::plot::stability::{Kept, Stability};
use crate::plot::staircase::{Ladder, StairStep, Staircase};
use crate::plot::text::{number, percent};
use crate::plot::waterfall::{Step, Waterfall};
use crate::plot::weights::{Weight, Weights};
use crate::plot::{Chart, Figure, Tone};

/// Most ladders that a page shows.
const LADDERS: usize = 8;

/// Name of the head among the scorers.
pub(super) const HEAD: &str = "head";

/// The part of a page that a chart belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// How well the scorers do.
    Leaderboard,
    /// What the heads consist of.
    Weights,
    /// How dimensions make up the score.
    Dimensions,
    /// What the audit found.
    Audit,
    /// What the data are like.
    Data,
    /// The leaderboard under the other protocols, for the switch.
    Switch,
}

/// A chart, where it belongs, and whether pages show it; the others can be drawn with `headfit plot`.
pub(super) struct Placed {
    pub(super) section: Section,
    pub(super) chart: Chart,
    pub(super) shown: bool,
}

/// Draws the charts that pages show.
pub(super) fn draw(report: &Report) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for placed in all(report).into_iter().filter(|p| p.shown) {
        figures.push(placed.chart.draw()?);
    }
    Ok(figures)
}

/// Every chart that the report's numbers allow, in the order of the page. The first is the leaderboard.
pub(super) fn all(report: &Report) -> Vec<Placed> {
    let evaluation = &report.evaluation;
    let mut charts = Vec::new();
    let mut place = |section, chart, shown| charts.push(Placed { section, chart, shown });
    let lead_head = view::lead_head(&report.heads);
    let lead = lead_dimension(report);
    place(Section::Leaderboard, Chart::Leaderboard(board(evaluation)), true);
    for protocol in view::protocols(evaluation).into_iter().skip(1) {
        place(Section::Switch, Chart::Leaderboard(board_under(evaluation, protocol)), true);
    }
    for dimension in evaluation.dimensions() {
        if let Some(chart) = strata(evaluation, dimension) {
            place(Section::Leaderboard, Chart::Groups(chart), Some(dimension) == lead);
        }
    }
    for calibration in evaluation.calibration.iter().filter(|c| c.scorer == HEAD && !c.bins.is_empty()) {
        let shown = Some(calibration.dimension.as_str()) == lead;
        place(Section::Leaderboard, Chart::Reliability(reliability(calibration, evaluation.simulated)), shown);
    }
    for (chart, shown) in orders::all(evaluation, lead) {
        place(Section::Leaderboard, chart, shown);
    }
    for curve in evaluation.curves.iter().filter(|c| c.axis != CurveAxis::Lambda) {
        place(Section::Leaderboard, Chart::Curve(cost(curve, evaluation)), Some(curve.dimension.as_str()) == lead);
    }
    for (h, head) in report.heads.iter().enumerate() {
        for chart in of_head(head, report.simulated) {
            let shown = h == lead_head || matches!(chart, Chart::Weights(_));
            place(Section::Weights, chart, shown);
        }
        if head.shares.len() > 1 {
            place(Section::Dimensions, Chart::Contributions(contributions(head, report)), h == lead_head);
        }
    }
    for worked in &report.worked {
        place(Section::Weights, Chart::Waterfall(worked_pair(worked, report.simulated)), true);
    }
    for (chart, shown) in audit_charts::all(report, lead) {
        place(Section::Audit, chart, shown);
    }
    if let Some(answers) = &report.answers {
        if !answers.ladders.is_empty() {
            let ladders = answers.ladders.iter().map(|l| Ladder {
                name: l.ladder.replace(['_', '-'], " "),
                rungs: l.rungs.clone(),
                steps: l.items.iter().zip(&l.yes).map(|(&items, yes)| StairStep { items, yes: yes.clone() }).collect(),
                broken: l.broken,
            });
            let all =
                Staircase { id: "ladders".into(), simulated: report.simulated, ladders: ladders.collect(), rest: 0 };
            // A page shows those that break most; `headfit plot` draws all.
            if all.ladders.len() > LADDERS {
                let mut worst = all.clone();
                worst.ladders.sort_by(|a, b| b.broken.unwrap_or(-1.0).total_cmp(&a.broken.unwrap_or(-1.0)));
                worst.rest = worst.ladders.split_off(LADDERS).len();
                place(Section::Data, Chart::Staircase(worst), true);
                place(Section::Data, Chart::Staircase(Staircase { id: "ladders-all".into(), ..all }), false);
            } else {
                place(Section::Data, Chart::Staircase(all), true);
            }
        }
        if let Some(found) = &answers.correlations {
            let at = |i: usize, j: usize| match i.cmp(&j) {
                std::cmp::Ordering::Equal => Some(1.0),
                std::cmp::Ordering::Greater => found.below[i][j],
                std::cmp::Ordering::Less => found.below[j][i],
            };
            let d = found.below.len();
            let chart = Correlation {
                id: "correlations".into(),
                simulated: report.simulated,
                n: found.items,
                n_of: "items".into(),
                labels: found.labels.clone(),
                matrix: (0..d).map(|i| (0..d).map(|j| at(i, j)).collect()).collect(),
            };
            place(Section::Data, Chart::Correlation(chart), d <= 80);
        }
    }
    charts
}

/// Weights, path and stability of one head, as far as it has them.
pub(super) fn of_head(head: &HeadSummary, simulated: bool) -> Vec<Chart> {
    let mut charts = vec![Chart::Weights(weights_of(head, simulated))];
    if !head.curve.is_empty() || !head.traces.is_empty() {
        charts.push(Chart::Path(path(head, simulated)));
    }
    if head.weights.iter().any(|w| w.selected.is_some()) {
        charts.push(Chart::Stability(stability(head, simulated)));
    }
    charts
}

/// One comparison of two items, step by step.
pub(super) fn waterfall(found: &Explanation, simulated: bool) -> Waterfall {
    let read = |reading: &Reading| match reading {
        Reading::Answer(p) if *p == 1.0 => "yes".to_owned(),
        Reading::Answer(p) if *p == 0.0 => "no".to_owned(),
        Reading::Answer(p) | Reading::Number(p) => number(*p, 2),
        Reading::Masked => "not asked".to_owned(),
        Reading::Missing(_) => "missing".to_owned(),
    };
    let step = |s: &crate::head::explain::Step| Step {
        label: s.label.clone(),
        answers: (read(&s.a), read(&s.b)),
        change: s.contribution,
    };
    Waterfall {
        id: id("waterfall", &found.dimension),
        simulated,
        head: found.dimension.clone(),
        a: found.a.item.clone(),
        b: found.b.item.clone(),
        people: String::new(),
        right: None,
        steps: found.steps.iter().map(step).collect(),
    }
}

/// A comparison beside what people said about it.
fn worked_pair(worked: &super::WorkedPair, simulated: bool) -> Waterfall {
    let shown = waterfall(&worked.explanation, simulated);
    let prompt = worked.explanation.a.prompt.as_deref().map(crate::plot::text::one_line).filter(|p| !p.is_empty());
    let prompt = prompt.map_or_else(String::new, |p| match p.char_indices().nth(160) {
        Some((at, _)) => format!("; prompt: “{}…”", &p[..at]),
        None => format!("; prompt: “{p}”"),
    });
    Waterfall {
        id: if worked.right { "example-right" } else { "example-wrong" }.into(),
        people: format!("people prefer {}{prompt}", if worked.people_prefer_a { "A" } else { "B" }),
        right: Some(worked.right),
        ..shown
    }
}

/// The dimension that a page shows in full: `overall`, else that of the first head, else the first evaluated one.
pub(super) fn lead_dimension(report: &Report) -> Option<&str> {
    let head = report.heads.get(view::lead_head(&report.heads)).map(|h| h.dimension.as_str());
    head.or_else(|| report.evaluation.dimensions().first().copied())
}

/// The accuracies under the main protocol.
pub(super) fn board(evaluation: &Evaluation) -> Leaderboard {
    Leaderboard { id: "leaderboard".into(), ..board_under(evaluation, main_protocol(evaluation)) }
}

/// The accuracies under one protocol.
fn board_under(evaluation: &Evaluation, protocol: crate::evaluate::Protocol) -> Leaderboard {
    let panel = |dimension: &str| {
        let rows: Vec<_> =
            evaluation.rows.iter().filter(|r| r.dimension == dimension && r.protocol == protocol).collect();
        let head = rows.iter().find(|r| r.scorer == HEAD).or(rows.first());
        let standing = |scorer: &str| match evaluation.comparison(dimension, scorer, protocol).map(|c| c.verdict) {
            _ if scorer == HEAD => Standing::Head,
            Some(Verdict::HeadWins) => Standing::Behind,
            Some(Verdict::HeadLoses) => Standing::Ahead,
            _ => Standing::Open,
        };
        let entry = |row: &&crate::evaluate::Row| Entry {
            scorer: row.scorer.clone(),
            value: row.value,
            interval: row.low.zip(row.high),
            standing: standing(&row.scorer),
        };
        let lines = |list: &[crate::evaluate::Floor]| -> Vec<(String, f64)> {
            let here = list.iter().filter(|f| f.dimension == dimension && f.protocol == protocol);
            here.map(|f| (f.floor.replace('-', " "), f.value)).collect()
        };
        Panel {
            name: dimension.to_owned(),
            pairs: head.map_or(0, |r| r.n),
            prompts: head.map_or(0, |r| r.prompts),
            floors: lines(&evaluation.floors),
            ceilings: lines(&evaluation.ceilings),
            entries: rows.iter().map(entry).collect(),
        }
    };
    Leaderboard {
        id: id("leaderboard", protocol.id()),
        measure: format!("{} accuracy", protocol.id()),
        simulated: evaluation.simulated,
        panels: evaluation.dimensions().into_iter().map(panel).collect(),
    }
}

/// The head's accuracy on parts of the pairs.
fn strata(evaluation: &Evaluation, dimension: &str) -> Option<Groups> {
    let protocol = main_protocol(evaluation);
    let here =
        || evaluation.strata.iter().filter(|s| s.dimension == dimension && s.scorer == HEAD && s.protocol == protocol);
    let mut attributes: Vec<Attribute> = Vec::new();
    for part in here() {
        let group = GroupAccuracy {
            name: part.stratum.clone(),
            value: part.value,
            interval: part.low.zip(part.high),
            pairs: part.n,
            tone: Tone::Fine,
        };
        match attributes.iter_mut().find(|a| a.name == part.by) {
            Some(attribute) => attribute.groups.push(group),
            None => attributes.push(Attribute { name: part.by.clone(), groups: vec![group] }),
        }
    }
    (!attributes.is_empty()).then(|| Groups {
        id: id("groups", dimension),
        simulated: evaluation.simulated,
        dimension: dimension.to_owned(),
        measure: format!("{} accuracy of the head", protocol.id()),
        overall: evaluation.row(dimension, HEAD, protocol).and_then(|r| r.value),
        attributes,
    })
}

fn reliability(found: &Calibration, simulated: bool) -> Reliability {
    let bin = |b: &crate::evaluate::ReliabilityBin| Bin {
        predicted: b.predicted,
        observed: b.observed,
        interval: b.low.zip(b.high),
        pairs: b.n,
    };
    Reliability {
        id: id("reliability", &found.dimension),
        simulated,
        dimension: found.dimension.clone(),
        error: found.ece.value,
        slope: found.slope,
        bins: found.bins.iter().map(bin).collect(),
    }
}

fn cost(found: &crate::evaluate::Curve, evaluation: &Evaluation) -> Curve {
    let (against, prefix) = match found.axis {
        CurveAxis::TrainingPairs => (Against::Pairs, "learning"),
        CurveAxis::Questions | CurveAxis::Lambda => (Against::Questions, "cost"),
    };
    let point = |p: &crate::evaluate::AccuracyPoint| Point {
        // `as` saturates; counts of pairs and questions are far below.
        x: p.x.round().max(0.0) as usize,
        value: Some(p.value),
        interval: p.low.zip(p.high),
        mark: String::new(),
    };
    let floors = evaluation.floors.iter();
    let chance =
        floors.filter(|f| f.dimension == found.dimension && f.protocol == found.protocol && f.floor == "chance");
    Curve {
        id: id(prefix, &found.dimension),
        simulated: evaluation.simulated,
        against,
        dimension: found.dimension.clone(),
        measure: format!("out-of-fold {} accuracy", found.protocol.id()),
        floors: chance.map(|f| (format!("chance {}", percent(f.value)), f.value)).collect(),
        series: vec![Series { name: HEAD.into(), points: found.points.iter().map(point).collect() }],
    }
}

/// The weights of one head.
pub(super) fn weights_of(head: &HeadSummary, simulated: bool) -> Weights {
    let row = |row: &WeightRow| Weight {
        label: row.label.clone(),
        group: row.dimension.clone(),
        ladder: row.subdimension.as_ref().map(|l| l.replace('_', " ")),
        weight: row.effect,
        interval: row.low.zip(row.high),
        marginal: row.marginal,
    };
    Weights {
        id: head.figure.clone(),
        head: head.dimension.clone(),
        noun: (noun(head).0.into(), noun(head).1.into()),
        unit: unit(head).into(),
        simulated,
        pairs: head.pairs,
        rows: head.weights.iter().map(row).collect(),
    }
}

fn path(head: &HeadSummary, simulated: bool) -> Path {
    let rule = match head.rule {
        Some(Rule::OneSe) => "the largest within one standard error of the smallest loss",
        Some(Rule::Min) => "the smallest loss",
        None => "",
    };
    let label = |id: &str| head.weights.iter().find(|w| w.id == id).map_or_else(|| id.to_owned(), |w| w.label.clone());
    let trace =
        |t: &crate::head::WeightTrace| crate::plot::path::Trace { label: label(&t.id), points: t.points.clone() };
    let losses = head.curve.iter().map(|p| Loss { lambda: p.lambda, loss: p.loss, se: p.se, nonzero: p.nonzero });
    Path {
        id: head.figure.replacen("weights", "path", 1),
        simulated,
        head: head.dimension.clone(),
        chosen: head.lambda,
        rule: rule.into(),
        losses: losses.collect(),
        traces: head.traces.iter().map(trace).collect(),
    }
}

fn stability(head: &HeadSummary, simulated: bool) -> Stability {
    let row = |w: &WeightRow| {
        let kept = |share| Kept { label: w.label.clone(), group: w.dimension.clone(), share, weight: w.effect };
        w.selected.map(kept)
    };
    Stability {
        id: head.figure.replacen("weights", "stability", 1),
        simulated,
        head: head.dimension.clone(),
        rows: head.weights.iter().filter_map(row).collect(),
    }
}

fn contributions(head: &HeadSummary, report: &Report) -> Contributions {
    let part = |s: &crate::evaluate::ScoreShare| Part {
        name: s.dimension.clone().unwrap_or_else(|| "other columns".to_owned()),
        share: s.share,
        interval: s.low.zip(s.high),
        weight: Some(s.weight),
    };
    Contributions {
        id: head.figure.replacen("weights", "contributions", 1),
        simulated: report.simulated,
        head: head.dimension.clone(),
        items: report.card.items,
        parts: head.shares.iter().map(part).collect(),
    }
}

/// `prefix-slug` of a name.
pub(super) fn id(prefix: &str, name: &str) -> String {
    super::names::figure_ids(prefix, std::iter::once(name)).pop().unwrap_or_else(|| prefix.to_owned())
}

/// What one column is called, singular and plural.
pub(super) fn noun(head: &HeadSummary) -> (&'static str, &'static str) {
    if !head.weights.is_empty() && head.weights.iter().all(|w| w.kind == ColumnKind::Question) {
        ("question", "questions")
    } else {
        ("column", "columns")
    }
}

/// The unit of the effects of one head.
pub(super) fn unit(head: &HeadSummary) -> &'static str {
    let scaled = |w: &WeightRow| matches!(w.kind, ColumnKind::Table | ColumnKind::Score);
    match (head.weights.iter().any(scaled), head.weights.iter().all(scaled)) {
        (false, _) => "log-odds per unit of the coded answer",
        (_, true) => "log-odds per standard deviation of the column",
        _ => "log-odds per coded answer or standard deviation",
    }
}
