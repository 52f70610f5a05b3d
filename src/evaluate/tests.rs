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
                ScoredPairs {
                    scale: s.scale,
                    ..ScoredPairs::new(s.scorer.clone(), margins, HeldOut::Thresholds(thresholds))
                }
            })
            .collect();
        assert_eq!(assess(&labels.select(&order), &moved, question), first, "round {round}");
    }
}

fn question(draws: usize) -> Question<'static> {
    Question { dimension: "d", protocols: &Protocol::ALL, draws, seed: 4, head_first: true, tests: 99 }
}

/// `head`, an identical `twin` and a `third` that covers three of four pairs.
fn random_scorers(n: usize) -> (LabelledPairs, Vec<ScoredPairs>) {
    let mut random = rng::stream(9, "scorers", 0);
    let labels = LabelledPairs {
        pair: (0..n).collect(),
        // In every third prompt the first item is preferred to all others.
        human: (0..n).map(|i| if i / 4 % 3 == 0 { 1 } else { random.random_range(-1i32..=1) as i8 }).collect(),
        group: (0..n).map(|i| (i / 4) as u32).collect(),
        groups: n.div_ceil(4),
        prompt: (0..n).map(|i| (i / 4) as u32).collect(),
        // Four pairs of one prompt: item 0 against 1 to 4.
        items: (0..n as u32).map(|i| [5 * (i / 4), 5 * (i / 4) + 1 + i % 4]).collect(),
    };
    let mut margins =
        || -> Vec<Option<f64>> { (0..n).map(|_| Some(f64::from(random.random_range(-5i32..=5)) / 10.0)).collect() };
    let (head, mut third) = (margins(), margins());
    third.iter_mut().step_by(4).for_each(|m| *m = None);
    let scored = [("head", head.clone()), ("twin", head), ("third", third)];
    let scored = scored.map(|(name, m)| ScoredPairs {
        scale: Some([1.0, 4.0]),
        ..ScoredPairs::new(name, m, HeldOut::Thresholds(vec![0.2; n]))
    });
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
        // It lacks one margin of every prompt, so that no chosen item can be judged.
        assert!(third.n <= 150 && third.difference.is_some() == (protocol != Protocol::Rb2Credit));
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
fn no_ties_one_prompt_constant_and_nan_scores_have_a_named_outcome() {
    let row = |found: &Evaluation, scorer: &str, protocol| found.row("d", scorer, protocol).unwrap().clone();
    // No ties: calling everything a tie earns nothing, and all three-way rules equal `diff` where no scores are equal.
    let mut ds = planted();
    ds.pairs.retain(|p| p.votes.plurality() != 0);
    let found = folds(&ds);
    let floor = found.floors.iter().find(|f| f.floor == "always-tie" && f.protocol == Protocol::Tau).unwrap();
    assert_eq!((floor.value, row(&found, "oracle", Protocol::Tau).ties), (0.0, 0));
    let oracle = |protocol| row(&found, "oracle", protocol).value;
    assert_eq!(oracle(Protocol::Tau), oracle(Protocol::Diff));
    assert_eq!(oracle(Protocol::UnifiedReward), oracle(Protocol::Diff));
    // A constant scorer has its floors as values, or a reason, and a note.
    let flat = |protocol| row(&found, "flat", protocol);
    assert_eq!((flat(Protocol::Diff).value, flat(Protocol::DiffHalf).value), (Some(0.0), Some(0.5)));
    let reason = flat(Protocol::DiffDecided).reason.unwrap();
    assert_eq!(reason, "the scores of every pair that people decided are equal");
    assert!(found.notes.iter().any(|n| n.starts_with("d, flat: all scores are equal within every pair")));

    // One prompt: values without intervals, no head, no comparison.
    let mut ds = planted();
    ds.pairs.retain(|p| ds.items.prompt[p.a] == 0);
    let found = folds(&ds);
    let head = row(&found, "head", Protocol::Tau);
    assert_eq!(head.reason.as_deref(), Some("no head: 1 prompt does not allow cross-validation"));
    let oracle = row(&found, "oracle", Protocol::Tau);
    assert!(oracle.value.is_some() && oracle.low.is_none() && oracle.reason.unwrap().starts_with("not enough data"));
    assert!(found.comparisons.is_empty() && found.standings.is_empty());

    // Scores that are no numbers cover nothing; the rest is as if they were missing.
    let mut ds = planted();
    let scores = ds.scores.as_mut().unwrap();
    let place = scores.names.iter().position(|n| n == "half").unwrap();
    scores.columns[place].iter_mut().for_each(|v| *v = v.or(Some(f64::NAN)));
    let (with_nan, without) = (folds(&ds), folds(&planted()));
    assert_eq!(row(&with_nan, "half", Protocol::Tau), row(&without, "half", Protocol::Tau));
    let text = serde_json::to_string(&with_nan).unwrap();
    assert_eq!(text.matches("NaN").count(), 0, "JSON has no NaN");
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

/// The vector with prompts, by hand. Prompt 0: item 0 beats 1 and 2, which tie; prompt 1: a tie alone; prompt 2: item 5
/// beats 6. Margins 0.4, 0, 0.1 / 0.2 / −0.3.
///
/// ε = 0: prompt accuracies 1/3 (0.4 right; 0 a wrong tie; 0.1 no tie), 0, 0. ε = 0.1: 2/3, 0, 0. ε = 0.2: 2/3, 1, 0.
/// ε = 0.3 as 0.2. ε = 0.4: 1/3, 1, 0. So `ties-matter-row` is (2/3 + 1 + 0)/3 = 5/9 at ε = 0.2, while pooled `tau` is
/// 3/5 at 0.2.
fn vector_with_prompts() -> (LabelledPairs, ScoredPairs) {
    let labels = LabelledPairs {
        pair: (0..5).collect(),
        human: vec![1, 1, 0, 0, 1],
        group: vec![0, 0, 0, 1, 2],
        groups: 3,
        prompt: vec![0, 0, 0, 1, 2],
        items: vec![[0, 1], [0, 2], [1, 2], [3, 4], [5, 6]],
    };
    let margins = [0.4, 0.0, 0.1, 0.2, -0.3].map(Some).to_vec();
    let scored = ScoredPairs::new("s", margins, HeldOut::Missing("none".to_owned()));
    (labels, ScoredPairs { scale: Some([1.0, 4.0]), ..scored })
}

#[test]
fn row_protocols_on_the_vector_with_prompts() {
    let (labels, scored) = vector_with_prompts();
    let found = assess(&labels, &[scored], Question { head_first: false, ..question(20) });
    let row = |protocol| found.rows.iter().find(|r| r.protocol == protocol).unwrap();
    let ties_matter = row(Protocol::TiesMatterRow);
    assert!((ties_matter.value.unwrap() - 5.0 / 9.0).abs() < 1e-15);
    assert_eq!((ties_matter.epsilon, ties_matter.n, ties_matter.prompts), (Some(0.2), 3, 3));
    assert_eq!((row(Protocol::Tau).value, row(Protocol::Tau).epsilon), (Some(0.6), Some(0.2)));
    // Item 0 is at the top with item 2, item 5 is below item 6: (1/2 + 0)/2 of the two prompts with a chosen item.
    assert_eq!((row(Protocol::Rb2Credit).value, row(Protocol::Rb2Credit).n), (Some(0.25), 2));
    // One right sign and both ties within 0.5, of five.
    assert_eq!((row(Protocol::TigerHalf).value, row(Protocol::TigerHalf).n), (Some(0.6), 5));
}

#[test]
fn tiger_needs_a_declared_scale() {
    let (labels, scored) = vector_with_prompts();
    let found =
        assess(&labels, &[ScoredPairs { scale: None, ..scored }], Question { head_first: false, ..question(0) });
    let row = found.rows.iter().find(|r| r.protocol == Protocol::TigerHalf).unwrap();
    assert_eq!((row.value, row.reason.as_deref()), (None, Some("only for scores declared on a scale from 1 to 4")));
}

#[test]
fn the_shared_vector_under_the_rule_of_videoscore() {
    let human = [1i8, 1, 1, -1, -1, 0, 0, 0, 1, -1];
    let margins = [0.9, 0.4, -0.2, -0.7, 0.3, 0.1, -0.2, 0.6, 0.1, -0.5];
    let right: f64 = human.iter().zip(margins).filter_map(|(&h, m)| Protocol::TigerHalf.credit(h, m, 0.0)).sum();
    assert_eq!(right / 10.0, 0.7);
}

/// Generators `good` (wins always), `fair` and `poor` on 12 prompts; scorer `upside` has the order turned round.
fn three_generators() -> Dataset {
    let mut tiny = Tiny::new();
    let (mut quality, mut upside) = (Vec::new(), Vec::new());
    for prompt in 0..12 {
        for (rank, generator) in ["poor", "fair", "good"].into_iter().enumerate() {
            tiny = tiny.item(&format!("p{prompt:02}{generator}"), &format!("p{prompt:02}"));
            quality.push(Some(rank as f64));
            upside.push(Some(-(rank as f64)));
        }
    }
    tiny = tiny.feature("quality", &quality).score("upside", &upside);
    for prompt in 0..12 {
        for (a, b) in [("poor", "fair"), ("good", "fair"), ("good", "poor")] {
            let label = if a == "good" { 'a' } else { 'b' };
            tiny = tiny.pair("d", &format!("p{prompt:02}{a}"), &format!("p{prompt:02}{b}"), label);
        }
    }
    let mut ds = tiny.build();
    let names = ["poor", "fair", "good"].map(|g| Some(g.to_owned()));
    ds.items.attributes.insert("generator".to_owned(), names.into_iter().cycle().take(36).collect());
    ds
}

#[test]
fn generators_are_ranked_and_an_upside_down_scorer_is_told() {
    let ds = three_generators();
    let found = folds(&ds);
    let ranking = &found.systems[0];
    let share = |system: &str, scorer: &str| {
        ranking.scores.iter().find(|s| s.system == system && s.scorer == scorer).map(|s| (s.value, s.rank)).unwrap()
    };
    assert_eq!(
        [share("good", "people"), share("fair", "people"), share("poor", "people")],
        [(1.0, 1), (0.5, 2), (0.0, 3)]
    );
    assert_eq!(share("good", "upside"), (0.0, 3));
    let kendall = |scorer: &str| ranking.agreement.iter().find(|a| a.scorer == scorer).unwrap().kendall;
    assert_eq!((kendall("head"), kendall("upside")), (Some(1.0), Some(-1.0)));
    assert_eq!(found.inverted.iter().map(|i| i.scorer.as_str()).collect::<Vec<_>>(), ["upside"]);
    assert!(found.notes.iter().any(|n| n.contains("Inverted?") && n.contains("invert = true")));
    let floor = found.floors.iter().find(|f| f.floor == "attribute" && f.protocol == Protocol::Diff).unwrap();
    assert_eq!((floor.value, floor.detail.as_deref()), (1.0, Some("generator")), "the generator alone decides here");
    let places: Vec<_> = found.standings.iter().filter(|s| s.protocol == Protocol::DiffHalf).collect();
    assert_eq!(places.len(), 3);
    assert!(places.iter().any(|s| s.scorer == "upside" && (s.rank_low, s.rank_high) == (3, 3)), "{places:?}");
}

#[test]
fn curves_and_unseen_groups_have_an_answer() {
    let ds = planted();
    let mut options = quick(&ds);
    options.draws = 50;
    options.extras.curves = true;
    options.extras.unseen = vec!["generator".to_owned(), "maker".to_owned()];
    let mut ds = ds;
    let makers = (0..160).map(|i| Some(format!("m{}", i % 4)));
    ds.items.attributes.insert("maker".to_owned(), makers.collect());
    let found = evaluate(&ds, &features_of(&ds), Mode::CrossValidate { folds: 4 }, &options).unwrap();
    let axes: Vec<CurveAxis> = found.curves.iter().map(|c| c.axis).collect();
    assert_eq!(axes, [CurveAxis::TrainingPairs, CurveAxis::Questions, CurveAxis::Lambda]);
    let learning = &found.curves[0];
    assert!(learning.pays.is_some() && learning.points.len() >= 3, "{learning:?}");
    assert!(learning.points.windows(2).all(|p| p[0].x < p[1].x));
    let last = learning.points.last().unwrap();
    assert_eq!(last.x, 180.0, "three quarters of the pairs");
    let row = found.row("d", "head", Protocol::DiffHalf).unwrap();
    assert!((last.value - row.value.unwrap()).abs() < 1e-12, "all training pairs: the head itself");
    assert_eq!(found.unseen[0].reason.as_deref(), Some("the items have no attribute generator"));
    let makers = &found.unseen[1];
    assert_eq!((makers.groups, makers.n + row.ties), (4, 240), "every decided pair is scored once: {makers:?}");
    assert!(makers.unseen.value.unwrap() > 0.6 && makers.difference.low.unwrap() < 0.05);
    assert!(!found.calibration.is_empty() && found.calibration[0].scorer == "head");
}
