//! Small-volume correction: the same questions asked of a part of the brain that was chosen beforehand.

use std::path::PathBuf;

use super::correct::{Smooth, field};
use super::fitted::Fitted;
use super::images::Images;
use super::over::Over;
use super::permute;
use super::seed;
use crate::design::group::Stratum;
use crate::design::label;
use crate::error::{Error, Result};
use crate::maps::{Entities, Map, Quantity};
use crate::pipeline::blocks::Ladder;
use crate::pipeline::products::{Agreement, ColumnAgreement, Text};
use crate::pipeline::regions::{self, Region, Regions, is_changed};
use crate::pipeline::spec::{GroupSpec, RegionOptions, Role, Shape};
use crate::pipeline::watch::Watch;
use crate::stats::random_field::{Resels, Search};
use crate::table::dictionary::{DataDictionary, Entry};
use crate::table::number;
use crate::volume::Grid;

/// A search volume on the maps' grid.
pub(super) struct Volume {
    region: Region,
    label: String,
    /// `[voxel of the grid]`
    inside: Vec<bool>,
}

/// The search volumes as they were given, then, where they are to be moved, as they lie along x, y and z; each set with how far, mm.
pub(super) type Sets = Vec<([f64; 3], Vec<Volume>)>;

/// Files that were found beside those that were named.
type Found = Vec<(Role, PathBuf)>;

/// The volumes that are asked for, and tables of names that lie beside labelled images.
///
/// # Errors
/// Missing input; usage: two of one name, or of names that are one in files' names, a move that changes nothing; bad data: an image of another grid, a volume without
/// a voxel.
pub(super) fn open(spec: &GroupSpec, images: &Images, watch: &dyn Watch) -> Result<(Sets, Found)> {
    let grid = &images.grid;
    let options = RegionOptions { given: spec.volumes.clone(), ..spec.region_options() };
    let opened = regions::open_any(&options, (grid, "the maps"), watch)?;
    regions::refuse_empty(&opened.all, "search volume", "the maps")?;
    opened.tell_cut("the maps", watch);
    opened.tell_few(regions::SEARCH_OF_FEW, watch);
    seed::tell(&opened.all, images, watch);
    let names: Vec<String> = opened.all.iter().map(|region| region.name.clone()).collect();
    let labels = label::labels_of(("search volumes", "label"), &names)?;
    let found = opened.found.clone();
    let volume = |(region, label): (Region, &String)| {
        let mut inside = vec![false; grid.n_voxels()];
        region.voxels.iter().for_each(|&voxel| inside[voxel] = true);
        Volume { region, label: label.clone(), inside }
    };
    let set = |(by, set): ([f64; 3], Regions)| {
        (by, set.all.into_iter().zip(&labels).map(volume).collect())
    };
    let sets = regions::with_moved(opened, &options, grid, watch)?;
    Ok((sets.into_iter().map(set).collect(), found))
}

/// A contrast, its maps, and where it is asked about.
struct Within<'a> {
    spec: &'a GroupSpec,
    stratum: &'a Stratum,
    fitted: &'a Fitted,
    images: &'a Images,
    /// The contrast as file names say it.
    label: &'a str,
    smooth: Option<&'a Smooth>,
}

