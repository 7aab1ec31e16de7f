import { expect, test } from "bun:test";
import { wrap } from "./wrap.ts";

test("wrap() fills each line up to the width, and keeps a longer word whole", () => {
  expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrap("one two three", 6)).toEqual(["one", "two", "three"]);
  expect(wrap("a elephants b", 4)).toEqual(["a", "elephants", "b"]);
});

test("wrap() takes any white space for one space, and gives one line when there is no word", () => {
  expect(wrap(" one\n  two ", 80)).toEqual(["one two"]);
  expect(wrap("", 80)).toEqual([""]);
});
