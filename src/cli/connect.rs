//! `boldly connect`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{DriftArgs, MORE, OrderArgs, TermsArgs, TimingArgs, heading, min_dof};
use crate::cli::columns::ConfoundArgs;
use crate::cli::models::parsed;
use crate::cli::regions::RegionArgs;
use crate::cli::shared::{NoiseArgs, ScanArgs, SmoothArgs, TableArgs};
use crate::cli::voxelwise::VoxelwiseArgs;
use crate::cli::work::WorkArgs;
use crate::error::Result;
use crate::pipeline::censor::Within;
use crate::pipeline::order;
use crate::pipeline::products::Layout;
use crate::pipeline::spec::{
    Command, ConnectSpec, DesignOptions, Estimator, GivenRegion, MIN_DOF, Network, RegionOptions,
};

/// Correlate regions with every voxel and with each other, confounds and autocorrelation accounted for.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
One regression: drift, the stop band of --band, confounds, motion and physiology are columns, fitted together; censored volumes are deleted and keep their \
times. A region's series is the mean of its voxels, not smoothed, without these columns. A seed's map is the model of boldly glm with that series as one more \
column. Degrees of freedom are volumes kept less the rank of the columns less 1, and are said.

Into --out go, for each --seed, seed-NAME_stat-{fisherz,effect,variance,t,z,p}_statmap.nii.gz (fisherz: of the plain correlation, for boldly group; the others of \
this run alone, by --noise; p counts both tails), and stat-dof where voxels' degrees of freedom differ; timeseries.tsv, the cleaned series; stat-pearsoncorrelation_relmat.tsv, the matrix; edges.tsv, every pair with r, \
partial r, z, its standard error, t, dof, p, q and coverage; networks.tsv where --network, or a table's column network, names some; physio_summary.tsv with --physio; and mask.nii.gz. Of \
several runs each has run-N in its names, and the mean of Fisher's z over them has none.

Example: boldly connect bold.nii.gz --confounds confounds.tsv --strategy 24p --censor fd:0.5 --seed pcc=sphere:0,-52,26:6 --fwhm 5 --out connectivity

