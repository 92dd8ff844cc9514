"""Every lowering of the convolutions against XLA's operation and PyTorch, what is chosen where, and differentiation."""

from contextlib import contextmanager
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from support.jaxprs import equations

from gan_jax.networks import dcgan
from gan_jax.networks.ops import conv, conv_transpose, convolution, lowerings
from gan_jax.networks.ops.convolution import choose
from gan_jax.networks.ops.winograd import applies, winograd

LOWERINGS = {
    "native": lowerings.native,
    "dense": lowerings.dense,
    "patches": lowerings.patches,
    "taps": lowerings.taps,
    "folded": lowerings.folded,
    "folded patches": lowerings.folded_patches,
    "blocks": lowerings.blocks,
    "phases": lowerings.phases,
    "winograd": winograd,
}
# Of the largest value. (Winograd's transforms cost it a digit.)
TOLERANCE = dict.fromkeys(LOWERINGS, 2e-5) | {"winograd": 1e-4}

# (height, width, kernel, stride, padding). Images are wider than high where the lowering allows it.
CASES = [
    (5, 6, 2, 1, 0),
    (8, 4, 3, 1, 1),
    (6, 10, 3, 1, 0),
    (9, 8, 7, 1, 3),
    (6, 8, 2, 2, 0),
    (7, 9, 3, 2, 1),
    (8, 10, 4, 2, 1),
    (9, 11, 5, 2, 2),
    (4, 4, 4, 1, 0),
    (3, 3, 3, 2, 0),
    (4, 6, 4, 2, 4),  # more padding than the kernel reaches
]
# A last row or column that no window reaches. No image that `conv_transpose` makes has one.
UNEVEN = [(7, 9, 4, 2, 1), (8, 7, 3, 3, 2)]

PRIMITIVES = {"conv", "conv_image", "conv_kernel"}


def applying(case):
    """The lowerings for this geometry."""
    height, width, k, stride, padding = case
    names = ["native", "patches", "taps", "folded", "blocks" if stride == 1 else "folded patches"]
    if height == width == k and not padding:
        names.append("dense")
    if 1 < stride <= k:
        names.append("phases")
    if applies((height, width), (k, k), stride, padding):
        names.append("winograd")
    return names


