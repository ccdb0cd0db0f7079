//! Models of a group that a table does not allow, and formulas that are none.

use super::group::*;
use super::*;

pub fn cases() -> Vec<Case> {
    [models(), formulas()].into_iter().flatten().collect()
}

fn models() -> Vec<Case> {
    vec![
        case(
            "one subject",
            |d| maps(d, "subject\teffect\ns1\tm0.nii\n"),
            "group --maps maps.tsv --model one-sample --out out",
            65,
            &["contrast 'mean' has one subject, s1", "one degree of freedom"],
        ),
        case(
            "three groups for two-sample",
            |d| with(d, "s9\tplacebo", "s9\tother"),
            TWO,
            2,
            &["column 'group' has 3 levels: drug, placebo, other", "have 2", "--between"],
        ),
        case(
            "two-sample of a table without groups",
            |d| with(d, "\tgroup\t", "\tarm\t"),
            TWO,
            2,
            &["column 'group'", "subject, arm, age", "two-sample compares groups", "--between"],
        ),
        case(
            "2x2-mixed of a table without groups",
            |d| maps(d, &two_sessions().replace("\tgroup\t", "\tarm\t")),
            MIXED,
            2,
            &["column 'group'", "2x2-mixed compares groups: name their column by --between"],
        ),
        case(
            "2x2-mixed of a table without sessions",
            |d| {
                maps(
                    d,
                    &two_sessions()
                        .replace("\tsession\t", "\tvisit_number\t")
                        .replace("\tpre\t", "\t1\t")
                        .replace("\tpost\t", "\t2\t"),
                )
            },
            MIXED,
            2,
            &["finds no column", "--within", "visit_number"],
        ),
        case(
            "a group in two spellings",
            |d| with(d, "s9\tplacebo", "s9\tPlacebo"),
            TWO,
            2,
            &[
                "has 3 levels: drug, placebo, Placebo",
                "'placebo' and 'Placebo' differ in case alone",
            ],
        ),
        case(
            "first levels without a degree of freedom",
            |d| maps(d, &two_groups().replace("\tage\t", "\tdof\t").replace("\t24\t", "\t-2\t")),
            TWO,
            65,
            &[
                "maps.tsv, line 4,",
                "holds '-2' in column 'dof'",
                "above 0, or n/a",
                "leave the column out",
            ],
        ),
        case(
            "welch of a group of one",
            |d| maps(d, "subject\tgroup\teffect\na\tx\tm0.nii\nb\ty\tm1.nii\nc\ty\tm2.nii\n"),
            "group --maps maps.tsv --model two-sample --variance welch --out out",
            2,
            &["--variance welch", "group 'x', whose 1 subjects", "two or more"],
        ),
        case(
            "a covariate of words",
            |d| with(d, "\t20\t", "\tyoung\t"),
            ANCOVA,
            65,
            &[
                "maps.tsv, line 2, holds 'young' in column 'age'",
                "or n/a, for a covariate is a number",
            ],
        ),
        case(
            "a covariate beyond squares",
            |d| with(d, "\t20\t", "\t1e308\t"),
            ANCOVA,
            65,
            &["maps.tsv, line 2, holds '1e308'", "1e100"],
        ),
        case(
            "a covariate next to nothing",
            |d| with(d, "\t20\t", "\t1e-200\t"),
            ANCOVA,
            65,
            &["maps.tsv, line 2, holds '1e-200'", "1e-100"],
        ),
        case(
            "a covariate that nobody has",
            |d| {
                let rows: String = (0..6).map(|k| format!("s{k}\tn/a\tm{k}.nii\n")).collect();
                maps(d, &format!("subject\tage\teffect\n{rows}"));
            },
            REGRESSION,
            65,
            &["contrast 'age' has no subject", "s0 (age is n/a)"],
        ),
        case(
            "a covariate that does not vary",
            |d| {
                let rows: String = (0..6).map(|k| format!("s{k}\t5\tm{k}.nii\n")).collect();
                maps(d, &format!("subject\tage\teffect\n{rows}"));
            },
            REGRESSION,
            65,
            &["contrast 'age' cannot be told apart", "(age)", "leave a covariate out"],
        ),
        case(
            "a covariate that is the group",
            |d| {
                let row = |k: usize| format!("s{k}\t{}\t{}\tm{k}.nii\n", ["a", "b"][k % 2], k % 2);
                let rows: String = (0..8).map(row).collect();
                maps(d, &format!("subject\tgroup\tage\teffect\n{rows}"));
            },
            ANCOVA,
            65,
            &["contrast 'a - b' cannot be told apart", "a, b, age"],
        ),
        case(
            "a covariate twice",
            groups,
            "group --maps maps.tsv --model ancova --covariates age,age --out out",
            2,
            &["covariate 'age' is named twice"],
        ),
        case(
            "a covariate called as a group",
            |d| with(d, "age", "drug"),
            "group --maps maps.tsv --model ancova --covariates drug --out out",
            2,
            &["covariate 'drug' has the name of a cell"],
        ),
        case(
            "a factor as a covariate",
            |d| maps(d, &two_sessions().replace("pre", "1").replace("post", "2")),
            "group --maps maps.tsv --model 2x2-mixed --covariates session --out out",
            2,
            &["covariate 'session' is a factor of the model"],
        ),
        case(
            "a column that is not there",
            groups,
            "group --maps maps.tsv --model ancova --covariates agee --out out",
            2,
            &["column 'agee'", "did you mean 'age'?"],
        ),
        case(
            "one sequence only",
            |d| maps(d, &crossover(true)),
            "group --maps maps.tsv --model 2x2-within --within drug,condition --out out",
            65,
            &["contrast 'drug' cannot be told apart", "period", "one sequence only"],
        ),
        case(
            "period and several combinations",
            |d| {
                let row =
                    |k: usize| format!("s{}\td{}\t{}\tm{k}.nii\n", k / 3, k % 3, (k / 3 + k) % 3);
                let rows: String = (0..18).map(row).collect();
                maps(d, &format!("subject\tdose\tperiod\teffect\n{rows}"));
            },
            "group --maps maps.tsv --model one-way-rm --within dose --out out",
            2,
            &["'period' varies within subjects", "ask for t contrasts, or delete the column"],
        ),
        case(
            "contrasts of one label",
            groups,
            "group --maps maps.tsv --model two-sample --contrast a=drug --contrast A=placebo --out out",
            2,
            &["`a` and `A`", "rename one"],
        ),
        case(
            "a factor too many",
            sessions,
            "group --maps maps.tsv --model 2x2-mixed --within session,group --out out",
            2,
            &["--within names 2 columns", "name 1 for the model 2x2-mixed"],
        ),
        case(
            "a factor twice",
            |d| maps(d, &crossover(false)),
            "group --maps maps.tsv --model 2x2-within --within drug,drug --out out",
            2,
            &["--within names 'drug' twice"],
        ),
        case(
            "different cells of different groups",
            sessions,
            "group --maps maps.tsv --model 2x2-mixed --contrast a=drug:pre-placebo:post --out out",
            2,
            &["contrast 'a' compares different cells", "--error pooled"],
        ),
        case(
            "a difference of groups with subjects' columns",
            sessions,
            "group --maps maps.tsv --model 2x2-mixed --error pooled --contrast group --out out",
            65,
            &["contrast 'group' cannot be told apart", "partitioned"],
        ),
        case(
            "more subjects than there are",
            groups,
            "group --maps maps.tsv --model two-sample --min-subjects 11 --out out",
            2,
            &["--min-subjects is 11", "from 1 to 10"],
        ),
        case(
            "a model misspelt",
            groups,
            "group --maps maps.tsv --model two-sampel --out out",
            2,
            &["two-sampel", "did you mean two-sample?"],
        ),
    ]
}

