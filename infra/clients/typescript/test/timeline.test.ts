// The order of messages, however they come. It is not part of what the package gives.
import assert from "node:assert/strict";
import { test } from "node:test";

const { Timeline } = (await import(new URL("../../dist/timeline.js", import.meta.url).href)) as
  typeof import("../dist/timeline.js");

/** A repeatable draw. */
function* draws(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

test("messages in any order, with repetitions, are given in order and once", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = draws(seed);
    const known = Math.floor(random.next().value * 5);
    const seqs = Array.from({ length: 20 }, (_, index) => known + 1 + index);
    const coming = [...seqs, ...seqs.slice(0, 10), known].map((seq) => ({ seq, place: random.next().value }));
    coming.sort((a, b) => a.place - b.place);
    const timeline = Timeline.after<{ seq: number }>(known);
    const given = coming.flatMap((message) => timeline.take(message)).map(({ seq }) => seq);
    assert.deepEqual(given, seqs, `seed ${seed}`);
    assert.ok(!timeline.hasGap);
  }
});

test("what will not come is not waited for", () => {
  const timeline = Timeline.after<{ seq: number }>(0);
  assert.deepEqual([{ seq: 2 }, { seq: 3 }, { seq: 6 }].flatMap((message) => timeline.take(message)), []);
  assert.ok(timeline.hasGap);
  assert.deepEqual(timeline.settle(5).map(({ seq }) => seq), [2, 3, 6]);
  assert.equal(timeline.given, 6);
  assert.deepEqual(timeline.take({ seq: 4 }), []);
});

test("a chat of which nothing is known begins with what comes, and what that has overtaken is not lost", () => {
  const timeline = Timeline.from({ seq: 3 });
  const given = [3, 2, 4, 2, 1, 3].flatMap((seq) => timeline.take({ seq })).map(({ seq }) => seq);
  assert.deepEqual(given, [3, 2, 4, 1]);
  timeline.know(7);
  assert.deepEqual([5, 8].flatMap((seq) => timeline.take({ seq })), [{ seq: 8 }]);
});
