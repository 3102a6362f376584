// What the gateway itself adds: it keeps strangers out, says who served, and never passes off a part as the whole.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { MODEL, QUESTION, ask, chatHitsDuring, collect, makeClient } from "./client.mjs";

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

test("a stream that breaks off is an exception and is not asked for again", async () => {
  const client = makeClient({ maxRetries: 2 });
  const hits = await chatHitsDuring(() =>
    assert.rejects(
      async () => {
        const order = { model: "error-cut", messages: QUESTION, stream: true };
        await collect(await client.chat.completions.create(order));
      },
      // The connection fails right after the error event, and may take it along before it is read: see cuts.test.mjs.
      (error) => error.code === "stream_interrupted" || error.message === "terminated",
    ),
  );
  assert.equal(hits, 1);
});

test("an answer that breaks off is an exception", async () => {
  await assert.rejects(async () => (await ask(makeClient(), "error-cut")).choices);
});
