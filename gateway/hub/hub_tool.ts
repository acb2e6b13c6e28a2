/** A tool of the Docker Hub server: what clients see of it, and what it does. */
import * as z from "zod";
import type { HubAnswer, HubClient } from "./hub_client.ts";

export interface HubResult {
  /** One sentence before the data. */
  text: string;
  /** What the Hub answered; becomes the structured content. */
  content: unknown;
  code: number;
  authenticated: boolean;
  /** More texts for the model. */
  notes?: (string | undefined)[];
}

export interface HubTool<Input = any> {
  name: string;
  /** The name in Docker's own server, if another. */
  alias?: string;
  title: string;
  description: string;
  input: z.ZodType<Input>;
  /** Of the structured content; nothing in it is required, since failures have `error` alone. */
  output: z.ZodType;
  effect: "reads" | "adds" | "changes";
  run(hub: HubClient, input: Input, signal: AbortSignal): Promise<HubResult>;
}

/** Keeps the type of a tool's input from its schema. */
export function hubTool<Input>(tool: HubTool<Input>): HubTool {
  return tool;
}

export function hubResult(text: string, answer: HubAnswer, ...notes: (string | undefined)[]): HubResult {
  return {
    text,
    content: answer.body ?? {},
    code: answer.status,
    authenticated: answer.authenticated,
    notes: [...notes, answer.limitNote],
  };
}

export const namespace = z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/).describe(
  "Namespace: a user, an organization, or library for official images",
);
export const repository = z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/).describe("Name of the repository");
export const tag = z.string().regex(/^\w[\w.-]{0,127}$/).describe("Name of the tag");
export const page = z.number().int().min(1).default(1).describe("Which page, from 1");
export const pageSize = z.number().int().min(1).max(100).default(10).describe("Results a page");

const error = z.string().nullish().describe("What went wrong, if something did");

/** One object of the Hub; it may have more fields than these. */
export function record(shape: z.ZodRawShape): z.ZodType {
  return z.looseObject({ ...shape, error });
}

/** A page of a list. */
export function pageOf(shape: z.ZodRawShape): z.ZodType {
  return record({
    count: z.number().nullish().describe("Of all pages"),
    next: z.string().nullish(),
    previous: z.string().nullish(),
    results: z.array(z.looseObject(shape)).nullish(),
  });
}
