//! Strata of columns over all maps: those of a formula, or of a ready matrix.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::coded::Coded;
use super::factors::Factors;
use super::formula::Formula;
use super::parts::NOTHING;
use super::request::Request;
use super::resolved::{Resolved, check};
use super::sample::Sample;
use super::stratum::Stratum;
use super::sum::sum;
use crate::design::contrast::{Columns, parse_f_of, parse_named, parse_t_of};
use crate::error::{Error, Result};
use crate::stats::least_squares::{LeastSquares, spans};
use crate::table::Table;

/// A contrast: its name, whether it is F, and its weights `[row][column]`.
type Weighed = (String, bool, Array2<f64>);

/// The strata of a formula; without contrasts a test of each term.
///
/// # Errors
/// Usage and bad data: what the formula or the table lacks.
pub(super) fn formula(sample: &Sample, request: &Request<'_>, text: &str) -> Result<Resolved> {
    refuse_options(request, "a formula")?;
    let formula = Formula::parse(text)?;
    let mut coded = Coded::of(&formula, sample)?;
    let one = |columns: &[usize]| {
        Array2::from_shape_fn((columns.len(), coded.columns.len()), |(row, column)| {
            f64::from(u8::from(columns[row] == column))
        })
    };
    let own: Vec<Weighed> = match coded.terms.as_slice() {
        [] => vec![("Intercept".to_owned(), false, one(&[0]))],
        terms => terms
            .iter()
            .map(|(name, columns)| (name.clone(), columns.len() > 1, one(columns)))
            .collect(),
    };
    let own = if coded.columns.is_empty() { Vec::new() } else { own };
    let notes = std::mem::take(&mut coded.notes);
    let mut warnings = Vec::new();
    if !coded.columns.is_empty() {
        warnings.extend(dependence(sample, (&coded.rows, coded.design.view()), "+ subject")?);
    }
    let resolved = resolved(sample, request, coded, own)?;
    Ok(Resolved { notes, warnings, ..resolved })
}

/// The strata of a ready matrix; without contrasts a t test of each column.
///
/// # Errors
/// Bad data: another number of rows, or of subjects, than the table; what is no number.
pub(super) fn matrix(sample: &Sample, request: &Request<'_>) -> Result<Resolved> {
    refuse_options(request, "a matrix")?;
    let Some(table) = request.matrix else {
        return Err(Error::internal("the design's matrix", "was not read", "be read", ""));
    };
    let (columns, design) = numbers(table, sample)?;
    let rows: Vec<usize> = (0..sample.subjects.len()).collect();
    let own = columns.iter().enumerate().map(|(at, name)| {
        let weights = Array2::from_shape_fn((1, columns.len()), |(_, column)| {
            f64::from(u8::from(column == at))
        });
        (name.clone(), false, weights)
    });
    let own = own.collect();
    let hint = "a column for each subject";
    let mut warnings = Vec::from_iter(dependence(sample, (&rows, design.view()), hint)?);
    if !spans(design.view(), Array1::ones(design.nrows()).view())? {
        warnings.push(
            "no column of the matrix, nor a sum of them, is constant: the mean over maps is then error, unless it is known to be 0; add a \
             column `intercept` of ones"
                .to_owned(),
        );
    }
    let coded =
        Coded { columns, design, rows, without: Vec::new(), terms: Vec::new(), notes: Vec::new() };
    let resolved = resolved(sample, request, coded, own)?;
    Ok(Resolved { warnings, ..resolved })
}

/// The options of models in words mean nothing here.
fn refuse_options(request: &Request<'_>, what: &str) -> Result<()> {
    let given = [
        ("--within", !request.within.is_empty()),
        ("--covariates", !request.covariates.is_empty()),
        ("--error pooled", request.pooled),
    ];
    match given.iter().find(|(_, is)| *is) {
        None => Ok(()),
        Some((option, _)) => Err(Error::usage(
            *option,
            format!("comes with {what} as --model"),
            "come with a model in words, such as 2x2-mixed",
            format!(
                "{what} names all columns itself, and has one error for all maps: leave {option} out"
            ),
        )),
    }
}

