//===- NoiseEmitter.cpp - Vector code for perturbations -------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//
//
// Philox4x32-10 on vectors of i32, then the transform of each law.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/noise/NoiseEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;
using namespace foregrad;
using namespace foregrad::compiler;

namespace {

// Registers that go through the transform to f32 numbers side by side. Each of
// its operations waits for the one before: the others have work meanwhile. More
// would not fit the registers.
constexpr size_t piecesTogether = 4;

// Registers that there must be for each one that is drawn.
constexpr int64_t registersForEachDrawn = 4;

/// Four words of Philox for each lane.
struct Words {
  std::array<Value, 4> word;
};

/// Writes ops on vectors of one length (`lanes` i32 lanes). Rebinding the
/// length makes another emitter; it holds no state but the builder.
class Emitter {
public:
  Emitter(OpBuilder &builder, Location loc, int64_t lanes)
      : b(loc, builder), lanes(lanes), i32(vec(b.getI32Type(), lanes)),
        i64(vec(b.getI64Type(), lanes)) {}

  static VectorType vec(Type element, int64_t length) {
    return VectorType::get({length}, element);
  }

  /// A vector whose lanes are all `scalar`.
  Value splat(Value scalar) {
    return vector::BroadcastOp::create(b, vec(scalar.getType(), lanes), scalar);
  }
  Value intConstant(VectorType type, uint64_t value) {
    unsigned width = type.getElementTypeBitWidth();
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(type, APInt(width, value, /*isSigned=*/false,
                                              /*implicitTrunc=*/true)));
  }
  Value floatConstant(FloatType type, double value) {
    APFloat number(value);
    bool inexact = false;
    number.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &inexact);
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(vec(type, lanes), number));
  }

  /// The two 32-bit words of an i64 scalar: (low, high).
  std::pair<Value, Value> halves(Value scalar) {
    Value shift = arith::ConstantOp::create(b, b.getI64IntegerAttr(32));
    Value high = arith::ShRUIOp::create(b, scalar, shift);
    return {arith::TruncIOp::create(b, b.getI32Type(), scalar),
            arith::TruncIOp::create(b, b.getI32Type(), high)};
  }

  /// A vector of all lanes, in pieces of `length` lanes, and back.
  SmallVector<Value> cut(Value whole, int64_t length);
  Value join(ArrayRef<Value> pieces);

  Value multiplyLow(Value x, uint32_t multiplier);
  Value exclusiveOr(Value x, Value y, Value z) {
    return arith::XOrIOp::create(b, arith::XOrIOp::create(b, x, y), z);
  }
  using RoundKeys = std::array<std::pair<Value, Value>, fg::kPhiloxRounds>;
  RoundKeys roundKeys(Value seed);
  Words round(const Words &counter, std::pair<Value, Value> key);
  Words lastRound(const Words &even, const Words &odd,
                  std::pair<Value, Value> key);
  Words philox(const NoiseStream &stream, Value counter0, Value sample);

  /// The numbers made from words; `even` and `odd` are a pair of words.
  std::pair<Value, Value> gaussianPair(Value even, Value odd, FloatType type);
  Value rademacher(Value word, FloatType type);

  ImplicitLocOpBuilder b;

private:
  Value madd(Value x, Value y, Value z);
  Value minusTwoLogF32(Value word);
  struct Angle {
    Value sine, cosine, signBit;
  };
  Angle angleF32(Value word);
  Value flipSign(Value number, Value signBit);

  const int64_t lanes;
  const VectorType i32, i64;
};

SmallVector<Value> Emitter::cut(Value whole, int64_t length) {
  if (length == lanes)
    return {whole};
  SmallVector<Value> pieces;
  for (int64_t offset = 0; offset < lanes; offset += length)
    pieces.push_back(vector::ExtractStridedSliceOp::create(
        b, whole, ArrayRef<int64_t>{offset}, ArrayRef<int64_t>{length},
        ArrayRef<int64_t>{1}));
  return pieces;
}

