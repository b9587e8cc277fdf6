//! The landscape: sky, sun, clouds, hills in three depths and a bouncing ball.
//!
//! All lengths are shares of the picture's height or width, all motion is a function
//! of the clock.

use super::canvas::{Canvas, Color, blend};
use super::layer::Layer;
use super::shape::{noise, smooth_step, wave};
use super::sprite::Sprite;
use super::{Mark, code, digits};

const PANEL: Color = Color::new(30, 134, 124);
const TIME: Color = Color::new(226, 128, 128);
const NUMBER: Color = Color::new(168, 128, 128);

/// Everything that is the same in all frames of one size.
pub(super) struct Scene {
    width: usize,
    height: usize,
    backdrop: Vec<u8>,
    clouds: [Sprite; 2],
    far: Layer,
    middle: Layer,
    near: Layer,
    ball: Sprite,
}

impl Scene {
    /// The size is one that a frame can have.
    pub(super) fn new(width: u32, height: u32) -> Self {
        let (columns, rows) = (width as usize, height as usize);
        let even = |length: usize| length.next_multiple_of(2);
        let period = even(columns);
        let unit = height as f32;
        let ball = even((rows * 17 / 100).max(4));
        let cloud = |share: usize, seed| {
            let size = (
                even((rows * share / 100).max(8)),
                even((rows * share / 300).max(4)),
            );
            Sprite::new(size.0, size.1, |x, y| {
                cloud_pixel(x / size.0 as f32, y / size.1 as f32, seed)
            })
        };
        Self {
            width: columns,
            height: rows,
            backdrop: backdrop(width, height),
            clouds: [cloud(56, 3), cloud(38, 8)],
            far: hills(period, unit, &FAR),
            middle: hills(period, unit, &MIDDLE),
            near: hills(period, unit, &NEAR),
            ball: Sprite::new(ball, ball, |x, y| {
                ball_pixel(x / ball as f32, y / ball as f32)
            }),
        }
    }

    /// A picture to begin a frame with.
    pub(super) fn backdrop(&self) -> &[u8] {
        &self.backdrop
    }

    /// Paints everything that moves onto a copy of the backdrop.
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, mark: Mark) {
        // Heights a second, scaled to this picture.
        let travel = |per_mille: u64| {
            mark.clock_ms % 1_000_000_007 * per_mille * self.height as u64 / 1_000_000
        };
        self.paint_clouds(canvas, &travel);
        self.far.paint(canvas, travel(8));
        self.middle.paint(canvas, travel(30));
        self.near.paint(canvas, travel(84));
        self.paint_ball(canvas, mark.clock_ms);
        self.paint_panel(canvas, mark);
    }

    fn paint_clouds(&self, canvas: &mut Canvas<'_>, travel: &impl Fn(u64) -> u64) {
        // Clouds leave on the left and come back on the right.
        let places = [(0, 14, 90, 6), (1, 24, 130, 40), (1, 20, 6, 120)];
        for (cloud, speed, top, start) in places {
            let span = (self.width + self.height) as u64;
            let moved = (travel(speed) + start * self.height as u64 / 100) % span;
            let x = self.width as isize - moved as isize;
            self.clouds[cloud].paint(canvas, x, (self.height * top / 1000) as isize);
        }
    }

    fn paint_ball(&self, canvas: &mut Canvas<'_>, clock_ms: u64) {
        // Across and back in 16 s, a bounce every 1.6 s.
        let there_and_back = (clock_ms % 16_000) as f32 / 8_000.0;
        let across = 1.0 - (there_and_back - 1.0).abs();
        let bounce = (clock_ms % 1_600) as f32 / 1_600.0;
        let lift = 4.0 * bounce * (1.0 - bounce);
        let (width, height) = (self.width as f32, self.height as f32);
        let x = (width - height * 0.17) * across;
        let y = height * (0.64 - 0.36 * lift);
        self.ball.paint(canvas, x as isize, y as isize);
    }

    fn paint_panel(&self, canvas: &mut Canvas<'_>, mark: Mark) {
        let (width, height) = (self.width, self.height);
        canvas.fill((0, (height * 836 / 1000) & !1), (width, height), PANEL);
        code::paint(canvas, mark);
        let (left, right) = (width * 740 / 1000, width * 985 / 1000);
        let dot = digits::fitting_dot(right - left, 10).min((height / 125).max(1));
        let line = dot * digits::LINE_HEIGHT;
        let top = height * 862 / 1000;
        digits::write(
            canvas,
            (left, top),
            dot,
            TIME,
            &digits::time_of_day(mark.clock_ms),
        );
        let number = format!("#{:08}", mark.counter);
        digits::write(
            canvas,
            (left, top + line + dot * 3 / 2),
            dot,
            NUMBER,
            &number,
        );
    }
}

