/** Secrets that `wrangler types` does not know, since a deployment works without them. */
interface Env {
  ACCESS_CLIENT_ID?: string;
  ACCESS_CLIENT_SECRET?: string;
}
