//! What all charts share: colours, sizes and the style sheet that follows the reader's light or dark theme.
//!
//! plotters writes literal colours. Every [`Ink`] has a light literal of its own, so that the finished SVG can be given
//! one class per colour; the literal stays as the fallback of viewers without CSS.

use std::fmt::Write as _;

/// Width of an ordinary chart, in CSS pixels.
pub const WIDE: f64 = 680.0;
/// Width of a chart for narrow screens, in CSS pixels.
pub const NARROW: f64 = 344.0;

/// Size of the title, in CSS pixels.
pub const TITLE: f64 = 17.0;
/// Size of sub-titles and row labels.
pub const BODY: f64 = 12.5;
/// Size of axis labels and remarks.
pub const SMALL: f64 = 11.0;

/// Fonts of all charts: whatever the reader's system reads best, with fall-backs for scripts other than Latin.
pub const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', \
                         'Noto Sans CJK SC', 'Noto Sans Arabic', 'Noto Sans Devanagari', sans-serif";

/// A role of colour. The hues are those of Okabe and Ito (2008), which people with colour-blindness can tell apart;
/// no chart relies on hue alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Background.
    Paper,
    /// Text and strong lines.
    Text,
    /// Secondary text.
    Quiet,
    /// Marks that are there but say little: zero weights.
    Faint,
    /// Grid lines.
    Grid,
    /// The head, positive weights.
    Accent,
    /// Bars behind accent marks.
    AccentTint,
    /// What contradicts: negative weights, scorers that beat the head.
    Contrast,
    /// Bars behind contrast marks.
    ContrastTint,
    /// Second measure beside the main one.
    Second,
    /// Other scorers.
    Other,
    /// A cell of a heat map: −[`LEVELS`] (orange) to +[`LEVELS`] (blue); 0 is all but paper.
    Heat(i8),
}

/// Shades of a heat map on either side of nothing.
pub const LEVELS: i8 = 5;

impl Ink {
    /// All inks.
    pub const ALL: [Ink; 22] = [
        Ink::Paper,
        Ink::Text,
        Ink::Quiet,
        Ink::Faint,
        Ink::Grid,
        Ink::Accent,
        Ink::AccentTint,
        Ink::Contrast,
        Ink::ContrastTint,
        Ink::Second,
        Ink::Other,
        Ink::Heat(-5),
        Ink::Heat(-4),
        Ink::Heat(-3),
        Ink::Heat(-2),
        Ink::Heat(-1),
        Ink::Heat(0),
        Ink::Heat(1),
        Ink::Heat(2),
        Ink::Heat(3),
        Ink::Heat(4),
        Ink::Heat(5),
    ];

    /// Name in class names and CSS variables.
    pub const fn name(self) -> &'static str {
        match self {
            Ink::Paper => "paper",
            Ink::Text => "text",
            Ink::Quiet => "quiet",
            Ink::Faint => "faint",
            Ink::Grid => "grid",
            Ink::Accent => "accent",
            Ink::AccentTint => "accent-tint",
            Ink::Contrast => "contrast",
            Ink::ContrastTint => "contrast-tint",
            Ink::Second => "second",
            Ink::Other => "other",
            Ink::Heat(level) => match level {
                i8::MIN..=-5 => "heat-m5",
                -4 => "heat-m4",
                -3 => "heat-m3",
                -2 => "heat-m2",
                -1 => "heat-m1",
                0 => "heat-0",
                1 => "heat-p1",
                2 => "heat-p2",
                3 => "heat-p3",
                4 => "heat-p4",
                _ => "heat-p5",
            },
        }
    }

    /// Colour on light paper; no two inks share one.
    pub const fn light(self) -> (u8, u8, u8) {
        match self {
            Ink::Paper => (0xff, 0xff, 0xff),
            Ink::Text => (0x1b, 0x1f, 0x24),
            Ink::Quiet => (0x5a, 0x63, 0x6e),
            Ink::Faint => (0x9a, 0xa3, 0xad),
            Ink::Grid => (0xe4, 0xe7, 0xeb),
            Ink::Accent => (0x00, 0x72, 0xb2),
            Ink::AccentTint => (0xb9, 0xd9, 0xec),
            Ink::Contrast => (0xc4, 0x4e, 0x00),
            Ink::ContrastTint => (0xf6, 0xcf, 0xb0),
            Ink::Second => (0x00, 0x7f, 0x5c),
            Ink::Other => (0x6b, 0x74, 0x7f),
            Ink::Heat(level) => shade(level, (0xf4, 0xf5, 0xf7), (0x00, 0x5d, 0x94), (0xb0, 0x45, 0x00)),
        }
    }

    /// Colour on dark paper.
    pub const fn dark(self) -> (u8, u8, u8) {
        match self {
            Ink::Paper => (0x13, 0x16, 0x1b),
            Ink::Text => (0xe8, 0xea, 0xed),
            Ink::Quiet => (0xa6, 0xaf, 0xba),
            Ink::Faint => (0x6a, 0x74, 0x80),
            Ink::Grid => (0x2b, 0x31, 0x39),
            Ink::Accent => (0x56, 0xb4, 0xe9),
            Ink::AccentTint => (0x1d, 0x46, 0x60),
            Ink::Contrast => (0xff, 0x8f, 0x4a),
            Ink::ContrastTint => (0x63, 0x35, 0x16),
            Ink::Second => (0x3d, 0xcf, 0xa0),
            Ink::Other => (0x96, 0xa0, 0xac),
            Ink::Heat(level) => shade(level, (0x1d, 0x21, 0x27), (0x66, 0xbe, 0xf2), (0xff, 0x9a, 0x5c)),
        }
    }
}

