/**
 * Where a browser reaches a port of this machine. In GitHub Codespaces the browser is elsewhere, and
 * GitHub forwards the port at an address that is made of the codespace's name.
 */
import type { Config } from "./config.ts";

type Place = Pick<Config, "CODESPACE_NAME" | "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN">;

/** `local` is the address on the machine itself. */
export function webAddress(place: Place, port: number, local = `http://127.0.0.1:${port}`): string {
  const { CODESPACE_NAME: name, GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: domain } = place;
  return name && domain ? `https://${name}-${port}.${domain}` : local;
}
