# Licensed under the Apache License v2.0; see LICENSE.
"""Each subcommand of fgrun, as a user and other programs call it."""

import array
import json
import math
import os
import random
import unittest

import support
import images
import safetensors

BATCH, PIXELS, CLASSES = 16, 64, 10


def Tensor(dtype, shape, values):
    return safetensors.Tensor(dtype, shape, array.array(safetensors.TYPE_CODES[dtype], values))


def make_inputs(pixel_type="U8"):
    rng = random.Random(1)
    pixels = [rng.randrange(256) for _ in range(BATCH * PIXELS)]
    if pixel_type != "U8":
        pixels = [pixel / 255 for pixel in pixels]
    return {"image": Tensor(pixel_type, (BATCH, 8, 8), pixels),
            "label": Tensor("I32", (BATCH,), [n % CLASSES for n in range(BATCH)])}


def make_parameters():
    rng = random.Random(2)
    return {"linear.weight": Tensor("F64", (PIXELS, CLASSES),
                                    [rng.gauss(0, 0.1) for _ in range(PIXELS * CLASSES)]),
            "linear.bias": Tensor("F64", (CLASSES,), [rng.gauss(0, 1) for _ in range(CLASSES)])}


def make_feedback():
    rng = random.Random(3)
    return {"linear.feedback.weight": Tensor("F64", (PIXELS, CLASSES),
                                             [rng.gauss(0, 1) for _ in range(PIXELS * CLASSES)])}


