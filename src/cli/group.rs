//! `boldly group`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::args::{MORE, heading};
use crate::cli::regions::{PlaceArgs, check_labels};
use crate::cli::say;
use crate::cli::work::WorkArgs;
use crate::design::group::{Centre, Model};
use crate::design::similar::closest;
use crate::error::{Error, Result};
use crate::pipeline::group::{self, Parts};
use crate::pipeline::products::{Layout, Products as _};
use crate::pipeline::spec::{
    Command, Correction, ErrorTerm, GivenRegion, GroupSpec, GroupVariance, Inflated,
    PermuteOptions, TfceConvention,
};
use crate::pipeline::weigh;
use crate::pipeline::written::Written;

/// Test a group's maps: one and two samples, paired, ANCOVA, 2x2 between and within subjects, repeated measures, regression.
#[derive(Debug, clap::Args)]
#[command(after_help = MORE, after_long_help = "\
The table (tab-separated, a row a map) has the columns subject (or participant_id) and effect, the path of the map relative to the \
table; further columns are factors (group, session, condition, ...), covariates and, in a crossover, period. Where effect names a folder \
of boldly glm, --of says which contrast of it is meant. n/a is a missing value: a subject without a value of a covariate, or without a \
map that a contrast needs, is left out of that contrast and named.

Models: one-sample; paired (a factor of two levels within subjects: second minus first); two-sample (group: first minus second, in the \
order of the table); ancova (two-sample with covariates); 2x2-mixed (group x session: interaction, group, session); 2x2-within (two factors \
within subjects, as in a crossover of drug and condition; a column period enters by itself); one-way-rm and two-way-rm (F of each factor \
and the interaction); regression (the slope of each covariate).

