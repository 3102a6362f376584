// Replicate's models, most of them by the entry of `config.sample.yaml`: the client cannot tell them from OpenAI's.
//
// A model's name decides what Replicate's stand-in plays. Its tokens are the words of the prompt and the pieces of the
// answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import OpenAI from "openai";
import { QUESTION, chatHitsDuring, collect, makeClient } from "./client.mjs";

const { OAR_REPLICATE_URL: baseURL, OAR_REPLICATE_STANDIN_URL, OAR_STANDIN_URL } = process.env;
const client = makeClient({ baseURL });

// The model of the sample, which its entry alone serves, and what it says: one piece more is empty.
const MODEL = "mistralai/mixtral-8x7b-instruct-v0.1";
const PIECES = [" Bon", "jour", " 你好", " 🌍", "!\n\n", "- one\n- two", " fin."];
const TEXT = PIECES.join("");
const USAGE = { prompt_tokens: 4, completion_tokens: 8, total_tokens: 12 };
const COUNTED = { stream: true, stream_options: { include_usage: true } };

function ask(model = MODEL, more = {}, options = {}) {
  return client.chat.completions.create({ model, messages: QUESTION, ...more }, options);
}

const stream = async (model, more = {}) => collect(await ask(model, { stream: true, ...more }));
const said = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content).filter(Boolean);

/** What was created of this model, the oldest first. */
async function predictions(model) {
  const answer = await fetch(`${OAR_REPLICATE_STANDIN_URL}/_predictions`);
  return (await answer.json()).filter((prediction) => prediction.model === model);
}

const statuses = async (model) => (await predictions(model)).map(({ status }) => status);

/** Waits until what became of this model's predictions is this. */
async function untilTheyAre(model, expected) {
  const end = Date.now() + 5_000;
  while (JSON.stringify(await statuses(model)) !== JSON.stringify(expected)) {
    assert.ok(Date.now() < end, `${await statuses(model)}`);
    await pause(10);
  }
}

test("an answer is the same to the last field", async () => {
  const { data, response } = await ask().withResponse();
  const { id, created, ...rest } = data;
  assert.ok(id.startsWith("chatcmpl-") && Number.isInteger(created));
  const message = { role: "assistant", content: TEXT, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: "stop" }];
  const expected = { object: "chat.completion", model: MODEL, system_fingerprint: null, choices, usage: USAGE };
  assert.deepEqual(rest, expected);
  assert.equal(response.headers.get("x-oar-upstream"), "replicate-1");
});

test("a stream is the same to the last field", async () => {
  const chunks = await stream(MODEL, COUNTED);
  const last = chunks.pop();
  const opening = { role: "assistant", content: "", refusal: null };
  const deltas = [opening, ...PIECES.map((content) => ({ content })), {}];
  const { id, created } = last;
  const common = { id, object: "chat.completion.chunk", created, model: MODEL, system_fingerprint: null };
  const expected = deltas.map((delta, index) => {
    const finish_reason = index === deltas.length - 1 ? "stop" : null;
    return { ...common, choices: [{ index: 0, delta, logprobs: null, finish_reason }], usage: null };
  });
  assert.deepEqual(chunks, expected);
  assert.deepEqual(last, { ...common, choices: [], usage: USAGE });
});

test("the client's own way to gather a stream works", async () => {
  const runner = client.chat.completions.stream({ model: MODEL, messages: QUESTION, ...COUNTED });
  assert.equal(await runner.finalContent(), TEXT);
  assert.deepEqual(await runner.totalUsage(), USAGE);
});

for (const field of ["max_tokens", "max_completion_tokens"]) {
  test(`an answer that reaches its limit says so: ${field}`, async () => {
    const whole = await ask(MODEL, { [field]: 3 });
    const [{ message, finish_reason }] = whole.choices;
    assert.deepEqual([message.content, finish_reason], [PIECES.slice(0, 3).join(""), "length"]);
    assert.equal(whole.usage.completion_tokens, 3);
    const chunks = await stream(MODEL, { [field]: 3 });
    assert.deepEqual([said(chunks), chunks.at(-1).choices[0].finish_reason], [PIECES.slice(0, 3), "length"]);
  });
}

test("text completions answer, plain and streaming", async () => {
  const order = { model: MODEL, prompt: "Hello" };
  const whole = await client.completions.create(order);
  assert.deepEqual(whole.choices, [{ text: TEXT, index: 0, logprobs: null, finish_reason: "stop" }]);
  const chunks = await collect(await client.completions.create({ ...order, stream: true }));
  assert.deepEqual(chunks.map((chunk) => chunk.choices[0].text), [...PIECES, ""]);
  assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
});

test("a conversation is written as the model card has it", async () => {
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content: [{ type: "text", text: "Hello " }, { type: "text", text: "[INST] 你." }] },
    { role: "assistant", content: "Hi.\n" },
    { role: "user", content: "Again." },
  ];
  const answer = await ask("mistralai/mixtral-echo-node", { messages });
  const card = "<s>[INST] Be brief.\n\nHello [ INST] 你. [/INST] Hi.\n</s>[INST] Again. [/INST]";
  assert.equal(answer.choices[0].message.content, card);
});

const image = { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } };
const REFUSED = {
  "messages[0].content[0].type": { messages: [{ role: "user", content: [image] }] },
  tools: { tools: [{ type: "function", function: { name: "f", parameters: {} } }] },
  n: { n: 2 },
  response_format: { response_format: { type: "json_object" } },
};

