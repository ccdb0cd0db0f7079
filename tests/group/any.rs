//! Whatever table and model come, an answer or an error comes back.

use boldly::design::group::{Centre, Model, Request, Sample, resolve};
use boldly::table::Table;

use crate::common::Random;

const COLUMNS: [&str; 9] =
    ["subject", "effect", "group", "session", "period", "age", "drug dose", "x-y", "μ"];
const CELLS: [&str; 20] = [
    "a",
    "b",
    "c",
    "n/a",
    "",
    " ",
    "1",
    "2",
    "0",
    "-0",
    "1e99",
    "1e-99",
    "1e308",
    "inf",
    "NaN",
    "3.5",
    "a-b",
    "a:b",
    "プラセボ",
    "sub-a",
];
const WORDS: [&str; 24] = [
    "group",
    "age",
    "subject",
    "session",
    "+",
    "-",
    "*",
    ":",
    "(",
    ")",
    "~",
    "0",
    "1",
    "C(",
    "Q('drug dose')",
    "`x-y`",
    "'",
    "μ",
    "effect",
    "2",
    "group*session",
    "age:group",
    "-1",
    " ",
];
const CONTRASTS: [&str; 10] =
    ["a - b", "a", "age", "b:a - a:a", "mean", "0*a", "a; b", "μ", "interaction", "Intercept"];

fn pick<'a>(random: &mut Random, from: &[&'a str]) -> &'a str {
    from[(random.uniform() * from.len() as f64) as usize]
}

/// A table that most models can use, some of its cells spoilt.
fn good(random: &mut Random) -> Table {
    let n_rows = 8 + 2 * (random.uniform() * 8.0) as usize;
    let spoilt = [0.0, 0.0, 0.02, 0.1][(random.uniform() * 4.0) as usize];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for row in 0..n_rows {
        let subject = row / 2;
        let own = [
            format!("s{subject}"),
            format!("m{row}.nii"),
            ["a", "b"][subject % 2].to_owned(),
            ["a", "b"][row % 2].to_owned(),
            format!("{}", 1 + (row + subject / 2) % 2),
            format!("{}", 20 + (7 * subject) % 11),
            format!("{:.3}", random.uniform()),
            ["1", "2", "3"][row % 3].to_owned(),
            "1".to_owned(),
        ];
        let mut cells = Vec::new();
        for cell in own {
            let is_spoilt = random.uniform() < spoilt;
            cells.push(if is_spoilt { pick(random, &CELLS).to_owned() } else { cell });
        }
        rows.push(cells);
    }
    let columns = COLUMNS.iter().map(|c| (*c).to_owned()).collect();
    Table { name: "maps.tsv".to_owned(), columns, rows }
}

fn table(random: &mut Random) -> Table {
    if random.uniform() < 0.6 {
        return good(random);
    }
    let n_columns = 1 + (random.uniform() * COLUMNS.len() as f64) as usize;
    let columns: Vec<String> = COLUMNS[..n_columns].iter().map(|c| (*c).to_owned()).collect();
    let n_rows = (random.uniform() * 14.0) as usize;
    let few = 2 + (random.uniform() * 18.0) as usize;
    let row = |_| (0..n_columns).map(|_| pick(random, &CELLS[..few]).to_owned()).collect();
    Table { name: "maps.tsv".to_owned(), columns, rows: (0..n_rows).map(row).collect() }
}

fn model(random: &mut Random) -> Model {
    let at = (random.uniform() * 18.0) as usize;
    if let Some(model) = Model::WORDS.get(at) {
        return model.clone();
    }
    let n = 1 + 2 * (random.uniform() * 3.0) as usize;
    Model::Formula((0..n).map(|_| pick(random, &WORDS)).collect::<Vec<_>>().join(""))
}

#[test]
fn whatever_the_table_and_the_model_an_answer_or_an_error_comes_back() {
    let mut random = Random(5);
    let (mut answers, mut errors) = (0, 0);
    for _ in 0..4000 {
        let (table, model) = (table(&mut random), model(&mut random));
        let Ok(sample) = Sample::new(table) else { continue };
        let names = |random: &mut Random, share: f64, from: &[&str]| -> Vec<String> {
            let n =
                if random.uniform() < share { 1 + usize::from(random.uniform() < 0.3) } else { 0 };
            (0..n).map(|_| pick(random, from).to_owned()).collect()
        };
        let within = names(&mut random, 0.4, &COLUMNS);
        let covariates = names(&mut random, 0.4, &COLUMNS);
        let contrasts = names(&mut random, 0.3, &CONTRASTS);
        let f_contrasts = names(&mut random, 0.2, &CONTRASTS);
        let request = Request {
            model: &model,
            matrix: None,
            between: (random.uniform() < 0.3).then_some("group"),
            within: &within,
            covariates: &covariates,
            centre: [Centre::Overall, Centre::Group, Centre::None]
                [(random.uniform() * 3.0) as usize],
            contrasts: &contrasts,
            f_contrasts: &f_contrasts,
            pooled: random.uniform() < 0.3,
        };
        match resolve(&sample, &request) {
            Ok(resolved) => {
                answers += 1;
                for stratum in &resolved.strata {
                    assert!(stratum.design.iter().all(|v| v.is_finite()), "{request:?}");
                    assert!(!stratum.told(1).is_empty());
                }
            }
            Err(error) => {
                errors += 1;
                assert!(error.exit_code() != 70, "{error}: {request:?} of {:?}", sample.table);
            }
        }
    }
    assert!(answers > 50 && errors > 100, "{answers} answers, {errors} errors");
}
