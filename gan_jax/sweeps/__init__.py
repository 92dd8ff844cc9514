"""Sweeps: many runs that one program trains at once, and the comparison of their results.

`sweep` trains the runs, which are called members. `members` lists them, `recorder` records their metrics, `results`
writes their folders, a table and a picture, and `statistics` computes means over seeds and confidence intervals.
"""
