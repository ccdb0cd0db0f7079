#!/usr/bin/env python3
"""nibabel as the oracle of boldly's NIfTI reading and writing.

    nifti.py make FOLDER            write small images and golden.json (what nibabel reads from each) into FOLDER
    nifti.py check FOLDER [GOLDEN]  read the images in FOLDER that expected.json lists; fail unless nibabel sees what
                                    it says; with GOLDEN, write the SHA-256 of the uncompressed bytes there

Made with: python 3.11, nibabel 5.4.2, numpy 2.4.6; seed 20261122.
    python tests/oracles/nifti.py make tests/goldens/io
"""

import gzip
import hashlib
import json
import pathlib
import sys

import nibabel as nib
import numpy as np

SEED = 20261122
SHAPE = (3, 2, 4, 2)
DTYPES = ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]
# Oblique, anisotropic, left-handed.
AFFINE = np.array([[-2.9, 0.3, 0.1, 40.0], [0.25, 2.4, -0.6, -31.5], [0.15, 0.7, 3.4, 12.25], [0, 0, 0, 1]])


def numbers(rng, dtype, shape=SHAPE):
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return (rng.standard_normal(shape) * 1000).astype(kind)
    info = np.iinfo(kind)
    # Full range, both ends included.
    data = rng.integers(info.min, info.max, shape, dtype=kind, endpoint=True)
    data.flat[0], data.flat[-1] = info.min, info.max
    return data


def image(version, data, order, affine=AFFINE, tr=2.0, units=("mm", "sec")):
    """A single-file image in the given byte order; sform (code 1) and rigid part in the qform (code 1)."""
    pair, single = {1: (nib.Nifti1Pair, nib.Nifti1Image), 2: (nib.Nifti2Pair, nib.Nifti2Image)}[version]
    header = single.header_class(endianness=order)
    header.set_data_dtype(data.dtype)
    header.set_data_shape(data.shape)
    img = single(data, affine, header)
    img.set_sform(affine, 1)
    img.set_qform(affine, 1, strip_shears=True)
    img.header.set_xyzt_units(*units)
    if data.ndim > 3:
        img.header["pixdim"][4] = tr
    return img


def raw_image(version, data, order, slope, inter, **fields):
    """Header and stored values as they are, so that scl_slope and others can be anything."""
    img = image(version, data, order)
    header = img.header.copy()
    header["scl_slope"], header["scl_inter"] = slope, inter
    header["vox_offset"] = 352 if version == 1 else 544
    if version == 1:
        header["magic"] = b"n+1"
    for name, value in fields.items():
        header[name] = value
    return header.binaryblock + b"\0" * 4 + data.astype(data.dtype.newbyteorder(order)).tobytes(order="F")


def as_json(value):
    value = float(value)
    return value if np.isfinite(value) else str(value)


def describe(path):
    img = nib.load(path)
    header = img.header
    space, time = header.get_xyzt_units()
    return {
        "shape": list(img.shape),
        "affine": img.affine.tolist(),
        "zooms": [float(z) for z in header["pixdim"][1:4]],
        "pixdim4": float(header["pixdim"][4]),
        "space_unit": space,
        "time_unit": time,
        "values": [as_json(v) for v in np.asarray(img.get_fdata(dtype=np.float64)).flatten(order="F")],
    }


