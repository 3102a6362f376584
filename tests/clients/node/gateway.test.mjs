// What the gateway itself adds: it keeps strangers out, says who served, and stops retries that cannot help.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { MODEL, QUESTION, ask, chatHitsDuring, makeClient } from "./client.mjs";

test("a stranger is refused before any upstream hears of it", async () => {
  const stranger = makeClient({ apiKey: "a-token-nobody-gave" });
  const hits = await chatHitsDuring(() =>
    assert.rejects(ask(stranger), (error) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key"),
  );
  assert.equal(hits, 0);
});

test("an answer says who served and at which attempt", async () => {
  const { response } = await ask(makeClient()).withResponse();
  assert.equal(response.headers.get("x-oar-upstream"), "standin");
  assert.equal(response.headers.get("x-oar-attempts"), "2");
});

test("a request id is made or kept", async () => {
  assert.ok((await ask(makeClient()).withResponse()).request_id);
  const kept = await ask(makeClient(), MODEL, { headers: { "x-request-id": "mine-2" } });
  assert.equal(kept._request_id, "mine-2");
});

// The client repeats a 409 when left to itself; every upstream was tried, so the gateway tells it not to.
test("a conflict is not repeated because the gateway says so", async () => {
  const client = makeClient({ maxRetries: 2 });
  assert.equal(await chatHitsDuring(() => assert.rejects(ask(client, "error-409"), OpenAI.ConflictError)), 1);
});

test("a stream that breaks off is an exception and is not asked for again", async () => {
  const client = makeClient({ maxRetries: 2 });
  let pieces = 0;
  const hits = await chatHitsDuring(() =>
    assert.rejects(
      async () => {
        const order = { model: "error-cut", messages: QUESTION, stream: true };
        for await (const _ of await client.chat.completions.create(order)) pieces += 1;
      },
      (error) => error instanceof OpenAI.APIError && error.code === "stream_interrupted",
    ),
  );
  assert.ok(pieces > 0);
  assert.equal(hits, 1);
});

test("an answer that breaks off is an exception", async () => {
  await assert.rejects(async () => (await ask(makeClient(), "error-cut")).choices);
});
