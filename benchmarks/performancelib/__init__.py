# Licensed under the Apache License v2.0; see LICENSE.
"""The parts of benchmarks/performance.

    command    one call: what it measures, in which order, its exit code
    models     the models, the targets, the sweeps
    programs   runs fgc, fgrun, the peers and the limit program
    products   the matrix products of a step, and how a library can be asked for them
    limit      the best rate of the libraries for each of them
    record     what was measured, in results.json, over any number of calls
    summary    medians, and ratios of what was measured side by side, as tables, from which come
    text       text and Markdown, and
    page       HTML with charts
"""
