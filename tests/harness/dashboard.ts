/**
 * The dashboard as a viewer sees it: opened in a browser, with the requests to Superset and their
 * answers, chart by chart.
 */
import type { Browser, Page, Response } from "playwright-core";
import type { Config } from "../../scripts/lib/config.ts";
import { until } from "../../scripts/lib/wait.ts";
import { countPixels, fetchText, findCutOff } from "./in-page.ts";

const PAGE_MS_MAX = 180_000;
/** Superset allows ten logins a minute, so an attempt gets time. */
const LOGIN_MS_MAX = 20_000;
/** How many charts the dashboard has. */
export const CHARTS = 11;
/** The parts of a drawn chart. */
const DRAWN = [".header-line", "canvas", "table"].map((part) => `.slice_container ${part}`).join();
const DATA_PATH = "/api/v1/chart/data";
const CSRF_PATH = "/api/v1/security/csrf_token/";

interface Query {
  filters?: unknown[];
  [field: string]: unknown;
}

/** One request of a chart and its answer. */
export interface Exchange {
  /** Superset's number of the chart. */
  chartId: number;
  body: { datasource: { id: number }; queries: Query[]; [field: string]: unknown };
  status: number;
  rows: Record<string, unknown>[];
}

export interface ViewerOptions {
  width?: number;
  height?: number;
  isDark?: boolean;
  /** Without a login, as the public sees it. */
  isAnonymous?: boolean;
  /** Address of Superset when it is behind a proxy, as `https://name:port`. */
  origin?: string;
}

export class Viewer {
  readonly page: Page;
  /** The latest request of each chart, by its number. */
  readonly exchanges = new Map<number, Exchange>();
  /** How often each chart was answered. */
  readonly answers = new Map<number, number>();
  /** Addresses outside of Superset that the pages asked for. */
  readonly strangers: string[] = [];
  /** Errors that the browser wrote to its console. */
  readonly complaints: string[] = [];
  readonly #origin: string;
  #isLoggingIn = false;

  private constructor(page: Page, superset: string) {
    this.page = page;
    this.#origin = superset;
    page.setDefaultTimeout(PAGE_MS_MAX);
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== superset) this.strangers.push(request.url());
    });
    page.on("console", (message) => {
      // `logIn` asks whether it holds, and the browser writes down that it does not yet.
      const isLogin = this.#isLoggingIn && message.location().url.endsWith(CSRF_PATH);
      if (message.type() === "error" && !isLogin) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("response", (response) => void this.#note(response).catch(() => {}));
  }

  static async open(
    browser: Browser,
    config: Config,
    { width = 1280, height = 900, isDark, isAnonymous, origin }: ViewerOptions = {},
  ): Promise<Viewer> {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: isDark ? "dark" : "light",
      // Turns animations off, so that charts are complete at once.
      reducedMotion: "reduce",
    });
    const superset = origin ?? `http://127.0.0.1:${config.SUPERSET_PORT}`;
    const viewer = new Viewer(await context.newPage(), superset);
    if (!isAnonymous) await viewer.logIn(config.SUPERSET_ADMIN_PASSWORD ?? "");
    return viewer;
  }

  async logIn(password: string): Promise<void> {
    this.#isLoggingIn = true;
    await this.page.goto(this.address("/login/"));
    const isIn = () => !new URL(this.page.url()).pathname.startsWith("/login");
    await until("the login is accepted", PAGE_MS_MAX, async () => {
      if (!isIn()) {
        // The page's script clears fields that were filled in before it ran.
        await this.page.fill("#username", "admin");
        await this.page.fill("#password", password);
        await this.page.click("button[type=submit]");
        await this.page.waitForURL(isIn, { timeout: LOGIN_MS_MAX, waitUntil: "commit" });
      }
      try {
        await this.#csrfToken();
      } catch (error) {
        // A late answer to the login page can put the old session back.
        await this.page.goto(this.address("/login/"));
        throw error;
      }
    });
    this.#isLoggingIn = false;
  }

  /** @throws Error when the session is no login's */
  async #csrfToken(): Promise<string> {
    // Asked by the page, since only the browser knows the address behind a proxy.
    await this.page.waitForLoadState("domcontentloaded");
    const { status, text } = await this.page.evaluate(fetchText, CSRF_PATH);
    if (status !== 200) throw new Error(`Cannot GET ${CSRF_PATH}: ${status} ${text}`);
    return (JSON.parse(text) as { result: string }).result;
  }

  /** Opens the dashboard and waits until each of its charts has been drawn. */
  async openDashboard(): Promise<void> {
    await this.page.goto(this.address("/superset/dashboard/user-activity/"));
    await this.untilDrawn();
  }

  async untilDrawn(charts = CHARTS): Promise<void> {
    await until(`${charts} charts are drawn`, PAGE_MS_MAX, async () => {
      const drawn = await this.page.locator(DRAWN).count();
      const loading = await this.page.locator(".loading, [data-test=loading-indicator]").count();
      if (this.exchanges.size < charts || drawn < charts || loading > 0) {
        const numbers = `${drawn} are there, ${loading} load, ${this.exchanges.size} were answered`;
        throw new Error(`${numbers}; ${this.complaints.slice(-2).join("; ")}`);
      }
    });
  }

  /** The text of a chart's card, by its title. */
  async cardText(title: string): Promise<string> {
    // biome-ignore lint/performance/useDomNodeTextContent: what a viewer sees, not what is hidden
    return (await this.card(title).innerText()).replaceAll(/\s+/g, " ");
  }

  card(title: string) {
    return this.page
      .locator("[data-test=dashboard-component-chart-holder], .dashboard-component-chart-holder")
      .filter({
        has: this.page.locator(".header-title, [data-test=slice-header]", {
          hasText: new RegExp(`^${title}$`),
        }),
      })
      .first();
  }

  /** The number of pixels of a drawn chart with exactly this colour, as `#rrggbb`. */
  pixels(title: string, colour: string): Promise<number> {
    return this.card(title).locator("canvas").first().evaluate(countPixels, colour);
  }

  /** Elements that overflow: titles, numbers, the page itself. */
  cutOff(): Promise<string[]> {
    // At least a title and a number or a table's head for each chart; fewer would prove nothing.
    return this.page.evaluate(findCutOff, 2 * CHARTS);
  }

  /** Calls Superset's API with the viewer's own session, and throws when Superset refuses. */
  async callApi(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    data?: unknown,
  ): Promise<unknown> {
    const token = await this.#csrfToken();
    const response = await this.page.context().request.fetch(this.address(path), {
      method,
      headers: { referer: this.address("/"), "x-csrftoken": token },
      ...(data !== undefined && { data }),
    });
    if (!response.ok()) {
      throw new Error(`Cannot ${method} ${path}: ${response.status()} ${await response.text()}`);
    }
    return response.json();
  }

  address(path: string): string {
    return this.#origin + path;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  async #note(response: Response): Promise<void> {
    const request = response.request();
    if (request.method() !== "POST" || !new URL(request.url()).pathname.endsWith(DATA_PATH)) return;
    const body = request.postDataJSON() as Exchange["body"] & {
      form_data?: { slice_id?: number };
    };
    const chartId = body.form_data?.slice_id;
    if (chartId === undefined) return;
    const answer = (await response.json()) as { result?: { data?: Exchange["rows"] }[] };
    const rows = answer.result?.[0]?.data ?? [];
    this.exchanges.set(chartId, { chartId, body, status: response.status(), rows });
    this.answers.set(chartId, (this.answers.get(chartId) ?? 0) + 1);
  }
}