/// Subjects with several maps, each with how many, whose mean no sum of the columns of a design `[map][column]` takes: what their maps share is
/// error then, as if it were of each map anew.
///
/// # Errors
/// As [`LeastSquares::new`].
pub fn unmodelled<'a>(
    subjects: &[&'a str],
    design: ArrayView2<f64>,
) -> Result<Vec<(&'a str, usize)>> {
    let mut several: Vec<(&str, usize)> = Vec::new();
    for own in subjects {
        match several.iter_mut().find(|(known, _)| known == own) {
            Some((_, n)) => *n += 1,
            None => several.push((own, 1)),
        }
    }
    several.retain(|(_, n)| *n > 1);
    if several.is_empty() {
        return Ok(several);
    }
    let solved = LeastSquares::new(design)?;
    several.retain(|(of, _)| {
        let own: Array1<f64> = subjects.iter().map(|one| f64::from(u8::from(one == of))).collect();
        !solved.spans(design, own.view())
    });
    Ok(several)
}

/// What is to be said where a subject has several maps. `hint`: what to add to the model.
fn dependence(
    sample: &Sample,
    (rows, design): (&[usize], ArrayView2<f64>),
    hint: &str,
) -> Result<Option<String>> {
    let subjects: Vec<&str> = rows.iter().map(|row| &*sample.subjects[*row]).collect();
    let several = unmodelled(&subjects, design)?;
    Ok((!several.is_empty()).then(|| {
        format!(
            "subjects have several maps, and no term is of subjects: parametric t and F take the maps of one subject for independent (add \
             {hint}, or choose a model in words, which partitions the error)"
        )
    }))
}

fn resolved(
    sample: &Sample,
    request: &Request<'_>,
    coded: Coded,
    own: Vec<Weighed>,
) -> Result<Resolved> {
    if coded.columns.is_empty() {
        return Err(Error::usage(
            "the model",
            "has no column",
            "have one or more",
            "a formula of 1 is a mean: --model '1'",
        ));
    }
    let factors = Factors::of_subjects(sample);
    let strata = contrasts(request, &coded.columns, own)?;
    let strata = strata.into_iter().map(|one| stratum(sample, request, &coded, one));
    let strata = strata.collect::<Result<Vec<Stratum>>>()?;
    strata.iter().try_for_each(|stratum| check(stratum, request))?;
    Ok(Resolved { factors, strata, notes: Vec::new(), warnings: Vec::new() })
}

/// Those that are asked for, else the model's own.
fn contrasts(request: &Request<'_>, names: &[String], own: Vec<Weighed>) -> Result<Vec<Weighed>> {
    if request.contrasts.is_empty() && request.f_contrasts.is_empty() {
        return Ok(own);
    }
    let columns = Columns { n_task: names.len(), ..Columns::named(names) };
    let mut all = Vec::new();
    let texts = request.contrasts.iter().map(|text| (text, false));
    for (text, is_f) in texts.chain(request.f_contrasts.iter().map(|text| (text, true))) {
        if let Some((name, own_is_f, rows)) =
            own.iter().find(|(name, own_is_f, _)| name == text && (*own_is_f || !is_f))
        {
            all.push((name.clone(), *own_is_f, rows.clone()));
            continue;
        }
        // Names of columns may hold =; a name of a contrast may not hold what they hold.
        let named = match names.contains(text) {
            true => crate::design::contrast::NamedContrast {
                name: text.clone(),
                expression: text.clone(),
            },
            false => parse_named(text)?,
        };
        let rows = match is_f {
            true => parse_f_of(&named.expression, &columns)?,
            false => parse_t_of(&named.expression, &columns)?.insert_axis(Axis(0)),
        };
        all.push((named.name, is_f, rows));
    }
    Ok(all)
}

