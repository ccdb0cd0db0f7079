//! Networks that `boldly connect` wrote beside the edges of each run, compared between the arms as edges are.

use std::fs;
use std::path::{Path, PathBuf};

use boldly::io::tsv;

use super::command::{run, study as folder_of_study};
use super::edges::{SESSIONS, connect, runs};

const LINE: &str = "trial study --control placebo --baseline ses-baseline --endpoint ses-week13";

/// The dmn (pcc, mpfc) within itself and with the insula, of a run's edges: n/a where none is known.
fn means(cells: &[String]) -> [String; 2] {
    let mean = |edges: &[usize]| {
        let known: Vec<f64> = edges.iter().filter_map(|&edge| cells[edge].parse().ok()).collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        if known.is_empty() { "n/a".to_owned() } else { mean.to_string() }
    };
    [mean(&[3]), mean(&[0, 1])]
}

fn table(cells: &[String], pairs: usize) -> String {
    let [within, between] = means(cells);
    format!(
        "network_a\tnetwork_b\tmean_z\tr\tpairs\tpairs_known\ndmn\tdmn\t{within}\t0\t{pairs}\t1\n\
         dmn\tinsula\t{between}\t0\t2\t2\n"
    )
}

fn place(dir: &Path, who: &str, visit: usize, number: usize) -> PathBuf {
    dir.join(format!("connect/{who}/{}/task-rest_run-{}/networks.tsv", SESSIONS[visit], number + 1))
}

/// The rows of a table of the trial without what they are called and what all rows share.
fn numbers(path: &Path) -> Vec<Vec<String>> {
    let table = tsv::read(path).unwrap();
    let (from, to) = (table.position("active_n").unwrap(), table.position("p").unwrap());
    table.rows.into_iter().map(|row| row[from..=to].to_vec()).collect()
}

#[test]
fn networks_beside_the_edges_are_compared_as_edges_are() {
    let dir = folder_of_study();
    let dir = dir.path();
    connect(dir);
    run(dir, &format!("{LINE} --edges connect --out without"));
    assert!(!dir.join("without/networks.tsv").exists());
    let mut long = "participant_id\tsession_id\trun\tregion_a\tregion_b\tz\n".to_owned();
    for (who, visit, number, cells) in runs() {
        fs::write(place(dir, &who, visit, number), table(&cells, 1)).unwrap();
        let [_, between] = means(&cells);
        long += &format!("{who}\t{}\t{number}\tdmn\tinsula\t{between}\n", SESSIONS[visit]);
    }
    fs::write(dir.join("means.tsv"), long).unwrap();
    let (_, said) = run(dir, &format!("{LINE} --edges connect --out out"));
    assert!(said.contains("of 2 with q < .05 (networks.tsv)"), "{said}");
    run(dir, &format!("{LINE} --edges means.tsv --out means"));
    let found = tsv::read(&dir.join("out/networks.tsv")).unwrap();
    let names: Vec<&[String]> = found.rows.iter().map(|row| &row[..2]).collect();
    assert_eq!(names, [["dmn", "dmn"], ["dmn", "insula"]]);
    let rows = numbers(&dir.join("out/networks.tsv"));
    // Within the dmn is its one edge; between is what a table of these means gives.
    assert_eq!(rows[0], numbers(&dir.join("out/edges.tsv"))[3]);
    assert_eq!(rows[1], numbers(&dir.join("means/edges.tsv"))[0]);
    let page = fs::read_to_string(dir.join("out/report.html")).unwrap();
    assert!(page.contains("within dmn") && page.contains("dmn – insula"));
    let json = fs::read_to_string(dir.join("out/networks.json")).unwrap();
    assert!(json.contains("networks.tsv"), "they are inputs: {json}");
    run(dir, "verify out");
    // What lacks, and what is a mean of something else.
    fs::remove_file(place(dir, "sub-001", 0, 0)).unwrap();
    let (who, visit, number, cells) = runs().remove(8);
    fs::write(place(dir, &who, visit, number), table(&cells, 3)).unwrap();
    let (_, said) = run(dir, &format!("{LINE} --edges connect --out lacking"));
    let n = runs().len();
    let lacks = format!("beside 1 of {n} tables lies no networks.tsv");
    assert!(said.contains(&lacks), "{said}");
    let other = format!("other numbers of pairs of regions in 1 of {} tables", n - 1);
    assert!(said.contains(&other), "{said}");
    // The first visit's mean is over all of its pairs, this one's over one of three.
    let known = format!("({}: within dmn 1 of 3)", SESSIONS[visit]);
    let fewer = "network means of 1 participant are over some of their pairs of regions alone";
    assert!(said.contains(fewer) && said.contains(&known), "{said}");
    assert!(said.contains("network means at ses-baseline or ses-week13: not in"), "{said}");
}

#[test]
fn networks_of_other_regions_under_one_name_are_told() {
    let dir = folder_of_study();
    let dir = dir.path();
    connect(dir);
    let all = runs();
    let other = [&all[3], &all[8]].map(|(who, visit, number, _)| (who.clone(), *visit, *number));
    for (who, visit, number, cells) in &all {
        let path = place(dir, who, *visit, *number);
        fs::write(&path, table(cells, 1)).unwrap();
        let is_other = other.contains(&(who.clone(), *visit, *number));
        let second = if is_other { "angular" } else { "mpfc" };
        // The order in which regions are named does not matter.
        let dmn = if *visit == 0 { ["pcc", second] } else { [second, "pcc"] };
        let resolved = serde_json::json!({"networks": {"dmn": dmn, "insula": ["insula"]}});
        let sidecar = serde_json::json!({"boldly": {"schema": 2, "version": "0.1.0",
            "command": {"name": "connect"}, "resolved": resolved}});
        fs::write(path.with_extension("json"), sidecar.to_string()).unwrap();
    }
    let (_, said) = run(dir, &format!("{LINE} --edges connect --out out"));
    let n = all.len();
    let participants = if other[0].0 == other[1].0 { "1 participant" } else { "2 participants" };
    let told = format!(
        "network dmn is of other regions in 2 tables ({participants}) of {n} than in {} (angular, and not mpfc)",
        n - 2
    );
    assert!(said.contains(&told), "{told}: {said}");
    assert!(said.contains(&format!("{} at {}", other[0].0, SESSIONS[other[0].1])), "{said}");
    assert!(
        !said.contains("network insula is of") && !said.contains("is not said beside"),
        "{said}"
    );
    fs::remove_file(place(dir, &all[0].0, all[0].1, all[0].2).with_extension("json")).unwrap();
    let (_, said) = run(dir, &format!("{LINE} --edges connect --out unknown"));
    let told = format!("is not said beside 1 table (1 participant) of {n}");
    assert!(said.contains(&told), "{said}");
}
