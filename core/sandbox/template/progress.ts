/** What is told while a template is got ready: in the form that core/progress shows. */
import type { ProgressMessage } from "../../docker/types/image.ts";
import type { TransferMessage } from "../../progress/mod.ts";

export type ShowProgress = (message: TransferMessage) => void;

/** A line that stands for itself. */
export function note(message: string): TransferMessage {
  return { type: "progress", message, total: 0, layer: { size: 0, current: 0 } };
}

/** The Engine's pull as transfers of layers. */
export class PullProgress {
  readonly #sizes = new Map<string, number>();

  constructor(readonly show: ShowProgress) {}

  push({ id, status, progressDetail }: ProgressMessage): void {
    const { current, total } = progressDetail ?? {};
    if (!id || status !== "Downloading" || current === undefined || !total) return;
    this.#sizes.set(id, total);
    const all = [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
    this.show({
      type: "progress",
      message: "",
      total: all,
      layer: { id, size: total, current },
      mode: "pull",
    });
  }
}
