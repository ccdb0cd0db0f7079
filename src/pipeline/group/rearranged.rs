//! What a contrast's rearrangements gave: maps of p, tables, and what is said of them.

use std::sync::Arc;

use serde_json::{Map as Fields, Value, json};

use super::enhance::Enhanced;
use super::kept;
use crate::error::Result;
use crate::maps::{Bounds, Dof, Entities, Map, Quantity, Tolerance, rounding};
use crate::pipeline::peaks::CRITICAL;
use crate::pipeline::products::Text;
use crate::pipeline::watch::Watch;
use crate::stats::pareto::ParetoTail;
use crate::stats::permuted::{Maxima, Tail, Tally};
use crate::stats::rearrange::{Plan, Tested};
use crate::table::dictionary::DataDictionary;
use crate::table::number;

/// A contrast with what its rearrangements gave.
pub(super) struct Rearranged {
    pub name: String,
    /// Places of the mask, in its order.
    pub places: Vec<usize>,
    /// `[voxel of the mask]`
    pub observed: Vec<f32>,
    pub tested: Tested,
    pub tally: Tally,
    pub enhanced: Option<Enhanced>,
    pub tail: Tail,
    pub plan: Plan,
    pub possible: String,
    pub key: String,
    pub pareto: bool,
}

impl Rearranged {
    /// What holds for this contrast and others that are corrected together.
    pub(super) fn z_maxima(&self) -> Maxima {
        self.tally.maxima.scaled(|score| self.tested.z(score))
    }

    /// Whether another contrast was rearranged alike, so that both can be corrected together.
    pub(super) fn is_like(&self, other: &Rearranged) -> bool {
        let same = self.plan.n() == other.plan.n() && self.plan.mirrored() == other.plan.mirrored();
        let rows = self.tested.n_rows() == other.tested.n_rows();
        same && rows && (0..self.plan.n().min(50)).all(|at| self.plan.get(at) == other.plan.get(at))
    }

    /// How far t or F may lie from those of another device, `[voxel of the mask]`.
    fn off(&self) -> Vec<f64> {
        let slack = f64::from(self.tested.slack());
        let off = |&score: &f32| {
            let score = f64::from(score);
            self.tested.statistic(score + slack) - self.tested.statistic(score - slack)
        };
        self.observed.iter().map(off).collect()
    }

    /// A score on the scale of t or F, or where contrasts are corrected together of z.
    fn height(&self, score: f64, is_z: bool) -> f64 {
        if is_z { self.tested.z(score) } else { self.tested.statistic(score) }
    }

    /// The tail fitted to the largest statistics; none where it was not asked for, or does not fit.
    ///
    /// # Errors
    /// Internal where a rearrangement was not computed.
    fn pareto(&self, together: Option<&Maxima>) -> Result<Option<ParetoTail>> {
        if !self.pareto {
            return Ok(None);
        }
        let maxima = match together {
            Some(maxima) => maxima.clone(),
            None => self.tally.maxima.scaled(|score| self.height(score, false)),
        };
        let null = maxima.null(self.tail, self.plan.mirrored())?;
        Ok(ParetoTail::fit(null.values()))
    }

    /// p corrected for the voxels, `[voxel of the mask]`.
    ///
    /// # Errors
    /// Internal where a rearrangement was not computed.
    pub(super) fn p_corrected(&self) -> Result<Vec<f64>> {
        self.tally.p_corrected(self.tail, &self.observed, self.tested.slack())
    }

