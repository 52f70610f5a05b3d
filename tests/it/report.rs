//! The report's pages: what people read is as committed, and nothing that strangers write becomes markup.

use std::collections::BTreeMap;

use headfit::dataset::DataCard;
use headfit::evaluate::{Comparison, Design, Evaluation, Floor, Protocol, Row, Verdict};
use headfit::features::{Coding, Column, ColumnKind, FeatureSource, Layout, Missing, Preparation};
use headfit::fit::{Certificate, Method, OutcomeModel, Rule, Ties, WeightInterval};
use headfit::head::Head;
use headfit::problems::{Problem, Problems, Severity};
use headfit::report::{Parts, RecoveredWeight, Recovery, Report};

use super::support::{folder, headfit};

fn head(dimension: &str, names: &[(&str, &str, f64)]) -> Head {
    let column = |(label, group, _): &(&str, &str, f64)| Column {
        id: format!("q-{label}"),
        label: (*label).into(),
        kind: ColumnKind::Question,
        dimension: Some((*group).into()),
        subdimension: Some(format!("{group} ladder")),
        text_sha256: None,
    };
    let weights: Vec<f64> = names.iter().map(|n| n.2).collect();
    Head {
        dimension: dimension.into(),
        columns: names.iter().map(column).collect(),
        intervals: weights
            .iter()
            .map(|w| WeightInterval { low: w * 0.5, high: w * 1.4, selected: if *w == 0.0 { 0.1 } else { 0.9 } })
            .collect(),
        marginal: weights.iter().map(|w| Some(0.1 + w / 4.0)).collect(),
        coding: Coding::Signed,
        source: FeatureSource::Answers,
        layout: Some(Layout::Fixed),
        gates: None,
        imported: None,
        preparation: Preparation {
            missing: Missing::Neutral,
            fills: vec![0.0; names.len()],
            scales: vec![1.0; names.len()],
        },
        weights,
        method: Method::Sparse,
        ties: Ties::Half,
        outcomes: OutcomeModel::default(),
        details: None,
        tie_threshold: 0.05,
        lambda: 0.0125,
        lambda_max: 0.25,
        rule: Some(Rule::OneSe),
        curve: vec![],
        certificate: Certificate {
            kkt: 1e-8,
            objective: 0.6,
            loss: 0.55,
            gap: None,
            gap_reason: Some("none was computed".into()),
            iterations: 9,
            converged: true,
        },
        quantiles: vec![],
        pairs: 300,
        groups: 60,
        prompts: vec![],
        notes: vec![],
    }
}

fn rows(dimension: &str, scorers: &[(&str, f64, Verdict)]) -> (Vec<Row>, Vec<Comparison>) {
    let mut found = (Vec::new(), Vec::new());
    for protocol in [Protocol::Tau, Protocol::DiffHalf] {
        let shift = if protocol == Protocol::Tau { 0.1 } else { 0.0 };
        for (scorer, value, verdict) in scorers {
            found.0.push(Row {
                value: Some(value - shift),
                low: Some(value - shift - 0.04),
                high: Some(value - shift + 0.04),
                n: 250,
                prompts: 60,
                ties: 50,
                coverage: 1.0,
                reason: None,
                ..Row::without_value(dimension, scorer, protocol, "")
            });
            if *scorer != "head" {
                let difference = scorers[0].1 - value;
                found.1.push(Comparison {
                    dimension: dimension.into(),
                    scorer: (*scorer).into(),
                    protocol,
                    difference: Some(difference),
                    low: Some(difference - 0.05),
                    high: Some(difference + 0.05),
                    n: 250,
                    prompts: 60,
                    verdict: *verdict,
                    ..Comparison::undecided(dimension, scorer, protocol)
                });
            }
        }
    }
    found
}

