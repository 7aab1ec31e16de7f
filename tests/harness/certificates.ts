/**
 * Certificates for tests of TLS, made with only the runtime: a machine may lack OpenSSL's program,
 * and Java's keytool does not export private keys. X.509 is written as DER by hand, with the fields
 * that TLS clients check.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface Certificate {
  /** The certificate, as PEM. */
  certificate: string;
  /** Its private key, as PEM. */
  key: string;
}

const ECDSA_WITH_SHA256 = "2a8648ce3d040302";
const COMMON_NAME = "550403";
const BASIC_CONSTRAINTS = "551d13";
const SUBJECT_ALTERNATIVE_NAME = "551d11";
const TAG = { boolean: 1, integer: 2, bits: 3, octets: 4, oid: 6, text: 12, time: 23 } as const;
const SEQUENCE = 0x30;
const SET = 0x31;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const DAY_MS = 86_400_000;

/** An authority that signs certificates; a client that trusts `certificate` trusts them all. */
export class Authority {
  readonly certificate: string;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(name: string) {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#name = name;
    this.#key = privateKey;
    this.certificate = this.#sign(name, publicKey, [
      extension(BASIC_CONSTRAINTS, der(SEQUENCE, der(TAG.boolean, [0xff]))),
    ]);
  }

  /** A certificate for a server that is reached by this name or this IPv4 address. */
  issue(host: string): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const isAddress = /^[\d.]+$/.test(host);
    const name = isAddress
      ? der(IP_ADDRESS, host.split(".").map(Number))
      : der(DNS_NAME, Buffer.from(host));
    const certificate = this.#sign(host, publicKey, [
      extension(SUBJECT_ALTERNATIVE_NAME, der(SEQUENCE, name)),
    ]);
    return {
      certificate,
      key: String(privateKey.export({ type: "pkcs8", format: "pem" })),
    };
  }

  #sign(subject: string, publicKey: KeyObject, extensions: Buffer[]): string {
    const algorithm = der(SEQUENCE, oid(ECDSA_WITH_SHA256));
    const now = Date.now();
    const content = der(
      SEQUENCE,
      der(0xa0, der(TAG.integer, [2])),
      der(TAG.integer, [1, ...randomBytes(8)]),
      algorithm,
      distinguishedName(this.#name),
      der(SEQUENCE, time(now - DAY_MS), time(now + DAY_MS)),
      distinguishedName(subject),
      publicKey.export({ type: "spki", format: "der" }),
      der(0xa3, der(SEQUENCE, ...extensions)),
    );
    const signature = sign("sha256", content, this.#key);
    const whole = der(SEQUENCE, content, algorithm, der(TAG.bits, [0], signature));
    const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  }
}

/** A value with its tag and its length before it. */
function der(tag: number, ...parts: (Uint8Array | number[])[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const oid = (hex: string) => der(TAG.oid, Buffer.from(hex, "hex"));

const extension = (id: string, value: Buffer) => der(SEQUENCE, oid(id), der(TAG.octets, value));

const distinguishedName = (name: string) =>
  der(SEQUENCE, der(SET, der(SEQUENCE, oid(COMMON_NAME), der(TAG.text, Buffer.from(name)))));

/** YYMMDDhhmmssZ */
const time = (ms: number) =>
  der(TAG.time, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, "").slice(2, 14)}Z`));