    /// The maps of p. `together`: maxima over all contrasts, on the scale of z.
    ///
    /// # Errors
    /// Internal where a rearrangement was not computed.
    pub(super) fn maps(
        &self,
        label: &str,
        n_voxels: usize,
        together: Option<&Maxima>,
    ) -> Result<Vec<Map>> {
        let n = self.plan.stands_for();
        let name = &self.name;
        let p = self.tally.p(self.tail, &self.observed);
        let null = match together {
            None => self.tally.maxima.null(self.tail, self.plan.mirrored())?,
            Some(maxima) => maxima.null(self.tail, self.plan.mirrored())?,
        };
        // Contrasts together meet on the scale of z.
        let scale = |score: f64| if together.is_some() { self.tested.z(score) } else { score };
        let pareto = self.pareto(together)?;
        let slack = f64::from(self.tested.slack());
        let p_of = |&score: &f32| {
            let score = self.tail.directed(f64::from(score));
            let fine = pareto.and_then(|tail| tail.p(self.height(score, together.is_some())));
            fine.unwrap_or_else(|| null.p(scale(score - slack)))
        };
        let corrected: Vec<f64> = self.observed.iter().map(p_of).collect();
        // Another device's scores lie within the slack of these, those of the maxima too.
        let unsure_of = |&score: &f32| {
            let score = self.tail.directed(f64::from(score));
            null.p(scale(score - 3.0 * slack)) - null.p(scale(score + slack))
        };
        let unsure: Vec<f64> = self.observed.iter().map(unsure_of).collect();
        let tails = self.tails();
        let over = match together {
            Some(_) => "voxels and contrasts",
            None => "voxels",
        };
        let mut maps = vec![
            self.map((label, "perm"), Quantity::PermutationP, n_voxels, (&p, 1.0, &self.tally.unsure()),
                format!("p of {name} by {n} rearrangements, {tails}, uncorrected")),
            self.map((label, "maxT"), Quantity::CorrectedP, n_voxels, (&corrected, 1.0, &unsure),
                format!("p of {name} by {n} rearrangements, {tails}, corrected for all {over} by the largest statistic")),
        ];
        let is_by_score = together.is_none() && pareto.is_none();
        if let Some(score) = null.critical(0.05).filter(|_| is_by_score) {
            maps[1].asked.insert(CRITICAL.to_owned(), json!(self.tested.statistic(score)));
        }
        maps.extend(self.enhanced_maps(label, n_voxels)?);
        Ok(maps)
    }

    /// Those of what was made of neighbours: TFCE, and p of it and of clusters.
    fn enhanced_maps(&self, label: &str, n_voxels: usize) -> Result<Vec<Map>> {
        let (n, name, tails) = (self.plan.stands_for(), &self.name, self.tails());
        let off = self.off();
        let results = |e: &Enhanced| e.results(self.tail, self.plan.mirrored(), &off);
        let mut maps = Vec::new();
        for one in self.enhanced.iter().flat_map(results) {
            let one = one?;
            maps.extend(one.values.iter().map(|values| {
                self.map(
                    (label, one.desc),
                    Quantity::Tfce,
                    n_voxels,
                    (values, 0.0, &one.spread),
                    format!("{} of {name}", one.said),
                )
            }));
            maps.push(self.map((label, one.desc), Quantity::CorrectedP, n_voxels, (&one.p, 1.0, &one.unsure),
                format!("p of {name} by {n} rearrangements, {tails}, corrected for all voxels by the largest {}", one.said)));
        }
        Ok(maps)
    }

