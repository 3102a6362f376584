// How often a client that may retry twice asks, by what the gateway answered: it obeys `x-should-retry`, and has a rule of
// its own where the gateway leaves it to the client.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { ask, chatHitsDuring, makeClient } from "./client.mjs";

// What becomes of each model: status, code, `x-should-retry`, how often the client asks, how often the upstream is asked.
const ANSWERS = {
  // The upstream blames the caller, so its answer is relayed, and would be the same again. The client alone would repeat
  // a 409.
  "error-400": [400, null, "false", 1, 1],
  "error-404": [404, "model_not_found", "false", 1, 1],
  "error-409": [409, null, "false", 1, 1],
  "error-422": [422, null, "false", 1, 1],
  // A person must mend these.
  "error-401": [502, "upstream_auth_failed", "false", 1, 1],
  unfinished: [500, "upstream_misconfigured", "false", 1, 0],
  // These may pass.
  "error-429": [429, "rate_limit_exceeded", null, 3, 3],
  "error-500": [502, "all_upstreams_failed", null, 3, 3],
  "error-504": [504, "upstream_timeout", null, 3, 3],
  unreachable: [502, "upstream_connect_failed", null, 3, 0],
  // No client repeats these.
  unserved: [404, "model_not_available", null, 1, 0],
};

/** What a client that may retry twice sends, gets and lets the upstream do. */
async function check(model, expected, options = {}) {
  let sent = 0;
  const counting = (...request) => {
    sent += 1;
    return fetch(...request);
  };
  const client = makeClient({ maxRetries: 2, fetch: counting, ...options });
  let told;
  const keep = (error) => {
    told = [error.status, error.code, error.headers.get("x-should-retry")];
    return error instanceof OpenAI.APIError;
  };
  const hits = await chatHitsDuring(() => assert.rejects(ask(client, model), keep));
  assert.deepEqual([...told, sent, hits], expected);
}

for (const [model, expected] of Object.entries(ANSWERS)) {
  test(`a failed request is repeated as often as it may help: ${model}`, () => check(model, expected));
}

test("a wrong token is not tried again", () =>
  check("error-500", [401, "invalid_api_key", null, 1, 0], { apiKey: "a-token-nobody-gave" }));

test("a request that goes in a circle is not sent round again", () =>
  check("error-500", [508, "loop_detected", "false", 1, 0], { defaultHeaders: { "x-oar-hop": "5" } }));
