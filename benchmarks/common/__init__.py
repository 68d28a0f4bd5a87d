# Licensed under the Apache License v2.0; see LICENSE.
"""What the benchmarks share.

    cli        mistakes of the command line in one line, kinds of arguments, programs
    rules      the learning rules, in the paper's order
    machine    what times depend on
    files      files that are there as a whole or not at all
    document   tables as text and Markdown, sections of documents
    page       the frame of an HTML page, and
    svg        what its charts are made of
"""
