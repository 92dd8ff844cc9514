"""gan-jax: generative adversarial networks as differentiable games, in JAX and Flax."""
