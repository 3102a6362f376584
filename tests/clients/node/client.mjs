// The official Node client, pointed at what is tested, and a count of what reached the upstream.

import OpenAI from "openai";

export const MODEL = "gpt-4o-mini";
export const QUESTION = [{ role: "user", content: "Say hello." }];

/** Without retries unless asked for, so that a test sees each answer itself. */
export function makeClient(options = {}) {
  const { OAR_BASE_URL: baseURL, OAR_TOKEN: apiKey } = process.env;
  return new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 30_000, ...options });
}

export function ask(client, model = MODEL, options = {}) {
  return client.chat.completions.create({ model, messages: QUESTION }, options);
}

export async function collect(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

async function chatHits(url) {
  const answer = await fetch(url);
  return (await answer.json())["/v1/chat/completions"] ?? 0;
}

/** How many chats reached each upstream while `act` ran; `urls` are where they count them. */
export async function hitsDuring(act, ...urls) {
  const before = await Promise.all(urls.map(chatHits));
  await act();
  const after = await Promise.all(urls.map(chatHits));
  return after.map((count, index) => count - before[index]);
}

/** How many chats reached the stand-in while `act` ran. */
export async function chatHitsDuring(act) {
  const [hits] = await hitsDuring(act, `${process.env.OAR_STANDIN_URL}/_hits`);
  return hits;
}
