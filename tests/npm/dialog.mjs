// A script's talk with the test that runs it: lines of JSON, in by stdin and out by stdout.

import { EventEmitter } from "node:events";
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

/** Every request of the library and how it was answered: [path, status], [path, 400, error]. */
export const answers = [];

/** Emits the error of every refusal. */
export const refusals = new EventEmitter();

/** The platform's fetch, watched. */
export async function watchedFetch(url, options) {
  const response = await fetch(url, options);
  const answer = [new URL(url).pathname, response.status];
  if (response.status === 400) {
    const { error } = await response.clone().json();
    answer.push(error);
    refusals.emit(error);
  }
  answers.push(answer);
  return response;
}

/** Finish with this result. */
export function end(result) {
  say(result);
  process.exit(0);
}
