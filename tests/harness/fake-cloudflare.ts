/**
 * The part of Cloudflare's API that a first deployment of a Worker calls, by its documentation and
 * by wrangler's requests. It records the requests. No account is needed, and nothing is deployed.
 */
import { commandLines } from "./processes.ts";

const PREFIX = "/client/v4";
const ACCOUNT = "0123456789abcdef0123456789abcdef";

interface Binding {
  name: string;
  type: string;
  text?: string;
}

export class FakeCloudflare {
  readonly authorizations = new Set<string | null>();
  /** Paths of the page's files. */
  files: string[] = [];
  bindings: Binding[] = [];
  crons: string[] = [];
  /** Names of the secrets that the Worker has before the deployment. */
  secrets: string[] = [];
  /** A new account has none, and so no address for a Worker. */
  hasSubdomain = true;
  /** Ends the wait of the upload of the Worker. */
  untilTaken: Promise<void> = Promise.resolve();
  /** The command lines of this machine during the upload of the Worker. */
  commandLines = "";
  #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => this.#answer(request),
  });

  /** Settings with which wrangler uses this in place of Cloudflare. */
  get environment(): Record<string, string> {
    return {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${this.#server.port}${PREFIX}`,
      CLOUDFLARE_API_TOKEN: "the token of the tests",
    };
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    this.authorizations.add(request.headers.get("authorization"));
    const path = new URL(request.url).pathname.slice(PREFIX.length);
    const scripts = `/accounts/${ACCOUNT}/workers/scripts/real-time-data-platform`;
    switch (`${request.method} ${path}`) {
      case "GET /accounts":
        return result([{ id: ACCOUNT, name: "Tests" }]);
      case "GET /memberships":
        return result([{ id: "1", account: { id: ACCOUNT, name: "Tests" } }]);
      case `GET ${scripts}/secrets`:
        return result(this.secrets.map((name) => ({ name, type: "secret_text" })));
      case `GET ${scripts}/deployments`:
        return missing(10_007);
      case `GET /accounts/${ACCOUNT}/workers/services/real-time-data-platform`:
        return missing(10_090);
      case `GET /accounts/${ACCOUNT}/workers/workers/real-time-data-platform`:
        return result({ subdomain: { enabled: false, previews_enabled: false } });
      case `GET /accounts/${ACCOUNT}/workers/subdomain`:
        return this.hasSubdomain ? result({ subdomain: "tests" }) : missing(10_007);
      case `POST ${scripts}/assets-upload-session`: {
        const { manifest } = (await request.json()) as { manifest: Record<string, unknown> };
        this.files = Object.keys(manifest);
        return result({ jwt: "assets", buckets: [] });
      }
      case `PUT ${scripts}`:
        await this.#take(await request.formData());
        await this.untilTaken;
        return result({ id: "1", startup_time_ms: 5, entry_point: "index.js" });
      case `PUT ${scripts}/schedules`: {
        const schedules = (await request.json()) as { cron: string }[];
        this.crons = schedules.map(({ cron }) => cron);
        return result({ schedules });
      }
      default: {
        const deleted = path.startsWith(`${scripts}/secrets/`) && request.method === "DELETE";
        const name = path.split("/").at(-1);
        if (deleted) this.secrets = this.secrets.filter((candidate) => candidate !== name);
        return result({});
      }
    }
  }

  async #take(form: FormData): Promise<void> {
    const { bindings } = JSON.parse(String(form.get("metadata"))) as { bindings: Binding[] };
    this.bindings = bindings;
    this.commandLines = commandLines();
  }
}

const result = (value: unknown) =>
  Response.json({ success: true, errors: [], messages: [], result: value });

const missing = (code: number) =>
  Response.json(
    { success: false, errors: [{ code, message: "not found" }], messages: [], result: null },
    { status: 404 },
  );