Value Emitter::join(ArrayRef<Value> pieces) {
  if (pieces.size() == 1)
    return pieces.front();
  Value low = join(pieces.take_front(pieces.size() / 2));
  Value high = join(pieces.drop_front(pieces.size() / 2));
  int64_t length = 2 * cast<VectorType>(low.getType()).getNumElements();
  return vector::ShuffleOp::create(
      b, low, high, llvm::to_vector(llvm::seq<int64_t>(0, length)));
}

/// The 64-bit products of the low halves of 64-bit lanes with a constant: the
/// processor's 32x32->64 multiplication. High halves of `x` are ignored.
Value Emitter::multiplyLow(Value x, uint32_t multiplier) {
  auto type = cast<VectorType>(x.getType());
  Value low = arith::AndIOp::create(b, x, intConstant(type, 0xffffffffu));
  return arith::MulIOp::create(b, low, intConstant(type, multiplier));
}

/// The keys of all rounds, added up as scalars so that loops around hoist them.
Emitter::RoundKeys Emitter::roundKeys(Value seed) {
  auto constant = [&](uint32_t value) -> Value {
    return arith::ConstantOp::create(
        b, b.getIntegerAttr(b.getI32Type(), APInt(32, value)));
  };
  RoundKeys keys;
  auto [key0, key1] = halves(seed);
  for (auto &key : keys) {
    key = {key0, key1};
    key0 = arith::AddIOp::create(b, key0, constant(fg::kPhiloxWeyl0));
    key1 = arith::AddIOp::create(b, key1, constant(fg::kPhiloxWeyl1));
  }
  return keys;
}

/// One round on the low halves of 64-bit lanes; what their high halves hold
/// does not matter. So a product needs no work to be cut into words: its low
/// word is where it is, its high word is shifted down.
Words Emitter::round(const Words &counter, std::pair<Value, Value> key) {
  auto type = cast<VectorType>(counter.word[0].getType());
  auto everywhere = [&](Value scalar) -> Value {
    Value wide = arith::ExtUIOp::create(b, b.getI64Type(), scalar);
    return vector::BroadcastOp::create(b, type, wide);
  };
  Value shift = intConstant(type, 32);
  auto [c0, c1, c2, c3] = counter.word;
  Value product0 = multiplyLow(c0, fg::kPhiloxMultiplier0);
  Value product1 = multiplyLow(c2, fg::kPhiloxMultiplier1);
  Value high0 = arith::ShRUIOp::create(b, product0, shift);
  Value high1 = arith::ShRUIOp::create(b, product1, shift);
  return {{exclusiveOr(high1, c1, everywhere(key.first)), product1,
           exclusiveOr(high0, c3, everywhere(key.second)), product0}};
}

/// The last round, on even and odd lanes, which it brings together: vectors of
/// i32 with lanes in order.
Words Emitter::lastRound(const Words &even, const Words &odd,
                         std::pair<Value, Value> key) {
  // The low or the high words of 64-bit lanes, of even and odd in turn.
  auto interleave = [&](Value x, Value y, int64_t half) -> Value {
    SmallVector<int64_t> from;
    for (int64_t lane = 0; lane < lanes; lane += 2)
      from.append({lane + half, lanes + lane + half});
    return vector::ShuffleOp::create(b, vector::BitCastOp::create(b, i32, x),
                                     vector::BitCastOp::create(b, i32, y),
                                     from);
  };
  auto product = [&](unsigned word, uint32_t multiplier) {
    return std::pair(multiplyLow(even.word[word], multiplier),
                     multiplyLow(odd.word[word], multiplier));
  };
  auto [even0, odd0] = product(0, fg::kPhiloxMultiplier0);
  auto [even1, odd1] = product(2, fg::kPhiloxMultiplier1);
  return {
      {exclusiveOr(interleave(even1, odd1, 1),
                   interleave(even.word[1], odd.word[1], 0), splat(key.first)),
       interleave(even1, odd1, 0),
       exclusiveOr(interleave(even0, odd0, 1),
                   interleave(even.word[3], odd.word[3], 0), splat(key.second)),
       interleave(even0, odd0, 0)}};
}

