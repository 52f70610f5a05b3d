//! What the pages say about the data.

use super::ProblemCount;
use super::view::ProblemView;
use crate::dataset::{DataCard, DimensionCard, ScorerCard};
use crate::plot::text::{count, counted, number, percent};
use crate::problems::Severity;

/// The data card as lines.
pub(super) fn card(card: &DataCard) -> Vec<(String, String)> {
    let mut lines = vec![("Items".to_owned(), count(card.items))];
    let merged = match card.merged_texts {
        0 => String::new(),
        n => format!(" ({} under several ids merged)", counted(n, "text", "texts")),
    };
    lines.push(("Prompts".into(), format!("{}{merged}", counted(card.groups, "group", "groups"))));
    if let Some(list) = &card.checklist {
        let shape = [
            counted(list.questions, "question", "questions"),
            counted(list.dimensions, "dimension", "dimensions"),
            counted(list.ladders, "ladder", "ladders"),
        ];
        lines.push(("Checklist".into(), format!("{}: {}", list.name, shape.join(", "))));
    }
    if let Some(answers) = &card.answers {
        let judges = counted(answers.judges.len(), "judge", "judges");
        let missing = counted(answers.missing, "missing", "missing");
        let without = counted(answers.items_without, "item without any", "items without any");
        lines.push(("Answers".into(), format!("{}, {judges}, {missing}, {without}", count(answers.answers))));
    }
    if let Some(features) = &card.features {
        let constant = counted(features.constant, "constant", "constant");
        let missing = counted(features.missing, "missing value", "missing values");
        lines.push((
            "Features table".into(),
            format!("{}, {constant}, {missing}", counted(features.columns, "column", "columns")),
        ));
    }
    let ratings: usize = card.ratings.iter().map(|r| r.ratings).sum();
    if ratings > 0 {
        let of = counted(card.ratings.len(), "dimension", "dimensions");
        lines.push(("Ratings".into(), format!("{} on {of}", count(ratings))));
    }
    let origin = if card.pairs_derived { "derived from mean ratings" } else { "labelled as pairs" };
    lines.push(("Pairs".into(), origin.to_owned()));
    lines
}

pub(super) fn card_dimension(d: &DimensionCard) -> Vec<String> {
    vec![
        d.name.clone(),
        count(d.pairs),
        count(d.prompts),
        d.tie_share.map_or("–".into(), |s| format!("{} %", percent(s))),
        count(d.votes),
        count(d.train),
        count(d.test),
    ]
}

pub(super) fn card_scorer(s: &ScorerCard) -> Vec<String> {
    let value = |v: Option<f64>| v.map_or("–".into(), |v| number(v, 3));
    vec![s.name.clone(), count(s.items), format!("{} %", percent(s.coverage)), value(s.low), value(s.high)]
}

pub(super) fn problem_view(problem: &ProblemCount) -> ProblemView {
    ProblemView {
        severity: match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        rule: problem.rule.clone(),
        count: count(usize::try_from(problem.count).unwrap_or(usize::MAX)),
        examples: problem.examples.clone(),
    }
}