    fn tails(&self) -> &'static str {
        match self.tail {
            Tail::Both => "both tails",
            _ => "upper tail",
        }
    }

    /// A map of values in the mask; `outside` it another.
    fn map(
        &self,
        (label, desc): (&str, &'static str),
        quantity: Quantity,
        n_voxels: usize,
        (values, outside, unsure): (&[f64], f32, &[f64]),
        description: String,
    ) -> Map {
        let mut all = vec![outside; n_voxels];
        self.places.iter().zip(values).for_each(|(&at, &value)| all[at] = value as f32);
        let mut asked = Fields::new();
        asked.insert("Contrast".to_owned(), json!(self.name));
        asked.insert("Rearrangements".to_owned(), json!(self.plan.stands_for()));
        let values = Arc::new(all);
        let own = Arc::clone(&values);
        let mut elsewhere = vec![0.0; n_voxels];
        self.places.iter().zip(unsure).for_each(|(&at, &unsure)| elsewhere[at] = unsure);
        let entities = Entities::of("statmap").with("contrast", label);
        Map {
            entities: entities.with("desc", desc).with("stat", quantity.stat()),
            quantity,
            dof: Dof::Uniform(self.tested.dof),
            description,
            asked,
            tolerance: Tolerance::of(move |bounds, _, voxel| {
                let other = if bounds == Bounds::F64 { 0.0 } else { elsewhere[voxel] };
                rounding(f64::from(own[voxel])) + other
            }),
            values: vec![values],
        }
    }

    /// The largest statistic of each rearrangement, as a table.
    pub(super) fn table(&self, label: &str) -> Text {
        let mut text = "rearrangement\tmaxima_high\tmaxima_low".to_owned();
        let enhanced = self.enhanced.iter().flat_map(Enhanced::columns).collect::<Vec<_>>();
        enhanced.iter().for_each(|(name, _)| text.push_str(&format!("\t{name}")));
        text.push('\n');
        let maxima = &self.tally.maxima;
        for at in 0..maxima.n() {
            let of = |score: f64| number(self.tested.statistic(score));
            let [high, low] = [maxima.high[at], maxima.low[at]].map(of);
            text.push_str(&format!("{at}\t{high}\t{low}"));
            for (_, values) in &enhanced {
                text.push_str(&format!("\t{}", number(values[at])));
            }
            text.push('\n');
        }
        // The maps of p that follow from it are compared; a device's sums move its last digits.
        let entities = Entities::of("maxima").with("contrast", label);
        Text::table(entities, text, None, &self.maxima_described(&enhanced))
    }

    fn maxima_described(&self, enhanced: &[(String, &[f64])]) -> DataDictionary {
        let letter = if self.tested.signed { "t" } else { "F" };
        let of_enhanced = enhanced.iter().map(|(name, _)| {
            let (what, side) = name.split_once('_').unwrap_or_default();
            let what = match what {
                "tfce" => "value of threshold-free cluster enhancement",
                "clusterExtent" => "number of voxels of a cluster",
                _ => "mass of a cluster",
            };
            let said = match side {
                "low" => format!("Minus the largest {what} of the lower tail of {letter}; 0 where there is none, or that tail is not counted"),
                _ => format!("The largest {what} of the upper tail of {letter}; 0 where there is none"),
            };
            (name.clone(), said)
        });
        DataDictionary::of(format!("The largest statistics of each rearrangement of {}", self.name))
            .column("rearrangement", "Number of the rearrangement; 0 leaves the data as they are")
            .column("maxima_high", format!("The largest {letter} of all voxels"))
            .column("maxima_low", format!("The smallest {letter} of all voxels"))
            .columns(of_enhanced)
    }

    /// What was counted, for other processes to join.
    pub(super) fn tally(&self, label: &str) -> Text {
        let enhancer = self.enhanced.as_ref().map(|e| &e.enhancer);
        let mut described = Fields::new();
        let done: Vec<[u64; 2]> = self.tally.done().into_iter().map(|r| [r.start, r.end]).collect();
        let description =
            format!("Counts of the rearrangements of {}, for boldly group merge", self.name);
        described.insert("Description".to_owned(), json!(description));
        described.insert("Rearrangements".to_owned(), json!(done));
        let text = kept::text(&self.key, &self.tally, enhancer);
        Text::plain(Entities::of("tally").with("contrast", label), ".txt", text, None)
            .with(described)
    }

    /// What the sidecars say of it.
    pub(super) fn resolved(&self) -> Value {
        json!({
            "contrast": self.name,
            "possible": self.possible,
            "computed": self.plan.n(),
            "stand_for": self.plan.stands_for(),
            "exhaustive": self.plan.exhaustive(),
            "pareto_tail": self.pareto(None).ok().flatten().map(|tail| json!({
                "threshold": tail.threshold,
                "values": tail.fit.n,
                "shape": tail.fit.shape,
                "scale": tail.fit.scale,
                "goodness_of_fit_p": tail.fit.goodness,
            })),
        })
    }

    /// How many voxels survive each correction, and from which statistic on.
    ///
    /// # Errors
    /// As [`Rearranged::maps`].
    pub(super) fn say(&self, maps: &[Map], watch: &dyn Watch) -> Result<()> {
        let n = self.plan.stands_for();
        if n < 100 {
            watch.warn(&format!(
                "{}: {n} rearrangements{}: no p by rearrangement can be below {:.3}",
                self.name,
                if self.plan.exhaustive() { " are all that there are" } else { "" },
                1.0 / n as f64
            ));
        }
        let null = self.tally.maxima.null(self.tail, self.plan.mirrored())?;
        let from = null.beyond(0.05).map(|score| self.tested.statistic(score));
        let survive = maps.iter().filter(|map| map.quantity == Quantity::CorrectedP).map(|map| {
            let n = self.places.iter().filter(|&&v| map.values[0][v] <= 0.05).count();
            format!("{} {n}", map.entities.value("desc").unwrap_or_default())
        });
        watch.note(&format!(
            "{}: {} rearrangements{}; corrected p <= .05{}: {} voxels",
            self.name,
            self.plan.stands_for(),
            if self.plan.exhaustive() { ", which are all" } else { "" },
            from.map_or(String::new(), |t| format!(" (above {t:.2})")),
            survive.collect::<Vec<_>>().join(", ")
        ));
        Ok(())
    }
}
