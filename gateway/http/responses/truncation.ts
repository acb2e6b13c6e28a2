/** `truncation: "auto"`: a conversation that is too long loses its oldest turns. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { ChatMessage, GenerationEvent } from "../../../inference/chat/request.ts";

/**
 * Begins a generation with as much of the conversation as fits: where the host answers "context_overflow",
 * at least a quarter of what can be left out goes, and it is tried again. Throws the overflow when nothing
 * is left to leave out.
 */
export async function begunTruncated(
  messages: ChatMessage[],
  begin: (messages: ChatMessage[]) => Promise<AsyncGenerator<GenerationEvent>>,
): Promise<AsyncGenerator<GenerationEvent>> {
  let rest = messages;
  while (true) {
    try {
      return await begin(rest);
    } catch (error) {
      if (!(error instanceof SkiffError) || error.code !== "context_overflow") throw error;
      const shorter = withoutOldest(rest);
      if (shorter.length === rest.length) throw error;
      rest = shorter;
    }
  }
}

const isSystem = ({ role }: ChatMessage) => role === "system" || role === "developer";

/** Without the oldest turns: system texts stay, the last turn stays, a result never stays without its call. */
export function withoutOldest(messages: ChatMessage[]): ChatMessage[] {
  const last = messages.findLastIndex(({ role }) => role === "user");
  const droppable = messages.filter((message, i) => i < last && !isSystem(message));
  let count = Math.ceil(droppable.length / 4);
  while (count < droppable.length && droppable[count].role === "tool") count++;
  const dropped = new Set(droppable.slice(0, count));
  return messages.filter((message) => !dropped.has(message));
}
