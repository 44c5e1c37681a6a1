"""The head of `resizer.render` says where each thing lives."""

import pkgutil
import re

from resizer import render


def test_the_head_of_render_names_every_module_once() -> None:
    named = re.findall(r"`(\w+)`", render.__doc__ or "")
    assert sorted(named) == sorted(module.name for module in pkgutil.iter_modules(render.__path__))
