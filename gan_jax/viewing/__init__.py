"""What people look at in a browser: pages about runs, and the explorer of a trained run.

`folders` reads what run folders hold, `warnings` says in words what looks wrong, `charts` draws curves that zoom,
`films` shows samples over training, `tables` sets figures and settings beside each other, and `pages` puts all of it
into one HTML file that needs no network.

`latent_page` walks through the latents of a run, and `translation_page` translates what is drawn. `pictures` shows
images there, and `server` serves them to this machine alone. Charts, sliders and server are Bokeh's.
"""

from gan_jax.viewing.latent_page import LatentPage
from gan_jax.viewing.pages import page_of
from gan_jax.viewing.server import serve
from gan_jax.viewing.translation_page import TranslationPage