def make(folder):
    rng = np.random.default_rng(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    golden = {}

    def keep(name):
        golden[name] = describe(folder / name)

    for version in (1, 2):
        for order, mark in (("<", "le"), (">", "be")):
            for dtype in DTYPES:
                name = f"n{version}_{mark}_{dtype}.nii"
                block = raw_image(version, numbers(rng, dtype), order, np.nan, 0)
                (folder / name).write_bytes(block)
                keep(name)
    i2 = numbers(rng, "i2")
    slopes = {"none": (0, 5), "nan": (np.nan, 1), "inf": (np.inf, 1), "half": (0.5, -3.25), "negative": (-1.5, 2e4)}
    for name, (slope, inter) in slopes.items():
        for order, mark in (("<", "le"), (">", "be")):
            (folder / f"slope_{name}_{mark}.nii").write_bytes(raw_image(1, i2, order, slope, inter))
            keep(f"slope_{name}_{mark}.nii")
    (folder / "slope_float.nii").write_bytes(raw_image(1, numbers(rng, "f4"), "<", 3.0, 0.1))
    keep("slope_float.nii")
    special = numbers(rng, "f4")
    special.flat[:3] = np.nan, np.inf, -np.inf
    (folder / "not_finite.nii").write_bytes(raw_image(1, special, "<", 1, 0))
    keep("not_finite.nii")
    for unit, code, tr in (("sec", 8, 0.72), ("msec", 16, 720), ("usec", 24, 720000), ("unknown", 0, 0.72)):
        (folder / f"tr_{unit}.nii").write_bytes(
            raw_image(1, i2, "<", 1, 0, xyzt_units=2 | code, pixdim=[1, 3, 2.5, 3.5, tr, 0, 0, 0]))
        keep(f"tr_{unit}.nii")
    # qform only, nothing at all, sform before qform, data further behind.
    q = np.array([0.2, -0.4, 0.6])
    (folder / "qform.nii").write_bytes(raw_image(
        1, i2, "<", 1, 0, sform_code=0, quatern_b=q[0], quatern_c=q[1], quatern_d=q[2], qoffset_x=7,
        pixdim=[-1, 3, 2.5, 3.5, 2, 0, 0, 0]))
    (folder / "no_form.nii").write_bytes(raw_image(1, i2, "<", 1, 0, sform_code=0, qform_code=0))
    (folder / "sform_first.nii").write_bytes(raw_image(1, i2, "<", 1, 0, quatern_b=q[0], qform_code=2))
    block = raw_image(1, i2, "<", 1, 0, vox_offset=512)
    (folder / "extension.nii").write_bytes(block[:352] + b"\1" * 160 + block[352:])
    for name in ("qform", "no_form", "sform_first"):
        keep(f"{name}.nii")
    golden["extension.nii"] = golden["no_form.nii"] | {"affine": golden["sform_first.nii"]["affine"]}
    # Pairs, compressed or not, and an image with four dimensions of which one is short.
    for suffix, compress in (("", False), (".gz", True)):
        pair = nib.Nifti1Pair(numbers(rng, "u2"), AFFINE)
        pair.header["pixdim"][4] = 2
        pair.header.set_xyzt_units("mm", "sec")
        name = "packed" if compress else "pair"
        nib.save(pair, folder / f"{name}.img{suffix}")
        for half in (".hdr", ".img"):
            golden[f"{name}{half}{suffix}"] = describe(folder / f"{name}.img{suffix}")
    # Gzip: one member, several, padding, several with the cut inside the header; int16 goes through libdeflate.
    for dtype in ("i2", "u1", "f4", "f8"):
        plain = raw_image(1, numbers(rng, dtype, (6, 5, 7, 9)), ">" if dtype == "f4" else "<", 1, 0)
        one = gzip.compress(plain, mtime=0)
        variants = {
            "one": one,
            "members": b"".join(gzip.compress(plain[a:b], mtime=0)
                                for a, b in ((0, 100), (100, 400), (400, len(plain)))),
            "padded": one + b"\0" * 512,
        }
        for kind, packed in variants.items():
            if dtype in ("i2", "f4") or kind == "one":
                name = f"gz_{kind}_{dtype}.nii.gz"
                (folder / name).write_bytes(packed)
                golden[name] = None
        reference = folder / "reference.nii"
        reference.write_bytes(plain)
        described = describe(reference)
        values = np.array(described.pop("values"), dtype=np.float32)
        described["sha256_f32"] = hashlib.sha256(values.astype("<f4").tobytes()).hexdigest()
        reference.unlink()
        for kind in variants:
            if f"gz_{kind}_{dtype}.nii.gz" in golden:
                golden[f"gz_{kind}_{dtype}.nii.gz"] = described
    lines = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items())
    (folder / "golden.json").write_text("{\n" + lines + "\n}\n")
    print(f"{len(golden)} goldens with nibabel {nib.__version__}, numpy {np.__version__}")


def check(folder, golden):
    expected = json.loads((folder / "expected.json").read_text())
    assert expected, "nothing to check"
    hashes = {}
    for name, want in expected.items():
        img = nib.load(folder / name)
        header = img.header
        assert type(header).__name__ == want["class"], (name, type(header))
        assert header.endianness == "<", name
        assert list(img.shape) == want["shape"], (name, img.shape)
        assert header.get_data_dtype() == np.dtype(want["dtype"]), name
        np.testing.assert_allclose(img.affine, want["affine"], rtol=1e-6, atol=1e-6, err_msg=name)
        if want["qform_too"]:
            np.testing.assert_allclose(img.get_qform(), want["affine"], rtol=1e-5, atol=1e-4, err_msg=name)
        assert int(header["qform_code"]) == want["qform_code"], name
        assert int(header["sform_code"]) == want["sform_code"], name
        assert list(header.get_xyzt_units()) == want["units"], (name, header.get_xyzt_units())
        np.testing.assert_allclose(header["pixdim"][1:5], want["pixdim"], rtol=1e-7, err_msg=name)
        assert [int(header["intent_code"])] + [float(header[f"intent_p{n}"]) for n in (1, 2, 3)] == want["intent"], name
        assert header["descrip"].item().decode() == want["descrip"], (name, header["descrip"])
        assert int(header["slice_code"]) == want["slice_code"], name
        assert float(header["toffset"]) == want["toffset"], name
        assert img.dataobj.slope == want["slope"] and img.dataobj.inter == 0, name
        values = np.asarray(img.dataobj, dtype=np.float32).flatten(order="F")
        np.testing.assert_array_equal(values, np.array(want["values"], dtype=np.float32), err_msg=name)
        raw = (folder / name).read_bytes()
        if name.endswith(".gz"):
            assert raw[4:8] == b"\0" * 4, f"{name}: mtime"
            raw = gzip.decompress(raw)
        hashes[name] = hashlib.sha256(raw).hexdigest()
    if golden:
        golden.write_text(json.dumps(hashes, indent=1) + "\n")
    print(f"nibabel {nib.__version__} reads {len(hashes)} files as expected")


if __name__ == "__main__":
    command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if command == "make":
        make(folder)
    else:
        check(folder, pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None)
