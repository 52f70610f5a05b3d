//! The whole evaluation on small data whose answer is known.

use rand::RngExt;
use rand::seq::SliceRandom;

use super::compare::{Question, assess};
use super::margins::{HeldOut, LabelledPairs, ScoredPairs};
use super::scorers::{ItemScores, Parts, score_pairs};
use super::*;
use crate::dataset::{Dataset, Split};
use crate::features::testing::Tiny;
use crate::features::{self, FeatureMatrix, FeatureOptions};
use crate::head::{self, HeadsFile, TrainOptions};
use crate::rng;

/// 40 prompts of 4 items. Feature `good` decides the label, with noise; `noise` decides nothing. Scorer `oracle` is the
/// label's own number, `half` knows only even prompts, `flat` is constant.
fn planted() -> Dataset {
    let mut random = rng::stream(3, "planted", 0);
    let mut tiny = Tiny::new();
    let (mut good, mut noise, mut truth, mut half) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for prompt in 0..40 {
        for item in 0..4 {
            tiny = tiny.item(&format!("p{prompt:02}i{item}"), &format!("p{prompt:02}"));
            let quality: f64 = random.random_range(0.0..4.0);
            good.push(Some((quality + random.random_range(-1.0..1.0f64)).round()));
            noise.push(Some(random.random_range(0.0..1.0f64)));
            truth.push(quality);
            half.push((prompt % 2 == 0).then_some(quality));
        }
    }
    let rounded: Vec<f64> = truth.iter().map(|q| q.round()).collect();
    tiny = tiny.feature("good", &good).feature("noise", &noise);
    tiny = tiny.score("oracle", &truth.iter().map(|q| Some(*q)).collect::<Vec<_>>());
    tiny = tiny.score("half", &half).score("flat", &vec![Some(1.0); truth.len()]);
    for prompt in 0..40 {
        for a in 0..4 {
            for b in 0..a {
                let (qa, qb) = (rounded[prompt * 4 + a], rounded[prompt * 4 + b]);
                let label = if qa > qb {
                    'a'
                } else if qa < qb {
                    'b'
                } else {
                    't'
                };
                tiny = tiny.pair("d", &format!("p{prompt:02}i{a}"), &format!("p{prompt:02}i{b}"), label);
            }
        }
    }
    tiny.build()
}

fn features_of(ds: &Dataset) -> FeatureMatrix {
    features::build(ds, &FeatureOptions::default()).unwrap()
}

fn quick(ds: &Dataset) -> EvaluateOptions<'static> {
    EvaluateOptions {
        protocols: Protocol::ALL.to_vec(),
        draws: 200,
        train: TrainOptions { lambda: Some(0.01), bootstrap: 0, ..TrainOptions::default() },
        ..EvaluateOptions::new(ds)
    }
}

fn folds(ds: &Dataset) -> Evaluation {
    evaluate(ds, &features_of(ds), Mode::CrossValidate { folds: 5 }, &quick(ds)).unwrap()
}

#[test]
fn the_head_finds_the_planted_signal_and_loses_to_the_oracle() {
    let ds = planted();
    let found = folds(&ds);
    let head = found.row("d", "head", Protocol::DiffHalf).unwrap();
    assert!(head.value.unwrap() > 0.7, "{head:?}");
    assert!(head.low.unwrap() < head.value.unwrap() && head.value.unwrap() < head.high.unwrap());
    assert_eq!((head.n + head.ties, head.prompts, head.coverage), (240, 40, 1.0));
    assert_eq!(found.comparison("d", "flat", Protocol::DiffHalf).unwrap().verdict, Verdict::HeadWins);
    assert_eq!(found.comparison("d", "oracle", Protocol::DiffHalf).unwrap().verdict, Verdict::HeadLoses);
    let verdict = found.verdict("d");
    assert!(verdict.contains("LOSES against the best other scorer, oracle"), "{verdict}");
    assert!(verdict.ends_with("it also LOSES against half."), "a scorer of half the pairs is told as well: {verdict}");
}

