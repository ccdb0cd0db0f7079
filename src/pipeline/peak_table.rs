//! The peak table: beats and breaths as BIDS events (`onset`, `duration`, `channel`, `status`) that a person can edit and
//! boldly reads back with `--peaks`. Onsets are written so that reading gives the same number to the last bit.

use std::path::Path;

use crate::error::{Error, Result};
use crate::io;
use crate::physio::{Channel, Peak, Peaks, Retroicor, Status};
use crate::table::Table;
use crate::table::dictionary::{DataDictionary, Entry};

const CHANNELS: [Channel; 2] = [Channel::Cardiac, Channel::Respiratory];
const STATUSES: [Status; 3] = [Status::Ok, Status::Added, Status::Removed];

/// Read a peak table; rows in any order, further columns are ignored.
///
/// # Errors
/// Missing input without the file; bad data naming line and column.
pub fn read(path: &Path) -> Result<Peaks> {
    let table = io::tsv::read(path)?;
    let shown = path.display();
    let column = |name: &str| {
        table.position(name).ok_or_else(|| {
            Error::bad_data(
                shown.to_string(),
                format!("has the columns {}", table.columns.join(", ")),
                "have onset, channel and status",
                format!("add {name}; boldly physio writes such a table"),
            )
        })
    };
    let (onset, channel, status) = (column("onset")?, column("channel")?, column("status")?);
    let mut peaks = Vec::with_capacity(table.rows.len());
    for (row, cells) in table.rows.iter().enumerate() {
        let bad = |name: &str, cell: &str, expected: &str, hint: &str| {
            Error::bad_data(
                format!("{shown}, line {}, column {name},", row + 2),
                format!("holds '{cell}'"),
                expected,
                hint,
            )
        };
        let text = cells[onset].trim();
        let onset_s = text.parse::<f64>().ok().filter(|t| t.is_finite()).ok_or_else(|| {
            let hint = "0 is the start of the first volume; write a decimal point";
            bad("onset", text, "be a number of seconds", hint)
        })?;
        let text = cells[channel].trim();
        let found = CHANNELS.into_iter().find(|c| c.name() == text);
        let channel = found.ok_or_else(|| bad("channel", text, "be cardiac or respiratory", ""))?;
        let text = cells[status].trim();
        let found = STATUSES.into_iter().find(|s| s.name() == text);
        let status = found.ok_or_else(|| {
            let hint = "ok and added count as peaks, removed does not";
            bad("status", text, "be ok, added or removed", hint)
        })?;
        peaks.push(Peak { onset_s, channel, status });
    }
    if peaks.is_empty() {
        return Err(Error::bad_data(
            shown.to_string(),
            "holds no peaks",
            "hold a row for each beat or breath",
            "leave --peaks out to detect them",
        ));
    }
    Ok(Peaks { name: table.name, peaks })
}

/// What was found, and of the channels that `known` has, what it says: in order of time.
#[must_use]
pub fn of(retroicor: &Retroicor, known: &Peaks) -> Peaks {
    let known_has = |channel| known.peaks.iter().any(|p| p.channel == channel);
    let mut peaks = known.peaks.clone();
    if let Some(beats) = retroicor.beats.as_ref().filter(|_| !known_has(Channel::Cardiac)) {
        peaks.extend(beats.times_s.iter().map(|&onset_s| Peak {
            onset_s,
            channel: Channel::Cardiac,
            status: if beats.filled_s.contains(&onset_s) { Status::Added } else { Status::Ok },
        }));
    }
    if !known_has(Channel::Respiratory) {
        let breaths = retroicor.breaths.iter().flat_map(|b| &b.peaks_s);
        peaks.extend(breaths.map(|&onset_s| Peak {
            onset_s,
            channel: Channel::Respiratory,
            status: Status::Ok,
        }));
    }
    peaks.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    Peaks { name: known.name.clone(), peaks }
}

/// As a table to write.
#[must_use]
pub fn table(peaks: &Peaks) -> Table {
    let row = |p: &Peak| {
        vec![
            p.onset_s.to_string(),
            "n/a".to_owned(),
            p.channel.name().to_owned(),
            p.status.name().to_owned(),
        ]
    };
    Table {
        name: peaks.name.clone(),
        columns: ["onset", "duration", "channel", "status"].map(str::to_owned).to_vec(),
        rows: peaks.peaks.iter().map(row).collect(),
    }
}

/// The JSON beside it.
#[must_use]
pub fn description() -> DataDictionary {
    let onset = "Moment of the peak relative to the start of the first volume; not moved by --align when read back";
    let status =
        "Whether the peak counts; edit it, or add rows, and give the table back with --peaks";
    let channels = [
        ("cardiac", "A heart beat: the maximum of the pulse wave, or the R wave"),
        (
            "respiratory",
            "A breath: the highest point of the breathing trace. RVT by peaks is made from them; the respiratory phase follows the trace itself",
        ),
    ];
    let statuses = [
        ("ok", "Seen in the trace; counts"),
        ("added", "Put in where an interval holds two or more periods, or by hand; counts"),
        ("removed", "Not a peak; does not count"),
    ];
    DataDictionary::default().columns([
        ("onset", Entry::of(onset).in_units("s")),
        ("duration", Entry::of("Not defined for a peak: n/a")),
        ("channel", Entry::of("What the peak belongs to").levels(&channels)),
        ("status", Entry::of(status).levels(&statuses)),
    ])
}
