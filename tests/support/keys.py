"""Which PRNG keys a function draws from, and which it folds or splits. Nothing but keys is computed, which is quick."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

Key = tuple[int, ...]


class Draw(NamedTuple):
    """Bits that are drawn from a key. The same draw twice is the same numbers twice."""

    key: Key
    shape: tuple[int, ...]


class Record(NamedTuple):
    """What was done with keys: how often each draw was made, and the keys that were folded or split."""

    draws: Counter[Draw]
    parents: set[Key]


def used_twice(found: Record) -> set[Key]:
    """Keys of which different draws were made, or which were drawn from and are also the parents of other keys."""
    each = Counter(draw.key for draw in found.draws)
    return {key for key, count in each.items() if count > 1 or key in found.parents}


def drawn_again(found: Record) -> set[Draw]:
    """The draws that were made more than once."""
    return {draw for draw, count in found.draws.items() if count > 1}


def record(function: Callable[[], None]) -> Record:
    """What `function` does with keys. Of a branch that depends on other numbers, all cases are looked at."""
    found = Record(Counter(), set())
    traced = jax.make_jaxpr(function)()
    _evaluate(traced.jaxpr, traced.consts, [], found)
    return found


def _is_key(x: Any) -> bool:
    return jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key)


def _words(keys: jax.Array) -> list[Key]:
    return [tuple(words) for words in np.asarray(jax.random.key_data(keys)).reshape(-1, 2).tolist()]


def _evaluate(jaxpr: Any, consts: Any, arguments: Any, found: Record) -> list[Any]:
    """The results of a jaxpr: keys and integers, and None for all else."""
    values: dict[Any, Any] = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *arguments], strict=True))

    def read(atom: Any) -> Any:
        return atom.val if hasattr(atom, "val") else values[atom]

    for equation in jaxpr.eqns:
        results = _results(equation, list(map(read, equation.invars)), found)
        values.update(zip(equation.outvars, results, strict=True))
    return list(map(read, jaxpr.outvars))


def _results(equation: Any, inputs: list[Any], found: Record) -> list[Any]:
    name, parameters = equation.primitive.name, equation.params
    unknown = [None] * len(equation.outvars)
    if name == "random_bits":
        found.draws.update(Draw(key, tuple(parameters["shape"])) for key in _words(inputs[0]))
        return unknown
    if name in ("random_fold_in", "random_split"):
        found.parents.update(_words(inputs[0]))
    if name == "cond":
        index, *rest = inputs
        branches = parameters["branches"]
        chosen = branches if index is None else [branches[int(index)]]
        return [_evaluate(each.jaxpr, each.consts, rest, found) for each in chosen][-1]
    if name == "scan":
        return _scanned(parameters, inputs, found)
    if name == "while":
        return _looped(parameters, inputs, found)
    for inner in ("jaxpr", "call_jaxpr"):
        if inner in parameters:
            each = parameters[inner]
            return _evaluate(getattr(each, "jaxpr", each), getattr(each, "consts", ()), inputs, found)
    kinds = [x.aval for x in equation.outvars]
    if any(x is None for x in inputs) or not all(_is_key(x) or x.dtype.kind in "iub" for x in kinds):
        return unknown
    made = equation.primitive.bind(*inputs, **parameters)
    return list(made) if equation.primitive.multiple_results else [made]


def _scanned(parameters: Any, inputs: list[Any], found: Record) -> list[Any]:
    body, count = parameters["jaxpr"], parameters["num_carry"]
    first = parameters["num_consts"]
    constants, carry, rows = inputs[:first], inputs[first : first + count], inputs[first + count :]
    for i in range(parameters["length"]):
        row = [None if x is None else x[i] for x in rows]
        carry = _evaluate(body.jaxpr, body.consts, [*constants, *carry, *row], found)[:count]
    return [*carry, *[None] * (len(body.jaxpr.outvars) - count)]


def _looped(parameters: Any, inputs: list[Any], found: Record) -> list[Any]:
    test, body = parameters["cond_jaxpr"], parameters["body_jaxpr"]
    first, second = parameters["cond_nconsts"], parameters["body_nconsts"]
    given, own, carry = inputs[:first], inputs[first : first + second], inputs[first + second :]
    while (go_on := _evaluate(test.jaxpr, test.consts, [*given, *carry], found)[0]) is not None and go_on:
        carry = _evaluate(body.jaxpr, body.consts, [*own, *carry], found)
    return carry