#[test]
fn the_shared_vector_held_out_gives_one_half() {
    let human = ['a', 'a', 'a', 'b', 'b', 't', 't', 't', 'a', 'b'];
    let margins = [0.9, 0.4, -0.2, -0.7, 0.3, 0.1, -0.2, 0.6, 0.1, -0.5];
    let mut tiny = Tiny::new();
    for i in 0..10 {
        tiny = tiny.item(&format!("{i}a"), &format!("p{i}")).item(&format!("{i}b"), &format!("p{i}"));
    }
    for (i, label) in human.into_iter().enumerate() {
        tiny = tiny.pair("d", &format!("{i}a"), &format!("{i}b"), label);
    }
    let ds = tiny.build();
    let values = margins.iter().flat_map(|m| [Some(*m), Some(0.0)]).collect();
    let scorer = ItemScores { scorer: "s".to_owned(), values };
    let pairs: Vec<usize> = (0..10).collect();
    let parts =
        Parts { of_pair: [[0; 5], [1; 5]].concat(), training: vec![Some((5..10).collect()), Some((0..5).collect())] };
    let scored = score_pairs(&ds, &scorer, &pairs, &parts, false, true);
    let labels = LabelledPairs::new(&ds, &pairs);
    let found = assess(&labels, &[scored], Question { head_first: false, ..question(100) });
    let value = |protocol| {
        let row = found.rows.iter().find(|r| r.protocol == protocol).unwrap();
        (row.value, row.n)
    };
    assert_eq!(value(Protocol::TauHeldOut), (Some(0.5), 10));
    assert_eq!(value(Protocol::Tau), (Some(0.6), 10));
    assert_eq!(value(Protocol::DiffHalf), (Some(5.0 / 7.0), 7));
    assert_eq!(value(Protocol::HalfTie), (Some(0.65), 10));
}

#[test]
fn coverage_drops_pairs_unless_they_count_as_equal() {
    let ds = planted();
    let row = |equal: bool| {
        let options = EvaluateOptions { missing_score_equal: equal, ..quick(&ds) };
        let found = evaluate(&ds, &features_of(&ds), Mode::CrossValidate { folds: 5 }, &options).unwrap();
        let comparison = found.comparison("d", "half", Protocol::Tau).unwrap().clone();
        (found.row("d", "half", Protocol::Tau).unwrap().clone(), comparison)
    };
    let (dropped, common) = row(false);
    assert_eq!((dropped.n, dropped.prompts, dropped.coverage, common.n), (120, 20, 0.5, 120));
    let (equal, all) = row(true);
    assert_eq!((equal.n, equal.prompts, equal.coverage, all.n), (240, 40, 0.5, 240));
    assert!(equal.value < dropped.value);
}

#[test]
fn the_order_of_rows_changes_no_digit() {
    let ds = planted();
    let first = serde_json::to_string(&folds(&ds)).unwrap();
    let mut shuffled = ds.clone();
    for round in 0..5 {
        shuffled.pairs.shuffle(&mut rng::stream(round, "shuffle", 0));
        assert_eq!(serde_json::to_string(&folds(&shuffled)).unwrap(), first, "round {round}");
    }
}

#[test]
fn the_thread_count_changes_no_digit() {
    let ds = planted();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        serde_json::to_string(&pool.install(|| folds(&ds))).unwrap()
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn shuffling_pairs_a_thousand_times_changes_no_digit_of_the_counts() {
    let (labels, scored) = random_scorers(60);
    let question = question(50);
    let first = assess(&labels, &scored, question);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    for round in 0..1000 {
        order.shuffle(&mut rng::stream(round, "shuffle", 1));
        let moved: Vec<ScoredPairs> = scored
            .iter()
            .map(|s| {
                let HeldOut::Thresholds(thresholds) = &s.held_out else { panic!() };
                let thresholds = order.iter().map(|&i| thresholds[i]).collect();
                let margins = order.iter().map(|&i| s.margins[i]).collect();
                ScoredPairs::new(s.scorer.clone(), margins, HeldOut::Thresholds(thresholds))
            })
            .collect();
        assert_eq!(assess(&labels.select(&order), &moved, question), first, "round {round}");
    }
}

fn question(draws: usize) -> Question<'static> {
    Question { dimension: "d", protocols: &Protocol::ALL, draws, seed: 4, head_first: true }
}