/// What a contrast comes to in each volume: a table, one of where volumes lie elsewhere, and maps of corrected p.
///
/// # Errors
/// Those of rearranging.
pub(super) fn correct(
    spec: &GroupSpec,
    (stratum, fitted): (&Stratum, &Fitted),
    (images, sets): (&Images, &Sets),
    (label, smooth): (&str, Option<&Smooth>),
    ladder: &mut Ladder,
    watch: &dyn Watch,
) -> Result<(Vec<Text>, Vec<Map>)> {
    let within = Within { spec, stratum, fitted, images, label, smooth };
    let columns = within.columns();
    let (mut given, mut maps) = (format!("volume\t{columns}\n"), Vec::new());
    let mut moved = format!("volume\tshift_x\tshift_y\tshift_z\tchanged\t{columns}\n");
    for (at, volume) in sets[0].1.iter().enumerate() {
        let name = &volume.region.name;
        let looked = within.look(volume, ladder)?;
        tell(volume, looked.as_ref().map_or(0, |looked| looked.over.places.len()), stratum, watch)?;
        given.push_str(&format!("{name}\t{}\n", within.cells(looked.as_ref())));
        if let Some(looked) = &looked {
            within.say(volume, looked, watch);
            maps.push(within.map(volume, looked));
        }
        for (by, there) in sets {
            let there = &there[at];
            let far = regions::moved_cells(&there.region);
            let changed = is_changed(*by, &volume.region.voxels, &there.region.voxels);
            let cells = match changed {
                "yes" => within.cells(within.look(there, ladder)?.as_ref()),
                _ => within.cells(looked.as_ref()),
            };
            moved.push_str(&format!("{name}\t{far}\t{changed}\t{cells}\n"));
        }
    }
    let mut tables = vec![within.table(given, None)];
    if sets.len() > 1 {
        tables.push(within.table(moved, Some("shift")));
    }
    Ok((tables, maps))
}

/// What was found in a volume.
struct Looked {
    over: Over,
    parametric: Parametric,
    /// The voxel of the highest statistic.
    peak: usize,
    /// p corrected for the volume, `[voxel of the volume]`, and by what.
    corrected: Vec<f64>,
    how: &'static str,
}

