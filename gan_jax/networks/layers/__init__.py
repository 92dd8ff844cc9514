"""Layers that the networks share. They are thin Flax modules over the operations in `ops`."""

from gan_jax.networks.layers.attention import PooledSelfAttention, SelfAttention
from gan_jax.networks.layers.conditioning import ConcatDiscriminator, ConcatGenerator
from gan_jax.networks.layers.heads import ClassLogits, Heads
from gan_jax.networks.layers.linear import (
    Conv,
    ConvTranspose,
    Dense,
    DownConv,
    GroupedConv,
    Initializer,
    UpConv,
    Weights,
    leaky_relu,
    take_by_label,
)
from gan_jax.networks.layers.minibatch import MinibatchDiscrimination, Packed, minibatch_stddev
from gan_jax.networks.layers.noise import Dropout, GaussianNoise, PixelNoise
from gan_jax.networks.layers.normalization import (
    BatchNorm,
    ConditionalBatchNorm,
    InstanceNorm,
    LayerNorm,
    ModulatedBatchNorm,
    Normalization,
    SpectralNorm,
    WeightNorm,
    batch_norm,
    instance_norm,
    layer_norm,
    no_norm,
    pixel_norm,
    plain_instance_norm,
    spectral_norm,
    weight_norm,
)
