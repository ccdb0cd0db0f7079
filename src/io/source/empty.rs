//! Volumes that hold nothing: a scanner's or a converter's lost volume comes as zeros.

use super::passing::{Keeps, Passing};
use crate::volume::HostBold;

/// Which volumes of a run have shown a value other than 0, found as its blocks pass.
#[derive(Debug)]
pub struct Empty {
    /// `[volume]`
    has_values: Vec<bool>,
}

/// A source, of which it is kept which volumes are empty.
pub type Filled<'a> = Passing<'a, Empty>;

impl Empty {
    /// Of a run of so many volumes; nothing has passed.
    #[must_use]
    pub fn new(n_volumes: usize) -> Empty {
        Empty { has_values: vec![false; n_volumes] }
    }

    /// Volumes of zeros alone, ascending, from 0: none where no volume has other values, which is told as what it is elsewhere.
    #[must_use]
    pub fn volumes(&self) -> Vec<usize> {
        if !self.has_values.contains(&true) {
            return Vec::new();
        }
        (0..self.has_values.len()).filter(|&t| !self.has_values[t]).collect()
    }
}

impl Keeps for Empty {
    fn take(&mut self, bold: &HostBold) {
        let volumes = bold.data.chunks_exact(bold.block.volume_len().max(1));
        for (volume, t) in volumes.zip(bold.block.volumes.clone()) {
            if !self.has_values[t] {
                self.has_values[t] = volume.iter().any(|&value| value != 0.0);
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.has_values.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BoldSource, Memory};
    use super::*;
    use crate::volume::Block;

    #[test]
    fn a_volume_of_zeros_is_told_from_one_that_has_a_value_in_any_block() {
        let whole = Block::whole([2, 2, 3], 4);
        let mut data = vec![0.0_f32; whole.len()];
        (data[0], data[2 * 12 + 11], data[3 * 12 + 5]) = (1.0, -2.0, f32::NAN);
        let mut source = Memory { run: HostBold::new(whole.clone(), data) };
        let mut empty = Empty::new(4);
        let mut filled = Filled::new(&mut source, &mut empty);
        for planes in [0..1, 1..3] {
            filled.read(&Block { planes, ..whole.clone() }).expect("memory reads");
        }
        assert_eq!(empty.volumes(), [1]);
        assert!(Empty::new(4).volumes().is_empty(), "a run without any value is another matter");
    }
}
