//! The unit of a node above the run: its variables, its design, and the command that combines its estimates.

use super::super::above::Above;
use super::super::unit::{Estimate, Unit};
use super::super::{at_zero, missing, named, people, several, together};
use super::{Planning, why};
use crate::bids::model::Node;
use crate::bids::variables::Value;
use crate::bids::{Entities, Notes, design, graph, transform};
use crate::error::Result;
use crate::pipeline::spec::Missing;

impl Planning<'_> {
    /// The unit of a group of inputs; none where no contrast is left to ask, which is said.
    pub(super) fn one_above(
        &mut self,
        (at, node): (usize, &Node),
        group: &graph::Unit,
        inputs: &[(usize, Estimate)],
        known: &[Entities],
    ) -> Result<Option<Unit>> {
        let unit = named::label(&group.entities, &["space"]);
        let whose = match unit.as_str() {
            "dataset" => format!("node {}", node.name),
            unit => format!("node {} ({unit})", node.name),
        };
        let own: Vec<&Entities> = group.inputs.iter().map(|&i| &known[i]).collect();
        let mut variables = people::variables(&own)?;
        let coming = graph::incoming(group, known);
        together::refuse_two_meanings(node, &whose, (&variables, &coming))?;
        for (name, column) in coming {
            if variables.get(&name).is_none() {
                variables.add_values(&name, column.into_iter().map(Value::Number).collect())?;
            }
        }
        if self.spec.missing_variable == Missing::Skip {
            variables.drop_missing();
        }
        let mut notes = Notes::default();
        let made = transform::apply(&node.transformations, &mut variables, &mut notes)
            .and_then(|()| design::columns(&variables, node, missing(self.spec), &mut notes));
        let made = made.map_err(|error| {
            let whose = with_input(&whose, &error.to_string(), &own);
            self.people.why(error.of(&whose))
        })?;
        for note in notes.all() {
            self.said.add(note, &whose);
        }
        together::refuse_in_no_column(node, &whose, (&made.names, &made.matrix), &own)?;
        let told = [
            together::own_spaces(node, &own),
            together::fixed_over_subjects(node, &own),
            together::not_told_apart(&made.matrix, &own),
            together::without_constant((&made.names, &made.matrix))?,
        ];
        for line in told.iter().flatten() {
            self.said.add(line, &whose);
        }
        let incoming = group.incoming.as_deref();
        let mut left_out = Vec::new();
        let columns = (&made.names[..], &made.names[..]);
        let mut asked = self.asked((node, columns), incoming, &whose, &mut left_out)?;
        let own: Vec<(usize, &Estimate)> =
            group.inputs.iter().map(|&i| (inputs[i].0, &inputs[i].1)).collect();
        together::refuse_other_grids(&self.units, &whose, &own)?;
        // What an estimate from below is called in file names it keeps.
        if let (Some(_), Some((_, from))) = (incoming, own.first()) {
            for one in &mut asked {
                if let Some(rest) = one.name.strip_prefix(&from.contrast) {
                    one.spoken = format!("{}{rest}", from.spoken);
                }
            }
        }
        let is_skipping = self.spec.missing_contrast == Missing::Skip;
        let (columns, design) = (made.names, made.matrix);
        let by = group.entities.clone();
        let mut above =
            Above { node: (at, node), entities: by, inputs: own, columns, design, asked };
        let few = if above.asked.is_empty() { Ok(()) } else { above.refuse_few() };
        if let Err(error) = few {
            if !is_skipping {
                return Err(error);
            }
            let lost = above.asked.iter().map(|one| format!("contrast {}", one.name));
            left_out.extend(lost.chain([error.to_string()]));
            above.asked.clear();
        }
        for (name, error) in above.undetermined()? {
            if !is_skipping {
                return Err(error);
            }
            left_out.push(format!("contrast {name}, which the inputs do not determine"));
            above.asked.retain(|one| one.name != name);
        }
        if above.asked.is_empty() {
            self.left_out.push(format!("{whose}: no contrast is left to ask{}", why(&left_out)));
            return Ok(None);
        }
        let design = (&above.columns[..], &above.design);
        let apart = several::of_one_subject(node, &above.inputs, &above.design)?;
        for line in at_zero::told(node, design, &variables, &above.asked)?.iter().chain(&apart) {
            self.said.add(line, &whose);
        }
        let mut unit = above.unit(self.spec)?;
        unit.left_out = left_out;
        Ok(Some(unit))
    }
}

/// A node, and which input it is that an error counts.
fn with_input(whose: &str, said: &str, inputs: &[&Entities]) -> String {
    let counted = said.split("for input ").nth(1).and_then(|rest| rest.split(';').next());
    let at = counted.and_then(|number| number.trim().parse::<usize>().ok());
    let input = at.and_then(|at| inputs.get(at.checked_sub(1)?));
    input.map_or(whose.to_owned(), |of| {
        format!("{whose} (that input is {})", named::label(&named::of_names(of), &["space"]))
    })
}
