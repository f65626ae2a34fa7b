"""How Sphinx makes the site: ``tox -e docs``."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, os.fspath(HERE / "_ext"))

from pyNN_fastsim import __version__  # noqa: E402

project = "pyNN_fastsim"
version = release = __version__
copyright = "the pyNN_fastsim developers"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "gallery", "pictures", "reference"]
exclude_patterns = ["_build", "README.md"]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "pyNN_fastsim"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
autodoc_member_order = "bysource"
# PyNN's own docstrings, which are shown here, are not written for Sphinx.
autodoc_docstring_signature = False
suppress_warnings = ["docutils"]
