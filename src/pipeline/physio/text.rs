//! The columns as text that other tools read: BIDS, a table by slice, AFNI's slibase, PhysIO's multiple regressors.

use std::fmt::Write;

use super::{Moment, PhysioResult};
use crate::physio::describe;
use crate::table::dictionary::{DataDictionary, Entry};
use crate::volume::SliceGroups;

/// `[volume][column]` with a header, every digit.
pub(super) fn volume_wise(result: &PhysioResult) -> String {
    let mut text = result.physio.retroicor.groups.names.join("\t") + "\n";
    for row in result.physio.columns.rows() {
        let cells: Vec<String> = row.iter().map(f64::to_string).collect();
        text += &cells.join("\t");
        text.push('\n');
    }
    text
}

/// PhysIO's form: the same numbers without a header.
pub(super) fn multiple_regressors(result: &PhysioResult) -> String {
    let mut text = String::new();
    for row in result.physio.columns.rows() {
        let cells: Vec<String> = row.iter().map(|v| format!("{v:23.16e}")).collect();
        text += &cells.join("\t");
        text.push('\n');
    }
    text
}

/// One row for each volume and slice.
pub(super) fn slice_wise(result: &PhysioResult, slices: &SliceGroups) -> String {
    let acquisition = &result.acquisition;
    let times = acquisition.slice_times.as_deref().unwrap_or_default();
    let mut text = format!("volume\tslice\ttime\t{}\n", slices.names.join("\t"));
    for volume in 0..acquisition.n_volumes {
        for (slice, &group) in slices.group_of_plane.iter().enumerate() {
            let time_s = volume as f64 * acquisition.tr + times.get(slice).copied().unwrap_or(0.0);
            // Writing to a String cannot fail.
            let _ = write!(text, "{volume}\t{slice}\t{time_s:.6}");
            for value in slices.columns[group].row(volume) {
                let _ = write!(text, "\t{value:.8}");
            }
            text.push('\n');
        }
    }
    text
}

/// AFNI's form, as RetroTS writes it: a row a volume, all columns of slice 0, then of slice 1, ...
pub(super) fn slibase(slices: &SliceGroups) -> String {
    let n_volumes = slices.columns.first().map_or(0, |c| c.nrows());
    let planes = || slices.group_of_plane.iter().enumerate();
    let labels: Vec<String> = planes()
        .flat_map(|(k, _)| slices.names.iter().map(move |name| format!("s{k:03}.{name}")))
        .collect();
    let mut text = format!(
        "# <RetroTSout\n# ni_type = \"{}*double\"\n# ni_dimen = \"{n_volumes}\"\n# ColumnLabels = \" {} \"\n# >\n",
        labels.len(),
        labels.join(" ; ")
    );
    for volume in 0..n_volumes {
        for (_, &group) in planes() {
            for value in slices.columns[group].row(volume) {
                let _ = write!(text, "{value:.8} ");
            }
        }
        text.push('\n');
    }
    text + "# </RetroTSout>\n"
}

/// The JSON beside the volume-wise columns.
pub(super) fn description(result: &PhysioResult) -> DataDictionary {
    let moment = match result.moment {
        Moment::MiddleSlice => "the slice in the middle of the slice times",
        Moment::FrameTime => "the frame time; slice times are not known or were corrected for",
        Moment::MiddleOfVolume => "half a repetition time into the volume; the run was resampled",
    };
    let first_s = result.physio.moment_s;
    DataDictionary::of(format!(
        "Physiological columns ({}) at one moment of each volume, {first_s} s after its start: {moment}; each column has mean 0",
        result.physio.retroicor.summary.terms
    ))
    .fact("SamplingFrequency", 1.0 / result.acquisition.tr)
    .fact("StartTime", first_s)
    .columns(columns(result))
}

/// The JSON beside the table by slice.
pub(super) fn slice_description(result: &PhysioResult) -> DataDictionary {
    let time = "Moment the slice was acquired, relative to the start of the first volume";
    DataDictionary::of(
        "Physiological columns at each slice's own time, eight decimals; each column has mean 0 over the volumes of a slice",
    )
    .column("volume", "Volume, from 0")
    .column("slice", "Plane k of the image, from 0, in file order")
    .column("time", Entry::of(time).in_units("s"))
    .columns(columns(result))
}

fn columns(result: &PhysioResult) -> impl Iterator<Item = (String, Entry)> {
    let names = result.physio.retroicor.groups.names.iter();
    names.map(|name| (name.clone(), Entry::made(describe(name))))
}
