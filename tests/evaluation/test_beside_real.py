from gan_jax.evaluation.beside_real import beside_real


def test_figures_of_real_examples_have_the_same_names_with_real_appended():
    figures = beside_real(lambda numbers: {"mean": sum(numbers) / len(numbers), "most": max(numbers)}, [1, 2], [3, 5])
    assert figures == {"mean": 1.5, "most": 2, "mean_real": 4.0, "most_real": 5}