impl Within<'_> {
    fn letter(&self) -> &'static str {
        if self.stratum.is_f { "F" } else { "t" }
    }

    /// The columns behind what tells the volumes apart.
    fn columns(&self) -> String {
        let letter = self.letter();
        let rearranged = if self.spec.permute.is_some() { "\tp_maxT" } else { "" };
        format!(
            "voxels\tvolume_mm3\t{letter}\tx_mm\ty_mm\tz_mm\tp\tp_bonferroni\tp_rft{rearranged}"
        )
    }

    /// None where no voxel of it is tested.
    fn look(&self, volume: &Volume, ladder: &mut Ladder) -> Result<Option<Looked>> {
        let grid = &self.images.grid;
        let over = Over::new(self.fitted, grid, self.label, Some((&volume.label, &volume.inside)));
        if over.places.is_empty() {
            return Ok(None);
        }
        let parametric = Parametric::of(volume, (self.fitted, self.smooth), &over, grid);
        let peak = parametric.peak(&over);
        let (corrected, how) = self.corrected(&parametric, &over, ladder)?;
        Ok(Some(Looked { over, parametric, peak, corrected, how }))
    }

    /// Where the highest voxel lies, mm.
    fn place(&self, Looked { over, peak, .. }: &Looked) -> [f64; 3] {
        let grid = &self.images.grid;
        grid.millimetres(grid.coordinates(over.places[*peak] as usize))
    }

    /// The cells of [`Within::columns`]; without a voxel that is tested n/a.
    fn cells(&self, looked: Option<&Looked>) -> String {
        let Some(looked) = looked else {
            let n_cells = self.columns().split('\t').count() - 1;
            return format!("0{}", "\tn/a".repeat(n_cells));
        };
        let [x, y, z] = self.place(looked);
        let Looked { over, parametric, peak, corrected, .. } = looked;
        let Parametric { stat, p, bonferroni, rft } = parametric;
        let n = over.places.len();
        let mut cells = format!(
            "{n}\t{}\t{}\t{x:.1}\t{y:.1}\t{z:.1}\t{}\t{}\t{}",
            number(n as f64 * self.images.grid.voxel_size_mm.iter().product::<f64>()),
            number(stat[*peak]),
            number(p[*peak]),
            number(bonferroni[*peak]),
            number(rft.as_ref().map_or(f64::NAN, |rft| rft[*peak])),
        );
        if self.spec.permute.is_some() {
            cells.push_str(&format!("\t{}", number(corrected[*peak])));
        }
        cells
    }

    fn say(&self, volume: &Volume, looked: &Looked, watch: &dyn Watch) {
        let [x, y, z] = self.place(looked);
        let Looked { over, parametric, peak, corrected, .. } = looked;
        let found = corrected.iter().filter(|p| **p <= 0.05).count();
        watch.note(&format!(
            "{}: {}, {} voxels: {} {:.3} at ({x:.1}, {y:.1}, {z:.1}) mm, p {} corrected in the volume; {found} voxels at p <= .05",
            self.stratum.name,
            volume.region.name,
            over.places.len(),
            self.letter(),
            parametric.stat[*peak],
            short_p(corrected[*peak])
        ));
    }

    fn map(&self, volume: &Volume, Looked { over, corrected, how, .. }: &Looked) -> Map {
        let (of, name) = (&self.stratum.name, &volume.region.name);
        let said = format!("p of {of} corrected for the voxels of {name}, by {how}");
        over.map("svc", Quantity::CorrectedP, (corrected, 1.0), said)
    }

    /// p corrected for a volume, `[voxel of the volume]`, and by what.
    fn corrected(
        &self,
        parametric: &Parametric,
        over: &Over,
        ladder: &mut Ladder,
    ) -> Result<(Vec<f64>, &'static str)> {
        if let Some(options) = &self.spec.permute {
            let tested = (self.stratum, self.fitted);
            let within = (over.places.as_slice(), ladder);
            let one = permute::rearrange_within((self.spec, options), tested, self.images, within)?;
            return Ok((
                one.p_corrected()?,
                "the largest statistic in the volume, by rearrangement",
            ));
        }
        let bonferroni = &parametric.bonferroni;
        let least = match &parametric.rft {
            Some(rft) => rft.iter().zip(bonferroni).map(|(a, b)| a.min(*b)).collect(),
            None => bonferroni.iter().map(|p| p.min(1.0)).collect(),
        };
        Ok((least, "random fields or Bonferroni, whichever is smaller"))
    }

    /// `desc`: what tells the table from that of the volumes as they were given.
    fn table(&self, text: String, desc: Option<&'static str>) -> Text {
        let of = &self.stratum.name;
        let sides = match (self.stratum.is_f, self.spec.two_sided) {
            (true, _) => "of F",
            (false, true) => "two-sided, both tails of t",
            (false, false) => "one-sided, the upper tail of t",
        };
        let letter = self.letter();
        let axis = |name: &str| {
            let place =
                format!("Place of the highest voxel along {name}, in the space of the maps");
            (format!("{name}_mm"), Entry::of(place).in_units("mm"))
        };
        let p = [
            ("p", format!("p there {sides}, uncorrected; the others, too, are {sides}")),
            ("p_bonferroni", "p times the voxels of the volume, 1 at most".to_owned()),
            ("p_rft", "Random fields in the volume (spheres and boxes by their own resels, others by those of their voxels), the smaller of it and Bonferroni's".to_owned()),
            ("p_maxT", "Share of rearrangements whose largest statistic in the volume is as high".to_owned()),
        ];
        let dictionary = DataDictionary::of(format!("{of}: the highest voxel of each search volume, corrected for its voxels, not for the number of volumes"))
            .column("volume", "The search volume")
            .column("voxels", "Voxels of it that are analysed")
            .column("volume_mm3", Entry::of("What these come to").in_units("mm3"))
            .column(letter, format!("The highest {letter} of them"))
            .columns(["x", "y", "z"].map(axis))
            .columns(p);
        // What rearrangements count may differ by a few of them on another device.
        let columns = text.lines().next().unwrap_or_default().split('\t').map(|name| match name {
            "p_maxT" => ColumnAgreement::OfFit { decimals: 2, times: 0.0 },
            _ => ColumnAgreement::Written,
        });
        let columns = columns.collect();
        let moves = desc.map(|_| regions::described_moves());
        let dictionary = dictionary.columns(moves.into_iter().flatten());
        let of = Entities::of("svc").with("contrast", self.label);
        let entities = desc.into_iter().fold(of, |of, desc| of.with("desc", desc));
        Text::table(entities, text, Some(Agreement::Columns(columns)), &dictionary)
    }
}

