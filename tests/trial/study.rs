//! The simulated trial of `tests/goldens/trial`, opened as the command opens a study, and its golden numbers.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use boldly::error::Result;
use boldly::io::tsv;
use boldly::table::Table;
use boldly::trial::results::AncovaRow;
use boldly::trial::{Arm, Column, Dictionary, Measured, Notes, Outcome, People, Plan, Tables};
use serde_json::Value;

/// Its folder.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/trial")
}

/// A study that tests may spoil before they read it.
pub struct Study {
    pub plan: Plan,
    pub participants: Measured,
    pub tables: Tables,
}

/// The tables as they are, under a plan with arm, visits and the five outcomes.
pub fn study() -> Study {
    let participants = measured("participants");
    let names = [
        "phenotype/questionnaires",
        "phenotype/cpm",
        "phenotype/pressure",
        "phenotype/adverse_events",
        "brain",
        "crossover",
    ];
    let mut all = vec![participants.clone()];
    all.extend(names.map(measured));
    let outcome = |column: &str| Outcome {
        column: format!("questionnaires:{column}").parse::<Column>().unwrap(),
        label: None,
        direction: None,
    };
    let outcomes = ["nrs", "fiq", "hads_anxiety", "hads_depression", "sf36_pcs"].map(outcome);
    let plan = Plan {
        control: "placebo".to_owned(),
        baseline: "ses-baseline".to_owned(),
        endpoint: "ses-week13".to_owned(),
        outcomes: outcomes.to_vec(),
        ..Plan::default()
    };
    Study { plan, participants, tables: Tables { all, ..Tables::default() } }
}

fn measured(path: &str) -> Measured {
    let name = path.rsplit('/').next().unwrap().to_owned();
    let mut table = tsv::read(&folder().join(format!("{path}.tsv"))).unwrap();
    table.name = format!("{name}.tsv");
    let dictionary = match std::fs::read_to_string(folder().join(format!("{path}.json"))) {
        Ok(text) => Dictionary::parse(&format!("{name}.json"), &text).unwrap(),
        Err(_) => Dictionary::default(),
    };
    Measured { name, table, dictionary, origin: Vec::new() }
}

impl Study {
    /// The participants; notes go nowhere.
    pub fn people(&self) -> People {
        self.people_noted(&mut Notes::default()).unwrap()
    }

    /// The participants, and what is said of them.
    pub fn people_noted(&self, notes: &mut Notes) -> Result<People> {
        People::read(self.participants.clone(), &self.plan, notes)
    }

    /// A table's cells, to be spoiled.
    pub fn cells(&mut self, name: &str) -> &mut Table {
        if name == "participants" {
            return &mut self.participants.table;
        }
        &mut self.tables.all.iter_mut().find(|table| table.name == name).unwrap().table
    }

    /// Visits between, `ses-week6`, of all but every fifth participant: nrs at baseline less 1, other cells as there. `filled`: in place of such a visit its values where those at the endpoint lack.
    pub fn with_week6(mut self, filled: bool) -> Study {
        let table = self.cells("questionnaires");
        let nrs = table.position("nrs").unwrap();
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (at, row) in table.rows.iter().enumerate() {
            let number: usize = row[0][4..].parse().unwrap();
            if row[1] != "ses-baseline" {
                continue;
            }
            let last = table.rows.get(at + 1).filter(|next| next[0] == row[0]).cloned();
            let mut between = row.clone();
            between[1] = "ses-week6".to_owned();
            between[nrs] =
                row[nrs].parse::<f64>().map_or("n/a".to_owned(), |v| (v - 1.0).to_string());
            let has_between = !number.is_multiple_of(5);
            let mut end = last;
            if filled && has_between {
                let whole = end.get_or_insert_with(|| {
                    let mut whole = between.clone();
                    whole[1] = "ses-week13".to_owned();
                    whole
                });
                whole
                    .iter_mut()
                    .zip(&between)
                    .filter(|(cell, _)| *cell == "n/a")
                    .for_each(|(cell, own)| cell.clone_from(own));
            }
            rows.push(row.clone());
            rows.extend((has_between && !filled).then_some(between));
            rows.extend(end);
        }
        table.rows = rows;
        self
    }

    /// Set the cell of a column in a row (from 0).
    pub fn set(&mut self, name: &str, row: usize, column: &str, cell: &str) {
        let table = self.cells(name);
        let at = table.position(column).unwrap();
        table.rows[row][at] = cell.to_owned();
    }
}