/// Two dimensions: on one the head wins, on the other it loses to one scorer. `name` puts a stranger's text everywhere.
fn report(name: &dyn Fn(&str) -> String) -> Report {
    use Verdict::{HeadLoses, HeadWins, NoDifferenceShown};
    let (first, second, scorer) = (name("overall"), name("alignment"), name("clip_score"));
    let one = rows(&first, &[("head", 0.74, HeadWins), ("mean", 0.71, NoDifferenceShown), (&scorer, 0.58, HeadWins)]);
    let two = rows(&second, &[("head", 0.61, HeadWins), ("mean", 0.6, NoDifferenceShown), (&scorer, 0.7, HeadLoses)]);
    let floor = |dimension: &str| Floor::rule(dimension, "chance", Protocol::DiffHalf, 0.5, 250);
    let evaluation = Evaluation {
        draws: 1000,
        seed: 1,
        rows: [one.0, two.0].concat(),
        floors: vec![floor(&first), floor(&second)],
        comparisons: [one.1, two.1].concat(),
        notes: vec![name("2 pairs left out")],
        ..Evaluation::empty(&name("toy"), Design::CrossValidated { folds: 5 })
    };
    let (a, b, c) = (name("hands are right"), name("gpt4o/objects:mean"), name("画面自然"));
    let heads = [
        head(&first, &[(&a, &name("quality"), 0.8), (&b, &name("quality"), 0.0), (&c, &name("physics"), 0.3)]),
        head(&second, &[(&a, &name("quality"), 0.0), (&b, &name("quality"), 0.0), (&c, &name("physics"), 0.0)]),
    ];
    let mut problems = Problems::default();
    let problem =
        Problem::new(Severity::Warning, "unknown-token", "answers.csv", name("not yes or no"), "write yes or no");
    problems.push(problem.at(12).cell(name("answer"), name("maybe")));
    let card: DataCard = card(&name);
    Report::new(Parts {
        title: name("A small report"),
        card,
        problems: &problems,
        feature_notes: vec![name("3 questions, one judge")],
        heads: &heads,
        evaluation,
        artefact: headfit::report::Artefact::default(),
        recovery: vec![Recovery {
            dimension: first,
            found: vec![RecoveredWeight { question: format!("q-{a}"), planted: 0.9, fitted: 0.8 }],
            missed: vec![RecoveredWeight { question: format!("q-{b}"), planted: 0.1, fitted: 0.0 }],
            unplanted: vec![],
            share_found: 0.9,
            rank_correlation: Some(0.87),
        }],
        command: name("headfit report DATA -o DIR"),
        options: BTreeMap::from([("rule".into(), name("1se"))]),
    })
    .unwrap()
}

/// A data set of its own files, so that the card is a true one.
fn card(name: &dyn Fn(&str) -> String) -> DataCard {
    let root = folder();
    std::fs::write(root.path().join("items.csv"), "item_id,prompt_id\na,p\nb,p\n").unwrap();
    std::fs::write(root.path().join("scores.csv"), "item_id,s\na,1\nb,2\n").unwrap();
    let pairs = "pair_id,prompt_id,dimension,item_a,item_b,label\n1,p,overall,a,b,a\n";
    std::fs::write(root.path().join("pairs.csv"), pairs).unwrap();
    let source = headfit::dataset::Source::Folder { path: root.path().to_path_buf(), manifest: None };
    let data = headfit::dataset::read(&source, headfit::dataset::ReadOptions::default()).unwrap();
    let mut card = DataCard::new(&data);
    card.name = name("toy");
    card.dimensions[0].name = name("overall");
    card.scorers[0].name = name("clip_score");
    card
}

fn text(report: &Report, file: &str) -> String {
    let bytes = report.files().unwrap().into_iter().find(|(name, _)| name == file).unwrap().1;
    String::from_utf8(bytes).unwrap().replace(env!("CARGO_PKG_VERSION"), "[version]")
}

fn plain() -> Report {
    report(&|text| text.to_owned())
}

#[test]
fn the_markdown_page_is_as_committed() {
    insta::assert_snapshot!("report.md", text(&plain(), "report.md"));
}

#[test]
fn the_json_is_as_committed() {
    insta::assert_snapshot!("report.json", text(&plain(), "report.json"));
}

