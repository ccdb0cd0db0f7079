//! Forms that a scanner or a tool gives the same recordings: tables by spaces or commas, HCP's text, DICOM, unused sensors,
//! several leads.

use std::fmt::Write;

use boldly::io::physio::{PlacedBy, Scan};

use crate::made_up::*;
use crate::physio_common::Random;
use crate::{is, notes, put, read, refused, says, scan, shared};

fn run() -> Scan {
    scan(TR, N_VOLUMES, N_SLICES)
}

#[test]
fn a_table_by_spaces_is_read_with_a_note_and_commas_are_named() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "x_physio.json", BIDS_JSON);
    let at = |text: String| [put(folder.path(), "x_physio.tsv", text)];
    let want = read(&at(columns("\t")), &[], &run()).unwrap();
    assert!(!notes(&want).contains("spaces"), "{}", notes(&want));
    let spaced = columns(" ").replace('\n', "\r\n");
    for text in [spaced.clone(), spaced.replace(' ', "   "), format!("  {spaced}")] {
        let logs = read(&at(text), &[], &run()).unwrap();
        assert!(logs.recording == want.recording);
        says(&notes(&logs), &["separated by spaces"]);
    }
    for (separator, name) in [(",", "commas"), (", ", "commas"), (";", "semicolons")] {
        says(&refused(&at(columns(separator)), &[], &run()), &["line 1", name, "tabs"]);
    }
}

#[test]
fn an_hcp_log_is_told_by_its_name_and_placed_by_its_trigger() {
    let folder = tempfile::tempdir().unwrap();
    let (pulse, breath, _) = signals(400.0);
    let mut text = String::new();
    for (n, (p, r)) in pulse.iter().zip(&breath).enumerate() {
        let t = n as f64 / 400.0 - LEAD_S + 1e-9;
        let in_scan = (0.0..N_VOLUMES as f64 * TR).contains(&t);
        let high = in_scan && t.rem_euclid(TR) < 0.73 * TR;
        writeln!(text, "{}\t{r}\t{p}", u8::from(high)).unwrap();
    }
    let bare = [put(folder.path(), "Physio_log.txt", text.clone())];
    says(&notes(&read(&bare, &[], &run()).unwrap()), &["(hcp)", "by its trigger"]);
    let paths = [put(folder.path(), "tfMRI_X_LR_Physio_log.txt", text)];
    let logs = read(&paths, &[], &run()).unwrap();
    is(&logs.recording.cardiac, 28_000, &pulse[..3], 400.0, -LEAD_S);
    is(&logs.recording.respiratory, 28_000, &breath[..3], 400.0, -LEAD_S);
    says(&notes(&logs), &["(hcp)", "by its trigger"]);
    let Some(real) = shared("physio-examples/Siemens_HCP/PPU3T/tfMRI_MOTOR_LR_Physio_log.txt")
    else {
        return;
    };
    let logs = read(&[real], &[], &Scan { n_slices: None, ..scan(0.72, 284, 91) }).unwrap();
    is(&logs.recording.cardiac, 81_793, &[1756.0], 400.0, 0.0);
}

#[test]
fn a_philips_pulse_channel_without_a_sensor_gives_way_to_the_ecg() {
    let folder = tempfile::tempdir().unwrap();
    let (pulse, breath, _) = signals(496.0);
    let mut random = Random(4);
    let unused: Vec<f64> = pulse.iter().map(|_| (random.uniform() * 4.0).floor()).collect();
    let text = philips_of(&unused, &breath);
    let mut samples = pulse.iter();
    let with_ecg = text.lines().map(|line| match line.strip_prefix("-12 4  3 ") {
        Some(rest) => format!("-12 4  {} {rest}\n", samples.next().unwrap()),
        None => format!("{line}\n"),
    });
    let paths = [put(folder.path(), "SCANPHYSLOG1.log", with_ecg.collect::<String>())];
    let logs = read(&paths, &["philips:hz=496"], &run()).unwrap();
    assert_eq!(logs.recording.cardiac.as_ref().unwrap().samples, pulse);
    says(&notes(&logs), &["ppu is flat: v1 (ECG) is taken"]);
    // Neither sensor: breathing alone.
    let paths = [put(folder.path(), "SCANPHYSLOG2.log", philips_of(&unused, &breath))];
    let logs = read(&paths, &["philips:hz=496"], &run()).unwrap();
    assert!(logs.recording.cardiac.is_none() && logs.recording.respiratory.is_some());
    says(&notes(&logs), &["cardiac is flat and left out"]);
}

#[test]
fn one_gap_in_four_leads_is_one_gap_of_the_lead_that_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let one = vd_of("ECG", &signals(50.0).0);
    let mut text = String::new();
    for line in one.lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [tic, "ECG", value, ..] => {
                for lead in 1..=4 {
                    let value = value.parse::<f64>().unwrap() * f64::from(lead) / 4.0;
                    writeln!(text, "{tic} ECG{lead} {value:.0}").unwrap();
                }
            }
            _ => writeln!(text, "{line}").unwrap(),
        }
    }
    let paths = [put(folder.path(), "Physio_ECG.log", text)];
    let logs = read(&paths, &["auto:start=-5"], &run()).unwrap();
    says(
        &notes(&logs),
        &["ECG4, the channel that varies most of 4", "1 gap, 0.22 s, left missing"],
    );
    says(&notes(&logs), &["1 lost samples", "1 samples at a time already seen"]);
}

