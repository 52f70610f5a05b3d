//! The report as JSON, Markdown and one self-contained HTML page.

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use super::Report;
use super::escape;
use super::model_card::ModelCard;
use super::published::PublishedView;
use super::view::View;
use crate::plot::{Figure, theme};
use crate::{Error, Result};

/// The built-in templates by name. A user's file of the same name takes the place of one.
const TEMPLATES: &[(&str, &str)] = &[
    ("report.html.j2", include_str!("templates/report.html.j2")),
    ("chart.html.j2", include_str!("templates/chart.html.j2")),
    ("leaderboard.html.j2", include_str!("templates/leaderboard.html.j2")),
    ("weights.html.j2", include_str!("templates/weights.html.j2")),
    ("dimensions.html.j2", include_str!("templates/dimensions.html.j2")),
    ("audit.html.j2", include_str!("templates/audit.html.j2")),
    ("audit.md.j2", include_str!("templates/audit.md.j2")),
    ("data.html.j2", include_str!("templates/data.html.j2")),
    ("methods.html.j2", include_str!("templates/methods.html.j2")),
    ("report.md.j2", include_str!("templates/report.md.j2")),
    ("model-card.md.j2", include_str!("templates/model-card.md.j2")),
    ("diff.html.j2", include_str!("templates/diff.html.j2")),
    ("diff.md.j2", include_str!("templates/diff.md.j2")),
    ("leakage.html.j2", include_str!("templates/leakage.html.j2")),
    ("leakage.md.j2", include_str!("templates/leakage.md.j2")),
    ("published.html.j2", include_str!("templates/published.html.j2")),
    ("published.md.j2", include_str!("templates/published.md.j2")),
    ("sheets.html.j2", include_str!("templates/sheets.html.j2")),
    ("sheets.md.j2", include_str!("templates/sheets.md.j2")),
    ("suite.html.j2", include_str!("templates/suite.html.j2")),
    ("suite.md.j2", include_str!("templates/suite.md.j2")),
    ("report.css", include_str!("templates/report.css")),
    ("report.js", include_str!("templates/report.js")),
];

/// The templates of a report: the built-in ones, or the user's in their place.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    own: BTreeMap<String, String>,
}

impl Templates {
    /// The built-in templates with the files of `folder` in their place.
    ///
    /// # Errors
    /// [`Error::Io`] where the folder or a file cannot be read; [`Error::Usage`] where a file has no template to replace,
    /// or is no template.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut own = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
            let path = entry.map_err(Error::io(folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() || name.starts_with('.') {
                continue;
            }
            if !TEMPLATES.iter().any(|(known, _)| *known == name) {
                let names: Vec<&str> = TEMPLATES.iter().map(|(name, _)| *name).collect();
                let message =
                    format!("{}: there is no template of this name; known are {}", path.display(), names.join(", "));
                return Err(Error::Usage(message));
            }
            let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Error::Usage(format!("{}: a template has to be UTF-8 text", path.display())))?;
            own.insert(name, text);
        }
        Ok(Self { own })
    }

    /// Names and texts of the built-in templates, to begin from.
    pub fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> {
        TEMPLATES.iter().copied()
    }

    fn text(&self, name: &'static str) -> &str {
        let built_in = || TEMPLATES.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| *text);
        self.own.get(name).map_or_else(built_in, String::as_str)
    }
}

/// Name of the escaping that Markdown templates get.
const MARKDOWN_ESCAPE: &str = "markdown";

/// `report.json` and `diff.json`.
pub(super) fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    crate::output::json_rows(value, 3)
}

/// `report.md`.
pub(super) fn markdown(report: &Report, templates: &Templates) -> Result<String> {
    let values = context! { report => Serde(report), view => Serde(View::new(report)), ..beside(report) };
    render(templates, "report.md.j2", values)
}

/// What the pages show beside the view: warnings of leakage, and numbers that others published.
fn beside(report: &Report) -> Value {
    let published: Vec<PublishedView> =
        report.published.iter().map(|table| PublishedView::new(table, [&report.evaluation])).collect();
    let leakage: Vec<String> = report.evaluation.leakage.iter().map(crate::evaluate::Leakage::sentence).collect();
    context! { published => Serde(published), leakage }
}

