//! A run without its censored volumes: data and columns of the kept ones alone. Columns were made for the whole run, at the times
//! of its volumes, and lose rows here; nothing is made anew of what is left.

use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::{Run, display};
use crate::design::{Design, band};
use crate::error::{Error, Result};
use crate::io::source::{Censored, Memory};
use crate::maps::told;
use crate::pipeline::spec::MIN_DOF;

/// What is left of a column counts as nothing up to this share of its largest value.
const NOTHING: f64 = 1e-6;

impl Run {
    /// Hand over the kept volumes alone from here on: `bold`, the design, and what slices and an earlier correction add to it.
    /// `kept`: volumes of the image, from 0, ascending.
    ///
    /// # Errors
    /// Bad data where none is kept, or no more than the design has columns.
    pub fn keep_only(&mut self, kept: Vec<usize>) -> Result<()> {
        if kept.len() == self.n_volumes {
            return Ok(());
        }
        self.refuse_too_few(&kept)?;
        self.lost = self.lost_without(&kept);
        let rows = |columns: &mut Array2<f64>| *columns = columns.select(Axis(0), &kept);
        rows(&mut self.design.matrix);
        self.own_times.iter_mut().for_each(|slices| slices.keep_rows(rows));
        if let Some(physio) = &mut self.physio {
            physio.retroicor.groups.columns.iter_mut().for_each(rows);
            rows(&mut physio.columns);
        }
        if let Some(carried) = &mut self.carried {
            carried.groups.columns.iter_mut().for_each(rows);
        }
        if let Some(survived) = &mut self.survived {
            survived.uncounted.keep_rows(&kept);
            survived.with.iter_mut().for_each(|with| with.taken.keep_rows(&kept));
        }
        let nothing = Box::new(Memory::zeros([0; 3], 0));
        let whole = std::mem::replace(&mut self.bold, nothing);
        self.bold = Box::new(Censored::new(whole, kept.clone())?);
        self.n_volumes = kept.len();
        self.kept = kept;
        Ok(())
    }

    /// Keep the run whole, and give the design a column of a single 1 for each volume that is not kept: a least-squares fit is that of
    /// the kept volumes, and what it finds can be taken out of every volume. `kept`: volumes, from 0, ascending.
    ///
    /// # Errors
    /// As [`Run::keep_only`].
    pub fn leave_out_of_fit(&mut self, kept: Vec<usize>) -> Result<()> {
        if kept.len() == self.n_volumes {
            return Ok(());
        }
        self.refuse_too_few(&kept)?;
        let Design { names, matrix, .. } = &mut self.design;
        for volume in (0..self.n_volumes).filter(|volume| kept.binary_search(volume).is_err()) {
            let mut spike = Array1::zeros(self.n_volumes);
            spike[volume] = 1.0;
            matrix.push_column(spike.view()).map_err(|e| {
                Error::internal("the design", "cannot be joined", "", "").caused_by(e)
            })?;
            names.push(format!("censored_{volume:04}"));
        }
        self.kept = kept;
        Ok(())
    }

    /// Refuse a run of which too few degrees of freedom are left: by censoring, or of any where more is asked for than [`MIN_DOF`].
    ///
    /// # Errors
    /// Bad data.
    pub fn refuse_few(&self, dof: f64, least: f64) -> Result<()> {
        let n_volumes = self.header.n_volumes();
        let is_censored = self.kept.len() < n_volumes;
        if dof >= least || !is_censored && least <= MIN_DOF {
            return Ok(());
        }
        let leaves = match is_censored {
            true => format!("keeps {} of its {n_volumes} volumes, which leaves", self.kept.len()),
            false => "leaves".to_owned(),
        };
        Err(Error::bad_data(
            display(&self.path),
            format!(
                "{leaves} {} degrees of freedom: variances of so few, and rho above all, are hardly known",
                told(dof)
            ),
            format!("leave {} or more (--min-dof)", told(least)),
            "leave the run out, censor less strictly, choose fewer columns, or say --min-dof",
        ))
    }

    /// The columns of which so little is kept that it is nothing, at the time of some slice where these have columns of their own.
    fn lost_without(&self, kept: &[usize]) -> Vec<String> {
        let is_lost = |column: ArrayView1<f64>| {
            let largest = |most: f64, value: &f64| most.max(value.abs());
            let whole = column.iter().fold(0.0, largest);
            let left = kept.iter().map(|&volume| &column[volume]).fold(0.0, largest);
            whole > 0.0 && left <= NOTHING * whole
        };
        let slices = self.own_times.as_ref();
        let lost = |(at, name): (usize, &String)| {
            let own = slices.and_then(|slices| {
                let at = slices.own.names.iter().position(|own| own == name)?;
                Some(slices.own.columns.iter().any(|columns| is_lost(columns.column(at))))
            });
            own.unwrap_or_else(|| is_lost(self.design.matrix.column(at)))
        };
        let names = self.design.names.iter().enumerate();
        names.filter(|&at| lost(at)).map(|(_, name)| name.clone()).collect()
    }

    fn refuse_too_few(&self, kept: &[usize]) -> Result<()> {
        let n_columns = self.design.names.len() + self.modelled().map_or(0, |own| own.names.len());
        if kept.len() > n_columns {
            return Ok(());
        }
        let (n_kept, n_volumes) = (kept.len(), self.n_volumes);
        let n_band = self.design.names.iter().filter(|name| name.starts_with(band::NAME)).count();
        let (of_band, wider) = match n_band {
            0 => (String::new(), ""),
            n => (format!(", {n} of them of the band"), "choose a wider --band or none, "),
        };
        Err(Error::bad_data(
            display(&self.path),
            format!("keeps {n_kept} of its {n_volumes} volumes for {n_columns} columns{of_band}"),
            "keep more volumes than the model has columns",
            format!("{wider}censor less strictly, choose fewer confounds, or leave the run out"),
        ))
    }
}
