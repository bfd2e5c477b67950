"""Lets the tests import scripts/tidy, which has no suffix, and the rules beside it."""

import importlib.util
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.dont_write_bytecode = True
sys.path.insert(0, str(SCRIPTS))


@pytest.fixture(scope="session")
def tidy():
    loader = SourceFileLoader("tidy", str(SCRIPTS / "tidy"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
    sys.modules["tidy"] = module  # Data classes look their module up.
    loader.exec_module(module)
    return module


@pytest.fixture
def rules(tidy, tmp_path):
    """Puts one file into an empty repository and answers the rules it breaks."""
    def check(path, content, exemptions={}):
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return {finding.rule for finding in tidy.check(tmp_path, exemptions)}
    return check
