# Licensed under the Apache License v2.0; see LICENSE.
"""What times depend on: the processor, its cores and caches, the memory."""

import glob
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def without_root(text):
    """Paths inside the project as they are from its root."""
    return text.replace(ROOT + os.sep, "")


def shown_path(path):
    """The same for one path, which may be written in any way."""
    real = os.path.realpath(path)
    return os.path.relpath(real, ROOT) if real.startswith(ROOT + os.sep) else path


def facts_of(path):
    """`name: value` lines of a file of /proc, {} where there is none; of equal names the last."""
    try:
        with open(path, encoding="utf-8") as file:
            pairs = [line.split(":", 1) for line in file if ":" in line]
    except OSError:
        return {}
    return {name.strip(): " ".join(value.split()) for name, value in pairs}


def machine():
    """The processor's name and the cores that may be used."""
    return {"processor": facts_of("/proc/cpuinfo").get("model name", "unknown processor"),
            "cores": len(os.sched_getaffinity(0))}


def features():
    """What the processor can do, by the kernel's names."""
    facts = facts_of("/proc/cpuinfo")
    return set((facts.get("flags") or facts.get("Features") or "").split())


def caches():
    """As `L1 data 32K, L2 1024K, L3 32768K`: of the first core that may be used, what other cores share with it too."""
    found = []
    core = min(os.sched_getaffinity(0))
    for folder in sorted(glob.glob(f"/sys/devices/system/cpu/cpu{core}/cache/index*")):
        values = []
        for name in ("level", "type", "size"):
            try:
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    values.append(file.read().strip())
            except OSError:
                break
        if len(values) == 3 and values[1] != "Instruction":
            level, kind, size = values
            found.append(f"L{level}{' data' if kind == 'Data' else ''} {size}")
    return ", ".join(found)


def memory_bytes():
    value = facts_of("/proc/meminfo").get("MemTotal", "0 kB").split()[0]
    return int(value) * 1024
