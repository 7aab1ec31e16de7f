/** How often one client may ask, counted by Cloudflare in each of its data centres. */
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { reportOutages } from "./keeper/outage.ts";

interface Limiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** On a machine of one's own nobody says who asks, and there is no limit. */
export function limitClients(limiter: Limiter | undefined, refuse: MiddlewareHandler) {
  const count = reportOutages(
    "count the requests of clients",
    async (client: string) => limiter?.limit({ key: client }),
    console,
  );
  return createMiddleware(async (context, next) => {
    const address = context.req.header("cf-connecting-ip");
    if (!address) return next();
    // Answers come from a copy and cost little, so that a count that fails need not keep anyone away.
    const counted = await count(clientOf(address)).catch(() => undefined);
    return counted?.success === false ? refuse(context, next) : next();
  });
}

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
