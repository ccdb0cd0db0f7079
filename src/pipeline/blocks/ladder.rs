//! A ring of blocks on a device, and what happens when the device fails: halve the block, open the device anew, then (under
//! `auto`) the CPU path with a warning.

use std::collections::VecDeque;

use super::{Cut, bytes};
use crate::error::{DeviceFailure, Error, Result};
use crate::gpu::{Device, DeviceChoice, DeviceReport, Done, Flight, Tape};
use crate::io::interrupt;
use crate::pipeline::watch::Watch;
use crate::volume::Block;

/// Blocks under way on a GPU: one is read while the one before is computed and the one before that comes back.
pub const RING: usize = 3;

/// Bytes of a block that is read ahead on the CPU path: memory for two of more would be too much.
const MOST_AHEAD: u64 = 16 << 20;

/// What is done with each block, in two halves: between them the device works and other blocks begin.
pub trait Story {
    /// What the second half needs of the first.
    type Begun;

    /// Read a block and record what is to happen to it. Whatever it leaves behind is set right by beginning the same block
    /// anew: a block in flight when the device fails is begun again.
    ///
    /// # Errors
    /// Reading and device errors.
    fn begin(&mut self, tape: &mut Tape<'_>, block: &Block) -> Result<Self::Begun>;

    /// Hear which block follows the one that is begun next, where it may be read ahead.
    fn expect(&mut self, _next: Option<&Block>) {}

    /// Take the results; blocks come in order. Leaves nothing behind when it fails.
    ///
    /// # Errors
    /// Device and writing errors.
    fn finish(&mut self, done: &Done<'_>, begun: Self::Begun) -> Result<()>;
}

/// A device together with what to do when it fails.
#[derive(Debug)]
pub struct Ladder {
    /// The device in use now.
    pub device: Device,
    /// Bytes that the process may take; none: as the device likes.
    pub(super) memory: Option<u64>,
    fall_back: bool,
    /// `auto` before the work is known: the CPU path, unless [`Ladder::decide`] says otherwise.
    undecided: bool,
    /// Why `auto` did not take a GPU; said when the work begins.
    pub(super) passed_over: Option<String>,
    /// Whether the device has finished a block.
    worked: bool,
    /// The GPU that finished blocks before the CPU path took over.
    before: Option<DeviceReport>,
}

/// How far blocks came before one failed.
struct Came {
    done: usize,
    failed: Option<Error>,
}

impl Ladder {
    /// Open the chosen device; only `auto` may later fall back to the CPU path.
    ///
    /// # Errors
    /// No device when it does not exist here.
    pub fn open(choice: &DeviceChoice) -> Result<Ladder> {
        let ladder = Ladder::around(Device::open(choice)?);
        Ok(if *choice == DeviceChoice::Auto { ladder.falling_back() } else { ladder })
    }

    /// As [`Ladder::open`], but `auto` waits for [`Ladder::decide`] before it opens anything.
    ///
    /// # Errors
    /// No device when it does not exist here.
    pub fn for_work(choice: &DeviceChoice) -> Result<Ladder> {
        match choice {
            DeviceChoice::Auto => Ok(Ladder { undecided: true, ..Ladder::around(Device::cpu()) }),
            named => Ladder::open(named),
        }
    }

    /// Whether `auto` has not chosen yet.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.undecided
    }

    /// What `auto` takes: a GPU if there is one, or the CPU path.
    pub fn decide(&mut self, gpu: bool) {
        self.undecided = false;
        if gpu && let Ok(ladder) = Ladder::open(&DeviceChoice::Auto) {
            *self = ladder.within(self.memory);
        }
    }

    /// A ladder around an open device that may not fall back.
    #[must_use]
    pub fn around(device: Device) -> Ladder {
        let passed_over = device.passed_over().map(str::to_owned);
        Ladder {
            device,
            memory: None,
            fall_back: false,
            undecided: false,
            passed_over,
            worked: false,
            before: None,
        }
    }

    /// The same ladder with the CPU path as its last rung.
    #[must_use]
    pub fn falling_back(self) -> Ladder {
        Ladder { fall_back: true, ..self }
    }

    /// The same ladder with work that takes no more than so many bytes, the process and its source included.
    #[must_use]
    pub fn within(self, memory: Option<u64>) -> Ladder {
        Ladder { memory, ..self }
    }

    /// The CPU path with the same memory, for work that is always done there.
    #[must_use]
    pub fn on_the_host(&self) -> Ladder {
        Ladder::around(Device::cpu()).within(self.memory)
    }

    /// What is recorded beside results: of two devices that each made a part, the GPU, which is the less exact.
    #[must_use]
    pub fn report(&self) -> DeviceReport {
        self.before.clone().unwrap_or_else(|| self.device.report())
    }

    /// Tell a story of the blocks, several at a time on a GPU.
    ///
    /// # Errors
    /// What the story meets, once the ladder ends; an interrupt between blocks.
    pub fn climb<S: Story>(
        &mut self,
        blocks: Vec<Block>,
        cut: Cut,
        watch: &dyn Watch,
        story: &mut S,
    ) -> Result<()> {
        self.say_passed_over(watch);
        let mut next = 0;
        while next < blocks.len() {
            let may_read_ahead = self.memory.is_none();
            let left = (&blocks[next..], may_read_ahead);
            let Came { done, failed } = flow(&self.device, left, watch, story);
            self.worked |= done > 0;
            next += done;
            if let Some(failed) = failed {
                let climb = Climb { cut, watch, may_reopen: true };
                self.rescue(failed, &blocks[next], climb, &mut |device, block| {
                    let mut tape = device.tape();
                    let begun = story.begin(&mut tape, block)?;
                    story.finish(&tape.run()?, begun)
                })?;
                watch.step();
                next += 1;
            }
        }
        Ok(())
    }

    /// Work through the blocks one by one. `work` must leave nothing behind when it fails on a block.
    ///
    /// # Errors
    /// What `work` meets, once the ladder ends; an interrupt between blocks.
    pub fn each(
        &mut self,
        blocks: Vec<Block>,
        cut: Cut,
        watch: &dyn Watch,
        work: &mut dyn FnMut(&Device, &Block) -> Result<()>,
    ) -> Result<()> {
        self.say_passed_over(watch);
        for block in blocks {
            self.attempt(&block, Climb { cut, watch, may_reopen: true }, work)?;
            watch.step();
        }
        Ok(())
    }

    /// Work that no blocks are cut of: it begins anew on each rung, so `work` must leave nothing behind when it fails.
    ///
    /// # Errors
    /// What `work` meets, once the ladder ends.
    pub fn whole<T>(
        &mut self,
        watch: &dyn Watch,
        work: &mut dyn FnMut(&Device) -> Result<T>,
    ) -> Result<T> {
        self.say_passed_over(watch);
        let mut may_reopen = true;
        loop {
            match work(&self.device) {
                Ok(made) => {
                    self.worked = true;
                    return Ok(made);
                }
                Err(failed) => may_reopen = self.descend(failed, may_reopen, watch)?,
            }
        }
    }

    /// Say once why `auto` passed a GPU over.
    pub fn say_passed_over(&mut self, watch: &dyn Watch) {
        if let Some(why) = self.passed_over.take() {
            watch.warn(&format!("{why}; going on with the CPU path"));
        }
    }

    fn attempt(
        &mut self,
        block: &Block,
        climb: Climb<'_>,
        work: &mut dyn FnMut(&Device, &Block) -> Result<()>,
    ) -> Result<()> {
        interrupt::check()?;
        match work(&self.device, block) {
            Ok(()) => {
                self.worked = true;
                Ok(())
            }
            Err(failed) => self.rescue(failed, block, climb, work),
        }
    }

    /// The rungs, after a block failed.
    fn rescue(
        &mut self,
        failed: Error,
        block: &Block,
        climb: Climb<'_>,
        work: &mut dyn FnMut(&Device, &Block) -> Result<()>,
    ) -> Result<()> {
        if let Error::Device { failure: DeviceFailure::OutOfMemory, .. } = &failed
            && let Some(halves) = climb.cut.halve(block)
        {
            climb.watch.warn(&format!("{failed}; halving the block"));
            return halves.iter().try_for_each(|half| self.attempt(half, climb, work));
        }
        let may_reopen = self.descend(failed, climb.may_reopen, climb.watch)?;
        self.attempt(block, Climb { may_reopen, ..climb }, work)
    }

    /// A rung down after a failure: the device opened anew, once, or the CPU path. Whether there may be another such opening comes back.
    fn descend(&mut self, failed: Error, may_reopen: bool, watch: &dyn Watch) -> Result<bool> {
        let Error::Device { failure, .. } = &failed else { return Err(failed) };
        if *failure == DeviceFailure::Lost && may_reopen {
            watch.warn(&format!("{failed}; opening the device anew"));
            if let Ok(device) = self.device.reopen() {
                self.device = device;
                return Ok(false);
            }
        }
        if !self.fall_back || matches!(self.device, Device::Cpu(_)) {
            return Err(failed);
        }
        watch.warn(&format!("{failed}; going on with the CPU path"));
        if self.worked {
            self.before = Some(self.device.report());
        }
        let cpu = Device::cpu();
        self.device.take_spans().into_iter().for_each(|span| cpu.record(span));
        self.device = cpu;
        Ok(may_reopen)
    }
}

/// What the rungs need beside the block.
#[derive(Clone, Copy)]
struct Climb<'a> {
    cut: Cut,
    watch: &'a dyn Watch,
    may_reopen: bool,
}

