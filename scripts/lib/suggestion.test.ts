import { expect, test } from "bun:test";
import { closest, suggestion } from "./suggestion.ts";

const WORDS = ["up", "down", "verify", "produce", "consume", "--rate", "--recount"];

test("closest() finds the word behind a slip of the finger", () => {
  const typed = ["pu", "donw", "verfiy", "Produce", "comsume", "--rat", "--recuont", "prod"];
  expect(typed.map((word) => closest(word, WORDS))).toEqual([
    ...["up", "down", "verify", "produce", "consume", "--rate", "--recount", "produce"],
  ]);
});

test("closest() finds nothing for a word that is far from all", () => {
  expect(["banana", "", "--x", "statistics"].map((word) => closest(word, WORDS))).toEqual([
    ...[undefined, undefined, undefined, undefined],
  ]);
});

test("suggestion() ends a message, or adds nothing", () => {
  expect(suggestion("veryfi", WORDS)).toBe("; did you mean verify?");
  expect(suggestion("banana", WORDS)).toBe("");
});