/// A p as a person reads it.
fn short_p(p: f64) -> String {
    if p < 1e-4 { format!("{p:.1e}") } else { format!("{p:.4}") }
}

/// How much of a volume is there.
fn tell(volume: &Volume, n: usize, stratum: &Stratum, watch: &dyn Watch) -> Result<()> {
    let n_all = volume.inside.iter().filter(|v| **v).count();
    if n == 0 && volume.region.shape.is_none() {
        watch.warn(&format!(
            "{}: none of the {n_all} voxels of {} is analysed; its row is n/a, and it has no map",
            stratum.name, volume.region.name
        ));
        return Ok(());
    }
    if n == 0 {
        return Err(Error::bad_data(
            format!("search volume '{}'", volume.region.name),
            format!("has none of its {n_all} voxels where '{}' is tested", stratum.name),
            "overlap with the mask",
            "give a mask that holds it",
        ));
    }
    if n < n_all {
        watch.warn(&format!(
            "{}: {n} of the {n_all} voxels of {} are analysed; where subjects are missing an effect is missed too",
            stratum.name, volume.region.name
        ));
    }
    Ok(())
}

/// A volume's statistics and p without rearranging, `[voxel of the volume]`.
struct Parametric {
    stat: Vec<f64>,
    p: Vec<f64>,
    bonferroni: Vec<f64>,
    /// None where it is not known how smooth the noise is.
    rft: Option<Vec<f64>>,
}

impl Parametric {
    fn of(
        volume: &Volume,
        (fitted, smooth): (&Fitted, Option<&Smooth>),
        over: &Over,
        grid: &Grid,
    ) -> Parametric {
        let (stat, p) = (over.of(&fitted.maps.stat), over.of(&fitted.p));
        let n = stat.len();
        let sides = if over.both { 2.0 } else { 1.0 };
        let rft = smooth.map(|smooth| {
            let search = Search::new(field(fitted), resels(volume, smooth, over, grid), n);
            let height = |t: &f64| if over.both { t.abs() } else { *t };
            stat.iter().map(|t| (sides * search.height_p(height(t))).min(1.0)).collect()
        });
        let bonferroni = p.iter().map(|p| (p * n as f64).min(1.0)).collect();
        Parametric { stat, p, bonferroni, rft }
    }

    /// The voxel of the highest statistic, in either tail where both count.
    fn peak(&self, over: &Over) -> usize {
        let height = |at: usize| if over.both { self.stat[at].abs() } else { self.stat[at] };
        (0..self.stat.len()).max_by(|&a, &b| height(a).total_cmp(&height(b))).unwrap_or(0)
    }
}

/// The resels of a volume: of a sphere or box by its geometry, of others by their voxels.
fn resels(volume: &Volume, smooth: &Smooth, over: &Over, grid: &Grid) -> Resels {
    let fwhm_mm: [f64; 3] =
        std::array::from_fn(|axis| smooth.fwhm_vox[axis] * grid.voxel_size_mm[axis]);
    match &volume.region.shape {
        Some(Shape::Sphere { radius, .. }) => {
            Resels::sphere(*radius, fwhm_mm.iter().product::<f64>().cbrt())
        }
        Some(Shape::Box { sides, .. }) => Resels::cuboid(*sides, fwhm_mm),
        Some(Shape::Tube { .. } | Shape::Mask(_)) | None => {
            Resels::of_mask(grid.shape, &over.places, smooth.fwhm_vox)
        }
    }
}
