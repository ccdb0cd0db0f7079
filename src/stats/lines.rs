//! f64 that begin at a cache line: no SIMD vector, not even one as wide as a line, then lies on two of them.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

use bytemuck::{Pod, Zeroable};

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f64; 8]);

/// As many f64 as were asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    lines: Vec<Line>,
    len: usize,
}

thread_local! {
    static ROOM: Cell<Lines> = const { Cell::new(Lines { lines: Vec::new(), len: 0 }) };
}

/// Room that a thread keeps from task to task: new room would be zeroed for each.
pub(crate) fn with_room<T>(work: impl FnOnce(&mut Lines) -> T) -> T {
    let mut room = ROOM.take();
    let made = work(&mut room);
    ROOM.set(room);
    made
}

impl Lines {
    /// So many zeros.
    pub fn zeros(n: usize) -> Lines {
        Lines { lines: vec![Line::zeroed(); n.div_ceil(8)], len: n }
    }

    /// So many, whatever they are.
    pub fn of_len(&mut self, n: usize) -> &mut [f64] {
        if self.lines.len() < n.div_ceil(8) {
            *self = Lines::zeros(n);
        }
        self.len = n;
        self
    }
}

impl Deref for Lines {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_begins_at_a_line_and_room_is_kept() {
        for n in [0, 1, 8, 9, 1000] {
            let zeros = Lines::zeros(n);
            assert_eq!((zeros.len(), zeros.as_ptr().align_offset(64)), (n, 0));
            assert!(zeros.iter().all(|&value| value == 0.0));
        }
        with_room(|room| room.of_len(20).fill(7.0));
        let kept = with_room(|room| room.of_len(12).to_vec());
        assert_eq!(kept, [7.0; 12]);
        assert_eq!(with_room(|room| room.of_len(99).len()), 99);
    }
}
