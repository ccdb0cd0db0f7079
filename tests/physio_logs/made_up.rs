//! Logs made from a simulated pulse and breath, each in the words of its format. None is a recording of a scanner.

use std::fmt::Write;

use crate::physio_common::{breathing, dicrotic, pulse, resting};

/// TR, volumes and slices of the run that all logs belong to.
pub const TR: f64 = 1.5;
pub const N_VOLUMES: usize = 40;
pub const N_SLICES: usize = 6;
/// The logs begin this long before the first volume, seconds.
pub const LEAD_S: f64 = 5.0;
/// Start of the first volume on the scanner's clock, seconds since midnight (near midnight on purpose).
pub const FIRST_VOLUME_OF_DAY_S: f64 = 86_395.0;
const LASTS_S: f64 = 70.0;

/// Pulse and breath in 0 to 4095 from 5 s before the first volume to 5 s after the last, and the true beats, seconds
/// relative to the first volume.
pub fn signals(hz: f64) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (trace, beats) = pulse(hz, LASTS_S, -LEAD_S, resting, dicrotic);
    let breath = breathing(hz, LASTS_S, -LEAD_S);
    let scaled = |x: &[f64], gain: f64| x.iter().map(|v| (2000.0 + gain * v).round()).collect();
    (scaled(&trace.samples, 1000.0), scaled(&breath.samples, 700.0), beats)
}

/// Siemens VB; `kind` is PULS or RESP. With codes, a block of text and a footer.
pub fn vb(kind: &str) -> String {
    let (pulse, breath, _) = signals(50.0);
    vb_of(kind, if kind == "PULS" { &pulse } else { &breath })
}

/// The same of given samples at 50 Hz.
pub fn vb_of(kind: &str, x: &[f64]) -> String {
    let header = if kind == "PULS" { "1 2 40 280" } else { "1 2 20 2" };
    let mut text = format!("{header} 5002 LOGVERSION_{kind}   1 6002 ");
    for (n, v) in x.iter().enumerate() {
        write!(text, "{v} ").unwrap();
        if n % 60 == 40 {
            text += "5000 ";
        }
        if n % 60 == 45 {
            text += "6000 ";
        }
    }
    text + "5003\n" + &footer(x.len(), 50.0)
}

fn footer(n: usize, hz: f64) -> String {
    let start = ((FIRST_VOLUME_OF_DAY_S - LEAD_S) * 1000.0) as u64;
    let stop = (start + (n as f64 / hz * 1000.0) as u64) % 86_400_000;
    format!(
        "ECG  Freq Per: 0 0\nPULS Freq Per: 66 900\nLogStartMDHTime:  {start}\nLogStopMDHTime:   {stop}\n\
         LogStartMPCUTime: {start}\nLogStopMPCUTime:  {stop}\n6003"
    )
}

/// Siemens VB `.ext`: 200 Hz, a trigger code at the start of each volume.
pub fn ext() -> String {
    let mut text = "1 2 40 280 ".to_string();
    let n = (LASTS_S * 200.0) as usize;
    for i in 0..n {
        let t = i as f64 / 200.0 - LEAD_S;
        let volume = (t / TR).round();
        let at_trigger = (t - volume * TR).abs() < 1e-9;
        if at_trigger && (0.0..N_VOLUMES as f64).contains(&volume) {
            text += "5000 ";
        }
        text += "0 ";
    }
    text + "5003\n" + &footer(n, 200.0)
}

const UUID: &str =
    "UUID        = 11111111-2222\nScanDate    = 20200101_120000\nLogVersion  = EJA_1\n";

fn tics(t: f64) -> u64 {
    ((FIRST_VOLUME_OF_DAY_S + t) / 0.0025).round() as u64 % 34_560_000
}

/// Siemens VD; `kind` is PULS or RESP. Over midnight; a lost sample, a duplicate, a short gap.
pub fn vd(kind: &str) -> String {
    let (pulse, breath, _) = signals(50.0);
    vd_of(kind, if kind == "PULS" { &pulse } else { &breath })
}

