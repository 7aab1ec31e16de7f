/** How often one client may ask, counted by Cloudflare in each of its data centres. */
import { createMiddleware } from "hono/factory";

interface Limiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** The limit's period in wrangler.jsonc. */
const PERIOD_S = "60";

/** On a machine of one's own nobody says who asks, and there is no limit. */
export const limitClients = (limiter: Limiter | undefined) =>
  createMiddleware(async (context, next) => {
    const address = context.req.header("cf-connecting-ip");
    if (limiter && address && !(await limiter.limit({ key: clientOf(address) })).success) {
      context.header("retry-after", PERIOD_S);
      context.header("cache-control", "no-store");
      return context.json({ error: "Cannot answer: too many requests, wait a minute" }, 429);
    }
    return next();
  });

/** A client of IPv6 has a whole network of addresses, which the first four groups name. */
function clientOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const first = head.split(":").filter(Boolean);
  const last = tail?.split(":").filter(Boolean) ?? [];
  const zeros =
    tail === undefined ? [] : Array(Math.max(0, 8 - first.length - last.length)).fill("0");
  return [...first, ...zeros, ...last].slice(0, 4).join(":");
}
