// RUN: %fg-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected 1 or more units, and no more than the 24 that act on a copy, found 25}}
fg.perturbed "block0.channel" units 25 acting 24 loss "block0.head" parameters []

// -----

// expected-error @+1 {{found 0}}
fg.perturbed "block0.channel" units 0 acting 24 loss "block0.head" parameters []
