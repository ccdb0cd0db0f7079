//! One adapter, opened: its error scopes, its lost flag, and the waits that look at both.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::kernel::Kernel;
use super::pool::Pool;
use super::resident::Resident;
use super::timer::Anchor;
use super::turn::{Closed, Closing};
use super::{
    Acc, DeviceChoice, DeviceOptions, DeviceReport, Span, Variant, adapter, limits, probe, turn,
};
use crate::error::{DeviceFailure, Error, Result};

/// Host memory that blocks came back in, kept for the next.
const MOST_SPARE: usize = 3;

/// A submission takes 0.2 s at most by its estimate; one that takes this long is lost.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Memory that is used again.
#[derive(Debug)]
pub(super) struct Pools {
    /// What kernels bind.
    pub(super) storage: Arc<Pool>,
    /// What kernels' parameters lie in.
    pub(super) params: Arc<Pool>,
    /// What the host writes blocks into.
    pub(super) up: Arc<Pool>,
    /// What the host reads results from.
    pub(super) down: Arc<Pool>,
}

impl Pools {
    fn new(limits: &wgpu::Limits) -> Pools {
        use wgpu::BufferUsages as Usage;
        let pool = |usage| Pool::new(usage, limits);
        Pools {
            storage: pool(Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST),
            params: pool(Usage::UNIFORM | Usage::COPY_DST),
            up: pool(Usage::MAP_WRITE | Usage::COPY_SRC),
            down: pool(Usage::MAP_READ | Usage::COPY_DST),
        }
    }
}

/// One adapter, opened.
#[derive(Debug)]
pub struct Gpu {
    _closing: Closing,
    pub(super) spans: Mutex<Vec<Span>>,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) limits: wgpu::Limits,
    /// An adapter that computes on the CPU.
    pub(super) software: bool,
    pub(super) kernels: Mutex<HashMap<Variant, Arc<Kernel>>>,
    pub(super) residents: Mutex<Vec<Resident>>,
    pub(super) pools: Pools,
    pub(super) anchor: Mutex<Option<Anchor>>,
    spare: Mutex<Vec<Vec<f32>>>,
    waits: AtomicUsize,
    acc: Acc,
    info: wgpu::AdapterInfo,
    options: DeviceOptions,
    lost: Arc<AtomicBool>,
    injected: Mutex<Option<DeviceFailure>>,
    probe: BTreeMap<String, String>,
    _closed: Closed,
}

