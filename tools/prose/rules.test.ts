import { expect, test } from "bun:test";
import { countWords, sentencesOf } from "./passage.ts";
import { sentenceFaults } from "./rules.ts";

const faults = (text: string, kind: "comment" | "message" = "comment") =>
  sentenceFaults(text, kind).map(({ rule }) => rule);

test("sentencesOf() gives each sentence with its line, whatever full stops are inside", () => {
  const lines = ["One, e.g. version 1.2. Two", "goes on in `a.b.ts`. Three", "ends: (yes.) four?"];
  expect(sentencesOf({ kind: "comment", line: 7, lines })).toEqual([
    { line: 7, text: "One, e.g. version 1.2." },
    { line: 7, text: "Two goes on in `a.b.ts`." },
    { line: 8, text: "Three ends: (yes.)" },
    { line: 9, text: "four?" },
  ]);
});

test("countWords() counts code and links as one word each", () => {
  expect(countWords("Run `bun run up --wait 5s` - see [the **long** help](a/b.md).")).toBe(6);
});

test("sentenceFaults() finds a sentence of more than 25 words, but in a message", () => {
  const words = (count: number) => Array.from({ length: count }, () => "word").join(" ");
  expect(faults(words(25))).toEqual([]);
  expect(faults(words(26))).toEqual(["long sentence"]);
  expect(faults(words(26), "message")).toEqual([]);
});

test.each([
  ["The users are counted anew.", "anew"],
  ["It works for whoever asks.", "who"],
  ["The consumer who reads it waits.", "who"],
  ["Who may do what.", "who"],
  ["A record that is no event is kept.", "is no"],
  ["It refuses what is none.", "is no"],
  ["It starts by itself.", "by itself"],
  ["Ten at the most.", "at the most"],
  ["Waits for so many rows.", "so many"],
  ["The image brings the runtime.", "brings"],
  ["Tells whether it runs.", "tells"],
  ["Of the topic.", "fragment"],
  ["Those that still run.", "fragment"],
])("sentenceFaults() finds the fault of %p", (text, rule) => {
  expect(faults(text)).toEqual([rule]);
});

test.each([
  "The user who buys is counted.",
  "Who asks?",
  "It is no longer there.",
  "There is no file.",
  "So many that it fails.",
  "Tells Kafka the offset.",
  "Brings the tables up to date.",
  "The command `anew` brings up the rest.",
  "Of course.",
])("sentenceFaults() finds nothing in %p", (text) => {
  expect(faults(text)).toEqual([]);
});
