// The official Node client of Replicate against our stand-in: what it takes for Replicate is Replicate enough.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

// One lock file for all packages of Node.
const Replicate = createRequire(new URL("../node/package.json", import.meta.url))("replicate");

const MODEL = "mistralai/mixtral-8x7b-instruct-v0.1";
const PIECES = [" Bon", "jour", " 你好", " 🌍", "!\n\n", "- one\n- two", " fin.", ""];
const input = { prompt: "Say hello." };

function makeClient(options = {}) {
  const { OAR_REPLICATE_KEY: auth, OAR_REPLICATE_STANDIN_URL: url } = process.env;
  return new Replicate({ auth, baseUrl: `${url}/v1`, ...options });
}

async function collect(items) {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
}

const refusedWith = (status) => (error) => error.name === "ApiError" && error.response.status === status;

test("run answers with the whole output", async () => {
  assert.deepEqual(await makeClient().run(MODEL, { input }), PIECES);
  assert.equal(await makeClient().run("acme/whole", { input }), PIECES.join(""));
});

test("run takes a whole output that is still processing", async () => {
  assert.deepEqual(await makeClient().run("acme/processing", { input }), PIECES);
});

test("run can poll, and sees the prediction's states", async () => {
  const states = [];
  const output = await makeClient().run(MODEL, { input, wait: { mode: "poll", interval: 20 } }, (seen) => states.push(seen.status));
  assert.deepEqual(output, PIECES);
  assert.deepEqual([states.at(0), states.at(-1)], ["starting", "succeeded"]);
});

test("a version is run", async () => {
  assert.deepEqual(await makeClient().run("acme/m:echo", { input: { prompt: "a b\n你" } }), ["a ", "b\n你"]);
});

test("stream yields every piece and then the end", async () => {
  const events = await collect(makeClient().stream(MODEL, { input }));
  const outputs = events.filter(({ event }) => event === "output");
  assert.equal(outputs.join(""), PIECES.join(""));
  assert.deepEqual(outputs.map(String), PIECES);
  assert.deepEqual([events.at(-1).event, events.at(-1).data], ["done", "{}"]);
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
});

test("a stream tells of a failure", async () => {
  await assert.rejects(async () => {
    const events = await collect(makeClient().stream("acme/fails-midway", { input }));
    const { data } = events.find(({ event }) => event === "error");
    throw new Error(data);
  }, /CUDA out of memory/);
});

test("a prediction is created, waited for, read and listed", async () => {
  const client = makeClient();
  const created = await client.predictions.create({ model: "acme/m", input });
  assert.deepEqual([created.status, created.output, created.metrics], ["starting", null, undefined]);
  assert.deepEqual([created.model, created.input], ["acme/m", input]);
  const ended = await client.wait(created, { interval: 20 });
  assert.deepEqual([ended.status, ended.output], ["succeeded", PIECES]);
  assert.deepEqual([ended.metrics.input_token_count, ended.metrics.output_token_count], [2, PIECES.length]);
  assert.deepEqual(await client.predictions.get(created.id), ended);
  const { results } = await client.predictions.list();
  assert.ok(results.some(({ id }) => id === created.id));
});

test("waiting for the creation ends when the prediction does", async () => {
  const created = await makeClient().predictions.create({ model: "acme/m", input, wait: 10 });
  assert.deepEqual([created.status, created.output], ["succeeded", PIECES]);
});

test("a cancelled prediction stops", async () => {
  const client = makeClient();
  const { id } = await client.predictions.create({ model: "acme/slow", input });
  const canceled = await client.predictions.cancel(id);
  assert.equal(canceled.status, "canceled");
  assert.deepEqual(await client.predictions.get(id), canceled);
});

test("a failed prediction is an error", async () => {
  await assert.rejects(makeClient().run("acme/fails", { input }), /Prediction failed: CUDA out of memory/);
});

for (const status of [402, 404, 422, 500]) {
  test(`a problem with status ${status} is an error of the API`, async () => {
    await assert.rejects(makeClient().run(`acme/error-${status}`, { input }), refusedWith(status));
  });
}

// It asks six times, with pauses of 15 s in all, which are cut short here.
test("a rate limit is an error of the API after some repeats", async (t) => {
  const wait = globalThis.setTimeout;
  t.mock.method(globalThis, "setTimeout", (then, ms, ...more) => wait(then, ms < 9_000 ? 1 : ms, ...more));
  let asked = 0;
  const counting = (...request) => {
    asked += 1;
    return fetch(...request);
  };
  await assert.rejects(makeClient({ fetch: counting }).run("acme/error-429", { input }), refusedWith(429));
  assert.equal(asked, 6);
});

test("an input without a prompt is refused", async () => {
  await assert.rejects(makeClient().run(MODEL, { input: {} }), /input\.prompt.*Input validation failed/);
});

test("what does not exist is not found", async () => {
  await assert.rejects(makeClient().predictions.get("none"), refusedWith(404));
});

test("a wrong key is refused", async () => {
  await assert.rejects(makeClient({ auth: "r8_wrong" }).run(MODEL, { input }), refusedWith(401));
});

test("models and the account can be asked for", async () => {
  const client = makeClient();
  const model = await client.models.get("acme", "m");
  assert.deepEqual([model.owner, model.name], ["acme", "m"]);
  assert.equal((await client.accounts.current()).username, "standin");
});
