import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Event, eventSchema } from "../../../schema/event.ts";
import { csvReader, HeaderError } from "./csv.ts";
import { type NumberedRow, ndjsonReader, type RowReader } from "./ndjson.ts";
import { DEFAULT_RULES, RowFault, type RowRules } from "./row.ts";

const TIME = "2026-11-22T12:34:56.789Z";
/** The day on which the rows are read. */
const RULES: RowRules = { ...DEFAULT_RULES, nowMs: () => Date.parse(TIME) };
const ID = "019ac0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f";
const OTTO: RowRules = {
  columns: { event_id: "event_id", user_id: "session", event_type: "type", created_at: "ts" },
  types: new Map([
    ["clicks", "view"],
    ["carts", "click"],
    ["orders", "purchase"],
  ]),
  userOffset: 1,
  nowMs: RULES.nowMs,
};

/** Reads the text in groups of `linesPerGroup` lines. */
function read(reader: RowReader, text: string, linesPerGroup = 1_000): NumberedRow[] {
  const lines = text.split("\n");
  const rows: NumberedRow[] = [];
  for (let at = 0; at < lines.length; at += linesPerGroup) {
    rows.push(...reader.read({ firstNumber: at + 1, lines: lines.slice(at, at + linesPerGroup) }));
  }
  return rows.concat(reader.end());
}

/** Line number, and user id or the reason for the reject. */
const outcomes = (rows: NumberedRow[]) =>
  rows.map(({ lineNumber, row }) => [
    lineNumber,
    row instanceof RowFault ? row.reason : row.event.user_id,
  ]);

const events = (rows: NumberedRow[]): Event[] =>
  rows.flatMap(({ row }) => (row instanceof RowFault ? [] : [row.event]));

const csv = (text: string, rules = RULES, linesPerGroup?: number) =>
  read(csvReader(rules), text, linesPerGroup);
const ndjson = (text: string, rules = RULES) => read(ndjsonReader(rules), text);

test("csvReader() finds columns by their mapped names and translates types, times and users", () => {
  const rows = csv(
    "ts,session,aid,type\n1659304800025,0,1517085,clicks\n1659304800025,1,5,orders",
    OTTO,
  );
  expect(events(rows)).toMatchObject([
    { user_id: 1, event_type: "view", created_at: "2022-07-31T22:00:00.025Z" },
    { user_id: 2, event_type: "purchase", created_at: "2022-07-31T22:00:00.025Z" },
  ]);
});

test("csvReader() reports each kind of bad row with its line, and reads the others", () => {
  const rows = csv(
    [
      "event_id,user_id,event_type,created_at",
      `,1,view,${TIME}`,
      `${ID},2,view,${TIME}`,
      "",
      `17,3,view,${TIME}`,
      `,x,view,${TIME}`,
      `,0,view,${TIME}`,
      `,1.5,view,${TIME}`,
      `,9007199254740992,view,${TIME}`,
      `,8,refund,${TIME}`,
      ",9,view,yesterday",
      `,,view,${TIME}`,
      `,11,view,${TIME},more`,
      ",12,view",
      `,"13"x,view,${TIME}`,
      `,14,view,${TIME}`,
    ].join("\n"),
  );
  expect(outcomes(rows)).toEqual([
    [2, 1],
    [3, 2],
    [5, "bad_event_id"],
    [6, "bad_user_id"],
    [7, "bad_user_id"],
    [8, "bad_user_id"],
    [9, "bad_user_id"],
    [10, "bad_event_type"],
    [11, "bad_created_at"],
    [12, "bad_user_id"],
    [13, "wrong_column_count"],
    [14, "wrong_column_count"],
    [15, "bad_quotes"],
    [16, 14],
  ]);
});

test("csvReader() reads quoted commas, quotes and line ends, however the lines arrive", () => {
  const text = [
    '"note",user_id,event_type,created_at',
    `"a, ""b""\nc\n\nd",1,"view",${TIME}`,
    `plain,2,view,${TIME}`,
    `"x\ny",3,view,${TIME}`,
  ].join("\n");
  for (const linesPerGroup of [1, 2, 3, 100]) {
    expect(outcomes(csv(text, RULES, linesPerGroup))).toEqual([
      [2, 1],
      [6, 2],
      [7, 3],
    ]);
  }
});

test("csvReader() loses only its own row to a stray quote", () => {
  const head = "note,user_id,event_type,created_at";
  const good = (userId: number) => `n,${userId},view,${TIME}`;
  const stray = `5" pipe,2,view,${TIME}`;
  expect(outcomes(csv([head, good(1), stray, good(3), good(4)].join("\n")))).toEqual([
    [2, 1],
    [3, "bad_quotes"],
    [4, 3],
    [5, 4],
  ]);
  const many = Array.from({ length: 2_000 }, (_, index) => good(index + 1));
  const found = outcomes(csv([head, stray, ...many, stray, good(7)].join("\n"), RULES, 50));
  expect(found.filter(([, outcome]) => outcome === "bad_quotes").length).toBe(2);
  expect(found.length).toBe(2_003);
});