/// A dusk sky with the sun low over the horizon, dithered so that it does not band.
fn backdrop(width: u32, height: u32) -> Vec<u8> {
    const ZENITH: Color = Color::new(74, 158, 112);
    const HORIZON: Color = Color::new(196, 104, 150);
    const SUN: Color = Color::new(234, 86, 144);
    let luma = width as usize * height as usize;
    let chroma = width.div_ceil(2) as usize * height.div_ceil(2) as usize;
    let mut data = vec![0; luma + 2 * chroma];
    let mut canvas = Canvas::new(width, height, &mut data);
    let unit = height as f32;
    let (sun_x, sun_y) = (width as f32 * 0.7, unit * 0.42);
    for y in 0..height {
        let depth = smooth_step(0.0, 0.62, y as f32 / unit);
        let sky = ZENITH.mixed(HORIZON, (depth * 256.0) as u32);
        for x in 0..width {
            let (dx, dy) = (x as f32 - sun_x, y as f32 - sun_y);
            let distance = (dx * dx + dy * dy).sqrt() / unit;
            let glow = 1.0 - smooth_step(0.06, 0.5, distance);
            let disc = 1.0 - smooth_step(0.068, 0.072, distance);
            let share = (glow * 110.0).max(disc * 256.0);
            canvas.set(x as usize, y as usize, sky.mixed(SUN, share as u32));
        }
    }
    data
}

fn cloud_pixel(x: f32, y: f32, seed: u32) -> (Color, u16) {
    const LIT: Color = Color::new(226, 118, 136);
    const SHADE: Color = Color::new(166, 134, 132);
    // A row of overlapping puffs on a flat base.
    let puffs = [
        (0.2, 0.66, 0.17),
        (0.38, 0.5, 0.23),
        (0.58, 0.44, 0.26),
        (0.78, 0.64, 0.19),
    ];
    let mut density: f32 = 0.0;
    for (index, (px, py, radius)) in puffs.into_iter().enumerate() {
        let radius = radius * (0.9 + 0.05 * ((seed + index as u32) % 4) as f32);
        let (dx, dy) = ((x - px) / radius, (y - py) / (radius * 2.0));
        let inside = 1.0 - smooth_step(0.35, 1.0, (dx * dx + dy * dy).sqrt());
        density = density
            .max(inside)
            .max(density + inside * 0.5 * (1.0 - density));
    }
    let base = 1.0 - smooth_step(0.72, 0.98, y);
    let color = LIT.mixed(SHADE, (smooth_step(0.3, 0.9, y) * 256.0) as u32);
    (color, (density.min(1.0) * base * 205.0) as u16)
}

struct Hills {
    /// Mean line of the hilltops and how far they go up and down, in heights.
    line: f32,
    swing: f32,
    /// Where something nearer covers it for certain, in heights.
    bottom: f32,
    /// Hills in one period.
    count: f32,
    top: Color,
    foot: Color,
    /// Strength of the texture in steps of luma.
    texture: f32,
    seed: u32,
}

