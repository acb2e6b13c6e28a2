/** The model store: models by content, from any of their sources, safe for several processes at once. */
import { skiffPaths } from "../../core/paths/paths.ts";
import type { ModelStore } from "./model_store.ts";
import { LocalStore, type StoreSettings } from "./local_store.ts";

export { canonicalName, displayName, parseReference, type Reference } from "./reference.ts";
export type { StoreSettings } from "./local_store.ts";

/** The store in `folder`, by default the user's own. Nothing is made before something is stored. */
export function openStore(
  folder: string = `${skiffPaths().data}/models`,
  settings?: StoreSettings,
): ModelStore {
  return new LocalStore(folder, settings);
}