/// One Philox call a lane. `counter0` and `sample` are vectors of i32. Even
/// lanes and odd lanes go their own ways.
Words Emitter::philox(const NoiseStream &stream, Value counter0, Value sample) {
  auto [stepLow, stepHigh] = halves(stream.step);
  Value top = arith::ShLIOp::create(
      b, stepHigh, arith::ConstantOp::create(b, b.getI32IntegerAttr(24)));
  std::array<Value, 4> counter = {
      counter0, sample, splat(stepLow),
      splat(arith::OrIOp::create(b, top, stream.site))};

  RoundKeys keys = roundKeys(stream.seed);
  if (lanes % 2 != 0) {
    Words wide;
    for (auto [to, from] : llvm::zip_equal(wide.word, counter))
      to = arith::ExtUIOp::create(b, i64, from);
    for (auto key : keys)
      wide = round(wide, key);
    for (Value &word : wide.word)
      word = arith::TruncIOp::create(b, i32, word);
    return wide;
  }
  VectorType pairs = vec(b.getI64Type(), lanes / 2);
  Value shift = intConstant(pairs, 32);
  Words even, odd;
  for (unsigned i = 0; i < counter.size(); ++i) {
    even.word[i] = vector::BitCastOp::create(b, pairs, counter[i]);
    odd.word[i] = arith::ShRUIOp::create(b, even.word[i], shift);
  }
  // Side by side, for rounds wait for multiplications. How many lanes registers
  // hold is for the caller to know (noiseBlocksTogether).
  for (auto key : ArrayRef(keys).drop_back()) {
    even = round(even, key);
    odd = round(odd, key);
  }
  return lastRound(even, odd, keys.back());
}

/// x * y + z, fused where the target can: without the instruction math.fma
/// would end in a call of the C library.
Value Emitter::madd(Value x, Value y, Value z) {
  constexpr auto contract = arith::FastMathFlags::contract;
  Value product = arith::MulFOp::create(b, x, y, contract);
  return arith::AddFOp::create(b, product, z, contract);
}

/// -2 ln((word + 0.5) 2^-32), positive. With u = 2^e (1 + f), 1 + f within
/// [sqrt(1/2), sqrt(2)), it is -2 e ln 2 - 2 ln(1 + f); the polynomial is
/// that of Cephes' logf, times -2. The word as a signed number gives u below
/// 1/2 and u - 1 from there on: where e is 0 that is f, to all of its bits.
Value Emitter::minusTwoLogF32(Value word) {
  auto f32 = b.getF32Type();
  VectorType floats = vec(f32, lanes);
  auto number = [&](double value) { return floatConstant(f32, value); };
  auto ifNegative = [&](Value bits, Value yes, Value no) -> Value {
    Value isNegative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, bits,
                                             intConstant(i32, 0));
    return arith::SelectOp::create(b, isNegative, yes, no);
  };
  constexpr auto none = arith::FastMathFlags::none;

  Value centered = madd(arith::SIToFPOp::create(b, floats, word),
                        number(0x1p-32), number(0x1p-33));
  Value u = ifNegative(
      word, arith::AddFOp::create(b, centered, number(1.0), none), centered);
  Value bits = arith::BitcastOp::create(b, i32, u);
  Value mantissaBits = intConstant(i32, 23);
  Value fromRoot = arith::SubIOp::create(b, bits, intConstant(i32, 0x3f3504f3));
  Value exponent = arith::ShRSIOp::create(b, fromRoot, mantissaBits);
  Value scaled = arith::SubIOp::create(
      b, bits, arith::ShLIOp::create(b, exponent, mantissaBits));
  Value mantissa = arith::BitcastOp::create(b, floats, scaled);
  Value f = ifNegative(fromRoot,
                       arith::SubFOp::create(b, mantissa, number(1.0), none),
                       centered);

  constexpr double coefficients[] = {
      -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
      -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1};
  Value p = number(-2.0 * 7.0376836292e-2);
  for (double coefficient : coefficients)
    p = madd(p, f, number(-2.0 * coefficient));
  Value square = arith::MulFOp::create(b, f, f, none);
  // -2 (f - f^2 / 2 + f^3 p) - 2 e ln 2, small terms first.
  Value cubic = arith::MulFOp::create(b, f, p, none);
  Value tail = madd(square, cubic, square);
  Value series = madd(f, number(-2.0), tail);
  return madd(arith::SIToFPOp::create(b, floats, exponent),
              number(-2.0 * 0.693147180559945309), series);
}