A formula, as R and patsy write them: 'effect ~ group * session + age', with + : * - and C(column) for a factor of numbers. Numbers are \
covariates and enter as they are, words are factors whose first level in the table is the reference; all maps are rows with one error; contrasts \
weigh the columns, such as group[T.placebo]. A matrix (.tsv with names, or rows of numbers as FSL's design.mat: ev1, ev2, ...) has a row for each \
row of the table.

Of a folder each contrast-<--of>_stat-effect_statmap.nii.gz below it is a row; sub-, ses-, task- and run- in its path become the columns \
subject, session, task and run, and participants.tsv there or above adds its columns.

Contrasts are sums over cells, groups first: 'drug:post - drug:pre - (placebo:post - placebo:pre)'; without --contrast those of the model. Each \
is tested against its own error (partitioned): the combination of each subject's maps, then a model over subjects, on S - 1 degrees of freedom \
for one group. --error pooled has one error for all maps (SPM's flexible factorial, nilearn's subject columns).

Example: boldly group --maps maps.tsv --model 2x2-mixed --contrast interaction --mask brain_mask.nii.gz --out group/")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    merge: Option<Sub>,
    /// Table of maps (.tsv), a row a map; or a folder to find them in
    #[arg(help_heading = heading::INPUTS, long, value_name = "TABLE", required = true)]
    maps: Option<PathBuf>,
    /// Contrast of boldly glm, or seed-NAME of boldly connect, where --maps or the table names folders
    #[arg(help_heading = heading::INPUTS, long, value_name = "NAME")]
    of: Option<String>,
    /// Voxels to analyse
    ///
    /// Without it all voxels that have a value in every map
    #[arg(help_heading = heading::INPUTS, long, value_name = "IMAGE")]
    mask: Option<PathBuf>,
    /// Labelled image: names peaks, and its regions' means are tested
    #[arg(help_heading = heading::REGIONS, long, value_name = "IMAGE")]
    atlas: Option<PathBuf>,
    /// Names of the atlas's labels: a table with index and name
    #[arg(help_heading = heading::REGIONS, long, value_name = "TSV", requires = "atlas")]
    atlas_names: Option<PathBuf>,
    /// Regions whose means are tested: 'pag=sphere:...'
    ///
    /// name=sphere:x,y,z:r, name=box:x,y,z:a,b,c, name=tube:x,y,z:x,y,z:inner,outer (mm of the maps' space) or name=MASK; a table (.tsv) with
    /// name, x, y, z and radius_mm, or name and shape; a mask; or a labelled image, each label a region
    #[arg(help_heading = heading::REGIONS, long = "roi", value_name = "REGION", allow_hyphen_values = true)]
    region: Vec<GivenRegion>,
    /// Names of the labels of images of --roi and --svc
    ///
    /// A table with index and name; without it a table that lies beside the image under its name (.tsv), as BIDS has it; else labels are called by
    /// their numbers
    #[arg(help_heading = heading::REGIONS, long, value_name = "TSV")]
    labels: Option<PathBuf>,
    #[command(flatten)]
    places: PlaceArgs,
    /// one-sample, paired, two-sample, ancova, 2x2-mixed, ...
    ///
    /// Also 2x2-within, one-way-rm, two-way-rm and regression; a formula; or a matrix file
    #[arg(help_heading = heading::MODEL, long, value_name = "MODEL", value_parser = model, required = true)]
    model: Option<Model>,
    /// Column of the factor between subjects [default: group]
    #[arg(help_heading = heading::MODEL, long, value_name = "COLUMN")]
    between: Option<String>,
    /// Columns of the factors within subjects
    ///
    /// Without it those of condition, session and time that vary within subjects
    #[arg(help_heading = heading::MODEL, long, value_name = "COLUMNS", value_delimiter = ',')]
    within: Vec<String>,
    /// Columns of numbers that enter the model: 'age,baseline'
    #[arg(help_heading = heading::MODEL, long, value_name = "COLUMNS", value_delimiter = ',')]
    covariates: Vec<String>,
    /// Centre covariates about: overall, group or none
    ///
    /// `overall`: the mean of the subjects of a contrast; `group`: that of each group; `none`: they enter as they are
    #[arg(help_heading = heading::MODEL, hide_possible_values = true, long, value_enum, value_name = "HOW", default_value = "overall")]
    centre: CentreName,
    /// The error of a contrast: partitioned or pooled
    #[arg(help_heading = heading::MODEL, hide_possible_values = true, long, value_enum, value_name = "WHICH", default_value = "partitioned")]
    error: ErrorName,
    /// Variance: equal, welch or mixed
    ///
    /// `welch`: each group has its own, with Satterthwaite's degrees of freedom at each voxel; `mixed`: that of each subject's effect (column
    /// variance, or stat-variance beside stat-effect) and that between subjects, by restricted maximum likelihood
    #[arg(help_heading = heading::MODEL, hide_possible_values = true, long, value_enum, value_name = "WHICH", default_value = "equal")]
    variance: VarianceName,
    /// What mixed variances are multiplied by
    ///
    /// `knapp-hartung`: q = sum w e^2 / (n - p); `at-least-one`: q, or 1 where it is less; `not`: 1
    #[arg(help_heading = heading::MODEL, hide_possible_values = true, long, value_enum, value_name = "HOW", default_value = "knapp-hartung")]
    inflate: InflateName,
    /// t contrast: 'name=expression', an expression, or the model's own
    #[arg(help_heading = heading::MODEL, short, long, value_name = "CONTRAST", allow_hyphen_values = true)]
    contrast: Vec<String>,
    /// F contrast: 'name=row; row'
    #[arg(help_heading = heading::MODEL, long, value_name = "CONTRAST", allow_hyphen_values = true)]
    f_contrast: Vec<String>,
    /// The least number of subjects at a voxel
    ///
    /// Without it a voxel needs all; with it degrees of freedom vary, and maps of them and of the subjects are written
    #[arg(help_heading = heading::MODEL, long, value_name = "N")]
    min_subjects: Option<usize>,
    /// Take 0 in a map for a value
    ///
    /// Without it a 0 is a voxel outside the subject's brain, as maps of most programs have it
    #[arg(help_heading = heading::MODEL, long)]
    zeros_count: bool,
    /// Correct p without rearranging: 'fdr,rft'
    ///
    /// fdr (Benjamini and Hochberg), fdry (Yekutieli), bonferroni, holm, rft (random fields: height, and clusters formed at --cluster-forming
    /// or --table-p)
    #[arg(help_heading = heading::CORRECTION, hide_possible_values = true, long, value_name = "HOW", value_enum, value_delimiter = ',')]
    correct: Vec<CorrectionName>,
    /// A search volume chosen beforehand: 'pag=tube:...'
    ///
    /// Spelled as --roi; of a table or a labelled image each row or label is one. p is corrected within each, not for how many there are
    #[arg(help_heading = heading::CORRECTION, long, value_name = "VOLUME", allow_hyphen_values = true)]
    svc: Vec<GivenRegion>,
    /// Which voxels touch: 6, 18 or 26
    #[arg(help_heading = heading::OUTPUT, long, value_name = "N", default_value = "6", value_parser = ["6", "18", "26"], hide_possible_values = true)]
    connectivity: String,
    /// Uncorrected p that forms the table's clusters
    ///
    /// With --cluster-forming that of it, so that sizes and their p are of the same clusters
    #[arg(help_heading = heading::OUTPUT, long, value_name = "P", default_value = "0.001", value_parser = forming_p)]
    table_p: f64,
    /// Maps of effect sizes with confidence limits
    ///
    /// Hedges g of t (95 %), partial eta squared of F (90 %), from the noncentral distributions
    #[arg(help_heading = heading::OUTPUT, long)]
    effect_sizes: bool,
    /// p of t counts both tails
    #[arg(help_heading = heading::OUTPUT, long)]
    two_sided: bool,
    /// p by so many rearrangements of the subjects
    ///
    /// Sign flips for means, exchange for comparisons (Freedman and Lane); all that there are where they are no more. Uncorrected, and corrected
    /// for all voxels by the largest statistic
    #[arg(help_heading = heading::PERMUTATION, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    permutations: Option<u64>,
    /// Seed of random rearrangements
    #[arg(help_heading = heading::PERMUTATION, long, value_name = "N", default_value_t = 1, requires = "permutations")]
    seed: u64,
    /// Column of blocks: subjects are exchanged within them
    ///
    /// Sites, families; --whole-blocks exchanges (or flips) blocks as they are
    #[arg(help_heading = heading::PERMUTATION, long, value_name = "COLUMN", requires = "permutations")]
    blocks: Option<String>,
    /// Exchange blocks as a whole
    ///
    /// Those of --blocks; of a formula with several maps a subject, the subjects
    #[arg(help_heading = heading::PERMUTATION, long, requires = "permutations")]
    whole_blocks: bool,
    /// Threshold-free cluster enhancement: exact, fsl or nilearn
    ///
    /// `exact` (without a value) is the integral; the others sum as those programs do
    #[arg(help_heading = heading::PERMUTATION, hide_possible_values = true, long, value_enum, value_name = "HOW", num_args = 0..=1, default_missing_value = "exact", requires = "permutations")]
    tfce: Option<TfceName>,
    /// p that forms clusters, for their extent and mass: 0.001
    #[arg(help_heading = heading::PERMUTATION, long, value_name = "P", requires = "permutations", value_parser = forming_p)]
    cluster_forming: Option<f64>,
    /// Small corrected p by a generalised Pareto tail
    ///
    /// Fitted to the largest statistics (Winkler et al. 2016), where it fits; finer than one over the rearrangements
    #[arg(help_heading = heading::PERMUTATION, long, requires = "permutations")]
    pareto_tail: bool,
    /// Compute part k of n alone: '2/4'
    ///
    /// `boldly group merge` joins the parts; each needs a folder of its own
    #[arg(help_heading = heading::PERMUTATION, long, value_name = "K/N", requires = "permutations", value_parser = shard)]
    shard: Option<[u64; 2]>,
    /// Correct p for all contrasts together
    #[arg(help_heading = heading::PERMUTATION, long, requires = "permutations")]
    fwe_across_contrasts: bool,
    /// Image of the anatomy below the pictures' statistic
    ///
    /// In the space of the maps, on any grid; without it the mask is drawn in grey
    #[arg(help_heading = heading::OUTPUT, long, value_name = "IMAGE")]
    underlay: Option<PathBuf>,
    /// Draw no pictures, and no page
    #[arg(help_heading = heading::OUTPUT, long)]
    no_pictures: bool,
    /// Give the page live maps, and the methods in words
    ///
    /// group.html with a viewer for each contrast (a threshold to move; a table of peaks that leads to them), warnings by how much they matter and the methods in words with references; it
    /// still is one file that needs no network
    #[arg(help_heading = heading::OUTPUT, long, conflicts_with = "no_pictures")]
    report: bool,
    /// Show the model and stop: contrasts in words, designs, degrees of freedom
    #[arg(help_heading = heading::RUNNING, long)]
    dry_run: bool,
    /// The folder to write into
    #[arg(help_heading = heading::OUTPUT, short, long, value_name = "DIR", required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    #[command(flatten)]
    work: WorkArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Sub {
    /// Join the parts that boldly group --shard computed
    Merge(MergeArgs),
}

/// Join the parts that boldly group --shard computed: the outputs are those of one run.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Parts are of one command, but for --shard, on the same maps. A finished run is a part, too: parts of a larger --permutations add to it, as random \
rearrangement i depends on the seed and i alone.

Example: for k in 1 2 3 4; do boldly group --maps maps.tsv ... --permutations 20000 --shard $k/4 --out part$k; done
  boldly group merge part1 part2 part3 part4 --out group/")]
struct MergeArgs {
    /// The parts' folders, or their tallies
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    /// The folder to write into
    #[arg(help_heading = heading::OUTPUT, short, long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    work: WorkArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum CentreName {
    Overall,
    Group,
    None,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ErrorName {
    Partitioned,
    Pooled,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum VarianceName {
    Equal,
    Welch,
    Mixed,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum InflateName {
    KnappHartung,
    AtLeastOne,
    Not,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum CorrectionName {
    Fdr,
    Fdry,
    Bonferroni,
    Holm,
    Rft,
}

impl From<CorrectionName> for Correction {
    fn from(name: CorrectionName) -> Correction {
        match name {
            CorrectionName::Fdr => Correction::Fdr,
            CorrectionName::Fdry => Correction::Fdry,
            CorrectionName::Bonferroni => Correction::Bonferroni,
            CorrectionName::Holm => Correction::Holm,
            CorrectionName::Rft => Correction::Rft,
        }
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum TfceName {
    Exact,
    Fsl,
    Nilearn,
}

fn shard(text: &str) -> std::result::Result<[u64; 2], String> {
    let numbers = text.split_once('/').and_then(|(k, n)| Some([k.parse().ok()?, n.parse().ok()?]));
    numbers.filter(|[k, n]| (1..=*n).contains(k)).ok_or_else(|| {
        "it must be k/n with k from 1 to n, such as 2/4 for the second of four parts".to_owned()
    })
}

fn forming_p(text: &str) -> std::result::Result<f64, String> {
    text.parse().ok().filter(|p| *p > 0.0 && *p < 0.5).ok_or_else(|| {
        "it must be a probability between 0 and 0.5, such as 0.001 (a p, not a t)".to_owned()
    })
}

fn model(text: &str) -> std::result::Result<Model, String> {
    if let Some(model) = Model::WORDS.into_iter().find(|model| model.name() == text) {
        return Ok(model);
    }
    if [".tsv", ".txt", ".mat"].iter().any(|ending| text.ends_with(ending)) {
        return Ok(Model::Matrix(PathBuf::from(text)));
    }
    let names: Vec<String> = Model::WORDS.iter().map(|model| model.name().to_owned()).collect();
    let is_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let like = closest(text, &names);
    // A word with hyphens is no formula: age-weight leaves weight out of nothing.
    if like.is_some()
        || text.is_empty()
        || text.contains('-') && text.chars().all(is_word) && text != "-1"
    {
        return Err(format!(
            "it must be one of {}, a formula such as 'group * session + age', or a matrix (.tsv, .txt, .mat){}",
            names.join(", "),
            like.map_or(String::new(), |name| format!("; did you mean {name}?"))
        ));
    }
    Ok(Model::Formula(text.to_owned()))
}

impl Args {
    pub(super) fn run(mut self, started: Instant) -> Result<ExitCode> {
        if let Some(Sub::Merge(merge)) = self.merge.take() {
            return merge.run(started);
        }
        let out = self.out.take().filter(|_| !self.dry_run);
        let (spec, work) = self.spec()?;
        let Some(out) = out else {
            let described = group::described(&spec)?;
            match work.is_json() {
                true => say::json(&serde_json::json!({ "described": described }))?,
                false => say::result(&described)?,
            }
            return Ok(ExitCode::SUCCESS);
        };
        work.run(started, Layout::folder(&out), |_| Ok(Command::Group(spec)))
    }

    /// The command that the options make, and where it is to run.
    pub(super) fn spec(self) -> Result<(GroupSpec, WorkArgs)> {
        let (Some(maps), Some(model)) = (self.maps, self.model) else {
            return Err(Error::usage(
                "boldly group",
                "comes without a table of maps and a model",
                "come with --maps, --model and --out",
                "boldly group --help has an example",
            ));
        };
        let has_places = self.atlas.is_some() || !self.region.is_empty() || !self.svc.is_empty();
        let idle = if has_places { None } else { self.places.idle() };
        let has_named = !self.region.is_empty() || !self.svc.is_empty();
        let idle = idle.or(self.labels.as_ref().filter(|_| !has_named).map(|_| "--labels"));
        if let Some(idle) = idle {
            return Err(Error::usage(
                idle,
                "comes without regions",
                "come with regions, which it is about",
                "name them, as in --roi 'pag=tube:0,-31,-8:0,-36,-16:1.25,3'",
            ));
        }
        let of_labels = [&self.region[..], &self.svc].concat();
        check_labels(self.labels.as_deref(), &of_labels)?;
        let permute = self.permutations.map(|n| PermuteOptions {
            n,
            seed: self.seed,
            blocks: self.blocks,
            whole: self.whole_blocks,
            tfce: self.tfce.map(|tfce| match tfce {
                TfceName::Exact => TfceConvention::Exact,
                TfceName::Fsl => TfceConvention::Fsl,
                TfceName::Nilearn => TfceConvention::Nilearn,
            }),
            cluster_p: self.cluster_forming,
            across: self.fwe_across_contrasts,
            shard: self.shard,
            pareto: self.pareto_tail,
        });
        let spec = GroupSpec {
            table: maps,
            of: self.of,
            model,
            between: self.between,
            within: self.within,
            covariates: self.covariates,
            centre: match self.centre {
                CentreName::Overall => Centre::Overall,
                CentreName::Group => Centre::Group,
                CentreName::None => Centre::None,
            },
            error: match self.error {
                ErrorName::Partitioned => ErrorTerm::Partitioned,
                ErrorName::Pooled => ErrorTerm::Pooled,
            },
            variance: match self.variance {
                VarianceName::Equal => GroupVariance::Equal,
                VarianceName::Welch => GroupVariance::Welch,
                VarianceName::Mixed => GroupVariance::Mixed,
            },
            inflated: match self.inflate {
                InflateName::KnappHartung => Inflated::KnappHartung,
                InflateName::AtLeastOne => Inflated::AtLeastOne,
                InflateName::Not => Inflated::Not,
            },
            contrasts: self.contrast,
            f_contrasts: self.f_contrast,
            mask: self.mask,
            least_subjects: self.min_subjects,
            zeros_count: self.zeros_count,
            two_sided: self.two_sided,
            sizes: self.effect_sizes,
            touch: self.connectivity.parse().unwrap_or(6),
            table_p: self.table_p,
            atlas: self.atlas,
            atlas_names: self.atlas_names,
            regions: self.region,
            region_names: self.labels,
            coordinates: self.places.coordinates,
            shift_mm: self.places.shift,
            corrections: self.correct.into_iter().map(Correction::from).collect(),
            volumes: self.svc,
            underlay: self.underlay,
            no_pictures: self.no_pictures,
            report: self.report,
            permute,
        };
        Ok((spec, self.work))
    }
}

impl MergeArgs {
    fn run(self, started: Instant) -> Result<ExitCode> {
        let Parts { spec, given } = group::parts(&self.parts)?;
        let layout = Layout::folder(&self.out);
        let command = Command::Group(spec.clone());
        self.work.work(started, |session| {
            weigh::settle(session, [&command]);
            let mut written = Written::new(layout, self.work.replace.choice())?;
            written.begin(session, &command)?;
            let files: Vec<_> = command.inputs().into_iter().map(|(_, path)| path).collect();
            written.reads(&files)?;
            group::run_with(&spec, given, session, &mut written)?;
            Ok(written)
        })
    }
}
