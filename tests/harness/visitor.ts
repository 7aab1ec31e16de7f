/** A visitor of the public page in a browser, with everything that went wrong during the visit. */
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** The number of axe's rules that apply to the smallest page; fewer mean that axe did not look. */
const RULES_MIN = 10;

export class Visitor {
  readonly page: Page;
  /** Messages on the browser's console, and uncaught errors. */
  readonly complaints: string[] = [];
  /** Addresses on other hosts that the page asked for. */
  readonly strangers: string[] = [];
  /** Paths that the page asked for, in order. */
  readonly paths: string[] = [];

  private constructor(page: Page, origin: string) {
    this.page = page;
    page.on("console", (message) => this.complaints.push(message.text()));
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin === origin) this.paths.push(url.pathname);
      else if (url.protocol !== "data:") this.strangers.push(request.url());
    });
  }

  /** Opens no address yet. Animations are off, so that the compared state stands still. */
  static async arrive(
    browser: Browser,
    origin: string,
    options: BrowserContextOptions = {},
  ): Promise<Visitor> {
    const context = await browser.newContext({
      baseURL: origin,
      viewport: { width: 1280, height: 900 },
      reducedMotion: "reduce",
      ...options,
    });
    return new Visitor(await context.newPage(), origin);
  }

  /** The whole text of the element with this name. */
  async textAt(name: string): Promise<string> {
    return (await this.page.locator(`[data-text="${name}"]`).first().textContent()) ?? "";
  }

  /** Waits until the element holds the text. */
  async untilText(name: string, text: string, msMax = 10_000): Promise<void> {
    await this.page
      .locator(`[data-text="${name}"]`, { hasText: new RegExp(`^${text}$`) })
      .first()
      .waitFor({ state: "attached", timeout: msMax });
  }

  /** Waits until the page shows the state. */
  async untilState(state: string, msMax = 10_000): Promise<void> {
    await this.page.locator(`.status[data-state="${state}"]`).waitFor({ timeout: msMax });
  }

  /** Axe's findings in the current page, one line for each element. */
  async findFaults(): Promise<string[]> {
    // Evaluated instead of added as an element, which the page's policy forbids.
    await this.page.evaluate(axe.source);
    const { violations, passes } = (await this.page.evaluate("axe.run()")) as axe.AxeResults;
    if (passes.length < RULES_MIN) throw new Error(`Cannot judge: ${passes.length} rules applied`);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
    );
  }

  leave(): Promise<void> {
    return this.page.context().close();
  }
}
