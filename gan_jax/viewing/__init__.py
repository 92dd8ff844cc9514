"""What people look at in a browser: pages about runs, and the explorer of a trained run.

`folders` reads what run folders hold, `warnings` says in words what looks wrong, `charts` draws curves that zoom,
`films` shows samples over training, `tables` sets figures and settings beside each other, and `pages` puts all of it
into one HTML file that needs no network. The charts and sliders are Bokeh's.
"""

from gan_jax.viewing.pages import page_of
