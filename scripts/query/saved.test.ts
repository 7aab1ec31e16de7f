import { expect, test } from "bun:test";
import { UsageError } from "../lib/errors.ts";

import { findQuery, savedQueries, statementOf } from "./saved.ts";

test("savedQueries() gives an explanation of each when all begin with one", () => {
  const queries = savedQueries();
  expect(queries.map(({ name }) => name)).toContain("waiting_events");
  for (const { explanation } of queries) expect(explanation).toMatch(/^[A-Z].*[a-z]\.$/);
});

test("findQuery() names the saved ones when it is given another name", () => {
  expect(() => findQuery("waiting")).toThrow(UsageError);
  expect(() => findQuery("waiting")).toThrow(/waiting_events/);
});

test("statementOf() takes the semicolons and the comments off the end, and nothing else", () => {
  expect(statementOf("select 1;\n-- done\n\n")).toBe("select 1");
  expect(statementOf("-- why\nselect '--a;b' ; ;\n")).toBe("-- why\nselect '--a;b'");
  expect(statementOf("select 1")).toBe("select 1");
});

test("statementOf() refuses a text without a statement", () => {
  for (const text of ["", " \n", ";", "-- only a comment"]) {
    expect(() => statementOf(text)).toThrow(UsageError);
  }
});
