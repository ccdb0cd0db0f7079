"""Gaussian smoothing of a run by nilearn.

usage: python nilearn_smooth.py BOLD FWHM_MM OUT
"""

import sys

from nilearn.image import smooth_img

bold, fwhm, out = sys.argv[1:4]
smooth_img(bold, float(fwhm)).to_filename(out)
