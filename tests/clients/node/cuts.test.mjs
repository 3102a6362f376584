// However an answer breaks off, the client throws, keeps what it had got, and nobody else is asked.
//
// What breaks off is not asked for again: the client has got a part of it. An answer that is no stream counts as got
// once its head is there; the Python client thinks otherwise.

import assert from "node:assert/strict";
import { test } from "node:test";
import { QUESTION, collect, hitsDuring, makeClient } from "./client.mjs";

// What every answer says until it is cut: a word in each event.
const WORDS = "一二三四五六";
const { OAR_CUT_URL, OAR_CUTTING_URL, OAR_PANICKING_URL, OAR_SPARE_URL } = process.env;

/** A gateway whose second upstream breaks answers off; where that one, and the third, count what they were asked. */
const CUTTING = { baseURL: OAR_CUT_URL, hits: [`${OAR_CUTTING_URL}/_hits`, `${OAR_SPARE_URL}/_hits`] };
const PANICKING = { baseURL: OAR_PANICKING_URL, hits: [`${OAR_PANICKING_URL}/_hits`, `${OAR_SPARE_URL}/_hits`] };

function create({ baseURL }, model, more = {}) {
  const client = makeClient({ baseURL, maxRetries: 2 });
  return client.chat.completions.create({ model, messages: QUESTION, ...more });
}

/** How a client learns of a connection that ended too early: not by a half answer that it fails to read. */
const CONNECTION_FAILED = { name: "TypeError", message: "terminated" };
const isNews = (error) => error.code === "stream_interrupted";

/**
 * The stream throws, what came before is a beginning of what was sent, and it was asked for once.
 *
 * When a connection fails, this client drops what it has received and nobody has read yet: the gateway's error event, and
 * maybe words before it. So it may see the failed connection alone. Whoever reads the error event has read one of `got`;
 * the Python suite holds the gateway to sending it.
 */
async function checkStream(gateway, model, got, { mayTell = isNews, whenBegun = async () => {} } = {}) {
  let said = "";
  const read = async () => {
    for await (const chunk of await create(gateway, model, { stream: true })) {
      said += chunk.choices[0].delta.content;
      await whenBegun();
    }
  };
  const hits = await hitsDuring(async () => {
    const error = await read().then(() => assert.fail(`ended as if it were complete: ${said}`), (error) => error);
    if (mayTell(error)) return assert.ok(got.includes(said), said);
    assert.deepEqual({ name: error.name, message: error.message }, CONNECTION_FAILED);
    assert.ok(got.at(-1).startsWith(said), said);
  }, ...gateway.hits);
  assert.deepEqual(hits, [1, 0]);
}

/** There is no answer, and nobody was asked again. */
async function checkPlain(gateway, model) {
  const hits = await hitsDuring(() => assert.rejects(create(gateway, model), CONNECTION_FAILED), ...gateway.hits);
  assert.deepEqual(hits, [1, 0]);
}

for (const place of ["event", "line"]) {
  // M01
  test(`a stream shorter than promised is an exception: ${place}`, () =>
    checkStream(CUTTING, `cut-length-3-${place}`, [WORDS.slice(0, 3)]));
}

// M01
test("an answer shorter than promised is an exception", () => checkPlain(CUTTING, "cut-length-0-event"));

for (const place of ["event", "line", "character"]) {
  for (const events of [1, 5]) {
    // M02
    test(`a stream whose chunks stop is an exception after its last whole event: ${events}, ${place}`, () =>
      checkStream(CUTTING, `cut-chunks-${events}-${place}`, [WORDS.slice(0, events)]));
  }
}

// M02
test("an answer whose chunks stop is an exception", () => checkPlain(CUTTING, "cut-chunks-0-event"));

for (const place of ["event", "line", "character"]) {
  // M02: nothing has reached the client yet, so somebody else can still answer.
  test(`a stream that is cut before its first event is answered by the next upstream: ${place}`, async () => {
    let chunks;
    const hits = await hitsDuring(async () => {
      chunks = await collect(await create(CUTTING, `cut-chunks-0-${place}`, { stream: true }));
    }, ...CUTTING.hits);
    assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
    assert.deepEqual(hits, [1, 1]);
  });
}

for (const place of ["event", "line", "character"]) {
  // M03: nothing in the framing says that it is not complete.
  test(`a stream that just stops is an exception: ${place}`, () =>
    checkStream(CUTTING, `cut-close-3-${place}`, [WORDS.slice(0, 3)]));
}

// M04: a reset may overtake what was sent before it, so it waits until the client has got something.
test("a stream that is reset is an exception", () => {
  const whenBegun = () => fetch(`${OAR_CUTTING_URL}/_go`);
  const beginnings = [1, 2, 3].map((count) => WORDS.slice(0, count));
  return checkStream(CUTTING, "cut-reset-3-event", beginnings, { whenBegun });
});

// M05: this client has no time limit of its own for a stream.
test("a stream that falls silent is an exception in time", { timeout: 10_000 }, () =>
  checkStream(CUTTING, "cut-stall-3-event", [WORDS.slice(0, 3)]));

// M05
test("an answer that falls silent is an exception in time", () => checkPlain(CUTTING, "cut-stall-0-event"));

// M11
test("a stream whose backend panics is an exception", () =>
  checkStream(PANICKING, "any", [WORDS.slice(0, 3)], { mayTell: () => false }));

// M11
test("an answer whose backend panics is an exception", () => checkPlain(PANICKING, "any"));
