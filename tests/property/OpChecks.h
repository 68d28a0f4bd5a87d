//===- OpChecks.h - One differentiable op against its definition ----------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#ifndef FOREGRAD_TESTS_PROPERTY_OPCHECKS_H
#define FOREGRAD_TESTS_PROPERTY_OPCHECKS_H

#include "dialects/fg/Fg.h"
#include <cstdint>
#include <string>

namespace foregrad::property {

/// On random operands, in f64: the op's tangent against central differences,
/// its cotangents against its tangent (<v, J u> = <J^T v, u>), and what it says
/// of the dependence of axes against changed operands. Returns what is wrong,
/// or an empty string. Nonlinearities are kept away from their kinks.
std::string checkOp(fg::DifferentiableOpInterface op, uint64_t seed);

} // namespace foregrad::property

#endif // FOREGRAD_TESTS_PROPERTY_OPCHECKS_H