/// `model-card.md`: a section to paste.
pub(super) fn model_card(report: &Report, templates: &Templates) -> Result<String> {
    let values =
        context! { report => Serde(report), view => Serde(View::new(report)), card => Serde(ModelCard::new(report)) };
    render(templates, "model-card.md.j2", values)
}

/// `report.html`.
pub(super) fn html(report: &Report, templates: &Templates) -> Result<String> {
    let view = View::new(report);
    let protocols = view.protocols.clone();
    let view = Value::from(Serde(view));
    page(templates, "report.html.j2", &report.figures, &protocols, |charts| {
        context! { report => Serde(report), view => view, charts, ..beside(report) }
    })
}

/// A page without any address to load anything from, and with a policy that allows exactly its own style sheet and script.
/// `values` gets the charts.
pub(super) fn page(
    templates: &Templates,
    name: &'static str,
    figures: &[Figure],
    protocols: &[&'static str],
    values: impl FnOnce(Vec<Value>) -> Value,
) -> Result<String> {
    let css = format!("{}{}{}", theme::css(":root"), templates.text("report.css"), switch_css(protocols));
    let script = templates.text("report.js").to_owned();
    if css.to_ascii_lowercase().contains("</style") || script.to_ascii_lowercase().contains("</script") {
        return Err(Error::Usage(
            "report.css and report.js must not close their own element (</style, </script)".into(),
        ));
    }
    let hash = |text: &str| base64(&Sha256::digest(text.as_bytes()));
    let own = context! {
        style_hash => hash(&css),
        script_hash => hash(&script),
        css => Value::from_safe_string(css),
        script => Value::from_safe_string(script),
    };
    let values = values(figures.iter().map(inline).collect());
    render(templates, name, context! { ..own, ..values })
}

/// A chart inside a page that has its style sheet.
fn inline(figure: &Figure) -> Value {
    let svg = |svg: &str| Value::from_safe_string(crate::plot::inline(svg));
    context! { id => figure.id.as_str(), title => figure.title.as_str(), wide => svg(&figure.svg), narrow => svg(&figure.narrow) }
}

/// The protocol switch: of the rows of a leaderboard those of the chosen protocol are shown. Needs no script.
fn switch_css(protocols: &[&'static str]) -> String {
    let rule = |p: &&str| format!(":root:has(#protocol-{p}:checked) .proto:not(.p-{p}){{display:none}}\n");
    protocols.iter().map(rule).collect()
}

/// Renders one template. Escaping follows the name's ending: every value of every template is escaped for its format.
pub(super) fn render(templates: &Templates, name: &'static str, values: Value) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(failed)?);
    environment.set_auto_escape_callback(|name| match name {
        _ if name.ends_with(".html.j2") => AutoEscape::Html,
        _ if name.ends_with(".md.j2") => AutoEscape::Custom(MARKDOWN_ESCAPE.into()),
        _ => AutoEscape::None,
    });
    environment.set_formatter(|out, state, value| match state.auto_escape() {
        AutoEscape::Custom(format) if format == MARKDOWN_ESCAPE && !value.is_safe() => {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            out.write_str(&escape::markdown(&text)).map_err(minijinja::Error::from)
        }
        _ => minijinja::escape_formatter(out, state, value),
    });
    // Terminal escapes and bidirectional overrides have no business in a page either.
    environment.add_filter("shown", |text: String| crate::plot::text::one_line(&text));
    // Text inside a Markdown code span: nothing is markup there but the span's own end.
    environment.add_filter("code", |text: String| {
        Value::from_safe_string(crate::plot::text::one_line(&text).replace('`', "'"))
    });
    let fault = |e: minijinja::Error| match templates.own.is_empty() {
        true => failed(e),
        false => Error::Usage(format!("the given templates cannot be used: {e:#}")),
    };
    for (name, _) in TEMPLATES.iter().filter(|(name, _)| name.ends_with(".j2")) {
        environment.add_template(name, templates.text(name)).map_err(fault)?;
    }
    environment.get_template(name).and_then(|t| t.render(values)).map_err(fault)
}

fn failed(error: impl std::fmt::Display + std::fmt::Debug) -> Error {
    Error::Bug(format!("report: {error}"))
}

/// Base64 with padding (RFC 4648 §4), for the hash in the page's policy.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0_u32, |word, (i, &b)| word | u32::from(b) << (16 - 8 * i));
        for i in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * i)) as usize & 63];
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_rfc_vectors() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in vectors {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
