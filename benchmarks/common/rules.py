# Licensed under the Apache License v2.0; see LICENSE.
"""The learning rules, in the paper's order."""

import re

RULES = ("bp", "l-bp", "lg-bp", "fa", "l-fa", "lg-fa", "dfa", "fg-w", "fg-a", "lg-fg-w", "lg-fg-a")


def split_rules(text):
    """Rules between commas; `a:x=1,y=2,b` is the rule a with two options, and b."""
    rules = []
    for piece in (piece.strip() for piece in text.split(",")):
        if rules and "=" in piece and ":" not in piece:
            rules[-1] += "," + piece
        else:
            rules.append(piece)
    for rule in rules:
        if not re.match(r"[A-Za-z0-9]", rule):
            raise ValueError(f"expected rules between commas, found '{text}'")
        if [folder_name(other) for other in rules].count(folder_name(rule)) > 1:
            raise ValueError(f"the rule {rule} is given twice")
    return rules


def folder_name(rule):
    return re.sub(r"[^A-Za-z0-9=_-]+", ".", rule)[:120]


def order_of(rule):
    """Sorts rules as the paper does; others come behind."""
    base = rule.split(":")[0]
    return (RULES.index(base) if base in RULES else len(RULES), rule)
