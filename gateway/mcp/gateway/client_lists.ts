/** What the client of a session was given of each list, so that it hears when that has changed. */
import type { Prompt, Tool } from "../sdk.ts";
import { refusedMark } from "./guard.ts";
import type { Session } from "./session.ts";
import type { View } from "./view.ts";

/** What each list of the client consists of; `all`: with what is refused, marked. */
const contents = {
  tools: (view: View, all: boolean) =>
    shown([...view.tools.values()].filter(({ listed }) => listed), all) as Tool[],
  prompts: (view: View, all: boolean) => shown([...view.prompts.values()], all) as Prompt[],
  resources: (view: View) => [...view.resources.values()].map(({ resource }) => resource),
  templates: (view: View) => [...view.templates.values()].map(({ template }) => template),
};

export type ListName = keyof typeof contents;
export type ListContent<K extends ListName> = ReturnType<typeof contents[K]>;

function shown(routes: { definition: Tool | Prompt; refused?: string }[], all: boolean): (Tool | Prompt)[] {
  return routes.flatMap(({ definition, refused }) => {
    if (refused === undefined) return [definition];
    return all ? [{ ...definition, _meta: { ...definition._meta, [refusedMark]: refused } }] : [];
  });
}

export class ClientLists {
  readonly #session: Session;
  /** With what is refused, marked. */
  readonly #all: boolean;
  /** As JSON, by list. */
  readonly #given = new Map<ListName, string>();
  #announcing = false;
  /** Lists that it was told of and has not asked for since. */
  readonly #told = new Map<ListName, PromiseWithResolvers<void>>();

  constructor(session: Session, { listRefused }: { listRefused: boolean }) {
    this.#session = session;
    this.#all = listRefused;
  }

  /** Whether the client waits for word of a change. */
  get areAwaited(): boolean {
    return this.#given.size > 0;
  }

  /** A list for the client, which hears of its changes from now on. */
  give<K extends ListName>(list: K, view: View): ListContent<K> {
    const content = this.#content(list, view);
    this.#given.set(list, JSON.stringify(content));
    this.#told.get(list)?.resolve();
    this.#told.delete(list);
    return content;
  }

  /** When the client has the tools that it was just told of, at the latest after `ms`; some never ask for them. */
  async caughtUp(ms: number): Promise<void> {
    await Promise.resolve(); // what has changed just now is announced first
    const told = this.#told.get("tools");
    if (!told) return;
    const timer = setTimeout(told.resolve, ms);
    await told.promise;
    clearTimeout(timer);
    if (this.#told.get("tools") === told) this.#told.delete("tools");
  }

  /** Tells the client of the lists that differ from what it has, once for all that changes at one time. */
  announce(): void {
    if (this.#announcing) return;
    this.#announcing = true;
    queueMicrotask(() => {
      this.#announcing = false;
      if (this.#session.signal.aborted || !this.areAwaited) return;
      const view = this.#session.view();
      const changed = new Set<string>();
      for (const [list, given] of this.#given) {
        if (given === JSON.stringify(this.#content(list, view))) continue;
        this.#given.delete(list); // told once, until it is asked for again
        this.#told.set(list, Promise.withResolvers());
        changed.add(list === "templates" ? "resources" : list);
      }
      for (const list of changed) {
        const notification = { method: `notifications/${list}/list_changed` };
        this.#session.servesTo.notification(notification as never).catch(() => {});
      }
    });
  }

  #content<K extends ListName>(list: K, view: View): ListContent<K> {
    return contents[list](view, this.#all) as ListContent<K>;
  }
}
