//! The report as JSON, Markdown and one self-contained HTML page.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use super::Report;
use super::escape;
use super::published::PublishedView;
use super::view::View;
use crate::plot::{theme, without_style};
use crate::{Error, Result};

const HTML: &str = include_str!("templates/report.html.j2");
const MARKDOWN: &str = include_str!("templates/report.md.j2");
/// Parts of several pages: name, and template.
const PARTS: [(&str, &str); 4] = [
    ("leakage.md", include_str!("templates/leakage.md.j2")),
    ("leakage.html", include_str!("templates/leakage.html.j2")),
    ("published.md", include_str!("templates/published.md.j2")),
    ("published.html", include_str!("templates/published.html.j2")),
];
const SUITE_HTML: &str = include_str!("templates/suite.html.j2");
const SUITE_MARKDOWN: &str = include_str!("templates/suite.md.j2");
const SUITE_STYLE: &str = include_str!("templates/suite.css");
const STYLE: &str = include_str!("templates/report.css");

/// Name of the escaping that Markdown templates get.
const MARKDOWN_ESCAPE: &str = "markdown";

/// `report.json`.
pub(super) fn json(report: &Report) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(report).map_err(failed)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// `report.md`.
pub(super) fn markdown(report: &Report) -> Result<String> {
    render("report.md", MARKDOWN, context! { report => Serde(report), view => Serde(View::new(report)), ..beside(report) })
}

/// What the pages show beside the view: warnings of leakage, and numbers that others published.
fn beside(report: &Report) -> Value {
    let published: Vec<PublishedView> =
        report.published.iter().map(|table| PublishedView::new(table, [&report.evaluation])).collect();
    let leakage: Vec<String> = report.evaluation.leakage.iter().map(crate::evaluate::Leakage::sentence).collect();
    context! { published => Serde(published), leakage }
}

/// `suite.md`.
pub(super) fn suite_markdown(values: Value) -> Result<String> {
    render("suite.md", SUITE_MARKDOWN, values)
}

/// `suite.html`, as [`html`].
pub(super) fn suite_html(values: Value) -> Result<String> {
    let css = format!("{}{STYLE}{SUITE_STYLE}", theme::css(":root"));
    let style_hash = base64(&Sha256::digest(css.as_bytes()));
    let css = Value::from_safe_string(css);
    render("suite.html", SUITE_HTML, context! { css, style_hash, ..values })
}

/// `report.html`: no script, no address to load anything from, and a policy that allows exactly its own style sheet.
pub(super) fn html(report: &Report) -> Result<String> {
    let css = format!("{}{STYLE}{SUITE_STYLE}", theme::css(":root"));
    let inline = |svg: &str| {
        let svg = without_style(svg).replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
        Value::from_safe_string(svg)
    };
    let charts: Vec<Value> = report
        .figures
        .iter()
        .map(|f| context! { id => f.id.as_str(), title => f.title.as_str(), wide => inline(&f.svg), narrow => inline(&f.narrow) })
        .collect();
    let style_hash = base64(&Sha256::digest(css.as_bytes()));
    let css = Value::from_safe_string(css);
    render(
        "report.html",
        HTML,
        context! { report => Serde(report), view => Serde(View::new(report)), charts, css, style_hash, ..beside(report) },
    )
}

/// Renders one template. Escaping follows the name's ending: every value of every template is escaped for its format.
fn render(name: &'static str, template: &'static str, values: Value) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(failed)?);
    environment.set_auto_escape_callback(|name| match name {
        _ if name.ends_with(".html") => AutoEscape::Html,
        _ if name.ends_with(".md") => AutoEscape::Custom(MARKDOWN_ESCAPE.into()),
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
    for (name, part) in PARTS {
        environment.add_template(name, part).map_err(failed)?;
    }
    environment.add_template(name, template).map_err(failed)?;
    environment.get_template(name).and_then(|t| t.render(values)).map_err(failed)
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
