//! Curves and noise from integers and basic float arithmetic only, so that every
//! machine paints the same picture.

/// A smooth periodic wave, −1 to 1, close to a sine; one period per unit of `phase`.
pub(super) fn wave(phase: f32) -> f32 {
    let t = phase - phase.floor();
    let (x, sign) = if t < 0.5 {
        (t * 2.0, 1.0)
    } else {
        (t * 2.0 - 1.0, -1.0)
    };
    sign * 4.0 * x * (1.0 - x)
}

/// A hash of a lattice point, 0 to 255.
pub(super) fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mut h = x
        .wrapping_mul(0x9e37_79b1)
        .wrapping_add(y.wrapping_mul(0x85eb_ca6b))
        .wrapping_add(seed.wrapping_mul(0xc2b2_ae35));
    h ^= h >> 15;
    h = h.wrapping_mul(0x2c1b_3c6d);
    h ^= h >> 13;
    h >> 24
}

/// Smooth noise, −1 to 1, with features of `cell` pixels that repeat after `period`
/// cells in x.
pub(super) fn noise(x: u32, y: u32, cell: (u32, u32), period: u32, seed: u32) -> f32 {
    let (column, row) = (x / cell.0, y / cell.1);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let fx = ease((x % cell.0) as f32 / cell.0 as f32);
    let fy = ease((y % cell.1) as f32 / cell.1 as f32);
    let at = |c: u32, r: u32| hash(c % period, r, seed) as f32 / 127.5 - 1.0;
    let top = at(column, row) * (1.0 - fx) + at(column + 1, row) * fx;
    let bottom = at(column, row + 1) * (1.0 - fx) + at(column + 1, row + 1) * fx;
    top * (1.0 - fy) + bottom * fy
}

/// 0 below `from`, 1 above `to`, smooth between.
pub(super) fn smooth_step(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