#[test]
fn a_chart_is_as_committed() {
    insta::assert_snapshot!("weights-overall.svg", text(&plain(), "charts/weights-overall.svg"));
}

#[test]
fn the_verdict_says_where_the_head_loses() {
    let verdict = plain().verdict.join(" ").replace('\u{a0}', " ");
    assert!(
        verdict.contains("agrees with people in 74.0 % (95 % interval 70.0 to 78.0) of 250 decided pairs"),
        "{verdict}"
    );
    assert!(
        verdict.contains("The head loses 1 comparison: to clip_score on alignment by 9.0 points (4.0 to 14.0)"),
        "{verdict}"
    );
    assert!(verdict.contains("no difference is shown"), "{verdict}");
}

#[test]
fn the_same_parts_give_the_same_bytes() {
    assert_eq!(plain().files().unwrap(), plain().files().unwrap());
}

/// Texts that strangers have put into prompts, names and answers (failure modes, "Security").
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</title><h1>x</h1>",
    "</script><script>alert(1)</script>",
    "<!-- x --> ]]>",
    "](javascript:alert(1))",
    "| a | b |\n| - | - |",
    "`code` **bold** [x](http://e.org) ![y](http://e.org/y.png)",
    "=cmd|' /C calc'!A0",
    "../../x",
    "{{ 7 * 7 }}{% raw %}",
    "\u{1b}]0;title\u{7}\u{202e}\0",
];

/// Counts `<name` for every element name, outside style sheets.
fn elements(html: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for part in html.split('<').skip(1) {
        let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '!')).collect();
        *found.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    found
}

