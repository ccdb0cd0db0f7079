//! Levels above the run: a node's unit as the command that combines its estimates, fixed effects for `meta`, least squares as
//! `boldly group` for `glm`.

use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView1};

use super::named;
use super::unit::{self, Asked, Estimate, Row, Unit};
use crate::bids::Entities;
use crate::bids::label::label;
use crate::bids::model::{Kind, Level, Node};
use crate::design::group::Model;
use crate::error::{Error, Result};
use crate::io;
use crate::pipeline::group;
use crate::pipeline::products::Layout;
use crate::pipeline::provenance::relative;
use crate::pipeline::regions::is_own_space;
use crate::pipeline::spec::{
    BidsSpec, Command, EstimateSpec, FixedSpec, GivenRegion, GroupSpec, GroupVariance, WeighedSpec,
};
use crate::stats::least_squares::LeastSquares;
use crate::table::Table;

/// A unit of a node above the run, its inputs in the order of the design's rows.
pub(super) struct Above<'a> {
    pub node: (usize, &'a Node),
    /// What the unit is grouped by, `contrast` among them where it is.
    pub entities: Entities,
    /// The estimates with the units that they come from.
    pub inputs: Vec<(usize, &'a Estimate)>,
    pub columns: Vec<String>,
    /// `[input][column]`
    pub design: Array2<f64>,
    pub asked: Vec<Asked>,
}

impl Above<'_> {
    /// The unit's command.
    ///
    /// # Errors
    /// Usage or bad data: what `--inference` asks and these inputs cannot have; names that cannot be files.
    pub fn unit(self, spec: &BidsSpec) -> Result<Unit> {
        let (at, node) = self.node;
        let entities = self.kept();
        let folder = named::folder(&spec.out, &node.name, &entities);
        let labels = unit::labels(&self.asked)?;
        let by = self.incoming().map(|one| unit::label_of(&one.spoken)).transpose()?;
        let prefix = match named::of_maps(&entities) {
            none if none.is_empty() => format!("desc-{}", label(&node.name)),
            some => some,
        };
        let layout = Layout::prefix(&folder.join(&prefix)).among(labels, by.clone());
        let stem = by.map_or(prefix.clone(), |by| format!("{prefix}_contrast-{by}"));
        let (command, texts) = match node.kind {
            Kind::Meta => (Command::Fixed(self.fixed(spec)), Vec::new()),
            Kind::Glm => self.group(spec, &folder, &stem)?,
        };
        let estimates = unit::estimates(&layout, &entities, &self.asked)?;
        let mut below: Vec<usize> = self.inputs.iter().map(|(unit, _)| *unit).collect();
        below.dedup();
        let rows = self.inputs.iter().zip(self.design.rows());
        let row = |((unit, estimate), row): (&(usize, &Estimate), ArrayView1<f64>)| Row {
            unit: *unit,
            contrast: estimate.spoken.clone(),
            values: row.to_vec(),
        };
        let design = rows.map(row).collect();
        Ok(Unit {
            node: at,
            entities,
            command,
            layout,
            texts,
            sources: self.inputs.iter().map(|(_, one)| one.effect.clone()).collect(),
            below,
            estimates,
            columns: self.columns,
            asked: self.asked,
            n_rows: self.inputs.len(),
            design,
            left_out: Vec::new(),
            run: None,
        })
    }

    /// The one contrast that all its inputs are of, where it is grouped by contrast.
    fn incoming(&self) -> Option<&Estimate> {
        self.entities.get("contrast").and_then(|_| self.inputs.first()).map(|(_, one)| *one)
    }

    /// Entities of the outputs: those it is grouped by, and of its inputs those that all share, but for what its level is over.
    fn kept(&self) -> Entities {
        let over: &[&str] = match self.node.1.level {
            Level::Run => &[],
            Level::Session => &["run", "echo"],
            Level::Subject => &["run", "echo", "session"],
            Level::Dataset => &["run", "echo", "session", "subject"],
        };
        let mut kept = Entities::new();
        let Some((_, first)) = self.inputs.first() else { return kept };
        for (key, value) in &first.entities {
            let is_by = self.entities.contains_key(key);
            let is_shared = self.inputs.iter().all(|(_, one)| one.entities.get(key) == Some(value));
            if is_shared && (is_by || !over.contains(&key.as_str())) {
                kept.insert(key.clone(), value.clone());
            }
        }
        // What it is grouped by beyond entities (a column of participants.tsv) tells its units apart.
        for (key, value) in
            self.entities.iter().filter(|(key, _)| !first.entities.contains_key(*key))
        {
            kept.insert(label(key), label(value));
        }
        kept.remove("contrast");
        kept
    }

    /// What it is called in messages.
    fn name(&self) -> String {
        let unit = named::label(&self.kept(), &["space", "resolution", "density", "cohort"]);
        let contrast = self.entities.get("contrast").map(|name| format!(", contrast {name}"));
        format!("node {} ({unit}{})", self.node.1.name, contrast.unwrap_or_default())
    }

    /// What `--inference` asks and these inputs cannot have: before any fit.
    fn refuse_inference(&self, asked: &GroupSpec) -> Result<()> {
        group::refuse_apart(asked, self.inputs.len()).map_err(|error| error.of(&self.name()))?;
        let of = |(_, one): &(usize, &Estimate)| one.entities.get("space").cloned();
        let own = self.inputs.iter().filter_map(of).find(|space| is_own_space(space));
        let given = asked.region_options().given;
        let mut by_place =
            given.iter().chain(&asked.volumes).filter_map(GivenRegion::by_coordinates);
        match (own, by_place.next()) {
            (Some(space), Some(place)) if asked.coordinates.is_none() => Err(Error::usage(
                format!("--inference, {place}"),
                format!(
                    "is in mm of a template, and {} takes images of space-{space}",
                    self.name()
                ),
                "be in the space of the images",
                "take images of a template (--space), or say --coordinates native or template in --inference",
            )),
            _ => Ok(()),
        }
    }

    /// Why the unit cannot be fitted at all.
    ///
    /// # Errors
    /// Bad data: no more inputs than columns, where least squares find the error.
    pub fn refuse_few(&self) -> Result<()> {
        let (n, rank) = (self.inputs.len(), LeastSquares::new(self.design.view())?.rank);
        if self.node.1.kind != Kind::Glm || n > rank {
            return Ok(());
        }
        Err(Error::bad_data(
            self.name(),
            format!("has {n} input{} for {rank} column{}", s(n), s(rank)),
            "have more inputs than columns, for least squares find their error from what is left",
            "have more subjects, or set Type to meta, which takes the estimates' own variances",
        ))
    }

    /// Contrasts that the inputs do not determine, each with what is wrong.
    ///
    /// # Errors
    /// Those of least squares.
    pub fn undetermined(&self) -> Result<Vec<(String, Error)>> {
        let solved = LeastSquares::new(self.design.view())?;
        let is_determined = |row: &Vec<f64>| {
            row.len() == self.columns.len() && solved.is_estimable(ArrayView1::from(row))
        };
        let undetermined = self.asked.iter().filter(|one| !one.weights.iter().all(is_determined));
        let error = |one: &Asked| {
            Error::bad_data(
                format!("contrast '{}' of {}", one.name, self.name()),
                format!("is not determined by {} inputs", self.inputs.len()),
                "be of columns that the inputs tell apart (--missing-contrast skip leaves it out there)",
                format!("columns: {}", named::listed(&self.columns)),
            )
        };
        Ok(undetermined.map(|one| (one.name.clone(), error(one))).collect())
    }

    fn fixed(&self, spec: &BidsSpec) -> FixedSpec {
        let contrast = |one: &Asked| WeighedSpec {
            name: one.spoken.clone(),
            weights: one.weights.clone(),
            is_f: one.is_f(),
        };
        let estimate = |(_, one): &(usize, &Estimate)| EstimateSpec {
            effect: one.effect.clone(),
            variance: one.variance.clone(),
        };
        FixedSpec {
            estimates: self.inputs.iter().map(estimate).collect(),
            columns: self.columns.clone(),
            design: self.design.rows().into_iter().map(|row| row.to_vec()).collect(),
            contrasts: self.asked.iter().map(contrast).collect(),
            combine: spec.combine,
            two_sided: spec.fit.two_sided,
        }
    }

    /// As `boldly group` takes it: a table of maps, and a matrix of the same rows.
    fn group(
        &self,
        spec: &BidsSpec,
        folder: &Path,
        stem: &str,
    ) -> Result<(Command, Vec<(PathBuf, String)>)> {
        let is_of_people = self.node.1.level == Level::Dataset;
        let asked = spec.inference.as_ref().map(|asked| &*asked.test).filter(|_| is_of_people);
        if let Some(asked) = asked {
            self.refuse_inference(asked)?;
        }
        let is_mixed = asked.is_some_and(|asked| asked.variance == GroupVariance::Mixed);
        let row = |(_, one): &(usize, &Estimate)| {
            let who = match one.entities.get("subject").filter(|_| is_of_people) {
                Some(subject) => format!("sub-{subject}"),
                None => named::label(&one.entities, &["space"]),
            };
            let relative = |path: &Path| relative(path, folder).display().to_string();
            let mut row = vec![who, relative(&one.effect)];
            row.extend(is_mixed.then(|| relative(&one.variance)));
            row
        };
        let mut names = vec!["subject".to_owned(), "effect".to_owned()];
        names.extend(is_mixed.then(|| "variance".to_owned()));
        let maps = Table {
            name: String::new(),
            columns: names,
            rows: self.inputs.iter().map(row).collect(),
        };
        let numbers = |row: ArrayView1<f64>| row.iter().map(|v| format!("{v:?}")).collect();
        let design = Table {
            name: String::new(),
            columns: self.columns.clone(),
            rows: self.design.rows().into_iter().map(numbers).collect(),
        };
        let table = folder.join(format!("{stem}_desc-model_maps.tsv"));
        let matrix = folder.join(format!("{stem}_desc-model_design.tsv"));
        let (f, t): (Vec<&Asked>, Vec<&Asked>) = self.asked.iter().partition(|one| one.is_f());
        let texts = |all: Vec<&Asked>| -> Result<Vec<String>> {
            all.into_iter().map(|one| one.expression(&self.columns)).collect()
        };
        let plain = GroupSpec::new(table.clone(), Model::Matrix(matrix.clone()));
        let test = asked.cloned().unwrap_or(plain);
        let command = GroupSpec {
            table: table.clone(),
            model: Model::Matrix(matrix.clone()),
            contrasts: texts(t)?,
            f_contrasts: texts(f)?,
            two_sided: spec.fit.two_sided || test.two_sided,
            // Where more is asked than each voxel by itself, the page of the group shows it.
            no_pictures: asked.is_none(),
            ..test
        };
        let written =
            vec![(table, io::tsv::write_string(&maps)), (matrix, io::tsv::write_string(&design))];
        Ok((Command::Group(command), written))
    }
}

/// Of more than one.
fn s(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}