const FAR: Hills = Hills {
    line: 0.5,
    swing: 0.05,
    bottom: 0.68,
    count: 3.0,
    top: Color::new(132, 132, 132),
    foot: Color::new(158, 124, 136),
    texture: 5.0,
    seed: 11,
};
const MIDDLE: Hills = Hills {
    line: 0.6,
    swing: 0.045,
    bottom: 0.78,
    count: 4.0,
    top: Color::new(96, 124, 122),
    foot: Color::new(122, 118, 126),
    texture: 12.0,
    seed: 23,
};
const NEAR: Hills = Hills {
    line: 0.72,
    swing: 0.03,
    bottom: 0.85,
    count: 2.0,
    top: Color::new(98, 104, 116),
    foot: Color::new(64, 112, 118),
    texture: 24.0,
    seed: 37,
};

fn hills(period: usize, unit: f32, kind: &Hills) -> Layer {
    let even = |share: f32| (unit * share) as usize & !1;
    let lowest = even(kind.bottom);
    let highest = even(kind.line - 1.6 * kind.swing).min(lowest);
    let outline = |x: usize| {
        let phase = x as f32 / period as f32 * kind.count;
        let rough = 0.45 * wave(phase * 2.0 + 0.3) + 0.15 * wave(phase * 5.0 + 0.1);
        unit * (kind.line - kind.swing * (wave(phase) + rough))
    };
    let outline: Vec<f32> = (0..period).map(outline).collect();
    let cells = |columns: u32| (period as u32 / columns).max(1);
    Layer::new(period, (highest, lowest), |x, y| {
        let edge = outline[x as usize];
        let y_here = y as f32;
        if y_here < edge {
            return None;
        }
        let depth = smooth_step(0.0, 0.28, (y_here - edge) / unit);
        let color = kind.top.mixed(kind.foot, (depth * 256.0) as u32);
        let grain = |columns: u32, rows: f32, seed: u32| {
            let width = cells(columns);
            let cell = (width, ((unit / rows) as u32).max(1));
            noise(
                x,
                y,
                cell,
                (period as u32).div_ceil(width),
                kind.seed + seed,
            )
        };
        let light = kind.texture
            * (0.5 * grain(40, 40.0, 0) + 0.5 * grain(160, 140.0, 1) + 0.5 * grain(400, 240.0, 2));
        // A thin lit rim along the hilltop.
        let rim = 1.0 - smooth_step(0.0, 0.012, (y_here - edge) / unit);
        let y = (f32::from(color.y) + light + rim * 22.0).clamp(16.0, 235.0) as u8;
        Some(Color { y, ..color })
    })
}

/// A beach ball: six colored gores seen from a little above, lit from the upper right.
fn ball_pixel(x: f32, y: f32) -> (Color, u16) {
    const GORES: [Color; 3] = [
        Color::new(112, 96, 196),
        Color::new(212, 122, 134),
        Color::new(122, 166, 92),
    ];
    let (dx, dy) = (x * 2.0 - 1.0, y * 2.0 - 1.0);
    let distance = (dx * dx + dy * dy).sqrt();
    let cover = 1.0 - smooth_step(0.95, 0.99, distance);
    let height = (1.0 - distance.min(1.0) * distance.min(1.0)).sqrt();
    // Longitude by the width of the ball at this height.
    let breadth = (1.0 - dy * dy).max(0.02).sqrt();
    let longitude = (dx / breadth * 0.96 + 1.0) * 3.0;
    let gore = GORES[longitude.clamp(0.0, 5.99) as usize % GORES.len()];
    let light = (0.45 * dx - 0.55 * dy + 0.7 * height).clamp(0.0, 1.0);
    let shine = smooth_step(0.93, 1.0, light);
    let luma = blend(gore.y / 2, gore.y, (light * 256.0) as u32);
    let lit = Color { y: luma, ..gore }.mixed(Color::new(232, 126, 130), (shine * 150.0) as u32);
    (lit, (cover * 256.0) as u16)
}
