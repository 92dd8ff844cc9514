"""Many runs at once, in one program, and what they say.

`sweep` trains them, `members` says which they are, `recorder` keeps what they report, `results` writes their folders,
table and picture, and `statistics` has the means over seeds and their confidence intervals.
"""
