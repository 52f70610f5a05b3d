//! The columns that a head reads, found again in another data set.

use ndarray::Array2;

use super::aggregate::TOTALS;
use super::{Column, ColumnKind, FeatureMatrix, FeatureOptions, build};
use crate::dataset::Dataset;
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// Makes exactly the columns `wanted`, in that order, from another data set: what [`super::build`] leaves out because
/// the data at hand do not need it (all-yes of plain answers, categories where there is one only) is made here.
///
/// Give the options of the fit, with its source, coding, layout and hierarchy: what is detected may differ on few items.
/// A category that no question of this data set belongs to is missing; any other column that is not there is an error.
/// Where both sides know a question's text hash, they must agree.
///
/// # Errors
/// As [`super::build`], and [`Error::Data`] naming every column that is not there, is of another kind or asks another
/// question.
pub fn build_for(ds: &Dataset, options: &FeatureOptions, wanted: &[Column]) -> Result<FeatureMatrix> {
    let built = build::complete(ds, options)?;
    let mut problems = Problems::default();
    let mut empty = 0;
    let mut sources = Vec::with_capacity(wanted.len());
    for column in wanted {
        let found = built.columns.iter().position(|known| known.id == column.id);
        match found.map(|c| &built.columns[c]) {
            Some(known) => check(column, known, &mut problems),
            None if column.kind == ColumnKind::Aggregate && !is_total(&column.id) => empty += 1,
            None => {
                let (file, what) = place(column.kind);
                let message = format!("the head reads this {what}, and the data set has none of this name");
                let remedy = "add it, or use a head that was fitted without it";
                problems.push(
                    Problem::new(Severity::Error, "missing-column", file, message, remedy).cell("id", &column.id),
                );
            }
        }
        sources.push(found);
    }
    if problems.has_errors() {
        return Err(Error::Data(Box::new(problems)));
    }
    let values = Array2::from_shape_fn((ds.items.len(), wanted.len()), |(i, c)| {
        sources[c].map_or(f64::NAN, |source| built.values[[i, source]])
    });
    let mut notes = built.notes;
    if empty > 0 {
        notes.push(format!("{empty} columns of the head concern categories that are not asked here; they are missing"));
    }
    let scoreable = build::scoreable(wanted, &values);
    Ok(FeatureMatrix { columns: wanted.to_vec(), scoreable, values, notes, ..built })
}

fn check(wanted: &Column, known: &Column, problems: &mut Problems) {
    let (file, _) = place(wanted.kind);
    if wanted.kind != known.kind {
        let message = format!("the head reads a {}, and here it is a {}", place(wanted.kind).1, place(known.kind).1);
        let remedy = "choose the tables that the head was fitted on (--features)";
        problems.push(Problem::new(Severity::Error, "column-kind", file, message, remedy).cell("id", &wanted.id));
    }
    if let (Some(fitted), Some(here)) = (&wanted.text_sha256, &known.text_sha256)
        && fitted != here
    {
        let cut = |hash: &str| hash.get(..16).unwrap_or(hash).to_owned();
        let message =
            format!("the head was fitted on a question of hash {}…, here its hash is {}…", cut(fitted), cut(here));
        let remedy = "ask the questions that the head was fitted on, or fit a head on these";
        problems.push(Problem::new(Severity::Error, "question-text", file, message, remedy).cell("id", &wanted.id));
    }
}

/// Whether an aggregate is over all questions of a judge. Every judge has these, so where one is absent it is not a
/// category but the judge that is not there (or the judges are named differently).
fn is_total(id: &str) -> bool {
    let stem = id.rsplit_once(':').map_or(id, |(stem, _)| stem);
    TOTALS.iter().any(|total| stem.strip_suffix(total).is_some_and(|judge| judge.is_empty() || judge.ends_with('/')))
}

/// Table that a kind of column comes from, and what it is called.
fn place(kind: ColumnKind) -> (&'static str, &'static str) {
    match kind {
        ColumnKind::Question => ("answers", "question"),
        ColumnKind::Aggregate => ("answers", "category aggregate"),
        ColumnKind::Table => ("features", "column of the `features` table"),
        ColumnKind::Score => ("scores", "scorer"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Asked, Tiny, by_column};
    use super::super::{Layout, build};
    use super::*;

    fn options() -> FeatureOptions {
        FeatureOptions { layout: Some(Layout::PerPrompt), ..FeatureOptions::default() }
    }

    fn asked(questions: &[(&str, &str, f64)]) -> Dataset {
        let mut tiny = Tiny::new().item("i", "p").item("j", "p");
        for &(question, category, p) in questions {
            tiny = tiny.ask(Asked { item: "i", question, category, p_yes: Some(p), ..Asked::default() });
        }
        tiny.build()
    }

    #[test]
    fn columns_that_the_new_data_would_not_need_are_made_all_the_same() {
        let fitted = build(&asked(&[("1", "thing", 0.75), ("2", "deed", 0.25)]), &options()).unwrap();
        assert_eq!(fitted.columns.len(), 9, "three of each, all-yes included");
        let m = build_for(&asked(&[("1", "thing", 1.0)]), &options(), &fitted.columns).unwrap();
        assert_eq!(m.columns, fitted.columns);
        let by = by_column(&m);
        assert_eq!((by["thing:mean"][0], by["all:all-yes"][0]), (1.0, 1.0));
        assert!(by["deed:min"][0].is_nan() && by["thing:mean"][1].is_nan());
        assert_eq!(m.scoreable, [true, false]);
        assert!(m.notes.iter().any(|n| n.contains("3 columns of the head")), "{:?}", m.notes);
    }

    #[test]
    fn a_judge_that_is_not_there_is_no_empty_category() {
        let by =
            |judge| Asked { item: "i", question: "1", category: "thing", p_yes: Some(1.0), judge, ..Asked::default() };
        let two = Tiny::new().item("i", "p").ask(by("x")).ask(by("y")).build();
        let head = build(&two, &options()).unwrap().columns;
        let error = build_for(&Tiny::new().item("i", "p").ask(by("x")).build(), &options(), &head).unwrap_err();
        assert!(error.to_string().contains("y/all:mean"), "{error}");
    }

    #[test]
    fn an_item_that_has_only_what_the_head_does_not_read_is_not_scored() {
        let ds =
            Tiny::new().item("i", "p").item("j", "p").answer("i", "q", Some(1.0)).answer("j", "r", Some(1.0)).build();
        let all = build(&ds, &FeatureOptions::default()).unwrap();
        assert_eq!(all.scoreable, [true, true]);
        let m = build_for(&ds, &FeatureOptions::default(), &all.columns[..1]).unwrap();
        assert_eq!(m.scoreable, [true, false]);
    }

    #[test]
    fn other_questions_under_the_same_id_are_refused_and_so_are_absent_ones() {
        let ask = |text| {
            let asked = Asked { item: "i", question: "q", text, p_yes: Some(1.0), ..Asked::default() };
            Tiny::new().item("i", "p").ask(asked)
        };
        let options = FeatureOptions::default();
        let head = build(&ask("Sharp?").answer("i", "other", Some(0.0)).build(), &options).unwrap().columns;
        let error = build_for(&ask("Blurred?").build(), &options, &head).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        let Error::Data(problems) = &error else { panic!("{error}") };
        assert_eq!((problems.count_rule("question-text"), problems.count_rule("missing-column")), (1, 1), "{error}");
        assert!(
            build_for(&ask("").answer("i", "other", None).build(), &options, &head).is_ok(),
            "no text: names match"
        );
    }
}
