/**
 * Behind a proxy, the programs of this machine still reach each other directly. A proxy on another
 * machine would look for 127.0.0.1 on itself.
 */
const LOOPBACK = ["127.0.0.1", "localhost"];

/** The variables to add; none without a proxy. Some programs read one spelling, some the other. */
export function noProxyForLoopback(
  environment: Record<string, string | undefined>,
): Record<string, string> {
  if (!Object.keys(environment).some((name) => /^(https?|all)_proxy$/i.test(name))) return {};
  const hosts = (environment.NO_PROXY ?? environment.no_proxy ?? "").split(",");
  const all = [...hosts.map((host) => host.trim()), ...LOOPBACK].filter(Boolean);
  const list = [...new Set(all)].join(",");
  return { NO_PROXY: list, no_proxy: list };
}