/// Blocks through the device until one fails; those begun behind it are given up.
fn flow<S: Story>(
    device: &Device,
    (blocks, may_read_ahead): (&[Block], bool),
    watch: &dyn Watch,
    story: &mut S,
) -> Came {
    let is_cpu = matches!(device, Device::Cpu(_));
    let most = if is_cpu { 1 } else { RING };
    let mut ring: VecDeque<(Flight<'_>, S::Begun)> = VecDeque::with_capacity(most);
    let mut waiting = blocks.iter();
    let (mut done, mut failed) = (0, None);
    loop {
        while ring.len() < most && failed.is_none() {
            let Some(block) = waiting.next() else { break };
            let is_ahead = |next: &&Block| is_cpu && may_read_ahead && bytes(next) <= MOST_AHEAD;
            story.expect(waiting.as_slice().first().filter(is_ahead));
            match begin(device, block, story) {
                Ok(begun) => ring.push_back(begun),
                Err(error) => failed = Some(error),
            }
        }
        // Those before a block that failed to begin are still good.
        let Some((flight, begun)) = ring.pop_front() else { return Came { done, failed } };
        if let Err(error) = flight.wait().and_then(|results| story.finish(&results, begun)) {
            return Came { done, failed: Some(error) };
        }
        done += 1;
        watch.step();
    }
}

fn begin<'d, S: Story>(
    device: &'d Device,
    block: &Block,
    story: &mut S,
) -> Result<(Flight<'d>, S::Begun)> {
    interrupt::check()?;
    let mut tape = device.tape();
    let begun = story.begin(&mut tape, block)?;
    Ok((tape.submit()?, begun))
}
