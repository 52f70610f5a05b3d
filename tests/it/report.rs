//! The report's pages: what people read is as committed, and nothing that strangers write becomes markup.

use std::collections::BTreeMap;

use headfit::audit::{self, AnnotatorRow, Area, Audit, Band, Finding, NotRun, QuestionRow, ShiftRow, Side};
use headfit::dataset::DataCard;
use headfit::evaluate::{
    AnswerPatterns, ColumnCorrelations, Comparison, Design, Evaluation, Floor, LadderSteps, Protocol, Row, Verdict,
};
use headfit::features::{Coding, Column, ColumnKind, FeatureSource, Layout, Missing, Preparation};
use headfit::fit::{Certificate, Method, OutcomeModel, Rule, Ties, WeightInterval};
use headfit::head::Head;
use headfit::problems::{Problem, Problems, Severity};
use headfit::report::{Diff, Parts, RecoveredWeight, Recovery, Report, Templates};

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
        shares: vec![],
        answers: Some(answers(name)),
        audit: Some(audit(name)),
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

/// Patterns with a ladder and correlations, under a stranger's names.
fn answers(name: &dyn Fn(&str) -> String) -> AnswerPatterns {
    AnswerPatterns {
        correlations: Some(ColumnCorrelations {
            items: 40,
            labels: vec![name("hands are right"), name("feet are right")],
            below: vec![vec![], vec![Some(0.83)]],
        }),
        ladders: vec![LadderSteps {
            ladder: name("hands"),
            rungs: vec![name("easy"), name("hard")],
            items: vec![10, 20, 10],
            yes: vec![vec![0.0, 0.0], vec![0.9, 0.1], vec![1.0, 1.0]],
            broken: Some(0.05),
        }],
    }
}

/// An audit with one bad finding, one fine one, and annotators and questions to draw.
fn audit(name: &dyn Fn(&str) -> String) -> Audit {
    let band = Band { null: 0.5, look: 0.03, bad: 0.1, side: Side::Both };
    let finding = |dimension: &str, estimate: f64, verdict| Finding {
        area: Area::Preferences,
        check: "position-bias".into(),
        dimension: Some(name(dimension)),
        subject: name("first item"),
        estimate: Some(estimate),
        low: Some(estimate - 0.02),
        high: Some(estimate + 0.02),
        unit: "share".into(),
        n: 250,
        n_of: "pairs".into(),
        band: Some(band),
        p: Some(0.001),
        q: Some(0.002),
        verdict,
        message: name("the first item is preferred in too many pairs"),
        remedy: name("show pairs in random order"),
        reason: None,
    };
    let measure = |v: f64| audit::Measure::new(v, Some((v - 0.1, v + 0.1)));
    let annotator = |person: &str, v: f64| AnnotatorRow {
        annotator: name(person),
        dimension: name("overall"),
        of: "ratings".into(),
        labels: 100,
        severity: measure(v),
        agreement: measure(0.6),
        ..AnnotatorRow::default()
    };
    let question = |id: &str| QuestionRow {
        question: format!("q-{}", name(id)),
        answers: 40,
        balanced_accuracy: measure(0.7),
        ..QuestionRow::default()
    };
    let shift = |id: &str, v: f64| ShiftRow {
        question: format!("q-{}", name(id)),
        dimension: name("overall"),
        shift: measure(v),
        ..ShiftRow::default()
    };
    Audit {
        dataset: name("toy"),
        simulated: false,
        dimensions: vec![name("overall"), name("alignment")],
        heads_from: None,
        draws: 1000,
        seed: 1,
        looks: 2,
        tests: 2,
        findings: vec![finding("overall", 0.62, audit::Verdict::Bad), finding("alignment", 0.51, audit::Verdict::Fine)],
        agreement: vec![],
        annotators: vec![annotator("Ann", 0.3), annotator("Bob", -0.2)],
        groups: vec![],
        questions: vec![question("hands are right"), question("画面自然")],
        shifts: vec![shift("hands are right", 0.12), shift("画面自然", -0.05)],
        shares: vec![],
        not_run: vec![NotRun { check: "influence".into(), subject: name("all"), reason: name("no refits") }],
        notes: vec![name("slots are not people")],
    }
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
const HOSTILE: [&str; 13] = [
    "\\input{/etc/passwd} % & $x_1$ \\\\ \\write18{id}",
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
            let ours = [
                "!",
                "/circle",
                "/desc",
                "/line",
                "/polyline",
                "/rect",
                "/text",
                "/title",
                "circle",
                "desc",
                "line",
                "polygon",
                "polyline",
                "rect",
                "text",
                "title",
            ];
            assert!(names.iter().all(|n| ours.contains(&n.as_str()) && n != "!"), "{hostile}: {names:?}");
        }
        assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}') && !page.contains('\0'), "{hostile}");
        assert!(!hostile.contains("{{") || page.contains("{{ 7 * 7 }}"), "no template of a stranger is run");
    }
}

