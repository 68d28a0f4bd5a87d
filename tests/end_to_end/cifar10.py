#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Trains a small LocalMixer on a part of the real CIFAR-10.

    cifar10.py --fgc FGC --fgrun FGRUN --models FOLDER TEST

As training.py. Needs the folder cifar-10-batches-bin in FOREGRAD_DATA; skipped without.
"""

import os
import sys

import training
from training import require

MODEL = os.path.join(training.ROOT, "samples", "localmixer", "cifar10-m-8-16.fg")
SIZES = ("patches=4", "channels=64", "groups=4", "depth=2")
RULES = ("lg-fg-a", "bp")
RECORD = 1 + 3 * 32 * 32
RECORDS = 400  # of each of the six files: 2,000 training images, 400 test images
BATCHES = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]


def name_of(rule):
    return "cifar10-" + rule


def subset(programs):
    """Writes the first images of each batch; returns the SPEC."""
    source = os.path.join(os.environ.get("FOREGRAD_DATA", ""), "cifar-10-batches-bin")
    if not os.environ.get("FOREGRAD_DATA") or not os.path.isdir(source):
        raise training.Skip("FOREGRAD_DATA does not name a folder with cifar-10-batches-bin")
    folder = os.path.join(programs.scratch, "subset")
    os.makedirs(folder, exist_ok=True)
    for name in BATCHES:
        with open(os.path.join(source, name), "rb") as file:
            start = file.read(RECORDS * RECORD)
        require(len(start) == RECORDS * RECORD, f"{source}/{name} is too short")
        with open(os.path.join(folder, name), "wb") as file:
            file.write(start)
    return "cifar10:" + folder


def test_compile_cifar10_models(programs):
    os.makedirs(programs.models, exist_ok=True)
    for rule in RULES:
        programs.run(programs.fgc, MODEL, "--rule", rule, "--batch", "32",
                     "--recipe", "rate=0.05", *(word for size in SIZES for word in ("-D", size)),
                     "-o", programs.model(name_of(rule)))


def test_cifar10_learns(programs):
    data = subset(programs)
    for rule in RULES:
        folder = programs.train(rule, model=name_of(rule), epochs=5, data=data)
        losses = [row["train_loss"] for row in training.metrics(folder)]
        require(losses == sorted(losses, reverse=True), f"{rule}: the loss does not fall: {losses}")
        training.require_learned(folder, 5, 80.0)  # 90 % by guessing


def test_cifar10_varied_images_stop_and_resume(programs):
    options = dict(model=name_of("lg-fg-a"), epochs=8, data=subset(programs))
    varied = dict(options, settings=("flip=on", "crop=4", "schedule=warmup_cosine",
                                     "warmup_epochs=1"))
    still = dict(options, settings=varied["settings"][2:])
    plain = programs.train("plain", **still)
    straight = programs.train("straight", threads=2, **varied)
    require(training.lasting(plain)[1] != training.lasting(straight)[1],
            "flips and crops changed nothing")
    steps = 2000 // 32  # of the warm-up
    rates = [row["rate"] for row in training.metrics(straight)]
    require(abs(rates[0] - 0.05 * (steps - 1) / steps) < 1e-12, f"rates {rates}")
    training.stop_after_epochs(programs, 1, 0.1, name="stopped", threads=1, **varied)
    training.stop_after_epochs(programs, 2, 0.05, name="stopped", resume=True, threads=2, **varied)
    stopped = programs.train("stopped", resume=True, threads=1, **varied)
    training.require_same(straight, stopped, "a run stopped twice and one that never stopped")


def test_cifar10_truncated_batch_is_refused(programs):
    data = subset(programs)
    path = os.path.join(data[len("cifar10:"):], "data_batch_4.bin")
    with open(path, "r+b") as file:
        file.truncate(RECORDS * RECORD - 1)
    command, folder = programs.train_command("run", model=name_of("bp"), data=data)
    programs.run(*command, expect=1)
    require(not training.metrics(folder), "it trained on a truncated batch")


if __name__ == "__main__":
    sys.exit(training.main(globals(), __doc__))
