//! The atlas of the slab: where the drug acts, the default mode network, and regions where nothing differs.

use crate::simulate::head::{
    ANTERIOR_INSULA, Ellipsoid, S2, THALAMUS, ellipsoid, in_pag, mirrored,
};

/// Nodes of the default mode network: centres as published (Dosenbach et al. 2010), moved to where this head and the slab have them.
const PCC: Ellipsoid = ellipsoid([0.0, -52.0, 17.0], [10.0, 10.0, 9.0]);
const MPFC: Ellipsoid = ellipsoid([0.0, 49.0, 6.0], [10.0, 9.0, 11.0]);
const ANGULAR: Ellipsoid = ellipsoid([42.0, -52.0, 25.0], [10.0, 10.0, 9.0]);

/// What the atlas's labels stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Region {
    /// Periaqueductal grey, where the drug acts.
    Pag = 1,
    /// Left anterior insula, where the drug acts.
    InsulaLeft = 2,
    /// Right anterior insula, where the drug acts.
    InsulaRight = 3,
    /// Posterior cingulate cortex.
    Pcc = 4,
    /// Medial prefrontal cortex.
    Mpfc = 5,
    /// Left angular gyrus.
    AngularLeft = 6,
    /// Right angular gyrus.
    AngularRight = 7,
    /// Left thalamus.
    ThalamusLeft = 8,
    /// Right thalamus.
    ThalamusRight = 9,
    /// Left secondary somatosensory cortex.
    S2Left = 10,
    /// Right secondary somatosensory cortex.
    S2Right = 11,
}

impl Region {
    /// Every label with its name.
    pub const NAMES: [(Region, &'static str); 11] = [
        (Region::Pag, "pag"),
        (Region::InsulaLeft, "insula_anterior_l"),
        (Region::InsulaRight, "insula_anterior_r"),
        (Region::Pcc, "pcc"),
        (Region::Mpfc, "mpfc"),
        (Region::AngularLeft, "angular_gyrus_l"),
        (Region::AngularRight, "angular_gyrus_r"),
        (Region::ThalamusLeft, "thalamus_l"),
        (Region::ThalamusRight, "thalamus_r"),
        (Region::S2Left, "s2_l"),
        (Region::S2Right, "s2_r"),
    ];
    /// The anterior insula, both sides.
    pub const INSULA: [Region; 2] = [Region::InsulaLeft, Region::InsulaRight];
    /// The default mode network.
    pub const DMN: [Region; 4] =
        [Region::Pcc, Region::Mpfc, Region::AngularLeft, Region::AngularRight];

    /// Its name in the atlas.
    #[must_use]
    pub fn name(self) -> &'static str {
        Region::NAMES.iter().find(|(region, _)| *region == self).map_or("", |(_, name)| name)
    }

    /// The region of a point, mm of the head, x to the right.
    pub(super) fn at(p: [f64; 3]) -> Option<Region> {
        let side = |left, right| if p[0] > 0.0 { right } else { left };
        let m = mirrored(p);
        let found = match p {
            _ if in_pag(p) => Region::Pag,
            _ if ANTERIOR_INSULA.r2(m) < 1.0 => side(Region::InsulaLeft, Region::InsulaRight),
            _ if PCC.r2(p) < 1.0 => Region::Pcc,
            _ if MPFC.r2(p) < 1.0 => Region::Mpfc,
            _ if ANGULAR.r2(m) < 1.0 => side(Region::AngularLeft, Region::AngularRight),
            _ if THALAMUS.r2(m) < 1.0 => side(Region::ThalamusLeft, Region::ThalamusRight),
            _ if S2.r2(m) < 1.0 => side(Region::S2Left, Region::S2Right),
            _ => return None,
        };
        Some(found)
    }

    /// How much of a network's slow signal a point has, 0 to 1: the default mode network's, then the insula's.
    pub(super) fn networks(p: [f64; 3]) -> [f64; 2] {
        let m = mirrored(p);
        let blob = |r2: f64| (1.0 - r2.min(1.0).powi(2)).powi(2);
        let dmn = [PCC.r2(p), MPFC.r2(p), ANGULAR.r2(m)].map(blob);
        [dmn.into_iter().fold(0.0, f64::max), blob(ANTERIOR_INSULA.r2(m))]
    }
}
