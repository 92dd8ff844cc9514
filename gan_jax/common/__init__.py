"""Utilities for all other packages: devices, checks of hyperparameters, errors, and atomic writing of files."""
