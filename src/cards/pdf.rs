//! Writes cards onto pages.
//!
//! Everything that can fail is prepared before a page is begun; drawing itself cannot. The PDF holds no date and no
//! random id, so a reprint of the same cards is the same file, byte for byte. Grey and black are written as `DeviceGray`,
//! which presses print with black ink alone.

use std::collections::HashMap;
use std::sync::Arc;

use krilla::color::{luma, rgb};
use krilla::geom::{Path, PathBuilder, Point, Rect, Size, Transform};
use krilla::graphic::Graphic;
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Paint};
use krilla::surface::Surface;
use krilla::text::Font;
use krilla::{Data, Document, SerializeSettings};
use krilla_svg::{SurfaceExt, SvgSettings};

use super::design::{Design, tidy};
use super::drawing::{self, Anchor, Drawing, Rgb, Square, Text};
use super::fonts::{Fonts, Line, Typeface, single};
use super::marks::{self, PageOfJob};
use super::symbol::{QUIET_MODULES, Symbol};
use super::{CardError, CardFace, SheetJob};

pub(super) const POINTS_PER_MM: f64 = 72.0 / 25.4;
const BLACK: Rgb = [0; 3];
const WHITE: Rgb = [255; 3];
/// How far a text may reach over the edge of its card: less than a printer's drift.
const OVERHANG_MM_MAX: f64 = 0.5;

/// The whole run as one PDF.
pub(super) fn write(job: &SheetJob<'_>, fonts: &Arc<Fonts>) -> Result<Vec<u8>, CardError> {
    let settings = SerializeSettings { enable_tagging: false, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    document.set_metadata(metadata(job));
    let mut press = Press {
        job,
        design: Design::parse(job.template, fonts)?,
        pen: Pen::new(fonts)?,
        arts: Vec::new(),
        logo: job.logo.map(|logo| Art::read(logo.svg())).transpose()?,
        art_by_svg: HashMap::new(),
    };
    let pages = job.faces.chunks(job.sheet.cells_per_page());
    let n_pages = pages.len();
    let mut n_before = 0;
    for (number, faces) in (1..).zip(pages) {
        let cards =
            (n_before + 1..).zip(faces).map(|(card, face)| press.prepare(card, face)).collect::<Result<Vec<_>, _>>()?;
        let marks = job.marks.then(|| marks::lines(job.sheet, job.bleed_mm));
        let caption = PageOfJob { title: &tidy(job.title), number, n_pages };
        let (width, height) = job.sheet.grid().page.points();
        let settings = PageSettings::from_wh(single(width), single(height));
        let mut page = document.start_page_with(settings.ok_or(CardError::NoPage)?);
        let mut surface = page.surface();
        press.draw_page(&mut surface, &cards);
        if let Some(lines) = marks {
            surface.push_transform(&press.to_page((0.0, 0.0)));
            marks::draw(&mut surface, &press.pen, (job.sheet, &lines), caption);
            surface.pop();
        }
        surface.finish();
        page.finish();
        n_before += faces.len();
    }
    document.finish().map_err(CardError::Pdf)
}

/// Title and, when all cards have the same, language.
fn metadata(job: &SheetJob<'_>) -> Metadata {
    let metadata = Metadata::new().title(tidy(job.title)).creator("canvass".to_owned());
    let language = job.faces.first().map(|face| face.language.as_str()).unwrap_or_default();
    let is_tag = !language.is_empty() && language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_tag && job.faces.iter().all(|face| face.language == language) {
        metadata.language(language.to_owned())
    } else {
        metadata
    }
}

fn embedded(typeface: Typeface) -> Result<Font, CardError> {
    Font::new(Data::from(typeface.data()), 0).ok_or(CardError::Fonts)
}

/// A card ready to be drawn.
struct Card {
    art: usize,
    texts: Vec<(Text, Arc<Line>)>,
    symbol: Option<Path>,
    place: Square,
    module_mm: f64,
    /// Side of the square that a logo covers.
    logo_mm: f64,
}

/// Art that several cards share: read once, written into the file once.
struct Art {
    tree: usvg::Tree,
    graphic: Option<Graphic>,
}

struct Press<'a> {
    job: &'a SheetJob<'a>,
    design: Design<'a>,
    pen: Pen,
    arts: Vec<Art>,
    logo: Option<Art>,
    art_by_svg: HashMap<String, usize>,
}

