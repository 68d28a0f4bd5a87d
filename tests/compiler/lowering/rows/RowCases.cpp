//===- RowCases.cpp - Programs to compile and compare ---------------------===//
//
// Licensed under the Apache License v2.0; see LICENSE.
//
//===----------------------------------------------------------------------===//

#include "RowCases.h"

#include <utility>

namespace foregrad::test {

namespace {

/// One linalg.generic: `maps` and `types` for inputs then the output.
std::string generic(const std::string &dims, std::vector<std::string> maps,
                    const std::string &iterators, const std::string &ins,
                    const std::string &inTypes, const std::string &out,
                    const std::string &outType, const std::string &body) {
  std::string text = "linalg.generic {indexing_maps = [";
  for (size_t i = 0; i < maps.size(); ++i)
    text +=
        (i ? ", " : "") + ("affine_map<(" + dims + ") -> (" + maps[i]) + ")>";
  text += "], iterator_types = [";
  for (size_t i = 0; i < iterators.size(); ++i)
    text += std::string(i ? ", " : "") +
            (iterators[i] == 'p' ? "\"parallel\"" : "\"reduction\"");
  text += "]}";
  if (!ins.empty())
    text += " ins(" + ins + " : " + inTypes + ")";
  return text + " outs(" + out + " : " + outType + ") {\n" + body + "}\n";
}

const char *const addBody = "^bb0(%a: $T, %o: $T):\n"
                            "  %s = arith.addf %o, %a : $T\n"
                            "  linalg.yield %s : $T\n";

std::string function(const std::string &arguments, const std::string &body) {
  return "func.func @main(" + arguments +
         ") {\n"
         "%zero = arith.constant 0.0 : $T\n"
         "%half = arith.constant 0.5 : $T\n" +
         body + "return\n}\n";
}

/// bias, norm over the last axis, relu: sums in two passes; temporaries.
std::string normalise(const std::string &b, const std::string &t,
                      const std::string &c) {
  std::string x = "memref<" + b + "x" + t + "x" + c + "x$T>";
  std::string s = "memref<" + b + "x" + t + "x$T>";
  std::string v = "memref<" + c + "x$T>";
  std::string body = "%q = memref.alloc() : " + x +
                     "\n%sum = memref.alloc() : " + s +
                     "\n%var = memref.alloc() : " + s + "\n";
  body += generic("b,t,c", {"b,t,c", "c", "b,t,c"}, "ppp", "%x, %bias",
                  x + ", " + v, "%q", x,
                  "^bb0(%a: $T, %b: $T, %o: $T):\n"
                  "  %r = arith.addf %a, %b : $T\n"
                  "  linalg.yield %r : $T\n");
  body += "linalg.fill ins(%zero : $T) outs(%sum : " + s + ")\n";
  body +=
      generic("b,t,c", {"b,t,c", "b,t"}, "ppr", "%q", x, "%sum", s, addBody);
  body += "linalg.fill ins(%half : $T) outs(%var : " + s + ")\n";
  body += generic("b,t,c", {"b,t,c", "b,t", "b,t"}, "ppr", "%q, %sum",
                  x + ", " + s, "%var", s,
                  "^bb0(%a: $T, %m: $T, %o: $T):\n"
                  "  %n = arith.constant 3.0e-2 : $T\n"
                  "  %mean = arith.mulf %m, %n : $T\n"
                  "  %d = arith.subf %a, %mean : $T\n"
                  "  %d2 = arith.mulf %d, %d : $T\n"
                  "  %r = arith.addf %d2, %o : $T\n"
                  "  linalg.yield %r : $T\n");
  body += generic("b,t,c", {"b,t,c", "b,t", "b,t,c"}, "ppp", "%q, %var",
                  x + ", " + s, "%y", x,
                  "^bb0(%a: $T, %m: $T, %o: $T):\n"
                  "  %e = arith.addf %m, %half : $T\n"
                  "  %i = math.rsqrt %e : $T\n"
                  "  %z = arith.mulf %a, %i : $T\n"
                  "  %h = arith.maximumf %z, %zero : $T\n"
                  "  linalg.yield %h : $T\n");
  body += "linalg.fill ins(%zero : $T) outs(%db : " + v + ")\n";
  body += generic("c,b,t", {"b,t,c", "c"}, "prr", "%y", x, "%db", v, addBody);
  return function("%x: " + x + ", %bias: " + v + ", %y: " + x + ", %db: " + v,
                  body);
}

/// The statistics of groups through a view of the same buffer.
std::string groupNorm(const std::string &g, const std::string &u,
                      const std::string &c) {
  std::string x = "memref<6x5x" + c + "x$T>";
  std::string view = "memref<6x5x" + g + "x" + u + "x$T>";
  std::string s = "memref<6x5x" + g + "x$T>";
  std::string body =
      "%q = memref.alloc() : " + x + "\n%sum = memref.alloc() : " + s + "\n";
  body += generic("b,t,c", {"b,t,c", "b,t,c"}, "ppp", "%x", x, "%q", x,
                  "^bb0(%a: $T, %o: $T):\n"
                  "  %r = arith.mulf %a, %half : $T\n"
                  "  linalg.yield %r : $T\n");
  std::string shape = "[6, 5, " + g + ", " + u + "]";
  body += "%v = memref.expand_shape %q [[0], [1], [2, 3]] output_shape " +
          shape + " : " + x + " into " + view + "\n";
  body += "%w = memref.expand_shape %y [[0], [1], [2, 3]] output_shape " +
          shape + " : " + x + " into " + view + "\n";
  body += "linalg.fill ins(%zero : $T) outs(%sum : " + s + ")\n";
  body += generic("b,t,g,u", {"b,t,g,u", "b,t,g"}, "pppr", "%v", view, "%sum",
                  s, addBody);
  body += generic("b,t,g,u", {"b,t,g,u", "b,t,g", "b,t,g,u"}, "pppp",
                  "%v, %sum", view + ", " + s, "%w", view,
                  "^bb0(%a: $T, %m: $T, %o: $T):\n"
                  "  %d = arith.subf %a, %m : $T\n"
                  "  linalg.yield %d : $T\n");
  return function("%x: " + x + ", %y: " + x, body);
}

/// Sums of groups added to what is there, and then to the group.
std::string groupSums(const std::string &groups, const std::string &units) {
  std::string x = "memref<64x" + groups + "x" + units + "x$T>";
  std::string s = "memref<64x" + groups + "x$T>";
  return function(
      "%x: " + x + ", %sum: " + s + ", %y: " + x,
      generic("r,g,u", {"r,g,u", "r,g"}, "ppr", "%x", x, "%sum", s, addBody) +
          generic("r,g,u", {"r,g,u", "r,g", "r,g,u"}, "ppp", "%x, %sum",
                  x + ", " + s, "%y", x,
                  "^bb0(%a: $T, %m: $T, %o: $T):\n"
                  "  %d = arith.subf %a, %m : $T\n"
                  "  linalg.yield %d : $T\n"));
}

std::string elementwise(const std::string &n) {
  std::string x = "memref<" + n + "x$T>";
  return function("%x: " + x + ", %y: " + x + ", %scale: memref<$T>",
                  generic("i", {"i", "", "i"}, "p", "%x, %scale",
                          x + ", memref<$T>", "%y", x,
                          "^bb0(%a: $T, %s: $T, %o: $T):\n"
                          "  %m = arith.mulf %a, %s : $T\n"
                          "  %r = arith.addf %m, %o : $T\n"
                          "  linalg.yield %r : $T\n"));
}

std::string reduceRows(const std::string &m, const std::string &n,
                       const std::string &combiner, const std::string &start) {
  std::string x = "memref<" + m + "x" + n + "x$T>", y = "memref<" + m + "x$T>";
  return function("%x: " + x + ", %y: " + y,
                  "%start = arith.constant " + start +
                      " : $T\nlinalg.fill ins(%start : $T) outs(%y : " + y +
                      ")\n" +
                      generic("i,j", {"i,j", "i"}, "pr", "%x", x, "%y", y,
                              "^bb0(%a: $T, %o: $T):\n  %s = " + combiner +
                                  " %a, %o : $T\n  linalg.yield %s : $T\n"));
}

std::string reduceColumns(const std::string &m, const std::string &n) {
  std::string x = "memref<" + m + "x" + n + "x$T>", y = "memref<" + n + "x$T>";
  return function(
      "%x: " + x + ", %y: " + y,
      generic("j,i", {"i,j", "j"}, "pr", "%x", x, "%y", y, addBody));
}

std::string reduceAll(const std::string &m, const std::string &n) {
  std::string x = "memref<" + m + "x" + n + "x$T>";
  return function(
      "%x: " + x + ", %y: memref<$T>",
      generic("i,j", {"i,j", ""}, "rr", "%x", x, "%y", "memref<$T>", addBody));
}

/// Softmax and cross entropy with labels; index compares.
std::string crossEntropy(const std::string &n, const std::string &k) {
  std::string x = "memref<" + n + "x" + k + "x$T>";
  std::string l = "memref<" + n + "x$T>", i = "memref<" + n + "xi32>";
  std::string body =
      "%max = memref.alloc() : " + l + "\n%sum = memref.alloc() : " + l +
      "\n%e = memref.alloc() : " + x + "\n%low = arith.constant -1.0e30 : $T\n";
  body += "linalg.fill ins(%low : $T) outs(%max : " + l + ")\n";
  body += generic("n,k", {"n,k", "n"}, "pr", "%x", x, "%max", l,
                  "^bb0(%a: $T, %o: $T):\n  %s = arith.maximumf %a, %o : $T\n"
                  "  linalg.yield %s : $T\n");
  body += generic("n,k", {"n,k", "n", "n,k"}, "pp", "%x, %max", x + ", " + l,
                  "%e", x,
                  "^bb0(%a: $T, %m: $T, %o: $T):\n"
                  "  %d = arith.subf %a, %m : $T\n  %r = math.exp %d : $T\n"
                  "  linalg.yield %r : $T\n");
  body += "linalg.fill ins(%zero : $T) outs(%sum : " + l + ")\n";
  body += generic("n,k", {"n,k", "n"}, "pr", "%e", x, "%sum", l, addBody);
  body += generic("n,k", {"n,k", "n", "n", "n,k"}, "pp", "%e, %sum, %label",
                  x + ", " + l + ", " + i, "%y", x,
                  "^bb0(%a: $T, %m: $T, %c: i32, %o: $T):\n"
                  "  %one = arith.constant 1.0 : $T\n"
                  "  %p = arith.divf %a, %m : $T\n"
                  "  %k = linalg.index 1 : index\n"
                  "  %ki = arith.index_cast %k : index to i32\n"
                  "  %is = arith.cmpi eq, %ki, %c : i32\n"
                  "  %h = arith.select %is, %one, %zero : $T\n"
                  "  %r = arith.subf %p, %h : $T\n  linalg.yield %r : $T\n");
  body += "linalg.fill ins(%zero : $T) outs(%loss : " + l + ")\n";
  body += generic("n,k", {"n,k", "n", "n"}, "pr", "%y, %label", x + ", " + i,
                  "%loss", l,
                  "^bb0(%a: $T, %c: i32, %o: $T):\n"
                  "  %k = linalg.index 1 : index\n"
                  "  %ci = arith.index_cast %c : i32 to index\n"
                  "  %is = arith.cmpi eq, %k, %ci : index\n"
                  "  %h = arith.select %is, %a, %zero : $T\n"
                  "  %r = arith.addf %o, %h : $T\n  linalg.yield %r : $T\n");
  body +=
      generic("n", {"n", ""}, "r", "%loss", l, "%mean", "memref<$T>", addBody);
  return function("%x: " + x + ", %label: " + i + ", %y: " + x +
                      ", %loss: " + l + ", %mean: memref<$T>",
                  body);
}

/// A token's number is of a sample: labels and pooled rows under [b, t] rows.
std::string pool(const std::string &b, const std::string &t,
                 const std::string &c) {
  std::string x = "memref<" + b + "x" + t + "x" + c + "x$T>";
  std::string p = "memref<" + b + "x" + c + "x$T>";
  std::string body = "linalg.fill ins(%zero : $T) outs(%p : " + p + ")\n";
  body += generic("b,c,t", {"b,t,c", "b,c"}, "ppr", "%x", x, "%p", p, addBody);
  body +=
      generic("b,t,c", {"b,t,c", "b,c", "b", "b,t,c"}, "ppp", "%x, %p, %label",
              x + ", " + p + ", memref<" + b + "xi32>", "%y", x,
              "^bb0(%a: $T, %m: $T, %i: i32, %o: $T):\n"
              "  %f = arith.sitofp %i : i32 to $T\n"
              "  %d = arith.mulf %m, %f : $T\n"
              "  %r = arith.addf %a, %d : $T\n  linalg.yield %r : $T\n");
  return function("%x: " + x + ", %label: memref<" + b + "xi32>, %p: " + p +
                      ", %y: " + x,
                  body);
}

/// Adds noise of `site` to `from` (of the shape of `to`, or a number).
std::string noiseNest(const std::string &b, const std::string &t,
                      const std::string &c, const std::string &law,
                      const std::string &site, const std::string &from,
                      const std::string &to) {
  std::string y = "memref<" + b + "x" + t + "x" + c + "x$T>";
  bool isArray = from != "%half";
  return generic("b,t,c", {"", "", isArray ? "b,t,c" : "", "b,t,c"}, "ppp",
                 "%seed, %step, " + from,
                 "memref<i64>, memref<i64>, " + (isArray ? y : "$T"), to, y,
                 "^bb0(%a: i64, %s: i64, %f: $T, %o: $T):\n"
                 "  %n = linalg.index 0 : index\n"
                 "  %p = linalg.index 1 : index\n"
                 "  %k = linalg.index 2 : index\n  %c = arith.constant " +
                     c +
                     " : index\n"
                     "  %m = arith.muli %p, %c : index\n"
                     "  %e = arith.addi %m, %k : index\n"
                     "  %u = fg.noise %a, %s, %n, %e site " +
                     site + " law " + law +
                     " : $T\n"
                     "  %r = arith.addf %u, %f : $T\n"
                     "  linalg.yield %r : $T\n");
}

std::string noise(const std::string &b, const std::string &t,
                  const std::string &c, const std::string &law) {
  std::string y = "memref<" + b + "x" + t + "x" + c + "x$T>";
  return function("%seed: memref<i64>, %step: memref<i64>, %y: " + y,
                  noiseNest(b, t, c, law, "7", "%half", "%y"));
}

/// Several draws of one kernel; the third needs the first.
std::string noiseOfSites(const std::string &b, const std::string &t,
                         const std::string &c) {
  std::string type = "memref<" + b + "x" + t + "x" + c + "x$T>";
  return function("%seed: memref<i64>, %step: memref<i64>, %x: " + type +
                      ", %y: " + type + ", %z: " + type,
                  noiseNest(b, t, c, "gaussian", "7", "%half", "%x") +
                      noiseNest(b, t, c, "gaussian", "8", "%half", "%y") +
                      noiseNest(b, t, c, "rademacher", "9", "%x", "%z"));
}

/// Perturbed groups, each shorter than a block of random numbers.
std::string noiseGroups(const std::string &g, const std::string &u) {
  std::string y = "memref<2x3x" + g + "x" + u + "x$T>";
  std::string s = "memref<2x3x" + g + "x$T>";
  return function(
      "%seed: memref<i64>, %step: memref<i64>, %s: " + s + ", %y: " + y,
      generic("b,t,g,u", {"", "", "b,t,g", "b,t,g,u"}, "pppp",
              "%seed, %step, %s", "memref<i64>, memref<i64>, " + s, "%y", y,
              "^bb0(%a: i64, %i: i64, %m: $T, %o: $T):\n"
              "  %n = linalg.index 0 : index\n  %p = linalg.index 1 : index\n"
              "  %q = linalg.index 2 : index\n  %k = linalg.index 3 : index\n"
              "  %cg = arith.constant " +
                  g + " : index\n  %cu = arith.constant " + u +
                  " : index\n"
                  "  %pg = arith.muli %p, %cg : index\n"
                  "  %f = arith.addi %pg, %q : index\n"
                  "  %fu = arith.muli %f, %cu : index\n"
                  "  %e = arith.addi %fu, %k : index\n"
                  "  %u = fg.noise %a, %i, %n, %e site 9 law gaussian : $T\n"
                  "  %w = arith.mulf %u, %m : $T\n"
                  "  %r = arith.addf %w, %o : $T\n"
                  "  linalg.yield %r : $T\n"));
}

std::vector<RowCase> makeCases() {
  std::vector<RowCase> cases;
  auto add = [&](std::string name, std::string source) {
    cases.push_back({std::move(name), std::move(source)});
  };
  for (const char *n : {"1", "3", "16", "37", "64", "1000", "100003", "65536"})
    add(std::string("elementwise_") + n, elementwise(n));
  add("norm_small", normalise("2", "3", "5"));
  add("norm_even", normalise("4", "8", "512"));
  add("norm_tail", normalise("16", "8", "100"));
  add("norm_large", normalise("32", "16", "256"));
  add("norm_one_token", normalise("33", "1", "48"));
  add("group_norm", groupNorm("16", "32", "512"));
  add("group_norm_odd", groupNorm("5", "7", "35"));
  add("group_norm_one", groupNorm("1", "40", "40"));
  add("group_norm_tail", groupNorm("8", "21", "168"));
  add("group_norm_short", groupNorm("6", "5", "30"));
  add("group_sums", groupSums("8", "32"));
  add("group_sums_tail", groupSums("4", "23"));
  add("group_sums_twos", groupSums("2", "6"));
  for (auto [m, n] : {std::pair("1", "1"),
                      {"3", "2"},
                      {"7", "33"},
                      {"64", "10"},
                      {"40", "1000"},
                      {"1", "70000"}}) {
    std::string size = std::string(m) + "x" + n;
    add("sum_rows_" + size, reduceRows(m, n, "arith.addf", "0.0"));
    add("max_rows_" + size, reduceRows(m, n, "arith.maximumf", "-1.0e30"));
    add("min_rows_" + size, reduceRows(m, n, "arith.minnumf", "1.0e30"));
    add("difference_rows_" + size, reduceRows(m, n, "arith.subf", "1.0"));
    add("sum_columns_" + size, reduceColumns(m, n));
    add("sum_all_" + size, reduceAll(m, n));
  }
  add("product_rows", reduceRows("5", "19", "arith.mulf", "1.0"));
  add("sum_columns_large", reduceColumns("3000", "130"));
  add("sum_all_large", reduceAll("1000", "301"));
  add("cross_entropy_10", crossEntropy("128", "10"));
  add("cross_entropy_1000", crossEntropy("9", "1000"));
  add("cross_entropy_3", crossEntropy("2", "3"));
  add("pool", pool("6", "5", "40"));
  add("pool_large", pool("16", "64", "512"));
  add("noise_blocks", noise("3", "4", "128", "gaussian"));
  add("noise_halves", noise("3", "4", "32", "gaussian"));
  add("noise_tail", noise("2", "1", "100", "rademacher"));
  add("noise_tail_of_two", noise("2", "1", "356", "gaussian"));
  add("noise_tail_of_one", noise("2", "1", "196", "rademacher"));
  add("noise_tail_of_three_pairs", noise("2", "1", "196", "gaussian"));
  add("noise_rows_of_blocks", noise("3", "4", "64", "gaussian"));
  add("noise_odd", noise("2", "3", "7", "gaussian"));

  add("noise_of_sites", noiseOfSites("3", "4", "256"));
  add("noise_of_sites_tail", noiseOfSites("2", "9", "100"));
  add("noise_groups", noiseGroups("4", "32"));
  add("noise_groups_16", noiseGroups("8", "16"));
  add("noise_groups_of_two", noiseGroups("6", "32"));
  add("noise_groups_odd", noiseGroups("3", "32"));

  add("noise_not_linear",
      function("%x: memref<8x$T>, %seed: memref<i64>, %y: memref<40x$T>",
               generic("i", {"i mod 8", "", "i"}, "p", "%x, %seed",
                       "memref<8x$T>, memref<i64>", "%y", "memref<40x$T>",
                       "^bb0(%a: $T, %s: i64, %o: $T):\n"
                       "  %n = linalg.index 0 : index\n"
                       "  %u = fg.noise %s, %s, %n, %n site 2 law rademacher : "
                       "$T\n"
                       "  %r = arith.mulf %u, %a : $T\n"
                       "  linalg.yield %r : $T\n")));

  add("transpose",
      function("%x: memref<37x50x$T>, %y: memref<50x37x$T>",
               "linalg.transpose ins(%x : memref<37x50x$T>) outs(%y : "
               "memref<50x37x$T>) permutation = [1, 0]\n"));
  add("copy_column",
      function(
          "%x: memref<20x30x$T>, %y: memref<20x30x$T>",
          "%a = memref.subview %x[3, 0] [10, 30] [1, 1] : memref<20x30x$T> "
          "to memref<10x30x$T, strided<[30, 1], offset: 90>>\n"
          "%b = memref.subview %y[2, 0] [10, 30] [1, 1] : memref<20x30x$T> "
          "to memref<10x30x$T, strided<[30, 1], offset: 60>>\n"
          "memref.copy %a, %b : memref<10x30x$T, strided<[30, 1], offset: "
          "90>> to memref<10x30x$T, strided<[30, 1], offset: 60>>\n"));
  add("strided_view",
      function(
          "%x: memref<20x60x$T>, %y: memref<20x30x$T>",
          "%a = memref.subview %x[0, 1] [20, 30] [1, 2] : memref<20x60x$T> "
          "to memref<20x30x$T, strided<[60, 2], offset: 1>>\n"
          "linalg.copy ins(%a : memref<20x30x$T, strided<[60, 2], offset: "
          "1>>) outs(%y : memref<20x30x$T>)\n"));
  add("rank_zero",
      function("%x: memref<$T>, %y: memref<$T>",
               generic("", {"", ""}, "", "%x", "memref<$T>", "%y", "memref<$T>",
                       "^bb0(%a: $T, %o: $T):\n  %r = arith.addf %a, %o : $T\n"
                       "  linalg.yield %r : $T\n")));
  add("patches",
      function("%x: memref<3x8x12x$T>, %y: memref<3x4x4x2x3x$T>",
               generic("n,i,j,k,l", {"n, i * 2 + k, j * 3 + l", "n,i,j,k,l"},
                       "ppppp", "%x", "memref<3x8x12x$T>", "%y",
                       "memref<3x4x4x2x3x$T>",
                       "^bb0(%a: $T, %o: $T):\n  linalg.yield %a : $T\n")));
  add("not_linear",
      function("%x: memref<8x$T>, %y: memref<40x$T>",
               generic("i", {"i mod 8", "i"}, "p", "%x", "memref<8x$T>", "%y",
                       "memref<40x$T>",
                       "^bb0(%a: $T, %o: $T):\n  linalg.yield %a : $T\n")));
  add("bytes_to_numbers",
      function("%x: memref<5x77xi8>, %y: memref<5x77x$T>",
               generic("i,j", {"i,j", "i,j"}, "pp", "%x", "memref<5x77xi8>",
                       "%y", "memref<5x77x$T>",
                       "^bb0(%a: i8, %o: $T):\n  %r = arith.uitofp %a : i8 to "
                       "$T\n  linalg.yield %r : $T\n")));
  add("two_outputs",
      function("%x: memref<64x40x$T>, %y: memref<64x40x$T>, %z: "
               "memref<64x40x$T>",
               "linalg.generic {indexing_maps = [affine_map<(i,j) -> (i,j)>, "
               "affine_map<(i,j) -> (i,j)>, affine_map<(i,j) -> (i,j)>], "
               "iterator_types = [\"parallel\", \"parallel\"]} ins(%x : "
               "memref<64x40x$T>) outs(%y, %z : memref<64x40x$T>, "
               "memref<64x40x$T>) {\n^bb0(%a: $T, %o: $T, %p: $T):\n"
               "  %m = arith.mulf %o, %half : $T\n"
               "  %n = arith.addf %m, %a : $T\n"
               "  %w = arith.subf %p, %n : $T\n"
               "  linalg.yield %n, %w : $T, $T\n}\n"));
  add("in_place_chain",
      function("%x: memref<64x48x$T>",
               generic("i,j", {"i,j"}, "pp", "", "", "%x", "memref<64x48x$T>",
                       "^bb0(%o: $T):\n  %r = arith.addf %o, %half : $T\n"
                       "  linalg.yield %r : $T\n") +
                   generic("i,j", {"i,j"}, "pp", "", "", "%x",
                           "memref<64x48x$T>",
                           "^bb0(%o: $T):\n  %r = arith.mulf %o, %o : $T\n"
                           "  linalg.yield %r : $T\n")));
  add("transpose_between",
      function(
          "%x: memref<64x48x$T>, %y: memref<48x64x$T>, %z: memref<64x48x$T>",
          generic("i,j", {"i,j"}, "pp", "", "", "%x", "memref<64x48x$T>",
                  "^bb0(%o: $T):\n  %r = arith.addf %o, %half : $T\n"
                  "  linalg.yield %r : $T\n") +
              generic("i,j", {"j,i", "i,j"}, "pp", "%x", "memref<64x48x$T>",
                      "%y", "memref<48x64x$T>",
                      "^bb0(%a: $T, %o: $T):\n  linalg.yield %a : $T\n") +
              generic("i,j", {"j,i", "i,j"}, "pp", "%y", "memref<48x64x$T>",
                      "%z", "memref<64x48x$T>",
                      "^bb0(%a: $T, %o: $T):\n  %r = arith.mulf %a, %a : $T\n"
                      "  linalg.yield %r : $T\n")));
  return cases;
}

} // namespace

const std::vector<RowCase> &rowCases() {
  static const std::vector<RowCase> cases = makeCases();
  return cases;
}

} // namespace foregrad::test