/// `number` with its sign flipped where `signBit` (bit 31 of an i32) is set.
Value Emitter::flipSign(Value number, Value signBit) {
  Value bits = arith::BitcastOp::create(b, i32, number);
  return arith::BitcastOp::create(b, number.getType(),
                                  arith::XOrIOp::create(b, bits, signBit));
}

/// Sine and cosine of word 2^-32 turns, both with the sign of the half turn.
/// The nearest half turn is split off in integers, without error; what is left,
/// at most 1/4 turn, goes through minimax polynomials (of the relative error of
/// the sine, 6e-9, and of the absolute one of the cosine, 3e-10). Rounding
/// leaves an error of 3e-7 at most.
Emitter::Angle Emitter::angleF32(Value word) {
  auto f32 = b.getF32Type();
  VectorType floats = vec(f32, lanes);
  auto number = [&](double value) { return floatConstant(f32, value); };
  constexpr auto none = arith::FastMathFlags::none;

  Value halfTurn = arith::AndIOp::create(
      b, arith::AddIOp::create(b, word, intConstant(i32, 0x40000000)),
      intConstant(i32, 0x80000000u));
  Value rest = arith::SubIOp::create(b, word, halfTurn);
  Value x = arith::MulFOp::create(b, arith::SIToFPOp::create(b, floats, rest),
                                  number(6.283185307179586 * 0x1p-32), none);
  Value z = arith::MulFOp::create(b, x, x, none);

  Value s = number(2.6057806381e-6);
  for (double coefficient :
       {-1.9809602902e-4, 8.3330662461e-3, -1.6666659550e-1})
    s = madd(s, z, number(coefficient));
  s = madd(arith::MulFOp::create(b, s, z, none), x, x);
  Value c = number(-2.6077105324e-7);
  for (double coefficient : {2.4761886246e-5, -1.3888403508e-3, 4.1666640728e-2,
                             -4.9999999550e-1, 1.0})
    c = madd(c, z, number(coefficient));
  return {s, c, halfTurn};
}

/// Box and Muller: the even word gives the radius, the odd one the angle.
std::pair<Value, Value> Emitter::gaussianPair(Value even, Value odd,
                                              FloatType type) {
  constexpr auto none = arith::FastMathFlags::none;
  Value radius, sine, cosine;
  if (type.isF32()) {
    Angle angle = angleF32(odd);
    sine = angle.sine;
    cosine = angle.cosine;
    radius =
        flipSign(math::SqrtOp::create(b, minusTwoLogF32(even)), angle.signBit);
  } else {
    VectorType doubles = vec(type, lanes);
    auto number = [&](double value) { return floatConstant(type, value); };
    Value u = arith::AddFOp::create(
        b, arith::UIToFPOp::create(b, doubles, even), number(0.5), none);
    u = arith::MulFOp::create(b, u, number(0x1p-32), none);
    radius = math::SqrtOp::create(
        b, arith::MulFOp::create(b, number(-2.0), math::LogOp::create(b, u),
                                 none));
    Value angle =
        arith::MulFOp::create(b, arith::UIToFPOp::create(b, doubles, odd),
                              number(6.283185307179586 * 0x1p-32), none);
    sine = math::SinOp::create(b, angle);
    cosine = math::CosOp::create(b, angle);
  }
  return {arith::MulFOp::create(b, radius, cosine, none),
          arith::MulFOp::create(b, radius, sine, none)};
}

