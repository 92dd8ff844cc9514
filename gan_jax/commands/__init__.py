"""The command line, `gan-jax`: a module for each command, with its options and what it does.

`main` finds the command by its name and turns errors into messages and exit statuses. `shared` reads experiments and
sets JAX up for the commands.
"""
