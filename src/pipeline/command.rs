//! An analysis is a value: the command line, `verify`, and whoever else calls, run it in the same way.

use crate::error::Result;
use crate::pipeline::products::Products;
use crate::pipeline::session::Session;
use crate::pipeline::spec::Command;
use crate::pipeline::{
    confounds, connect, endpoints, fixed, glm, group, inputs, physio, retroicor, smooth,
};

impl Command {
    /// Run it; what it makes goes into `products`.
    ///
    /// # Errors
    /// Input, device and output errors.
    pub fn run(&self, session: &mut Session<'_>, products: &mut dyn Products) -> Result<()> {
        session.watch.clear();
        products.begin(session, self)?;
        let files: Vec<_> = self.inputs().into_iter().map(|(_, path)| path).collect();
        products.reads(&files)?;
        inputs::refuse_others(self, &session.watch)?;
        match self {
            Command::Glm(spec) => glm::run(spec, session, products),
            Command::Retroicor(spec) => retroicor::run(spec, session, products),
            Command::Smooth(spec) => smooth::run(spec, session, products),
            Command::Confounds(spec) => confounds::run(spec, session, products),
            Command::Physio(spec) => physio::run(spec, session, products),
            Command::Group(spec) => group::run(spec, session, products),
            Command::Connect(spec) => connect::run(spec, session, products),
            Command::Trial(spec) => endpoints::run(spec, session, products),
            Command::Fixed(spec) => fixed::run(spec, session, products),
        }
    }
}
