"""
Works around one defect of setuptools; everything about this package is in setup.cfg.

``pip install -e`` installs data files, and with them pyNN_fastsim.pth, only if the distribution has a
method ``has_data``, but setuptools calls that method ``has_data_files``.
"""

from setuptools import Distribution, setup


class DataAwareDistribution(Distribution):
    has_data = Distribution.has_data_files


setup(distclass=DataAwareDistribution)
