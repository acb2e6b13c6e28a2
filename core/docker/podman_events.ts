/** Podman's events in Docker's words (Podman 4 and 5: pkg/domain/entities/events.go, pkg/api/handlers/compat/events.go). */
import type { EngineEvent, Filters } from "./types/system.ts";

/** Docker's word for an action -> Podman's filter. */
const filterWords: Record<string, string> = { die: "died", destroy: "remove" };

/** What is removed has been destroyed, except for images. */
const removedTypes = ["container", "volume", "network"];

/** Docker's filters as Podman takes them: a label without a value matches nothing there, so it is left to `podmanEvent`. */
export function podmanFilters(filters: Filters | undefined): Filters | undefined {
  if (filters === undefined) return undefined;
  const { label, event, ...rest } = filters;
  const exact = label?.filter((text) => text.includes("="));
  return {
    ...rest,
    ...(exact?.length ? { label: exact } : {}),
    ...(event ? { event: event.map((word) => filterWords[word] ?? word) } : {}),
  };
}

/** The event as Docker would tell it; undefined for one that the filters leave out. */
export function podmanEvent(event: EngineEvent, filters: Filters = {}): EngineEvent | undefined {
  const attributes = event.Actor.Attributes;
  const names = (filters.label ?? []).filter((text) => !text.includes("="));
  if (!names.every((name) => name in attributes)) return undefined;
  const Action = event.Action === "remove" && removedTypes.includes(event.Type) ? "destroy" : event.Action;
  return { ...event, Action, Actor: { ...event.Actor, ID: event.Actor.ID || attributes.name } };
}