fn stratum(
    sample: &Sample,
    request: &Request<'_>,
    coded: &Coded,
    (name, is_f, weights): Weighed,
) -> Result<Stratum> {
    let subjects: Vec<String> = coded.rows.iter().map(|&r| sample.subjects[r].clone()).collect();
    let block = |s: &String| subjects.iter().position(|other| other == s).unwrap_or(0);
    let blocks: Vec<usize> = subjects.iter().map(block).collect();
    let several = blocks.iter().enumerate().any(|(at, block)| *block != at);
    let (groups, group) = groups(sample, request, &coded.rows)?;
    // Where a constant added to all maps changes the contrast, it is about a mean.
    let flips = coded.design.nrows() > 0
        && weights
            .dot(&LeastSquares::new(coded.design.view())?.pinv)
            .sum_axis(Axis(1))
            .iter()
            .any(|s| s.abs() > NOTHING);
    let words = weights.rows().into_iter().map(|row| sum(row, &coded.columns));
    let lacks = |(row, column): &(usize, String)| {
        (sample.subjects[*row].clone(), format!("{column} is n/a in {}", sample.line(*row)))
    };
    Ok(Stratum {
        name,
        words: words.collect::<Vec<_>>().join("; "),
        is_f,
        group,
        groups,
        combined: vec![coded.rows.iter().map(|&row| vec![(row, 1.0)]).collect()],
        combined_words: vec![if several { "each map".to_owned() } else { String::new() }],
        columns: coded.columns.clone(),
        design: coded.design.clone(),
        weights,
        flips,
        blocks: several.then_some(blocks),
        given_blocks: None,
        left_out: coded.without.iter().map(lacks).collect(),
        subjects,
    })
}

/// Groups that may differ in variance, where --between names their column.
fn groups(
    sample: &Sample,
    request: &Request<'_>,
    rows: &[usize],
) -> Result<(Vec<String>, Vec<usize>)> {
    let Some(column) = request.between else {
        return Ok((vec!["mean".to_owned()], vec![0; rows.len()]));
    };
    let texts = sample.texts(column)?;
    let mut names: Vec<String> = Vec::new();
    let mut group = Vec::new();
    for &row in rows {
        let Some(text) = &texts[row] else {
            return Err(Error::bad_data(
                format!("{}, {},", sample.table.name, sample.line(row)),
                format!("has no value in column '{column}'"),
                "have one, for groups may differ in variance",
                "fill it in, or leave --between out",
            ));
        };
        let at = names.iter().position(|name| name == text).unwrap_or(names.len());
        if at == names.len() {
            names.push(text.clone());
        }
        group.push(at);
    }
    Ok((names, group))
}

/// The columns of a ready matrix; one named subject is held against the table's.
fn numbers(table: &Table, sample: &Sample) -> Result<(Vec<String>, Array2<f64>)> {
    let n = sample.subjects.len();
    if table.rows.len() != n {
        return Err(Error::bad_data(
            table.name.clone(),
            format!("has {} rows", table.rows.len()),
            format!("have {n}, one for each map of {} and in its order", sample.table.name),
            "add or delete rows in one of them",
        ));
    }
    let is_subject = |name: &str| matches!(name, "subject" | "participant_id");
    if let Some(at) = table.columns.iter().position(|name| is_subject(name)) {
        let own = |row: usize| table.rows[row][at].trim().trim_start_matches("sub-").to_owned();
        if let Some(row) = (0..n).find(|&row| own(row) != sample.subjects[row]) {
            return Err(Error::bad_data(
                format!("{}, line {},", table.name, row + 2),
                format!("is of subject '{}'", own(row)),
                format!(
                    "be of '{}', as {} in {}",
                    sample.subjects[row],
                    sample.line(row),
                    sample.table.name
                ),
                "have the rows of both in one order",
            ));
        }
    }
    let columns: Vec<usize> =
        (0..table.columns.len()).filter(|&c| !is_subject(&table.columns[c])).collect();
    let ready = sample.beside(table);
    let mut design = Array2::zeros((n, columns.len()));
    for (to, &from) in columns.iter().enumerate() {
        let name = &table.columns[from];
        let values = ready.numbers(name)?;
        if let Some(row) = values.iter().position(|v| v.is_nan()) {
            return Err(Error::bad_data(
                format!("{}, line {},", table.name, row + 2),
                format!("has no number in column '{name}'"),
                "have one",
                "fill it in, or delete the row here and in the table of maps",
            ));
        }
        design.column_mut(to).assign(&Array1::from(values));
    }
    Ok((columns.into_iter().map(|c| table.columns[c].clone()).collect(), design))
}