/// -1 where the word's top bit is set, else +1: the bit becomes the sign.
Value Emitter::rademacher(Value word, FloatType type) {
  if (type.isF32()) {
    Value sign = arith::AndIOp::create(b, word, intConstant(i32, 0x80000000u));
    Value bits = arith::OrIOp::create(b, sign, intConstant(i32, 0x3f800000));
    return arith::BitcastOp::create(b, vec(type, lanes), bits);
  }
  Value wide = arith::ShLIOp::create(b, arith::ExtUIOp::create(b, i64, word),
                                     intConstant(i64, 32));
  Value sign =
      arith::AndIOp::create(b, wide, intConstant(i64, uint64_t(1) << 63));
  Value bits =
      arith::OrIOp::create(b, sign, intConstant(i64, 0x3ff0000000000000u));
  return arith::BitcastOp::create(b, vec(type, lanes), bits);
}

/// A scalar or a vector of index or i64 as a vector of `lanes` i64.
Value asI64Vector(Emitter &e, Value value, int64_t lanes) {
  Type type = value.getType();
  if (getElementTypeOrSelf(type).isIndex()) {
    Type wide = e.b.getI64Type();
    if (isa<VectorType>(type))
      wide = Emitter::vec(wide, lanes);
    value = arith::IndexCastOp::create(e.b, wide, value);
  }
  return isa<VectorType>(type) ? value : e.splat(value);
}

} // namespace

Value compiler::emitNoiseVector(OpBuilder &builder, Location loc,
                                const NoiseStream &stream, Value sample,
                                Value element, FloatType type) {
  int64_t lanes = 1;
  for (Value operand : {sample, element})
    if (auto vector = dyn_cast<VectorType>(operand.getType()))
      lanes = vector.getNumElements();
  bool scalar =
      !isa<VectorType>(sample.getType()) && !isa<VectorType>(element.getType());

  Emitter e(builder, loc, lanes);
  VectorType i64 = Emitter::vec(builder.getI64Type(), lanes);
  VectorType i32 = Emitter::vec(builder.getI32Type(), lanes);
  Value elements = asI64Vector(e, element, lanes);
  Value samples =
      arith::TruncIOp::create(e.b, i32, asI64Vector(e, sample, lanes));

  // counter = element / 64 * 16 + element % 16, word = element / 16 % 4.
  Value lane = arith::AndIOp::create(e.b, elements, e.intConstant(i64, 15));
  Value block = arith::ShRUIOp::create(e.b, elements, e.intConstant(i64, 6));
  Value counter = arith::OrIOp::create(
      e.b, arith::ShLIOp::create(e.b, block, e.intConstant(i64, 4)), lane);
  counter = arith::TruncIOp::create(e.b, i32, counter);
  auto elementBit = [&](unsigned bit) -> Value {
    Value masked = arith::AndIOp::create(
        e.b, elements, e.intConstant(i64, uint64_t(1) << bit));
    return arith::CmpIOp::create(e.b, arith::CmpIPredicate::ne, masked,
                                 e.intConstant(i64, 0));
  };
  Value oddWord = elementBit(4), secondPair = elementBit(5);

  Words words = e.philox(stream, counter, samples);
  Value even =
      arith::SelectOp::create(e.b, secondPair, words.word[2], words.word[0]);
  Value odd =
      arith::SelectOp::create(e.b, secondPair, words.word[3], words.word[1]);
  Value result;
  if (stream.law == fg::NoiseLaw::Rademacher) {
    result =
        e.rademacher(arith::SelectOp::create(e.b, oddWord, odd, even), type);
  } else {
    auto [fromEven, fromOdd] = e.gaussianPair(even, odd, type);
    result = arith::SelectOp::create(e.b, oddWord, fromOdd, fromEven);
  }
  return scalar ? vector::ExtractOp::create(e.b, result, int64_t(0)) : result;
}

int64_t compiler::noiseBlocksTogether(int64_t streams, int64_t lanes,
                                      const TargetDescription &target) {
  int64_t numbers = target.vectorRegisters / registersForEachDrawn * lanes;
  return std::max<int64_t>(1, numbers / (int64_t(fg::kNoiseBlock) * streams));
}