/// The goldens that tests have asked for.
pub static ASKED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The golden numbers, by `/`-parted path: `ancova/nrs/difference`.
pub fn golden(path: &str) -> Value {
    // Read once: hundreds of numbers are asked for.
    static ALL: OnceLock<Value> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let text = std::fs::read_to_string(folder().join("golden_trial.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    });
    ASKED.lock().unwrap().insert(path.to_owned());
    all.pointer(&format!("/{path}")).unwrap_or_else(|| panic!("no golden {path}")).clone()
}

/// One golden number.
pub fn number(path: &str) -> f64 {
    golden(path).as_f64().unwrap_or_else(|| panic!("golden {path} is no number"))
}

/// Whether a number is the golden one, to 1e-9 of it (or of 1 below 1e-3: goldens have 12 digits).
#[track_caller]
pub fn is_golden(got: f64, path: &str) {
    let want = number(path);
    let off = (got - want).abs() / want.abs().max(1e-3);
    assert!(off < 1e-9, "{path}: {got:e} is not {want:e} ({off:e} off)");
}

/// Whether every number of a row of covariance analysis is the golden one.
#[track_caller]
pub fn ancova_is_golden(row: &AncovaRow, path: &str) {
    let is = |got: Option<f64>, part: &str| is_golden(got.unwrap(), &format!("{path}/{part}"));
    is(Some(row.n.active as f64), "n_active");
    is(Some(row.n.control as f64), "n_control");
    is(Some(row.baseline_mean), "baseline_mean");
    is(Some(row.difference.value), "difference");
    is(row.difference.se, "se");
    is(row.difference.low, "low");
    is(row.difference.high, "high");
    is(Some(row.test.statistic), "t");
    is(row.test.dof, "dof");
    is(Some(row.test.p), "p");
    is(Some(row.slope), "slope");
    is(Some(row.sigma), "sigma");
    is(Some(row.partial_eta_square), "partial_eta2");
    is(row.slopes_differ.map(|test| test.p), "slopes_differ_p");
    is(row.hc3_se, "hc3_se");
    let unequal = row.unequal_slopes.unwrap();
    is(Some(unequal.difference), "ancova2/difference");
    is(Some(unequal.hc3_se), "ancova2/hc3_se");
    is(Some(unequal.test.p), "ancova2/p");
    for (arm, key) in [(Arm::Control, "control"), (Arm::Active, "active")] {
        let mean = row.ls_means.get(arm);
        is(Some(mean.endpoint.value), &format!("lsmean_post_{key}/value"));
        is(mean.endpoint.se, &format!("lsmean_post_{key}/se"));
        is(mean.endpoint.low, &format!("lsmean_post_{key}/low"));
        is(mean.endpoint.high, &format!("lsmean_post_{key}/high"));
        is(Some(mean.change), &format!("lsmean_post_{key}/change"));
    }
    change_is_golden(row, &format!("{path}/change"));
}

/// The changes, which are not adjusted.
#[track_caller]
fn change_is_golden(row: &AncovaRow, path: &str) {
    let is = |got: f64, part: &str| is_golden(got, &format!("{path}/{part}"));
    let change = &row.change;
    is(row.n.active as f64, "n1");
    is(row.n.control as f64, "n0");
    is(change.student.unwrap().statistic, "t");
    is(change.student.unwrap().p, "p");
    is(change.welch.unwrap().statistic, "welch_t");
    is(change.welch.unwrap().dof.unwrap(), "welch_dof");
    is(change.welch.unwrap().p, "welch_p");
    is(change.difference.low.unwrap(), "welch_low");
    is(change.difference.high.unwrap(), "welch_high");
    let (d, hedges) = (change.d.unwrap(), change.hedges.unwrap());
    is(d, "d");
    is(hedges.value, "g");
    is(hedges.low.unwrap(), "g_low");
    is(hedges.high.unwrap(), "g_high");
    // J by its gamma functions; beside it the approximation that many programs have.
    let dof = (row.n.active + row.n.control - 2) as f64;
    is(hedges.value / d, "J");
    is((1.0 - 3.0 / (4.0 * dof - 1.0)) * d, "g_approximate_J");
    for (arm, key) in [(Arm::Control, "control"), (Arm::Active, "active")] {
        let own = change.arms.get(arm);
        is(own.mean, &format!("mean_{key}"));
        is(own.sd.unwrap(), &format!("sd_{key}"));
        let paired = own.paired.unwrap();
        is(paired.test.statistic, &format!("paired_{key}/t"));
        is(paired.test.dof.unwrap(), &format!("paired_{key}/dof"));
        is(paired.test.p, &format!("paired_{key}/p"));
        is(paired.low, &format!("paired_{key}/low"));
        is(paired.high, &format!("paired_{key}/high"));
        is(paired.d_av.unwrap(), &format!("paired_{key}/d_av"));
        is(paired.d_z, &format!("paired_{key}/d_z"));
    }
}
