//! A trial's tables and plans that cannot be right.

use super::*;

/// Six and six, two visits.
pub fn study(dir: &Path) {
    folder(dir, "study");
    folder(dir, "study/phenotype");
    let arm = |k: usize| if k.is_multiple_of(2) { "drug" } else { "placebo" };
    let person = |k: usize| format!("sub-{k}\t{}\t{}\tyes\tyes\tyes\n", arm(k), 30 + 7 * k % 11);
    let rows: String = (0..12).map(person).collect();
    let head = "participant_id\tarm\tage\trandomised\ttreated\tcompleted\n";
    text(dir, "study/participants.tsv", &format!("{head}{rows}"));
    let visit = |k: usize| {
        let (start, end) = (5 + 3 * k % 4, 2 + 5 * k % 6);
        format!("sub-{k}\tses-pre\t{start}\tn/a\nsub-{k}\tses-post\t{end}\t{}\n", 1 + k % 7)
    };
    let rows: String = (0..12).map(visit).collect();
    let head = "participant_id\tsession_id\tnrs\tpgic\n";
    text(dir, "study/phenotype/scales.tsv", &format!("{head}{rows}"));
    let dictionary =
        r#"{"nrs": {"Range": [0, 10]}, "pgic": {"Levels": ["1", "2", "3", "4", "5", "6", "7"]}}"#;
    text(dir, "study/phenotype/scales.json", dictionary);
}

const SCALES: &str = "study/phenotype/scales.tsv";
const PEOPLE: &str = "study/participants.tsv";

/// One text of a file in place of another.
fn replace(dir: &Path, name: &str, from: &str, to: &str) {
    let before = fs::read_to_string(dir.join(name)).expect("it was there");
    assert!(before.contains(from), "{from} is not in {name}");
    text(dir, name, &before.replacen(from, to, 1));
}

pub const TRIAL: &str =
    "trial study --control placebo --baseline ses-pre --endpoint ses-post --outcome nrs --out out";

pub fn cases() -> Vec<Case> {
    [plans(), tables(), events()].into_iter().flatten().collect()
}

