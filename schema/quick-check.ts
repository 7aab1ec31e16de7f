/**
 * Checks the fields of an event by functions made from the contract's JSON Schema, in a quarter of
 * the schema's time. Accepts only what the schema accepts (a property test). A refusal decides
 * nothing.
 */
import { z } from "zod";
import { eventSchema } from "./event.ts";

type Check = (value: unknown) => boolean;

/** What the JSON Schema of one field may hold; any other keyword is refused. */
const fieldSchema = z.strictObject({
  description: z.string(),
  type: z.enum(["string", "integer"]),
  format: z.string().optional(),
  pattern: z.string().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});

const { properties, required } = z.toJSONSchema(eventSchema, { io: "input" });
const checks = Object.entries(properties ?? {}).map(([name, field]) => {
  if (!required?.includes(name))
    throw new TypeError(`Cannot check ${name} quickly: it is optional`);
  return { name, holds: checkOf(fieldSchema.parse(field)) };
});

function checkOf(field: z.infer<typeof fieldSchema>): Check {
  if (field.type === "integer") {
    const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = field;
    return (value) =>
      Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
  }
  const names = new Set<unknown>(field.enum);
  if (names.size > 0) return (value) => names.has(value);
  if (field.pattern === undefined) return () => false;
  const pattern = new RegExp(field.pattern);
  return (value) => typeof value === "string" && pattern.test(value);
}

/** Returns true for a value that is an event; false leaves the decision to the schema. */
export function isSurelyEvent(value: object): boolean {
  for (const { name, holds } of checks) {
    if (!holds((value as Record<string, unknown>)[name])) return false;
  }
  return true;
}
