"""`python -m gan_jax` is the command gan-jax."""

from gan_jax.commands.main import main

if __name__ == "__main__":
    main()
