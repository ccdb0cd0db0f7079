//! What a room uploads once for all blocks: its own resident struct, found again by what it was made from.

use std::any::Any;
use std::sync::{Arc, PoisonError};

use super::Gpu;
use crate::error::Result;

/// Of as many models, projections or filters as a command works with; the oldest goes first.
const MOST: usize = 32;

/// A key and what was made from it.
pub(super) type Resident = Box<dyn Any + Send>;

impl Gpu {
    /// What `make` made from an equal key before, or makes now.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn resident<K, R>(
        &self,
        key: &K,
        make: impl FnOnce(&Gpu) -> Result<R>,
    ) -> Result<Arc<R>>
    where
        K: PartialEq + Clone + Send + 'static,
        R: Send + Sync + 'static,
    {
        let mut residents = self.residents.lock().unwrap_or_else(PoisonError::into_inner);
        let known = residents.iter().filter_map(|entry| entry.downcast_ref::<(K, Arc<R>)>());
        if let Some((_, found)) = known.into_iter().find(|(made_from, _)| made_from == key) {
            return Ok(Arc::clone(found));
        }
        let made = Arc::new(make(self)?);
        if residents.len() == MOST {
            residents.remove(0);
        }
        residents.push(Box::new((key.clone(), Arc::clone(&made))));
        Ok(made)
    }
}
