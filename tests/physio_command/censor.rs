//! A recording that lost its pulse for a while: flagged in the summary, censored or carried through by choice in `physio`,
//! `retroicor` and `glm`, and the same again in `verify`.

use super::*;

#[test]
fn a_lost_stretch_is_censored_by_choice_in_every_command_and_verify_repeats_it() {
    let folder = study();
    let dir = folder.path();
    // 12 s of the pulse are lost from 30 s on; the record begins at StartTime with its first row.
    let json: serde_json::Value = serde_json::from_str(&read(dir, JSON)).unwrap();
    let (start_s, hz) =
        (json["StartTime"].as_f64().unwrap(), json["SamplingFrequency"].as_f64().unwrap());
    let names = json["Columns"].as_array().unwrap();
    let cardiac = names.iter().position(|n| n == "cardiac").unwrap();
    let mut bytes = Vec::new();
    let file = fs::File::open(dir.join(RECORD)).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(file), &mut bytes).unwrap();
    let is_lost = |row: usize| (30.0..42.0).contains(&(start_s + row as f64 / hz));
    let mut text = String::new();
    for (row, line) in String::from_utf8(bytes).unwrap().lines().enumerate() {
        let mut cells: Vec<&str> = line.split('\t').collect();
        if is_lost(row) {
            cells[cardiac] = "n/a";
        }
        text += &(cells.join("\t") + "\n");
    }
    let file = fs::File::create(dir.join(RECORD)).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
    gzip.finish().unwrap();

    let physio = "physio --physio RECORD --bold BOLD --terms 2/2/0 --out";
    well(dir, &format!("{physio} kept"));
    well(dir, &format!("{physio} censored --bad-stretches censor"));
    let summary = |name: &str| -> serde_json::Value {
        serde_json::from_str(&read(dir, &format!("{name}_desc-retroicor_summary.json"))).unwrap()
    };
    let (kept, censored) = (&summary("kept")["physio"], &summary("censored")["physio"]);
    let flagged = censored["flagged"].as_array().unwrap();
    let missing = flagged.iter().find(|f| f["reason"] == "missing").unwrap();
    assert_eq!(missing["channel"], "cardiac");
    assert!((missing["from_s"].as_f64().unwrap() - 30.0).abs() < 2.0 / hz);
    assert_eq!(kept["flagged"], censored["flagged"]);
    assert_eq!(
        (&kept["bad_stretches"], &censored["bad_stretches"]),
        (&"interpolate".into(), &"censor".into())
    );
    assert_eq!(kept["censored_volumes"].as_array().unwrap().len(), 0);
    let volumes = censored["censored_volumes"].as_array().unwrap();
    assert!(volumes.len() >= 12 / 3, "{volumes:?}");
    let table = numbers(&read(dir, "censored_desc-retroicorSlices_regressors.tsv"), 1, 0);
    for row in &table {
        // volume, slice, time, four cardiac, four respiratory columns
        let is_lost = (30.0..42.0).contains(&row[2]);
        assert!(!is_lost || row[3..7].iter().all(|v| *v == 0.0), "{row:?}");
        assert!(row[7..11].iter().all(|v| *v != 0.0), "breathing stays: {row:?}");
    }

    let events = "--events data/sub-01/func/sub-01_task-pain_events.tsv --device cpu -q";
    for (name, choice) in [("a", ""), ("b", "--bad-stretches censor")] {
        well(
            dir,
            &format!(
                "retroicor BOLD --physio RECORD --terms 2/0/0 {events} --out {name}.nii {choice}"
            ),
        );
        well(
            dir,
            &format!(
                "glm BOLD --physio RECORD --terms 2/0/0 --contrast pain {events} --out {name} {choice}"
            ),
        );
        well(dir, &format!("verify {name}.nii"));
        well(dir, &format!("verify {name}"));
    }
    assert!(fs::read(dir.join("a.nii")).unwrap() != fs::read(dir.join("b.nii")).unwrap());
    assert!(read(dir, "b.json").contains("\"bad_stretches\": \"censor\""));
    let t =
        |out: &str| fs::read(dir.join(out).join("contrast-pain_stat-t_statmap.nii.gz")).unwrap();
    assert!(t("a") != t("b"));
}