impl Press<'_> {
    fn prepare(&mut self, card: usize, face: &CardFace) -> Result<Card, CardError> {
        self.prepare_face(face).map_err(|source| CardError::OnCard { card, source: Box::new(source) })
    }

    fn prepare_face(&mut self, face: &CardFace) -> Result<Card, CardError> {
        let cell_mm = self.job.sheet.grid().cell_mm;
        let symbol = Symbol::encode(&face.url, self.job.logo.is_some())?;
        let svg = self.design.fill(face, self.job.sheet.grid(), (symbol.modules(), self.job.bleed_mm))?;
        let Drawing { symbol: place, texts, art } = drawing::read(&svg, cell_mm, self.job.bleed_mm)?;
        let module_mm = symbol.module_mm(place.side)?;
        let texts = texts.into_iter().map(|text| self.pen.shape(text, cell_mm)).collect::<Result<_, _>>()?;
        let logo_mm = f64::from(symbol.logo_modules()) * module_mm;
        Ok(Card { art: self.art(art)?, texts, symbol: path(&symbol), place, module_mm, logo_mm })
    }

    fn art(&mut self, svg: String) -> Result<usize, CardError> {
        if let Some(&at) = self.art_by_svg.get(&svg) {
            return Ok(at);
        }
        self.arts.push(Art::read(&svg)?);
        self.art_by_svg.insert(svg, self.arts.len() - 1);
        Ok(self.arts.len() - 1)
    }

    fn draw_page(&mut self, surface: &mut Surface<'_>, cards: &[Card]) {
        let (width, _) = self.job.sheet.grid().cell_mm;
        for (card, (x, y)) in cards.iter().zip(self.job.sheet.cells()) {
            let [left, top, right, bottom] = self.job.sheet.bleed_box((x, y), self.job.bleed_mm);
            let is_tent = self.job.sheet.is_tent();
            self.draw_side(surface, card, [left, if is_tent { y } else { top }, right, bottom], (1.0, (x, y)));
            if is_tent {
                // The other side of the tent: turned by 180 degrees around the fold, so that both read upright.
                self.draw_side(surface, card, [left, top, right, y], (-1.0, (x + width, y)));
            }
        }
    }

    /// Draws a card with nothing outside its edges, upright or, with a direction of -1, turned by 180 degrees around the
    /// place where it begins.
    fn draw_side(
        &mut self,
        surface: &mut Surface<'_>,
        card: &Card,
        [left, top, right, bottom]: [f64; 4],
        (direction, (x, y)): (f32, (f64, f64)),
    ) {
        surface.push_transform(&self.to_page((0.0, 0.0)));
        let edges = rectangle([left, top, right - left, bottom - top]);
        if let Some(edges) = &edges {
            surface.push_clip_path(edges, &FillRule::NonZero);
        }
        surface.push_transform(&Transform::from_row(direction, 0.0, 0.0, direction, single(x), single(y)));
        self.draw_card(surface, card);
        surface.pop();
        if edges.is_some() {
            surface.pop();
        }
        surface.pop();
    }

    fn draw_card(&mut self, surface: &mut Surface<'_>, card: &Card) {
        let (width, height) = self.job.sheet.grid().cell_mm;
        let bleed = self.job.bleed_mm;
        let size = Size::from_wh(single(2.0f64.mul_add(bleed, width)), single(2.0f64.mul_add(bleed, height)));
        if let (Some(art), Some(size)) = (self.arts.get_mut(card.art), size) {
            surface.push_transform(&Transform::from_translate(single(-bleed), single(-bleed)));
            art.draw(surface, size);
            surface.pop();
        }
        let Square { x, y, side } = card.place;
        if let Some(ground) = rectangle([x, y, side, side]) {
            surface.set_fill(Some(solid(WHITE)));
            surface.draw_path(&ground);
        }
        if let Some(symbol) = &card.symbol {
            let quiet_mm = card.module_mm * f64::from(QUIET_MODULES);
            let module = single(card.module_mm);
            let to_modules = Transform::from_row(module, 0.0, 0.0, module, single(x + quiet_mm), single(y + quiet_mm));
            surface.push_transform(&to_modules);
            surface.set_fill(Some(solid(BLACK)));
            surface.draw_path(symbol);
            surface.pop();
        }
        if let Some(logo) = &mut self.logo {
            logo.draw_in_middle(surface, card);
        }
        for (text, line) in &card.texts {
            self.pen.draw(surface, text, line);
        }
    }

    /// From millimetres at `place` on the sheet to points on the page.
    fn to_page(&self, (x, y): (f64, f64)) -> Transform {
        let scale = single(POINTS_PER_MM);
        let (dx, dy) = self.job.offset_mm;
        Transform::from_row(scale, 0.0, 0.0, scale, single((x + dx) * POINTS_PER_MM), single((y + dy) * POINTS_PER_MM))
    }
}

impl Art {
    fn read(svg: &str) -> Result<Self, CardError> {
        let tree = usvg::Tree::from_str(svg, &usvg::Options::default()).map_err(CardError::Svg)?;
        Ok(Self { tree, graphic: None })
    }

    fn draw(&mut self, surface: &mut Surface<'_>, size: Size) {
        if !self.tree.root().has_children() {
            return;
        }
        let graphic = self.graphic.get_or_insert_with(|| {
            let mut builder = surface.stream_builder();
            let mut canvas = builder.surface();
            // It answers `None` when there is nothing to draw, which is no error.
            let () = canvas.draw_svg(&self.tree, size, SvgSettings::default()).unwrap_or_default();
            canvas.finish();
            Graphic::new(builder.finish(), false)
        });
        surface.draw_graphic(graphic.clone());
    }
}

