"""Several networks as one player: their Flax variables as those of one network, {collection: {name: ...}}."""

from gan_jax.game import Tree


def join(networks: dict[str, Tree]) -> Tree:
    """The Flax variables of several networks, by their names, as those of one."""
    collections = {collection for variables in networks.values() for collection in variables}
    return {
        collection: {name: variables[collection] for name, variables in networks.items() if collection in variables}
        for collection in sorted(collections)
    }


def variables_of(joined: Tree, name: str) -> Tree:
    """The variables of the network `name` alone."""
    return {collection: networks[name] for collection, networks in joined.items() if name in networks}


def with_variables(joined: Tree, name: str, variables: Tree) -> Tree:
    """`joined` with other variables of the network `name`."""
    return {
        collection: {**networks, name: variables[collection]} if collection in variables else networks
        for collection, networks in joined.items()
    }