/// `head`, an identical `twin` and a `third` that covers three of four pairs.
fn random_scorers(n: usize) -> (LabelledPairs, Vec<ScoredPairs>) {
    let mut random = rng::stream(9, "scorers", 0);
    let labels = LabelledPairs {
        pair: (0..n).collect(),
        human: (0..n).map(|_| random.random_range(-1i32..=1) as i8).collect(),
        group: (0..n).map(|i| (i / 4) as u32).collect(),
        groups: n.div_ceil(4),
    };
    let mut margins =
        || -> Vec<Option<f64>> { (0..n).map(|_| Some(f64::from(random.random_range(-5i32..=5)) / 10.0)).collect() };
    let (head, mut third) = (margins(), margins());
    third.iter_mut().step_by(4).for_each(|m| *m = None);
    let scored = [("head", head.clone()), ("twin", head), ("third", third)];
    let scored = scored.map(|(name, m)| ScoredPairs::new(name, m, HeldOut::Thresholds(vec![0.2; n])));
    (labels, scored.to_vec())
}

#[test]
fn identical_scorers_differ_by_exactly_nothing() {
    let (labels, scored) = random_scorers(200);
    let found = assess(&labels, &scored, question(300));
    for protocol in Protocol::ALL {
        let twin = found.comparisons.iter().find(|c| c.scorer == "twin" && c.protocol == protocol).unwrap();
        assert_eq!((twin.difference, twin.low, twin.high), (Some(0.0), Some(0.0), Some(0.0)), "{}", protocol.id());
        assert_eq!(twin.verdict, Verdict::NoDifferenceShown);
        let row = |scorer: &str| {
            let row = found.rows.iter().find(|r| r.scorer == scorer && r.protocol == protocol).unwrap();
            (row.value, row.low, row.high, row.n, row.epsilon)
        };
        assert_eq!(row("head"), row("twin"));
        let third = found.comparisons.iter().find(|c| c.scorer == "third" && c.protocol == protocol).unwrap();
        assert!(third.n <= 150 && third.difference.is_some());
    }
}

#[test]
fn few_pairs_or_prompts_give_a_value_without_an_interval() {
    let (mut labels, scored) = random_scorers(40);
    labels.group = labels.group.iter().map(|g| g % 4).collect();
    labels.groups = 4;
    let found = assess(&labels, &scored, question(100));
    for row in found.rows.iter().filter(|r| r.protocol == Protocol::Tau) {
        assert!(row.value.is_some() && row.low.is_none() && row.high.is_none());
        assert!(row.reason.as_deref().unwrap().starts_with("not enough data"));
    }
    assert!(found.comparisons.iter().all(|c| c.verdict == Verdict::NotEnoughData && c.low.is_none()));
}

#[test]
fn degenerate_dimensions_have_a_named_outcome() {
    let mut ds = planted();
    for pair in &mut ds.pairs {
        pair.votes = crate::dataset::Votes { a: 0.0, tie: 1.0, b: 0.0 };
    }
    let mut options = quick(&ds);
    options.train.ties = crate::fit::Ties::Drop;
    let found = evaluate(&ds, &features_of(&ds), Mode::CrossValidate { folds: 5 }, &options).unwrap();
    let head = found.row("d", "head", Protocol::Tau).unwrap();
    assert!(head.value.is_none() && head.reason.as_deref().unwrap().starts_with("no head: "), "{head:?}");
    assert!(found.verdict("d").contains("cannot be judged"));
    let oracle = |protocol| found.row("d", "oracle", protocol).unwrap();
    assert_eq!(oracle(Protocol::Tau).value, Some(1.0));
    assert_eq!(oracle(Protocol::Diff).value, None);
    assert_eq!(oracle(Protocol::Diff).reason.as_deref(), Some("people called every pair a tie"));
    assert!(found.comparisons.is_empty());
    let text = serde_json::to_string(&found).unwrap();
    assert!(!text.contains("NaN"), "JSON has no NaN");

    ds.pairs.truncate(1);
    let one = folds(&ds);
    assert_eq!(one.row("d", "head", Protocol::Tau).unwrap().value, None);
    assert_eq!(one.row("d", "oracle", Protocol::Tau).unwrap().value, Some(1.0));
    ds.pairs.clear();
    let none = folds(&ds);
    assert_eq!(none.row("d", "oracle", Protocol::Tau).unwrap().reason.as_deref(), Some("no pairs"));
}