impl Art {
    /// Draws a logo on its ground, with half a module around it.
    fn draw_in_middle(&mut self, surface: &mut Surface<'_>, card: &Card) {
        let Square { x, y, side } = card.place;
        let (middle_x, middle_y) = (x + side / 2.0, y + side / 2.0);
        let corner = |length: f64| (middle_x - length / 2.0, middle_y - length / 2.0);
        let (left, top) = corner(card.logo_mm);
        if let Some(ground) = rectangle([left, top, card.logo_mm, card.logo_mm]) {
            surface.set_fill(Some(solid(WHITE)));
            surface.draw_path(&ground);
        }
        let given = self.tree.size();
        let longest = f64::from(given.width().max(given.height()));
        let scale = (card.logo_mm - card.module_mm) / longest;
        let (width, height) = (f64::from(given.width()) * scale, f64::from(given.height()) * scale);
        let Some(size) = Size::from_wh(single(width), single(height)) else { return };
        surface.push_transform(&Transform::from_translate(
            single(middle_x - width / 2.0),
            single(middle_y - height / 2.0),
        ));
        self.draw(surface, size);
        surface.pop();
    }
}

/// Sets texts. Coordinates are millimetres.
pub(super) struct Pen {
    fonts: Arc<Fonts>,
    sans: Font,
    bold: Font,
    serif: Font,
    italic: Font,
}

impl Pen {
    fn new(fonts: &Arc<Fonts>) -> Result<Self, CardError> {
        let [sans, bold, serif, italic] = Typeface::ALL.map(embedded);
        Ok(Self { fonts: Arc::clone(fonts), sans: sans?, bold: bold?, serif: serif?, italic: italic? })
    }

    /// The fonts, for measuring.
    pub(super) fn fonts(&self) -> &Fonts {
        &self.fonts
    }

    /// Shapes a line, and makes sure that it can be shown and lies on its card.
    fn shape(&self, text: Text, (width, height): (f64, f64)) -> Result<(Text, Arc<Line>), CardError> {
        let line = self.fonts.shape(text.typeface, &text.content);
        if let Some(found) = line.missing {
            return Err(CardError::MissingGlyph { field: "template", found });
        }
        let left = start_mm(&text, &line);
        let right = line.width_em.mul_add(text.size_mm, left);
        let over = [-left, right - width, text.size_mm * 0.5 - text.y_mm, text.y_mm - height];
        let over_mm = over.into_iter().fold(0.0, f64::max);
        if over_mm > OVERHANG_MM_MAX {
            let Text { x_mm, y_mm, .. } = text;
            return Err(CardError::Drawing {
                problem: format!(
                    "the text at {x_mm}, {y_mm} reaches {over_mm:.1} mm over the edge: fit it with `fit()`"
                ),
            });
        }
        Ok((text, line))
    }

    /// Draws a shaped line.
    pub(super) fn draw(&self, surface: &mut Surface<'_>, text: &Text, line: &Line) {
        let font = match text.typeface {
            Typeface::Sans => &self.sans,
            Typeface::SansBold => &self.bold,
            Typeface::Serif => &self.serif,
            Typeface::SerifItalic => &self.italic,
        };
        surface.set_fill(Some(solid(text.fill)));
        let start = Point::from_xy(single(start_mm(text, line)), single(text.y_mm));
        surface.draw_glyphs(start, &line.glyphs, font.clone(), &text.content, single(text.size_mm), false);
    }
}

/// Where a line begins, in hundredths of a millimetre for a small file.
fn start_mm(text: &Text, line: &Line) -> f64 {
    let width_mm = line.width_em * text.size_mm;
    let start = match text.anchor {
        Anchor::Start => text.x_mm,
        Anchor::Middle => text.x_mm - width_mm / 2.0,
        Anchor::End => text.x_mm - width_mm,
    };
    (start * 100.0).round() / 100.0
}

/// A flat paint; shades of grey as black ink alone.
pub(super) fn solid([red, green, blue]: Rgb) -> Fill {
    let paint: Paint = if red == green && green == blue {
        luma::Color::new(red).into()
    } else {
        rgb::Color::new(red, green, blue).into()
    };
    Fill { paint, opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}

/// Left and upper edge, width and height.
fn rectangle([x, y, width, height]: [f64; 4]) -> Option<Path> {
    let mut builder = PathBuilder::new();
    builder.push_rect(Rect::from_xywh(single(x), single(y), single(width), single(height))?);
    builder.finish()
}

/// The dark modules in module coordinates.
fn path(symbol: &Symbol) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for outline in symbol.outlines() {
        let mut points = outline.into_iter().map(|(x, y)| (f32::from(x), f32::from(y)));
        if let Some((x, y)) = points.next() {
            builder.move_to(x, y);
            points.for_each(|(x, y)| builder.line_to(x, y));
            builder.close();
        }
    }
    builder.finish()
}
