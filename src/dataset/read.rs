//! From a source to a checked data set: the order of the steps.

use super::files::Files;
use super::manifest::Declared;
use super::tables::Tables;
use super::{Dataset, Items, ReadOptions, Source};
use super::{answers, derive, items, manifest, numeric, pairs, ratings, tables};
use crate::problems::{Problem, Problems, Severity};
use crate::{Error, Result};

/// Reads, checks and links a data set.
///
/// # Errors
/// [`Error::Data`] with every problem found; [`Error::Io`] where a file cannot be read.
pub fn read(source: &Source, options: ReadOptions) -> Result<Dataset> {
    let (data, problems) = load(source, options)?;
    if problems.has_errors() {
        return Err(Error::Data(Box::new(problems)));
    }
    data.ok_or_else(|| Error::Bug("a data set without errors was not built".into()))
}

/// Reads a data set as far as it goes: what could be read (rows that break a rule left out) and every problem found.
/// The data set is `None` where its items cannot be known; its own `problems` are the same as those returned.
///
/// # Errors
/// [`Error::Data`] where there is no such folder; [`Error::Io`] where a file exists and cannot be read.
pub fn load(source: &Source, options: ReadOptions) -> Result<(Option<Dataset>, Problems)> {
    let mut problems = Problems::default();
    let files = Files::open(source)?;
    let Some(declared) = manifest::read(&files, &mut problems)? else { return Ok((None, problems)) };
    let checklist = declared.checklist(&files, &mut problems)?;
    let mut tables = tables::read(&files, &declared, &mut problems)?;
    // Without complete items every other table would seem to name unknown ones.
    let items = match tables.take("items") {
        Some(table) if !tables.broken.contains(&"items") => items::build(&table, &declared, &mut problems),
        _ => None,
    };
    let Some(items) = items else { return Ok((None, problems)) };
    let mut data = Dataset {
        name: declared.manifest.name.clone().unwrap_or_else(|| files.name.clone()),
        simulated: declared.manifest.simulated,
        items: Items::default(),
        checklist,
        answers: None,
        features: None,
        ratings: Vec::new(),
        pairs: Vec::new(),
        ballots: Default::default(),
        pair_attributes: Default::default(),
        pairs_derived: false,
        dimensions: Vec::new(),
        scores: None,
        manifest: declared.manifest.clone(),
        problems: Problems::default(),
        inputs: std::mem::take(&mut tables.inputs),
    };
    fill(&mut data, &items, tables, &declared, options, &mut problems);
    data.items = items;
    declared.check_names(&data, &mut problems);
    data.problems = problems.clone();
    Ok((Some(data), problems))
}

