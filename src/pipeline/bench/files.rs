//! Whole commands on files, as separate processes of this binary on each device, each against a floor measured beside it.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use libdeflater::Decompressor;
use ndarray::ArrayView1;
use serde::Serialize;
use serde_json::json;

use super::{
    BenchSpec, N_COMMON, VOXEL_SIZE_MM, made_up_columns, made_up_mask, made_up_run, median,
};
use crate::error::{Error, Result};
use crate::gpu::DeviceReport;
use crate::io::sample::SampleType;
use crate::io::{Header, Intent, Outputs, gzip_samples, hash, interrupt};
use crate::volume::Grid;

/// The CPU path's name and kind, and what `--device` calls it.
const CPU: &str = "cpu";
/// Repetition time of the bench's data, seconds.
const TR: f64 = 2.0;
/// How often a command is looked at, short beside the times that are told.
const LOOK_EVERY: Duration = Duration::from_micros(200);
/// Samples per second of the bench's recording.
const SAMPLING_HZ: f64 = 50.0;

/// The least a command can take for its files, which is measured beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Floor {
    /// Read the run into one reused buffer.
    Read,
    /// The same, and write as much.
    ReadWrite,
    /// Read the compressed run and unpack it with libdeflate, on one core.
    Unpack,
    /// The same, and compress the float32 result as commands do, on all cores.
    UnpackPack,
}

/// One whole command's median on files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CommandTime {
    /// `glm`, `smooth` or `retroicor`.
    pub command: String,
    /// Where it computed: `cpu`, or an adapter's name.
    pub device: String,
    /// Median wall seconds of the whole process.
    pub seconds: f64,
    /// What its floor consists of.
    pub floor: Floor,
    /// Median seconds of it.
    pub floor_seconds: f64,
    /// Median seconds of the input's BLAKE3 for the sidecar, by all cores.
    pub hash_seconds: f64,
}

/// A command line and what it is held against.
struct Case {
    line: &'static str,
    input: &'static str,
    output: &'static str,
    floor: Floor,
}

const CASES: [Case; 5] = [
    Case {
        line: "glm bold.nii --design design.tsv --mask mask.nii.gz --contrast column_1 --out maps",
        input: "bold.nii",
        output: "maps/mask.nii.gz",
        floor: Floor::Read,
    },
    Case {
        line: "smooth bold.nii --fwhm 5 --out smooth.nii",
        input: "bold.nii",
        output: "smooth.nii",
        floor: Floor::ReadWrite,
    },
    Case {
        line: "retroicor bold.nii --physio physio.tsv.gz --out clean.nii",
        input: "bold.nii",
        output: "clean.nii",
        floor: Floor::ReadWrite,
    },
    Case {
        line: "glm int16_bold.nii.gz --design design.tsv --mask mask.nii.gz --contrast column_1 --out maps",
        input: "int16_bold.nii.gz",
        output: "maps/mask.nii.gz",
        floor: Floor::Unpack,
    },
    Case {
        line: "retroicor int16_bold.nii.gz --physio physio.tsv.gz --out clean.nii.gz",
        input: "int16_bold.nii.gz",
        output: "clean.nii.gz",
        floor: Floor::UnpackPack,
    },
];

/// Time every case on files in a temporary folder, on the CPU path and on the GPU whose report this is.
pub(super) fn commands(spec: &BenchSpec, device: &DeviceReport) -> Result<Vec<CommandTime>> {
    let folder = std::env::temp_dir().join(format!("boldly-bench-{}", std::process::id()));
    let made = write_files(&folder, spec);
    let mut devices = vec![(CPU, CPU)];
    if device.kind != CPU {
        devices.push((device.handle(), &device.name));
    }
    let all = CASES.iter().flat_map(|case| devices.iter().map(move |&device| (case, device)));
    let timed = made.and_then(|()| {
        all.map(|(case, device)| time_command(spec, &folder, case, device)).collect()
    });
    let _ = std::fs::remove_dir_all(&folder); // temporary; what cannot be removed stays in the system's temporary folder
    timed
}