/// Counts attribute names inside tags.
fn attributes(html: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for tag in html.split('<').skip(1).filter_map(|part| part.split_once('>').map(|(tag, _)| tag)) {
        for (i, piece) in tag.split('"').enumerate() {
            if i % 2 == 0 && piece.ends_with('=') {
                let name = piece.trim_end_matches('=').rsplit(' ').next().unwrap_or_default();
                *found.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    found
}

#[test]
fn hostile_names_add_no_element_and_no_attribute() {
    // Charts hold as many elements as their labels have lines: they are looked at apart.
    let outside = |html: &str| {
        let mut rest = html;
        let mut out = String::new();
        while let Some((before, after)) = rest.split_once("<svg") {
            out.push_str(before);
            rest = after.split_once("</svg>").unwrap().1;
        }
        out + rest
    };
    let expected = outside(&text(&plain(), "report.html"));
    for hostile in HOSTILE {
        // `head` and `mean` stay: they are names of ours.
        let page = text(&report(&|text| format!("{text}{hostile}")), "report.html");
        let found = outside(&page);
        assert_eq!(elements(&found), elements(&expected), "{hostile}");
        assert_eq!(attributes(&found), attributes(&expected), "{hostile}");
        for svg in page.split("<svg").skip(1).map(|s| s.split_once("</svg>").unwrap().0) {
            let names: Vec<String> = elements(svg).into_keys().collect();
            let ours = ["!", "/desc", "/text", "/title", "circle", "desc", "line", "rect", "text", "title"];
            assert!(names.iter().all(|n| ours.contains(&n.as_str()) && n != "!"), "{hostile}: {names:?}");
        }
        assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}') && !page.contains('\0'), "{hostile}");
        assert!(!hostile.contains("{{") || page.contains("{{ 7 * 7 }}"), "no template of a stranger is run");
    }
}

#[test]
fn the_page_loads_nothing() {
    for page in [text(&plain(), "report.html"), text(&report(&|t| format!("{t}http://e.org/x")), "report.html")] {
        let lower = page.to_lowercase();
        for loader in [
            "<script", "<link", "<iframe", "<object", "<embed", "<base", " src=", "@import", "url(", "xlink:",
            " style=",
        ] {
            assert!(!lower.contains(loader), "{loader}");
        }
        for href in lower.split("href=\"").skip(1) {
            assert!(href.starts_with('#'), "links stay on the page: {}", &href[..20]);
        }
        assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    }
}

#[test]
fn hostile_names_keep_the_shape_of_markdown_tables() {
    let shape = |page: &str| -> Vec<usize> {
        page.lines().filter(|l| l.starts_with('|')).map(|l| l.replace("\\|", "").matches('|').count()).collect()
    };
    let expected = shape(&text(&plain(), "report.md"));
    for hostile in HOSTILE {
        let page = text(&report(&|text| format!("{text}{hostile}")), "report.md");
        assert_eq!(shape(&page), expected, "{hostile}");
        let code_free: String = page.replace("\\`", "").replace("\\]", "").split('`').step_by(2).collect();
        assert!(
            !code_free.contains('<') && !code_free.contains("](http") && !code_free.contains("](java"),
            "{hostile}"
        );
    }
}

#[test]
fn file_names_stay_in_the_folder_and_cells_are_not_run() {
    for hostile in HOSTILE {
        let files = report(&|text| format!("{hostile}{text}")).files().unwrap();
        for (name, bytes) in &files {
            let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '/' | '.' | '_');
            assert!(name.chars().all(fine) && !name.contains(".."), "{name}");
            if name.ends_with(".csv") {
                let mut reader = csv_reader(bytes);
                for record in reader.records() {
                    for cell in record.unwrap().iter() {
                        let run = cell.starts_with(['=', '+', '@', '\t', '\r']);
                        assert!(!run && (!cell.starts_with('-') || cell.parse::<f64>().is_ok()), "{name}: {cell}");
                    }
                }
            }
        }
        let ids: Vec<&String> = files.iter().map(|(name, _)| name).collect();
        let mut unique = ids.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(ids.len(), unique.len());
    }
}

fn csv_reader(bytes: &[u8]) -> csv::Reader<&[u8]> {
    csv::Reader::from_reader(bytes)
}

#[test]
fn an_empty_evaluation_is_a_page_too() {
    let evaluation = Evaluation {
        simulated: true,
        seed: 1,
        missing_score_equal: true,
        ..Evaluation::empty("none", Design::TrainTest)
    };
    let report = Report::new(Parts {
        title: String::new(),
        card: card(&|t| t.to_owned()),
        problems: &Problems::default(),
        feature_notes: vec![],
        heads: &[],
        evaluation,
        artefact: headfit::report::Artefact::default(),
        recovery: vec![],
        command: String::new(),
        options: BTreeMap::new(),
    })
    .unwrap();
    let page = text(&report, "report.html");
    assert!(page.contains("Simulated data") && page.contains("Nothing was evaluated"));
    assert!(text(&report, "report.md").contains("There is no head to show"));
}

#[test]
fn report_does_the_whole_job_and_keeps_a_changed_folder() {
    let root = folder();
    let run = headfit(root.path(), &["synth", "-o", "sim", "--train-pairs", "90", "--test-pairs", "60"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let args = ["report", "sim", "-o", "out", "--dimension", "overall", "--bootstrap", "5", "--draws", "50"];
    let run = headfit(root.path(), &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.trim_end().ends_with("report.html"), "the path comes last: {}", run.stdout);
    assert!(run.stderr.contains("Done in"));
    let page = std::fs::read_to_string(root.path().join("out/report.html")).unwrap();
    assert!(page.contains("Simulated data"));
    assert!(
        page.contains("headfit report DATA -o DIR --draws 50 --bootstrap 5 --dimension overall"),
        "the command has no path of ours"
    );
    assert!(!page.contains(&*root.path().to_string_lossy()));
    assert_eq!(headfit(root.path(), &args).code, 0, "an untouched report is replaced");
    assert_eq!(std::fs::read_to_string(root.path().join("out/report.html")).unwrap(), page, "the same bytes again");
    std::fs::write(root.path().join("out/notes.txt"), "mine").unwrap();
    let run = headfit(root.path(), &args);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("notes.txt") && root.path().join("out/notes.txt").exists());
    assert_eq!(headfit(root.path(), &["report", "sim", "-o", "sim"]).code, 2, "a data set is not a report");
}
