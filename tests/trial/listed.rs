//! How many edges results.json lists, and which.

use boldly::trial::results::{EdgeRow, Edges, Results, Test};
use boldly::trial::{ByArm, sheets::sheets};
use serde_json::Value;

/// An edge of this p; none: it cannot be compared.
fn edge(place: usize, p: Option<f64>) -> EdgeRow {
    let nobody = ByArm::of(|_| None);
    EdgeRow {
        one_level: Vec::new(),
        region_a: format!("a{place}"),
        region_b: format!("b{place}"),
        n: ByArm::of(|_| 9),
        lacking: ByArm::of(|_| 0),
        baseline: nobody,
        change: None,
        difference: None,
        test: p.map(|p| Test { statistic: 1.0, dof: None, p }),
        q: p,
        motion: None,
    }
}

fn of(rows: Vec<EdgeRow>) -> Results {
    let part = Edges { rows, ..Edges::default() };
    Results { edges: Some(part.clone()), networks: Some(part), ..Results::default() }
}

#[test]
fn results_list_the_thousand_edges_of_least_p_and_say_where_all_are() {
    // 1,500 edges: p falls with their place, but for every third, which cannot be compared.
    let n = 1500;
    let p = |k: usize| (!k.is_multiple_of(3)).then(|| 1.0 / (k + 2) as f64);
    let mut results = of((0..n).map(|k| edge(k, p(k))).collect());
    let json = serde_json::to_value(&results).unwrap();
    let part = &json["edges"];
    assert_eq!(part["edges_in"], "edges.tsv");
    assert_eq!(
        (part["edges_listed"].as_u64(), part["edges_all"].as_u64()),
        (Some(1000), Some(1500))
    );
    let names = |part: &Value| -> Vec<String> {
        let rows = part["rows"].as_array().unwrap().iter();
        rows.map(|row| row["region_a"].as_str().unwrap().to_owned()).collect()
    };
    // All that are compared are 1,000, in the order of the table.
    let want: Vec<String> =
        (0..n).filter(|k| !k.is_multiple_of(3)).map(|k| format!("a{k}")).collect();
    assert_eq!(names(part), want);
    // Means of networks are all there, and so are all edges of the table.
    assert_eq!(names(&json["networks"]).len(), n);
    let all = sheets(&results);
    assert_eq!(all.iter().find(|sheet| sheet.name == "edges").unwrap().table.rows.len(), n);
    // One more is compared, with a large p: it is not listed; with a small one another is not.
    for (p, is_listed) in [(0.9, false), (1e-9, true)] {
        results.edges.as_mut().unwrap().rows[0] = edge(0, Some(p));
        let json = serde_json::to_value(&results).unwrap();
        let names = names(&json["edges"]);
        assert_eq!(names.len(), 1000);
        assert_eq!(names.contains(&"a0".to_owned()), is_listed);
        // p of place 1 is the greatest of the others.
        assert_eq!(names.contains(&"a1".to_owned()), !is_listed);
    }
    let json = serde_json::to_value(of(vec![edge(0, None)])).unwrap();
    assert_eq!(json["edges"]["edges_listed"], 1);
}
