"""One t contrast by numpy, the shortest honest way: pinv, residuals, t, z, p; all five maps written.

usage: python numpy_glm.py BOLD MASK DESIGN POSITIVE NEGATIVE OUT      (contrast: POSITIVE - NEGATIVE)
"""

import os
import sys

import nibabel as nib
import numpy as np
from scipy import stats

bold, mask, design, positive, negative, out = sys.argv[1:7]
os.makedirs(out, exist_ok=True)
image = nib.load(bold)
inside = np.asanyarray(nib.load(mask).dataobj) > 0
with open(design, encoding="utf-8") as file:
    names = file.readline().split()
x = np.loadtxt(design, delimiter="\t", skiprows=1)
y = np.asanyarray(image.dataobj)[inside].T.astype(np.float64)  # [volume][voxel]
pinv = np.linalg.pinv(x)
beta = pinv @ y
dof = len(x) - np.linalg.matrix_rank(x)
sigma2 = ((y - x @ beta) ** 2).sum(axis=0) / dof
c = np.zeros(len(names))
c[names.index(positive)], c[names.index(negative)] = 1, -1
effect = c @ beta
variance = sigma2 * (c @ pinv @ pinv.T @ c)
t = effect / np.sqrt(variance)
p = stats.t.sf(t, dof)
z = stats.norm.isf(p)
for name, values in {"effect": effect, "variance": variance, "t": t, "z": z, "p": p}.items():
    volume = np.zeros(inside.shape, np.float32)
    volume[inside] = values
    nib.Nifti1Image(volume, image.affine).to_filename(f"{out}/{name}.nii.gz")
