/**
 * What PostgreSQL stores of a password (RFC 5802 and 7677). Computed here, so that a password itself
 * never reaches the server or its log.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const ITERATIONS = 4_096;
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/**
 * The verifier for `password`, as `ALTER ROLE … PASSWORD` takes it.
 * @throws RangeError for a password that would need the preparation of RFC 4013
 */
export function scramVerifier(
  password: string,
  salt: Uint8Array = randomBytes(SALT_BYTES),
  iterations = ITERATIONS,
): string {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new RangeError("Cannot use the password: only printable ASCII characters are allowed");
  }
  const salted = pbkdf2Sync(password, salt, iterations, KEY_BYTES, "sha256");
  const storedKey = createHash("sha256").update(sign(salted, "Client Key")).digest("base64");
  const serverKey = sign(salted, "Server Key").toString("base64");
  const saltText = Buffer.from(salt).toString("base64");
  return `SCRAM-SHA-256$${iterations}:${saltText}$${storedKey}:${serverKey}`;
}

const sign = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();