fn plans() -> Vec<Case> {
    let line = |name, line, code, says| case(name, study, line, code, says);
    vec![
        line(
            "a study that is no folder",
            "trial stduy --control placebo --outcome nrs --out out",
            66,
            &["stduy is no folder", "participants.tsv"],
        ),
        line(
            "a folder without participants",
            "trial study/phenotype --control placebo --outcome nrs --out out",
            66,
            &["participants.tsv is not there", "give the study's folder"],
        ),
        line(
            "results among the study's own tables",
            "trial study --control placebo --outcome nrs --baseline ses-pre --endpoint ses-post --out study/phenotype",
            2,
            &["--out study/phenotype", "the study's own tables lie", "derivatives"],
        ),
        line(
            "results beside participants.tsv",
            "trial study --control placebo --outcome nrs --baseline ses-pre --endpoint ses-post --out study/",
            2,
            &["the study's own tables lie"],
        ),
        line(
            "nothing to analyse",
            "trial study --control placebo --out out",
            2,
            &["names nothing to analyse", "--outcome"],
        ),
        line(
            "no control",
            "trial study --outcome nrs --baseline ses-pre --endpoint ses-post --out out",
            2,
            &["which level of column arm is the control", "--control"],
        ),
        line(
            "no baseline",
            "trial study --control placebo --outcome nrs --endpoint ses-post --out out",
            2,
            &["which session --baseline is", "ses-post, ses-pre"],
        ),
        line(
            "one session for both visits",
            "trial study --control placebo --outcome nrs --baseline post --endpoint ses-post --out out",
            2,
            &["--endpoint is ses-post, as --baseline is"],
        ),
        line(
            "a session that is not there",
            "trial study --control placebo --outcome nrs --baseline ses-pre --endpoint ses-psot --out out",
            2,
            &["session 'ses-psot'", "did you mean 'ses-post'?"],
        ),
        line(
            "a control that is not there",
            "trial study --control plasebo --baseline ses-pre --endpoint ses-post --outcome nrs --out out",
            2,
            &["no 'plasebo'", "did you mean 'placebo'?"],
        ),
        line(
            "an arm column that is not there",
            "trial study --arm group --control placebo --baseline ses-pre --endpoint ses-post --outcome nrs --out out",
            2,
            &["column 'group'", "participant_id, arm, age"],
        ),
        line(
            "an outcome that is not there",
            "trial study --control placebo --baseline ses-pre --endpoint ses-post --outcome scales:nsr --out out",
            2,
            &["column 'nsr'", "did you mean 'nrs'?"],
        ),
        line(
            "a table that is not there",
            "trial study --control placebo --baseline ses-pre --endpoint ses-post --outcome scale:nrs --out out",
            2,
            &["table 'scale'", "did you mean 'scales'?"],
        ),
        line(
            "an outcome twice",
            "trial study --control placebo --baseline ses-pre --endpoint ses-post --outcome nrs --outcome scales:nrs --out out",
            2,
            &["outcome scales:nrs is named twice"],
        ),
        line(
            "a primary outcome that is none",
            "trial study --control placebo --baseline ses-pre --endpoint ses-post --outcome nrs --primary pgic --out out",
            2,
            &["primary outcome scales:pgic", "not among the outcomes: scales:nrs"],
        ),
        line(
            "a stratum that is not there",
            "trial study --strata sex --control placebo --baseline ses-pre --endpoint ses-post --outcome nrs --out out",
            2,
            &["column 'sex'", "participants.tsv"],
        ),
        line(
            "a stratum that is the arm",
            "trial study --strata arm --control placebo --baseline ses-pre --endpoint ses-post --outcome nrs --out out",
            65,
            &["scales:nrs", "arm tell apart", "fewer --strata"],
        ),
        line(
            "a stratum of each participant",
            "trial study --strata participant_id --control placebo --baseline ses-pre --endpoint ses-post --outcome nrs --out out",
            2,
            &["--strata participant_id has 12 values in 12 participants, each a stratum"],
        ),
        line(
            "a stratum of numbers",
            "trial study --strata age --control placebo --baseline ses-pre --endpoint ses-post --outcome nrs --out out",
            2,
            &["--strata age has", "values in 12 participants", "classes of age"],
        ),
        line(
            "a stratum of after the treatment",
            "trial study --strata completed --control placebo --baseline ses-pre --endpoint ses-post --outcome nrs --out out",
            2,
            &["--strata completed", "be known before randomisation"],
        ),
        line(
            "a rule that nobody can meet",
            "trial study --responder nrs<=-3000% --control placebo --baseline ses-pre --endpoint ses-post --out out",
            2,
            &["cannot be met", "from 0 to 10"],
        ),
        line(
            "two rules of one name",
            "trial study --responder a=nrs<=-30% --responder a=nrs<=-50% --control placebo --baseline ses-pre --endpoint ses-post --out out",
            2,
            &["are both called 'a'"],
        ),
        line(
            "regions of a folder that has no maps",
            "trial study --brain study --of pain --region a=sphere:0,0,0:4 --control placebo --baseline ses-pre --endpoint ses-post --out out",
            66,
            &["without a map of a contrast or a seed", "boldly glm, connect or bids"],
        ),
        line(
            "a confidence in percent",
            "trial study --conf 95 --control placebo --baseline ses-pre --endpoint ses-post --outcome nrs --out out",
            2,
            &["--conf is 95", "such as 0.95"],
        ),
        line(
            "a rule that goes no way",
            "trial study --responder nrs<=30% --control placebo --baseline ses-pre --endpoint ses-post --out out",
            2,
            &["does not say which way 30% goes"],
        ),
        line(
            "a rule of a column that is not there",
            "trial study --responder nsr<=-30% --control placebo --baseline ses-pre --endpoint ses-post --out out",
            2,
            &["column 'nsr'", "did you mean 'nrs'?"],
        ),
        line(
            "a rule of what has no visits",
            "trial study --responder age<=30 --control placebo --baseline ses-pre --endpoint ses-post --out out",
            2,
            &["column 'age' of participants.tsv is of no visit", "--covariate age"],
        ),
        case(
            "a table with a column for each visit",
            |d| {
                study(d);
                let rows: String = (0..12).map(|k| format!("sub-{k}\t5\t3\n")).collect();
                text(d, SCALES, &format!("participant_id\tnrs_pre\tnrs_post\n{rows}"));
                fs::remove_file(d.join("study/phenotype/scales.json")).expect("it was there");
            },
            TRIAL,
            2,
            &["column 'nrs' is in no table", "nrs_pre, nrs_post of", "a row of its own"],
        ),
        case(
            "sessions under another name",
            |d| {
                study(d);
                replace(d, SCALES, "session_id", "visit");
            },
            TRIAL,
            2,
            &["rename 'visit' to session_id"],
        ),
        line(
            "a relation of one thing",
            "trial study --correlate nrs --control placebo --baseline ses-pre --endpoint ses-post --out out",
            2,
            &["is not two columns with ~"],
        ),
        line(
            "a crossover without its table",
            "trial study --design crossover --control placebo --outcome nrs --out out",
            2,
            &["--design crossover comes without its table"],
        ),
        case(
            "a plan with a slip in it",
            |d| {
                study(d);
                text(d, "plan.json", r#"{"control": "placebo", "outcome": []}"#);
            },
            "trial study --plan plan.json --out out",
            65,
            &["plan.json is no plan", "did you mean 'outcomes'?"],
        ),
    ]
}

fn tables() -> Vec<Case> {
    let data = |name, spoil, says| case(name, spoil, TRIAL, 65, says);
    vec![
        data(
            "a participant in two arms",
            |d| {
                study(d);
                let rows = fs::read_to_string(d.join(PEOPLE)).expect("it was there");
                text(d, PEOPLE, &format!("{rows}sub-3\tdrug\t33\tyes\tyes\tyes\n"));
            },
            &[
                "participants.tsv, line 14 (sub-3), lists a participant that line 5 lists",
                "in one arm",
            ],
        ),
        data(
            "a value beyond its range",
            |d| {
                study(d);
                replace(d, SCALES, "sub-2\tses-pre\t7", "sub-2\tses-pre\t99");
            },
            &[
                "phenotype/scales.tsv, line 6 (sub-2), holds '99' in column nrs",
                "from 0 to 10",
                "must be n/a",
            ],
        ),
        data(
            "a visit twice",
            |d| {
                study(d);
                replace(d, SCALES, "sub-2\tses-post", "sub-2\tses-pre");
            },
            &["line 7 (sub-2), is of ses-pre as line 6 is"],
        ),
        data(
            "a participant of another study",
            |d| {
                study(d);
                replace(d, SCALES, "sub-2\tses-post", "sub-99\tses-post");
            },
            &["line 7 (sub-99),", "whom participants.tsv does not list"],
        ),
        data(
            "a word in a column of numbers",
            |d| {
                study(d);
                replace(d, SCALES, "sub-2\tses-pre\t7", "sub-2\tses-pre\tseven");
            },
            &["line 6 (sub-2), holds 'seven' in column nrs", "a number or n/a"],
        ),
        data(
            "a patient randomised to no arm",
            |d| {
                study(d);
                replace(d, PEOPLE, "sub-4\tdrug", "sub-4\tn/a");
            },
            &["line 6 (sub-4), has no arm though randomised"],
        ),
        data(
            "a dictionary that is no JSON",
            |d| {
                study(d);
                text(d, "study/phenotype/scales.json", "{");
            },
            &["phenotype/scales.json is not JSON"],
        ),
        data(
            "an endpoint that does not vary",
            |d| {
                study(d);
                let table = fs::read_to_string(d.join(SCALES)).expect("it was there");
                let flat = |line: &str| match line.split('\t').collect::<Vec<_>>()[..] {
                    [id, "ses-post", _, pgic] => format!("{id}\tses-post\t4\t{pgic}\n"),
                    _ => format!("{line}\n"),
                };
                text(d, SCALES, &table.lines().map(flat).collect::<String>());
            },
            &["scales:nrs is 4 in all", "analysed at ses-post", "leave the outcome out"],
        ),
        case(
            "an arm of a name of its own",
            |d| {
                study(d);
                replace(d, PEOPLE, "sub-4\tdrug", "sub-4\tdurg");
            },
            TRIAL,
            2,
            &["2 levels beside 'placebo': drug, durg;", "--active"],
        ),
    ]
}

const EVENTS: &str = "study/phenotype/events.tsv";

/// The study with a table of adverse events.
fn with_events(dir: &Path) {
    study(dir);
    let head = "participant_id\tsoc\tpt\tonset_day\tseverity\n";
    let rows = "sub-0\tGastrointestinal disorders\tNausea\t3\tmild\n\
                sub-1\tNervous system disorders\tHeadache\t9\tsevere\n\
                sub-2\tGastrointestinal disorders\tNausea\t12\tmoderate\n";
    text(dir, EVENTS, &format!("{head}{rows}"));
}

fn events() -> Vec<Case> {
    let asked = "trial study --control placebo --adverse-events events --out out";
    vec![
        case(
            "an adverse event of nobody in the study",
            |d| {
                with_events(d);
                replace(d, EVENTS, "sub-1\t", "sub_1\t");
            },
            asked,
            65,
            &["line 3 (sub_1),", "whom participants.tsv does not list", "did you mean 'sub-1'?"],
        ),
        case(
            "a preferred term in two classes",
            |d| {
                with_events(d);
                replace(
                    d,
                    EVENTS,
                    "Nervous system disorders\tHeadache",
                    "Nervous system disorders\tNausea",
                );
            },
            asked,
            65,
            &["line 3 (sub-1), puts 'Nausea' into 'Nervous system disorders'", "line 2 puts into"],
        ),
        case(
            "a severity that is no word for one",
            |d| {
                with_events(d);
                replace(d, EVENTS, "severe\n", "sevre\n");
            },
            asked,
            65,
            &["line 3 (sub-1), holds 'sevre' in column severity", "did you mean 'severe'?"],
        ),
        case(
            "an event without its column of days",
            |d| {
                with_events(d);
                replace(d, EVENTS, "onset_day", "onset");
            },
            asked,
            2,
            &["column 'onset_day'", "participant_id, soc, pt, onset, severity"],
        ),
        case(
            "an event of the other arm",
            |d| {
                with_events(d);
                let events = fs::read_to_string(d.join(EVENTS)).expect("it was there");
                let events = events.replacen("severity", "severity\tarm", 1);
                text(
                    d,
                    EVENTS,
                    &events
                        .replace("mild\n", "mild\tplacebo\n")
                        .replace("severe\n", "severe\tn/a\n")
                        .replace("moderate\n", "moderate\tdrug\n"),
                );
            },
            asked,
            65,
            &[
                "line 2 (sub-0), is of arm 'placebo', and of 'drug' in participants.tsv",
                "be of one arm",
            ],
        ),
    ]
}

#[test]
fn good_events_pass() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    with_events(folder.path());
    let line = "trial study --control placebo --adverse-events events --out out";
    let output = boldly(folder.path(), line);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    assert!(message.contains("no column relation"), "{message}");
    let table = fs::read_to_string(folder.path().join("out/adverse_events.tsv"));
    assert!(table.expect("it was written").contains("Nausea"));
}

#[test]
fn the_good_study_passes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    study(folder.path());
    let output = boldly(folder.path(), TRIAL);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    assert!(message.contains("nrs: drug - placebo = "), "{message}");
}