#[test]
fn a_start_just_before_the_scan_is_no_minus_zero() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [put(folder.path(), "card.1D", lines(&signals(100.0).0))];
    let logs = read(&paths, &["afni-1d:hz=100:columns=cardiac:start=-0.00001"], &run()).unwrap();
    says(&notes(&logs), &["from 0.0000 s"]);
}

/// Logs in one private element, as a CMRR sequence leaves them, behind a sequence of undefined length.
pub fn dicom(logs: &[(&str, &str)]) -> Vec<u8> {
    let part = 1024 * (2 + logs.iter().map(|log| log.1.len()).max().unwrap() / 1024);
    let mut element = Vec::new();
    for (name, text) in logs {
        let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend(name.bytes());
        bytes.resize(1024, 0);
        bytes.extend(text.bytes());
        // What was there before is not wiped.
        bytes.resize(part, b'7');
        element.extend(bytes);
    }
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    file.extend(b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0");
    file.extend(b"\x08\x00\x60\x00CS\x02\x00MR");
    file.extend(b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff");
    file.extend(b"\x08\x00\x60\x00CS\x02\x00MR\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0");
    file.extend(b"\xe1\x7f\x10\x00LO\x04\x00CSA ");
    file.extend(b"\xe1\x7f\x10\x10OB\x00\x00");
    file.extend((element.len() as u32).to_le_bytes());
    [file, element].concat()
}

#[test]
fn the_logs_inside_a_dicom_file_are_those_beside_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (pulse, breath, info) = (vd("PULS"), vd("RESP"), info());
    let beside = [
        put(folder.path(), "Physio_PULS.log", &pulse),
        put(folder.path(), "Physio_RESP.log", &breath),
        put(folder.path(), "Physio_Info.log", &info),
    ];
    let want = read(&beside, &[], &run()).unwrap();
    let logs = [
        ("Physio_ECG.log", vd("ECG")),
        ("Physio_PULS.log", pulse.clone()),
        ("Physio_RESP.log", breath),
        ("Physio_Info.log", info),
    ];
    let logs = logs.each_ref().map(|(name, text)| (*name, text.as_str()));
    let bytes = dicom(&logs);
    let paths = [put(folder.path(), "x.dcm", &bytes)];
    let got = read(&paths, &[], &run()).unwrap();
    // Missing samples equal nothing, but look alike.
    let shown = |logs: &boldly::io::physio::Logs| {
        format!("{:?} {:?}", logs.recording.cardiac, logs.recording.respiratory)
    };
    assert!(shown(&got) == shown(&want));
    assert_eq!(got.timing.as_ref().unwrap().slice_times, want.timing.unwrap().slice_times);
    says(&notes(&got), &["Physio_PULS.log", "not used of x.dcm: Physio_ECG.log"]);
    let times = boldly::io::slice_times::read(&paths[0]).unwrap();
    assert_eq!(times, got.timing.unwrap().slice_times);

    // A file that is cut anywhere, or holds something else, is refused and never panics.
    for end in (0..600).chain((600..bytes.len()).step_by(997)) {
        let paths = [put(folder.path(), "cut.dcm", &bytes[..end])];
        assert!(read(&paths, &[], &run()).is_err(), "{end}");
    }
    let image = bytes.iter().map(|b| b ^ u8::from(*b == 0xe1)).collect::<Vec<u8>>();
    let paths = [put(folder.path(), "image.dcm", image)];
    says(&refused(&paths, &[], &run()), &["image.dcm", "holds no physiological log", "CMRR"]);
    let squeezed = String::from_utf8_lossy(&bytes[..160]).replace("1.2.1", "1.2.4");
    let paths = [put(folder.path(), "squeezed.dcm", squeezed)];
    says(&refused(&paths, &[], &run()), &["transfer syntax", "little endian"]);
    says(&refused(&beside[..1], &["siemens-dicom"], &run()), &["holds no physiological log"]);
}

#[test]
fn a_real_dicom_log_is_read_as_its_own_project_reads_it() {
    let Some(path) = shared("bidsphysio/samplePhysioCMRR.dcm") else { return };
    // Cut after seven volumes.
    let logs = read(&[path], &[], &Scan { placed_by: PlacedBy::Themselves, ..scan(2.0, 7, 64) });
    let logs = match logs {
        Err(e) if e.to_string().contains("a volume every") => {
            let tr = e.to_string().split("every ").nth(1).unwrap()[..6].parse().unwrap();
            let Some(path) = shared("bidsphysio/samplePhysioCMRR.dcm") else { return };
            read(&[path], &[], &scan(tr, 7, 64)).unwrap()
        }
        other => other.unwrap(),
    };
    let trace = logs.recording.cardiac.as_ref().unwrap();
    assert_eq!(
        (trace.sampling_hz, &trace.samples[..5]),
        (200.0, &[839.0, 847.0, 854.0, 861.0, 868.0][..])
    );
    assert!((trace.start_s + 12.0825).abs() < 1e-6, "{}", trace.start_s);
    let breath = logs.recording.respiratory.as_ref().unwrap();
    assert_eq!((breath.sampling_hz, breath.samples[0]), (50.0, 1448.0));
    says(&notes(&logs), &["_EXT.log", "last line is cut"]);
}
