/** The images of servers: there, or pulled, each once at a time. */
import type { Docker } from "../../../core/docker/docker.ts";
import { inspectImage, pullImage } from "../../../core/docker/images.ts";

/** Throws when a signature is missing or wrong. `repoDigests`: the Engine's, for images that are named without digest. */
export type VerifyImage = (image: string, signal: AbortSignal, repoDigests?: string[]) => Promise<void>;

export class ServerImages {
  readonly #pending = new Map<string, Promise<void>>();
  readonly #verify?: VerifyImage;

  constructor(verify?: VerifyImage) {
    this.#verify = verify;
  }

  /**
   * Resolves when the Engine has the image and its signature is right. Asked at each start: a name may stand for
   * another image by then.
   */
  async ready(
    docker: Docker,
    image: string,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let pending = this.#pending.get(image);
    if (!pending) {
      pending = this.#make(docker, image, log, signal).finally(() => this.#pending.delete(image));
      this.#pending.set(image, pending);
    }
    await pending;
  }

  async #make(
    docker: Docker,
    image: string,
    log: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const isPinned = image.includes("@");
    if (isPinned) await this.#verify?.(image, signal);
    let found = await inspectImage(docker, image, { signal });
    if (!found) {
      log(`pulling ${image}`);
      for await (const _ of pullImage(docker, image, { signal }));
      found = await inspectImage(docker, image, { signal });
    }
    if (isPinned || !this.#verify) return;
    // Only the Engine knows which image a name without digest stands for.
    await this.#verify(image, signal, found?.RepoDigests ?? []);
  }
}
