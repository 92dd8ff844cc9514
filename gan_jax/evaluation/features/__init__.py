"""Small networks, trained on a dataset and cached, that see what is in its images.

`classifier` tells the classes of images apart, with the network in `classifier_network`. `label_reader` reads the label
of each pixel. The features of both are what distances between images are measured in.
"""

from gan_jax.evaluation.features.classifier import Classifier, cached_classifier, check_labels, train_classifier
from gan_jax.evaluation.features.label_reader import LabelReader, cached_label_reader, train_label_reader