/// The same of given samples at 50 Hz.
pub fn vd_of(kind: &str, x: &[f64]) -> String {
    let mut text = format!(
        "{UUID}LogDataType = {kind}\nSampleTime  = 8\n\nACQ_TIME_TICS  CHANNEL  VALUE  SIGNAL\n\n"
    );
    for (n, v) in x.iter().enumerate() {
        if n == 200 || (300..310).contains(&n) {
            continue;
        }
        let signal = if n % 45 == 7 { " PULS_TRIGGER" } else { "" };
        let line = format!("{:>12} {kind:>8} {v:>6}{signal}\n", tics(n as f64 / 50.0 - LEAD_S));
        text += &line;
        if n == 400 {
            text += &line;
        }
    }
    text
}

/// Siemens VD `_Info.log`: slices interleaved, multiband 2.
pub fn info() -> String {
    let mut text = format!(
        "{UUID}LogDataType = ACQUISITION_INFO\nNumSlices   = {N_SLICES}\nNumVolumes  = {N_VOLUMES}\nNumEchoes   = 1\n\n\
         VOLUME   SLICE   ACQ_START_TICS  ACQ_FINISH_TICS  ECHO\n\n"
    );
    for volume in 0..N_VOLUMES {
        for (shot, slices) in [[0, 3], [2, 5], [1, 4]].iter().enumerate() {
            for slice in slices {
                let t = volume as f64 * TR + shot as f64 * 0.5;
                writeln!(
                    text,
                    "{volume:>6} {slice:>7} {:>15} {:>15} {:>5}",
                    tics(t),
                    tics(t + 0.05),
                    0
                )
                .unwrap();
            }
        }
    }
    text + "FirstTime   = 1\nLastTime    = 2\n"
}

/// Philips SCANPHYSLOG after the description in `src/io/physio/philips.rs`; 496 Hz.
pub fn philips() -> String {
    let (pulse, breath, _) = signals(496.0);
    philips_of(&pulse, &breath)
}

/// The same of given samples at 496 Hz.
pub fn philips_of(pulse: &[f64], breath: &[f64]) -> String {
    let mut text = "## Made for a test, not by a scanner\n## Dockable table = FALSE\n\
                    # v1raw v2raw  v1 v2  ppu resp  gx gy gz mark\n"
        .to_string();
    let end = ((LEAD_S + N_VOLUMES as f64 * TR) * 496.0).round() as usize;
    for (n, (p, r)) in pulse.iter().zip(breath).enumerate() {
        let mark = if n == end {
            "0020"
        } else if n == 900 {
            "0010"
        } else {
            "0000"
        };
        writeln!(text, "-12 4  3 -7  {p} {r}  0 0 0 {mark}").unwrap();
    }
    text
}

/// One number a line.
pub fn lines(x: &[f64]) -> String {
    x.iter().map(|v| format!(" {v}\n")).collect()
}

/// Trigger, breath, pulse and something else in columns at 100 Hz.
pub fn columns(separator: &str) -> String {
    let (pulse, breath, _) = signals(100.0);
    columns_of(separator, &pulse, &breath)
}

/// The same of given samples at 100 Hz.
pub fn columns_of(separator: &str, pulse: &[f64], breath: &[f64]) -> String {
    let mut text = String::new();
    for (n, (p, r)) in pulse.iter().zip(breath).enumerate() {
        let t = n as f64 / 100.0 - LEAD_S;
        let volume = (t / TR + 1e-9).floor();
        let high = t - volume * TR < 0.0399 && (0.0..N_VOLUMES as f64).contains(&volume);
        let cells = [f64::from(u8::from(high)), *r, *p, 7.0].map(|v| v.to_string());
        text += &(cells.join(separator) + "\n");
    }
    text
}

/// The JSON beside a BIDS recording of [`columns`] with tabs.
pub const BIDS_JSON: &str = "{\"SamplingFrequency\": 100, \"StartTime\": -5, \
     \"Columns\": [\"trigger\", \"respiratory\", \"cardiac\", \"other\"]}";
