"""Flax variables of a player with several networks, joined as {collection: {name: ...}}."""

from gan_jax.game import Tree


def join(networks: dict[str, Tree]) -> Tree:
    """Joins the Flax variables of several networks, given by their names."""
    collections = {collection for variables in networks.values() for collection in variables}
    return {
        collection: {name: variables[collection] for name, variables in networks.items() if collection in variables}
        for collection in sorted(collections)
    }


def variables_of(joined: Tree, name: str) -> Tree:
    """Returns the variables of the network `name`."""
    return {collection: networks[name] for collection, networks in joined.items() if name in networks}


def with_variables(joined: Tree, name: str, variables: Tree) -> Tree:
    """Returns `joined` with the variables of the network `name` replaced."""
    return {
        collection: {**networks, name: variables[collection]} if collection in variables else networks
        for collection, networks in joined.items()
    }