#[test]
fn the_page_loads_nothing() {
    for page in [text(&plain(), "report.html"), text(&report(&|t| format!("{t}http://e.org/x")), "report.html")] {
        // Our script is one element, and loads nothing either.
        let (before, script) = page.split_once("<script>").unwrap();
        let (script, after) = script.split_once("</script>").unwrap();
        for loader in ["fetch", "XMLHttpRequest", "import", "http", "eval", "innerHTML", "document.write"] {
            assert!(!script.contains(loader), "{loader}");
        }
        let lower = format!("{before}{after}").to_lowercase();
        for loader in [
            "<script", "<link", "<iframe", "<object", "<embed", "<base", " src=", "@import", "url(", "xlink:",
            " style=",
        ] {
            assert!(!lower.contains(loader), "{loader}");
        }
        for href in lower.split("href=\"").skip(1) {
            assert!(href.starts_with('#'), "links stay on the page: {}", &href[..20]);
        }
        assert!(page.contains("default-src 'none'; style-src 'sha256-") && page.contains("; script-src 'sha256-"));
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
        shares: vec![],
        answers: None,
        audit: None,
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

#[test]
fn hostile_names_stay_text_in_latex_and_in_the_model_card() {
    for hostile in HOSTILE {
        let hostile_report = report(&|text| format!("{text}{hostile}"));
        for table in ["tables/leaderboard.tex", "tables/weights.tex", "tables/dimensions.tex", "tables/findings.tex"] {
            let (tex, plain_tex) = (text(&hostile_report, table), text(&plain(), table));
            assert_eq!(tex.lines().count(), plain_tex.lines().count(), "{table} {hostile}");
            for (line, expected) in tex.lines().zip(plain_tex.lines()).filter(|(line, _)| !line.starts_with('%')) {
                let bare = |l: &str| {
                    l.replace("\\textbackslash{}", "").replace("\\&", "").replace("\\%", "").replace("\\,", "")
                };
                assert_eq!(bare(line).matches('&').count(), bare(expected).matches('&').count(), "{table} {hostile}");
                assert!(
                    !line.contains("\\input") && !line.contains("\\write") && !bare(line).contains('%'),
                    "{table}: {line}"
                );
            }
        }
        let shape = |page: &str| -> Vec<usize> {
            page.lines().filter(|l| l.starts_with('|')).map(|l| l.replace("\\|", "").matches('|').count()).collect()
        };
        let card = text(&hostile_report, "model-card.md");
        assert_eq!(shape(&card), shape(&text(&plain(), "model-card.md")), "{hostile}");
        let code_free: String = card.replace("\\`", "").replace("\\]", "").split('`').step_by(2).collect();
        assert!(!code_free.contains("<script") && !code_free.contains("](http"), "{hostile}");
    }
}

#[test]
fn a_report_is_read_back_and_written_with_the_same_bytes() {
    let root = folder();
    let report = plain();
    for (name, bytes) in report.files().unwrap() {
        let path = root.path().join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let again = Report::read(root.path()).unwrap();
    assert_eq!(again.files().unwrap(), report.files().unwrap());
    std::fs::write(root.path().join("report.json"), "{\"schema_version\": 99}").unwrap();
    let message = Report::read(root.path()).unwrap_err();
    assert!(message.exit_code() == 3 && message.to_string().contains("version 99"), "{message}");
}

#[test]
fn every_chart_of_the_audit_is_on_the_page() {
    let page = text(&plain(), "report.html");
    for id in [
        "audit-position-bias",
        "annotators-overall",
        "yes-share-overall",
        "judge-quality-overall",
        "ladders",
        "correlations",
    ] {
        assert!(page.contains(&format!("<figure id=\"{id}\">")), "{id}");
    }
    let order: Vec<usize> =
        ["verdict", "leaderboard-section", "weights-section", "dimensions", "audit", "data", "methods"]
            .iter()
            .map(|id| page.find(&format!("<section id=\"{id}\"")).unwrap())
            .collect();
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn the_protocol_switch_has_the_numbers_of_the_json() {
    let report = plain();
    let page = text(&report, "report.html");
    for row in &report.evaluation.rows {
        let body = format!("data-protocol=\"{}\"", row.protocol.id());
        let value = format!("<td class=\"n\">{:.1}<span", row.value.unwrap() * 100.0);
        let bodies: Vec<&str> = page.split("<tbody").filter(|b| b.contains(&body)).collect();
        assert!(bodies.iter().any(|b| b.contains(&row.scorer) && b.contains(&value)), "{body} {value}");
    }
}

#[test]
fn a_user_may_replace_a_template_and_is_told_what_is_wrong_with_it() {
    let root = folder();
    let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
    write("report.md.j2", "Only {{ report.title }}\n");
    let templates = Templates::read(root.path()).unwrap();
    let files = report(&|t| format!("{t}<b>|")).files_with(&templates).unwrap();
    let page = files.iter().find(|(name, _)| name == "report.md").unwrap();
    assert_eq!(String::from_utf8_lossy(&page.1), "Only A small report&lt;b&gt;\\|\n", "escaped all the same");
    write("report.md.j2", "{{ report.nothing }}");
    let message = plain().files_with(&Templates::read(root.path()).unwrap()).unwrap_err();
    assert!(message.exit_code() == 2 && message.to_string().contains("report.md.j2"), "{message}");
    write("rport.html.j2", "");
    let message = Templates::read(root.path()).unwrap_err().to_string();
    assert!(message.contains("rport.html.j2") && message.contains("report.html.j2"), "{message}");
}

#[test]
fn two_reports_are_compared() {
    let old = plain();
    let mut new = plain();
    new.heads[0].weights[0].effect = 0.2;
    new.heads[0].weights[1].effect = 0.4;
    for row in new.evaluation.rows.iter_mut().filter(|r| r.scorer == "head" && r.dimension == "overall") {
        (row.value, row.low, row.high) =
            (row.value.map(|v| v + 0.1), row.low.map(|v| v + 0.1), row.high.map(|v| v + 0.1));
    }
    if let Some(audit) = &mut new.audit {
        audit.findings[0].verdict = audit::Verdict::Fine;
    }
    let diff = Diff::new(&old, &new).unwrap();
    let changes: Vec<(&str, Option<f64>)> = diff.heads[0].changes.iter().map(|c| (c.label.as_str(), c.new)).collect();
    assert_eq!(changes, [("hands are right", Some(0.2)), ("gpt4o/objects:mean", Some(0.4))]);
    assert!(diff.heads[1].changes.is_empty());
    assert_eq!(diff.accuracy.iter().filter(|a| a.apart).count(), 2, "both protocols of the head on one dimension");
    assert_eq!((diff.findings.len(), diff.findings[0].new), (1, Some(audit::Verdict::Fine)));
    assert!(diff.cautions.is_empty(), "{:?}", diff.cautions);
    assert!(Diff::new(&old, &old).unwrap().figures.is_empty());
    let files = diff.files(&new, &Templates::default()).unwrap();
    let page = |name: &str| String::from_utf8(files.iter().find(|(n, _)| n == name).unwrap().1.clone()).unwrap();
    insta::assert_snapshot!("diff.md", page("diff.md"));
    assert!(page("diff.html").contains("1 column entered the overall head"));
}

#[test]
fn plot_compare_and_redact_from_the_command_line() {
    let root = folder();
    let run = headfit(root.path(), &["synth", "-o", "sim", "--train-pairs", "90", "--test-pairs", "60"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let args = |out: &'static str, seed: &'static str| {
        [
            "report",
            "sim",
            "-o",
            out,
            "--dimension",
            "overall",
            "--bootstrap",
            "5",
            "--draws",
            "50",
            "--redact",
            "--no-audit",
            "--seed",
            seed,
        ]
    };
    assert_eq!(headfit(root.path(), &args("one", "1")).code, 0);
    assert_eq!(headfit(root.path(), &args("two", "2")).code, 0);
    let run = headfit(root.path(), &["report", "--diff", "one", "two", "-o", "diff"]);
    assert!(
        run.code == 0 && run.stdout.contains("Seed: 1 before, 2 now.") && run.stdout.trim_end().ends_with("diff.html"),
        "{run:?}"
    );
    let run = headfit(root.path(), &["plot", "weights", "one"]);
    let svg = std::fs::read_to_string(root.path().join("one/charts/weights-overall.svg")).unwrap();
    assert_eq!((run.code, run.stdout.as_str()), (0, svg.as_str()));
    assert_eq!(headfit(root.path(), &["plot", "path", "one/report.json", "-o", "p.svg"]).code, 0);
    assert_eq!(headfit(root.path(), &["plot", "path", "one/report.json", "-o", "p.svg"]).code, 2, "no overwriting");
    let run = headfit(root.path(), &["plot", "head-diff", "two", "--against", "one", "-o", "charts"]);
    assert!(run.code == 0 && root.path().join("charts/head-diff-overall.svg").exists(), "{}", run.stderr);
    std::fs::write(
        root.path().join("c.json"),
        r#"{"kind": "forest", "measure": "x", "rows": [{"label": "a", "estimate": 0.2}]}"#,
    )
    .unwrap();
    assert!(headfit(root.path(), &["plot", "forest", "c.json"]).stdout.contains("<svg"));
    let run = headfit(root.path(), &["plot", "waterfall", "one"]);
    assert!(run.code == 2 && run.stderr.contains("nothing in it to draw a waterfall"), "{}", run.stderr);
    std::fs::write(root.path().join("c.json"), r#"{"kind": "forest", "rowz": []}"#).unwrap();
    let run = headfit(root.path(), &["plot", "forest", "c.json"]);
    assert!(run.code == 3 && run.stderr.contains("rowz"), "{}", run.stderr);
    let ratings = std::fs::read_to_string(root.path().join("one/report.json")).unwrap();
    assert!(!ratings.contains("annotator_"), "no name of a person");
}
