"""Utilities for all other packages: devices, checks of hyperparameters, errors, atomic writing of files, and reading of
PyTorch's files of weights."""
