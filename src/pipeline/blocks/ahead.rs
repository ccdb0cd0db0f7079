//! The CPU path reads the next block while it works on one: what either leaves of the cores the other takes.

use super::{read_timed, read_with_span};
use crate::error::Result;
use crate::gpu::{Bold, Span, Tape};
use crate::io::source::BoldSource;
use crate::volume::{Block, HostBold};

/// What blocks were read into and others may be.
pub type Spare = Vec<Vec<f32>>;

/// A source of blocks, and the block that was read ahead.
pub struct ReadAhead<'a> {
    source: &'a mut dyn BoldSource,
    next: Option<Block>,
    read: Option<(HostBold, Span)>,
}

impl ReadAhead<'_> {
    /// Nothing is read ahead before [`ReadAhead::expect`].
    pub fn of(source: &mut dyn BoldSource) -> ReadAhead<'_> {
        ReadAhead { source, next: None, read: None }
    }

    /// The source, for what is asked of it beside blocks.
    pub fn source(&mut self) -> &mut dyn BoldSource {
        self.source
    }

    /// The block that follows the one which is begun now; none where there is none, or no memory for two.
    pub fn expect(&mut self, next: Option<&Block>) {
        self.next = next.cloned();
    }

    /// Reads a block, unless it has been, and works on it while the next is read: what reading that meets is met again by
    /// who asks for it. `work` gives back what blocks were read into, once it is not needed.
    ///
    /// # Errors
    /// Whatever reading and `work` meet.
    pub fn with<T>(
        &mut self,
        tape: &mut Tape<'_>,
        block: &Block,
        work: impl FnOnce(&mut Tape<'_>, HostBold, &mut Spare) -> Result<T>,
    ) -> Result<T> {
        let host = match self.read.take() {
            Some((host, span)) if host.block == *block => {
                tape.record(span);
                host
            }
            _ => read_timed(tape, self.source, block)?,
        };
        let mut spare = Spare::new();
        let ReadAhead { source, next, read } = self;
        let made = match next.take() {
            None => work(tape, host, &mut spare),
            Some(next) => rayon::in_place_scope(|scope| {
                scope.spawn(|_| *read = read_with_span(*source, &next).ok());
                work(tape, host, &mut spare)
            }),
        };
        spare.into_iter().for_each(|data| self.source.reuse(data));
        made
    }
}

/// Sends a block to the device; what it was read into is filled anew where the device has a copy.
///
/// # Errors
/// Device errors.
pub fn send_sparing(tape: &mut Tape<'_>, host: HostBold, spare: &mut Spare) -> Result<Bold> {
    let (bold, copied) = tape.load(host)?;
    spare.extend(copied);
    Ok(bold)
}

#[cfg(test)]
mod tests {
    use super::super::{plane_bytes, slabs};
    use super::*;
    use crate::gpu::Device;
    use crate::io::source::Memory;

    #[test]
    fn a_block_that_was_read_ahead_comes_with_its_time_and_one_that_was_not_is_read() {
        let (shape, n_volumes) = ([3, 2, 4], 5);
        let whole = Block::whole(shape, n_volumes);
        let values = (0..whole.len() as u16).map(f32::from).collect();
        let mut source = Memory { run: HostBold::new(whole, values) };
        let mut plain = source.clone();
        let blocks = slabs(shape, n_volumes, 0, plane_bytes(shape, n_volumes)).expect("planes");
        let device = Device::cpu();
        let mut ahead = ReadAhead::of(&mut source);
        for (at, next) in [(0, Some(1)), (1, Some(2)), (3, None)] {
            ahead.expect(next.map(|next: usize| &blocks[next]));
            let got = ahead.with(&mut device.tape(), &blocks[at], |_, host, _| Ok(host));
            assert_eq!(got.expect("a block"), plain.read(&blocks[at]).expect("a block"));
        }
        let spans = device.take_spans();
        assert_eq!(spans.iter().filter(|span| span.stage == "read").count(), 3);
    }
}
