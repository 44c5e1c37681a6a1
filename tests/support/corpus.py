"""Where the corpus lies: real and hostile files, beside the checkout and not part of it."""

from pathlib import Path

import pytest

from tests.support.root import ROOT

CORPUS = ROOT.parent / "shared" / "corpus"


def corpus() -> Path:
    """The folder; a test that asks for it is skipped where there is none."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus does not lie beside the checkout (../shared/corpus)")
    return CORPUS