#[test]
fn a_declared_split_is_used_and_shared_prompts_are_told() {
    let mut ds = planted();
    for pair in &mut ds.pairs {
        let even = ds.items.prompt[pair.a].is_multiple_of(2);
        pair.split = Some(if even { Split::Train } else { Split::Test });
    }
    assert!(matches!(Mode::default_for(&ds), Mode::TrainTest));
    let features = features_of(&ds);
    let found = evaluate(&ds, &features, Mode::TrainTest, &quick(&ds)).unwrap();
    let head = found.row("d", "head", Protocol::Tau).unwrap();
    assert_eq!((head.n, head.prompts), (120, 20));
    assert!(!found.notes.iter().any(|n| n.contains("LEAKAGE")), "{:?}", found.notes);
    assert!(found.row("d", "oracle", Protocol::TauHeldOut).unwrap().value.is_some());
    ds.pairs[0].split = Some(Split::Test);
    let found = evaluate(&ds, &features, Mode::TrainTest, &quick(&ds)).unwrap();
    assert!(
        found.notes.iter().any(|n| n.starts_with("LEAKAGE in d: the head was fitted on 1 of the 21 prompts")),
        "{:?}",
        found.notes
    );
    let no_split = planted();
    let error = evaluate(&no_split, &features_of(&no_split), Mode::TrainTest, &quick(&no_split)).unwrap_err();
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn a_stored_head_brings_its_own_threshold_and_tells_of_leakage() {
    let ds = planted();
    let features = features_of(&ds);
    let train: Vec<usize> = (0..ds.pairs.len()).filter(|&p| ds.items.prompt[ds.pairs[p].a] < 10).collect();
    let head = head::train(&ds, &features, 0, &train, &quick(&ds).train).unwrap();
    let threshold = head.tie_threshold;
    let file = HeadsFile::new(vec![head], head::provenance(&ds, 1, Default::default()));
    let found = evaluate(&ds, &features, Mode::Stored(&file), &quick(&ds)).unwrap();
    let own = found.row("d", "head", Protocol::TauHeldOut).unwrap();
    assert_eq!(own.epsilon, Some(threshold));
    assert!(own.value.is_some());
    let other = found.row("d", "oracle", Protocol::TauHeldOut).unwrap();
    assert!(other.value.is_none() && other.reason.as_deref().unwrap().contains("stored head"));
    assert!(found.notes.iter().any(|n| n.starts_with("LEAKAGE in d: the head was fitted on 10 of the 40 prompts")));
    let mut elsewhere = file.clone();
    elsewhere.heads[0].dimension = "other".to_owned();
    let error = evaluate(&ds, &features, Mode::Stored(&elsewhere), &quick(&ds)).unwrap_err();
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn the_floor_identity_holds_on_our_own_output() {
    let found = folds(&planted());
    for scorer in ["head", "mean", "oracle", "half", "flat"] {
        let row = |protocol| found.row("d", scorer, protocol).unwrap();
        let (tau, diff) = (row(Protocol::Tau), row(Protocol::Diff));
        let t = tau.ties as f64 / tau.n as f64;
        assert!(tau.value.unwrap() >= t.max((1.0 - t) * diff.value.unwrap()) - 1e-12, "{scorer}");
        assert!(row(Protocol::VgrbWithTies).value.unwrap() <= tau.value.unwrap());
    }
}
