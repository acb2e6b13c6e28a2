/** GET, DELETE, cancel and input_items of …/v1/responses/{id} */
import type { Context } from "hono";
import { openAIErrorResponse } from "../errors.ts";
import type { Env } from "../parts.ts";
import { invalid } from "./request.ts";
import type { ResponseStore } from "./response_store.ts";

type Handler = (c: Context<Env>) => Promise<Response>;

const id = (c: Context<Env>) => c.req.param("id") ?? "";

// deno-lint-ignore require-await -- what it throws becomes the answer
const answering = (work: (c: Context<Env>) => unknown): Handler => async (c) => {
  try {
    return Response.json(work(c));
  } catch (error) {
    return openAIErrorResponse(error);
  }
};

export function retrieveResponse(store: ResponseStore): Handler {
  return answering((c) => {
    const { writer } = store.get(id(c));
    if (c.req.query("stream") === "true") {
      throw invalid("stream", "The events of a response are only sent while it is made.");
    }
    return writer.body();
  });
}

export function deleteResponse(store: ResponseStore): Handler {
  return answering((c) => {
    const { writer, cancel } = store.get(id(c));
    if (isRunning(writer.state.status)) cancel();
    store.delete(id(c));
    return { id: id(c), object: "response", deleted: true };
  });
}

/** A response that is being made ends; one that was made in the background may be cancelled again. */
export function cancelResponse(store: ResponseStore): Handler {
  return answering((c) => {
    const { writer, cancel } = store.get(id(c));
    if (isRunning(writer.state.status)) {
      cancel();
      writer.state.status = "cancelled";
    } else if (!writer.head.fields.background) {
      throw invalid("response_id", "Cannot cancel a response that is complete.");
    }
    return writer.body();
  });
}

function isRunning(status: string): boolean {
  return status === "queued" || status === "in_progress";
}

/** Newest first unless asked otherwise, a page at a time. */
export function listInputItems(store: ResponseStore): Handler {
  return answering((c) => {
    const { history, input } = store.get(id(c));
    const items = [...history, ...input];
    if (c.req.query("order") !== "asc") items.reverse();
    const limit = pageSize(c.req.query("limit"));
    const after = c.req.query("after");
    const start = after === undefined ? 0 : items.findIndex((item) => item.id === after) + 1;
    const data = items.slice(start, start + limit);
    return {
      object: "list",
      data,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
      has_more: start + limit < items.length,
    };
  });
}

function pageSize(limit = "20"): number {
  const number = Number(limit);
  if (Number.isInteger(number) && number >= 1 && number <= 100) return number;
  throw invalid(
    "limit",
    `Invalid 'limit': expected a whole number from 1 to 100, but got '${limit}' instead.`,
  );
}