/// Builds every table but the items, freeing each raw table after use.
fn fill(
    data: &mut Dataset,
    items: &Items,
    mut tables: Tables,
    declared: &Declared,
    options: ReadOptions,
    problems: &mut Problems,
) {
    if let Some(table) = tables.take("answers") {
        data.answers = answers::build(&table, data.checklist.as_ref(), items, options, problems);
    }
    if let Some(table) = tables.take("features") {
        data.features = numeric::features(&table, items, problems);
    }
    if let Some(table) = tables.take("ratings") {
        data.ratings = ratings::build(&table, declared, items, problems).unwrap_or_default();
    }
    if let Some(table) = tables.take("scores") {
        data.scores = numeric::scores(&table, declared, items, problems);
    }
    if let Some(table) = tables.take("pairs") {
        if let Some(found) = pairs::build(&table, declared, items, problems) {
            data.pairs = found.pairs;
            data.dimensions = found.dimensions;
            data.ballots = found.ballots;
            data.pair_attributes = found.attributes;
        }
    } else if !data.ratings.is_empty() && !tables.broken.contains(&"pairs") {
        (data.pairs, data.dimensions) = derive::pairs(items, &data.ratings, data.checklist.as_ref());
        data.pairs_derived = true;
        let message = format!("there is no pairs table: {} pairs were derived from mean ratings", data.pairs.len());
        problems.push(Problem::new(Severity::Note, "derived-pairs", "ratings", message, ""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Split;

    const ITEMS: (&str, &str) = (
        "items.csv",
        "item_id,prompt_id,prompt,generator\ni1,p1,a cat,m1\ni2,p1,a cat,m2\ni3,p2,a bus,m1\ni4,p2,a bus,m2\n",
    );

    fn read(files: &[(&'static str, &'static str)]) -> Dataset {
        let all: Vec<(&'static str, &'static [u8])> =
            std::iter::once(&ITEMS).chain(files).map(|(name, text)| (*name, text.as_bytes())).collect();
        let source = Source::Embedded { name: "test", files: Box::leak(all.into_boxed_slice()) };
        super::read(&source, ReadOptions::default()).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn rows_of_different_annotators_are_votes() {
        let data = read(&[(
            "pairs.csv",
            "pair_id,prompt_id,dimension,item_a,item_b,label,annotator,weight,split,margin\n\
             x,p1,overall,i2,i1,a,r1,1,train,1\ny,p1,overall,i1,i2,b,r2,1,train,-2\nz,p1,overall,i2,i1,tie,r3,4,train,\n\
             w,p2,overall,i3,i4,b,r1,0,,\nv,p1,motion,i1,i2,b,r1,1,test,\n",
        )]);
        assert_eq!(data.dimensions, ["overall", "motion"]);
        assert_eq!(data.pairs.len(), 3);
        let first = &data.pairs[0];
        assert_eq!(
            (first.id.as_str(), first.a, first.b, first.voters),
            ("x", 1, 0, 3),
            "the first row gives the order"
        );
        assert!((first.votes.a - 1.0 / 3.0).abs() < 1e-15 && (first.votes.tie - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!((first.weight, first.margin, first.split), (2.0, Some(1.5), Some(Split::Train)));
        assert_eq!((data.pairs[1].votes.b, data.pairs[1].weight), (1.0, 0.0), "a weight of 0 keeps its label");
        let rows: Vec<_> = data.ballots.rows.iter().map(|b| (b.pair, b.annotator, b.label, b.first_side())).collect();
        assert_eq!(rows, [(0, 0, 1, 1), (0, 1, 1, -1), (0, 2, 0, 0), (1, 0, -1, -1), (2, 0, -1, -1)]);
        assert_eq!(data.ballots.annotators, ["r1", "r2", "r3"]);
    }

    #[test]
    fn other_columns_of_pairs_are_attributes_unless_votes_differ_on_them() {
        let data = read(&[(
            "pairs.csv",
            "pair_id,prompt_id,dimension,item_a,item_b,label,annotator,source,round\n\
             x,p1,o,i1,i2,a,r1,lab,1\ny,p1,o,i1,i2,b,r2,lab,2\nz,p2,o,i3,i4,a,r1,,2\n",
        )]);
        let shown = |name: &str| data.pair_attributes[name].iter().map(Option::as_deref).collect::<Vec<_>>();
        assert_eq!(shown("source"), [Some("lab"), None]);
        assert_eq!(shown("round"), [None, Some("2")]);
    }

    #[test]
    fn an_attribute_is_numeric_if_all_its_values_are() {
        let items = "item_id,prompt_id,fps,mixed\ni1,p,24,1\ni2,p,,x\n";
        let files = Box::leak(vec![("items.csv", items.as_bytes())].into_boxed_slice());
        let data = super::read(&Source::Embedded { name: "t", files }, ReadOptions::default()).unwrap();
        assert_eq!(data.items.numeric("fps"), Some(vec![Some(24.0), None]));
        assert_eq!((data.items.numeric("mixed"), data.items.numeric("none")), (None, None));
    }

    #[test]
    fn wide_and_nested_answers_are_the_same() {
        let essence = |data: Dataset| {
            let answers = data.answers.unwrap_or_default();
            (answers.question_ids, answers.rows, answers.judges)
        };
        let wide = read(&[("answers.csv", "item_id,q1,q2\ni1,yes,0.5\ni2,,no\n")]);
        let nested = read(&[(
            "answers.jsonl",
            "{\"item_id\":\"i1\",\"answers\":{\"q1\":true,\"q2\":0.5},\"seconds\":3}\n{\"item_id\":\"i2\",\"answers\":{\"q2\":\"No.\"}}\n",
        )]);
        let long = read(&[("answers.csv", "item_id,question_id,answer\ni1,q1,1\ni1,q2,.5\ni2,q1,\ni2,q2,FALSE\n")]);
        assert_eq!(nested.problems.count_rule("unused-column"), 1);
        let wide = essence(wide);
        assert_eq!(wide, essence(nested));
        assert_eq!(wide, essence(long));
    }

    #[test]
    fn dependencies_are_ids_or_numbers() {
        let data = read(&[(
            "answers.csv",
            "item_id,question_id,answer,depends_on\ni1,dsg1,1,0\ni1,tifa1,1,\ni1,dsg2,1,1\ni1,dsg3,0,\"2, tifa1,0\"\n\
             i2,a2,1,7\ni2,q7,1,\ni2,dsg1,1,1\n",
        )]);
        let answers = data.answers.unwrap_or_default();
        let parents = |row: usize| {
            answers.rows[row].depends_on.iter().map(|&q| answers.question_ids[q].as_str()).collect::<Vec<_>>()
        };
        assert_eq!(parents(2), ["dsg1"], "a number means the sibling, not tifa1");
        assert_eq!(parents(3), ["dsg2", "tifa1"]);
        assert_eq!(parents(4), ["q7"], "the only question that ends in 7");
        assert_eq!(data.problems.count_rule("unresolved-dependency"), 1, "a question cannot depend on itself");
    }

    #[test]
    fn the_manifest_maps_names_and_declares() {
        let data = read(&[
            (
                "dataset.toml",
                "name = \"mapped\"\nsimulated = true\n[files]\npairs = \"votes.csv\"\n[columns.pairs]\nlabel = \"vote\"\n\
                 [labels]\nleftvote = \"a\"\nbothbad = \"tie\"\n[attributes.family]\nfrom = \"generator\"\n\
                 map = { m1 = \"diffusion\" }\n[scores.lpips]\ninvert = true\nscale = [0, 1]\n",
            ),
            (
                "votes.csv",
                "pair_id,prompt_id,dimension,item_a,item_b,vote,label\n1,p1,o,i1,i2,leftvote,b\n2,p2,o,i3,i4,bothbad,a\n",
            ),
            ("scores.csv", "item_id,lpips,clip\ni1,0.25,3\ni3,,4\n"),
        ]);
        assert_eq!((data.name.as_str(), data.simulated), ("mapped", true));
        assert_eq!(data.pairs[0].votes.a, 1.0, "the mapped column counts, not the one named label");
        assert_eq!(data.pairs[1].votes.tie, 1.0);
        let family: Vec<_> = data.items.attributes["family"].iter().map(Option::as_deref).collect();
        assert_eq!(family, [Some("diffusion"), None, Some("diffusion"), None]);
        let scores = data.scores.unwrap_or_default();
        assert_eq!(scores.names, ["lpips", "clip"]);
        assert_eq!(scores.columns[0], [Some(-0.25), None, None, None]);
        let tables: Vec<_> = data.inputs.iter().map(|f| (f.table.as_str(), f.file.as_str(), f.rows)).collect();
        assert_eq!(
            tables,
            [
                ("manifest", "dataset.toml", 0),
                ("items", "items.csv", 4),
                ("pairs", "votes.csv", 2),
                ("scores", "scores.csv", 2)
            ]
        );
        assert_eq!(data.inputs[1].sha256.len(), 64);
    }

    #[test]
    fn only_items_is_a_data_set() {
        let data = read(&[]);
        assert_eq!(data.items.prompt_ids, ["p1", "p2"]);
        assert_eq!((data.pairs.len(), data.pairs_derived), (0, false));
    }
}
