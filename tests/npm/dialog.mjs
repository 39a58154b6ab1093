// A script's talk with the test that runs it: lines of JSON, in by stdin and out by stdout.

import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);

/** What the test gave the script to work with. */
export const given = await read();

export const say = (message) => console.log(JSON.stringify(message));

/** Tell the test something, and wait for what it says to it. */
export async function ask(question) {
  say(question);
  return read();
}

/** Every request of the library and how it was answered: [path, status]. */
export const answers = [];

/** The platform's fetch, watched. */
export async function watchedFetch(url, options) {
  const response = await fetch(url, options);
  answers.push([new URL(url).pathname, response.status]);
  return response;
}

/** Finish with this result. */
export function end(result) {
  say(result);
  process.exit(0);
}
