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
    let mut fonts = fontdb::Database::new();
    fonts.load_system_fonts();
    // Where a system names no sans-serif font, any that it has is better than a chart without text.
    if fonts.query(&fontdb::Query { families: &[fontdb::Family::SansSerif], ..Default::default() }).is_none() {
        let family = |face: &fontdb::FaceInfo| face.families.first().map(|(name, _)| name.clone());
        let names: Vec<String> = fonts.faces().filter_map(family).collect();
        let sans = names.iter().find(|name| name.contains("Sans") && !name.contains("Mono")).or(names.first());
        if let Some(name) = sans {
            fonts.set_sans_serif_family(name.clone());
        }
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
