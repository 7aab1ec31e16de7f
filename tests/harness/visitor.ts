/** Somebody who looks at the public page in a browser, with all that went wrong while they did. */
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** Of axe, that apply to the smallest page: with fewer it has not looked. */
const RULES_MIN = 10;

export class Visitor {
  readonly page: Page;
  /** What the browser wrote to its console, and errors that nothing caught. */
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

  /** Opens no address yet. Nothing moves by itself, so that what is compared stands still. */
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

  /** The whole text of the place with this name. */
  async textAt(name: string): Promise<string> {
    return (await this.page.locator(`[data-text="${name}"]`).first().textContent()) ?? "";
  }

  /** Waits until the place holds the text. */
  async untilText(name: string, text: string, msMax = 10_000): Promise<void> {
    await this.page
      .locator(`[data-text="${name}"]`, { hasText: new RegExp(`^${text}$`) })
      .first()
      .waitFor({ state: "attached", timeout: msMax });
  }

  /** Waits until the page says that it is in the state. */
  async untilState(state: string, msMax = 10_000): Promise<void> {
    await this.page.locator(`.status[data-state="${state}"]`).waitFor({ timeout: msMax });
  }

  /** What axe finds in what is shown now, as one line for each element. */
  async findFaults(): Promise<string[]> {
    // Not as an element of the page, whose policy forbids it.
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
