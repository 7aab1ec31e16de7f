import { expect, test } from "bun:test";
import { type PublishedSummary, summarySchema } from "../../schema/summary.ts";
import { renderEmbed, renderNotFound, renderPage, renderTooMany } from "./document.ts";
import { example } from "./summary.fixture.ts";

const context = {
  supersetUrl: "https://superset.example.org/?a=1&b=2",
  pageUrl: "https://events.example.org",
  assets: { script: "/page-1.js", style: "/page-1.css" },
};

const page = renderPage(example, context);
const documents = {
  page,
  "page without numbers": renderPage(undefined, context),
  frame: renderEmbed(example, context),
  "missing page": renderNotFound(context.assets),
  refusal: renderTooMany(context.assets),
};

const textOf = (html: string) =>
  html
    .replace(/<(script|style|svg)[\s\S]*?<\/\1>/g, " ")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ");

test("the example of these tests is a summary", () => {
  expect(summarySchema.safeParse(example).error).toBeUndefined();
});

test("renderPage() has every number as text, so that it needs no script", () => {
  const text = textOf(page);
  const { events, events_today, users, events_by_type, ledger, timeline } = example;
  const numbers = [events, events_today, users, ...Object.values(events_by_type), ledger.read];
  for (const number of numbers) expect(text).toContain(` ${number.toLocaleString("en")} `);
  for (const { minute, view, click, purchase } of timeline) {
    expect(text).toContain(` ${minute.slice(11, 16)} ${view} ${click} ${purchase} `);
  }
  expect(text).toContain("Live, as of 12:34:56 UTC (1 s ago)");
});

test("no document has a script or a style inside, since the policy would forbid both", () => {
  for (const html of Object.values(documents)) {
    const scripts = [...html.matchAll(/<script([^>]*)>/g)].map(([, attributes]) => attributes);
    for (const attributes of scripts) expect(attributes).toMatch(/src="\/|application\/json/);
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:/);
  }
});

test("no document fetches anything from another host", () => {
  for (const html of Object.values(documents)) {
    for (const [, address] of html.matchAll(/<(?:link|script|img)[^>]*?(?:src|href)="([^"]+)"/g)) {
      const isOwn = address!.startsWith("/") || address === `${context.pageUrl}/`;
      expect([address, isOwn]).toEqual([address, true]);
    }
  }
});

test("renderPage() has what a chat needs to preview the link", () => {
  expect(page).toContain('property="og:image" content="https://events.example.org/preview.png"');
  expect(page).toContain('rel="canonical" href="https://events.example.org/"');
  expect(page).toContain(
    'name="description" content="12,340 events of 98 users, each counted once; 4.3 purchases per 100 views. As of 1 Mar 2026, 12:34 UTC."',
  );
});

test("renderPage() claims nowhere that events are counted once when the ledger differs", () => {
  for (const ledger of [
    { ...example.ledger, state: "differs" as const },
    { ...example.ledger, lost: 1 },
  ]) {
    expect(renderPage({ ...example, ledger }, context)).not.toMatch(/counted (once|exactly)/);
  }
  expect(renderPage(undefined, context)).not.toMatch(/counted (once|exactly)/);
});

test("renderPage() links to the dashboard only where there is one, with its address escaped", () => {
  expect(page).toContain('href="https://superset.example.org/?a=1&amp;b=2"');
  expect(renderPage(example, { ...context, supersetUrl: undefined })).not.toContain("Dashboard");
});

test("renderPage() escapes whatever an address holds, and data cannot end its element", () => {
  const pageUrl = 'https://x.example/"><script>alert(1)</script>';
  const as_of = "</script><script>alert(1)</script>" as PublishedSummary["as_of"];
  expect(renderPage(example, { ...context, pageUrl })).not.toContain("<script>alert");
  const data = { ...example, ledger: { ...example.ledger, note: as_of } };
  expect(renderPage(data, context)).not.toContain("<script>alert");
});

test("renderPage() says so when nothing has been published, and has the same slots", () => {
  const without = documents["page without numbers"];
  expect(textOf(without)).toContain("No numbers have been published yet.");
  const slots = (html: string) => [...html.matchAll(/data-(?:text|piece|shown|slot)="([^"]+)"/g)];
  expect(slots(without).map(([slot]) => slot)).toEqual(slots(page).map(([slot]) => slot));
  expect(without).toContain('id="summary">null</script>');
});

test("renderPage() names the users only when the platform publishes them", () => {
  const hidden = /<section class="panel users"[^>]* hidden>/;
  expect(page).not.toMatch(hidden);
  const without = renderPage({ ...example, top_users: null }, context);
  expect(without).toMatch(hidden);
  expect(without).not.toContain("User 7");
});

test("renderEmbed() takes the theme that it is given, and leads back to the page", () => {
  expect(renderEmbed(example, { ...context, theme: "dark" })).toContain('data-theme="dark"');
  expect(documents.frame).not.toContain("data-theme");
  expect(documents.frame).toContain(
    '<a href="https://events.example.org/" target="_blank" rel="noopener">',
  );
});
