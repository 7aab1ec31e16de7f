/**
 * An event as a Kafka record: the key is the user id as decimal text, the value is the JSON below.
 * The layout is fixed byte for byte, since the consumer reads exactly this one without parsing JSON.
 */
import type { Event } from "../../../schema/event.ts";
import type { Message } from "../../kafka/encode-records.ts";

/**
 * The record of an event that is known to be valid: its texts hold nothing that JSON would escape,
 * so that joining the parts gives what JSON.stringify would, in a fifth of the time.
 */
export function messageOf(event: Event): Message {
  const key = String(event.user_id);
  return {
    key,
    value: `{"event_id":"${event.event_id}","user_id":${key},"event_type":"${event.event_type}","created_at":"${event.created_at}"}`,
  };
}
