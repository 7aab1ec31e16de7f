import { expect, test } from "bun:test";
import fc from "fast-check";
import { EVENT_BYTES_MAX } from "../../../schema/event.ts";
import { readLines } from "./lines.ts";
import { RowFault } from "./row.ts";

/** Number and text, or reason, of each line. The bytes arrive in chunks of `chunkBytes`. */
async function linesOf(
  input: string | Uint8Array,
  chunkBytes = 65_536,
): Promise<[number, string][]> {
  const bytes = Buffer.from(input);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const found: [number, string][] = [];
  for await (const { firstNumber, lines } of readLines(chunks())) {
    lines.forEach((line, index) => {
      found.push([firstNumber + index, line instanceof RowFault ? `<${line.reason}>` : line]);
    });
  }
  return found;
}

test("readLines() numbers lines from 1, with any line end, and needs none at the end", async () => {
  const expected: [number, string][] = [
    [1, "a"],
    [2, ""],
    [3, "c"],
  ];
  expect(await linesOf("a\n\nc")).toEqual(expected);
  expect(await linesOf("a\r\n\r\nc\r\n")).toEqual(expected);
  expect(await linesOf("")).toEqual([]);
});

test("readLines() drops a byte order mark at the start only, however it is cut", async () => {
  for (const chunkBytes of [1, 2, 3, 4, 100]) {
    expect(await linesOf("\ufeffa\n\ufeffb", chunkBytes)).toEqual([
      [1, "a"],
      [2, "\ufeffb"],
    ]);
  }
  expect(await linesOf("\ufeff")).toEqual([]);
});

test("readLines() gives the same lines however the bytes are cut into chunks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: "binary" }).map((text) => text.replace(/[\r\n\ufeff]/g, "")),
        { minLength: 1, maxLength: 20 },
      ),
      fc.integer({ min: 1, max: 40 }),
      async (texts, chunkBytes) => {
        const expected = texts.map((text, index): [number, string] => [index + 1, text]);
        expect(await linesOf(`${texts.join("\n")}\n`, chunkBytes)).toEqual(expected);
      },
    ),
    { numRuns: 50 },
  );
});

test("readLines() reports a line that is not UTF-8 and goes on after it", async () => {
  const bytes = Buffer.concat([
    Buffer.from("a\n"),
    Buffer.from([0x62, 0xff, 0x0a]),
    Buffer.from("ü\n"),
  ]);
  for (const chunkBytes of [1, 3, 100]) {
    expect(await linesOf(bytes, chunkBytes)).toEqual([
      [1, "a"],
      [2, "<bad_encoding>"],
      [3, "ü"],
    ]);
  }
});

test("readLines() reports a line that is too long and goes on after it, wherever it stands", async () => {
  const longest = "x".repeat(EVENT_BYTES_MAX);
  const tooLong = "ü".repeat(EVENT_BYTES_MAX / 2 + 1);
  const huge = "z".repeat(EVENT_BYTES_MAX * 5);
  for (const chunkBytes of [1_000, 65_536, 10_000_000]) {
    const found = await linesOf([longest, tooLong, "b", huge, "c", huge].join("\n"), chunkBytes);
    expect(found).toEqual([
      [1, longest],
      [2, "<too_large>"],
      [3, "b"],
      [4, "<too_large>"],
      [5, "c"],
      [6, "<too_large>"],
    ]);
  }
});