test("csvReader() refuses a header without a needed column, and names those it has", () => {
  expect(() => csv("ts,session\n1,2", OTTO)).toThrow(HeaderError);
  expect(() => csv("ts,session\n1,2", OTTO)).toThrow(
    /no column type \(it has ts, session\).*--map event_type=/,
  );
  expect(() => csv("ts,ts,session,type\n", OTTO)).toThrow(/names the column ts twice/);
});

test("ndjsonReader() reports each kind of bad row with its line, and reads the others", () => {
  const row = (fields: object) =>
    JSON.stringify({ user_id: 1, event_type: "view", created_at: TIME, ...fields });
  const rows = ndjson(
    [
      row({}),
      "",
      "{",
      "[1]",
      "null",
      row({ user_id: "7" }),
      row({ user_id: 1 }).replace(":1,", ":9007199254740993,"),
      row({ user_id: [1] }),
      row({ event_type: 5 }),
      row({ created_at: 1795350896789, event_id: ID.toUpperCase(), page: "/" }),
      row({ created_at: null }),
    ].join("\n"),
  );
  expect(outcomes(rows)).toEqual([
    [1, 1],
    [3, "bad_json"],
    [4, "not_an_object"],
    [5, "not_an_object"],
    [6, 7],
    [7, "bad_user_id"],
    [8, "bad_user_id"],
    [9, "bad_event_type"],
    [10, 1],
    [11, "bad_created_at"],
  ]);
  expect(events(rows).at(-1)).toEqual({
    event_id: ID,
    user_id: 1,
    event_type: "view",
    created_at: TIME,
  });
});

test("readers refuse a moment that looks like an event's and is none", () => {
  const times = ["2026-02-29", "2026-02-30", "2026-13-01", "0000-02-01"];
  const rows = ndjson(
    times
      .map((day) => `{"user_id":1,"event_type":"view","created_at":"${day}T00:00:00.000Z"}`)
      .join("\n"),
  );
  expect(outcomes(rows)).toEqual(times.map((_, index) => [index + 1, "bad_created_at"]));
});

test("readers give rows without an id one that depends on the row alone", () => {
  const idOf = (rows: NumberedRow[]) => events(rows).map(({ event_id }) => event_id);
  const head = "ts,session,aid,type";
  const [first, again, other] = idOf(
    csv(
      [
        head,
        "1659304800025,0,7,clicks",
        "1659304800025,0,7,clicks",
        "1659304800025,0,8,clicks",
      ].join("\n"),
      OTTO,
    ),
  );
  expect(again).toBe(first);
  expect(other).not.toBe(first);
  // Where the row stands, and how it is quoted, makes no difference.
  expect(idOf(csv(`${head}\n"1659304800025",0,"7",clicks`, OTTO))).toEqual([first!]);
  expect(first).toMatchInlineSnapshot(`"1ec7967f-cf79-8be4-86e9-538371bcbb42"`);
  expect(
    idOf(ndjson(`{"user_id":1,"event_type":"view","created_at":"${TIME}"}`)),
  ).toMatchInlineSnapshot(`
    [
      "56ec0f29-4a80-8657-897f-bc350a7e12e0",
    ]
  `);
});

test("readers turn any rows into events that fit the contract, or into faults", () => {
  const value = fc.oneof(
    fc.constantFrom("1", "view", "clicks", TIME, "1659304800025", '"', "", ID),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.jsonValue().map((json) => JSON.stringify(json)),
  );
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 6 })), (rows) => {
      const lines = rows.map((fields) => fields.join(",").replace(/\n/g, ""));
      const found = [
        ...csv(["event_id,user_id,event_type,created_at", ...lines].join("\n")),
        ...ndjson(lines.join("\n")),
        ...ndjson(
          rows
            .map(([user_id, event_type, created_at]) =>
              JSON.stringify({ user_id, event_type, created_at }),
            )
            .join("\n"),
        ),
      ];
      for (const event of events(found)) expect(eventSchema.parse(event)).toEqual(event);
    }),
    { numRuns: 200 },
  );
});

test("readers refuse what happened before 1970 or more than a day from now, by its line", () => {
  const moments: [unknown, boolean][] = [
    ["1969-12-31T23:59:59.999Z", false],
    ["1970-01-01T00:00:00Z", true],
    ["2026-11-23T12:34:56.789Z", true],
    ["2026-11-23T12:34:56.790Z", false],
    ["9999-12-31", false],
    // A moment without separators, which is taken for milliseconds.
    ["20191001123456", false],
  ];
  const rows = ndjson(
    moments
      .map(([created_at]) => JSON.stringify({ user_id: 1, event_type: "view", created_at }))
      .join("\n"),
  );
  expect(outcomes(rows)).toEqual(
    moments.map(([, isPlausible], index) => [
      index + 1,
      isPlausible ? 1 : "implausible_created_at",
    ]),
  );
  expect((rows[4]!.row as RowFault).detail).toBe(
    'created_at "9999-12-31" is before 1970, or more than 24 hours ahead of this machine\'s clock',
  );
});
