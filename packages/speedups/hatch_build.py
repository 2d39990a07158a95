"""Compile ``_mask.c`` when a wheel is built, or when the package is installed for development.

Without a C compiler the package is built without the module: ``import treadle_speedups`` raises
``ImportError`` then, and the packages that use it do their work in Python. So an extra that only
saves time never makes an installation fail.
"""

import os
import shutil
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

PACKAGE = "treadle_speedups"
# One module for all versions from 3.11 on: earlier limited APIs have no buffers. The free-threaded
# build has no limited API.
LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")


def compile_module(source: Path, folder: Path) -> Path:
    """Compile ``source`` below ``folder`` and return the module's path."""
    macros: list[tuple[str, str | None]] = [("Py_LIMITED_API", "0x030b0000")] if LIMITED else []
    name = f"{PACKAGE}.{source.stem}"
    extension = Extension(name, [str(source)], define_macros=macros, py_limited_api=LIMITED)
    command = build_ext(Distribution({"name": PACKAGE, "ext_modules": [extension]}))
    command.build_lib = str(folder / "lib")
    command.build_temp = str(folder / "temp")
    command.ensure_finalized()
    command.run()
    return Path(command.get_ext_fullpath(name))


class CompileHook(BuildHookInterface[Any]):
    """Adds the compiled module to a wheel, or puts it beside its source for an editable one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is built."""
        package = Path(self.root, "src", PACKAGE)
        # Until the wheel is written.
        self._folder = tempfile.TemporaryDirectory()
        try:
            module = compile_module(package / "_mask.c", Path(self._folder.name))
        except (BaseError, CCompilerError, OSError) as error:
            self.app.display_warning(f"{PACKAGE} is built without its compiled module: {error}")
            return
        if version == "editable":
            # In one step: an environment that is in use may load it at this moment.
            beside = package / f"{module.name}.{os.getpid()}"
            shutil.copyfile(module, beside)
            beside.replace(package / module.name)
            return
        build_data["pure_python"] = False
        build_data["force_include"][str(module)] = f"{PACKAGE}/{module.name}"
        if LIMITED:
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"cp311-abi3-{platform}"
        else:
            build_data["infer_tag"] = True

    def finalize(self, *_: object) -> None:
        """Remove the temporary files."""
        self._folder.cleanup()