impl Gpu {
    /// Open an adapter with all its limits and run the numerics probe.
    pub(super) fn open(adapter: wgpu::Adapter, options: DeviceOptions) -> Result<Gpu> {
        let info = adapter.get_info();
        let here = adapter.features();
        let has_f64 = here.contains(wgpu::Features::SHADER_F64);
        if options.f64_accumulators == Some(true) && !has_f64 {
            return Err(Error::no_device(
                info.name,
                "has no f64 in shaders",
                "have it for f64 accumulators",
                "leave the accumulators' precision to the device",
            ));
        }
        let acc =
            if has_f64 && options.f64_accumulators != Some(false) { Acc::F64 } else { Acc::F32 };
        let mut wanted = wgpu::Features::TIMESTAMP_QUERY & here;
        if acc == Acc::F64 {
            wanted |= wgpu::Features::SHADER_F64;
        }
        let limits = adapter.limits();
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("boldly"),
            required_features: wanted,
            required_limits: limits.clone(),
            ..Default::default()
        };
        let opened = turn::alone(|| pollster::block_on(adapter.request_device(&descriptor)));
        let (device, queue) = opened.map_err(|cause| {
            Error::no_device(
                info.name.clone(),
                "could not be opened",
                "",
                "another process may hold it; --device cpu needs none",
            )
            .caused_by(cause)
        })?;
        let lost = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&lost);
        device.set_device_lost_callback(move |_, _| flag.store(true, Ordering::Release));
        // What escapes the scopes must not panic; the lost flag and the waits decide.
        device.on_uncaptured_error(Arc::new(|_| {}));
        let software = info.device_type == wgpu::DeviceType::Cpu;
        let mut gpu = Gpu {
            _closing: Closing,
            spans: Mutex::default(),
            device,
            queue,
            pools: Pools::new(&limits),
            limits,
            software,
            kernels: Mutex::default(),
            residents: Mutex::default(),
            anchor: Mutex::default(),
            spare: Mutex::default(),
            waits: AtomicUsize::new(0),
            acc,
            info,
            options,
            lost,
            injected: Mutex::default(),
            probe: BTreeMap::new(),
            _closed: Closed,
        };
        gpu.probe = probe::run(&gpu)?;
        if let Ok(mut spans) = gpu.spans.lock() {
            spans.clear();
        }
        Ok(gpu)
    }

    pub(super) fn reopen(&self) -> Result<Gpu> {
        let same = DeviceChoice::Named(self.report().handle().to_owned());
        Gpu::open(adapter::choose(&same)?, self.options)
    }

    /// What sums are kept in.
    pub(crate) fn acc(&self) -> Acc {
        self.acc
    }

    /// Whether the adapter computes on the CPU.
    pub(crate) fn is_software(&self) -> bool {
        self.software
    }

    pub(super) fn most_block_bytes(&self) -> usize {
        limits::most_block_bytes(&self.limits, self.software)
    }

    pub(super) fn block_bytes(&self) -> usize {
        limits::block_bytes(&self.limits, self.software)
    }

    pub(super) fn report(&self) -> DeviceReport {
        let mut report = adapter::describe(&self.info, self.acc == Acc::F64);
        report.probe = self.probe.clone();
        report
    }

    pub(super) fn waits(&self) -> usize {
        self.waits.load(Ordering::Relaxed)
    }

    /// Let go of all memory that nobody holds.
    pub(super) fn clear_pools(&self) {
        let Pools { storage, params, up, down } = &self.pools;
        for pool in [storage, params, up, down] {
            pool.clear();
        }
    }

    pub(super) fn spare(&self) -> Vec<f32> {
        self.spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default()
    }

    pub(super) fn keep_spare(&self, data: Vec<f32>) {
        if let Ok(mut spare) = self.spare.lock()
            && spare.len() < MOST_SPARE
        {
            spare.push(data);
        }
    }

    pub(super) fn note(&self, span: Span) {
        if let Ok(mut spans) = self.spans.lock() {
            spans.push(span);
        }
    }

    /// Run `work` inside error scopes; an error of the driver becomes ours, named after `what`.
    pub(super) fn scoped<T>(&self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes = [
            (DeviceFailure::Rejected, self.device.push_error_scope(Validation)),
            (DeviceFailure::OutOfMemory, self.device.push_error_scope(OutOfMemory)),
            (DeviceFailure::Rejected, self.device.push_error_scope(Internal)),
        ];
        let result = work();
        let mut failed = None;
        for (failure, scope) in scopes.into_iter().rev() {
            if let Some(cause) = pollster::block_on(scope.pop()) {
                failed = failed.or(Some(self.failure(failure, what).caused_by(cause)));
            }
        }
        if failed.is_some() {
            // What is done with a lost device is invalid too, and only a poll says that it is lost.
            let _ = self.device.poll(wgpu::PollType::Poll);
        }
        if self.lost.load(Ordering::Acquire) {
            return Err(self.failure(DeviceFailure::Lost, what));
        }
        failed.map_or(result, Err)
    }

    /// Wait for a submission, then look whether the device still exists: only after a poll is that known.
    pub(super) fn wait(&self, what: &str, submission: wgpu::SubmissionIndex) -> Result<()> {
        self.waits.fetch_add(1, Ordering::Relaxed);
        let waited = self.device.poll(wgpu::PollType::Wait {
            submission_index: Some(submission),
            timeout: Some(TIMEOUT),
        });
        if waited.is_err() || self.lost.load(Ordering::Acquire) {
            return Err(self.failure(DeviceFailure::Lost, what));
        }
        Ok(())
    }

    /// Poll until a mapping was answered, which a wait for its submission mostly did.
    pub(super) fn until_mapped(&self, what: &str, answer: impl Fn() -> Option<bool>) -> Result<()> {
        let deadline = std::time::Instant::now() + TIMEOUT;
        loop {
            match answer() {
                Some(true) => return Ok(()),
                Some(false) => break,
                None if std::time::Instant::now() > deadline => break,
                None if self.lost.load(Ordering::Acquire) => break,
                None if self.device.poll(wgpu::PollType::Poll).is_err() => break,
                None => std::thread::yield_now(),
            }
        }
        Err(self.failure(DeviceFailure::Lost, what))
    }

    /// An error of this device.
    pub(super) fn failure(&self, failure: DeviceFailure, what: &str) -> Error {
        let (found, hint) = match failure {
            DeviceFailure::OutOfMemory => {
                ("ran out of device memory", "smaller blocks need less; --device cpu needs none")
            }
            DeviceFailure::Lost => (
                "lost the device",
                "another program or the system may have reset it; --device cpu needs none",
            ),
            DeviceFailure::Rejected => {
                ("was rejected by the driver", "--device cpu avoids it; please report this")
            }
        };
        Error::device(failure, format!("{what} on {}", self.info.name), found, "", hint)
    }

    /// Let the next room fail like this; a test of the retry ladder.
    #[doc(hidden)]
    pub fn inject(&self, failure: DeviceFailure) {
        if let Ok(mut injected) = self.injected.lock() {
            *injected = Some(failure);
        }
    }

    /// Destroy the device as a driver reset would; a test of the retry ladder.
    #[doc(hidden)]
    pub fn lose(&self) {
        self.device.destroy();
    }

    pub(super) fn fail_if_injected(&self, what: &str) -> Result<()> {
        match self.injected.lock().ok().and_then(|mut injected| injected.take()) {
            Some(failure) => Err(self.failure(failure, what)),
            None => Ok(()),
        }
    }
}
