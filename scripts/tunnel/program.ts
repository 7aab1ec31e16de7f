/** Finds cloudflared, says how to get it, and decides its environment and arguments. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inheritedEnvironment } from "../host/environment.ts";
import type { Config } from "../lib/config.ts";
import { dataFolder } from "../lib/local-data.ts";
import { localAddress } from "../lib/web-address.ts";

const HOW_TO_GET = `Debian, Ubuntu, and Windows with WSL:
    sudo mkdir -p --mode=0755 /usr/share/keyrings
    curl -fsSL https://pkg.cloudflare.com/cloudflare-main.gpg | sudo tee /usr/share/keyrings/cloudflare-main.gpg >/dev/null
    echo 'deb [signed-by=/usr/share/keyrings/cloudflare-main.gpg] https://pkg.cloudflare.com/cloudflared any main' | sudo tee /etc/apt/sources.list.d/cloudflared.list
    sudo apt-get update && sudo apt-get install cloudflared
  macOS:
    brew install cloudflared
  Windows:
    winget install --id Cloudflare.cloudflared`;

/** @throws Error that says how to get cloudflared when it is not installed */
export function findCloudflared(): string {
  const program = Bun.which("cloudflared");
  if (program) return program;
  throw new Error(`Cannot open a tunnel: cloudflared is not in PATH. How to get it:
  ${HOW_TO_GET}
Then run this again; \`cloudflared --version\` shows whether it is there.`);
}

/**
 * The variables that cloudflared inherits. It reads dozens, one of them ACCESS_CLIENT_ID, and must
 * not see the platform's passwords.
 */
const INHERITED = [
  ...["PATH", "HOME", "USERPROFILE", "SystemRoot", "TMPDIR", "TEMP", "LANG"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"],
  ...["SSL_CERT_FILE", "SSL_CERT_DIR"],
  // For networks that block QUIC, or allow only one version of IP.
  ...["TUNNEL_TRANSPORT_PROTOCOL", "TUNNEL_EDGE_IP_VERSION", "TUNNEL_REGION"],
];

export function cloudflaredEnvironment(token?: string): Record<string, string> {
  const inherited = Object.entries(inheritedEnvironment()).filter(([name]) =>
    INHERITED.includes(name),
  );
  // In the environment, since every user of the machine can read arguments.
  return { ...Object.fromEntries(inherited), ...(token && { TUNNEL_TOKEN: token }) };
}

/** A named tunnel: its token identifies it, and Cloudflare knows where its hosts lead. */
export const namedTunnel = ["run"];

/**
 * A quick tunnel to a port of this machine, with the options of `config.example.yml`. A
 * configuration in the user's home would take precedence, so the tunnel gets an empty one.
 */
export function quickTunnel(config: Config, port: number, further: string[] = []): string[] {
  const folder = dataFolder(config, "tunnel");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "config.yml");
  writeFileSync(
    file,
    "# Of quick tunnels, which are configured by their arguments.\nno-autoupdate: true\n",
  );
  // Superset closes an idle connection after five seconds. A request on it would fail with a 502.
  const origin = ["--proxy-keepalive-timeout", "4s", ...further];
  return ["--config", file, ...origin, "--url", localAddress(port)];
}
