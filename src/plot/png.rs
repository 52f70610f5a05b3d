//! A chart as a PNG file, for slides and for places that take no SVG (cargo feature `png`).

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::theme::Ink;
use super::without_style;

/// Pixels per unit of the SVG document: sharp on dense screens and at the width of a printed column.
const SCALE: f32 = 2.0;

/// Longest side in pixels; a larger chart gets fewer pixels per unit.
const LONGEST: f32 = 16_384.0;

/// The fonts of the machine, searched once: that takes longer than drawing.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut found = fontdb::Database::new();
    found.load_system_fonts();
    // A character that the first choice lacks (a minus, an arrow) is taken from the first font that has it: plain upright
    // sans-serif ones stand first.
    let family = |face: &fontdb::FaceInfo| face.families.first().map(|(name, _)| name.clone()).unwrap_or_default();
    let mut faces: Vec<fontdb::FaceInfo> = found.faces().cloned().collect();
    faces.sort_by_key(|face| {
        let odd = face.style != fontdb::Style::Normal || face.stretch != fontdb::Stretch::Normal;
        let name = family(face);
        (odd, face.weight != fontdb::Weight::NORMAL, face.monospaced, !name.contains("Sans"), name)
    });
    let mut fonts = fontdb::Database::new();
    let first = faces.first().map(family);
    for face in faces {
        fonts.push_face_info(face);
    }
    // Where a system names no sans-serif font, any that it has is better than a chart without text.
    let sans = fontdb::Query { families: &[fontdb::Family::SansSerif], ..Default::default() };
    if let (None, Some(name)) = (fonts.query(&sans), first) {
        fonts.set_sans_serif_family(name);
    }
    Arc::new(fonts)
});

/// A stand-alone SVG document of this folder as PNG bytes: light, on paper, two pixels per unit.
///
/// # Errors
/// What kept it from being drawn, as a sentence: no font on the machine, or a document that is too large.
pub fn png(svg: &str) -> Result<Vec<u8>, String> {
    if FONTS.is_empty() {
        return Err("no font was found on this machine, and a chart without text says nothing; install one (Debian: fonts-dejavu-core)".into());
    }
    let options = Options { fontdb: Arc::clone(&FONTS), font_family: "sans-serif".into(), ..Options::default() };
    // Without its style sheet a document shows the literal colours of light paper.
    let tree = Tree::from_str(&without_style(svg), &options).map_err(|e| format!("the chart cannot be read: {e}"))?;
    let size = tree.size();
    let scale = SCALE.min(LONGEST / size.width().max(size.height()));
    let pixels = |units: f32| (units * scale).ceil().max(1.0) as u32;
    let (width, height) = (pixels(size.width()), pixels(size.height()));
    let mut picture = Pixmap::new(width, height).ok_or(format!("{width} × {height} pixels are too many"))?;
    let (red, green, blue) = Ink::Paper.light();
    picture.fill(resvg::tiny_skia::Color::from_rgba8(red, green, blue, 255));
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
    picture.encode_png().map_err(|e| format!("the picture cannot be written: {e}"))
}
