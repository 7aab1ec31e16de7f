import { expect, test } from "bun:test";
import { describeLedger } from "./ledger.ts";
import { example } from "./summary.fixture.ts";

const exact = example.ledger;

test("describeLedger() writes the equation when the ledger is exact", () => {
  expect(describeLedger(exact)).toMatchObject({
    state: "exact",
    title: "Exact",
    equation: "12,345 records read = 12,340 events counted + 3 repeats dropped + 2 rejected",
  });
});

test("describeLedger() uses the singular for one, and names empty places only when there are some", () => {
  const ledger = {
    ...exact,
    read: 4,
    stored: 1,
    counted: 1,
    duplicates: 1,
    rejected: 1,
    absent: 1,
  };
  expect(describeLedger(ledger).equation).toBe(
    "4 records read = 1 event counted + 1 repeat dropped + 1 rejected + 1 empty place in the log",
  );
});

test("describeLedger() says how many records are missing when the equation does not hold", () => {
  const words = describeLedger({ ...exact, state: "differs", read: 12_350 });
  expect(words.state).toBe("differs");
  expect(words.equation).toStartWith("12,350 records read ≠ ");
  expect(words.explanation).toBe("5 records are not accounted for.");
});

test("describeLedger() says how many records count more than once", () => {
  const words = describeLedger({ ...exact, state: "differs", read: 12_344 });
  expect(words.explanation).toBe("1 record is accounted for more than once.");
});

test("describeLedger() names both totals when the users' differ from the books'", () => {
  const words = describeLedger({ ...exact, state: "differs", counted: 12_341 });
  expect(words.equation).toContain(" = ");
  expect(words.explanation).toBe("The totals by user say 12,341 events, the books 12,340.");
});

const takenBack = { read: 12_365, retractions: 20, retracted: 12 };

test("describeLedger() says that events are taken back while they are still in the numbers", () => {
  const words = describeLedger({ ...exact, ...takenBack, state: "differs" });
  expect(words).toMatchObject({ state: "differs", title: "12 events are taken back" });
  expect(words.equation).toEndWith("+ 2 rejected + 20 retractions");
  expect(words.explanation).toStartWith("The numbers here still include them");
  const one = { ...takenBack, removed: 11, counted: 12_329 };
  expect(describeLedger({ ...exact, ...one, state: "differs" })).toMatchObject({
    title: "1 event is taken back",
    explanation: expect.stringContaining("still include it"),
  });
});

test("describeLedger() says what was left out when the ledger is exact without it", () => {
  const removed = { ...takenBack, removed: 12, counted: 12_328 };
  const words = describeLedger({ ...exact, ...removed });
  expect(words.title).toBe("Exact");
  expect(words.explanation).toEndWith(" 12 events were taken back and left out.");
});

test("describeLedger() names what does not add up before what is taken back", () => {
  const words = describeLedger({ ...exact, ...takenBack, read: 12_366, state: "differs" });
  expect(words).toMatchObject({
    title: "Does not add up",
    explanation: "1 record is not accounted for.",
  });
  const totals = describeLedger({ ...exact, ...takenBack, removed: 1, state: "differs" });
  expect(totals.explanation).toBe("The totals by user say 12,340 events, the books 12,339.");
});

test("describeLedger() names the checks when all counts agree and the ledger still differs", () => {
  expect(describeLedger({ ...exact, state: "differs" }).explanation).toContain("last check");
});

test("describeLedger() says where counting stands, although all counts agree", () => {
  const words = describeLedger({ ...exact, state: "differs", standing: 2 });
  expect(words.state).toBe("differs");
  expect(words.title).toBe("Counting stands in 2 partitions");
  expect(words.explanation).toContain("cannot be read");
});

test("describeLedger() speaks of lost records first, whatever else holds", () => {
  for (const state of ["exact", "differs"] as const) {
    const words = describeLedger({ ...exact, state, lost: 1 });
    expect(words.state).toBe("lost");
    expect(words.title).toBe("1 record was lost");
  }
  expect(describeLedger({ ...exact, lost: 3_000 }).title).toBe("3,000 records were lost");
});