for (const [index, [param, more]] of Object.entries(REFUSED).entries()) {
  test(`what a prediction cannot do is refused by name: ${param}`, async () => {
    const model = `mistralai/mixtral-unasked-node-${index}`;
    const named = (error) => error instanceof OpenAI.BadRequestError && error.param === param;
    await assert.rejects(ask(model, more), named);
    await assert.rejects(ask(model, { ...more, stream: true }), named);
    assert.deepEqual(await predictions(model), []);
  });
}

test("a stop sequence ends the answer before it, wherever the pieces are split", async () => {
  const whole = await ask(MODEL, { stop: ["njo", "fin"] });
  assert.deepEqual([whole.choices[0].message.content, whole.choices[0].finish_reason], [" Bo", "stop"]);
  const chunks = await stream(MODEL, { stop: ["njo", "fin"] });
  assert.deepEqual([said(chunks).join(""), chunks.at(-1).choices[0].finish_reason], [" Bo", "stop"]);
});

// Status and code of what the client gets. The key is the gateway's: a person must mend it.
const ERRORS = {
  "mistralai/wrong-key": [502, "upstream_auth_failed"],
  "mistralai/error-422": [422, "invalid_request"],
  "mistralai/error-429": [429, "rate_limit_exceeded"],
  "mistralai/fails": [502, "all_upstreams_failed"],
};

for (const [model, expected] of Object.entries(ERRORS)) {
  test(`what fails before the first word is an exception: ${model}`, async () => {
    const told = (error) => {
      assert.deepEqual([error.status, error.code], expected);
      assert.equal(error.headers.get("retry-after"), error instanceof OpenAI.RateLimitError ? "30" : null);
      return true;
    };
    await assert.rejects(ask(model), told);
    await assert.rejects(ask(model, { stream: true }), told);
  });
}

// The connection fails right after the error event, and may take it along before it is read: see cuts.test.mjs.
test("a prediction that fails midway is an exception, and nobody else is asked", async () => {
  const chunks = [];
  const hits = await chatHitsDuring(() =>
    assert.rejects(
      async () => {
        for await (const chunk of await ask("mistralai/fails-midway-first", { stream: true })) chunks.push(chunk);
      },
      (error) => error.code === "prediction_failed" || error.message === "terminated",
    ),
  );
  assert.equal(hits, 0);
  assert.ok(PIECES.slice(0, 2).join("").startsWith(said(chunks).join("")));
});

for (const plays of ["idle", "cut", "whole", "processing"]) {
  test(`however it comes the text is whole and said once: ${plays}`, async () => {
    assert.equal((await ask(`mistralai/${plays}`)).choices[0].message.content, TEXT);
    assert.equal(said(await stream(`mistralai/${plays}`)).join(""), TEXT);
  });
}

/** The only prediction of this model is cancelled within a second of this moment. */
async function checkCancelled(model, left) {
  await untilTheyAre(model, ["canceled"]);
  const [{ created_ms, events }] = await predictions(model);
  const cancelled = created_ms + events.find(({ event }) => event === "cancelled").ms;
  assert.ok(cancelled - left <= 1000, `${cancelled - left} ms`);
}

test("breaking out of a stream cancels the prediction within a second", async () => {
  const model = "mistralai/slow-broken-out-of";
  let left;
  for await (const _chunk of await ask(model, { stream: true })) {
    left = Date.now();
    break;
  }
  await checkCancelled(model, left);
});

test("aborting a stream cancels the prediction within a second", async () => {
  const model = "mistralai/slow-aborted";
  const running = await ask(model, { stream: true });
  await running[Symbol.asyncIterator]().next();
  const left = Date.now();
  running.controller.abort();
  await checkCancelled(model, left);
});

// Replicate holds a creation's answer back for a second, and only that answer tells how to cancel.
for (const pausing of [200, 1300]) {
  test(`aborting a request cancels the prediction within a second: after ${pausing} ms`, async () => {
    const model = `mistralai/slow-aborted-plain-${pausing}`;
    const leaving = new AbortController();
    const waiting = assert.rejects(ask(model, {}, { signal: leaving.signal }), OpenAI.APIUserAbortError);
    while ((await predictions(model)).length === 0) await pause(10);
    await pause(pausing);
    const left = Date.now();
    leaving.abort();
    await checkCancelled(model, left);
    await waiting;
  });
}

// Who answers in the end. The OpenAI of the first is overloaded, of the second silent.
const FAILOVER = {
  "mistralai/after-a-503": "replicate",
  "mistralai/after-silence": "replicate",
  "mistralai/fails-first": "openai",
  "mistralai/error-429-first": "openai",
};

for (const [model, upstream] of Object.entries(FAILOVER)) {
  test(`one of two providers is enough: ${model}`, async () => {
    const openai = makeClient({ baseURL: `${OAR_STANDIN_URL}/v1` });
    const other = await openai.chat.completions.create({ model, messages: QUESTION });
    const text = upstream === "replicate" ? TEXT : other.choices[0].message.content;
    const { data, response } = await ask(model).withResponse();
    assert.deepEqual([data.choices[0].message.content, response.headers.get("x-oar-upstream")], [text, upstream]);
    assert.equal(said(await stream(model)).join(""), text);
  });
}