Example: boldly connect bold.nii.gz --confounds confounds.tsv --columns 'trans_*,rot_*' --regions atlas.nii.gz --labels atlas.tsv --network \
'dmn=PCC,mPFC,angular_*' --out connectivity")]
#[command(mut_arg("mask", |arg| arg.help("Voxels that count; else a mask from the mean image")))]
#[command(mut_arg("fwhm", |arg| arg.help("Smooth the maps by this FWHM in mm").long_help("Smooth the maps by this FWHM in mm\n\nFull width at half maximum. Series of regions are never smoothed")))]
#[command(mut_arg("noise", |arg| arg.help("Model of residuals: ar1, arma11, nilearn-ar1 or ols")))]
pub(super) struct Args {
    /// 4-D NIfTI image of each run, or of each of its echoes
    ///
    /// .nii, .nii.gz, .hdr/.img
    #[arg(required = true)]
    bold: Vec<PathBuf>,
    /// A region with maps of its own: 'pcc=sphere:0,-52,26:6'
    ///
    /// NAME=sphere:x,y,z:r, NAME=box:x,y,z:a,b,c, NAME=tube:x,y,z:x,y,z:inner,outer (mm of the run's space) or NAME=MASK; or a file as for --regions, each
    /// region of which becomes a seed. Repeat it for others: each is a model of its own
    #[arg(help_heading = heading::REGIONS, long = "seed", value_name = "NAME=REGION", allow_hyphen_values = true, value_parser = parsed::<GivenRegion>)]
    seeds: Vec<GivenRegion>,
    /// Regions without maps: a labelled image, or a table
    ///
    /// A labelled image or masks on the run's grid (--labels names its labels); a table (.tsv) with name, x, y, z and radius_mm, or name and shape, and network where it has that; or
    /// as --seed spells them
    #[arg(help_heading = heading::REGIONS, long, value_name = "FILE", allow_hyphen_values = true, value_parser = parsed::<GivenRegion>)]
    regions: Vec<GivenRegion>,
    #[command(flatten)]
    region: RegionArgs,
    /// Regions that go together: 'dmn=pcc,mpfc,angular_*'
    ///
    /// The mean of Fisher's z over pairs within each network, between any two, and with seeds that are in none, as networks.tsv. Names of regions, commas in them and all, or patterns: 'Inferior*'
    #[arg(help_heading = heading::REGIONS, long = "network", value_name = "NAME=REGIONS", value_parser = parsed::<Network>)]
    networks: Vec<Network>,
    #[command(flatten)]
    tables: TableArgs,
    #[command(flatten)]
    terms: TermsArgs,
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    scan: ScanArgs,
    /// White matter: says which regions lie where CompCor looks
    ///
    /// A mask, or probabilities, of which 0.99 and more count; the same is said of --csf
    #[arg(help_heading = heading::REGIONS, long, value_name = "IMAGE")]
    white_matter: Option<PathBuf>,
    #[command(flatten)]
    smooth: SmoothArgs,
    #[command(flatten)]
    columns: ConfoundArgs,
    #[command(flatten)]
    voxelwise: VoxelwiseArgs,
    #[command(flatten)]
    drift: DriftArgs,
    /// Keep this band alone, Hz: '0.008,0.09' [default: all but drift]
    ///
    /// Every frequency outside it becomes columns of the regression, beside the drift, and costs its degrees of freedom, which are said before and after.
    /// High-pass and low-pass filters before or after a regression put confounds back and claim degrees of freedom that are spent
    #[arg(help_heading = heading::MODEL, long, value_name = "LOW,HIGH", allow_hyphen_values = true, value_parser = band)]
    band: Option<[f64; 2]>,
    /// What the matrix holds: r, partial or beta
    ///
    /// `r`: correlations; `partial`: given all other regions; `beta`: slopes of the column's region on the row's. edges.tsv has r and partial r always
    #[arg(help_heading = heading::MODEL, long, value_name = "r|partial|beta", hide_possible_values = true, value_enum, ignore_case = true, default_value = "r")]
    estimator: EstimatorName,
    /// Take the mean of the mask out of every series
    ///
    /// Correlations then scatter about 0 by construction
    #[arg(help_heading = heading::MODEL, long)]
    global_signal: bool,
    /// A seed's series is its first principal component
    ///
    /// Of the cleaned series of its voxels, of the sign of their mean; not the mean
    #[arg(help_heading = heading::REGIONS, long, requires = "seeds")]
    seed_first_pc: bool,
    /// Share of a region below which it is n/a
    ///
    /// Of its voxels those in the mask that are finite and vary
    #[arg(help_heading = heading::REGIONS, long, value_name = "SHARE", default_value_t = 0.5, allow_negative_numbers = true)]
    min_coverage: f64,
    /// Degrees of freedom that must be left
    #[arg(help_heading = heading::MODEL, long, value_name = "N", default_value_t = MIN_DOF, value_parser = min_dof, allow_negative_numbers = true)]
    min_dof: f64,
    #[command(flatten)]
    noise: NoiseArgs,
    /// Draw no pictures
    ///
    /// Without it seed-NAME_statmap.svg shows the t of each seed (the first 24) over the mean of its run, and relmat.svg the matrix, networks side by side
    #[arg(help_heading = heading::OUTPUT, long)]
    no_pictures: bool,
    /// Folder to write into
    #[arg(help_heading = heading::OUTPUT, short, long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    timing: TimingArgs,
    #[command(flatten)]
    work: WorkArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum EstimatorName {
    /// Correlations
    R,
    /// Given all other regions
    Partial,
    /// Slopes
    Beta,
}

impl From<EstimatorName> for Estimator {
    fn from(name: EstimatorName) -> Estimator {
        match name {
            EstimatorName::R => Estimator::R,
            EstimatorName::Partial => Estimator::Partial,
            EstimatorName::Beta => Estimator::Beta,
        }
    }
}

/// Two frequencies in Hz, the lower one first; 0 is the lowest.
fn band(text: &str) -> std::result::Result<[f64; 2], String> {
    let both = text.split_once(',').and_then(|(low, high)| {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        Some([number(low)?, number(high)?])
    });
    both.filter(|[low, high]| *low >= 0.0 && low < high)
        .ok_or_else(|| "it must be LOWEST,HIGHEST in Hz, the lower first: 0.008,0.09".to_owned())
}

impl Args {
    pub(super) fn run(self, started: Instant) -> Result<ExitCode> {
        let mut spec = self.spec()?;
        self.work.run(started, Layout::folder(&self.out), |session| {
            self.scan.find_spent(&mut spec.runs, &session.watch)?;
            let (by, within) = (self.order.criterion(), Within::all(spec.mask.as_deref()));
            let asked = (&mut spec.runs[..], &mut spec.design);
            order::for_runs(&mut session.ladder, asked, within, by, &session.watch)?;
            Ok(Command::Connect(spec))
        })
    }

    /// Regions that are taken so; nothing where none are given.
    fn options(&self, given: &[GivenRegion]) -> RegionOptions {
        match given {
            [] => RegionOptions::default(),
            given => self.region.options(given.to_vec()),
        }
    }

    fn spec(&self) -> Result<ConnectSpec> {
        self.tables.check_stretches(self.columns.censors().as_ref())?;
        self.region.check_labels(&[&self.seeds[..], &self.regions].concat())?;
        let runs = self.tables.runs(&self.bold, (&[], &[]), &self.scan, &self.timing)?;
        let design = DesignOptions {
            columns: self.columns.columns.clone(),
            strategy: self.columns.strategy,
            censor: self.columns.censors(),
            na: self.columns.na,
            drift: self.drift.drift.unwrap_or(self.columns.drift()),
            terms: self.terms.terms.clone(),
            ..DesignOptions::default()
        };
        Ok(ConnectSpec {
            voxelwise: self.voxelwise.options(runs.len())?,
            runs,
            design,
            mask: self.scan.mask.clone(),
            smooth: self.smooth.options(),
            noise: self.noise.noise(),
            rho_fwhm_vox: self.noise.rho_fwhm_vox()?,
            seeds: self.options(&self.seeds),
            regions: self.options(&self.regions),
            networks: self.networks.clone(),
            band_hz: self.band,
            estimator: self.estimator.into(),
            global_signal: self.global_signal,
            seed_first_pc: self.seed_first_pc,
            min_coverage: self.min_coverage,
            min_dof: self.min_dof,
            white_matter: self.white_matter.clone(),
            no_pictures: self.no_pictures,
        })
    }
}
