# Licensed under the Apache License v2.0; see LICENSE.
#
# How lit runs the text tests: .fg and .mlir files with RUN and CHECK lines.
#
# Substitutions: %fgc %fgrun %fg-opt %fg-frontend (this build's programs), %python, %samples,
# %docs, %datasets. FileCheck, not and split-file are LLVM's and found in PATH.
# Features: `data` when FOREGRAD_DATA names a folder with the prepared datasets; `avx2` and
# `avx512` when this machine has them; `asan` in a sanitized build.

import os
import platform

import lit.formats

config.name = "foregrad"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".fg", ".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.foregrad_tests_build

tools = os.path.join(config.foregrad_build, "tools")
programs = {
    "fg-frontend": os.path.join(config.foregrad_tests_build, "frontends", "fg-frontend"),
    "fg-opt": os.path.join(tools, "fg-opt", "fg-opt"),
    "fgrun": os.path.join(tools, "fgrun", "fgrun"),
    "fgc": os.path.join(tools, "fgc", "fgc"),
}
# lit replaces in this order, plainly: a name must come before any shorter one it begins with.
for name, path in programs.items():
    config.substitutions.append((f"%{name}\\b", path))
    if os.path.exists(path):
        config.available_features.add(name)
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%samples", os.path.join(config.foregrad_source, "samples")))
config.substitutions.append(("%docs", os.path.join(config.foregrad_source, "docs")))
config.substitutions.append(("%datasets", os.path.join(config.foregrad_source, "datasets")))

config.environment["PATH"] = os.pathsep.join(
    [config.llvm_tools] + [os.path.dirname(path) for path in programs.values()]
    + [config.environment.get("PATH", os.environ.get("PATH", ""))])

for variable in ("FOREGRAD_DATA", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if os.environ.get(variable):
        config.environment[variable] = os.environ[variable]
if os.path.isdir(os.environ.get("FOREGRAD_DATA", "")):
    config.available_features.add("data")
if "address" in config.sanitizers:
    config.available_features.add("asan")

config.available_features.add(platform.machine())
try:
    with open("/proc/cpuinfo") as cpuinfo:
        flags = set(next((line for line in cpuinfo if line.startswith("flags")), "").split())
except OSError:
    flags = set()
if {"avx2", "fma"} <= flags:
    config.available_features.add("avx2")
if {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= flags:
    config.available_features.add("avx512")