/// The shade of a heat level between the colour of nothing and the strongest of either side.
const fn shade(level: i8, none: (u8, u8, u8), plus: (u8, u8, u8), minus: (u8, u8, u8)) -> (u8, u8, u8) {
    let end = if level < 0 { minus } else { plus };
    let steps = if level < -LEVELS || level > LEVELS { LEVELS as i32 } else { level.abs() as i32 };
    const fn between(from: u8, to: u8, steps: i32) -> u8 {
        (from as i32 + (to as i32 - from as i32) * steps / LEVELS as i32) as u8
    }
    (between(none.0, end.0, steps), between(none.1, end.1, steps), between(none.2, end.2, steps))
}

/// Colour as `#rrggbb`.
pub fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The style sheet of the charts: one variable per ink on `root` (a selector), dark values where the reader asks for
/// them, and one class per ink for fills (`hf-f-…`) and strokes (`hf-s-…`). Print is always light.
pub fn css(root: &str) -> String {
    let variables = |colour: fn(Ink) -> (u8, u8, u8)| {
        Ink::ALL.iter().map(|&ink| format!("--hf-{}:{}", ink.name(), hex(colour(ink)))).collect::<Vec<_>>().join(";")
    };
    let mut css = format!("{root}{{{}}}\n", variables(Ink::light));
    let _ = writeln!(css, "@media screen and (prefers-color-scheme:dark){{{root}{{{}}}}}", variables(Ink::dark));
    for ink in Ink::ALL {
        let name = ink.name();
        let _ = writeln!(css, ".hf-f-{name}{{fill:var(--hf-{name})}}.hf-s-{name}{{stroke:var(--hf-{name})}}");
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance contrast of WCAG 2.
    fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
        let channel = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = |(r, g, b): (u8, u8, u8)| 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
        let (x, y) = (luminance(a), luminance(b));
        (x.max(y) + 0.05) / (x.min(y) + 0.05)
    }

    #[test]
    fn text_and_marks_can_be_read_on_both_papers() {
        for (colour, paper) in
            [(Ink::light as fn(Ink) -> _, Ink::Paper.light()), (Ink::dark as fn(Ink) -> _, Ink::Paper.dark())]
        {
            for ink in [Ink::Text, Ink::Quiet, Ink::Accent, Ink::Contrast, Ink::Second, Ink::Other] {
                assert!(contrast(colour(ink), paper) >= 4.5, "{ink:?} {:.2}", contrast(colour(ink), paper));
            }
        }
    }

    #[test]
    fn every_ink_has_a_light_colour_of_its_own() {
        let mut seen: Vec<_> = Ink::ALL.iter().map(|ink| ink.light()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), Ink::ALL.len());
    }
}
