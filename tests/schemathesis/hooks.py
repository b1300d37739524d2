"""How schemathesis uses the API as people do: with credentials of every kind, and about what is there.

What is generated stays as it is unless a die says otherwise. The die is thrown by Hypothesis, or is what the case
says, so that a seed gives the same requests in every run, but for ids, tokens and times, which are the stack's.
"""

import json
import os
import random
import zlib
from collections import Counter
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation.meta import TestPhase

from costume import Costume
from preparations import PREPARATIONS
from world import world

# This process tests every second operation, or whichever part of them.
PART, PARTS = (int(number) for number in os.environ.get("PART", "0/1").split("/"))
# The dice of cases that are not sent yet, by the case's id.
DICE: dict[str, int] = {}
METHODS = ("get", "put", "post", "delete")
# Of so many cases of an operation that are wrong nowhere, the first is dressed like an example.
SURE_EACH = 4
# How many of those there were, by operation.
RIGHT: Counter[str] = Counter()


class Sure(random.Random):
    """A die for what is to be answered as the document says: what may be, is, and the first is chosen."""

    def random(self) -> float:
        return 0.0


def is_example(case: schemathesis.Case) -> bool:
    """Whether a case is one of the document's examples, and not made up."""
    return case.meta is not None and case.meta.phase.name == TestPhase.EXAMPLES


def count_sure(case: schemathesis.Case) -> bool:
    """Counts a case, and tells whether nothing about it is left to luck: else an operation might, by bad luck, have
    refusals alone."""
    if is_example(case):
        return True
    if case.meta is None or case.meta.generation.mode.is_negative:
        return False
    RIGHT[case.operation.label] += 1
    return RIGHT[case.operation.label] % SURE_EACH == 1


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Leaves this process its part of the operations."""
    paths = raw_schema["paths"]
    operations = [(path, method) for path, item in paths.items() for method in item if method in METHODS]
    for number, (path, method) in enumerate(operations):
        if number % PARTS != PART:
            del paths[path][method]


@schemathesis.hook
def before_generate_case(context: schemathesis.HookContext, strategy: st.SearchStrategy) -> st.SearchStrategy:
    """Throws a die with each case. It also makes many cases of an operation that takes nothing."""

    def remember(case: schemathesis.Case, die: int) -> schemathesis.Case:
        DICE[case.id] = die
        return case

    return st.builds(remember, strategy, st.integers(0, 2**32 - 1))


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Dresses a case for the call."""
    die = DICE.pop(case.id, None)
    if die is None:
        said = [case.method, case.path, case.path_parameters, case.query, dict(case.headers), repr(case.body)]
        die = zlib.crc32(json.dumps(said, default=repr).encode())
    costume = Costume(world(), case, Sure() if count_sure(case) else random.Random(die))
    costume.put_on(PREPARATIONS.get(costume.route))


@schemathesis.check
class Reached:
    """Every operation must have been answered with each success that the document has for it: else the run was about
    refusals alone. A few examples are not enough for it, 25 are."""

    def __init__(self) -> None:
        self.wanted: dict[str, set[int]] = {}
        self.seen: dict[str, Counter[int]] = {}

    def after_response(self, ctx: Any, response: Any, case: schemathesis.Case) -> None:
        label = case.operation.label
        successes = (int(code) for code in case.operation.responses.status_codes if code.startswith("2"))
        self.wanted.setdefault(label, set(successes))
        self.seen.setdefault(label, Counter())[response.status_code] += 1

    def after_run(self, ctx: Any) -> None:
        missing = [
            f"{label} answered {dict(self.seen[label])}"
            for label, wanted in self.wanted.items()
            if not wanted <= self.seen[label].keys()
        ]
        assert not missing, "\n".join(["Not every success was seen:", *sorted(missing)])


@schemathesis.check
class Examples:
    """Every body that is an example must have been sent, and taken."""

    def __init__(self) -> None:
        self.answers: dict[str, list[int]] = {}

    def after_response(self, ctx: Any, response: Any, case: schemathesis.Case) -> None:
        for body in case.operation.body:
            answers = self.answers.setdefault(f"{case.operation.label} {body.media_type}", [])
            if is_example(case) and case.media_type == body.media_type:
                answers.append(response.status_code)

    def after_run(self, ctx: Any) -> None:
        missing = [
            f"{label} answered {answers}"
            for label, answers in self.answers.items()
            if not answers or any(status >= 300 for status in answers)
        ]
        assert not missing, "\n".join(["Not every example was taken:", *sorted(missing)])
