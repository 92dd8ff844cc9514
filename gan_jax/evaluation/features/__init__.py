"""Networks that see what is in images. What they see is what distances between sets of images are measured in.

`base` says what all features are, and `extract` lets them see many images. `classifier` tells the classes of a dataset
apart, and is trained on it. `inception` and `efficientnet` were trained on ImageNet: the first is that of published
figures, and its weights are a download; those of the second come with pip. `pixels` are images as they are. `choices`
finds them by name. `label_reader` reads the label of each pixel of drawn scenes.
"""

from gan_jax.evaluation.features.base import Features, Seen, softmax
from gan_jax.evaluation.features.choices import CHOICES, Choice, has_labels, of_classifier, usual_features
from gan_jax.evaluation.features.classifier import Classifier, cached_classifier, check_labels, train_classifier
from gan_jax.evaluation.features.efficientnet import EFFICIENTNET, efficientnet, efficientnet_stages
from gan_jax.evaluation.features.extract import Progress, check_images, extract, extract_batches
from gan_jax.evaluation.features.inception import inception
from gan_jax.evaluation.features.label_reader import LabelReader, cached_label_reader, train_label_reader
from gan_jax.evaluation.features.pixels import pixels
