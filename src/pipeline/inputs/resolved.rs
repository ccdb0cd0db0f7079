//! What a run's options and files came to.

use serde_json::{Map, Value, json};

use super::Run;
use crate::pipeline::provenance::SMOOTHED;

/// What a run's options and files came to, for the sidecar.
#[must_use]
pub fn resolved(run: &Run) -> Map<String, Value> {
    let mut values = Map::new();
    let n_volumes = run.header.n_volumes();
    values.insert("volumes".to_owned(), json!(n_volumes));
    if run.kept.len() < n_volumes {
        values.insert("volumes_fitted".to_owned(), json!(run.kept.len()));
        values.insert("censored".to_owned(), json!(run.left_out));
    }
    values.insert("columns".to_owned(), json!(run.design.names));
    if let Some(a) = &run.acquisition {
        values.insert("repetition_time_s".to_owned(), json!(a.tr));
        values.insert("first_frame_time_s".to_owned(), json!(a.start_time));
        values.insert("slice_times_s".to_owned(), json!(a.slice_times));
    }
    run.task.iter().for_each(|task| task.resolved(&mut values));
    if let Some(slices) = run.slices() {
        values.insert("slice_columns".to_owned(), json!(slices.names));
    }
    if run.level.is_some() {
        values.insert("read_less_mean".to_owned(), json!(true));
    }
    if let Some(carried) = &run.carried {
        values.insert("carried_columns".to_owned(), json!(carried.groups.names));
    }
    if !run.smoothed.is_empty() {
        values.insert(SMOOTHED.to_owned(), json!(run.smoothed));
    }
    if let Some(survived) = &run.survived {
        values.insert("spent_before".to_owned(), json!(survived));
    }
    if let Some((moment, moment_s)) = run.moment {
        values.insert("volume_wise_at".to_owned(), json!(moment));
        values.insert("volume_wise_at_s".to_owned(), json!(moment_s));
    }
    values
}