class CommandsTest(support.FgrunTest):
    def save(self, name, tensors):
        path = self.path(name)
        safetensors.save(path, tensors)
        return path

    def test_help_is_complete(self):
        out, _ = self.run_fgrun("--help")
        for command in ("train", "eval", "predict", "inspect", "bench", "grad", "diagnose"):
            self.assertIn(command, out)
            shown, _ = self.run_fgrun(command, "--help")
            self.assertIn("Example", shown)

    def test_wrong_usage_is_2(self):
        self.run_fgrun(code=2)
        self.run_fgrun("fly", code=2)
        self.run_fgrun("train", "test.fgb", code=2)
        self.run_fgrun("train", "test.fgb", "--out", "x", "--epochs", "many", code=2)
        self.run_fgrun("bench", "test.fgb", "--threads", "0", code=2)
        _, error = self.run_fgrun("train", "test.fgb", "--data", self.data, "--out", "x",
                                  "--set", "speed=1", code=2)
        self.assertIn("momentum", error)
        self.run_fgrun("train", "test.fgb", "--data", "cifar:x", "--out", "x", code=2)

    def test_faulty_input_is_1(self):
        for command in (["train", "--data", self.data, "--out", "x"], ["inspect"], ["bench"],
                        ["eval", "--data", self.data, "--params", "x"]):
            _, error = self.run_fgrun(command[0], "missing.fgb", *command[1:], code=1)
            self.assertIn("missing.fgb", error)
        _, error = self.run_fgrun("predict", "test.fgb", "--params", "x", "a.png", code=1)
        self.assertIn("x: ", error)

    def test_train_then_eval(self):
        out, _ = self.run_fgrun("train", "test.fgb", "--data", self.data, "--out", "run")
        self.assertIn("epoch 3/3", out)
        self.assertIn("test error", out.splitlines()[-1])
        with open(self.path("run/metrics.jsonl")) as file:
            last = json.loads(file.readlines()[-1])
        out, _ = self.run_fgrun("eval", "test.fgb", "--params", "run/last.safetensors",
                                "--data", self.data, "--json")
        result = json.loads(out)
        self.assertEqual(result["count"], 300)
        self.assertEqual(result["error"], last["test_error"])
        self.assertGreater(result["loss"], 0)
        out, _ = self.run_fgrun("eval", "f64.fgb", "--params", "run/last.safetensors",
                                "--data", self.data)
        self.assertIn("on 300 samples", out)

    def test_quiet_says_nothing(self):
        out, error = self.run_fgrun("train", "test.fgb", "--data", self.data, "--out", "quiet",
                                    "--quiet")
        self.assertEqual(out + error, "")

    def test_eval_refuses_other_parameters(self):
        parameters = make_parameters()
        self.save("short.safetensors", {"linear.weight": parameters["linear.weight"]})
        _, error = self.run_fgrun("eval", "test.fgb", "--params", "short.safetensors", "--data",
                                  self.data, code=1)
        self.assertIn("lacks 1 of the 2 tensors", error)
        self.assertIn("linear.bias", error)
        parameters["linear.bias"] = Tensor("F32", (2, 5), [0] * 10)
        self.save("shape.safetensors", parameters)
        _, error = self.run_fgrun("eval", "test.fgb", "--params", "shape.safetensors", "--data",
                                  self.data, code=1)
        self.assertIn("expected the shape [10], found [2, 5]", error)

    def write_png(self, name, height, width, pixels):
        images.write_png(self.path(name), height, width, pixels)

    def test_predict(self):
        parameters = self.save("predict.safetensors", make_parameters())
        pictures = {}
        rng = random.Random(4)
        for number in range(BATCH + 3):  # more than a batch
            pixels = [rng.randrange(256) for _ in range(PIXELS)]
            pictures[f"image{number}.png"] = pixels
            self.write_png(f"image{number}.png", 8, 8, pixels)
        out, _ = self.run_fgrun("predict", "f64.fgb", "--params", parameters, *pictures, "--json")
        weight = make_parameters()["linear.weight"].values
        bias = make_parameters()["linear.bias"].values
        predictions = json.loads(out)
        self.assertEqual([p["image"] for p in predictions], list(pictures))
        for prediction in predictions:
            pixels = pictures[prediction["image"]]
            logits = [bias[c] + sum(pixels[p] / 255 * weight[p * CLASSES + c]
                                    for p in range(PIXELS)) for c in range(CLASSES)]
            for found, expected in zip(prediction["logits"], logits):
                self.assertAlmostEqual(found, expected, places=5)
            self.assertEqual(prediction["index"], max(range(CLASSES), key=logits.__getitem__))
            self.assertEqual(prediction["class"], str(prediction["index"]))
        out, _ = self.run_fgrun("predict", "f64.fgb", "--params", parameters, *pictures)
        lines = out.splitlines()
        self.assertEqual(len(lines), len(pictures))
        for line, prediction in zip(lines, predictions):
            self.assertTrue(line.startswith(f"{prediction['image']}: {prediction['class']} "), line)

    def test_predict_refuses_other_images(self):
        parameters = self.save("predict.safetensors", make_parameters())
        self.write_png("large.png", 9, 8, [0] * 72)
        _, error = self.run_fgrun("predict", "test.fgb", "--params", parameters, "large.png",
                                  code=1)
        self.assertIn("large.png: expected an image of 8 x 8 pixels (height x width), "
                      "found 9 x 8", error)
        _, error = self.run_fgrun("predict", "test.fgb", "--params", parameters, "none.png",
                                  code=1)
        self.assertIn("none.png", error)
        _, error = self.run_fgrun("predict", "test.fgb", "--params", parameters, code=2)
        self.assertIn("IMAGE", error)

    def test_inspect(self):
        out, _ = self.run_fgrun("inspect", "test.fgb", "--json")
        shown = json.loads(out)
        self.assertEqual(shown["model"], "Test")
        self.assertEqual(shown["batch"], BATCH)
        self.assertEqual(shown["parameter_count"], PIXELS * CLASSES + CLASSES)
        self.assertEqual(shown["parameters"][0]["path"], "linear.weight")
        self.assertEqual([entry["name"] for entry in shown["entries"]],
                         ["init", "step", "gradient", "perturbation", "eval", "predict"])
        out, _ = self.run_fgrun("inspect", "test.fgb")
        self.assertIn("linear.weight", out)
        out, _ = self.run_fgrun("inspect", "test.fgb", "--source")
        self.assertEqual(out, "model Test {}\n")

    def test_diagnose_mistakes(self):
        _, error = self.run_fgrun("diagnose", "missing.fgb", code=1)
        self.assertIn("missing.fgb", error)
        self.run_fgrun("diagnose", "test.fgb", "--draws", "1", code=2)

    def test_bench(self):
        out, _ = self.run_fgrun("bench", "test.fgb", "--steps", "5", "--threads", "2", "--json")
        shown = json.loads(out)
        self.assertEqual(set(shown["step_ms"]), {"median", "min", "max"})
        self.assertLessEqual(shown["step_ms"]["min"], shown["step_ms"]["median"])
        self.assertEqual(shown["steps"], 5)
        self.assertEqual(shown["threads"], 2)
        self.assertEqual(shown["gflop_per_step"], 1e-5)
        self.assertGreater(shown["peak_rss_bytes"], shown["peak_bytes_planned"])
        for key in ("gflops", "cpu", "batch", "rule", "precision", "model"):
            self.assertIn(key, shown)

    def expected_gradients(self, inputs, parameters, noise):
        """The same in Python: gradients of the mean cross entropy, plus 1e-3 times the noise
        (weight) and make_feedback() (bias)."""
        weight = parameters["linear.weight"].values
        bias = parameters["linear.bias"].values
        pixels = inputs["image"].values
        scale = 255 if inputs["image"].dtype == "U8" else 1
        weight_grad = [1e-3 * u for u in noise]
        feedback = make_feedback()["linear.feedback.weight"].values
        bias_grad, loss = [1e-3 * feedback[k] for k in range(CLASSES)], 0.0
        for n in range(BATCH):
            image = [pixel / scale for pixel in pixels[n * PIXELS:(n + 1) * PIXELS]]
            logits = [bias[k] + sum(image[p] * weight[p * CLASSES + k] for p in range(PIXELS))
                      for k in range(CLASSES)]
            total = sum(map(math.exp, logits))
            label = inputs["label"].values[n]
            loss += (math.log(total) - logits[label]) / BATCH
            for k in range(CLASSES):
                error = (math.exp(logits[k]) / total - (k == label)) / BATCH
                bias_grad[k] += error
                for p in range(PIXELS):
                    weight_grad[p * CLASSES + k] += image[p] * error
        return weight_grad, bias_grad, loss

    def check_gradients(self, out, expected, dtype, tolerance):
        tensors = safetensors.load(out)
        weight_grad, bias_grad, loss = expected
        self.assertEqual(set(tensors),
                         {"linear.weight.grad", "linear.bias.grad", "loss", "block0.loss"})
        self.assertEqual(tensors["loss"].dtype, dtype)
        self.assertEqual(tensors["loss"].shape, (1,))
        self.assertAlmostEqual(tensors["block0.loss"].values[0], loss, delta=tolerance)
        for name, values in (("linear.weight.grad", weight_grad), ("linear.bias.grad", bias_grad)):
            self.assertEqual(len(tensors[name].values), len(values))
            for found, value in zip(tensors[name].values, values):
                self.assertAlmostEqual(found, value, delta=tolerance)

    def test_grad_with_own_perturbation(self):
        for pixel_type in ("U8", "F64", "F32"):
            inputs, parameters = make_inputs(pixel_type), make_parameters()
            self.save("in.safetensors", {**inputs, **parameters, **make_feedback(),
                                         "extra": Tensor("F32", (1,), [0])})
            self.run_fgrun("grad", "f64.fgb", "--inputs", "in.safetensors", "--seed", 3, "--step",
                           7, "--out", "grad.safetensors", "--dump-perturbation", "u.safetensors")
            noise = safetensors.load(self.path("u.safetensors"))["linear.perturbation"]
            self.assertEqual(noise.shape, (PIXELS, CLASSES))
            self.check_gradients(self.path("grad.safetensors"),
                                 self.expected_gradients(inputs, parameters, noise.values),
                                 "F64", 1e-7 if pixel_type == "F32" else 1e-12)
            self.run_fgrun("grad", "f64.fgb", "--inputs", "in.safetensors", "--seed", 3, "--step",
                           8, "--out", "g.safetensors", "--dump-perturbation", "v.safetensors")
            self.assertNotEqual(list(noise.values), list(safetensors.load(
                self.path("v.safetensors"))["linear.perturbation"].values))

    def test_grad_of_several_steps(self):
        """Those of calls for one step each, with the samples of all or of their own."""
        parameters = {**make_parameters(), **make_feedback()}
        own = make_inputs()
        for name, shape in (("image", (48, 8, 8)), ("label", (48,))):
            values = own[name].values
            own[name] = Tensor(own[name].dtype, shape,
                               [value for step in range(3) for value in values[step:] +
                                values[:step]])
        for inputs in ([make_inputs()] * 3, safetensors.along_first_axis({
                name: Tensor(tensor.dtype, (3, 16, *tensor.shape[1:]), array.array(
                    safetensors.TYPE_CODES[tensor.dtype], tensor.values))
                for name, tensor in own.items()})):
            expected, dumped = [], []
            for step in range(3):
                self.save("in.safetensors", {**inputs[step], **parameters})
                self.run_fgrun("grad", "f64.fgb", "--inputs", "in.safetensors", "--seed", 3,
                               "--step", 7 + step, "--out", "g.safetensors",
                               "--dump-perturbation", "u.safetensors")
                expected.append(safetensors.load(self.path("g.safetensors")))
                dumped.append(safetensors.load(self.path("u.safetensors")))
            if inputs[0] is not inputs[1]:
                self.save("in.safetensors", {**own, **parameters})
            self.run_fgrun("grad", "f64.fgb", "--inputs", "in.safetensors", "--seed", 3, "--step",
                           7, "--steps", 3, "--out", "g.safetensors", "--dump-perturbation",
                           "u.safetensors")
            for separate, path in ((expected, "g.safetensors"), (dumped, "u.safetensors")):
                together = safetensors.along_first_axis(safetensors.load(self.path(path)))
                self.assertEqual([{name: list(tensor.values) for name, tensor in step.items()}
                                  for step in separate],
                                 [{name: list(tensor.values) for name, tensor in step.items()}
                                  for step in together])
        self.assertEqual(safetensors.load(self.path("g.safetensors"))["linear.weight.grad"].shape,
                         (3, 64, 10))
        self.assertNotEqual(expected[0]["loss"].values, expected[1]["loss"].values)

    def test_grad_with_given_perturbation(self):
        inputs, parameters = make_inputs(), make_parameters()
        self.save("in.safetensors", {**inputs, **parameters, **make_feedback()})
        noise = [n / 640 for n in range(PIXELS * CLASSES)]
        self.save("u.safetensors",
                  {"linear.perturbation": Tensor("F64", (PIXELS, CLASSES), noise)})
        self.run_fgrun("grad", "external.fgb", "--inputs", "in.safetensors", "--perturbation",
                       "u.safetensors", "--out", "grad.safetensors")
        self.check_gradients(self.path("grad.safetensors"),
                             self.expected_gradients(inputs, parameters, noise), "F32", 1e-5)

    def test_grad_starts_from_the_seed_without_parameters(self):
        self.save("in.safetensors", make_inputs())
        outputs = []
        for seed in (1, 1, 2):
            self.run_fgrun("grad", "test.fgb", "--inputs", "in.safetensors", "--seed", seed,
                           "--out", "grad.safetensors")
            with open(self.path("grad.safetensors"), "rb") as file:
                outputs.append(file.read())
        self.assertEqual(outputs[0], outputs[1])
        self.assertNotEqual(outputs[0], outputs[2])

    def test_grad_draws_feedback_that_is_not_given(self):
        self.save("in.safetensors", {**make_inputs(), **make_parameters()})
        gradients = []
        for seed in (1, 1, 2):
            self.run_fgrun("grad", "test.fgb", "--inputs", "in.safetensors", "--seed", seed,
                           "--out", "grad.safetensors")
            gradients.append(list(safetensors.load(
                self.path("grad.safetensors"))["linear.bias.grad"].values))
        self.assertEqual(gradients[0], gradients[1])
        self.assertNotEqual(gradients[0], gradients[2])
        # What a run of that seed saved is what was drawn.
        self.run_fgrun("train", "test.fgb", "--data", self.data, "--out", "feedback", "--seed", 2)
        saved = safetensors.load(self.path("feedback/last.safetensors"))
        name = "linear.feedback.weight"
        self.save("in.safetensors", {**make_inputs(), **make_parameters(), name: saved[name]})
        self.run_fgrun("grad", "test.fgb", "--inputs", "in.safetensors", "--seed", 9, "--out",
                       "grad.safetensors")
        self.assertEqual(gradients[2], list(safetensors.load(
            self.path("grad.safetensors"))["linear.bias.grad"].values))

    def test_grad_replaces_no_file_that_it_reads(self):
        self.save("in.safetensors", {**make_inputs(), **make_parameters()})
        with open(self.path("in.safetensors"), "rb") as file:
            before = file.read()
        _, error = self.run_fgrun("grad", "test.fgb", "--inputs", "in.safetensors", "--out",
                                  "./in.safetensors", code=2)
        self.assertIn("--out ./in.safetensors: is --inputs too", error)
        with open(self.path("in.safetensors"), "rb") as file:
            self.assertEqual(file.read(), before)
        _, error = self.run_fgrun("grad", "test.fgb", "--inputs", "in.safetensors", "--out",
                                  "new.safetensors", "--dump-perturbation", "new.safetensors",
                                  code=2)
        self.assertIn("--dump-perturbation new.safetensors: is --out too", error)
        self.assertFalse(os.path.exists(self.path("new.safetensors")))

    def test_grad_names_mistakes(self):
        def error(tensors, *options, model="test.fgb", code=1):
            self.save("in.safetensors", tensors)
            _, text = self.run_fgrun("grad", model, "--inputs", "in.safetensors", "--out",
                                     "bad.safetensors", *options, code=code)
            self.assertFalse(os.path.exists(self.path("bad.safetensors")))
            return text

        inputs, parameters = make_inputs(), make_parameters()
        whole = {**inputs, **parameters}
        self.assertIn("lacks the tensor 'image'", error({"label": inputs["label"]}))
        self.assertIn("linear.bias", error({**inputs,
                                            "linear.weight": parameters["linear.weight"]}))
        self.assertIn("expected the shape [16, 8, 8], found [16, 64]", error(
            {**whole, "image": Tensor("U8", (16, 64), inputs["image"].values)}))
        self.assertIn("found I32", error(
            {**whole, "image": Tensor("I32", (16, 8, 8), inputs["image"].values)}))
        self.assertIn("element 0: expected a class of 0 to 9, found 10", error(
            {**whole, "label": Tensor("I32", (16,), [10] * 16)}))
        self.assertIn("found -1", error(
            {**whole, "label": Tensor("I64", (16,), [-1] * 16)}))
        self.assertIn("'linear.feedback.weight': expected the shape [64, 10], found [10, 64]", error(
            {**whole, "linear.feedback.weight": Tensor("F32", (10, 64), [0] * 640)}))
        self.assertIn("--external-perturbation", error(
            whole, "--perturbation", "in.safetensors", code=2))
        self.assertIn("give --perturbation", error(whole, model="external.fgb", code=2))
        self.assertIn("do not go with --perturbation", error(
            whole, "--perturbation", "in.safetensors", "--step", 1, model="external.fgb", code=2))
        self.assertIn("do not go with --perturbation", error(
            whole, "--perturbation", "in.safetensors", "--steps", 1, model="external.fgb", code=2))
        self.assertIn("--steps", error(whole, "--steps", 0, code=2))
        self.assertIn("expected the shape [16, 8, 8], or 3 times as many samples for as many "
                      "steps, found [32, 8, 8]", error(
                          {**whole, "image": Tensor("U8", (32, 8, 8), [0] * 2048)}, "--steps", 3))
        twice = {**whole, "image": Tensor("U8", (32, 8, 8), [0] * 2048)}
        self.assertIn("element 17: expected a class of 0 to 9, found 10", error(
            {**twice, "label": Tensor("I32", (32,), [0] * 17 + [10] * 15)}, "--steps", 2))
        self.assertIn("tensor 'label' has the samples of 1 steps, 'image' those of 2", error(
            twice, "--steps", 2))
        self.assertIn("numbers of steps end at", error(
            whole, "--step", 2 ** 64 - 2, "--steps", 3, code=2))
        self.assertIn("missing.safetensors", error(
            whole, "--perturbation", "missing.safetensors", model="external.fgb"))
        self.assertIn("expected the shape [64, 10], found [640]", error(
            {**whole, "linear.perturbation": Tensor("F32", (640,), [0] * 640)},
            "--perturbation", "in.safetensors", model="external.fgb"))
        self.assertIn("linear.perturbation", error(
            whole, "--perturbation", "in.safetensors", model="external.fgb"))


if __name__ == "__main__":
    unittest.main()