/// Waits for a command; who asks to stop ends it too. It is quiet, so that what it says fits the pipe.
fn ended(mut child: Child) -> Result<std::io::Result<Output>> {
    loop {
        if let Err(error) = interrupt::check() {
            let _ = child.kill(); // ended already
            let _ = child.wait();
            return Err(error);
        }
        match child.try_wait() {
            Ok(Some(_)) => return Ok(child.wait_with_output()),
            Ok(None) => std::thread::sleep(LOOK_EVERY),
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// `device`: what `--device` is given, and its name.
fn time_command(
    spec: &BenchSpec,
    folder: &Path,
    case: &Case,
    (handle, device): (&str, &str),
) -> Result<CommandTime> {
    let failed = |what: String| {
        let thing = format!("boldly {}", case.line);
        Error::internal(thing, what, "succeed", "run it by hand to see why")
    };
    let program = std::env::current_exe().map_err(|e| failed(e.to_string()))?;
    let mut times = Vec::new();
    let mut floors = Vec::new();
    let mut hashes = Vec::new();
    for _ in 0..=spec.repeats {
        for output in [case.output, "floor.nii"] {
            let _ = std::fs::remove_file(folder.join(output)); // absent at first
        }
        interrupt::check()?;
        let began = Instant::now();
        let child = Command::new(&program)
            .args(case.line.split(' '))
            .args(["--device", handle, "--quiet", "--overwrite"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| failed(e.to_string()))?;
        let output = ended(child)?.map_err(|e| failed(e.to_string()))?;
        times.push(began.elapsed().as_secs_f64());
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        floors.push(floor(folder, case).map_err(|e| failed(e.to_string()))?);
        let began = Instant::now();
        hash::file(&folder.join(case.input))?;
        hashes.push(began.elapsed().as_secs_f64());
    }
    let name = case.line.split(' ').next().unwrap_or_default();
    Ok(CommandTime {
        command: name.to_owned(),
        device: device.to_owned(),
        seconds: median(times.into_iter().skip(1)),
        floor: case.floor,
        floor_seconds: median(floors.into_iter().skip(1)),
        hash_seconds: median(hashes.into_iter().skip(1)),
    })
}

/// Seconds of a case's floor.
fn floor(folder: &Path, case: &Case) -> std::io::Result<f64> {
    let input = folder.join(case.input);
    match case.floor {
        Floor::Read => copy(&input, None),
        Floor::ReadWrite => copy(&input, Some(&folder.join("floor.nii"))),
        Floor::Unpack => Ok(unpack(&input)?.1),
        Floor::UnpackPack => {
            let unpacking = unpack(&input)?.1;
            let result = unpack(&folder.join(case.output))?.0;
            let began = Instant::now();
            let packed = gzip_samples(&result);
            let packing = began.elapsed().as_secs_f64();
            drop(packed);
            Ok(unpacking + packing)
        }
    }
}

/// Seconds to read a file with one reused buffer, and to write as much.
fn copy(input: &Path, output: Option<&Path>) -> std::io::Result<f64> {
    let began = Instant::now();
    let mut input = std::fs::File::open(input)?;
    let mut output = output.map(std::fs::File::create).transpose()?;
    let mut buffer = vec![0_u8; 4 << 20];
    loop {
        let n = input.read(&mut buffer)?;
        if n == 0 {
            return Ok(began.elapsed().as_secs_f64());
        }
        if let Some(file) = &mut output {
            file.write_all(&buffer[..n])?;
        }
    }
}

/// What a gzip file holds, and the seconds to read and unpack it at once.
fn unpack(path: &Path) -> std::io::Result<(Vec<u8>, f64)> {
    let began = Instant::now();
    let packed = std::fs::read(path)?;
    let length = packed.last_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b)); // files below 4 GiB
    let mut bytes = vec![0; length as usize];
    Decompressor::new().gzip_decompress(&packed, &mut bytes).map_err(std::io::Error::other)?;
    Ok((bytes, began.elapsed().as_secs_f64()))
}

/// The files that the timed commands read: the run, its mask, a design, slice times and a recording.
fn write_files(folder: &Path, spec: &BenchSpec) -> Result<()> {
    let [ni, nj, nk] = spec.shape;
    let mut affine = [[0.0; 4]; 4];
    (0..3).for_each(|axis| affine[axis][axis] = VOXEL_SIZE_MM);
    affine[3][3] = 1.0;
    let grid =
        Grid { shape: [ni, nj, nk], affine, voxel_size_mm: [VOXEL_SIZE_MM; 3], is_placed: true };
    let header = Header::new(&grid, Some(TR));
    let mut outputs = Outputs::new();
    let mut writer = outputs.bold(&folder.join("bold.nii"), &header.for_bold(spec.n_volumes))?;
    let run = made_up_run(spec);
    writer.write_block(&run)?;
    writer.finish()?;
    let stored: Vec<u8> = run.data.iter().flat_map(|v| (v.round() as i16).to_le_bytes()).collect();
    let path = folder.join("int16_bold.nii.gz");
    outputs.stored(&path, &header.for_bold(spec.n_volumes), (SampleType::I16, 1.0), &stored)?;
    let mask: Vec<f32> =
        made_up_mask(spec.shape).iter().map(|&inside| f32::from(u8::from(inside))).collect();
    outputs.map(&folder.join("mask.nii.gz"), &header.for_map(Intent::None), &mask)?;

    let design = made_up_columns(spec.n_volumes, N_COMMON, 0);
    let names: Vec<String> = (0..N_COMMON).map(|c| format!("column_{c}")).collect();
    let line =
        |row: ArrayView1<f64>| row.iter().map(f64::to_string).collect::<Vec<_>>().join("\t") + "\n";
    let rows: String = design.rows().into_iter().map(line).collect();
    outputs.text(&folder.join("design.tsv"), &format!("{}\n{rows}", names.join("\t")))?;

    let times: Vec<f64> = (0..nk).map(|k| (k * 7 % nk) as f64 * TR / nk as f64).collect();
    let sidecar = json!({ "RepetitionTime": TR, "SliceTiming": times });
    for name in ["bold.json", "int16_bold.json"] {
        outputs.text(&folder.join(name), &sidecar.to_string())?;
    }
    let recording = json!({
        "SamplingFrequency": SAMPLING_HZ, "StartTime": 0.0, "Columns": ["cardiac", "respiratory"],
    });
    outputs.text(&folder.join("physio.json"), &recording.to_string())?;
    let mut samples = String::new();
    for n in 0..((spec.n_volumes as f64 * TR + 10.0) * SAMPLING_HZ) as usize {
        let t = n as f64 / SAMPLING_HZ;
        let beat = std::f64::consts::TAU * 1.1 * t + (0.2 * t).sin();
        let breath = std::f64::consts::TAU * 0.27 * t + (0.05 * t).sin();
        samples += &format!("{:.4}\t{:.4}\n", (4.0 * (beat.cos() - 1.0)).exp(), breath.cos());
    }
    outputs.compressed(&folder.join("physio.tsv.gz"), samples.as_bytes())?;
    outputs.commit()
}
