// RUN: %fg-opt %s | %fg-opt | FileCheck %s

// CHECK: fg.perturbed "block0.channel" units 8 acting 24 loss "block0.head" parameters ["block0.channel.weight", "block0.channel.bias"]
// CHECK: fg.perturbed "block0.channel.bias" units 16 acting 400 loss "block0.head" shared parameters ["block0.channel.bias"]
fg.perturbed "block0.channel" units 8 acting 24 loss "block0.head" parameters ["block0.channel.weight", "block0.channel.bias"]
fg.perturbed "block0.channel.bias" units 16 acting 400 loss "block0.head" shared parameters ["block0.channel.bias"]
