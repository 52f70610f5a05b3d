//! Text in charts: widths without a font, wrapping in any script, numbers as people write them.

/// Width of one character in em, for an ordinary sans-serif; on the wide side, so that labels do not run over.
fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.30,
        'f' | 't' | 'r' | ' ' | '\u{a0}' | '(' | ')' | '[' | ']' | '-' | '/' => 0.39,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.92,
        '_' => 0.52,
        'A'..='Z' | '+' | '−' | '=' | '<' | '>' => 0.70,
        _ if is_mark(c) => 0.0,
        _ if is_wide(c) => 1.0,
        _ if c.is_ascii() => 0.59,
        _ => 0.68,
    }
}

/// Combining marks and joiners take no room of their own.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036f}' | '\u{0591}'..='\u{05bd}' | '\u{064b}'..='\u{065f}' | '\u{093c}' | '\u{0941}'..='\u{0948}' | '\u{094d}'
        | '\u{0e31}' | '\u{0e34}'..='\u{0e3a}' | '\u{0e47}'..='\u{0e4e}' | '\u{200b}'..='\u{200d}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}')
}

/// Characters of full width: Chinese, Japanese, Korean, full-width forms, emoji.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{33ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{a000}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

/// Estimated width of `text` at `size`, in the unit of `size`.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size
}

/// `text` on one line: white space and control characters become single spaces, bidirectional overrides and what XML
/// forbids are shown as `\u{…}`. No-break spaces stay.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let bidi =
            matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}');
        if c == '\u{a0}' {
            out.push(c);
        } else if c.is_whitespace() {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
        } else if c.is_control() || bidi || matches!(c, '\u{fffe}' | '\u{ffff}') {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Breaks `text` into at most `lines` lines of width `room` at `size`: at spaces, after `/`, `_`, `-` and `:`, between full-width
/// characters, and anywhere if need be. What does not fit ends in `…`. Always at least one line.
pub fn wrap(text: &str, size: f64, room: f64, lines: usize) -> Vec<String> {
    let text = one_line(text);
    let mut done: Vec<String> = Vec::new();
    let mut rest = text.as_str();
    while !rest.is_empty() && done.len() < lines.max(1) {
        if width(rest, size) <= room {
            done.push(rest.to_owned());
            return done;
        }
        if done.len() + 1 == lines.max(1) {
            done.push(cut(rest, size, room));
            return done;
        }
        let at = break_point(rest, size, room);
        done.push(rest[..at].trim_end().to_owned());
        rest = rest[at..].trim_start();
    }
    if done.is_empty() {
        done.push(String::new());
    }
    done
}

/// Byte position at which the first line of `text` ends; never 0.
fn break_point(text: &str, size: f64, room: f64) -> usize {
    let (mut used, mut last_good, mut last_fit) = (0.0, None, 0);
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        if let Some(b) = before {
            let after_joint = matches!(b, '/' | '_' | '-' | ':') && c.is_alphanumeric();
            if c == ' ' || after_joint || (is_wide(b) && is_wide(c) && !is_closing(c)) {
                last_good = Some(at);
            }
        }
        used += em(c) * size;
        if used > room && at > 0 && !is_mark(c) {
            break;
        }
        last_fit = at + c.len_utf8();
        before = Some(c);
    }
    last_good
        .filter(|&at| at > 0)
        .unwrap_or(last_fit)
        .max(text.chars().next().map_or(1, char::len_utf8))
        .min(text.len())
}

/// Punctuation that must not begin a line in Chinese and Japanese.
fn is_closing(c: char) -> bool {
    matches!(c, '、' | '。' | '，' | '！' | '？' | '）' | '」' | '』' | '】' | '：' | '；')
}

/// `text` cut to `room` with a final `…`.
fn cut(text: &str, size: f64, room: f64) -> String {
    let mut used = em('…') * size;
    let mut out = String::new();
    for c in text.chars() {
        used += em(c) * size;
        if used > room {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// `value` with `digits` decimals and a true minus sign; scientific where it would be unreadably long.
pub fn number(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    if value.abs() >= 1e6 || (value != 0.0 && value.abs() < 1e-5) {
        return format!("{value:.1e}").replace('-', "−");
    }
    let text = format!("{value:.digits$}");
    let zero = text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.'));
    if zero { text.trim_start_matches('-').to_owned() } else { text.replace('-', "−") }
}

/// As [`number`], with a plus sign where it is positive.
pub fn signed(value: f64, digits: usize) -> String {
    let text = number(value, digits);
    let nothing = text.chars().all(|c| matches!(c, '0' | '.'));
    if value > 0.0 && !nothing { format!("+{text}") } else { text }
}

/// With a capital first letter.
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A share in percent with one decimal, without the sign: `74.5`.
pub fn percent(share: f64) -> String {
    number(share * 100.0, 1)
}

/// A count with thousands separated: `2,506`.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 pair`, `2,506 pairs`.
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(number(-1.25, 1), "−1.2");
        assert_eq!(number(-0.0001, 2), "0.00");
        assert_eq!(number(f64::NAN, 2), "n/a");
        assert_eq!(number(-3e300, 2), "−3.0e300");
        assert_eq!([count(7), count(1234), count(1_234_567)], ["7", "1,234", "1,234,567"]);
        assert_eq!(counted(1, "pair", "pairs"), "1 pair");
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrap("Are the hands well drawn?", 10.0, 80.0, 3), ["Are the hands", "well drawn?"]);
        assert_eq!(wrap("gpt4o/semantic_consistency:mean", 10.0, 100.0, 2), ["gpt4o/semantic_", "consistency:mean"]);
    }

    #[test]
    fn chinese_breaks_between_characters_but_not_before_a_full_stop() {
        assert_eq!(wrap("画面中的手是否自然。", 10.0, 90.0, 3), ["画面中的手是否自", "然。"]);
    }

    #[test]
    fn control_and_direction_characters_are_shown() {
        assert_eq!(one_line(" a\n\tb\u{1b}[31m\u{202e}c\0 "), "a b\\u{1b}[31m\\u{202e}c\\u{0}");
    }

    proptest! {
        #[test]
        fn wrapping_never_panics_and_keeps_its_limits(text in "\\PC{0,80}", room in 0.0f64..200.0, lines in 0usize..5) {
            let out = wrap(&text, 12.0, room, lines);
            prop_assert!(!out.is_empty() && out.len() <= lines.max(1));
            for line in &out {
                prop_assert!(width(line, 12.0) <= room.max(12.0) + 1e-9 || line.chars().filter(|&c| em(c) > 0.0).count() <= 1, "{line:?}");
            }
        }
    }
}
