// What goes wrong upstream reaches the client as the exception that its own documentation promises.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { MODEL, QUESTION, ask, chatHitsDuring, makeClient } from "./client.mjs";

const EXCEPTIONS = {
  "error-400": OpenAI.BadRequestError,
  "error-404": OpenAI.NotFoundError,
  "error-422": OpenAI.UnprocessableEntityError,
  "error-429": OpenAI.RateLimitError,
  "error-500": OpenAI.InternalServerError,
};

for (const [model, exception] of Object.entries(EXCEPTIONS)) {
  test(`${model} is a ${exception.name}`, async () => {
    await assert.rejects(ask(makeClient(), model), (error) => {
      assert.ok(error instanceof exception, `${error}`);
      assert.ok(error.type && error.message);
      return true;
    });
  });
}

test("a streamed request that fails is an exception too", async () => {
  const order = { model: "error-400", messages: QUESTION, stream: true };
  await assert.rejects(makeClient().chat.completions.create(order), OpenAI.BadRequestError);
});

for (const [model, hits] of Object.entries({ "error-400": 1, "error-429": 3 })) {
  test(`${model} is asked for ${hits} times when the client may retry twice`, async () => {
    const client = makeClient({ maxRetries: 2 });
    assert.equal(await chatHitsDuring(() => assert.rejects(ask(client, model), OpenAI.APIError)), hits);
  });
}

test("an answered request is asked for once", async () => {
  assert.equal(await chatHitsDuring(() => ask(makeClient({ maxRetries: 2 }), MODEL)), 1);
});
