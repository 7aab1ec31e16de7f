import { expect, test } from "bun:test";
import { isOutage } from "./postgres-failure.ts";

test("isOutage() says yes when the database is away, restarting, full or breaks a deadlock", () => {
  for (const code of ["ECONNREFUSED", "CONNECTION_CLOSED", "57P01", "57P03", "53100", "40P01"]) {
    expect([code, isOutage(Object.assign(new Error(code), { code }))]).toEqual([code, true]);
  }
});

test("isOutage() says no when a later attempt would fail the same way", () => {
  for (const code of ["42P01", "42501", "23514", "22P02", "28P01", undefined]) {
    expect([code, isOutage(Object.assign(new Error(code), { code }))]).toEqual([code, false]);
  }
  expect(isOutage(undefined)).toBe(false);
});
