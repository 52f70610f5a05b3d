//! Nothing that strangers write into prompts, names and answers becomes markup, a formula, a path or a terminal escape.

use std::collections::BTreeMap;

use super::made_report::{plain, report, text};

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
                "/g",
                "/desc",
                "/line",
                "/polyline",
                "/rect",
                "/text",
                "/title",
                "circle",
                "desc",
                "g",
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
