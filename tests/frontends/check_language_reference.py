# Licensed under the Apache License v2.0; see LICENSE.
"""Compiles every example of docs/language.md.

usage: check_language_reference.py FG-FRONTEND LANGUAGE.md

What follows ```fg says how an example is compiled: nothing, as a whole file; file=NAME, as a
file that later examples may name; block, model or recipe, as statements in one; error, as a
whole file whose errors are the next ```text.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

MODEL = """model Example {{
  input image : u8[height = 28, width = 28, color = 1]
  label class : 10
  x = patchify(image, 4)
{model}
  block example {{
    unused = other: linear(x, pixel -> pixel)
{block}
  }}
  predict readout: linear(image, [height, width, color] -> class)
}}
{recipe}
"""


def wrap(kind, example):
    parts = {"model": "", "block": "", "recipe": ""}
    if kind == "recipe":
        parts["recipe"] = "recipe {\n" + example + "}\n"
    elif kind == "model":
        parts["model"] = example
    elif kind == "block":
        parts["block"] = example
    else:
        return example
    return MODEL.format(**parts)


def main(program, document):
    text = pathlib.Path(document).read_text()
    fences = re.findall(r"^```(\w*)([^\n]*)\n(.*?)^```$", text, re.M | re.S)
    failures, count = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for index, (language, kind, example) in enumerate(fences):
            if language != "fg":
                continue
            count += 1
            kind = kind.strip()
            name = kind.removeprefix("file=") if kind.startswith("file=") else "model.fg"
            pathlib.Path(folder, name).write_text(wrap(kind, example))
            run = subprocess.run([pathlib.Path(program).resolve(), name], cwd=folder, capture_output=True, text=True)
            if kind == "error":
                expected = fences[index + 1][2]
                good = run.returncode == 1 and run.stderr.rstrip() == expected.rstrip()
            else:
                good = run.returncode == 0
            if not good:
                failures += 1
                print(f"this example does not do what {document} says:\n{example}\n{run.stderr}")
    print(f"{count} examples, {failures} failures")
    return 1 if failures or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