fn formulas() -> Vec<Case> {
    vec![
        case(
            "a formula of a column that is not there",
            groups,
            "group --maps maps.tsv --model grup*age --out out",
            2,
            &["column 'grup'", "did you mean 'group'?"],
        ),
        case(
            "a formula that calls",
            groups,
            "group --maps maps.tsv --model group+log(age) --out out",
            2,
            &["formula 'group+log(age)' calls 'log'", "into the table as a column"],
        ),
        case(
            "a formula that ends too early",
            groups,
            "group --maps maps.tsv --model group+ --out out",
            2,
            &["formula 'group+' ends where a column is due"],
        ),
        case(
            "a formula that does not close",
            groups,
            "group --maps maps.tsv --model (group+age --out out",
            2,
            &["lacks a )"],
        ),
        case(
            "a formula of another outcome",
            groups,
            "group --maps maps.tsv --model age~group --out out",
            2,
            &["explains 'age'", "effect"],
        ),
        case(
            "a formula of paths",
            groups,
            "group --maps maps.tsv --model group+effect --out out",
            2,
            &["column 'effect' holds paths"],
        ),
        case(
            "a formula of one level",
            |d| with(d, "placebo", "drug"),
            "group --maps maps.tsv --model group+age --out out",
            2,
            &["column 'group' has one level: drug"],
        ),
        case(
            "a formula of nothing",
            groups,
            "group --maps maps.tsv --model 0+0 --out out",
            2,
            &["the model has no column"],
        ),
        case(
            "a formula of too many columns",
            groups,
            "group --maps maps.tsv --model subject:group:C(age) --out out",
            2,
            &["more columns than twice its 10 maps"],
        ),
        case(
            "a formula with options of models in words",
            groups,
            "group --maps maps.tsv --model group --covariates age --out out",
            2,
            &["--covariates comes with a formula", "leave --covariates out"],
        ),
        case(
            "rearrangements of a comparison of subjects with several maps",
            sessions,
            "group --maps maps.tsv --model group+session --contrast group --permutations 20 --out out",
            2,
            &["contrast 'group' with --permutations compares subjects", "--whole-blocks"],
        ),
        case(
            "a contrast that is no column of the formula",
            groups,
            "group --maps maps.tsv --model group --contrast group[T.plcebo] --out out",
            2,
            &["group[T.placebo]"],
        ),
        case(
            "a matrix of other rows",
            |d| {
                groups(d);
                text(d, "design.txt", "1 2\n1 3\n");
            },
            MATRIX,
            65,
            &["design.txt has 2 rows", "have 10", "maps.tsv"],
        ),
        case(
            "a matrix of words",
            |d| {
                groups(d);
                text(d, "design.txt", "/NumWaves 2\none two\n");
            },
            MATRIX,
            65,
            &["design.txt, line 2, holds 'one'", "header line"],
        ),
        case("a matrix that is not there", groups, MATRIX, 66, &["design.txt does not exist"]),
        case(
            "a matrix of other subjects",
            |d| {
                groups(d);
                let row = |k: usize| format!("s{}\t{k}\n", if k == 4 { 5 } else { k });
                let rows: String = (0..10).map(row).collect();
                text(d, "design.tsv", &format!("subject\tslope\n{rows}"));
            },
            "group --maps maps.tsv --model design.tsv --out out",
            65,
            &["design.tsv, line 6, is of subject 's5'", "be of 's4'"],
        ),
    ]
}
