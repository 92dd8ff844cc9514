"""Datasets made from other datasets: stacked, degraded, reversed, or with fewer images or labels."""
