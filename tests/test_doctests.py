"""Every example in a docstring does what it shows."""

import doctest
from importlib import import_module

import pytest

from ringback.settings import CHECKOUT
from tests.test_layout import MODULES

WITH_EXAMPLES = [module for module in MODULES if ">>>" in (CHECKOUT / module).read_text()]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_hold(module: str) -> None:
    ran = doctest.testmod(import_module(module.removesuffix(".py").replace("/", ".")))
    assert ran.attempted > 0
    assert ran.failed == 0
