# Licensed under the Apache License v2.0; see LICENSE.
"""The parts of benchmarks/table3.

    command   one call: its folder, its settings, its exit code
    rows      a rule, its folder and how far it is
    artifact  compiles a row, unless what it was compiled from is the same
    jobs      runs the programs of several rows at a time and stops them in good order
    progress  what is said meanwhile
    results   all rows as one dictionary, from which come
    text      the table as text and Markdown, and the section of docs/results.md
    page      the table and
    curves    the curves as HTML
"""
