//! Text of strangers in Markdown and CSV. (HTML is escaped by minijinja, SVG by `plot`.)

use crate::plot::text::one_line;

/// `text` for Markdown, anywhere inside a line or a table cell: it makes no markup, no link, no cell and no HTML.
pub(super) fn markdown(text: &str) -> String {
    let text = one_line(text);
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| chars.get(j)).copied();
        let after = chars.get(i + 1).copied();
        let inside_word = before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric);
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '_' if inside_word => out.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '#' | '$' => out.extend(['\\', c]),
            // Bare addresses would become links.
            '/' if before == Some(':') => out.push_str("\\/"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("\\."),
            '@' => out.push_str("\\@"),
            // At the beginning, before a space, these would make a list; after a number a dot or a bracket would.
            '-' | '+' if i == 0 && after.is_none_or(char::is_whitespace) => out.extend(['\\', c]),
            '-' | '=' if i == 0 && after == Some(c) => out.extend(['\\', c]),
            '.' | ')'
                if i > 0 && after.is_none_or(char::is_whitespace) && chars[..i].iter().all(char::is_ascii_digit) =>
            {
                out.extend(['\\', c]);
            }
            _ => out.push(c),
        }
    }
    out
}

/// `text` for a CSV text cell: what a spreadsheet would run as a formula gets an apostrophe before it (CWE-1236).
pub(super) fn csv_text(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text that [`csv_text`] wrote.
pub(super) fn csv_text_back(cell: &str) -> String {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell).to_owned()
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

/// `text` for LaTeX, anywhere inside a line: no command, no group, no cell, no comment.
pub(super) fn latex(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in one_line(text).chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("\\textquotedbl{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            // At the beginning of a row a bracket would be an argument of the line break before it.
            '[' | ']' => out.extend(['{', c, '}']),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_stays_text() {
        assert_eq!(markdown("a|b `c` [x](javascript:1) <b>&"), "a\\|b \\`c\\` \\[x\\](javascript:1) &lt;b&gt;&amp;");
        assert_eq!(markdown("clipscore_vitb32 _x_"), "clipscore_vitb32 \\_x\\_");
        assert_eq!(markdown("https://e.org www.e.org"), "https:\\//e.org www\\.e.org");
        assert_eq!(markdown("- x\n| y"), "\\- x \\| y");
        assert_eq!(markdown("12. x"), "12\\. x");
        assert_eq!(markdown("71.5"), "71.5");
        assert_eq!(markdown("+8.7"), "+8.7");
    }

    #[test]
    fn latex_stays_text() {
        assert_eq!(latex("\\input{/etc/passwd} % a & b"), "\\textbackslash{}input\\{/etc/passwd\\} \\% a \\& b");
        assert_eq!(latex("x_1^2 ~ $5 #6 [a]"), "x\\_1\\textasciicircum{}2 \\textasciitilde{} \\$5 \\#6 {[}a{]}");
        assert_eq!(latex("a\n\\\\b"), "a \\textbackslash{}\\textbackslash{}b");
    }

    #[test]
    fn formulas_are_defused_and_ordinary_text_is_not() {
        assert_eq!(csv_text("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(csv_text_back(&csv_text("=x")), "=x");
        assert_eq!(csv_text_back("'quoted'"), "'quoted'");
        assert_eq!(csv_text("head"), "head");
        assert_eq!(csv_text(""), "");
    }
}
