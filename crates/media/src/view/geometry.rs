//! Where a picture goes on a surface. Pure: sizes in, rectangles out.
//!
//! The rules are those of libwebrtc on Android (`RendererCommon.getDisplaySize` for the
//! size that is shown, `EglRenderer` for the part that is cut off), so that an app looks
//! the same here and there: the picture is shown as large as its scaling allows, in the
//! middle, and never distorted by more than rounding to whole pixels.

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// A rectangle of pixels; `x` and `y` are its left and top edge, counted from the left
/// and top edge of what it lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rect {
    /// Pixels to the left of it.
    pub x: u32,
    /// Pixels above it.
    pub y: u32,
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// How a picture fills a surface of other proportions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scaling {
    /// All of the picture is visible, with bars beside it or above and below
    /// (`SCALE_ASPECT_FIT`).
    Fit,
    /// All of the surface is covered; what does not fit is cut off, the same on both sides
    /// (`SCALE_ASPECT_FILL`).
    Fill,
    /// As much as possible of the surface is covered, but at least 0.5625 of the picture
    /// stays visible (`SCALE_ASPECT_BALANCED`).
    #[default]
    Balanced,
}

/// Which part of a picture is shown, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The visible part of the picture, in its own pixels.
    pub visible: Rect,
    /// Where that part is shown on the surface.
    pub shown: Rect,
}

impl Size {
    /// `width` by `height` pixels.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Whether there is no pixel in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

impl Rect {
    /// The rectangle of this size whose left upper corner is at `x` and `y`.
    #[must_use]
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// All of something of this size.
    #[must_use]
    pub const fn whole(size: Size) -> Self {
        Self::new(0, 0, size.width, size.height)
    }

    /// Its size.
    #[must_use]
    pub const fn size(self) -> Size {
        Size::new(self.width, self.height)
    }