SmallVector<Value> compiler::emitNoiseBlocks(OpBuilder &builder, Location loc,
                                             const NoiseStream &stream,
                                             Value sample, Value start,
                                             FloatType type, int64_t lanes,
                                             size_t vectors) {
  constexpr int64_t runLength = fg::kNoiseLanes;
  const auto perRun = size_t(runLength / lanes);
  const size_t perBlock = perRun * fg::kNoiseWords;
  const auto blocks = int64_t(llvm::divideCeil(vectors, perBlock));
  // A register holds more words than f64 numbers: Philox runs on full ones. Of
  // all blocks side by side, for a call waits for its multiplications.
  int64_t wordLanes =
      blocks *
      std::min(runLength, lanes * int64_t(type.getIntOrFloatBitWidth() / 32));

  Emitter words(builder, loc, wordLanes);
  ImplicitLocOpBuilder &b = words.b;
  VectorType i32 = Emitter::vec(b.getI32Type(), wordLanes);
  auto toI32 = [&](Value index) -> Value {
    return arith::IndexCastOp::create(b, b.getI32Type(), index);
  };
  // start / 64 * 16; 64-bit, since only the quotient fits a counter word.
  Value quarter =
      arith::ShRUIOp::create(b, start, arith::ConstantIndexOp::create(b, 2));
  Value base = words.splat(toI32(quarter));
  Value samples = words.splat(toI32(sample));

  // Of each word, for all blocks, in pieces of `lanes`.
  std::array<SmallVector<Value>, fg::kNoiseWords> drawn;
  for (int64_t first = 0; first < runLength * blocks; first += wordLanes) {
    auto laneNumbers =
        llvm::to_vector(llvm::seq<int32_t>(first, first + wordLanes));
    Value laneVector = arith::ConstantOp::create(
        b, DenseElementsAttr::get(i32, ArrayRef<int32_t>(laneNumbers)));
    Value counter = arith::AddIOp::create(b, base, laneVector);
    Words piece = words.philox(stream, counter, samples);
    for (auto [word, pieces] : llvm::zip_equal(piece.word, drawn))
      pieces.append(words.cut(word, lanes));
  }
  // Of run `run`, counted through all blocks.
  auto wordsOf = [&](size_t run) {
    return ArrayRef(drawn[run % fg::kNoiseWords])
        .slice(run / fg::kNoiseWords * perRun, perRun);
  };

  size_t runs = llvm::divideCeil(vectors, perRun);
  SmallVector<Value> inOrder;
  if (stream.law == fg::NoiseLaw::Rademacher) {
    Emitter numbers(builder, loc, lanes);
    for (size_t run = 0; run < runs; ++run)
      for (Value word : wordsOf(run))
        inOrder.push_back(numbers.rademacher(word, type));
    inOrder.truncate(vectors);
    return inOrder;
  }

  SmallVector<Value> even, odd, fromEven, fromOdd;
  for (size_t run = 0; run < runs; run += 2) {
    llvm::append_range(even, wordsOf(run));
    llvm::append_range(odd, wordsOf(run + 1));
  }
  size_t most = type.isF32() ? piecesTogether : 1;
  for (size_t first = 0; first < even.size();) {
    size_t together = llvm::bit_floor(std::min(even.size() - first, most));
    Emitter numbers(builder, loc, lanes * int64_t(together));
    auto [cosines, sines] = numbers.gaussianPair(
        numbers.join(ArrayRef(even).slice(first, together)),
        numbers.join(ArrayRef(odd).slice(first, together)), type);
    fromEven.append(numbers.cut(cosines, lanes));
    fromOdd.append(numbers.cut(sines, lanes));
    first += together;
  }
  for (size_t run = 0; run < runs; ++run)
    llvm::append_range(inOrder, ArrayRef(run % 2 == 0 ? fromEven : fromOdd)
                                    .slice(run / 2 * perRun, perRun));
  inOrder.truncate(vectors);
  return inOrder;
}