def output_sides(case):
    height, width, k, stride, padding = case
    return tuple((side + 2 * padding - k) // stride + 1 for side in (height, width))


def draw(case):
    """An image, a kernel and an output, 3 channels to 4."""
    height, width, k, *_ = case
    rng = np.random.default_rng(case)
    shapes = (2, height, width, 3), (k, k, 3, 4), (2, *output_sides(case), 4)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def everything(function):
    """(x, kernel) -> the value, its gradients, and those of a gradient penalty."""

    def scalar(x, kernel):
        return jnp.sum(jnp.sin(function(x, kernel)))

    def penalty(x, kernel):
        return jnp.sum(jax.grad(scalar)(x, kernel) ** 2)

    def evaluate(x, kernel):
        gradients = [jax.grad(f, argnums=(0, 1))(x, kernel) for f in (scalar, penalty)]
        return function(x, kernel), *gradients

    return evaluate


def lax_conv(stride, padding):
    def function(x, kernel):
        return lax.conv_general_dilated(
            x, kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    return function


def lax_conv_transpose(stride, padding):
    def function(x, kernel):
        border = kernel.shape[0] - 1 - padding
        return lax.conv_transpose(
            x,
            kernel,
            (stride, stride),
            [(border, border)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            transpose_kernel=True,
        )

    return function


def torch_everything(case, transpose, x, kernel):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    *_, stride, padding = case
    x = torch.tensor(x.transpose(0, 3, 1, 2), requires_grad=True)
    weight = torch.tensor(kernel.transpose(3, 2, 0, 1), requires_grad=True)
    operation = torch.nn.functional.conv_transpose2d if transpose else torch.nn.functional.conv2d
    value = operation(x, weight, stride=stride, padding=padding)
    gradients = torch.autograd.grad(value.sin().sum(), (x, weight), create_graph=True)
    second = torch.autograd.grad((gradients[0] ** 2).sum(), (x, weight))

    def ours(pair):
        return pair[0].detach().numpy().transpose(0, 2, 3, 1), pair[1].detach().numpy().transpose(2, 3, 1, 0)

    return value.detach().numpy().transpose(0, 2, 3, 1), ours(gradients), ours(second)


def assert_close(actual, expected, tolerance=2e-5):
    """Each array to `tolerance` of its largest value."""

    def close(a, b):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())

    jax.tree.map(close, actual, expected)


@contextmanager
def forced(name):
    """Everything compiled inside on CPU is lowered in this way. (Functions that were compiled before are not.)"""
    asked = []

    def chosen(*geometry):
        asked.append(geometry)
        return LOWERINGS[name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "choose", chosen)
        yield
    assert asked, "nothing was compiled in the way that is tested"


@pytest.mark.parametrize("case", CASES + UNEVEN, ids=str)
def test_all_three_functions_of_every_lowering_agree_with_lax(case):
    height, width, k, stride, padding = case
    x, kernel, y = draw(case)

    @jax.jit
    def evaluate(x, kernel, y):
        value, pull_back = jax.vjp(lax_conv(stride, padding), x, kernel)
        results = {"lax": (value, *pull_back(y))}
        for name in applying(case):
            ways = LOWERINGS[name]
            image = ways.image(y, kernel, stride, padding, (height, width))
            results[name] = ways.conv(x, kernel, stride, padding), image, ways.kernel(x, y, stride, padding, (k, k))
        return results

    results = evaluate(x, kernel, y)
    for name in applying(case):
        assert_close(results[name], results["lax"], TOLERANCE[name])


# (height, width, kernel's height and width, stride, padding)
RECTANGULAR = [(7, 9, 3, 2, 1, 1), (8, 10, 3, 4, 2, 1), (9, 8, 5, 7, 1, 3), (4, 6, 4, 6, 1, 0), (6, 8, 2, 3, 3, 2)]


@pytest.mark.parametrize("case", RECTANGULAR, ids=str)
def test_kernels_may_be_rectangles(case):
    height, width, high, wide, stride, padding = case
    names = ["native", "patches", "taps", "folded", "blocks" if stride == 1 else "folded patches"]
    names += ["dense"] if (height, width) == (high, wide) else ["phases"] if 1 < stride <= min(high, wide) else []
    rows, columns = ((side + 2 * padding - k) // stride + 1 for side, k in ((height, high), (width, wide)))
    rng = np.random.default_rng(case)
    shapes = (2, height, width, 3), (high, wide, 3, 4), (2, rows, columns, 4)
    x, kernel, y = (rng.normal(size=shape).astype(np.float32) for shape in shapes)

    @jax.jit
    def evaluate(x, kernel, y):
        expected, pull_back = jax.vjp(lax_conv(stride, padding), x, kernel)
        found, ours = jax.vjp(partial(conv, stride=stride, padding=padding), x, kernel)
        made = [(found, *ours(y))]
        for ways in (LOWERINGS[name] for name in names):
            image = ways.image(y, kernel, stride, padding, (height, width))
            kernels = ways.kernel(x, y, stride, padding, (high, wide))
            made.append((ways.conv(x, kernel, stride, padding), image, kernels))
        return (expected, *pull_back(y)), made, conv_transpose(y, kernel, stride, padding)

    expected, made, image = evaluate(x, kernel, y)
    for results in made:
        assert_close(results, expected)
    # Rows and columns at the end that no window reaches, which have no part in it.
    reached = expected[1][:, : image.shape[1], : image.shape[2]]
    assert_close(image, reached)


@pytest.fixture(scope="module")
def lowered():
    """`everything` of a case by "lax" and by every lowering for it, each compiled once."""
    computed = {}

    def compute(case, transpose):
        if (case, transpose) not in computed:
            *_, stride, padding = case
            theirs, mine = (lax_conv_transpose, conv_transpose) if transpose else (lax_conv, conv)
            x, kernel, y = draw(case)
            arguments = (y if transpose else x), kernel
            results = {"lax": jax.jit(everything(theirs(stride, padding)))(*arguments)}
            for name in applying(case):
                with forced(name):
                    function = everything(lambda x, kernel: mine(x, kernel, stride, padding))
                    results[name] = jax.jit(function)(*arguments)
            computed[case, transpose] = results
        return computed[case, transpose]

    return compute


WHICH = [pytest.param(case, False, id=f"conv-{case}") for case in CASES + UNEVEN]
WHICH += [pytest.param(case, True, id=f"conv_transpose-{case}") for case in CASES]


@pytest.mark.parametrize(("case", "transpose"), WHICH)
def test_agrees_with_lax(case, transpose, lowered):
    results = lowered(case, transpose)
    for name in applying(case):
        assert_close(results[name], results["lax"], TOLERANCE[name])


@pytest.mark.parametrize(("case", "transpose"), WHICH)
def test_agrees_with_pytorch(case, transpose, lowered):
    x, kernel, y = draw(case)
    expected = torch_everything(case, transpose, y if transpose else x, kernel)
    for name in applying(case):
        assert_close(lowered(case, transpose)[name], expected, TOLERANCE[name])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conv_transpose_is_the_linear_transpose_of_conv(case, lowered):
    x, _, y = draw(case)
    for name in applying(case):
        of_x, of_y = (np.float64(lowered(case, transpose)[name][0]) for transpose in (False, True))
        assert of_x.shape == y.shape
        assert of_y.shape == x.shape
        terms = of_x * y
        assert terms.sum() == pytest.approx(np.sum(x * of_y), abs=TOLERANCE[name] * np.abs(terms).max())


def test_the_cases_have_every_lowering():
    assert {name for case in CASES for name in applying(case)} == set(LOWERINGS)


# One geometry for each lowering.
OF_EACH = {
    "native": (7, 9, 3, 2, 1),
    "dense": (4, 4, 4, 1, 0),
    "patches": (7, 9, 3, 2, 1),
    "taps": (7, 9, 3, 2, 1),
    "folded": (7, 9, 3, 2, 1),
    "folded patches": (7, 9, 3, 2, 1),
    "blocks": (9, 8, 7, 1, 3),
    "phases": (8, 10, 4, 2, 1),
    "winograd": (8, 4, 3, 1, 1),
}


@pytest.mark.parametrize("name", LOWERINGS)
def test_bfloat16_goes_in_and_comes_out(name):
    *_, stride, padding = OF_EACH[name]
    # The values are those of the low precision in both calculations, so all that differs is the calculation's rounding.
    arguments = [jnp.asarray(array, jnp.bfloat16) for array in draw(OF_EACH[name])]

    def with_gradients(function):
        def evaluate(x, kernel, y):
            value, pull_back = jax.vjp(function, x, kernel)
            return value, *pull_back(y)

        return jax.jit(evaluate)

    with forced(name):
        results = with_gradients(partial(conv, stride=stride, padding=padding))(*arguments)
    exact = with_gradients(lax_conv(stride, padding))(*(jnp.float32(array) for array in arguments))
    assert [result.dtype for result in results] == [jnp.bfloat16] * 3
    # At the worst, sums of a few numbers that were rounded before they were added.
    assert_close(tuple(np.float32(result) for result in results), exact, 2 * float(jnp.finfo(jnp.bfloat16).eps))


# Modes of differentiation and batching. These do not depend on the lowering.
SMALL = (6, 8, 4, 2, 1)


def both(stride, padding):
    """(ours, lax's) for the convolution and for its transpose."""
    yield partial(conv, stride=stride, padding=padding), lax_conv(stride, padding), False
    yield partial(conv_transpose, stride=stride, padding=padding), lax_conv_transpose(stride, padding), True


OPERATIONS = [pytest.param(*three, id=name) for name, three in zip(("conv", "conv_transpose"), both(2, 1), strict=True)]


@pytest.mark.parametrize(("ours", "theirs", "transpose"), OPERATIONS)
def test_forward_mode_over_reverse_mode(ours, theirs, transpose):
    x, kernel, y = draw(SMALL)
    arguments = (y, kernel) if transpose else (x, kernel)
    rng = np.random.default_rng(1)
    directions = tuple(rng.normal(size=array.shape).astype(np.float32) for array in arguments)

    def of(function):
        def derivatives(arguments, directions):
            gradient = jax.grad(lambda x, kernel: jnp.sum(jnp.sin(function(x, kernel))), argnums=(0, 1))
            return jax.jvp(function, arguments, directions), jax.jvp(gradient, arguments, directions)

        return jax.jit(derivatives)(arguments, directions)

    assert_close(of(ours), of(theirs))


@pytest.mark.parametrize("axes", [(1, None), (None, 0), (2, 4)], ids=["x", "kernel", "both"])
@pytest.mark.parametrize(("ours", "theirs", "transpose"), OPERATIONS)
def test_batches_over_either_argument_and_both(ours, theirs, transpose, axes):
    rng = np.random.default_rng(2)
    x, kernel, y = draw(SMALL)
    single = (y, kernel) if transpose else (x, kernel)
    many = [
        array if axis is None else np.stack([array, *rng.normal(size=(2, *array.shape)).astype(np.float32)], axis)
        for array, axis in zip(single, axes, strict=True)
    ]

    def one_by_one(*many):
        def entry(i):
            return [a if axis is None else jnp.take(a, i, axis) for a, axis in zip(many, axes, strict=True)]

        results = [everything(theirs)(*entry(i)) for i in range(3)]
        return jax.tree.map(lambda *each: jnp.stack(each), *results)

    def penalties(*many):
        """Derivatives of what is batched: the other order."""

        def scalar(*many):
            return jnp.sum(jnp.sin(jax.vmap(ours, axes)(*many)))

        return jax.grad(lambda *many: jnp.sum(jax.grad(scalar)(*many) ** 2), argnums=(0, 1))(*many)

    expected = jax.jit(one_by_one)(*many)
    assert_close(jax.jit(jax.vmap(everything(ours), axes))(*many), expected)
    if None not in axes:
        second = [jnp.moveaxis(g, 0, axis) for g, axis in zip(expected[2], axes, strict=True)]
        assert_close(list(jax.jit(penalties)(*many)), second)


@pytest.mark.parametrize(("ours", "theirs", "transpose"), OPERATIONS)
def test_derivatives_of_any_order_are_made_of_the_three_primitives(ours, theirs, transpose):
    x, kernel, y = draw(SMALL)

    def convolutions(function):
        function = everything(function)
        jaxpr = jax.make_jaxpr(lambda x, k: jax.jvp(function, (x, k), (x, k)))(y if transpose else x, kernel)
        names = {equation.primitive.name for equation in equations(jaxpr.jaxpr)}
        return {name for name in names if "conv" in name and name != "convert_element_type"} | names & {"dot_general"}

    assert convolutions(ours) == PRIMITIVES
    assert convolutions(theirs) == {"conv_general_dilated"}


@pytest.mark.parametrize(("ours", "theirs", "transpose"), OPERATIONS)
def test_without_jit_it_is_compiled_once(ours, theirs, transpose, monkeypatch):
    # A shape of its own: what is compiled for a shape stays.
    case = (10, 12, 4, 2, 1)
    x, kernel, y = draw(case)
    arguments = (y, kernel) if transpose else (x, kernel)
    asked = []

    def counting(*geometry):
        asked.append(geometry)
        return choose(*geometry)

    monkeypatch.setattr(convolution, "choose", counting)
    results = [ours(*arguments) for _ in range(3)]
    assert asked == [(x.shape, kernel.shape, 2, 1)]
    with jax.disable_jit():
        results.append(ours(*arguments))
    assert_close(results, [theirs(*arguments)] * 4)


@pytest.mark.parametrize("case", [(4, 4, 4, 1, 0), (8, 10, 4, 2, 1), (8, 4, 3, 1, 1)], ids=str)
def test_no_images_go_in_and_come_out(case):
    *_, stride, padding = case
    x, kernel, y = draw(case)
    for name in applying(case):
        with forced(name):
            run = jax.jit(lambda x, y: (conv(x, kernel, stride, padding), conv_transpose(y, kernel, stride, padding)))
            assert [len(result) for result in run(x[:0], y[:0])] == [0, 0], name


# (image, kernel, stride, padding): what computes the convolution, the image's gradient and the kernel's, on CPU.
CHOSEN = {
    # DCGAN at 32x32: its layers from the smallest map to the image.
    "whole image": ((64, 4, 4, 128), (4, 4, 128, 1), 1, 0, "dense", "dense", "dense"),
    "whole rectangle": ((64, 4, 6, 128), (4, 6, 128, 1), 1, 0, "dense", "dense", "dense"),
    "8x8": ((64, 8, 8, 128), (4, 4, 128, 256), 2, 1, "native", "phases", "native"),
    "16x16": ((64, 16, 16, 64), (4, 4, 64, 128), 2, 1, "native", "phases", "native"),
    "RGB": ((64, 32, 32, 3), (4, 4, 3, 64), 2, 1, "folded", "folded patches", "native"),
    "tiny map": ((64, 4, 4, 256), (4, 4, 256, 512), 2, 1, "patches", "patches", "patches"),
    "few numbers": ((64, 8, 8, 3), (4, 4, 3, 64), 2, 1, "patches", "patches", "patches"),
    "no stride, 64 channels": ((64, 16, 8, 64), (3, 3, 64, 64), 1, 1, "winograd", "winograd", "winograd"),
    "no stride, 32 channels": ((64, 16, 16, 32), (3, 3, 32, 64), 1, 1, "native", "native", "native"),
    "no stride, 32 features": ((64, 16, 16, 64), (3, 3, 64, 32), 1, 1, "native", "native", "native"),
    "no whole tiles": ((64, 18, 16, 64), (3, 3, 64, 64), 1, 1, "native", "native", "native"),
    "not divided by the stride": ((64, 16, 16, 64), (5, 5, 64, 64), 2, 2, "native", "phases", "native"),
    # pix2pix and CycleGAN, one image at a time.
    "few images": ((1, 32, 32, 64), (4, 4, 64, 128), 2, 1, "native", "phases", "folded"),
    "few places": ((1, 16, 16, 128), (4, 4, 128, 256), 2, 1, "patches", "taps", "patches"),
    "few places, fewer weights": ((1, 16, 16, 64), (4, 4, 64, 128), 2, 1, "native", "phases", "folded"),
    "few places in one image": ((5, 16, 16, 128), (4, 4, 128, 256), 2, 1, "native", "phases", "folded"),
    "few tiles": ((1, 16, 16, 128), (3, 3, 128, 128), 1, 1, "native", "native", "folded"),
    "reflected": ((1, 34, 34, 128), (3, 3, 128, 128), 1, 0, "winograd", "winograd", "winograd"),
    "from RGB, 7x7": ((1, 70, 70, 3), (7, 7, 3, 64), 1, 0, "native", "blocks", "folded"),
    "to RGB, 7x7": ((1, 70, 70, 64), (7, 7, 64, 3), 1, 0, "blocks", "blocks", "blocks"),
    "large kernel": ((64, 16, 16, 64), (7, 7, 64, 64), 1, 3, "native", "native", "native"),
}


@pytest.mark.parametrize("where", CHOSEN)
def test_the_choice_on_cpu(where):
    *geometry, for_conv, for_image, for_kernel = CHOSEN[where]
    chosen = choose(*geometry)
    assert chosen.conv is LOWERINGS[for_conv].conv
    assert chosen.image is LOWERINGS[for_image].image
    assert chosen.kernel is LOWERINGS[for_kernel].kernel


def operations(function, *shapes, platform):
    """How many convolutions XLA is given, how many products, and how many convolutions with holes in the image."""
    arguments = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    text = jax.jit(lambda *arrays: function(*arrays)).trace(*arguments).lower(lowering_platforms=(platform,)).as_text()
    convolutions = [line for line in text.splitlines() if "stablehlo.convolution" in line]
    holes = [line for line in convolutions if "lhs_dilate = [2, 2]" in line]
    return len(convolutions), text.count("stablehlo.dot_general"), len(holes)


@pytest.mark.parametrize("where", CHOSEN)
def test_elsewhere_it_is_xlas_convolution(where):
    image, kernel, stride, padding, *names = CHOSEN[where]
    given = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in (image, kernel)]
    output = jax.eval_shape(lax_conv(stride, padding), *given).shape

    def convolve(x, kernel):
        return conv(x, kernel, stride, padding)

    def of_image(x, kernel, y):
        return jax.vjp(partial(convolve, kernel=kernel), x)[1](y)

    def of_kernel(x, kernel, y):
        return jax.vjp(partial(convolve, x), kernel)[1](y)

    # (convolutions, products)
    on_cpu = dict.fromkeys(("native", "folded", "blocks"), (1, 0))
    on_cpu |= dict.fromkeys(("dense", "patches", "folded patches", "taps"), (0, 1))
    on_cpu |= {"phases": (stride**2, 0), "winograd": (0, 36)}
    shapes = image, kernel, output
    functions = (lambda x, kernel, y: convolve(x, kernel)), of_image, of_kernel
    for function, name in zip(functions, names, strict=True):
        holes = int(function is of_image and stride == 2)
        for platform in ("cuda", "tpu"):
            assert operations(function, *shapes, platform=platform) == (1, 0, holes)
        if name == "native":
            assert operations(function, *shapes, platform="cpu") == (1, 0, holes)
        else:
            assert operations(function, *shapes, platform="cpu") == (*on_cpu[name], 0)


def test_dcgans_generator_at_32x32_has_no_convolutions_with_holes_on_cpu():
    module = dcgan.Generator(32, 3, 16)
    latents = jax.ShapeDtypeStruct((2, 10), jnp.float32)
    variables = jax.eval_shape(lambda key, z: module.init(key, z, train=False), jax.random.key(0), latents)
    leaves, structure = jax.tree.flatten(variables)

    def generate(latents, *leaves):
        return module.apply(structure.unflatten(leaves), latents, train=False)

    shapes = latents.shape, *(leaf.shape for leaf in leaves)
    assert operations(generate, *shapes, platform="cuda")[2] == 3
    convolutions, _, holes = operations(generate, *shapes, platform="cpu")
    assert (convolutions, holes) == (2 * 4, 0)  # phases in two layers; the first is dense, the last from patches
