"""The command starts fast and the package imports without its heavy parts."""

import json
import subprocess
import sys


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_import_loads_nothing_heavy() -> None:
    heavy = ("torch", "onnxruntime", "librosa", "matplotlib", "scipy", "cv2", "av", "numpy")
    loaded = json.loads(run("import json, sys, likewise; print(json.dumps(sorted(sys.modules)))"))
    assert not [name for name in heavy if name in loaded]


def test_help_loads_no_model_library() -> None:
    code = (
        "import json, sys\nfrom likewise.cli.app import run\nrun(['--help'])\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))"
    )
    loaded = json.loads(run(code).splitlines()[-1])
    heavy = ("torch", "onnxruntime", "librosa", "matplotlib", "scipy", "cv2", "av", "numpy")
    assert not [name for name in heavy if name in loaded]


def test_public_names_resolve() -> None:
    import likewise

    for name in likewise.__all__:
        assert getattr(likewise, name) is not None


def test_the_package_runs_as_a_module() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "likewise", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("likewise ")
