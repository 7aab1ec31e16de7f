import { expect, test } from "bun:test";
import { example } from "./summary.fixture.ts";
import { describeAge, describeNumbers } from "./view.ts";

const data = { summary: example, elapsedMs: 0, failures: 0, isOnline: true };

test("describeNumbers() writes the totals with their parts", () => {
  const { texts } = describeNumbers(example);
  expect(texts).toMatchObject({
    events: "12,340",
    today: "4,321",
    users: "98",
    conversion: "4.3",
    "view.share": "64.8%",
    "click.perHundred": "50.0",
    "purchase.perHundred": "4.3",
    "hop.kafka": "3.4 ms",
    "hop.tables": "14 ms",
    "minute.0": "12:34",
    "minute.0.view": "159",
    "minute.59.view": "100",
    "user.1": "User 1000000",
  });
});

test("describeNumbers() says that all is counted once only while the ledger proves it", () => {
  const lead = (ledger = example.ledger) => describeNumbers({ ...example, ledger }).texts.lead;
  expect(lead()).toContain("counted once");
  expect(lead({ ...example.ledger, state: "differs" })).not.toContain("once");
  expect(lead({ ...example.ledger, lost: 1 })).not.toContain("once");
  expect(describeNumbers(undefined).texts.lead).toBe(lead({ ...example.ledger, lost: 1 }));
});

test("describeNumbers() draws the pieces of a bar one after the other, up to its whole length", () => {
  const { pieces } = describeNumbers(example);
  const [view, click, purchase] = ["view", "click", "purchase"].map(
    (type) => pieces[`type.${type}`]!,
  );
  expect(view!.start).toBe(0);
  expect(click!.start).toBeCloseTo(view!.length, 6);
  expect(purchase!.start + purchase!.length).toBeCloseTo(100, 1);
  expect(pieces["funnel.click"]).toEqual({ start: 0, length: 50 });
  expect(pieces["user.1.view"]).toEqual({ start: 0, length: 37.5 });
});

test("describeNumbers() has no part that is longer than its bar when clicks outnumber views", () => {
  const byType = { view: 10, click: 80, purchase: 10 };
  const { pieces, texts } = describeNumbers({ ...example, events: 100, events_by_type: byType });
  expect(pieces["funnel.click"]!.length).toBe(100);
  expect(pieces["funnel.view"]!.length).toBe(12.5);
  expect(texts["click.perHundred"]).toBe("800.0");
});

test("describeNumbers() hides the users when the platform does not publish them", () => {
  expect(describeNumbers(example).shown.users).toBe(true);
  expect(describeNumbers({ ...example, top_users: null }).shown.users).toBe(false);
});

test("describeNumbers() shows as many rows of users as there are", () => {
  const { shown } = describeNumbers(example);
  expect([shown["user.0"], shown["user.1"], shown["user.2"]]).toEqual([true, true, false]);
});

test("describeNumbers() has neither NaN nor null when there are no events yet", () => {
  const none = { view: 0, click: 0, purchase: 0 };
  const view = describeNumbers({
    ...example,
    events: 0,
    events_by_type: none,
    conversion_rate: null,
    timeline: example.timeline.map(({ minute }) => ({ minute, ...none })),
    top_users: [],
  });
  expect(JSON.stringify(view)).not.toMatch(/NaN|Infinity|null|undefined/);
  expect(view.texts.conversion).toBe("–");
  expect(view.shown.quiet).toBe(true);
});

test("describeAge() lets every age grow with the seconds that pass", () => {
  expect(describeAge({ ...data, elapsedMs: 3_500 }).texts).toMatchObject({
    "status.age": "(4 s ago)",
    "hop.page": "4 s",
    newest: "The newest event happened 5 s ago.",
    settled: "dbt settled the books 46 s ago; what came later is read live.",
  });
});

test("describeAge() offers the command to send events when there are none", () => {
  const empty = { ...example, events: 0, events_by_type: { view: 0, click: 0, purchase: 0 } };
  expect(describeAge({ ...data, summary: empty }).shown.command).toBe(true);
  expect(describeAge(data).shown.command).toBe(false);
});

test("describeAge() says that all is read live when dbt has not settled anything", () => {
  const freshness = { ...example.freshness, settled_at: null, newest_event_at: null };
  const { texts } = describeAge({ ...data, summary: { ...example, freshness } });
  expect(texts.settled).toContain("dbt has settled nothing yet");
  expect(texts.newest).toBe("");
});
