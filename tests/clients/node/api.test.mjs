// Every kind of call that the official client makes: JSON, streams, uploads, downloads.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { toFile } from "openai";
import { MODEL, QUESTION, ask, collect, makeClient } from "./client.mjs";

// OpenAI's limit for an audio file.
const AUDIO_BYTES = 25 * 1024 * 1024;
const client = makeClient();
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

test("chat answers", async () => {
  const completion = await ask(client);
  assert.ok(completion.choices[0].message.content);
  assert.equal(completion.choices[0].finish_reason, "stop");
  const { prompt_tokens, completion_tokens, total_tokens } = completion.usage;
  assert.equal(total_tokens, prompt_tokens + completion_tokens);
});

test("a streamed chat says the same and ends with its usage", async () => {
  const whole = await ask(client);
  const chunks = await collect(
    await client.chat.completions.create({
      model: MODEL,
      messages: QUESTION,
      stream: true,
      stream_options: { include_usage: true },
    }),
  );
  const pieces = chunks.map((chunk) => chunk.choices[0]?.delta.content).filter(Boolean);
  assert.ok(pieces.length > 1);
  assert.equal(pieces.join(""), whole.choices[0].message.content);
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.ok(chunks.at(-1).usage.completion_tokens > 0);
});

test("tools are called", async () => {
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const completion = await client.chat.completions.create({
    model: MODEL,
    messages: QUESTION,
    tools: [{ type: "function", function: { name: "get_weather", parameters } }],
  });
  assert.equal(completion.choices[0].finish_reason, "tool_calls");
  const [call] = completion.choices[0].message.tool_calls;
  assert.equal(call.function.name, "get_weather");
  assert.equal(typeof JSON.parse(call.function.arguments), "object");
});

test("embeddings are alike in both encodings", async () => {
  // Left to itself this client asks for base64 and decodes it.
  const order = { model: "text-embedding-3-small", input: ["one", "two"] };
  const packed = await client.embeddings.create(order);
  const plain = await client.embeddings.create({ ...order, encoding_format: "float" });
  assert.equal(packed.data.length, 2);
  for (const [i, { embedding }] of packed.data.entries()) {
    assert.equal(embedding.length, plain.data[i].embedding.length);
    assert.ok(embedding.every((value, k) => Math.abs(value - plain.data[i].embedding[k]) < 1e-6));
  }
});

test("25 megabytes of audio arrive unchanged", async () => {
  const audio = randomBytes(AUDIO_BYTES);
  const file = await toFile(audio, "speech.mp3");
  const answer = await client.audio.transcriptions.create({ model: "whisper-1", file });
  assert.ok(answer.text);
  const { bytes, filename, model, sha256: heard } = answer.standin;
  assert.deepEqual([bytes, filename, model, heard], [AUDIO_BYTES, "speech.mp3", "whisper-1", sha256(audio)]);
});

test("speech is downloaded whole", async () => {
  const order = { model: "tts-1", voice: "alloy", input: "Good morning." };
  const answer = await client.audio.speech.create(order);
  const sound = Buffer.concat(await collect(answer.body));
  assert.ok(sound.length > 100_000);
  assert.equal(sha256(sound), answer.headers.get("x-standin-sha256"));
});

test("images are generated", async () => {
  const images = await client.images.generate({ model: "gpt-image-1", prompt: "a lighthouse" });
  assert.ok(images.data[0].b64_json ?? images.data[0].url);
});

test("a file is uploaded, listed, read and deleted", async () => {
  const content = '{"custom_id": "1"}\n'.repeat(1000);
  const uploaded = await client.files.create({ file: await toFile(Buffer.from(content), "batch.jsonl"), purpose: "batch" });
  assert.deepEqual([uploaded.filename, uploaded.bytes, uploaded.purpose], ["batch.jsonl", content.length, "batch"]);
  const listed = async () => (await collect(await client.files.list())).map((file) => file.id);
  assert.ok((await listed()).includes(uploaded.id));
  assert.equal((await client.files.retrieve(uploaded.id)).filename, "batch.jsonl");
  assert.equal(await (await client.files.content(uploaded.id)).text(), content);
  assert.ok((await client.files.delete(uploaded.id)).deleted);
  assert.ok(!(await listed()).includes(uploaded.id));
});

test("models are listed and retrieved", async () => {
  const models = (await collect(await client.models.list())).map((model) => model.id);
  assert.ok(models.length > 0);
  assert.equal((await client.models.retrieve(models[0])).id, models[0]);
});

test("a streamed response says the same as a whole one", async () => {
  const order = { model: MODEL, input: "Say hello." };
  const whole = await client.responses.create(order);
  assert.equal(whole.status, "completed");
  assert.ok(whole.output_text);
  const events = await collect(await client.responses.create({ ...order, stream: true }));
  assert.equal(events[0].type, "response.created");
  assert.equal(events.at(-1).type, "response.completed");
  const pieces = events.filter((event) => event.type === "response.output_text.delta").map((event) => event.delta);
  assert.equal(pieces.join(""), whole.output_text);
});
