import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Event, eventSchema } from "../../../schema/event.ts";
import type { EventType } from "../../../schema/event-types.ts";
import { isPlausible } from "../../../schema/moment.ts";
import { csvReader, HeaderError } from "./csv.ts";
import { type NumberedRow, ndjsonReader, type RowReader } from "./ndjson.ts";
import { DEFAULT_RULES, RowFault, type RowRules } from "./row.ts";

const TIME = "2026-11-22T12:34:56.789Z";
/** The day on which the rows are read. */
const RULES: RowRules = {
  ...DEFAULT_RULES,
  momentCounts: (createdAtMs) => isPlausible(createdAtMs, Date.parse(TIME)),
};
const ID = "019ac0de-7a1b-7c3d-8e4f-5a6b7c8d9e0f";
const OTTO: RowRules = {
  columns: { event_id: "event_id", user_id: "session", event_type: "type", created_at: "ts" },
  types: new Map([
    ["clicks", "view"],
    ["carts", "click"],
    ["orders", "purchase"],
  ]),
  userOffset: 1,
  momentCounts: RULES.momentCounts,
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

const idsOf = (rows: NumberedRow[]) => events(rows).map(({ event_id }) => event_id);

test("readers give a row that nothing maps the id of earlier releases when no equal row came before", () => {
  const line = `{"user_id":1,"event_type":"view","created_at":"${TIME}"}`;
  expect(idsOf(ndjson(line))).toEqual(["56ec0f29-4a80-8657-897f-bc350a7e12e0"]);
  const [first, again] = idsOf(ndjson(`${line}\n ${line} `));
  expect(first).toBe("56ec0f29-4a80-8657-897f-bc350a7e12e0");
  expect(again).not.toBe(first);
  const text = `user_id,page,event_type,created_at\n1,"7",view,${TIME}`;
  expect(idsOf(csv(text))).toEqual(["e63126a3-bde5-8b9a-8712-e289324fdbae"]);
  // Quotes are not part of the row, and flags that change nothing make no difference.
  expect(idsOf(csv(text.replaceAll('"', "")))).toEqual(idsOf(csv(text)));
  const types = new Map([...DEFAULT_RULES.types, ["seen", "view" as const]]);
  expect(idsOf(csv(text, { ...RULES, types }))).toEqual(idsOf(csv(text)));
});

test("readers give other ids to the rows that a corrected mapping reads differently, and only to them", () => {
  const text = `session,type,ts,shown\n1,clicks,${TIME},5\n2,orders,${TIME},5\n2,seen,${TIME},5`;
  const columns = { ...OTTO.columns };
  const first: RowRules = {
    columns,
    types: new Map([["clicks", "purchase"]]),
    userOffset: 0,
    momentCounts: RULES.momentCounts,
  };
  const [clicks] = idsOf(csv(text, first));
  const types: RowRules["types"] = new Map([
    ["clicks", "view"],
    ["orders", "purchase"],
  ]);
  const corrected = idsOf(
    csv(text, { columns, types, userOffset: 0, momentCounts: RULES.momentCounts }),
  );
  expect(corrected).not.toContain(clicks);
  const wider: RowRules["types"] = new Map([...types, ["seen", "view"]]);
  expect(
    idsOf(
      csv(text, { columns, types: wider, userOffset: 0, momentCounts: RULES.momentCounts }),
    ).slice(0, 2),
  ).toEqual(corrected);
  const moved = idsOf(
    csv(text, { columns, types, userOffset: 1, momentCounts: RULES.momentCounts }),
  );
  const other = { ...columns, user_id: "shown" };
  const mapped = idsOf(
    csv(text, { columns: other, types, userOffset: 0, momentCounts: RULES.momentCounts }),
  );
  expect(new Set([...corrected, ...moved, ...mapped]).size).toBe(6);
});

/** Few values, so that many rows are equal, and many readings of different rows too. */
const fileRow = fc.tuple(
  fc.constantFrom("1", "2", "x"),
  fc.constantFrom("2", "3"),
  fc.constantFrom("view", "click", "seen"),
  fc.constantFrom("view", "cart"),
  fc.constantFrom("1659304800025", "2022-07-31"),
);
const COLUMNS = ["user_id", "visitor", "event_type", "kind", "created_at"];
const mapping = fc.record({
  user_id: fc.constantFrom("user_id", "visitor"),
  event_type: fc.constantFrom("event_type", "kind"),
  seen: fc.constantFrom<EventType>("view", "purchase"),
  userOffset: fc.integer({ min: -1, max: 1 }),
});

test("readers give ids that count as ten independent lines count, for any file, mappings, times and cuts", () => {
  const send = fc.record({ rules: mapping, share: fc.double({ min: 0, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(
      fc.array(fileRow, { maxLength: 30 }),
      fc.array(send, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      (rows, sends, isCsv) => {
        const sentIds = new Map<string, string>();
        const expected = new Map<string, string>();
        for (const { rules: given, share } of sends) {
          // A producer that is killed has sent the beginning.
          const sent = rows.slice(0, Math.ceil(rows.length * share));
          const columns = {
            ...DEFAULT_RULES.columns,
            user_id: given.user_id,
            event_type: given.event_type,
          };
          const types = new Map([...DEFAULT_RULES.types, ["seen", given.seen]]);
          const rules = {
            columns,
            types,
            userOffset: given.userOffset,
            momentCounts: RULES.momentCounts,
          };
          const found = isCsv
            ? csv([COLUMNS, ...sent].map((fields) => fields.join(",")).join("\n"), rules)
            : ndjson(
                sent
                  .map((fields) =>
                    JSON.stringify(
                      Object.fromEntries(fields.map((value, at) => [COLUMNS[at], value])),
                    ),
                  )
                  .join("\n"),
                rules,
              );
          for (const { event_id, user_id, event_type } of events(found)) {
            sentIds.set(event_id, `${user_id} ${event_type}`);
          }

          sent.forEach((row, place) => {
            const user = Number(given.user_id === "visitor" ? row[1] : row[0]) + given.userOffset;
            const type = given.event_type === "kind" ? row[3] : row[2];
            const ours = type === "seen" ? given.seen : type;
            if (!(user >= 1) || ours === "cart") return;
            const equal = sent.slice(0, place).filter((other) => `${other}` === `${row}`).length;
            expected.set(`${row} ${user} ${ours} ${equal}`, `${user} ${ours}`);
          });
        }
        expect([...sentIds.values()].sort()).toEqual([...expected.values()].sort());
      },
    ),
    { numRuns: 500 },
  );
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