    /// `inner` in the middle of `outer`, which is not smaller.
    fn centered(inner: Size, outer: Size) -> Self {
        Self::new(
            (outer.width - inner.width) / 2,
            (outer.height - inner.height) / 2,
            inner.width,
            inner.height,
        )
    }
}

impl Placement {
    /// Where a picture goes on a surface; nothing when one of them has no pixels.
    #[must_use]
    pub fn of(picture: Size, surface: Size, scaling: Scaling) -> Option<Self> {
        if picture.is_empty() || surface.is_empty() {
            return None;
        }
        let shown = shown_size(picture, surface, scaling);
        let visible = match scaling {
            // What rounding takes from the proportions is not worth a row of pixels.
            Scaling::Fit => picture,
            Scaling::Fill | Scaling::Balanced => visible_size(picture, shown),
        };
        Some(Self {
            visible: Rect::centered(visible, picture),
            shown: Rect::centered(shown, surface),
        })
    }
}

impl Scaling {
    /// The share of a picture that stays visible in any case; nothing when there is none.
    fn least_visible(self) -> Option<Share> {
        match self {
            Self::Fit => Some(Share { part: 1, of: 1 }),
            Self::Fill => None,
            Self::Balanced => Some(Share { part: 9, of: 16 }),
        }
    }
}

struct Share {
    part: u32,
    of: u32,
}

/// As large as the surface allows, and no larger than cutting off the rest permits.
fn shown_size(picture: Size, surface: Size, scaling: Scaling) -> Size {
    let Some(share) = scaling.least_visible() else {
        return surface;
    };
    let longest = |across: u32, picture_along: u32, picture_across: u32| {
        rounded(
            [across, share.of, picture_along],
            [share.part, picture_across],
        )
    };
    let width = longest(surface.height, picture.width, picture.height);
    let height = longest(surface.width, picture.height, picture.width);
    Size::new(
        width.clamp(1, surface.width),
        height.clamp(1, surface.height),
    )
}

/// The largest part of the picture that has the proportions of what is shown.
fn visible_size(picture: Size, shown: Size) -> Size {
    let width = rounded([picture.height, shown.width], [shown.height]);
    let height = rounded([picture.width, shown.height], [shown.width]);
    Size::new(
        width.clamp(1, picture.width),
        height.clamp(1, picture.height),
    )
}

/// The product of `factors` divided by that of `divisors`, to the nearest whole number.
fn rounded<const F: usize, const D: usize>(factors: [u32; F], divisors: [u32; D]) -> u32 {
    let product = |numbers: &[u32]| numbers.iter().map(|&n| u128::from(n)).product::<u128>();
    let divisor = product(&divisors);
    u32::try_from((product(&factors) + divisor / 2) / divisor).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use Scaling::{Balanced, Fill, Fit};
    use proptest::prelude::*;

    const SCALINGS: [Scaling; 3] = [Fit, Fill, Balanced];
    const HD: Size = Size::new(1280, 720);
    const PORTRAIT: Size = Size::new(720, 1280);

    fn placed(picture: Size, surface: Size, scaling: Scaling) -> Placement {
        Placement::of(picture, surface, scaling).unwrap()
    }

    fn shown(picture: Size, surface: Size, scaling: Scaling) -> (u32, u32) {
        let Rect { width, height, .. } = placed(picture, surface, scaling).shown;
        (width, height)
    }

    #[test]
    fn a_wide_picture_on_a_tall_surface() {
        assert_eq!(
            placed(HD, PORTRAIT, Fit),
            Placement {
                visible: Rect::whole(HD),
                shown: Rect::new(0, 437, 720, 405),
            }
        );
        assert_eq!(
            placed(HD, PORTRAIT, Fill),
            Placement {
                visible: Rect::new(437, 0, 405, 720),
                shown: Rect::whole(PORTRAIT),
            }
        );
        // A square of the picture is 0.5625 of it.
        assert_eq!(
            placed(HD, PORTRAIT, Balanced),
            Placement {
                visible: Rect::new(280, 0, 720, 720),
                shown: Rect::new(0, 280, 720, 720),
            }
        );
    }

    #[test]
    fn shown_sizes_are_those_of_the_documented_system() {
        for (picture, surface, scaling, expected) in [
            (HD, HD, Fit, (1280, 720)),
            (HD, HD, Fill, (1280, 720)),
            (HD, HD, Balanced, (1280, 720)),
            (HD, Size::new(720, 720), Fit, (720, 405)),
            (HD, Size::new(720, 720), Fill, (720, 720)),
            (HD, Size::new(720, 720), Balanced, (720, 720)),
            (PORTRAIT, HD, Fit, (405, 720)),
            (PORTRAIT, HD, Balanced, (720, 720)),
            (Size::new(640, 480), HD, Fit, (960, 720)),
            (Size::new(640, 480), HD, Balanced, (1280, 720)),
            (Size::new(640, 480), PORTRAIT, Balanced, (720, 960)),
            (Size::new(17, 19), Size::new(101, 99), Fit, (89, 99)),
            (HD, Size::new(1, 1), Fit, (1, 1)),
            (HD, Size::new(1000, 1), Fit, (2, 1)),
            (HD, Size::new(1, 1000), Fit, (1, 1)),
        ] {
            assert_eq!(
                shown(picture, surface, scaling),
                expected,
                "{picture:?} on {surface:?} {scaling:?}"
            );
        }
    }

    #[test]
    fn without_pixels_there_is_nothing_to_place() {
        for empty in [Size::new(0, 0), Size::new(5, 0), Size::new(0, 5)] {
            for scaling in SCALINGS {
                assert_eq!(Placement::of(empty, HD, scaling), None);
                assert_eq!(Placement::of(HD, empty, scaling), None);
            }
        }
    }

    #[test]
    fn the_largest_sizes_do_no_harm() {
        let largest = Size::new(u32::MAX, u32::MAX);
        let flat = Size::new(u32::MAX, 1);
        for scaling in SCALINGS {
            for (picture, surface) in [(largest, HD), (HD, largest), (flat, largest), (flat, HD)] {
                check(picture, surface, scaling);
            }
        }
    }

    /// What holds for any sizes.
    fn check(picture: Size, surface: Size, scaling: Scaling) {
        let what = format!("{picture:?} on {surface:?} {scaling:?}");
        let Placement { visible, shown } = placed(picture, surface, scaling);
        for (inner, outer) in [(visible, picture), (shown, surface)] {
            assert!(!inner.size().is_empty(), "{what}");
            // It lies inside, in the middle, and reaches two opposite edges at least.
            let beside = outer.width - inner.width;
            let above = outer.height - inner.height;
            assert_eq!((inner.x, inner.y), (beside / 2, above / 2), "{what}");
            assert!(beside == 0 || above == 0, "{what}");
        }
        match scaling {
            Fit => assert_eq!(visible, Rect::whole(picture), "{what}"),
            Fill => assert_eq!(shown, Rect::whole(surface), "{what}"),
            Balanced => {
                let share = area(visible) / area(Rect::whole(picture));
                // Half a pixel of the surface and half a pixel of the picture.
                let rounding = 0.5 / f64::from(shown.width.min(shown.height))
                    + 0.5 / f64::from(visible.width.min(visible.height));
                assert!(share >= 0.5625 - rounding, "{what}: {share}");
            }
        }
        // Nothing is stretched by more than rounding: to the nearest pixel of the surface
        // where the picture is whole, and of the picture where it is cut.
        let [wide, high] = [
            f64::from(visible.width) * f64::from(shown.height),
            f64::from(visible.height) * f64::from(shown.width),
        ];
        let longest = [visible.width, visible.height, shown.width, shown.height];
        let longest = f64::from(longest.into_iter().max().unwrap_or(0));
        let smallest = visible.width.min(visible.height) == 1 || shown.width.min(shown.height) == 1;
        assert!(smallest || (wide - high).abs() <= longest / 2.0, "{what}");
        // Lying on its side, everything is the same.
        let turned = placed(turned(picture), turned(surface), scaling);
        assert_eq!(turned_rect(turned.visible), visible, "{what}");
        assert_eq!(turned_rect(turned.shown), shown, "{what}");
    }

    fn area(rect: Rect) -> f64 {
        f64::from(rect.width) * f64::from(rect.height)
    }

    fn turned(size: Size) -> Size {
        Size::new(size.height, size.width)
    }

    fn turned_rect(rect: Rect) -> Rect {
        Rect::new(rect.y, rect.x, rect.height, rect.width)
    }

    #[test]
    fn every_small_size_is_placed_well() {
        let sizes =
            || (1..=18).flat_map(|width| (1..=18).map(move |height| Size::new(width, height)));
        for picture in sizes() {
            for surface in sizes() {
                for scaling in SCALINGS {
                    check(picture, surface, scaling);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_size_is_placed_well(
            picture in (1_u32..5000, 1_u32..5000),
            surface in (1_u32..5000, 1_u32..5000),
        ) {
            for scaling in SCALINGS {
                check(Size::new(picture.0, picture.1), Size::new(surface.0, surface.1), scaling);
            }
        }

        #[test]
        fn balanced_shows_no_less_than_filling_and_covers_no_less_than_fitting(
            picture in (16_u32..4096, 16_u32..4096),
            surface in (1_u32..5000, 1_u32..5000),
        ) {
            let [fit, fill, balanced] = SCALINGS.map(|scaling| {
                placed(Size::new(picture.0, picture.1), Size::new(surface.0, surface.1), scaling)
            });
            prop_assert!(area(balanced.visible) >= area(fill.visible));
            prop_assert!(area(balanced.shown) >= area(fit.shown));
        }
    }
}
